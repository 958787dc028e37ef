//! Each rule has an account in which it fires, one in which it does not, and one in which nobody can say. And a user's
//! own file, and what becomes of rules when the collection is not whole.
#![cfg(test)] // What clippy.toml gives to tests holds for helpers too.

mod cases;
mod support;

use cases::{Case, cases, merged, record};
use serde_json::{Value, json};
use source_report::controls::controls;
use source_report::finding::{Outcome, Rule, Rules, Weight};
use std::collections::BTreeSet;
use std::path::PathBuf;
use support::Account;

/// Where the rules are listed for people.
const DOCUMENT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/findings.md");

/// What a rule says of the record `it`: `true`, `false`, or why it is not known.
fn said(rules: &Rules, id: &str, account: &Account) -> String {
    let collection = account.read();
    assert_eq!(collection.report.findings, Vec::<String>::new());
    let outcomes = rules.judge(&collection);
    let outcome = outcomes.iter().find(|outcome| outcome.rule.id == id).unwrap();
    let of_kind = collection.of_kind(&outcome.rule.kind).count() as u64;
    let judged = outcome.found.len() as u64 + outcome.unknown.len() as u64 + outcome.cleared;
    assert_eq!(judged, of_kind, "each record is judged once");
    if outcome.found.iter().any(|record| record.subject.id == "it") {
        return "true".into();
    }
    let unknown = outcome.unknown.iter().find(|(record, _)| record.subject.id == "it");
    unknown.map_or("false".into(), |(_, why)| why.clone())
}

#[test]
fn each_rule_fires_does_not_fire_and_does_not_know() {
    let rules = Rules::built_in();
    for Case { rule, fires, clear, unknown: (unknown, reason) } in cases() {
        assert_eq!(said(&rules, rule, &fires), "true", "{rule}");
        assert_eq!(said(&rules, rule, &clear), "false", "{rule}");
        assert_eq!(said(&rules, rule, &unknown), reason, "{rule}");
    }
}

#[test]
fn no_rule_is_without_cases() {
    let rules = Rules::built_in();
    let written: Vec<&str> = rules.iter().map(|rule| rule.id.as_str()).collect();
    let mut tried: Vec<&str> = cases().iter().map(|case| case.rule).collect();
    tried.sort_by_key(|id| written.iter().position(|known| known == id));
    assert_eq!(tried, written);
}

/// What stands in the file is what is judged: none of it is silently no rule.
#[test]
fn every_rule_of_the_file_is_read_and_is_filed_where_its_kind_is() {
    let file: Value = serde_json::from_str(include_str!("../data/rules.json")).unwrap();
    let rules = Rules::built_in();
    assert_eq!(rules.iter().count(), file["rules"].as_array().unwrap().len());
    for rule in rules.iter() {
        assert!(!rule.controls.is_empty(), "{}", rule.id);
        for id in &rule.controls {
            let control = controls().iter().find(|control| control.id == *id).unwrap();
            assert!(control.kinds.contains(&rule.kind), "{}: {id} is not about {}", rule.id, rule.kind);
        }
        for text in [&rule.title, &rule.why, &rule.refuted_by] {
            assert!(text.starts_with(char::is_uppercase), "{}: {text}", rule.id);
        }
        assert!(rule.why.ends_with('.') && rule.refuted_by.ends_with('.') && !rule.title.ends_with('.'), "{}", rule.id);
    }
}

#[test]
fn the_document_lists_the_rules() {
    let row = |rule: &Rule| {
        let weight = format!("{:?}", rule.weight).to_lowercase();
        format!("| `{}` | {weight} | {} | {} |\n", rule.id, rule.title, rule.controls.join(", "))
    };
    let head = "| Rule | Weight | Finding | Controls |\n|---|---|---|---|\n";
    let table: String = std::iter::once(head.into()).chain(Rules::built_in().iter().map(row)).collect();
    let document = std::fs::read_to_string(DOCUMENT).unwrap();
    let (before, rest) = document.split_once("<!-- rules -->\n").unwrap();
    let (old, after) = rest.split_once("<!-- /rules -->").unwrap();
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(DOCUMENT, format!("{before}<!-- rules -->\n{table}<!-- /rules -->{after}")).unwrap();
    } else {
        assert!(old == table, "docs/findings.md has another table; UPDATE_GOLDEN=1 writes it:\n{table}");
    }
}

/// The example in the document is a file that is accepted, and does what is said of it.
#[test]
fn the_document_shows_a_file_that_works() {
    let document = std::fs::read_to_string(DOCUMENT).unwrap();
    let example = document.split("```json\n").nth(1).unwrap().split("```").next().unwrap();
    let rules = extended(&serde_json::from_str(example).unwrap()).unwrap();
    assert!(rules.iter().all(|rule| rule.id != "connection-paused"));
    let region = |region: Value| record("destination", json!({"region": region}));
    let id = "destination-outside-eu";
    assert_eq!(said(&rules, id, &region(json!("AWS_US_EAST_1"))), "true");
    assert_eq!(said(&rules, id, &region(json!("GCP_EUROPE_WEST3"))), "false");
    assert_eq!(said(&rules, id, &region(Value::Null)), "/region: the vendor does not say");
}

/// The traps of the vendor's data, each with what must come of it.
#[test]
fn what_the_vendor_writes_oddly_is_read_as_it_is_meant() {
    let rules = Rules::built_in();
    let epoch = "1970-01-01T00:00:00.000000Z";
    let admin = |patch: Value| record("user", merged(json!({"role": "Account Administrator"}), &patch));
    let old = json!({"logged_in_at": null, "created_at": "2026-01-01T00:00:00Z"});
    let new = json!({"logged_in_at": null, "created_at": "2026-06-29T00:00:00Z"});
    let group = json!({"mechanism": "groups", "account_mechanisms": 0, "groups_without": []});
    let direct = json!({"service": "postgres", "networking_method": "Directly", "private_link_id": "lnk"});
    let hashed = json!({"role": "Account Administrator", "logged_in_at": "2026-01-01T00:00:00Z",
        "email": "hmac-sha256:00", "given_name": "hmac-sha256:00", "family_name": "hmac-sha256:00"});
    let agents = |others: [&str; 2], own: &str| {
        let other = |version: &str| json!({"version": version});
        record("proxy_agent", json!({"version": own})).with("proxy_agent", "b", other(others[0])).with(
            "proxy_agent",
            "c",
            other(others[1]),
        )
    };
    let package = |at: &str| record("connector_sdk_package", json!({"updated_at": at}));
    let told = [
        // 1970 is how the vendor writes "never".
        ("dormant-administrator", admin(merged(old.clone(), &json!({"logged_in_at": epoch}))), "true"),
        ("dormant-administrator", admin(merged(new.clone(), &json!({"logged_in_at": epoch}))), "false"),
        ("system-key-never-expires", record("system_key", json!({"expired_at": epoch})), "true"),
        ("system-key-unused", record("system_key", merged(new.clone(), &json!({"last_used_at": epoch}))), "false"),
        ("connection-failing", record("connection", json!({"failed_at": epoch})), "false"),
        ("custom-code-changed", package(epoch), "false"),
        // Who never logged in counts from the day they came.
        ("dormant-administrator", admin(old), "true"),
        ("dormant-administrator", admin(new), "false"),
        // Ninety days to the second are not more than ninety days; a second more is.
        ("dormant-administrator", admin(json!({"logged_in_at": "2026-04-01T12:00:00Z"})), "false"),
        ("dormant-administrator", admin(json!({"logged_in_at": "2026-04-01T11:59:59Z"})), "true"),
        // What lies after the collection's own clock is not old, however late it is read.
        ("dormant-administrator", admin(json!({"logged_in_at": "2027-01-01T00:00:00Z"})), "false"),
        // Names as keyed hashes say nothing about the rest.
        ("dormant-administrator", record("user", hashed).withholding("/email", "personal_data"), "true"),
        // Letter case varies.
        ("destination-broken", record("destination", json!({"setup_status": "BROKEN"})), "true"),
        ("destination-broken", record("destination", json!({"setup_status": "connected"})), "false"),
        // What the list tells is known, whether the details were read or not.
        ("connection-paused", record("connection", json!({"paused": true, "details": "off"})), "true"),
        // At once is not later.
        ("connection-failing", record("connection", json!({"failed_at": "2026-06-30T08:00:00.000Z"})), "false"),
        ("database-direct", record("connection", direct), "false"),
        ("audit-export-missing", record("audit_logging", group), "false"),
        // A setting of another type than the rule asks for is not understood.
        (
            "tls-off",
            record("connection", json!({"settings": {"always_encrypted": "no"}})),
            "/settings/always_encrypted: \"no\" is not of the type that the rule asks for",
        ),
        (
            "tls-off",
            record("connection", json!({"settings": {}})),
            "/settings/always_encrypted: the vendor does not say",
        ),
        (
            "tls-off",
            record("connection", json!({"settings": {}})).withholding("/config/always_encrypted", "unknown_setting"),
            "/settings/always_encrypted: withheld (unknown setting)",
        ),
        (
            "tls-off",
            record("connection", json!({"settings": {}})).withholding("/config", "personal_data"),
            "/settings/always_encrypted: withheld (personal data)",
        ),
        ("tls-off", record("connection", json!({})).withholding("/config/always", "unknown_setting"), "false"),
        (
            "system-key-manages",
            record("system_key", json!({"permissions": [{"access_level": null}, {"access_level": "MANAGE"}]})),
            "true",
        ),
        (
            "system-key-manages",
            record("system_key", json!({"permissions": [{"access_level": "READ"}, {"access_level": null}]})),
            "/permissions/1/access_level: the vendor does not say",
        ),
        ("custom-code-changed", package("yesterday"), "/updated_at: \"yesterday\" is no timestamp"),
        ("proxy-agent-behind", agents(["1.10", "1.2.0"], "1.9.3"), "true"),
        ("proxy-agent-behind", agents(["1.9.0", "1.2.0"], "1.9"), "false"),
        ("proxy-agent-behind", agents(["1.9", "1.2.0"], "1.9.0"), "false"),
        ("proxy-agent-behind", agents(["1.10", "latest"], "1.9"), "true"),
        (
            "proxy-agent-behind",
            agents(["1.8", "latest"], "1.9"),
            "/version: the version of another record is not known, and may be newer",
        ),
        ("proxy-agent-behind", agents(["1.8", "1.7"], "v2"), "/version: \"v2\" is no version of numbers and points"),
    ];
    for (rule, account, expected) in told {
        assert_eq!(said(&rules, rule, &account), expected, "{rule}: {:?}", account.rows);
    }
}

/// What is not there is "none" only where all of it was read.
#[test]
fn a_join_over_what_was_not_read_whole_is_unknown_and_a_gap() {
    let rules = Rules::built_in();
    let id = "suspended-user-with-grants";
    let user = record("user", json!({"active": false}));
    let none = user.clone().state("access_grant", "complete", "").state("team_membership", "complete", "");
    assert_eq!(said(&rules, id, &none), "false");
    let forbidden = none.clone().state("team_membership", "forbidden", "the key may not read teams");
    let why = "none found, and one may be missing: team_membership: forbidden (the key may not read teams)";
    assert_eq!(said(&rules, id, &forbidden), why);
    let unasked = user.state("access_grant", "complete", "");
    assert_eq!(said(&rules, id, &unasked), "none found, and one may be missing: team_membership: not asked for");
    // One that is there is enough, whatever is missing.
    let grant = json!({"grantee_id": "it", "grantee_type": "user"});
    assert_eq!(said(&rules, id, &forbidden.clone().with("access_grant", "g", grant)), "true");
    let (forbidden, unasked) = (forbidden.read(), unasked.read());
    let gaps = |outcomes: Vec<Outcome<'_>>| outcomes.into_iter().find(|outcome| outcome.rule.id == id).unwrap().gaps;
    assert_eq!(gaps(rules.judge(&forbidden)), ["team_membership: forbidden (the key may not read teams)"]);
    assert_eq!(gaps(rules.judge(&unasked)), ["team_membership: not asked for"]);
    // However deep in a rule the other kind is.
    let some = json!({"at": "/a", "some": {"related": {"kind": "group", "at": "/id", "equals": ""}}});
    let deep = json!({"related": {"kind": "team", "at": "/id", "equals": "/id", "when": {"not": some}}});
    let rules = extended(&json!({"rules": [own("when", json!({"any": [deep]}))]})).unwrap();
    let outcomes = rules.judge(&unasked);
    let outcome = outcomes.iter().find(|outcome| outcome.rule.id == "webhook-elsewhere").unwrap();
    assert_eq!(outcome.gaps, ["group: not asked for", "team: not asked for", "webhook: not asked for"]);
}

#[test]
fn a_record_that_may_belong_to_any_makes_none_found_unknown() {
    let rules = Rules::built_in();
    let account = record("user", json!({"active": false})).state("access_grant", "complete", "");
    let account = account.with("team_membership", "m", json!({"team_id": "t", "user_id": null}));
    let why = "a record of team_membership does not say /user_id";
    assert_eq!(said(&rules, "suspended-user-with-grants", &account), why);
}

#[test]
fn kinds_that_were_not_asked_for_are_gaps_and_no_clearance() {
    let rules = Rules::built_in();
    let collection = record("role", json!({"name": "Reader"})).state("user", "spread", "a part a day").read();
    for outcome in rules.judge(&collection) {
        assert!(outcome.found.is_empty() && outcome.unknown.is_empty() && outcome.cleared == 0);
        let own = outcome.gaps.iter().find(|gap| gap.starts_with(&format!("{}: ", outcome.rule.kind))).unwrap();
        let expected = if outcome.rule.kind == "user" { "user: spread (a part a day)" } else { "not asked for" };
        assert!(own.ends_with(expected), "{own}");
    }
}

#[test]
fn an_empty_kind_that_was_read_whole_is_no_gap() {
    let rules = Rules::built_in();
    let collection = Account::new().state("webhook", "complete", "").read();
    let outcomes = rules.judge(&collection);
    let outcome = outcomes.iter().find(|outcome| outcome.rule.id == "webhook-unsigned").unwrap();
    assert_eq!((outcome.found.len(), outcome.cleared, outcome.gaps.len()), (0, 0, 0));
}

/// What contradicts itself is judged as it stands, and nothing in it is taken for whole.
#[test]
fn a_contradicted_collection_has_gaps_everywhere() {
    let scratch = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let folder = scratch.path().join("collection");
    let agents = record("proxy_agent", json!({"version": "2.0", "status": "NOT_CONNECTED"}));
    agents.with("webhook", "w", json!({"signed": true})).write(&folder);
    let path = folder.join("evidence.jsonl");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replace(r#""signed":true"#, r#""signed":null"#)).unwrap();
    let collection =
        source_report::collection::Collection::read(&folder, source_evidence::verify::Anchors::default()).unwrap();
    let rules = Rules::built_in();
    let outcomes = rules.judge(&collection);
    for outcome in &outcomes {
        let gap = "the collection contradicts itself, so nothing in it can be relied on";
        assert!(outcome.gaps.contains(&format!("{}: {gap}", outcome.rule.kind)), "{:?}", outcome.gaps);
    }
    let found = |id: &str| outcomes.iter().find(|outcome| outcome.rule.id == id).unwrap();
    assert_eq!(found("proxy-agent-offline").found.len(), 1);
    assert_eq!((found("proxy-agent-behind").cleared, found("proxy-agent-behind").unknown.len()), (0, 1));
}

#[test]
fn ages_are_unknown_where_the_collection_has_no_clock() {
    // Another source of evidence may tell no start: its manifest record is this one's without it.
    let scratch = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let folder = scratch.path().join("collection");
    record("connector_sdk_package", json!({"updated_at": "2026-01-01T00:00:00Z"})).write(&folder);
    let path = folder.join("evidence.jsonl");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replace("started_at", "started_xx")).unwrap();
    let collection =
        source_report::collection::Collection::read(&folder, source_evidence::verify::Anchors::default()).unwrap();
    let rules = Rules::built_in();
    let outcomes = rules.judge(&collection);
    let outcome = outcomes.iter().find(|outcome| outcome.rule.id == "custom-code-changed").unwrap();
    assert_eq!(outcome.unknown[0].1, "the collection does not say when it began");
}

#[test]
fn outcomes_come_by_weight_then_as_written() {
    let rules = Rules::built_in();
    let collection = Account::new().read();
    let outcomes = rules.judge(&collection);
    let place = |rule: &Rule| rules.iter().position(|other| other.id == rule.id);
    let order: Vec<(Weight, Option<usize>)> = outcomes.iter().map(|one| (one.rule.weight, place(one.rule))).collect();
    assert!(order.is_sorted() && order.len() == rules.iter().count(), "{order:?}");
    assert_eq!(order.iter().map(|(weight, _)| weight).collect::<BTreeSet<_>>().len(), 3);
}

/// A rule of a user, with a field changed.
fn own(field: &str, value: Value) -> Value {
    let mut rule = json!({
        "id": "webhook-elsewhere", "title": "A webhook leaves the house", "why": "Because.", "refuted_by": "It does not.",
        "weight": "high", "kind": "webhook", "controls": ["CC7.2"],
        "when": {"not": {"at": "/origin", "is": "https://hooks.example.com"}},
    });
    rule[field] = value;
    rule
}

fn extended(file: &Value) -> Result<Rules, String> {
    let scratch = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let path = scratch.path().join("own.json");
    std::fs::write(&path, file.to_string()).unwrap();
    let folder = format!("{}/", scratch.path().display());
    Rules::built_in().extended(&path).map_err(|error| error.to_string().replace(&folder, ""))
}

#[test]
fn a_file_of_ones_own_adds_replaces_and_disables() {
    let unsigned = json!({
        "id": "webhook-unsigned", "title": "T", "why": "W", "refuted_by": "R", "weight": "low", "kind": "webhook",
        "controls": [], "when": {"any": [{"at": "/signed", "is": true}]},
    });
    let file = json!({"rules": [own("weight", json!("medium")), unsigned], "disable": ["webhook-inactive"]});
    let (built_in, rules) = (Rules::built_in(), extended(&file).unwrap());
    let ids = |rules: &Rules| rules.iter().map(|rule| rule.id.clone()).collect::<Vec<_>>();
    let mut expected = ids(&built_in);
    expected.retain(|id| id != "webhook-inactive");
    expected.push("webhook-elsewhere".into());
    assert_eq!(ids(&rules), expected);
    let collection = Account::new().read();
    let outcomes = rules.judge(&collection);
    let weights: Vec<Weight> = outcomes.iter().map(|outcome| outcome.rule.weight).collect();
    assert!(weights.is_sorted(), "{weights:?}");
    let webhook = |signed: bool| record("webhook", json!({"signed": signed, "origin": "https://else.example.com"}));
    assert_eq!(said(&rules, "webhook-unsigned", &webhook(true)), "true");
    assert_eq!(said(&rules, "webhook-unsigned", &webhook(false)), "false");
    assert_eq!(said(&rules, "webhook-elsewhere", &webhook(true)), "true");
    assert_eq!(extended(&json!({})).unwrap().iter().count(), built_in.iter().count());
}

/// Each error names the file, the rule, the field, and what to do.
#[test]
fn a_bad_file_is_refused_with_rule_field_and_remedy() {
    let when = |value: Value| own("when", value);
    let rule = "own.json: rule `webhook-elsewhere`, field";
    let told = [
        (own("titel", json!("x")), "`titel`: is not known: remove it, or use one of id, title, why,"),
        (own("title", json!(" ")), "`title`: \" \" is no text: write a text in quotes"),
        (own("why", json!(["x"])), "`why`: [\"x\"] is no text: write a text"),
        (own("weight", json!("huge")), "`weight`: `huge` is no weight: write high, medium or low"),
        (own("controls", json!(["CC0.0"])), "`controls`: \"CC0.0\" is no control: write ids such as"),
        (own("controls", json!("CC6.1")), "`controls`: \"CC6.1\" is no list: write […]"),
        (when(json!(true)), "`when`: true is no object"),
        (when(json!({})), "`when`: asks nothing: use one of all, any, not, related"),
        (when(json!({"at": "/a"})), "`when`: asks nothing of the value: add one of is, in, null"),
        (when(json!({"at": "a", "is": 1})), "`when/at`: \"a\" is no JSON pointer: write it as \"/"),
        (when(json!({"at": "/a", "is": null})), "`when/is`: null is no text, number or truth value: ask for null with"),
        (when(json!({"at": "/a", "in": "x"})), "`when/in`: \"x\" is no list"),
        (when(json!({"at": "/a", "in": []})), "`when/in`: is empty: write at least one"),
        (when(json!({"at": "/a", "was": 1})), "`when/was`: is not known: use one of is, in,"),
        (when(json!({"at": "/a", "in": [1], "is": 1})), "`when/is`: is not known: remove it, or use one of these"),
        (when(json!({"at": "/a", "null": "true"})), "`when/null`: \"true\" is not true or false: write true or false"),
        (when(json!({"at": "/a", "older_than_days": -1})), "`when/older_than_days`: -1 is not a whole number of days"),
        (when(json!({"at": "/a", "older_than_days": "9"})), "`when/older_than_days`: \"9\" is not a whole number"),
        (when(json!({"at": "/a", "later_than": "b"})), "`when/later_than`: \"b\" is no JSON pointer"),
        (when(json!({"at": "/a", "below_newest": false})), "`when/below_newest`: false is not true"),
        (when(json!({"all": []})), "`when/all`: is empty: write at least one"),
        (when(json!({"all": [{"any": [{"at": "/a", "is": []}]}]})), "`when/all/0/any/0/is`: [] is no text"),
        (
            when(json!({"all": [{"at": "/a", "is": 1}], "any": []})),
            "`when/any`: is not known: remove it, or use one of",
        ),
        (when(json!({"none": []})), "`when/none`: is not known: use one of all, any"),
        (when(json!({"not": {"at": "/a", "some": 1}})), "`when/not/some`: 1 is no object"),
        (when(json!({"related": {"kind": "user", "at": "/id"}})), "`when/related/equals`: is missing: write it"),
        (
            when(json!({"related": {"kind": "user", "at": "/id", "equals": "/id", "if": 1}})),
            "`when/related/if`: is not known: remove it, or use one of kind, at, equals, when",
        ),
    ];
    for (bad, expected) in told {
        let error = extended(&json!({"rules": [bad]})).unwrap_err();
        assert!(error.starts_with(&format!("{rule} {expected}")), "{error}");
    }
    let files = [
        (json!({"rules": [own("id", json!("A B"))]}), "own.json: rule `A B`, field `id`: `A B` is not in kebab-case"),
        (json!({"rules": [{}]}), "own.json: rule number 1, field `id`: is missing: write it"),
        (
            json!({"rules": [own("why", json!("W")), own("why", json!("W"))]}),
            "own.json: rule `webhook-elsewhere`, field `id`: comes twice: remove",
        ),
        (
            json!({"disable": ["webhook"]}),
            "own.json: rule `webhook`, field `disable`: there is no such rule: use one of dormant-",
        ),
        (json!({"rule": []}), "own.json: no file of rules: unknown field `rule`"),
        (json!([]), "own.json: no file of rules: "),
    ];
    for (file, expected) in files {
        let error = extended(&file).unwrap_err();
        assert!(error.starts_with(expected), "{error}");
    }
    let missing = Rules::built_in().extended(&PathBuf::from("nowhere/own.json")).unwrap_err().to_string();
    assert!(missing.starts_with("cannot read nowhere/own.json: "), "{missing}");
}

//! A user's own file of rules, and what the document says of it.
#![cfg(test)] // What clippy.toml gives to tests holds for helpers too.

mod support;

use serde_json::{Value, json};
use source_report::finding::{Rule, Rules, Weight};
use std::path::PathBuf;
use support::records::record;
use support::{Account, extended, said};

/// Where the rules are listed for people.
const DOCUMENT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/findings.md");

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
    assert_eq!(said(&rules, id, &region(json!("AWS_US_EAST_1")).read()), "true");
    assert_eq!(said(&rules, id, &region(json!("GCP_EUROPE_WEST3")).read()), "false");
    assert_eq!(said(&rules, id, &region(Value::Null).read()), "/region: the vendor does not say");
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

#[test]
fn a_list_is_written_once_and_named_where_it_is_used() {
    let when = json!({"not": {"at": "/origin", "in": [{"list": "ours"}, "c"]}});
    let file = json!({"lists": {"ours": ["a", "b"]}, "rules": [own("when", when.clone())]});
    let rules = extended(&file).unwrap();
    for (origin, want) in [("a", "false"), ("b", "false"), ("c", "false"), ("d", "true")] {
        let collection = record("webhook", json!({"origin": origin})).read();
        assert_eq!(said(&rules, "webhook-elsewhere", &collection), want, "{origin}");
    }
    for lists in [json!({}), json!({"others": ["a"]})] {
        let said = extended(&json!({"lists": lists, "rules": [own("when", when.clone())]})).unwrap_err();
        assert!(said.contains("there is no list \"ours\"") && said.contains("under `lists`"), "{said}");
    }
    // A list of lists has no values.
    let nested = json!({"lists": {"ours": [{"list": "ours"}]}, "rules": [own("when", when)]});
    assert!(extended(&nested).is_err());
}

/// The services that are databases are so for each rule that asks.
#[test]
fn a_database_is_one_for_every_rule() {
    let rules = Rules::built_in();
    let shown = |id: &str| format!("{:?}", rules.iter().find(|rule| rule.id == id).unwrap());
    let file: Value = serde_json::from_str(include_str!("../data/rules.json")).unwrap();
    let databases = file["lists"]["databases"].as_array().unwrap();
    assert!(databases.len() > 40);
    for id in ["database-direct", "schema-open"] {
        let written = file["rules"].as_array().unwrap().iter().find(|rule| rule["id"] == id).unwrap().to_string();
        for service in databases.iter().map(ToString::to_string) {
            assert!(!written.contains(&service) && shown(id).contains(&service), "{id}: {service}");
        }
    }
}

/// However deep in a rule another kind is, it is a gap.
#[test]
fn every_kind_that_a_rule_needs_is_looked_at() {
    let some = json!({"at": "/a", "some": {"related": {"kind": "group", "at": "/id", "equals": ""}}});
    let deep = json!({"related": {"kind": "team", "at": "/id", "equals": "/id", "when": {"not": some}}});
    let rules = extended(&json!({"rules": [own("when", json!({"any": [deep]}))]})).unwrap();
    let collection = Account::new().read();
    let outcomes = rules.judge(&collection).unwrap();
    let outcome = outcomes.iter().find(|outcome| outcome.rule.id == "webhook-elsewhere").unwrap();
    assert_eq!(outcome.gaps, ["group: not asked for", "team: not asked for", "webhook: not asked for"]);
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
    let outcomes = rules.judge(&collection).unwrap();
    let weights: Vec<Weight> = outcomes.iter().map(|outcome| outcome.rule.weight).collect();
    assert!(weights.is_sorted(), "{weights:?}");
    let webhook = |signed: bool| record("webhook", json!({"signed": signed, "origin": "https://else.example.com"}));
    assert_eq!(said(&rules, "webhook-unsigned", &webhook(true).read()), "true");
    assert_eq!(said(&rules, "webhook-unsigned", &webhook(false).read()), "false");
    assert_eq!(said(&rules, "webhook-elsewhere", &webhook(true).read()), "true");
    assert_eq!(extended(&json!({})).unwrap().iter().count(), built_in.iter().count());
}

/// A kind that there is nowhere is a mistake; one of another source is none.
#[test]
fn a_rule_about_a_kind_that_there_is_not_is_refused_and_the_kind_that_was_meant_is_named() {
    let user = record("user", json!({})).read();
    let related = |kind: &str| json!({"related": {"kind": kind, "at": "/id", "equals": "/id"}});
    let judged = |rule: Value| {
        let rules = extended(&json!({"rules": [rule]})).unwrap();
        rules.judge(&user).map(|_| ()).map_err(|error| error.to_string())
    };
    let rule = "rule `webhook-elsewhere`, field";
    for (bad, want) in [
        (own("kind", json!("users")), "`kind`: there is no kind `users`: did you mean `user`? describe lists all"),
        (own("when", related("teams")), "`related/kind`: there is no kind `teams`: did you mean `team`? describe"),
        (own("about", related("xyz")), "`related/kind`: there is no kind `xyz`: describe lists all"),
    ] {
        let error = judged(bad).unwrap_err();
        assert!(error.starts_with(&format!("{rule} {want}")), "{error}");
    }
    // Our other source has it, or the collection of another one.
    assert_eq!(judged(own("kind", json!("audit_trail_entry"))), Ok(()));
    let rules = extended(&json!({"rules": [own("kind", json!("badge"))]})).unwrap();
    assert!(rules.judge(&record("badge", json!({})).read()).is_ok() && rules.judge(&user).is_err());
}

/// A place that no record has is told as that, and not as the vendor's silence.
#[test]
fn a_place_that_no_record_has_is_doubted_and_never_said_to_be_the_vendors_silence() {
    let doubts = |rule: Value, account: Account| {
        let (rules, collection) = (extended(&json!({"rules": [rule]})).unwrap(), account.read());
        let outcomes = rules.judge(&collection).unwrap();
        let page =
            source_report::page::page(&collection, &outcomes, &rules.changed().collect::<Vec<_>>(), None).unwrap();
        let own = outcomes.iter().find(|outcome| outcome.rule.id == "webhook-elsewhere").unwrap();
        assert!(own.doubts.iter().all(|doubt| page.contains(&format!("<p class=\"gap\">Doubt: {doubt}</p>"))));
        let others = outcomes.iter().filter(|outcome| outcome.rule.id != "webhook-elsewhere");
        assert!(others.map(|outcome| outcome.doubts.len()).sum::<usize>() == 0, "only rules of one's own are doubted");
        (own.doubts.clone(), own.unknown.iter().map(|(_, why)| why.clone()).collect::<Vec<_>>())
    };
    let webhook = |content: Value| Account::new().with("webhook", "w", content);
    let rule = own("when", json!({"at": "/rolle", "is": "x"}));
    let (said, why) = doubts(rule.clone(), webhook(json!({"role": null})));
    assert_eq!(said, ["no record of kind webhook has /rolle: look whether the rule has it right"]);
    assert_eq!(why, ["/rolle: not told: the record has no such field"]);
    assert_eq!(doubts(rule, webhook(json!({"rolle": null}))).0, [""; 0], "null is an answer");
    let below = doubts(own("when", json!({"at": "/status/state", "is": "x"})), webhook(json!({"status": null})));
    assert_eq!(below, (vec![], vec!["/status/state: the vendor does not say".into()]), "also of what is below it");
    let join =
        json!({"related": {"kind": "user", "at": "/idd", "equals": "/by", "when": {"at": "/activ", "is": true}}});
    let account = webhook(json!({"by": "u", "a": "x"})).with("user", "u", json!({"id": "u"}));
    let when = json!({"any": [join, {"not": {"at": "/a", "later_than": "/b"}}]});
    let said = doubts(own("when", when), account).0.join(" ");
    for place in ["kind user has /activ:", "kind user has /idd:", "kind webhook has /b:"] {
        assert!(said.contains(place), "{place}: {said}");
    }
    assert!(!said.contains("/by") && !said.contains("/a:"), "{said}");
}

#[test]
fn what_is_written_twice_or_both_ways_is_refused() {
    let scratch = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let path = scratch.path().join("own.json");
    let error = |text: &str| {
        std::fs::write(&path, text).unwrap();
        Rules::built_in().extended(&path).unwrap_err().to_string()
    };
    let twice = own("kind", json!("user")).to_string().replacen("{", "{\"kind\": \"webhook\", ", 1);
    for text in [format!("{{\"rules\": [{twice}]}}"), "{\"rules\": [], \"rules\": []}".into()] {
        let said = error(&text);
        assert!(said.contains("no file of rules: field `") && said.contains("` comes twice"), "{said}");
    }
    let both = json!({"rules": [own("id", json!("webhook-unsigned"))], "disable": ["webhook-unsigned"]});
    let said = error(&both.to_string());
    assert!(
        said.contains("rule `webhook-unsigned`, field `disable`: it is also under `rules`: write it in one"),
        "{said}"
    );
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
        (
            when(json!({"at": "/a", "older_than_days": 99_999_999_999_999_u64})),
            "`when/older_than_days`: 99999999999999 days are more than a century: write 36500 at most",
        ),
        (when(json!({"at": "/a", "older_than_days": 36_501})), "`when/older_than_days`: 36501 days are more than"),
        (own("about", json!({})), "`about`: asks nothing: use one of all, any, not, related"),
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

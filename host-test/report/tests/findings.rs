//! Each rule has an account in which it fires, one in which it does not, and one in which nobody can say; and what
//! becomes of rules when the collection is not whole.
#![cfg(test)] // What clippy.toml gives to tests holds for helpers too.

mod cases;
mod mutants;
mod support;

use cases::{Case, Told, cases, clauses, traps, untold};
use mutants::mutants;
use serde_json::{Value, json};
use source_report::collection::Collection;
use source_report::controls::controls;
use source_report::finding::{Outcome, Rule, Rules, Weight};
use std::collections::BTreeSet;
use support::records::{merged, record, usual};
use support::{Account, extended, said};

#[test]
fn each_rule_fires_does_not_fire_and_does_not_know() {
    let rules = Rules::built_in();
    for Case { rule, fires, clear, unknown: (unknown, reason) } in cases() {
        assert_eq!(said(&rules, rule, &fires.read()), "true", "{rule}");
        assert_eq!(said(&rules, rule, &clear.read()), "false", "{rule}");
        assert_eq!(said(&rules, rule, &unknown.read()), reason, "{rule}");
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

/// The traps of the vendor's data, and what decides within a rule.
#[test]
fn whatever_the_vendor_writes_is_read_as_it_is_meant() {
    let rules = Rules::built_in();
    for (rule, account, expected) in traps().into_iter().chain(clauses()).chain(untold()) {
        assert_eq!(said(&rules, rule, &account.read()), expected, "{rule}: {:?}", account.rows);
    }
}

/// Webhooks and log services are no groups without an export: only of what a rule is about it is false, or unknown.
#[test]
fn a_rule_counts_only_the_records_that_it_is_about() {
    let one =
        |account: Account, id: &str, patch: Value| account.with("audit_logging", id, usual("audit_logging", &patch));
    let groups = json!({"mechanism": "groups", "account_mechanisms": 1, "groups_without": [], "last_success": null});
    let never = json!({"scope": "account", "fresh": null, "last_success": "1970-01-01T00:00:00.000000Z"});
    let account = one(one(Account::new(), "g", groups), "p", never);
    let account = one(account, "w", json!({"mechanism": "webhook", "healthy": null, "last_success": null}));
    let odd =
        json!({"mechanism": null, "enabled": false, "healthy": null, "last_success": null, "account_mechanisms": null});
    let (account, odd) = (account.read(), one(Account::new(), "o", odd).read());
    let rules = Rules::built_in();
    let counts = |collection: &Collection, id: &str| {
        let outcomes = rules.judge(collection).unwrap();
        let one = outcomes.iter().find(|outcome| outcome.rule.id == id).unwrap();
        (one.found.len(), one.unknown.len(), one.not_matched, one.not_applicable)
    };
    assert_eq!(counts(&account, "audit-export-missing"), (0, 0, 1, 2));
    assert_eq!(counts(&account, "audit-export-unhealthy"), (1, 0, 0, 2));
    assert_eq!(counts(&account, "platform-connector-stale"), (1, 0, 0, 2));
    // What it may be about is unknown, unless the rule is false of it whatever it is.
    assert_eq!(counts(&odd, "platform-connector-stale"), (0, 1, 0, 0));
    assert_eq!(counts(&odd, "audit-export-unhealthy"), (0, 0, 1, 0));
}

/// What is not there is "none" only where all of it was read.
#[test]
fn a_join_over_what_was_not_read_whole_is_unknown_and_a_gap() {
    let rules = Rules::built_in();
    let id = "suspended-user-with-grants";
    let user = record("user", json!({"active": false}));
    let none = user.clone().state("access_grant", "complete", "").state("team_membership", "complete", "");
    assert_eq!(said(&rules, id, &none.read()), "false");
    let forbidden = none.clone().state("team_membership", "forbidden", "the key may not read teams");
    let why = "none found, and one may be missing: team_membership: forbidden (the key may not read teams)";
    assert_eq!(said(&rules, id, &forbidden.read()), why);
    let unasked = user.state("access_grant", "complete", "");
    assert_eq!(said(&rules, id, &unasked.read()), "none found, and one may be missing: team_membership: not asked for");
    // One that is there is enough, whatever is missing.
    let grant = json!({"grantee_id": "it", "grantee_type": "user"});
    assert_eq!(said(&rules, id, &forbidden.clone().with("access_grant", "g", grant).read()), "true");
    let (forbidden, unasked) = (forbidden.read(), unasked.read());
    let gaps = |outcomes: Vec<Outcome<'_>>| outcomes.into_iter().find(|outcome| outcome.rule.id == id).unwrap().gaps;
    assert_eq!(gaps(rules.judge(&forbidden).unwrap()), ["team_membership: forbidden (the key may not read teams)"]);
    assert_eq!(gaps(rules.judge(&unasked).unwrap()), ["team_membership: not asked for"]);
}

#[test]
fn a_record_that_may_belong_to_any_makes_none_found_unknown() {
    let rules = Rules::built_in();
    let account = record("user", json!({"active": false})).state("access_grant", "complete", "");
    let account = account.with("team_membership", "m", json!({"team_id": "t", "user_id": null}));
    let why = "a record of team_membership does not say /user_id";
    assert_eq!(said(&rules, "suspended-user-with-grants", &account.read()), why);
}

#[test]
fn kinds_that_were_not_asked_for_are_gaps_and_no_clearance() {
    let rules = Rules::built_in();
    let collection = record("role", json!({"name": "Reader"})).state("user", "spread", "a part a day").read();
    for outcome in rules.judge(&collection).unwrap() {
        assert!(outcome.found.is_empty() && outcome.unknown.is_empty() && outcome.not_matched == 0);
        let own = outcome.gaps.iter().find(|gap| gap.starts_with(&format!("{}: ", outcome.rule.kind))).unwrap();
        let expected = if outcome.rule.kind == "user" { "user: spread (a part a day)" } else { "not asked for" };
        assert!(own.ends_with(expected), "{own}");
    }
}

#[test]
fn an_empty_kind_that_was_read_whole_is_no_gap() {
    let rules = Rules::built_in();
    let collection = Account::new().state("webhook", "complete", "").read();
    let outcomes = rules.judge(&collection).unwrap();
    let outcome = outcomes.iter().find(|outcome| outcome.rule.id == "webhook-unsigned").unwrap();
    assert_eq!((outcome.found.len(), outcome.not_matched, outcome.gaps.len()), (0, 0, 0));
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
    let collection = Collection::read(&folder, source_evidence::verify::Anchors::default()).unwrap();
    let rules = Rules::built_in();
    let outcomes = rules.judge(&collection).unwrap();
    for outcome in &outcomes {
        let gap = "the collection contradicts itself, so nothing in it can be relied on";
        assert!(outcome.gaps.contains(&format!("{}: {gap}", outcome.rule.kind)), "{:?}", outcome.gaps);
    }
    let found = |id: &str| outcomes.iter().find(|outcome| outcome.rule.id == id).unwrap();
    assert_eq!(found("proxy-agent-offline").found.len(), 1);
    assert_eq!((found("proxy-agent-behind").not_matched, found("proxy-agent-behind").unknown.len()), (0, 1));
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
    let collection = Collection::read(&folder, source_evidence::verify::Anchors::default()).unwrap();
    let rules = Rules::built_in();
    let outcomes = rules.judge(&collection).unwrap();
    let outcome = outcomes.iter().find(|outcome| outcome.rule.id == "custom-code-changed").unwrap();
    assert_eq!(outcome.unknown[0].1, "the collection does not say when it began");
}

#[test]
fn outcomes_come_by_weight_then_as_written() {
    let rules = Rules::built_in();
    let collection = Account::new().read();
    let outcomes = rules.judge(&collection).unwrap();
    let place = |rule: &Rule| rules.iter().position(|other| other.id == rule.id);
    let order: Vec<(Weight, Option<usize>)> = outcomes.iter().map(|one| (one.rule.weight, place(one.rule))).collect();
    assert!(order.is_sorted() && order.len() == rules.iter().count(), "{order:?}");
    assert_eq!(order.iter().map(|(weight, _)| weight).collect::<BTreeSet<_>>().len(), 3);
}

/// What each clause of a rule is there for shows in an account: without it, something else comes of the rule.
#[test]
fn no_clause_of_a_rule_is_idle() {
    let file: Value = serde_json::from_str(include_str!("../data/rules.json")).unwrap();
    let mut told: Vec<Told> = traps().into_iter().chain(clauses()).chain(untold()).collect();
    for Case { rule, fires, clear, unknown } in cases() {
        told.extend([(rule, fires, "true"), (rule, clear, "false"), (rule, unknown.0, unknown.1)]);
    }
    for rule in file["rules"].as_array().unwrap() {
        let told = told.iter().filter(|told| told.0 == rule["id"]);
        let read: Vec<_> = told.map(|(id, account, expected)| (*id, account.read(), *expected)).collect();
        let mut bare = rule.clone();
        let about = bare.as_object_mut().unwrap().remove("about").map(|_| ("about dropped".to_string(), bare));
        let others = mutants(&rule["when"]).into_iter();
        let changed = others.map(|(what, when)| (what, merged(rule.clone(), &json!({"when": when})))).chain(about);
        for (what, changed) in changed {
            let rules = extended(&json!({"lists": file["lists"], "rules": [changed]})).unwrap();
            let same = read.iter().all(|(id, collection, expected)| said(&rules, id, collection) == *expected);
            assert!(!same, "{}: nothing shows {what}", rule["id"]);
        }
    }
}

/// The values that rules know are those that the component knows, but for what it calls unknown itself.
#[test]
fn values_that_are_known_are_those_of_the_component() {
    let known: Value = serde_json::from_str(include_str!("../data/known.json")).unwrap();
    for (kind, places) in known.as_object().unwrap() {
        let file = format!("{}/../../src/{kind}.rs", env!("CARGO_MANIFEST_DIR"));
        let text = std::fs::read_to_string(&file).unwrap();
        for (place, values) in places.as_object().unwrap() {
            let field = place.rsplit('/').next().unwrap();
            // A field may be called otherwise within the component.
            let names = [field, &format!("key_{field}")].map(|name| format!(" {name}: Text<'a> => Rule::OneOf(&["));
            let list = names.iter().find_map(|name| Some(text.split_once(name)?.1.split_once(']')?.0)).expect(&file);
            let documented: BTreeSet<&str> =
                list.split('"').skip(1).step_by(2).filter(|one| *one != "Unknown").collect();
            let known: BTreeSet<&str> = values.as_array().unwrap().iter().map(|one| one.as_str().unwrap()).collect();
            assert_eq!(known, documented, "{kind} {place}");
        }
    }
}

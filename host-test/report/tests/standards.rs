//! Exports in OSCAL and OCSF: what they say, and what they never say.
#![cfg(test)] // All of it is test code: what clippy.toml gives to tests holds for helpers too.

mod exported;
mod support;

use exported::{account, all, canaries, ocsf, oscal, oscal_by, told};
use serde_json::{Value, json};
use source_report::export::Wish;
use source_report::finding::Rules;
use std::collections::BTreeSet;
use support::{Account, READ, extended};

/// Every member of this name, anywhere.
fn members<'v>(value: &'v Value, name: &str, found: &mut Vec<&'v Value>) {
    match value {
        Value::Object(object) => object.iter().for_each(|(key, value)| {
            found.extend((key == name).then_some(value));
            members(value, name, found);
        }),
        Value::Array(items) => items.iter().for_each(|item| members(item, name, found)),
        _ => {}
    }
}

fn all_of<'v>(value: &'v Value, name: &str) -> Vec<&'v str> {
    let mut found = Vec::new();
    members(value, name, &mut found);
    found.into_iter().filter_map(Value::as_str).collect()
}

/// Whoever reads two documents side by side takes what has the same UUID for the same thing.
#[test]
fn oscal_documents_that_say_other_things_have_other_uuids() {
    let collection = canaries().read();
    let other = extended(&json!({"disable": ["connection-paused"]})).unwrap();
    let keys = Wish { kinds: vec!["system_key".into()], ..all() };
    let [before, again] = [(), ()].map(|()| oscal(&collection, &all()));
    assert_eq!(before, again);
    for after in [oscal_by(&other, &collection, &all()), oscal(&collection, &keys)] {
        let [first, second] = [&before, &after].map(|document| &document["assessment-results"]);
        for place in ["/uuid", "/results/0/uuid"] {
            assert_ne!(first.pointer(place).unwrap(), second.pointer(place).unwrap(), "{place}");
        }
        let records: BTreeSet<&str> = all_of(second, "observation-uuid").into_iter().collect();
        assert!(records.iter().any(|uuid| all_of(first, "observation-uuid").contains(uuid)), "of records they stay");
    }
}

/// Even if nothing but the records that a rule is true of is another.
#[test]
fn a_rule_of_which_another_record_is_found_has_other_uuids() {
    let origin = |origin: &str| json!({"origin": origin, "signed": true});
    let account = Account::new().with("webhook", "a", origin("https://a")).with("webhook", "b", origin("https://b"));
    let collection = account.read();
    let [first, second] = ["https://a", "https://b"].map(|origin| {
        let rule = json!({"id": "elsewhere", "title": "t", "why": "w", "refuted_by": "r", "weight": "low",
            "kind": "webhook", "controls": ["CC7.2"], "when": {"at": "/origin", "is": origin}});
        oscal_by(&extended(&json!({"rules": [rule]})).unwrap(), &collection, &told())
    });
    let found = |document: &Value| {
        let results = &document["assessment-results"]["results"][0];
        let finding = results["findings"].as_array().unwrap().iter().find(|one| one["title"] == "t").unwrap();
        [&document["assessment-results"]["uuid"], &finding["uuid"], &finding["related-observations"][0]]
            .map(Value::clone)
    };
    for (first, second) in found(&first).iter().zip(&found(&second)) {
        assert_ne!(first, second);
    }
}

#[test]
fn oscal_refers_to_what_is_there_and_judges_no_control() {
    let collection = canaries().read();
    let document = oscal(&collection, &all());
    let uuids = all_of(&document, "uuid");
    let known: BTreeSet<&str> = uuids.iter().copied().collect();
    assert_eq!(known.len(), uuids.len(), "no UUID comes twice");
    let mut references = Vec::new();
    for name in ["subject-uuid", "observation-uuid", "actor-uuid"] {
        let found = all_of(&document, name);
        assert!(!found.is_empty(), "{name}");
        references.extend(found);
    }
    references.extend(all_of(&document, "href").iter().filter_map(|href| href.strip_prefix('#')));
    assert!(references.iter().all(|reference| known.contains(reference)));
    let results = &document["assessment-results"]["results"][0];
    assert_eq!(
        all_of(results, "state").iter().filter(|state| **state != "operational").collect::<BTreeSet<_>>(),
        [&"not-satisfied"].into()
    );
    let rules: BTreeSet<String> = Rules::built_in().iter().map(|rule| rule.id.clone()).collect();
    let controls: BTreeSet<&str> =
        source_report::controls::controls().iter().map(|control| control.id.as_str()).collect();
    for target in all_of(results, "target-id") {
        assert!(rules.contains(target) && !controls.contains(target), "{target}: a rule, not a control");
    }
    assert!(all_of(results, "target-id").contains(&"system-key-never-expires"));
    let observation =
        results["observations"].as_array().unwrap().iter().find(|one| one["title"] == "The system_key key_1").unwrap();
    let prop = |name: &str| {
        observation["props"]
            .as_array()
            .unwrap()
            .iter()
            .find(|prop| prop["name"] == name)
            .map(|prop| prop["value"].clone())
    };
    assert_eq!(prop("observed_at"), Some(json!(READ)));
    assert_eq!(prop("valid_until"), Some(observation["expires"].clone()));
    assert_eq!(prop("effective_at"), None, "the vendor does not say");
    assert_eq!(observation["methods"], json!(["EXAMINE"]));
    let escaped = ["title", "description", "remarks", "prose"].into_iter().flat_map(|name| all_of(&document, name));
    let bare = |text: &str| {
        text.replace("\\\\", "")
            .split('\\')
            .skip(1)
            .fold(text.split('\\').next().unwrap_or("").to_string(), |all, part| {
                all + part.get(1..).unwrap_or_default()
            })
    };
    let mut marked = 0;
    for text in escaped {
        marked += usize::from(text.contains("\\<script"));
        assert!(!bare(text).contains(['<', '[', '`', '*', '&']), "{text}");
    }
    assert!(marked > 3);
}

/// A rule whose records were not read has no counts, which would read like a pass.
#[test]
fn oscal_says_of_a_rule_that_could_look_at_nothing_that_it_was_not_judged() {
    let told_of = |account: Account| {
        let document = oscal(&account.read(), &told());
        let all = document["assessment-results"]["results"][0]["observations"].as_array().unwrap().clone();
        let mut one = all.into_iter().filter(|one| one["title"].as_str().unwrap().ends_with("A webhook is not signed"));
        let one = one.next().unwrap();
        ["title", "description"].map(|name| one[name].as_str().unwrap().to_string())
    };
    let [title, text] = told_of(account().state("webhook", "forbidden", "the key may not read it"));
    assert_eq!(title, "NOT JUDGED: A webhook is not signed");
    let want =
        "NOT JUDGED: No record of kind webhook that it is about was read, and there may be some. webhook: forbidden";
    assert!(text.starts_with(want) && !text.contains("of 0"), "{text}");
    let [title, text] = told_of(account().state("webhook", "complete", ""));
    assert_eq!(title, "A webhook is not signed");
    assert!(text.starts_with("True of 0, unknown of 0, false of 0 records of kind webhook."), "{text}");
    let one = account().with("webhook", "w", json!({"signed": true})).state("webhook", "partial", "cut");
    let [title, text] = told_of(one);
    assert_eq!(title, "A webhook is not signed");
    assert!(text.starts_with("True of 0, unknown of 0, false of 1 records of kind webhook that were read."), "{text}");
}

#[test]
fn ocsf_says_of_a_kind_without_records_that_it_was_not_read_whole() {
    let collection = account().state("webhook", "forbidden", "the key may not read it").read();
    for kinds in [vec!["webhook"], vec![]] {
        let wish = Wish { kinds: kinds.iter().map(ToString::to_string).collect(), incomplete: true };
        let events = ocsf(&collection, &wish);
        let said: Vec<&Value> = events.iter().filter(|event| event["compliance"]["control"] == "read-whole").collect();
        assert_eq!(said.len(), 1, "{kinds:?}");
        let (event, want) = (said[0], "forbidden: the key may not read it");
        assert_eq!(
            (&event["compliance"]["status"], &event["compliance"]["status_detail"]),
            (&"Unknown".into(), &want.into())
        );
        assert!(event["message"].as_str().unwrap().starts_with("INCOMPLETE: not every record of webhook"), "{event}");
    }
    let whole = Wish { kinds: vec!["user".into()], incomplete: true };
    assert!(ocsf(&collection, &whole).iter().all(|event| event["compliance"]["control"] != "read-whole"));
}

#[test]
fn ocsf_fails_where_a_rule_is_true_and_never_passes() {
    let unknown = json!({"id": "key_2", "name": null, "permissions": []});
    let account = account().with("system_key", "key_2", unknown).state("system_key", "partial", "one failed");
    let collection = account.read();
    let events = ocsf(&collection, &told());
    let of = |class: u32| events.iter().filter(move |event| event["class_uid"] == class);
    assert_eq!((of(5003).count(), of(5023).count()), (1, 1), "a user and a group");
    let statuses: BTreeSet<&str> = of(2003).map(|event| event["compliance"]["status"].as_str().unwrap()).collect();
    assert_eq!(statuses, ["Fail", "Unknown"].into());
    let rule = |event: &&Value| event["compliance"]["control"] == "system-key-never-expires";
    let told: BTreeSet<(&str, &str)> = of(2003)
        .filter(rule)
        .map(|event| {
            (event["resources"][0]["uid"].as_str().unwrap_or("(all)"), event["compliance"]["status"].as_str().unwrap())
        })
        .collect();
    assert_eq!(told, [("(all)", "Unknown"), ("key_1", "Fail"), ("key_2", "Unknown")].into());
    for event in &events {
        let is_gap = event["class_uid"] == 2003 && event["resources"].is_null();
        for name in ["observed_at", "effective_at", "valid_until"] {
            assert!(is_gap || event["unmapped"].as_object().unwrap().contains_key(name), "{event}");
        }
    }
}

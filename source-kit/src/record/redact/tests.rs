//! What happens to a record on its way out.

use super::*;
use crate::base::canonical::to_canonical;
use crate::base::model::{Provenance, Subject};
use crate::record::people::{People, Person};
use crate::record::{coverage, manifest, not_observable};
use alloc::string::ToString;
use serde_json::{Value, json};

const TOKEN: &str = "ghp_0123456789abcdefghij0123456789abcdef";

const KIND: Kind = Kind { id: "thing", nature: Nature::Inventory, ..not_observable::KIND };

fn record(content: &Value, title: &str, id: &str) -> Record {
    let request = format!("/v1/things/{}?limit=1", crate::base::urn::encoded(id));
    Record {
        content: to_canonical(content),
        effective_at: None,
        id: record_id("s", "acc", KIND.id, &[id]),
        kind: KIND.id,
        observed_at: String::new(),
        provenance: alloc::vec![Provenance {
            body_digest: String::new(),
            page: None,
            pointer: "/data".into(),
            read_at: String::new(),
            request,
            request_id: None,
            status: 200,
        }],
        schema_version: 1,
        subject: Subject { id: id.into(), name: Some(title.into()), kind: "thing" },
        title: title.into(),
        valid_until: String::new(),
        withheld: Vec::new(),
    }
}

fn redacted(content: &Value, title: &str, id: &str, privacy: &Privacy, kind: &'static Kind) -> Record {
    let place = Place { source: "s", account: "acc", kind, native_id: &[id] };
    redact(record(content, title, id), &place, privacy)
}

fn pointers(record: &Record) -> Vec<&str> {
    record.withheld.iter().map(|withheld| withheld.pointer.as_str()).collect()
}

#[test]
fn a_secret_is_withheld_wherever_it_stands_in_the_content() {
    let content =
        json!({"a": 1.5, "config": {"host": TOKEN, "hosts": ["h", "a:b@c"], "x/y": "x\nPassword=y"}, "z": {}});
    let got = redacted(&content, &format!("Thing {TOKEN} is on"), "id", &Privacy::Full, &KIND);
    let want = r#"{"a":1.5,"config":{"host":"withheld","hosts":["h","withheld"],"x/y":"withheld"},"z":{}}"#;
    assert_eq!(got.content, want);
    assert_eq!(pointers(&got), ["/config/host", "/config/hosts/1", "/config/x~1y"]);
    assert_eq!(got.title, "Thing withheld is on");
    assert_eq!(got.subject.name.as_deref(), Some("Thing withheld is on"));
}

#[test]
fn an_ordinary_record_is_not_touched() {
    let content =
        json!({"host": "db.example.com:5432", "email": "ada@example.com", "b": "a\n\"b\"", "n": [1, null, {}]});
    let before = record(&content, "User ada@example.com: ok", "projected_sickle");
    let after = redacted(&content, "User ada@example.com: ok", "projected_sickle", &Privacy::Full, &KIND);
    assert_eq!(before, after);
}

#[test]
fn an_id_that_is_a_secret_is_the_same_short_digest_everywhere() {
    for id in [TOKEN, "admin:pw@db"] {
        let content = json!({"id": id, "name": id, "parent_id": id, "member_ids": [id]});
        let got = redacted(&content, &format!("Thing {id}: x"), id, &Privacy::Full, &KIND);
        let digest = &sha256_hex(format!("acc\0{id}").as_bytes())[..16];
        let short = format!("withheld:{digest}");
        assert_eq!(got.subject.id, short);
        assert_eq!(got.id, format!("urn:s:acc:thing:withheld%3A{digest}"));
        assert_eq!(got.title, format!("Thing {short}: x"));
        let shown: Value = serde_json::from_str(&got.content).unwrap();
        assert_eq!(shown, json!({"id": short, "name": short, "parent_id": short, "member_ids": [short]}));
        let request = &got.provenance[0].request;
        let encoded = short.replace(':', "%3A");
        assert!([&short, &encoded].iter().any(|id| *request == format!("/v1/things/{id}?limit=1")), "{request}");
        assert!(!format!("{got:?}").contains(id), "{got:?}");
    }
}

#[test]
fn names_of_settings_that_are_secrets_or_addresses_do_not_leave_in_pointers_or_keys() {
    let mut before = record(&json!({"config": {TOKEN: 1}}), "t", "id");
    before.withheld = alloc::vec![
        Withheld { pointer: format!("/config/{TOKEN}"), reason: WithheldReason::UnknownSetting },
        Withheld { pointer: "/config/ada@example.com".into(), reason: WithheldReason::UnknownSetting },
    ];
    before.withheld.push(Withheld { pointer: "/config/host".into(), reason: WithheldReason::Secret });
    let place = Place { source: "s", account: "acc", kind: &KIND, native_id: &["id"] };
    let got = redact(before, &place, &Privacy::hashed("0123456789abcdef"));
    assert!(pointers(&got).contains(&"/config/host"), "{got:?}");
    assert!(!format!("{got:?}").contains("ghp_") && !format!("{got:?}").contains("example"), "{got:?}");
    assert!(got.content.contains("withheld:"), "{}", got.content);
}

#[test]
fn in_the_hashed_mode_nobody_is_left_and_in_the_full_mode_all_stay() {
    let privacy = Privacy::hashed("0123456789abcdef");
    let mut people = People::default();
    let text = |text: &str| Some(text.to_string());
    people.add(&Person { email: text("ada@example.com"), given_name: text("Ada"), family_name: text("Byron") });
    privacy.learn(people);
    let content = json!({"name": "Byron's", "note": "by ADA@example.com", "role": "x"});
    let got = redacted(&content, "Role ada byron", "Ada@example.com", &privacy, &KIND);
    let ada = privacy.person("acc", "ada@example.com").into_owned();
    let shown: Value = serde_json::from_str(&got.content).unwrap();
    let byron = privacy.person("acc", "Byron").into_owned();
    assert_eq!(shown, json!({"name": format!("{byron}'s"), "note": format!("by {ada}"), "role": "x"}));
    assert_eq!((got.title.as_str(), got.subject.id.as_str()), (format!("Role {ada}").as_str(), ada.as_str()));
    assert_eq!(got.id, format!("urn:s:acc:thing:{}", ada.replace(':', "%3A")));
    assert_eq!(got.provenance[0].request, format!("/v1/things/{}?limit=1", ada.replace(':', "%3A")));
    assert!(got.withheld.is_empty(), "a hash is no withholding");
    let full = redacted(&content, "Role ada byron", "Ada@example.com", &Privacy::Full, &KIND);
    assert_eq!(full, record(&content, "Role ada byron", "Ada@example.com"));
}

#[test]
fn statements_are_sentences_of_which_only_the_word_is_masked() {
    for kind in [&coverage::KIND, &manifest::KIND, &not_observable::KIND] {
        assert_eq!(kind.nature, Nature::Statement);
    }
    let content = json!({"reason": format!("refused: {TOKEN} is missing")});
    let got = redacted(&content, "t", "id", &Privacy::Full, &coverage::KIND);
    assert_eq!(got.content, r#"{"reason":"refused: withheld is missing"}"#);
    let own = json!({"reason": "refused (3 times); Required permission: TEAM:READ, for GET /v1/teams?limit=1000"});
    let got =
        redacted(&own, "Coverage of team: forbidden", "id", &Privacy::hashed("0123456789abcdef"), &coverage::KIND);
    assert_eq!(got, record(&own, "Coverage of team: forbidden", "id"));
}

#[test]
fn keys_that_come_to_the_same_stay_apart_and_in_order() {
    let privacy = Privacy::hashed("0123456789abcdef");
    let got = redacted(&json!({"Ada@example.com": 1, "ada@example.com": 2, "z": 3}), "t", "id", &privacy, &KIND);
    let shown: BTreeMap<String, u8> = serde_json::from_str(&got.content).unwrap();
    assert_eq!(shown.len(), 3);
    assert_eq!(to_canonical(&shown), got.content);
}

/// The id of something else too: it is named elsewhere by the same digest.
#[test]
fn any_id_that_is_a_secret_becomes_a_digest_and_any_other_text_is_withheld() {
    let got = redacted(&json!({"id": TOKEN, "owner_id": TOKEN, "label": TOKEN}), "t", "another", &Privacy::Full, &KIND);
    let content: Value = serde_json::from_str(&got.content).unwrap();
    let id = content["id"].as_str().unwrap();
    assert!(id.starts_with("withheld:") && content["owner_id"] == *id && content["label"] == "withheld", "{content}");
}

#[test]
fn strings_are_found_whatever_they_hold() {
    let json = r#"{"a\\":"x","b":"c\"d","e":[1,"","f\\\"g"]}"#;
    assert_eq!(strings(json).collect::<Vec<_>>(), [r"a\\", "x", "b", r#"c\"d"#, "e", "", r#"f\\\"g"#]);
}

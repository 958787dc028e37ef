//! Answers that lie, as a review with an account of its own saw them believed: each says so, and none costs more than
//! itself.

use crate::collect::{account, budget};
use crate::fake::{FakeWorld, collect_all, records, reply, session};
use serde_json::{Value, json};
use source_kit::base::model::{CollectRequest, Coverage, CoverageState, Page};

fn collected(kinds: &[&str], at: &str, body: &Value) -> (Vec<Page>, Vec<String>) {
    let world =
        FakeWorld::new(
            |path: &str| {
                if path.split('?').next() == Some(at) { reply(200, body.to_string()) } else { account(path) }
            },
        );
    let kinds = kinds.iter().map(ToString::to_string).collect();
    let pages = collect_all(&world, &session("{}"), CollectRequest { kinds, ..budget(None, None) }).unwrap();
    let asked = world.journal.borrow().clone();
    (pages, asked)
}

fn of<'p>(pages: &'p [Page], kind: &str) -> &'p Coverage {
    pages.last().unwrap().coverage.iter().find(|coverage| coverage.kind == kind).unwrap()
}

fn findings(pages: &[Page]) -> Vec<&str> {
    pages.iter().flat_map(|page| &page.diagnostics).map(|finding| finding.message.as_str()).collect()
}

fn enveloped(data: &Value) -> Value {
    json!({"code": "Success", "message": "", "data": data})
}

#[test]
fn an_id_that_would_change_the_path_costs_its_item_alone() {
    for id in ["..", ".", "a/../b", "a/./b", "a\\..\\b", "../users", "é/..", "%2e%2e", "a%2f..%2fb", "..;x"] {
        let items = json!([{"id": id, "service": "s3"}, {"id": "c2", "service": "s3"}]);
        let (pages, asked) = collected(&["connection"], "/v1/connections", &enveloped(&json!({"items": items})));
        let coverage = of(&pages, "connection");
        assert_eq!((coverage.state, coverage.records), (CoverageState::Partial, 2), "{id}: {}", coverage.reason);
        assert!(coverage.reason.contains("could not be called for 1 item without a usable id"), "{}", coverage.reason);
        let details: Vec<&String> = asked.iter().filter(|path| path.starts_with("/v1/connections/")).collect();
        assert_eq!(details, ["/v1/connections/c2"], "{id}");
    }
}

#[test]
fn a_stamp_that_is_no_instant_is_a_missing_event() {
    for stamp in [json!(""), json!("yesterday"), json!(1_700_000_000_000_i64), json!(true)] {
        let user = json!({"id": "u", "created_at": "2025-01-01T00:00:00Z", "logged_in_at": stamp, "role": null});
        let (pages, _) = collected(&["audit_event"], "/v1/users", &enveloped(&json!({"items": [user]})));
        let coverage = of(&pages, "audit_event");
        assert_eq!(coverage.state, CoverageState::Partial, "{stamp}");
        assert!(coverage.reason.contains("GET /v1/users does not say when something happened"), "{}", coverage.reason);
        assert!(findings(&pages).iter().any(|found| found.contains("does not say when")), "{:?}", findings(&pages));
    }
}

#[test]
fn what_exists_was_created_and_without_a_stamp_that_event_is_missing() {
    for user in [
        json!({"id": "u", "role": null}),
        json!({"id": "u", "role": null, "created_at": null}),
        json!({"id": "u", "role": null, "created_at": "1970-01-01T00:00:00Z"}),
    ] {
        let (pages, _) = collected(&["audit_event"], "/v1/users", &enveloped(&json!({"items": [user]})));
        let coverage = of(&pages, "audit_event");
        assert_eq!(coverage.state, CoverageState::Partial, "{user}");
        assert!(coverage.reason.contains("GET /v1/users does not say when something happened"), "{}", coverage.reason);
    }
    let user = json!({"id": "u", "role": null, "created_at": "2025-01-01T00:00:00Z", "logged_in_at": null});
    let (pages, _) = collected(&["audit_event"], "/v1/users", &enveloped(&json!({"items": [user]})));
    let reason = &of(&pages, "audit_event").reason;
    assert!(!reason.contains("/v1/users does not say"), "whoever never logged in has no such event: {reason}");
}

#[test]
fn further_pages_that_are_named_otherwise_than_documented_are_noticed() {
    let roles = json!([{"name": "one", "is_custom": false, "scope": []}]);
    let sibling = |name: &str, value: Value| enveloped(&json!({"items": roles, name: value}));
    let mut outside = enveloped(&json!({"items": roles}));
    outside["next_cursor"] = "abc".into();
    for body in [
        sibling("nextCursor", json!("abc")),
        sibling("links", json!({"next": "https://api.fivetran.com/v1/roles?cursor=abc"})),
        sibling("page_info", json!({"next": "abc"})),
        sibling("paging", json!({"cursor": "abc"})),
        sibling("has_more", json!(true)),
        outside,
    ] {
        let (pages, _) = collected(&["role"], "/v1/roles", &body);
        let coverage = of(&pages, "role");
        assert_eq!((coverage.state, coverage.code), (CoverageState::Partial, "unknown-paging"), "{body}");
        assert!(findings(&pages).iter().any(|found| found.contains("further pages")), "{:?}", findings(&pages));
    }
    for body in [sibling("has_more", json!(false)), sibling("total", json!(1)), sibling("links", json!({}))] {
        let (pages, _) = collected(&["role"], "/v1/roles", &body);
        assert_eq!(of(&pages, "role").state, CoverageState::Complete, "{body}");
    }
}

#[test]
fn details_of_another_item_are_not_believed_and_reach_a_person() {
    for data in [json!({"id": "c2", "service": "s3"}), json!({}), json!([])] {
        let (pages, _) = collected(&["connection"], "/v1/connections/c1", &enveloped(&data));
        assert_eq!(of(&pages, "connection").state, CoverageState::Partial, "{data}");
        let found = findings(&pages);
        assert!(found.contains(&"GET /v1/connections/{id}: the answer's id is not that of the item"), "{found:?}");
    }
    let (pages, _) = collected(&["connection"], "/v1/connections/c1", &enveloped(&json!({"id": "c1"})));
    assert!(findings(&pages).iter().all(|found| !found.contains("not that of")), "{:?}", findings(&pages));
}

/// The one secret whose text is known, in answers that repeat it, and in the name of a field.
#[test]
fn the_own_secret_does_not_leave_whoever_repeats_it() {
    use base64::Engine;
    let secret = "s3cr3ts3cr3ts3cr3ts3cr3ts3cr3ts3";
    let pair = base64::engine::general_purpose::STANDARD.encode(format!("KEYkeyKEYkey1234:{secret}"));
    for text in [secret, &format!("x{secret}y"), &pair] {
        let group = json!({"id": text, "name": text, "created_at": text, text: 1});
        let (pages, _) = collected(&["group"], "/v1/groups", &enveloped(&json!({"items": [group]})));
        let out = format!("{:?}{:?}{:?}", findings(&pages), pages.last().unwrap().coverage, pages);
        let everything = pages.iter().fold(out, |out, page| format!("{out}{:?}{:?}", page.records, page.diagnostics));
        assert!(!everything.contains(secret) && !everything.contains(&pair), "{everything}");
        assert!(pages.iter().flat_map(|page| &page.records).any(|record| record.title.contains("withheld")));
    }
}

#[test]
fn no_secret_stands_in_the_cursor() {
    use base64::Engine;
    let decoded = |cursor: &str| {
        let json = cursor.split('.').nth(1).unwrap();
        String::from_utf8(base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(json).unwrap()).unwrap()
    };
    let token = "ghp_0123456789abcdefghijABCDEFGHIJ012345";
    let own = "s3cr3ts3cr3ts3cr3ts3cr3ts3cr3ts3";
    for text in [token, own, "KEYkey:s3cret@db.example.com"] {
        let world = FakeWorld::new(|path: &str| match path.split('?').next() {
            Some("/v1/account/info") => {
                let data = json!({"account_id": text, "account_name": format!("Of {text}"), "user_id": text, "system_key_id": text});
                reply(200, enveloped(&data).to_string())
            }
            Some("/v1/users") => {
                let me = json!({"id": text, "role": text, "created_at": "2025-01-01T00:00:00Z"});
                reply(200, enveloped(&json!({"items": [me]})).to_string())
            }
            Some("/v1/groups") => {
                let group = json!({"id": own, "name": "Prod", "created_at": "2025-01-01T00:00:00Z"});
                reply(200, enveloped(&json!({"items": [group]})).to_string())
            }
            _ => account(path),
        });
        let kept = session("{}");
        let pages = collect_all(&world, &kept, budget(Some(1), None)).unwrap();
        let cursors = pages.iter().filter_map(|page| page.cursor.as_deref()).map(decoded);
        cursors.for_each(|cursor| assert!(!cursor.contains(text) && !cursor.contains(own), "{cursor}"));
        let whole = collect_all(&world, &session("{}"), budget(None, None)).unwrap();
        assert_eq!(records(&pages), records(&whole), "the same wherever it was cut");
        assert!(!format!("{whole:?}").contains(text));
        let about: Value = serde_json::from_str(&records(&whole)[0].content).unwrap();
        let id = about["account_id"].as_str().unwrap().replace(':', "%3A");
        assert!(records(&whole).iter().all(|record| record.id.contains(&id)), "one account {id}");
    }
}

#[test]
fn in_the_hashed_mode_nobody_is_named_in_the_cursor() {
    use base64::Engine;
    let waits = std::cell::Cell::new(1);
    let world = FakeWorld::new(|path: &str| match path.split('?').next() {
        Some("/v1/account/info") => {
            let data = json!({"account_id": "acc", "account_name": "Of Ada Byron", "user_id": "me"});
            reply(200, enveloped(&data).to_string())
        }
        Some("/v1/users") if waits.get() > 0 => {
            waits.set(waits.get() - 1);
            Ok(source_kit::base::world::Response {
                status: 429,
                retry_after: Some("3600".into()),
                request_id: None,
                body: Vec::new(),
                body_digest: None,
            })
        }
        Some("/v1/users") => {
            let me = json!({"id": "me", "role": "Ada Byron's", "given_name": "Ada", "family_name": "Byron", "created_at": "2025-01-01T00:00:00Z"});
            reply(200, enveloped(&json!({"items": [me]})).to_string())
        }
        _ => account(path),
    });
    let pages = collect_all(&world, &session(HASHED), budget(Some(5), None)).unwrap();
    assert!(pages[0].not_before.is_some() && pages[0].records.is_empty(), "the list of users had to wait");
    for cursor in pages.iter().filter_map(|page| page.cursor.as_deref()) {
        let json = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(cursor.split('.').nth(1).unwrap()).unwrap();
        let json = String::from_utf8(json).unwrap();
        assert!(!json.contains("Byron"), "{json}");
    }
    let all = records(&pages);
    let name = all.last().unwrap().subject.name.as_deref().unwrap();
    assert!(name.starts_with("Of hmac-sha256:"), "{name}");
    assert!(all.last().unwrap().content.contains("hmac-sha256:"), "the role");
}

/// Settings that keep a word of the vendor's, of which any may be a key.
#[test]
fn what_should_be_a_word_is_withheld_when_it_is_none() {
    let key = "0123456789abcdef0123456789abcdef";
    for (kind, at, item, pointer) in [
        ("connection", "/v1/connections/c1", json!({"id": "c1", "daily_sync_time": key}), "/daily_sync_time"),
        ("connection", "/v1/connections/c1", json!({"id": "c1", "networking_method": key}), "/networking_method"),
        ("connection", "/v1/connections/c1", json!({"id": "c1", "config": {"region": key}}), "/config/region"),
        (
            "connection",
            "/v1/connections/c1",
            json!({"id": "c1", "config": {"auth_method": key}}),
            "/config/auth_method",
        ),
        ("destination", "/v1/destinations/g1", json!({"id": "g1", "region": key}), "/region"),
        ("destination", "/v1/destinations/g1", json!({"id": "g1", "networking_method": key}), "/networking_method"),
        ("webhook", "/v1/webhooks", json!({"id": "w", "events": ["sync_end", key]}), "/events/1"),
        (
            "system_key",
            "/v1/system-keys",
            json!({"id": "k", "permissions": [{"access_level": key}]}),
            "/permissions/0/access_level",
        ),
    ] {
        let is_list = matches!(at, "/v1/webhooks" | "/v1/system-keys");
        let data = if is_list { json!({"items": [item]}) } else { item };
        let (pages, _) = collected(&[kind], at, &enveloped(&data));
        assert!(!format!("{pages:?}").contains(key), "{pointer}");
        let all = records(&pages);
        let withheld = all.iter().filter(|record| record.kind == kind).flat_map(|record| &record.withheld);
        assert!(withheld.map(|one| one.pointer.as_str()).any(|one| one == pointer), "{pointer}");
    }
}

#[test]
fn the_name_of_an_unknown_field_is_judged_too() {
    let token = "ghp_0123456789abcdefghijABCDEFGHIJ012345";
    for (name, settings) in [(token, "{}"), ("eve@example.com", HASHED)] {
        let group = json!({"id": "g1", "name": "Prod", "created_at": "2025-01-01T00:00:00Z", name: 1});
        let world = FakeWorld::new(|path: &str| match path.split('?').next() {
            Some("/v1/groups") => reply(200, enveloped(&json!({"items": [group]})).to_string()),
            _ => account(path),
        });
        let pages = collect_all(&world, &session(settings), budget(None, None)).unwrap();
        assert!(!format!("{pages:?}").contains(name), "{:?}", findings(&pages));
        assert!(findings(&pages).iter().any(|found| found.contains("withheld") || found.contains("hmac-sha256")));
    }
}

const HASHED: &str = r#"{"personal_data": "hashed", "personal_data_key": "0123456789abcdef"}"#;

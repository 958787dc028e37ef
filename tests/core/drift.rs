//! What happens when Fivetran's answers are not as documented: nothing is lost, and it is said once.

use crate::fake::{Answer, FakeWorld, account_info, collect_all, records, session, success};
use serde_json::{Value, json};
use source_kit::base::model::{Budget, CollectRequest, CoverageState, Page};

/// Collects users from a list of these, one record a page.
fn collect_users(users: &[Value]) -> Vec<Page> {
    let list = json!({"items": users});
    let world = FakeWorld::new(move |path: &str| -> Answer {
        match path {
            "/v1/account/info" => account_info(),
            path if path.starts_with("/v1/users?") => success(&list),
            _ => success(&json!({"items": []})),
        }
    });
    let request = CollectRequest {
        kinds: vec!["user".into()],
        budget: Budget { max_records: Some(1), ..Budget::default() },
        ..CollectRequest::default()
    };
    collect_all(&world, &session("{}"), request).unwrap()
}

fn drift(pages: &[Page]) -> Vec<(&str, &str)> {
    let all = pages.iter().flat_map(|page| &page.diagnostics).filter(|diagnostic| diagnostic.code == "drift");
    all.map(|diagnostic| (diagnostic.pointer.as_str(), diagnostic.message.as_str())).collect()
}

fn contents(pages: &[Page]) -> Vec<Value> {
    let users = records(pages).into_iter().filter(|record| record.kind == "user");
    users.map(|record| serde_json::from_str(&record.content).unwrap()).collect()
}

fn user(change: impl Fn(&mut Value)) -> Value {
    let mut user = json!({
        "id": "one", "email": "a@example.com", "given_name": "A", "family_name": "B", "verified": true,
        "invited": false, "role": null, "active": true, "created_at": "2024-01-01T00:00:00Z", "logged_in_at": null,
    });
    change(&mut user);
    user
}

#[test]
fn what_is_not_as_documented_is_reported_once_and_the_rest_is_kept() {
    for (name, change, want) in [
        ("unknown field", json!({"mfa": true}), ("/mfa", "a field that is not known")),
        ("new enum value", json!({"user_type": "ROBOT"}), ("/user_type", "a value that is not known")),
        ("changed type", json!({"verified": {"since": 1}}), ("/verified", "an object")),
        ("fraction", json!({"invited": 0.5}), ("/invited", "a number with a fraction")),
    ] {
        let users: Vec<Value> = ["one", "two", "three"]
            .map(|id| {
                user(|user| {
                    user.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
                    user["id"] = id.into();
                })
            })
            .to_vec();
        let pages = collect_users(&users);
        let message = format!("GET /v1/users: {} is {}", want.0, want.1);
        assert_eq!(drift(&pages), [(want.0, message.as_str())], "{name}");
        assert_eq!(contents(&pages).len(), 3, "{name}");
        assert!(contents(&pages).iter().all(|content| content["email"] == "a@example.com"), "{name}");
        let coverage = &pages.last().unwrap().coverage;
        assert!(coverage.iter().all(|coverage| coverage.state == CoverageState::Complete), "{name}: {coverage:?}");
    }
}

#[test]
fn a_required_field_that_is_absent_is_reported_and_unknown_in_the_record() {
    let pages = collect_users(&[user(|user| {
        user.as_object_mut().unwrap().remove("active");
    })]);
    let untold = ("", "GET /v1/users does not say whether a user is suspended");
    assert_eq!(drift(&pages), [("/active", "GET /v1/users: /active is absent though documented"), untold]);
    assert_eq!(contents(&pages)[0].get("active"), None, "null would be an answer");
    let user = pages.last().unwrap().coverage.iter().find(|coverage| coverage.kind == "user").unwrap();
    assert_eq!((user.state, user.code), (CoverageState::Partial, "not-told"), "{}", user.reason);
}

#[test]
fn letter_case_numbers_as_texts_and_nulls_are_no_drift() {
    let pages = collect_users(&[user(|user| {
        user["user_type"] = "regular_user".into();
        user["active"] = "true".into();
        user["invited"] = Value::Null;
        user["id"] = 7.into();
        user["email"] = "".into();
    })]);
    assert_eq!(drift(&pages), []);
    let content = &contents(&pages)[0];
    assert_eq!((&content["user_type"], &content["active"]), (&"regular_user".into(), &true.into()));
    assert_eq!((&content["id"], &content["email"]), (&"7".into(), &Value::Null), "an empty text tells nothing");
}

#[test]
fn what_cannot_be_read_at_all_is_counted() {
    let pages = collect_users(&[json!("text"), json!({"email": "no id"}), user(|_| {})]);
    assert_eq!(contents(&pages).len(), 1);
    let coverage = pages.last().unwrap().coverage.iter().find(|coverage| coverage.kind == "user").unwrap();
    assert_eq!((coverage.state, coverage.items_failed), (CoverageState::Partial, 2));
    assert!(coverage.reason.contains("2 items"), "{}", coverage.reason);
}

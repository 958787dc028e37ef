//! Users and cloud resources.

use super::event::{Class, event, resource, unmapped};
use crate::export::Choice;
use crate::record::Record;
use serde_json::{Value, json};

/// Activity 2: collected.
const USERS: Class = Class { uid: 5003, activity: 2 };
const RESOURCES: Class = Class { uid: 5023, activity: 2 };
/// Worth knowing.
const INFORMATIONAL: u32 = 1;

/// Kinds whose records are resources.
const KINDS: [&str; 13] = [
    "account",
    "group",
    "destination",
    "connection",
    "log_service",
    "webhook",
    "external_secrets_manager",
    "private_link",
    "proxy_agent",
    "hybrid_deployment_agent",
    "connector_sdk_package",
    "transformation",
    "transformation_project",
];

/// Whether records of a kind have events of their own.
pub fn has_class(kind: &str) -> bool {
    kind == "user" || KINDS.contains(&kind)
}

/// An event for each user and each resource.
pub fn events(choice: &Choice<'_>) -> Vec<Value> {
    let of = |kind: &'static str| choice.has(kind).then(|| choice.collection.of_kind(kind)).into_iter().flatten();
    let users = of("user").map(|record| {
        let own = json!({"user": user(record), "unmapped": unmapped(choice, Some(record))});
        inventory(choice, USERS, record, own)
    });
    let resources = KINDS.into_iter().flat_map(of).map(|record| {
        let own = json!({"resources": [resource(choice, record)], "unmapped": unmapped(choice, Some(record))});
        inventory(choice, RESOURCES, record, own)
    });
    users.chain(resources).collect()
}

fn inventory(choice: &Choice<'_>, class: Class, record: &Record, own: Value) -> Value {
    let id = ["inventory", &record.id, &record.line.to_string()];
    let mut event = event(choice, class, &id, INFORMATIONAL, &record.observed_at, own);
    if let Value::Object(event) = &mut event {
        event.insert("message".into(), record.title.clone().into());
    }
    event
}

fn user(record: &Record) -> Value {
    let type_id = match record.text("/user_type") {
        Some("REGULAR_USER") => 1,
        Some("SERVICE_ACCOUNT") => 4,
        _ => 0,
    };
    let mut user = json!({"uid": record.subject.id, "type_id": type_id});
    if let Value::Object(user) = &mut user {
        user.extend(record.subject.name.as_ref().map(|name| ("full_name".into(), name.clone().into())));
        // A keyed hash is no address. The content has it as it is.
        let address = record.text("/email").filter(|email| is_address(email));
        user.extend(address.map(|address| ("email_addr".into(), address.into())));
    }
    user
}

/// Whether OCSF takes it for an e-mail address.
fn is_address(text: &str) -> bool {
    let Some((person, host)) = text.split_once('@') else { return false };
    let in_person = |letter: char| letter.is_ascii_alphanumeric() || "!#$%&'*+,-./=?^_`{|}~".contains(letter);
    let in_host = |letter: char| letter.is_ascii_alphanumeric() || "-.".contains(letter);
    let has_dot = host.split_once('.').is_some_and(|(first, rest)| !first.is_empty() && !rest.is_empty());
    !person.is_empty() && person.chars().all(in_person) && host.chars().all(in_host) && has_dot
}

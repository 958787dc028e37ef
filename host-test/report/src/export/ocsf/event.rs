//! What all events have in common.

use crate::export::identifiers::uuid;
use crate::export::{Choice, Kind};
use crate::record::{Record, instant};
use serde_json::{Map, Value, json};

/// The version of OCSF.
pub const VERSION: &str = "1.8.0";

/// A class of events, with the one activity that is meant here.
#[derive(Clone, Copy)]
pub struct Class {
    pub uid: u32,
    pub activity: u32,
}

/// What every event has, with these members of its own.
pub fn event(choice: &Choice<'_>, class: Class, id: &[&str], severity: u32, time: &str, own: Value) -> Value {
    let summary = choice.collection.summary();
    let mut event = json!({
        "activity_id": class.activity,
        "category_uid": class.uid / 1000,
        "class_uid": class.uid,
        "type_uid": class.uid * 100 + class.activity,
        "severity_id": severity,
        "time": instant(time).map_or(0, milliseconds),
        "metadata": {
            "version": VERSION,
            "uid": uuid(&[&[summary.chain_head.as_str()], id].concat()),
            "product": {
                "name": "compliance:source",
                "vendor_name": summary.component.id,
                "version": summary.component.version,
            },
        },
    });
    if let (Value::Object(event), Value::Object(own)) = (&mut event, own) {
        event.extend(own);
    }
    event
}

fn milliseconds(time: time::OffsetDateTime) -> i64 {
    time.unix_timestamp() * 1000 + i64::from(time.millisecond())
}

/// What OCSF has no place for: of the collection, and of a record with its kind.
pub fn unmapped(choice: &Choice<'_>, record: Option<&Record>) -> Map<String, Value> {
    let (account, name) = &choice.collection.account;
    let missing: Vec<String> = choice.incomplete().map(|(kind, words)| format!("{kind}: {words}")).collect();
    let mut all = Map::new();
    let mut put = |name: &str, value: Value| drop(all.insert(name.into(), value));
    put("account", json!({"uid": account, "name": name}));
    put("caveats", choice.caveats().into());
    put("incomplete_kinds", missing.into());
    put("seal", choice.collection.report.seal.clone().into());
    if let Some(record) = record {
        put("kind", record.kind.clone().into());
        put("coverage", json!(choice.kinds.iter().find(|kind| kind.id == record.kind).map(coverage)));
        put("record_id", record.id.clone().into());
        put("digest", record.digest.clone().into());
        put("observed_at", record.observed_at.clone().into());
        put("effective_at", json!(record.effective_at));
        put("valid_until", record.valid_until.clone().into());
        put("content", record.content.clone());
    }
    all
}

fn coverage(kind: &Kind<'_>) -> String {
    let warning = if kind.state.is_complete { "" } else { "INCOMPLETE: " };
    format!("{warning}{}", kind.state.words)
}

/// What a record is about.
pub fn resource(choice: &Choice<'_>, record: &Record) -> Value {
    let subject = &record.subject;
    let mut resource = json!({"uid": subject.id, "type": subject.kind.to_ascii_lowercase()});
    if let Value::Object(resource) = &mut resource {
        let name = subject.name.as_deref().or_else(|| choice.collection.names.get(&subject.kind, &subject.id));
        resource.extend(name.map(|name| ("name".into(), name.into())));
    }
    resource
}

//! An observation for each record.

use super::super::Kind;
use super::super::identifiers::uuid;
use super::context::Context;
use super::words::{line, prop, props, put};
use crate::record::Record;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// What the records are about, and the observations.
pub fn of_records(context: &Context<'_>) -> (Option<Value>, Vec<Value>) {
    let mut items = BTreeMap::new();
    let mut observations = Vec::new();
    for kind in &context.choice.kinds {
        for record in context.choice.collection.of_kind(kind.id) {
            if let Some(id) = subject(record) {
                items.entry(id.clone()).or_insert_with(|| item(context, &id, record));
            }
            observations.push(observation(context, kind, record));
        }
    }
    (Some(items.into_values().collect()), observations)
}

/// The UUID of a record's observation.
pub fn id(context: &Context<'_>, record: &Record) -> String {
    context.uuid(&["record", &record.id, &record.line.to_string()])
}

/// The UUID of what a record is about; `None` for what the source says of itself.
pub fn subject(record: &Record) -> Option<String> {
    let kind = record.subject.kind.to_ascii_lowercase();
    (!record.provenance.is_empty()).then(|| uuid(&["subject", &kind, &record.subject.id]))
}

/// A reference to what a record is about.
pub fn subject_reference(context: &Context<'_>, record: &Record) -> Option<Value> {
    subject(record)
        .map(|id| json!({"subject-uuid": id, "type": "inventory-item", "title": line(&name(context, record))}))
}

fn name(context: &Context<'_>, record: &Record) -> String {
    let kind = record.subject.kind.to_ascii_lowercase();
    format!("{kind} {}", context.choice.collection.names.shown(&kind, &record.subject.id))
}

fn item(context: &Context<'_>, id: &str, record: &Record) -> Value {
    let all = [prop("type", &record.subject.kind.to_ascii_lowercase()), prop("id", &record.subject.id)];
    let mut item = json!({"uuid": id, "description": line(&name(context, record))});
    put(&mut item, "props", Some(props(all.into_iter())));
    item
}

fn observation(context: &Context<'_>, kind: &Kind<'_>, record: &Record) -> Value {
    let mut observation = json!({
        "uuid": id(context, record),
        "title": line(&record.title),
        "description": line(&record.title),
        "props": record_props(kind, record),
        // A source looks at what the vendor's interface shows. It exercises nothing.
        "methods": ["EXAMINE"],
        "origins": [{"actors": [{"type": "tool", "actor-uuid": context.tool}]}],
        "relevant-evidence": evidence(context, record),
        "collected": record.observed_at,
        "expires": record.valid_until,
    });
    put(&mut observation, "subjects", subject_reference(context, record).map(|subject| json!([subject])));
    observation
}

fn record_props(kind: &Kind<'_>, record: &Record) -> Value {
    let fixed = [
        prop("kind", kind.id),
        prop("record_id", &record.id),
        prop("observed_at", &record.observed_at),
        prop("effective_at", record.effective_at.as_deref().unwrap_or_default()),
        prop("valid_until", &record.valid_until),
        prop("coverage", if kind.state.is_complete { "complete" } else { "INCOMPLETE" }),
    ];
    let withheld = record.withheld.iter().map(|left| prop("withheld", &format!("{} ({})", left.pointer, left.reason)));
    props(fixed.into_iter().chain(withheld))
}

/// Where the record stands, and which responses it was read from.
fn evidence(context: &Context<'_>, record: &Record) -> Value {
    let witnessed = context.choice.collection.is_witnessed(record);
    let description = format!("Line {} of evidence.jsonl", record.line);
    let all =
        [prop("digest", &record.digest), prop("witnessed", &witnessed.map_or_else(String::new, |is| is.to_string()))];
    let mut list = vec![json!({
        "href": format!("#{}", context.evidence),
        "description": description,
        "props": props(all.into_iter()),
    })];
    list.extend(record.provenance.iter().map(|origin| {
        let all = [
            prop("request", &origin.request),
            prop("read_at", &origin.read_at),
            prop("body_digest", &origin.body_digest),
        ];
        json!({"description": "A response that the record was read from", "props": props(all.into_iter())})
    }));
    json!(list)
}

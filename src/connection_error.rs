//! `connection_error`: what is wrong with a connection now, by type, and when it last happened. Collected only when
//! it is asked for: `connection` already has the codes of open tasks, and this costs a call per connection.
//!
//! Private preview: where it is off, Fivetran answers 403 or 404. One error for each type; it goes when it is solved,
//! and its time moves with each occurrence: a state, and no event. <https://fivetran.com/docs/developer-resources/rest-api/api-reference/connections/connection-errors>,
//! read 2026-11.

use crate::audit_event;
use crate::types::{Findings, Item, Part};
use alloc::format;
use serde::Serialize;
use source_kit::{
    Cost, DAILY, Draft, Emit, Field, Kind, Nature, Origin, PartAnswer, Subject, Text, Unread, When, Withheld,
    WithheldReason, wire,
};

/// The catalogue's entry.
pub const KIND: Kind = Kind {
    id: "connection_error",
    title: "Errors of connections",
    description: "Every error of a connection that is active now, by type, with the time when it last happened; never its text.",
    keywords: &["error", "failure", "incident detection", "pipeline monitoring", "availability"],
    nature: Nature::Inventory,
    personal_data: false,
    schema_version: 1,
    content_schema: include_str!("schemas/connection_error.json"),
    endpoints: &["GET /v1/connections/{id}/errors"],
    permissions: &["CONNECTOR:READ"],
    plan_gate: Some("Private preview of connection errors"),
    cost: Cost::PerItem,
    when: When::Asked,
    valid_for_seconds: DAILY,
    spread: false,
};

/// The call for each connection.
pub const PART: Part = Part {
    name: "errors",
    path: "/v1/connections/{id}/errors",
    permission: "CONNECTOR:READ",
    feeds: &[&KIND],
    key: "type",
    preview: true,
    project: Some(project),
    ..Part::LIST
};

/// An error of a connection.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(deny_unknown_fields))]
pub struct ConnectionErrorContent<'a> {
    /// The connection.
    pub connection_id: &'a str,
    /// When an error of this type last happened to it, as Fivetran wrote it; null when Fivetran does not say.
    #[cfg_attr(feature = "schema", schemars(extend("x-change" = "activity")))]
    pub created_at: Option<&'a str>,
    /// What it is, e.g. reconnect, `unknown_sync_failure` or `sync_warning`.
    #[serde(rename = "type")]
    pub kind: &'a str,
}

wire! {
    /// An item of the answer.
    pub struct ConnectionError<'a> {
        kind = "type": Text<'a>,
        title: Field<Unread>,
        reason: Field<Unread>,
        message: Field<Unread>,
        created_at: Text<'a>,
    }
}

fn project(item: &Item<'_>, answer: &PartAnswer, out: &mut Emit<'_>, findings: &mut Findings) {
    answer.for_each(|origin, json| emit(out, origin, item.id, json, findings));
}

fn emit(out: &mut Emit<'_>, origin: &Origin<'_>, connection_id: &str, json: &str, findings: &mut Findings) {
    let Some(error) = findings.read::<ConnectionError<'_>>(PART.path, json) else { return };
    let Some(kind) = findings.id(&error.kind) else { return };
    let created_at = error.created_at.text();
    let texts = [("/message", &error.message), ("/reason", &error.reason), ("/title", &error.title)];
    let withheld = texts.into_iter().filter(|(_, text)| text.is_set());
    let last = out.told(
        &KIND,
        audit_event::known_instant(&error.created_at).flatten(),
        "an unknown time",
        "when an error last happened",
    );
    out.record(Draft {
        kind: &KIND,
        native_id: &[connection_id, kind],
        title: format!("Connection {connection_id} has an active error {kind}, last at {last}"),
        subject: Subject { id: connection_id.into(), name: None, kind: "connection" },
        effective_at: created_at.and_then(audit_event::instant_of),
        content: &ConnectionErrorContent { connection_id, created_at, kind },
        from: &[origin],
        withheld: withheld
            .map(|(pointer, _)| Withheld { pointer: pointer.into(), reason: WithheldReason::FreeText })
            .collect(),
    });
}

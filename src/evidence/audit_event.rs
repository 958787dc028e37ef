//! `audit_event`: what Fivetran itself stamped on a resource, in the words of its audit trail.
//!
//! Fivetran's REST API has no audit log. Its resources carry instants and sometimes an actor; each
//! such stamp becomes one event, which names the field it was read from (`basis`) and never claims
//! more than that field says. Vocabulary: the `AUDIT_TRAIL` table of the Fivetran Platform
//! Connector, <https://fivetran.com/docs/logs/fivetran-platform/table-reference>, read 2026-11;
//! `LOGIN` and `SYNC` are ours, for stamps that the table has no word for.

use super::emit::{Draft, Emit, Origin};
use super::kind::{Cost, Kind, When, YEAR};
use crate::instant::Instant;
use crate::model::Subject;
use alloc::format;
use alloc::vec::Vec;
use serde::Serialize;

/// The catalogue's entry.
pub const KIND: Kind = Kind {
    id: "audit_event",
    title: "Audit events read from resource stamps",
    description: "Every action that Fivetran stamps on a resource with an instant: created, logged in, granted, synced. Derived from resource fields, not read from an audit log: Fivetran's REST API has none. Only the latest of each repeatable action (login, sync) is known.",
    keywords: &["audit log", "audit trail", "activity", "who did what", "login", "created"],
    schema_version: 1,
    content_schema: include_str!("../schemas/audit_event.json"),
    endpoints: &[
        "GET /v1/users",
        "GET /v1/teams/{id}/users",
        "GET /v1/users/{id}/groups",
        "GET /v1/users/{id}/connections",
        "GET /v1/teams/{id}/groups",
        "GET /v1/teams/{id}/connections",
        "GET /v1/groups",
        "GET /v1/connections",
    ],
    permissions: &["USER:READ", "TEAM:READ", "DESTINATION:READ", "CONNECTOR:READ"],
    plan_gate: None,
    cost: Cost::Free,
    when: When::Default,
    valid_for_seconds: YEAR,
};

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub enum Action {
    /// The resource came to be.
    Create,
    /// The resource was changed.
    Edit,
    /// A user logged in. Not a word of Fivetran's audit trail.
    Login,
    /// A connection synced. Not a word of Fivetran's audit trail.
    Sync,
}

/// One action that Fivetran stamped on a resource.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema), schemars(deny_unknown_fields))]
pub struct AuditEvent<'a> {
    /// What happened.
    pub action: Action,
    /// JSON pointer, in the resource's object, of the field that names the actor; null when no field does.
    pub actor_basis: Option<&'a str>,
    /// JSON pointer, in the resource's object, of the instant this event was read from.
    pub basis: &'a str,
    /// When Fivetran says it happened: RFC 3339 in UTC, cut to milliseconds.
    pub captured_at: &'a str,
    /// How it was done (WEB_UI, API or SYSTEM). Stamps never tell: always null.
    pub interaction_method: Option<&'a str>,
    /// How it ended, where the stamp tells (`succeeded` or `failed`, for a sync); else null.
    pub outcome: Option<&'a str>,
    /// Id of what was acted on.
    pub primary_resource_id: &'a str,
    /// What was acted on, e.g. USER, TEAM, DESTINATION, CONNECTION.
    pub primary_resource_type: &'a str,
    /// Id of what else was concerned; null when nothing was.
    pub secondary_resource_id: Option<&'a str>,
    /// What else was concerned; null when nothing was.
    pub secondary_resource_type: Option<&'a str>,
    /// Always `resource_stamp`: this is not an entry of Fivetran's audit log.
    pub source: &'a str,
    /// Id of who did it; null when Fivetran does not say. The id may belong to a user deleted since.
    pub user_id: Option<&'a str>,
}

/// A stamp found on a resource.
pub struct Stamp<'a> {
    /// What happened.
    pub action: Action,
    /// The stamp as Fivetran wrote it.
    pub at: Option<&'a str>,
    /// Name of the field that held it.
    pub field: &'static str,
    /// Who did it, and the JSON pointer of the field that says so.
    pub actor: Option<(&'a str, &'static str)>,
    /// How it ended.
    pub outcome: Option<&'static str>,
    /// Type and id of what was acted on.
    pub primary: (&'static str, &'a str),
    /// Type and id of what else was concerned.
    pub secondary: Option<(&'static str, &'a str)>,
    /// Kind and native id parts of the record that it was found on.
    pub on: &'a [&'a str],
}

/// Makes the event of a stamp. Null, unreadable and placeholder (1970) stamps are no events, and
/// neither is what lies before `since`.
pub fn emit(out: &mut Emit<'_>, origin: &Origin<'_>, stamp: &Stamp<'_>) {
    let Some(at) = stamp.at.and_then(instant_of) else { return };
    if !out.wants(&KIND) || out.since.is_some_and(|since| at < since) {
        return;
    }
    let captured_at = at.to_rfc3339();
    let basis = format!("/{}", stamp.field);
    let mut native_id: Vec<&str> = stamp.on.to_vec();
    native_id.extend([stamp.field, captured_at.as_str()]);
    let (primary_type, primary_id) = stamp.primary;
    let word = verb(stamp.action, stamp.outcome);
    out.record(Draft {
        kind: &KIND,
        native_id: &native_id,
        title: format!("{} {primary_id} {word} at {captured_at}", noun(primary_type)),
        subject: Subject { id: primary_id.into(), name: None, kind: primary_type },
        effective_at: Some(at),
        content: &AuditEvent {
            action: stamp.action,
            actor_basis: stamp.actor.map(|actor| actor.1),
            basis: &basis,
            captured_at: &captured_at,
            interaction_method: None,
            outcome: stamp.outcome,
            primary_resource_id: primary_id,
            primary_resource_type: primary_type,
            secondary_resource_id: stamp.secondary.map(|secondary| secondary.1),
            secondary_resource_type: stamp.secondary.map(|secondary| secondary.0),
            source: "resource_stamp",
            user_id: stamp.actor.map(|actor| actor.0),
        },
        from: &[origin],
        withheld: Vec::new(),
    });
}

/// The instant of a stamp that is one.
pub fn instant_of(text: &str) -> Option<Instant> {
    Instant::parse_rfc3339(text).filter(|at| at.0 != 0)
}

fn verb(action: Action, outcome: Option<&str>) -> &'static str {
    match (action, outcome) {
        (Action::Create, _) => "was created",
        (Action::Edit, _) => "was given access",
        (Action::Login, _) => "logged in",
        (Action::Sync, Some("failed")) => "failed to sync",
        (Action::Sync, _) => "synced",
    }
}

fn noun(resource_type: &str) -> &'static str {
    match resource_type {
        "USER" => "User",
        "TEAM" => "Team",
        "DESTINATION" => "Destination",
        "CONNECTION" => "Connection",
        _ => "Resource",
    }
}

//! `audit_event`: what Fivetran itself stamped on a resource, in the words of its audit trail.
//!
//! Fivetran's REST API has no audit log. Its resources carry instants and sometimes an actor; each
//! such stamp becomes one event, which names the field it was read from (`basis`) and never claims
//! more than that field says. Vocabulary: the `AUDIT_TRAIL` table of the Fivetran Platform
//! Connector, <https://fivetran.com/docs/logs/fivetran-platform/table-reference>, read 2026-11;
//! `LOGIN`, `RUN`, `SYNC`, `USE` and `VALIDATE` are ours, for stamps that the table has no word for.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use serde::Serialize;
use source_kit::base::timestamp::Timestamp;
use source_kit::{Cost, Draft, Emit, Kind, Known, Nature, Origin, Subject, Text, When, YEAR};

/// The catalogue's entry.
pub const KIND: Kind = Kind {
    id: "audit_event",
    title: "Audit events read from resource stamps",
    description: "Every action that Fivetran stamps on a resource with a time: created, changed, logged in, granted, trusted, used, run, synced. Derived from resource fields, not read from an audit log: Fivetran's REST API has none. Only the latest of each repeatable action is known, except for syncs when sync_run is asked for.",
    keywords: &["audit log", "audit trail", "activity", "who did what", "login", "created"],
    nature: Nature::Event,
    personal_data: true,
    schema_version: 1,
    content_schema: include_str!("schemas/audit_event.json"),
    endpoints: &[
        "GET /v1/users",
        "GET /v1/users/{id}/groups",
        "GET /v1/users/{id}/connections",
        "GET /v1/users/{id}/api-keys",
        "GET /v1/teams/{id}/users",
        "GET /v1/teams/{id}/groups",
        "GET /v1/teams/{id}/connections",
        "GET /v1/groups",
        "GET /v1/destinations/{id}/certificates",
        "GET /v1/destinations/{id}/fingerprints",
        "GET /v1/connections",
        "GET /v1/connections/{id}/certificates",
        "GET /v1/connections/{id}/fingerprints",
        "GET /v1/webhooks",
        "GET /v1/system-keys",
        "GET /v1/external-secrets-managers",
        "GET /v1/private-links",
        "GET /v1/proxy",
        "GET /v1/hybrid-deployment-agents",
        "GET /v1/connector-sdk/packages",
        "GET /v1/transformations",
        "GET /v1/transformation-projects",
    ],
    permissions: &[
        "USER:READ",
        "TEAM:READ",
        "DESTINATION:READ",
        "CONNECTOR:READ",
        "WEBHOOK:READ",
        "PRIVATE_LINK:READ",
        "PROXY:READ",
        "REMOTE_EXECUTION_AGENT:READ",
        "TRANSFORMATION:READ",
    ],
    plan_gate: None,
    cost: Cost::PerItem,
    when: When::Default,
    valid_for_seconds: YEAR,
    spread: true,
};

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum Action {
    /// The resource came to be.
    Create,
    /// The resource was changed.
    Edit,
    /// A user logged in. Not a word of Fivetran's audit trail.
    Login,
    /// A transformation was run. Not a word of Fivetran's audit trail.
    Run,
    /// A connection synced. Not a word of Fivetran's audit trail.
    Sync,
    /// A key was used. Not a word of Fivetran's audit trail.
    Use,
    /// Someone declared a certificate or fingerprint to be trusted. Not a word of Fivetran's audit
    /// trail.
    Validate,
}

/// One action that Fivetran stamped on a resource.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(deny_unknown_fields))]
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
    action: Action,
    at: Option<&'a str>,
    is_missing: bool,
    is_odd: bool,
    field: &'static str,
    actor: Option<(&'a str, &'static str)>,
    outcome: Option<&'static str>,
}

impl<'a> Stamp<'a> {
    /// What happened, the stamp as Fivetran wrote it, and the name of the field that held it. What exists was
    /// created: without an instant that event is missing, while the others may never have happened.
    pub fn new(action: Action, at: &'a Text<'_>, field: &'static str) -> Self {
        let is_odd = at.is_set() && at.known_stamp().is_none();
        let is_missing = match (action, field) {
            // A grant is an edit whose stamp is its `created_at`, which is always there.
            (Action::Create, _) | (_, "created_at") => at.text().and_then(instant_of).is_none(),
            // Fivetran documents these as always there.
            (Action::Login | Action::Validate, _) => at.known_stamp().is_none(),
            _ => is_odd,
        };
        Self { action, at: at.text(), is_missing, is_odd, field, actor: None, outcome: None }
    }

    /// Who did it, where there is such a field, and the JSON pointer of it.
    #[must_use]
    pub fn by(self, actor: &'a Text<'_>, pointer: &'static str) -> Self {
        let actor = actor.text().filter(|id| !id.is_empty()).map(|id| (id, pointer));
        Self { actor, ..self }
    }

    /// The same where Fivetran need not say when: then the event is missing only if what it says cannot be read.
    #[must_use]
    pub fn optional(self) -> Self {
        Self { is_missing: self.is_odd, ..self }
    }

    /// How it ended.
    #[must_use]
    pub fn ending(self, outcome: &'static str) -> Self {
        Self { outcome: Some(outcome), ..self }
    }
}

/// What was acted on.
pub struct Target<'a> {
    /// Type and id of it.
    pub primary: (&'static str, &'a str),
    /// Type and id of what else was concerned.
    pub secondary: Option<(&'static str, &'a str)>,
    /// Kind and native id parts of the record that the stamps were found on.
    pub on: &'a [&'a str],
}

/// Makes the events of stamps. Null and placeholder (1970) stamps are no events, and neither is what lies before
/// `since`. The kind is short of the event of a stamp that cannot be read or lies in the future, and of one that has to
/// be there and is not.
pub fn emit(out: &mut Emit<'_>, origin: &Origin<'_>, target: &Target<'_>, stamps: &[Stamp<'_>]) {
    if !out.wants(&KIND) {
        return;
    }
    let to_come = |stamp: &Stamp<'_>| stamp.at.and_then(instant_of).is_some_and(|at| is_to_come(at, origin));
    if stamps.iter().any(|stamp| stamp.is_missing || to_come(stamp)) {
        out.unknown(&KIND, "when something happened");
    }
    for stamp in stamps.iter().filter(|stamp| !to_come(stamp)) {
        if let Some(at) = stamp.at.and_then(instant_of).filter(|at| out.since.is_none_or(|since| *at >= since)) {
            emit_one(out, origin, target, stamp, at);
        }
    }
}

/// Clocks may differ by so many milliseconds.
const SKEW: i64 = 5 * 60_000;

/// Whether an instant is later than the reading: what is still to come has not happened.
pub fn is_to_come(at: Timestamp, origin: &Origin<'_>) -> bool {
    at.0.saturating_sub(SKEW) > origin.seen.read_at.0
}

fn emit_one(out: &mut Emit<'_>, origin: &Origin<'_>, target: &Target<'_>, stamp: &Stamp<'_>, at: Timestamp) {
    let captured_at = at.to_rfc3339();
    let basis = format!("/{}", stamp.field);
    let mut native_id: Vec<&str> = target.on.to_vec();
    native_id.extend([stamp.field, captured_at.as_str()]);
    let (primary_type, primary_id) = target.primary;
    out.record(Draft {
        kind: &KIND,
        native_id: &native_id,
        title: format!("{} {primary_id} {} at {captured_at}", noun(primary_type), verb(stamp)),
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
            secondary_resource_id: target.secondary.map(|secondary| secondary.1),
            secondary_resource_type: target.secondary.map(|secondary| secondary.0),
            source: "resource_stamp",
            user_id: stamp.actor.map(|actor| actor.0),
        },
        from: &[origin],
        withheld: Vec::new(),
    });
}

/// The instant of a stamp that is one. The beginning of 1970, or anything before it, stands for never.
pub fn instant_of(text: &str) -> Option<Timestamp> {
    Timestamp::parse_rfc3339(text).filter(|at| at.0 >= 1000)
}

/// What Fivetran says of an instant. What is none, or stands for never, says nothing.
pub fn known_instant<'t>(at: &'t Text<'_>) -> Known<&'t str> {
    at.known_as(|at| instant_of(at).is_some())
}

fn verb(stamp: &Stamp<'_>) -> &'static str {
    match (stamp.action, stamp.field, stamp.outcome) {
        (Action::Create, ..) => "was created",
        (Action::Edit, "created_at", _) => "was given access",
        (Action::Edit, ..) => "was changed",
        (Action::Login, ..) => "logged in",
        (Action::Run, ..) => "was run",
        (Action::Sync, _, Some("failed")) => "failed to sync",
        (Action::Sync, "start_time", _) => "began to sync",
        (Action::Sync, ..) => "synced",
        (Action::Use, ..) => "was used",
        (Action::Validate, ..) => "was trusted",
    }
}

/// `SYSTEM_KEY` as "System key".
fn noun(resource_type: &str) -> String {
    let mut out: String = resource_type.to_ascii_lowercase().replace('_', " ");
    if let Some(first) = out.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    out
}

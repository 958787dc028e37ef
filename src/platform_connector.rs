//! The Fivetran Platform Connector: a connection that writes Fivetran's own logs, and its audit trail
//! with them where the plan has one, to the customer's warehouse. `connection.rs` finds it; this file says what it means for
//! audit logging. <https://fivetran.com/docs/logs/fivetran-platform>, read 2026-11.

use crate::audit_event::{instant_of, is_to_come};
use crate::audit_logging::{self, Mechanism};
use crate::notes::Fact;
use crate::types::Findings;
use source_kit::read::node::Node;
use source_kit::{Emit, Field, FreeForm, Known, Origin, Text};

/// Its service id.
pub const SERVICE: &str = "fivetran_log";
/// Twice a sync's rhythm, but at least this, may pass until a success is no longer fresh.
const FRESH_MINUTES: i64 = 24 * 60;

/// What of the connection tells.
#[expect(missing_docs, reason = "each field is documented at the content of a connection")]
pub struct Synced<'a> {
    pub id: &'a str,
    pub group_id: Option<&'a str>,
    pub config: &'a Field<FreeForm<'a>>,
    pub paused: Option<bool>,
    pub setup_state: Option<&'a str>,
    pub succeeded_at: &'a Text<'a>,
    pub sync_minutes: Option<i64>,
}

/// Emits the mechanism.
pub fn emit(out: &mut Emit<'_>, origin: &Origin<'_>, connection: &Synced<'_>, findings: &mut Findings) {
    let level = connection.config.get().and_then(is_account_level);
    let scope = level.map(|is_account| if is_account { "account" } else { "group" });
    let enabled = connection.paused.map(|paused| !paused);
    let last_success = last_success(connection, origin);
    let succeeded = last_success.map(|stamp| stamp.and_then(instant_of));
    let never = succeeded == Some(None);
    let age = succeeded.flatten().map(|at| origin.seen.read_at.0.saturating_sub(at.0) / 60_000);
    let fresh = if never { Some(false) } else { age.and_then(|age| is_fresh(age, connection.sync_minutes)) };
    let mechanism = Mechanism {
        mechanism: "platform_connector",
        native_id: &["platform_connector", connection.id],
        id: connection.id,
        scope,
        scope_id: connection.group_id,
        service: Some(SERVICE),
        enabled,
        healthy: connection.setup_state.and_then(audit_logging::is_connected),
        last_success,
        fresh,
    };
    audit_logging::emit(out, &[origin], &mechanism);
    let unknown = match (enabled, scope, connection.group_id) {
        (Some(false), ..) => None,
        (None, ..) => Some("whether a Platform Connector is paused"),
        (_, None, _) => Some("which scope a Platform Connector has"),
        (_, _, None) => Some("which group a Platform Connector is of"),
        _ if last_success.is_none() => Some("when a Platform Connector last succeeded"),
        _ => None,
    };
    if let Some(what) = unknown {
        out.unknown(&audit_logging::KIND, what);
    }
    match (enabled, scope, connection.group_id) {
        // It has carried nothing away yet.
        _ if never => {}
        (Some(true), Some("account"), _) => findings.facts.push(Fact::AccountExported),
        // Whatever its scope, its own group is within it.
        (Some(true), _, Some(group)) => findings.facts.push(Fact::GroupExported(group.into())),
        _ => {}
    }
}

/// When it last succeeded, as Fivetran wrote it. What is still to come cannot have happened, and tells nothing.
fn last_success<'a>(connection: &Synced<'a>, origin: &Origin<'_>) -> Known<&'a str> {
    let stamp = connection.succeeded_at.known_stamp()?;
    let is_to_come = stamp.and_then(instant_of).is_some_and(|at| is_to_come(at, origin));
    (!is_to_come).then_some(stamp)
}

/// Whether a success of so many minutes ago is fresh; `None` when that depends on a rhythm which is not known.
fn is_fresh(age: i64, rhythm: Option<i64>) -> Option<bool> {
    if age <= FRESH_MINUTES {
        return Some(true);
    }
    rhythm.map(|minutes| age <= minutes.saturating_mul(2))
}

/// Whether it is the account's; `None` when the config does not tell.
fn is_account_level(config: &FreeForm<'_>) -> Option<bool> {
    let (_, value) = config.0.iter().find(|(name, _)| name == "is_account_level_connector")?;
    match value {
        Node::Bool(value) => Some(*value),
        value => value.text().and_then(|text| text.parse().ok()),
    }
}

//! `audit_trail_entry`: one row of Fivetran's own audit trail.
//!
//! <https://fivetran.com/docs/logs/fivetran-platform/table-reference>, read 2026-11. Actions and types are an open
//! set: unknown ones are kept as the texts they are.

use crate::row::Row;
use crate::table::SYNCED;
use crate::values::{Side, changed};
use alloc::borrow::Cow;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use serde::Serialize;
use source_kit::record::sift::Kept;
use source_kit::{Cost, Draft, Emit, Kind, Nature, Origin, Subject, When, YEAR};

/// The catalogue's entry.
pub const KIND: Kind = Kind {
    id: "audit_trail_entry",
    title: "Audit trail",
    description: "Entries of Fivetran's own audit trail, read from the table AUDIT_TRAIL that the Fivetran Platform Connector writes: who did what to what, when and how, and which settings changed. Values of settings come only for those that the Fivetran source shows too.",
    keywords: &["audit log", "audit trail", "activity", "who did what", "change management", "privileged access"],
    nature: Nature::Event,
    personal_data: true,
    schema_version: 1,
    content_schema: include_str!("schemas/audit_trail_entry.json"),
    endpoints: &["AUDIT_TRAIL"],
    permissions: &["SELECT on AUDIT_TRAIL"],
    plan_gate: Some("Enterprise or Business Critical"),
    cost: Cost::PerPage,
    when: When::Default,
    valid_for_seconds: YEAR,
    spread: false,
};

/// One entry of the audit trail.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(deny_unknown_fields))]
pub struct AuditTrailEntry<'a> {
    /// What was done, e.g. CREATE, EDIT or DELETE.
    pub action: Option<&'a str>,
    /// When it was done: RFC 3339 in UTC, with microseconds, as the table has them.
    pub captured_at: String,
    /// Names of settings that differ between the old and the new values, sorted; null where there are neither, one of
    /// the columns is not there, or they cannot be compared. `withheld` stands for names that do not look like one.
    pub changed: Option<Vec<String>>,
    /// How it was done: WEB_UI, API or SYSTEM.
    pub interaction_method: Option<&'a str>,
    /// Settings after it, as far as they are kept; all others are listed as withheld.
    #[cfg_attr(
        feature = "schema",
        schemars(with = "Option<alloc::collections::BTreeMap<alloc::string::String, serde_json::Value>>")
    )]
    pub new_values: Option<Kept<'a>>,
    /// Settings before it, as far as they are kept; all others are listed as withheld.
    #[cfg_attr(
        feature = "schema",
        schemars(with = "Option<alloc::collections::BTreeMap<alloc::string::String, serde_json::Value>>")
    )]
    pub old_values: Option<Kept<'a>>,
    /// Id of what was acted on.
    pub primary_resource_id: Option<Cow<'a, str>>,
    /// What was acted on, e.g. USER, TEAM, DESTINATION, CONNECTION.
    pub primary_resource_type: Option<&'a str>,
    /// Id of what else was concerned.
    pub secondary_resource_id: Option<Cow<'a, str>>,
    /// What else was concerned.
    pub secondary_resource_type: Option<&'a str>,
    /// Always `audit_trail`: this is an entry of Fivetran's audit trail.
    pub source: &'a str,
    /// When Fivetran wrote the row: RFC 3339 in UTC, cut to milliseconds.
    pub synced_at: Option<String>,
    /// Id of the entry.
    pub trail_id: Cow<'a, str>,
    /// Id of who did it; null when Fivetran does not say. The id may belong to a user deleted since.
    pub user_id: Option<Cow<'a, str>>,
}

/// Makes the record of a row of the audit trail.
///
/// # Errors
/// Why there is none, in words.
pub fn emit(row: &Row<'_>, from: &[&Origin<'_>], out: &mut Emit<'_>) -> Result<(), &'static str> {
    let mut withheld = Vec::new();
    let at = row.instant("captured_at").zip(row.micros("captured_at"));
    let (at, captured_at) = at.ok_or("an entry does not say when it was captured")?;
    let trail_id = row.id("id", out, &mut withheld).ok_or("an entry has no id")?;
    let (old, new) = (Side::of(row.text("old_values")), Side::of(row.text("new_values")));
    let content = AuditTrailEntry {
        action: row.word("action", &mut withheld),
        captured_at,
        changed: if row.has("old_values") && row.has("new_values") { changed(&old, &new) } else { None },
        interaction_method: row.word("interaction_method", &mut withheld),
        new_values: new.kept("new_values", out, &mut withheld),
        old_values: old.kept("old_values", out, &mut withheld),
        primary_resource_id: row.id("primary_resource_id", out, &mut withheld),
        primary_resource_type: row.word("primary_resource_type", &mut withheld),
        secondary_resource_id: row.id("secondary_resource_id", out, &mut withheld),
        secondary_resource_type: row.word("secondary_resource_type", &mut withheld),
        source: "audit_trail",
        synced_at: row.instant(SYNCED).map(|at| at.to_rfc3339()),
        trail_id,
        user_id: row.id("user_id", out, &mut withheld),
    };
    let kind = content.primary_resource_type.map_or("unknown", resource_type);
    let id = content.primary_resource_id.as_deref();
    let title = format!(
        "{} of {} {} at {}",
        content.action.unwrap_or("Unknown action"),
        content.primary_resource_type.unwrap_or("something unknown"),
        id.unwrap_or("without id"),
        at.to_rfc3339()
    );
    out.record(Draft {
        kind: &KIND,
        // By the microsecond, as the table has it.
        native_id: &[&content.trail_id, row.text("captured_at").unwrap_or_default()],
        title,
        subject: Subject { id: id.unwrap_or(&content.trail_id).into(), name: None, kind },
        effective_at: Some(at),
        content: &content,
        from,
        withheld,
    });
    Ok(())
}

/// The type of a resource as subjects have it.
fn resource_type(text: &str) -> &'static str {
    TYPES.iter().find(|known| text.eq_ignore_ascii_case(known)).copied().unwrap_or("other")
}

/// Types that are documented, and those of the stamps that the Fivetran source reads. `reconcile` compares no others.
pub const TYPES: &[&str] = &[
    "ACCOUNT",
    "API_KEY",
    "CERTIFICATE",
    "CONNECTION",
    "CONNECTOR",
    "CONNECTOR_SDK_PACKAGE",
    "DESTINATION",
    "EXTERNAL_LOG_SERVICE",
    "EXTERNAL_SECRETS_MANAGER",
    "FINGERPRINT",
    "GROUP",
    "HYBRID_DEPLOYMENT_AGENT",
    "PRIVATE_LINK",
    "PROXY_AGENT",
    "ROLE",
    "SYSTEM_KEY",
    "TEAM",
    "TRANSFORMATION",
    "TRANSFORMATION_PROJECT",
    "USER",
    "WEBHOOK",
];

//! `manifest`: the last record of a collection: what it is, by whom, and of whom.

use super::emit::{Draft, Emit};
use super::identity::Identity;
use super::kind::{Cost, DAILY, Kind, Nature, When};
use crate::base::counted;
use crate::base::model::{CoverageState, Subject};
use crate::base::timestamp::Timestamp;
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use serde::Serialize;
use serde_json::Value;

/// The interface that is spoken.
pub const INTERFACE: &str = "compliance:source@0.2.0";

/// The catalogue's entry.
pub const KIND: Kind = Kind {
    id: "manifest",
    title: "Manifest",
    description: "The last record of a collection: its counts and coverage per kind, the principal and settings it was read under, and the component that read it.",
    keywords: &["manifest", "completeness", "integrity", "chain of custody"],
    nature: Nature::Statement,
    personal_data: true,
    schema_version: 2,
    content_schema: include_str!("../schemas/manifest.json"),
    endpoints: &[],
    permissions: &[],
    plan_gate: None,
    cost: Cost::Free,
    when: When::Always,
    valid_for_seconds: DAILY,
    spread: false,
};

/// What a collection holds and how it came to be.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(deny_unknown_fields))]
pub struct ManifestContent<'a> {
    /// Id of the account.
    pub account_id: &'a str,
    /// Version of the component.
    pub component_version: &'a str,
    /// When this record was made: RFC 3339 in UTC.
    pub finished_at: String,
    /// Where it was read: the one host that is ever called.
    pub host: &'a str,
    /// The interface that was spoken.
    pub interface: &'a str,
    /// One entry for each kind asked for, in the order of the catalogue.
    pub kinds: &'a [KindSummary<'a>],
    /// Under whose authority it was read.
    pub principal: Principal<'a>,
    /// Records before this one.
    pub records: u64,
    /// Settings in force that shape the evidence, but for secrets.
    #[cfg_attr(feature = "schema", schemars(with = "BTreeMap<String, Value>"))]
    pub settings: &'a BTreeMap<&'static str, Value>,
    /// SHA-256 of the settings in force.
    pub settings_digest: &'a str,
    /// Events before this instant were left out; null when none were.
    pub since: Option<String>,
    /// When the collection began: RFC 3339 in UTC.
    pub started_at: String,
}

/// How much of one kind there is.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(deny_unknown_fields))]
pub struct KindSummary<'a> {
    /// The kind.
    pub kind: &'a str,
    /// Its records.
    pub records: u64,
    /// How complete it is.
    pub state: CoverageState,
}

/// Whose key was used. A list shows what its principal may see: read completeness with this in mind.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(deny_unknown_fields))]
pub struct Principal<'a> {
    /// Id of the user or system key; null when the vendor did not say. Never the key.
    pub id: Option<&'a str>,
    /// `user`, `system_key` or `unknown`.
    pub kind: &'a str,
    /// The user's account role; null for a system key, or when users were not read.
    pub role: Option<&'a str>,
}

/// What the record is made of.
#[expect(missing_docs, reason = "each field is documented at [`ManifestContent`]")]
pub struct Header<'a> {
    pub identity: &'a Identity,
    /// The user's role, once seen.
    pub role: Option<&'a str>,
    pub host: &'a str,
    pub component_version: &'static str,
    pub settings: &'a BTreeMap<&'static str, Value>,
    pub settings_digest: &'a str,
    pub started_at: Timestamp,
    pub since: Option<Timestamp>,
    pub records: u64,
    pub kinds: &'a [KindSummary<'a>],
}

/// Makes the record.
pub fn emit(out: &mut Emit<'_>, header: &Header<'_>) {
    let Header { identity, records, kinds, .. } = *header;
    let (kind, id) = match (&identity.user, &identity.system_key) {
        (Some(user), _) => ("user", Some(user.as_str())),
        (None, Some(key)) => ("system_key", Some(key.as_str())),
        (None, None) => ("unknown", None),
    };
    let short = kinds.iter().filter(|summary| summary.state != CoverageState::Complete).count();
    let account = identity.account.as_str();
    let title = match short {
        0 => format!("Collection of {}, every kind complete", counted(records, "record")),
        short => format!(
            "Collection of {}, {short} of {} not complete",
            counted(records, "record"),
            counted(kinds.len() as u64, "kind")
        ),
    };
    let started_at = header.started_at.to_rfc3339();
    out.record(Draft {
        kind: &KIND,
        native_id: &[&started_at],
        title,
        subject: Subject { id: account.into(), name: identity.name.clone(), kind: "account" },
        effective_at: None,
        content: &ManifestContent {
            account_id: account,
            component_version: header.component_version,
            finished_at: out.now.to_rfc3339(),
            host: header.host,
            interface: INTERFACE,
            kinds,
            principal: Principal { id, kind, role: header.role },
            records,
            settings: header.settings,
            settings_digest: header.settings_digest,
            since: header.since.map(Timestamp::to_rfc3339),
            started_at: started_at.clone(),
        },
        from: &[],
        withheld: Vec::new(),
    });
}

//! `manifest`: the last record of a collection: what it is, by whom, of whom, and how it is sealed.

use super::emit::{Draft, Emit};
use super::kind::{Cost, DAILY, Kind, When};
use crate::config::Config;
use crate::digest::INTERFACE;
use crate::fivetran::account::Identity;
use crate::instant::Instant;
use crate::model::{CoverageState, Subject};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use serde::Serialize;

/// The catalogue's entry.
pub const KIND: Kind = Kind {
    id: "manifest",
    title: "Manifest",
    description: "The last record of a collection: its counts and coverage per kind, the principal and settings it was read under, the component that read it, and the head of the hash chain over all records before it.",
    keywords: &["manifest", "completeness", "integrity", "hash chain", "chain of custody"],
    schema_version: 1,
    content_schema: include_str!("../schemas/manifest.json"),
    endpoints: &[],
    permissions: &[],
    plan_gate: None,
    cost: Cost::Free,
    when: When::Always,
    valid_for_seconds: DAILY,
};

/// What a collection holds and how it came to be.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema), schemars(deny_unknown_fields))]
pub struct ManifestContent<'a> {
    /// Id of the account.
    pub account_id: &'a str,
    /// Head of the hash chain after the record before this one.
    pub chain_head: &'a str,
    /// Version of the component.
    pub component_version: &'a str,
    /// When this record was made: RFC 3339 in UTC.
    pub finished_at: String,
    /// Where it was read: always api.fivetran.com.
    pub host: &'a str,
    /// The interface that was spoken.
    pub interface: &'a str,
    /// One entry for each kind asked for, in the order of the catalogue.
    pub kinds: &'a [KindSummary<'a>],
    /// Under whose authority it was read.
    pub principal: Principal<'a>,
    /// Records before this one.
    pub records: u64,
    /// Settings in force.
    pub settings: Settings,
    /// SHA-256 of the settings in force.
    pub settings_digest: &'a str,
    /// Events before this instant were left out; null when none were.
    pub since: Option<String>,
    /// When the collection began: RFC 3339 in UTC.
    pub started_at: String,
}

/// How much of one kind there is.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema), schemars(deny_unknown_fields))]
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
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema), schemars(deny_unknown_fields))]
pub struct Principal<'a> {
    /// Id of the user or system key; null when Fivetran did not say. Never the key.
    pub id: Option<&'a str>,
    /// `user`, `system_key` or `unknown`.
    pub kind: &'a str,
    /// The user's account role; null for a system key, or when users were not read.
    pub role: Option<&'a str>,
}

/// The settings that shape the evidence.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema), schemars(deny_unknown_fields))]
pub struct Settings {
    /// Whether each connection's details were read.
    pub connection_details: bool,
    /// `full` or `hashed`.
    pub personal_data: &'static str,
    /// Days over which the costly calls for items were spread; 1 for none.
    pub spread_days: u32,
}

/// The account and who reads it.
pub struct Identities<'a> {
    /// As Fivetran told them.
    pub identity: &'a Identity,
    /// The user's role, once seen.
    pub role: Option<&'a str>,
}

/// Makes the record. `span` is when the collection began, and since when events were wanted.
pub fn emit(
    out: &mut Emit<'_>,
    identities: &Identities<'_>,
    config: &Config,
    chain_head: &str,
    span: (Instant, Option<Instant>),
    records: u64,
    kinds: &[KindSummary<'_>],
) {
    let identity = identities.identity;
    let (kind, id) = match (&identity.user, &identity.system_key) {
        (Some(user), _) => ("user", Some(user.as_str())),
        (None, Some(key)) => ("system_key", Some(key.as_str())),
        (None, None) => ("unknown", None),
    };
    let short = kinds.iter().filter(|summary| summary.state != CoverageState::Complete).count();
    let account = identity.account.as_str();
    let title = match short {
        0 => format!("Collection of {records} records, every kind complete"),
        short => format!("Collection of {records} records, {short} of {} kinds not complete", kinds.len()),
    };
    let started_at = span.0.to_rfc3339();
    out.record(Draft {
        kind: &KIND,
        native_id: &[&started_at],
        title,
        subject: Subject { id: account.into(), name: identity.name.clone(), kind: "account" },
        effective_at: None,
        content: &ManifestContent {
            account_id: account,
            chain_head,
            component_version: crate::VERSION,
            finished_at: out.now.to_rfc3339(),
            host: crate::fivetran::HOST,
            interface: INTERFACE,
            kinds,
            principal: Principal { id, kind, role: identities.role },
            records,
            settings: Settings {
                connection_details: config.settings.connection_details,
                personal_data: if config.settings.privacy.shows_people() { "full" } else { "hashed" },
                spread_days: config.settings.spread_days,
            },
            settings_digest: &config.settings_digest,
            since: span.1.map(Instant::to_rfc3339),
            started_at: started_at.clone(),
        },
        from: &[],
        withheld: Vec::new(),
    });
}

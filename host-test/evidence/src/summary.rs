//! What a collection is and how far it has come: `manifest.json`, and part of `cursor`.

use crate::bindings::compliance::source::types::{Coverage, CoverageState};
use crate::bindings::exports::compliance::source::source::{Configured, Page};
use crate::collection::Order;
use crate::plugin::Plugin;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// Format of `cursor` and `manifest.json`.
pub const VERSION: u32 = 1;

/// What a collection is and how far it has come.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// Format of this file.
    pub version: u32,
    /// Name, version and SHA-256 of the component.
    pub component: ComponentSummary,
    /// Kinds asked for; empty for the defaults.
    pub kinds: Vec<String>,
    /// No event before this.
    pub since: Option<String>,
    /// Settings in force, without secrets.
    pub settings: serde_json::Value,
    /// SHA-256 of the settings in force.
    pub settings_digest: String,
    /// When the first run began: RFC 3339 in UTC.
    pub started_at: String,
    /// When the last page was written.
    pub updated_at: String,
    /// Records written.
    pub records: u64,
    /// Records written, per kind.
    pub records_per_kind: BTreeMap<String, u64>,
    /// Coverage per kind, as of the last page.
    pub coverage: Vec<CoverageSummary>,
    /// Pages written.
    pub pages: u64,
    /// Requests sent, retries included.
    pub requests: u64,
    /// Of these, retries.
    pub retries: u64,
    /// Bytes of response bodies.
    pub bytes_received: u64,
    /// Head of the hash chain after the last record: keep it apart from the evidence, and nobody
    /// can change the evidence unnoticed.
    pub chain_head: Option<String>,
}

/// Which component it was.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ComponentSummary {
    /// Its id.
    pub id: String,
    /// Its version.
    pub version: String,
    /// SHA-256 of its file.
    pub sha256: String,
}

/// Coverage of one kind.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CoverageSummary {
    /// The kind.
    pub kind: String,
    /// The verdict, snake_case.
    pub state: String,
    /// Records delivered.
    pub records: u64,
    /// Items not read, or not wholly.
    pub items_failed: u64,
    /// What is missing and why.
    pub reason: String,
    /// The permission that was missing.
    pub missing_permission: Option<String>,
}

impl Summary {
    /// A collection that begins now.
    #[must_use]
    pub fn begin(plugin: &Plugin, order: &Order, configured: &Configured) -> Self {
        let description = plugin.description();
        Self {
            version: VERSION,
            component: ComponentSummary {
                id: description.id.clone(),
                version: description.version.clone(),
                sha256: plugin.sha256().into(),
            },
            kinds: order.kinds.clone(),
            since: order.since.clone(),
            settings: serde_json::from_str(&configured.settings).unwrap_or_default(),
            settings_digest: configured.settings_digest.clone(),
            started_at: now(),
            updated_at: now(),
            ..Self::default()
        }
    }

    /// The same collection with one more page.
    #[must_use]
    pub fn with(mut self, page: &Page) -> Self {
        for record in &page.records {
            *self.records_per_kind.entry(record.kind.clone()).or_default() += 1;
        }
        self.records += page.records.len() as u64;
        self.pages += 1;
        self.requests += u64::from(page.usage.requests);
        self.retries += u64::from(page.usage.retries);
        self.bytes_received += page.usage.bytes_received;
        self.coverage = page.coverage.iter().map(CoverageSummary::from).collect();
        self.chain_head.clone_from(&page.chain_head);
        self.updated_at = now();
        self
    }

    /// The kinds of which something is missing that could have been had, and was wanted.
    pub fn missing(&self) -> impl Iterator<Item = &CoverageSummary> {
        let enough = ["complete", "spread", "not_exposed", "disabled", "not_available"];
        self.coverage.iter().filter(move |coverage| !enough.contains(&coverage.state.as_str()))
    }
}

impl From<&Coverage> for CoverageSummary {
    fn from(coverage: &Coverage) -> Self {
        Self {
            kind: coverage.kind.clone(),
            state: state_word(coverage.state).into(),
            records: coverage.records,
            items_failed: coverage.items_failed,
            reason: coverage.reason.clone(),
            missing_permission: coverage.missing_permission.clone(),
        }
    }
}

/// A coverage state, as everywhere outside of the WIT.
#[must_use]
pub fn state_word(state: CoverageState) -> &'static str {
    match state {
        CoverageState::Complete => "complete",
        CoverageState::Spread => "spread",
        CoverageState::Partial => "partial",
        CoverageState::Forbidden => "forbidden",
        CoverageState::NotAvailable => "not_available",
        CoverageState::NotExposed => "not_exposed",
        CoverageState::Disabled => "disabled",
        CoverageState::NotAttempted => "not_attempted",
    }
}

fn now() -> String {
    OffsetDateTime::now_utc().format(&Rfc3339).unwrap_or_default()
}

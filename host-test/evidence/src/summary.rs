//! What a collection is and how far it has come: `manifest.json`, and part of `cursor`.

use crate::chain::{Chain, INTERFACE};
use crate::journal::{self, Seen};
use crate::made::{Made, caveats};
use crate::record::Line;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// Format of `cursor` and `manifest.json`.
pub const VERSION: u32 = 3;

/// What a collection is and how far it has come.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// Format of this file.
    pub version: u32,
    /// Name, version and SHA-256 of the component.
    pub component: ComponentSummary,
    /// How each part of it was made: one entry, unless it was resumed in another way.
    pub made: Vec<Made>,
    /// Kinds whose records are statements of the source itself, read from no response.
    pub statements: Vec<String>,
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
    /// What the source found odd in the vendor's answers.
    #[serde(default)]
    pub findings: Vec<Finding>,
    /// Pages written.
    pub pages: u64,
    /// Requests that the host let out: lines of `journal.jsonl`.
    pub requests: u64,
    /// Of these, retries, as the source counts them.
    pub retries: u64,
    /// Bytes of response bodies, as the host counted them.
    pub bytes_received: u64,
    /// Where the events of the next collection begin; null when the source cannot say, and before the
    /// end.
    pub next_since: Option<String>,
    /// Head of the hash chain after the last record.
    pub chain_head: String,
    /// Head of the chain over `journal.jsonl`.
    pub journal_head: String,
    /// Id of the key that the host signed with; null where it did not.
    pub signed_by: Option<String>,
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
    /// The main reason, kebab-case.
    pub code: String,
    /// Records delivered.
    pub records: u64,
    /// Items not read, or not wholly.
    pub items_failed: u64,
    /// What is missing and why.
    pub reason: String,
    /// The permission that was missing.
    pub missing_permission: Option<String>,
    /// Whether it is short only as the settings accept, or as the vendor's plan has it.
    #[serde(default)]
    pub accepted: bool,
}

/// Something that the source found odd and that a person should see.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// What it is, fit for matching.
    pub code: String,
    /// In plain words.
    pub message: String,
}

/// Findings kept of one collection, at most: a source of ours reports about 200.
const MAX_FINDINGS: usize = 1000;

impl Summary {
    /// A collection that begins now.
    #[must_use]
    pub fn begin(component: ComponentSummary, made: Made, statements: Vec<String>, asked: Asked<'_>) -> Self {
        Self {
            version: VERSION,
            chain_head: Chain::start(&component.id, INTERFACE, asked.settings_digest).head(),
            journal_head: Chain::zero().head(),
            component,
            made: vec![made],
            statements,
            kinds: asked.request.kinds,
            since: asked.request.since,
            settings: serde_json::from_str(asked.settings).unwrap_or_default(),
            settings_digest: asked.settings_digest.into(),
            started_at: now(),
            updated_at: now(),
            ..Self::default()
        }
    }

    /// The same collection, resumed in this way.
    #[must_use]
    pub fn resumed(mut self, made: Made) -> Self {
        if self.made.last().is_none_or(|last| !last.is_like(&made)) {
            self.made.push(Made { from_record: self.records, ..made });
        }
        self
    }

    /// The same collection with one more page, of these lines, and with what the host saw meanwhile.
    #[must_use]
    pub fn with(mut self, page: Page, lines: &[Line], seen: &[Seen]) -> Self {
        for kind in page.kinds {
            *self.records_per_kind.entry(kind).or_default() += 1;
        }
        self.records += lines.len() as u64;
        self.pages += 1;
        self.retries += page.retries;
        self.coverage = page.coverage;
        let room = MAX_FINDINGS.saturating_sub(self.findings.len());
        self.findings.extend(page.findings.into_iter().take(room));
        self.next_since = page.next_since;
        if let Some(chain) = Chain::at(&self.chain_head) {
            self.chain_head = lines.iter().fold(chain, |chain, line| chain.next(line.hash)).head();
        }
        self.witnessed(seen)
    }

    /// The same collection with what the host saw.
    #[must_use]
    pub fn witnessed(mut self, seen: &[Seen]) -> Self {
        self.requests += seen.len() as u64;
        self.bytes_received += seen.iter().map(|seen| seen.bytes).sum::<u64>();
        if let Some(head) = Chain::at(&self.journal_head) {
            self.journal_head = seen.iter().fold(head, |head, seen| journal::next(head, &seen.line())).head();
        }
        self.updated_at = now();
        self
    }

    /// What a reader has to know before any number: see [`caveats`]; and which events were not asked for, since their
    /// kinds are complete without them.
    pub fn caveats(&self) -> impl Iterator<Item = String> + use<> {
        let since = self.since.as_ref();
        caveats(&self.made).chain(since.map(|since| format!("LEFT OUT: events before {since} (--since)")))
    }

    /// The kinds of which something is missing that nobody has accepted.
    pub fn missing(&self) -> impl Iterator<Item = &CoverageSummary> {
        let enough = ["complete", "spread", "disabled"];
        self.coverage.iter().filter(move |coverage| !coverage.accepted && !enough.contains(&coverage.state.as_str()))
    }
}

/// What is asked for.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// Kinds; empty for the defaults.
    pub kinds: Vec<String>,
    /// No event before this.
    pub since: Option<String>,
}

/// What a collection begins with.
#[derive(Clone, Debug)]
pub struct Asked<'a> {
    /// Kinds and since.
    pub request: Request,
    /// The settings in force, a JSON text without secrets.
    pub settings: &'a str,
    /// Their SHA-256, as the source tells it.
    pub settings_digest: &'a str,
}

/// What a page adds, but for its lines.
#[derive(Clone, Debug, Default)]
pub struct Page {
    /// The kind of each record.
    pub kinds: Vec<String>,
    /// How many requests were retries.
    pub retries: u64,
    /// Coverage per kind, as of this page.
    pub coverage: Vec<CoverageSummary>,
    /// What the source found odd.
    pub findings: Vec<Finding>,
    /// Where the events of the next collection begin.
    pub next_since: Option<String>,
}

/// Now, by the system's clock: RFC 3339 in UTC.
#[must_use]
pub fn now() -> String {
    OffsetDateTime::now_utc().format(&Rfc3339).unwrap_or_default()
}

//! `coverage`: how complete each kind is: evidence about the evidence.

use super::emit::{Draft, Emit};
use super::kind::{Cost, DAILY, Kind, Nature, When};
use super::tally::Tally;
use crate::base::counted;
use crate::base::model::{CoverageState, Subject};
use crate::base::timestamp::Timestamp;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use serde::Serialize;

/// The catalogue's entry.
pub const KIND: Kind = Kind {
    id: "coverage",
    title: "Coverage",
    description: "For every kind asked for: whether the whole population was read, from how many pages and responses, whether the end of each list was seen, and what is missing for which reason.",
    keywords: &["completeness", "population", "ipe", "coverage"],
    nature: Nature::Statement,
    personal_data: false,
    schema_version: 2,
    content_schema: include_str!("../schemas/coverage.json"),
    endpoints: &[],
    permissions: &[],
    plan_gate: None,
    cost: Cost::Free,
    when: When::Always,
    valid_for_seconds: DAILY,
    spread: false,
};

/// How completely one kind was collected.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(deny_unknown_fields))]
pub struct CoverageContent<'a> {
    /// Whether it is short only because the setting `accepted_gaps` accepts it, or because the vendor offers it
    /// under some plans only and answers 404 (for a preview also 403) or gives no field to ask with. False where nothing is missing.
    pub accepted: bool,
    /// Whether every list that the kind is made from was read to its end.
    pub end_seen: bool,
    /// When the first response was read: RFC 3339 in UTC; null when there was none.
    pub first_read_at: Option<String>,
    /// Items not read, or not wholly.
    pub items_failed: u64,
    /// Items that were deleted between the list and the call for their details.
    pub items_gone: u64,
    /// List items seen, over all lists that the kind is made from.
    pub items_seen: u64,
    /// The kind.
    pub kind: &'a str,
    /// When the last response was read: RFC 3339 in UTC; null when there was none.
    pub last_read_at: Option<String>,
    /// The permission that was missing; null when none was.
    pub missing_permission: Option<&'a str>,
    /// List pages read.
    pub pages: u64,
    /// What is missing and why; empty when complete.
    pub reason: &'a str,
    /// Records delivered.
    pub records: u64,
    /// List items dropped because they had been there before.
    pub repeats_dropped: u64,
    /// Responses that the records were read from. Retries do not count.
    pub responses: u64,
    /// The part of the items that was read; null where all were.
    pub spread: Option<SpreadContent>,
    /// The verdict.
    pub state: CoverageState,
}

/// Which part of the items a day reads, where a setting spreads the calls for them.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(deny_unknown_fields))]
pub struct SpreadContent {
    /// Of so many parts: the days in which each item is read once.
    pub of: u32,
    /// This part, from 1.
    pub turn: u32,
}

/// Makes the record of one kind.
pub fn emit(out: &mut Emit<'_>, kind: &'static Kind, tally: &Tally) {
    let coverage = tally.coverage(kind);
    let records = counted(tally.records, "record");
    let at = |ms: Option<i64>| ms.map(|ms| Timestamp(ms).to_rfc3339());
    out.record(Draft {
        kind: &KIND,
        native_id: &[kind.id],
        title: match coverage.state {
            CoverageState::Complete => format!("{}: complete, {records}", kind.title),
            _ => format!("{}: {records}, {}", kind.title, coverage.reason),
        },
        subject: Subject { id: kind.id.into(), name: Some(kind.title.into()), kind: "kind" },
        effective_at: None,
        content: &CoverageContent {
            accepted: coverage.accepted,
            end_seen: tally.end_seen(),
            first_read_at: at(tally.first_ms),
            items_failed: tally.failed,
            items_gone: tally.gone,
            items_seen: tally.items,
            kind: kind.id,
            last_read_at: at(tally.last_ms),
            missing_permission: coverage.missing_permission.as_deref(),
            pages: tally.pages,
            reason: &coverage.reason,
            records: tally.records,
            repeats_dropped: tally.repeats,
            responses: tally.responses,
            spread: tally.turn.map(|turn| SpreadContent { of: turn.of, turn: turn.number }),
            state: coverage.state,
        },
        from: &[],
        withheld: Vec::new(),
    });
}

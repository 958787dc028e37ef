//! How completely each kind was collected: counts, problems, and the verdict on them.

use super::kind::Kind;
use super::problem::{Cause, Problem};
use super::turn::Turn;
use crate::base::is_default;
use crate::base::model::{Coverage, CoverageState};
use crate::base::timestamp::Timestamp;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// All that is known about the collection of one kind. Short names, as it travels in the cursor.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// Records delivered.
    #[serde(rename = "r", default, skip_serializing_if = "is_default")]
    pub records: u64,
    /// List items seen.
    #[serde(rename = "i", default, skip_serializing_if = "is_default")]
    pub items: u64,
    /// List pages read.
    #[serde(rename = "p", default, skip_serializing_if = "is_default")]
    pub pages: u64,
    /// Responses that the records were read from.
    #[serde(rename = "a", default, skip_serializing_if = "is_default")]
    pub responses: u64,
    /// List items dropped because they had been there before.
    #[serde(rename = "d", default, skip_serializing_if = "is_default")]
    pub repeats: u64,
    /// Items deleted between list and details.
    #[serde(rename = "g", default, skip_serializing_if = "is_default")]
    pub gone: u64,
    /// Short hash of the last of these.
    #[serde(rename = "h", default, skip_serializing_if = "is_default")]
    pub last_gone: u32,
    /// Items not read, or not wholly.
    #[serde(rename = "f", default, skip_serializing_if = "is_default")]
    pub failed: u64,
    /// Short hash of the last of these.
    #[serde(rename = "l", default, skip_serializing_if = "is_default")]
    pub last_failed: u32,
    /// When the first response was read, in milliseconds since 1970.
    #[serde(rename = "t", default, skip_serializing_if = "is_default")]
    pub first_ms: Option<i64>,
    /// When the last was.
    #[serde(rename = "u", default, skip_serializing_if = "is_default")]
    pub last_ms: Option<i64>,
    /// Walks that have not come to their end.
    #[serde(rename = "o", default, skip_serializing_if = "is_default")]
    pub open: u32,
    /// The part of the items that is read, where a setting spreads the calls for them.
    #[serde(rename = "s", default, skip_serializing_if = "is_default")]
    pub turn: Option<Turn>,
    /// Whether the settings accept that it is short.
    #[serde(rename = "k", default, skip_serializing_if = "is_default")]
    pub accepted: bool,
    /// Why it is short.
    #[serde(rename = "x", default, skip_serializing_if = "is_default")]
    pub problems: Vec<Problem>,
}

impl Tally {
    /// Notes a response.
    pub fn response(&mut self, read_at: Timestamp) {
        self.responses += 1;
        self.first_ms = Some(self.first_ms.map_or(read_at.0, |first| first.min(read_at.0)));
        self.last_ms = Some(self.last_ms.map_or(read_at.0, |last| last.max(read_at.0)));
    }

    /// Notes that an item is gone. Several parts of one item may tell it.
    pub fn gone(&mut self, item: u64) {
        let item = short(item);
        self.gone += u64::from(self.last_gone != item);
        self.last_gone = item;
    }

    /// Notes a problem of an item. Several answers about one item may have one, and it fails once.
    pub fn problem_of(&mut self, item: u64, problem: &Problem) {
        if problem.cause == Cause::Off {
            return self.problem(problem); // Nothing has failed.
        }
        let is_again = core::mem::replace(&mut self.last_failed, short(item)) == short(item);
        let is_same = |known: &Problem| known.cause == problem.cause && known.at == problem.at;
        let counts_items = problem.skipped > 0 || problem.cause == Cause::NotAvailable;
        if is_again && counts_items && self.problems.iter().any(is_same) {
            return;
        }
        let failed = self.failed;
        self.problem(problem);
        self.failed = self.failed.min(failed + u64::from(!is_again));
    }

    /// Notes a problem; the same one again only counts.
    pub fn problem(&mut self, problem: &Problem) {
        if !problem.whole_list && problem.cause != Cause::Off {
            self.failed += problem.count + problem.skipped;
        }
        let same = |known: &&mut Problem| {
            known.cause == problem.cause && known.at == problem.at && known.detail == problem.detail
        };
        match self.problems.iter_mut().find(same) {
            Some(known) => {
                known.count += problem.count;
                known.skipped += problem.skipped;
                known.whole_list |= problem.whole_list;
                known.accepted &= problem.accepted;
            }
            None => self.problems.push(problem.clone()),
        }
    }

    /// Keeps the first problems and folds the others into one, which says that they were forgotten.
    pub fn shorten(&mut self, keep: usize) {
        let rest = self.problems.split_off(keep.min(self.problems.len()));
        if rest.is_empty() {
            return;
        }
        self.problems.push(Problem {
            whole_list: rest.iter().any(|problem| problem.whole_list),
            accepted: rest.iter().all(|problem| problem.accepted),
            ..Problem::of_items(Cause::Forgotten, "", rest.iter().map(|problem| problem.count + problem.skipped).sum())
        });
    }

    /// The verdict so far.
    #[must_use]
    pub fn coverage(&self, kind: &Kind) -> Coverage {
        let forbidden = self.problems.iter().filter(|problem| problem.cause == Cause::Forbidden);
        Coverage {
            kind: kind.id,
            state: self.state(),
            code: self.code(),
            records: self.records,
            items_failed: self.failed,
            reason: self.reason(),
            missing_permission: forbidden.filter_map(|problem| problem.detail.clone()).next(),
            accepted: self.is_accepted(),
        }
    }

    /// Whether what is short is short as the settings accept, or as the vendor's plan has it.
    fn is_accepted(&self) -> bool {
        let all = !self.problems.is_empty() && self.problems.iter().all(|problem| problem.accepted);
        let is_short = !matches!(
            self.state(),
            CoverageState::Complete | CoverageState::Spread | CoverageState::Disabled | CoverageState::NotAttempted
        );
        is_short && self.open == 0 && (self.accepted || all)
    }

    /// Whether nothing that could ever be read is missing: what is, the vendor does not offer to this account, or
    /// no longer.
    #[must_use]
    pub fn has_all_there_is(&self, kind: &Kind) -> bool {
        let coverage = self.coverage(kind);
        let for_good = |problem: &Problem| {
            problem.cause == Cause::OutOfReach || (problem.cause == Cause::NotAvailable && problem.accepted)
        };
        matches!(coverage.state, CoverageState::Complete | CoverageState::Spread)
            || (self.open == 0 && self.problems.iter().all(for_good))
    }

    /// Whether every list was read to its end.
    #[must_use]
    pub fn end_seen(&self) -> bool {
        self.open == 0 && !self.problems.iter().any(|problem| problem.whole_list)
    }

    fn state(&self) -> CoverageState {
        let only = |causes: &[Cause]| self.problems.iter().all(|problem| causes.contains(&problem.cause));
        match (self.open > 0, self.problems.is_empty()) {
            (true, _) if self.responses == 0 && self.records == 0 && self.problems.is_empty() => {
                CoverageState::NotAttempted
            }
            (true, _) => CoverageState::Partial,
            (false, true) if self.turn.is_some() => CoverageState::Spread,
            (false, true) => CoverageState::Complete,
            (false, false) if only(&[Cause::Off]) => CoverageState::Disabled,
            (false, false) if self.responses > 0 => CoverageState::Partial,
            (false, false) if only(&[Cause::Forbidden]) => CoverageState::Forbidden,
            (false, false) if only(&[Cause::NotAvailable, Cause::Unknown]) => CoverageState::NotAvailable,
            (false, false) => CoverageState::Partial,
        }
    }

    /// The main reason: the code of the first problem that nobody asked for, else the name of the state.
    fn code(&self) -> &'static str {
        let wrong = self.problems.iter().find(|problem| problem.cause != Cause::Off && !problem.accepted);
        match (wrong.or(self.problems.first()), self.state()) {
            (Some(problem), _) => problem.cause.code(),
            (None, CoverageState::Complete) => "complete",
            (None, CoverageState::Spread) => "spread",
            (None, CoverageState::NotAttempted) => "not-attempted",
            (None, _) => "unfinished",
        }
    }

    fn reason(&self) -> String {
        let mut reasons: Vec<String> = self.problems.iter().map(Problem::sentence).collect();
        if let Some(Turn { number, of }) = self.turn {
            reasons.push(format!("spread {number} of {of}: only items whose turn it is are read"));
        }
        if self.open > 0 {
            reasons.push("not read to the end yet".to_string());
        }
        reasons.join("; ")
    }
}

/// Enough of a short hash to tell an item from the one before it.
#[must_use]
pub fn short(item: u64) -> u32 {
    u32::try_from(item >> 32).unwrap_or_default()
}

//! How completely each kind was collected: counts, problems, and the verdict on them.

use super::kind::Kind;
use super::turn::Turn;
use crate::base::model::{Coverage, CoverageState};
use crate::base::timestamp::Timestamp;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// What kept something from being read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Cause {
    /// 403.
    Forbidden,
    /// 404 for a whole list: not offered to this account.
    NotAvailable,
    /// An answer of no use, again and again.
    Upstream,
    /// A list that turned in circles or would not end.
    EndlessList,
    /// A list that changed while it was read, so that items may repeat or be missing.
    ListChanged,
    /// Items without an id, or not objects.
    Unreadable,
    /// What was noted on the way did not fit into the cursor.
    Forgotten,
}

impl Cause {
    /// Stable name, fit for matching.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Forbidden => "refused",
            Self::NotAvailable => "not-offered",
            Self::Upstream => "no-usable-answer",
            Self::EndlessList => "endless-list",
            Self::ListChanged => "list-changed",
            Self::Unreadable => "unreadable-items",
            Self::Forgotten => "forgotten",
        }
    }
}

/// One reason why a kind is short. Short names, as it travels in the cursor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// What it was.
    #[serde(rename = "c")]
    pub cause: Cause,
    /// Which endpoint.
    #[serde(rename = "a")]
    pub at: String,
    /// The permission that was missing.
    #[serde(rename = "p", default, skip_serializing_if = "is_default")]
    pub permission: Option<String>,
    /// How often.
    #[serde(rename = "n")]
    pub count: u64,
    /// Whether a whole list is missing, rather than something about single items.
    #[serde(rename = "w", default, skip_serializing_if = "is_default")]
    pub whole_list: bool,
}

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
    /// Items not read, or not wholly.
    #[serde(rename = "f", default, skip_serializing_if = "is_default")]
    pub failed: u64,
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
    /// Why it is short.
    #[serde(rename = "x", default, skip_serializing_if = "is_default")]
    pub problems: Vec<Problem>,
}

/// What a fresh tally holds need not travel in the cursor.
fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

impl Tally {
    /// Notes a response.
    pub fn response(&mut self, read_at: Timestamp) {
        self.responses += 1;
        self.first_ms = Some(self.first_ms.map_or(read_at.0, |first| first.min(read_at.0)));
        self.last_ms = Some(self.last_ms.map_or(read_at.0, |last| last.max(read_at.0)));
    }

    /// Notes a problem; the same one again only counts.
    pub fn problem(&mut self, problem: &Problem) {
        if !problem.whole_list {
            self.failed += problem.count;
        }
        let same = |known: &&mut Problem| {
            known.cause == problem.cause && known.at == problem.at && known.permission == problem.permission
        };
        match self.problems.iter_mut().find(same) {
            Some(known) => known.count += problem.count,
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
            cause: Cause::Forgotten,
            at: "further problems".to_string(),
            permission: None,
            count: rest.iter().map(|problem| problem.count).sum(),
            whole_list: rest.iter().any(|problem| problem.whole_list),
        });
    }

    /// The verdict so far.
    #[must_use]
    pub fn coverage(&self, kind: &Kind) -> Coverage {
        let missing_permission = self.problems.iter().find_map(|problem| problem.permission.clone());
        Coverage {
            kind: kind.id,
            state: self.state(),
            code: self.code(),
            records: self.records,
            items_failed: self.failed,
            reason: self.reason(),
            missing_permission,
        }
    }

    /// Whether every list was read to its end.
    #[must_use]
    pub fn end_seen(&self) -> bool {
        self.open == 0 && !self.problems.iter().any(|problem| problem.whole_list)
    }

    fn state(&self) -> CoverageState {
        let only = |cause| self.problems.iter().all(|problem| problem.cause == cause);
        match (self.open > 0, self.problems.is_empty()) {
            (true, _) if self.responses == 0 && self.records == 0 && self.problems.is_empty() => {
                CoverageState::NotAttempted
            }
            (true, _) => CoverageState::Partial,
            (false, true) if self.turn.is_some() => CoverageState::Spread,
            (false, true) => CoverageState::Complete,
            (false, false) if self.responses > 0 => CoverageState::Partial,
            (false, false) if only(Cause::Forbidden) => CoverageState::Forbidden,
            (false, false) if only(Cause::NotAvailable) => CoverageState::NotAvailable,
            (false, false) => CoverageState::Partial,
        }
    }

    /// The main reason: the first problem's code, else the name of the state.
    fn code(&self) -> &'static str {
        match (self.problems.first(), self.state()) {
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

impl Problem {
    /// The problem in plain words.
    #[must_use]
    pub fn sentence(&self) -> String {
        let Self { at, count, .. } = self;
        let times = if *count == 1 { String::new() } else { format!(" ({count} times)") };
        match self.cause {
            Cause::Forbidden => {
                let permission = self.permission.as_deref().unwrap_or("a permission that the vendor did not name");
                format!("GET {at} was refused{times}: {permission} is missing")
            }
            Cause::NotAvailable => format!("GET {at} is not offered to this account"),
            Cause::Upstream => format!("GET {at} gave no usable answer{times}"),
            Cause::EndlessList => format!("GET {at} did not come to an end"),
            Cause::ListChanged => {
                format!("GET {at} changed while it was read{times}: items may repeat, or one be missing")
            }
            Cause::Unreadable => format!("{count} items of GET {at} could not be read"),
            Cause::Forgotten => format!("{at}: there was more to remember than a cursor may hold"),
        }
    }
}

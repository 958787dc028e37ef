//! How a paged list goes on: what is remembered of the page before, to notice repeats, circles and lists without an
//! end. The same for the lists of an account and for those of an item.

use crate::base::digest::short_hash;
use crate::base::is_default;
use crate::record::identity::is_at_most;
use alloc::string::String;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// Pages of one list, at most: 100 million items. A list beyond it would never end.
const MAX_PAGES: u32 = 100_000;
/// Keys remembered of the page before. Offset paging repeats as many items as were inserted between
/// two calls, which are few.
pub const TAIL: usize = 16;

/// A page of a list, and what is known of those before.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Paging {
    /// The vendor's cursor of the page; absent for the first.
    #[serde(rename = "c", default, skip_serializing_if = "is_default")]
    pub cursor: Option<String>,
    /// That of the page before; absent for the first and the second.
    #[serde(rename = "b", default, skip_serializing_if = "is_default")]
    pub before: Option<String>,
    /// Pages before this one.
    #[serde(rename = "n", default, skip_serializing_if = "is_default")]
    pub page: u32,
    /// Short hashes of the last keys of the page before, the last one first.
    #[serde(rename = "t", default, skip_serializing_if = "is_default")]
    pub tail: Vec<u64>,
    /// A page read before, to notice when the list comes back to it.
    #[serde(rename = "m", default, skip_serializing_if = "is_default")]
    pub mark: Mark,
}

/// A remembered page of a list. Which page it is moves on ever more seldom (Brent's algorithm), so
/// that no circle escapes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// Short hash of its first key.
    #[serde(rename = "f")]
    pub first: u64,
    /// Short hash of its last key.
    #[serde(rename = "l")]
    pub last: u64,
    /// Pages read since.
    #[serde(rename = "n")]
    pub steps: u32,
    /// After how many pages another one is remembered.
    #[serde(rename = "m")]
    pub limit: u32,
}

impl Mark {
    /// What is remembered once a page with these keys was read.
    #[must_use]
    pub fn after(self, page: u32, first: u64, last: u64) -> Self {
        if page > 0 && self.steps < self.limit {
            return Self { steps: self.steps + 1, ..self };
        }
        Self { first, last, steps: 1, limit: self.limit.max(1).saturating_mul(2) }
    }
}

/// What follows a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum After {
    /// Nothing: it is the last.
    End,
    /// Another page.
    Page(Paging),
    /// Pages that would never end, or cannot be asked for.
    Endless,
    /// The page was there before: the list turns in circles, and this one tells nothing new.
    Circle,
}

impl Paging {
    /// What follows this page, which has items with these keys and names `next` as the cursor of the next one. One
    /// above `longest` bytes does not fit into ours.
    #[must_use]
    pub fn after(&self, keys: &[u64], next: Option<&str>, longest: usize) -> After {
        let of_empty = short_hash(self.cursor.as_deref().unwrap_or(""));
        let first = keys.first().copied().unwrap_or(of_empty);
        if self.page > 0 && first == self.mark.first {
            return After::Circle;
        }
        let Some(next) = next else { return After::End };
        let page = self.page + 1;
        if self.cursor.as_deref() == Some(next) || page >= MAX_PAGES || !is_at_most(next, longest) {
            return After::Endless;
        }
        let tail: Vec<u64> = keys.iter().rev().take(TAIL).copied().collect();
        let mark = self.mark.after(self.page, first, tail.first().copied().unwrap_or(of_empty));
        After::Page(Self { cursor: Some(next.into()), before: self.cursor.clone(), page, tail, mark })
    }

    /// Whether keys stand where the order of the list cannot put them: what the page before ended with
    /// further on than items added meanwhile explain, or the end of a page read long ago.
    #[must_use]
    pub fn is_shuffled(&self, keys: &[u64]) -> bool {
        let after_tail = keys.iter().skip(TAIL).any(|key| self.tail.contains(key));
        let old = self.mark.steps > 1 && keys.contains(&self.mark.last);
        after_tail || old
    }
}

//! The share of an account's hourly quota that a collection may use, counted request by request.
//!
//! Counted in fixed windows of an hour that begin with the first request: that needs three numbers in
//! the cursor, where a rolling hour would need the time of every request. The price: in an hour that
//! lies across two windows, up to twice the share may be sent.

use crate::base::timestamp::Timestamp;
use serde::{Deserialize, Serialize};

const HOUR_MS: i64 = 3_600_000;

/// One window. Short names, as it travels in the cursor.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    /// When it began, in milliseconds since 1970.
    #[serde(rename = "s")]
    pub start_ms: i64,
    /// Requests sent in it.
    #[serde(rename = "n")]
    pub sent: u32,
    /// The largest share that was found to be used up in it; 0 when none was. The requests of what
    /// is to be begun next count, so that it may be a little above `sent`.
    #[serde(rename = "f")]
    pub full_for: u32,
}

impl Window {
    /// The window that `now` is in. A clock that was set back begins the hour again and keeps the
    /// count, so that nobody waits longer than an hour.
    #[must_use]
    pub fn at(self, now: Timestamp) -> Self {
        match now.0.checked_sub(self.start_ms) {
            Some(0..HOUR_MS) => self,
            Some(..0) => Self { start_ms: now.0, ..self },
            _ => Self { start_ms: now.0, ..Self::default() },
        }
    }

    /// One request more.
    #[must_use]
    pub fn with_request(self, now: Timestamp) -> Self {
        let window = self.at(now);
        Self { sent: window.sent.saturating_add(1), ..window }
    }

    /// Notes that `share` does not allow what is to be begun next.
    #[must_use]
    pub fn filled(self, share: u32) -> Self {
        Self { full_for: self.full_for.max(share), ..self }
    }

    /// Whether nothing more may be begun under `share`.
    #[must_use]
    pub fn is_full(self, share: u32) -> bool {
        self.sent >= share || self.full_for >= share
    }

    /// When the next one can begin.
    #[must_use]
    pub fn end(self) -> Timestamp {
        Timestamp(self.start_ms.saturating_add(HOUR_MS))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Timestamp = Timestamp(1_769_860_800_000);

    fn later(milliseconds: i64) -> Timestamp {
        Timestamp(START.0 + milliseconds)
    }

    #[test]
    fn counts_until_the_hour_is_over() {
        let one = Window::default().with_request(START);
        assert_eq!((one.start_ms, one.sent, one.end()), (START.0, 1, later(HOUR_MS)));
        let two = one.with_request(later(HOUR_MS - 1));
        assert_eq!((two.start_ms, two.sent), (START.0, 2));
        let other = two.with_request(later(HOUR_MS));
        assert_eq!((other.start_ms, other.sent), (later(HOUR_MS).0, 1));
    }

    #[test]
    fn is_full_when_the_share_is_sent_or_the_next_item_does_not_fit() {
        let two = Window { start_ms: START.0, sent: 2, full_for: 0 };
        assert!(two.is_full(1) && two.is_full(2) && !two.is_full(3));
        let full = two.filled(4);
        assert!(full.is_full(4) && !full.is_full(5), "a larger share opens it again");
        assert!(!full.at(later(HOUR_MS)).is_full(4));
    }

    #[test]
    fn a_clock_set_back_costs_an_hour_at_most_and_forgets_nothing() {
        let full = Window { start_ms: START.0, sent: 9, full_for: 10 };
        let back = full.at(later(-86_400_000));
        assert_eq!((back.sent, back.full_for, back.end()), (9, 10, later(HOUR_MS - 86_400_000)));
    }
}

//! The share of the account's hourly quota that a collection may use, counted request by request.
//!
//! Fivetran allows an account 20,000 requests in an hour (500 on trial), all tools together. Counted
//! in fixed windows of an hour that begin with the first request: that needs three numbers in the
//! cursor, where a rolling hour would need the instant of every request. The price: in an hour that
//! lies across two windows up to twice the share may be sent, at the default half of the quota.

use crate::instant::Instant;
use serde::{Deserialize, Serialize};

/// Requests in an hour when the settings do not say: a quarter of what Fivetran allows.
pub const DEFAULT_PER_HOUR: u32 = 5_000;
/// All that Fivetran allows.
pub const MAX_PER_HOUR: u32 = 20_000;

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
    pub fn at(self, now: Instant) -> Self {
        match now.0.checked_sub(self.start_ms) {
            Some(0..HOUR_MS) => self,
            Some(..0) => Self { start_ms: now.0, ..self },
            _ => Self { start_ms: now.0, ..Self::default() },
        }
    }

    /// The window of a call that goes on where another one ended. A clock that has not moved since
    /// a full window began stands still, as in tests: it can tell nothing about hours, so whoever
    /// comes back is taken to have waited.
    #[must_use]
    pub fn resumed(self, share: u32, now: Instant) -> Self {
        let stands_still = now.0 == self.start_ms;
        if stands_still && self.is_full(share) { Self { start_ms: now.0, ..Self::default() } } else { self.at(now) }
    }

    /// One request more.
    #[must_use]
    pub fn with_request(self, now: Instant) -> Self {
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
    pub fn end(self) -> Instant {
        Instant(self.start_ms.saturating_add(HOUR_MS))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Instant = Instant(1_769_860_800_000);

    fn later(milliseconds: i64) -> Instant {
        Instant(START.0 + milliseconds)
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

    #[test]
    fn a_clock_that_stands_still_does_not_stop_a_collection_for_ever() {
        let full = Window { start_ms: START.0, sent: 9, full_for: 0 }.filled(10);
        assert!(!full.resumed(10, START).is_full(10));
        assert!(full.resumed(10, later(1)).is_full(10));
        assert_eq!(full.resumed(20, START).sent, 9, "what is not full is counted on");
    }
}

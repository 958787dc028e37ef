//! What one account of a vendor has sent and reserved: so many requests in any window, whoever sends them.
//!
//! A turn reserves requests before it begins and settles when it ends with what it has really sent, counted as if
//! sent at the end. What went beyond the limit counts in the windows after, so that it is paid back. A reservation
//! that nobody settles, because its holder died, counts as sent when it lapses: so no window sees more than the limit,
//! whatever becomes of the holder. The vendor's own wait is the account's too.
//!
//! Times are milliseconds since an instant that all holders agree on. It can be written down, so that several
//! machines share it.

use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, VecDeque};

/// Fewer are not worth a turn: it asks for the account and repeats a list before it goes on.
const WORTH_A_TURN: u64 = 24;
/// What is sent within such a part of a window is one entry: an account's entries are not more than these.
const SLOTS: u64 = 720;
/// While others have some of it reserved, it is not known how much of that comes free, and when.
pub(super) const ASK_AGAIN: u64 = 1_000;

/// What holds for an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Share {
    /// Requests in any window.
    pub limit: u64,
    /// Length of a window, in milliseconds.
    pub window: u64,
}

/// What an account has sent and reserved in its current window.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// When how many were spent, oldest first; what went beyond the limit as if spent later.
    spent: VecDeque<(u64, u64)>,
    /// By the name of its holder: how many requests, and when it lapses.
    reserved: BTreeMap<String, (u64, u64)>,
    blocked_until: Option<u64>,
}

impl Account {
    /// Reserves up to `wanted` requests for a holder until then.
    ///
    /// # Errors
    /// When to ask again.
    pub fn reserve(&mut self, holder: &str, wanted: u64, share: Share, now: u64, until: u64) -> Result<u64, u64> {
        if let Some(until) = self.blocked_until.filter(|until| *until > now) {
            return Err(until);
        }
        self.lapse(share, now);
        self.forget(share.window, now);
        let spent: u64 = self.spent.iter().map(|(_, requests)| requests).sum();
        let reserved: u64 = self.reserved.values().map(|(requests, _)| requests).sum();
        let mut free = share.limit.saturating_sub(spent).saturating_sub(reserved);
        let least = WORTH_A_TURN.min(share.limit).min(wanted);
        if free >= least {
            let share = free.min(wanted);
            self.reserved.insert(holder.into(), (share, until));
            return Ok(share);
        }
        if reserved > 0 {
            return Err(now + ASK_AGAIN);
        }
        let mut over = spent.saturating_sub(share.limit);
        for (at, requests) in &self.spent {
            let pays = over.min(*requests);
            over -= pays;
            free += requests - pays;
            if free >= least {
                return Err(*at + share.window);
            }
        }
        Err(now + share.window)
    }

    /// Ends a holder's reservation, of which, or beyond which, so many requests were sent.
    pub fn settle(&mut self, holder: &str, sent: u64, share: Share, now: u64) {
        self.reserved.remove(holder);
        self.forget(share.window, now);
        self.spend(sent, share, now);
    }

    /// Nobody goes on before then.
    pub fn block(&mut self, until: u64) {
        self.blocked_until = self.blocked_until.max(Some(until));
    }

    /// Whether nothing is left that matters at this time.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.spent.is_empty() && self.reserved.is_empty() && self.blocked_until.is_none()
    }

    /// Counts as sent what nobody settled in time.
    fn lapse(&mut self, share: Share, now: u64) {
        let lapsed: Vec<(String, u64, u64)> = (self.reserved.iter())
            .filter(|(_, (_, until))| *until <= now)
            .map(|(holder, (requests, until))| (holder.clone(), *requests, *until))
            .collect();
        for (holder, requests, until) in lapsed {
            self.reserved.remove(&holder);
            self.spend(requests, share, until);
        }
    }

    fn forget(&mut self, window: u64, now: u64) {
        while self.spent.front().is_some_and(|(at, _)| *at + window <= now) {
            self.spent.pop_front();
        }
    }

    /// Counts requests as spent at a time, as far as the limit allows, and the rest a window later each time.
    fn spend(&mut self, requests: u64, share: Share, at: u64) {
        let (mut at, mut left) = (at, requests);
        while left > 0 {
            let in_window = self.spent.iter().filter(|(then, _)| *then <= at && *then + share.window > at);
            let counted = left.min(share.limit.saturating_sub(in_window.map(|(_, requests)| requests).sum()));
            if counted > 0 {
                self.count(at, counted, share.window / SLOTS);
            }
            left -= counted;
            at += share.window;
        }
    }

    /// Counts them with the last before them where that is in the same slot, as if all were sent at the later time.
    fn count(&mut self, at: u64, requests: u64, slot: u64) {
        let place = self.spent.partition_point(|(then, _)| *then <= at);
        let before = place.checked_sub(1).and_then(|before| self.spent.get_mut(before));
        match before {
            Some((then, counted)) if slot > 0 && *then / slot == at / slot => {
                (*then, *counted) = (at, *counted + requests);
            }
            _ => self.spent.insert(place, (at, requests)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHARE: Share = Share { limit: 100, window: 3_600_000 };

    #[test]
    fn a_reservation_that_nobody_settles_counts_as_sent_when_it_lapses() {
        let mut account = Account::default();
        assert_eq!(account.reserve("dead", 60, SHARE, 0, 10_000), Ok(60));
        assert_eq!(account.reserve("other", 60, SHARE, 0, 10_000), Ok(40));
        account.settle("other", 40, SHARE, 5_000);
        assert_eq!(account.reserve("other", 60, SHARE, 9_999, 20_000), Err(9_999 + ASK_AGAIN));
        // Until a window after it lapsed, and not after it was reserved, nobody has what it may have sent.
        assert_eq!(account.reserve("other", 60, SHARE, 10_000, 20_000), Err(5_000 + SHARE.window));
        let at = 5_000 + SHARE.window;
        assert_eq!(account.reserve("other", 60, SHARE, at, at + 1), Ok(40));
        account.settle("other", 0, SHARE, at);
        let at = 10_000 + SHARE.window;
        assert_eq!(account.reserve("other", 100, SHARE, at, at + 1), Ok(100));
    }

    #[test]
    fn many_small_turns_leave_few_entries_and_lose_no_request() {
        let share = Share { limit: 1_000_000, ..SHARE };
        let mut account = Account::default();
        for turn in 0..30_000 {
            account.settle("one", 3, share, turn * 100);
        }
        assert!(account.spent.len() <= 720, "{}", account.spent.len());
        assert_eq!(account.spent.iter().map(|(_, requests)| requests).sum::<u64>(), 90_000);
    }

    #[test]
    fn it_is_the_same_after_it_was_written_down() {
        let mut account = Account::default();
        assert_eq!(account.reserve("one", 50, SHARE, 7, 20), Ok(50));
        account.settle("one", 44, SHARE, 9);
        account.block(12);
        let text = serde_json::to_string(&account).unwrap();
        assert_eq!(serde_json::from_str::<Account>(&text).unwrap(), account);
        assert!(!account.is_empty() && Account::default().is_empty());
    }
}

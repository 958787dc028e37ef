//! The quota of each account: so many requests in any hour, shared by the tenants of the account.
//!
//! A turn reserves requests before it begins and settles when it ends with what it has really sent,
//! counted as if sent at the end. What went beyond the limit counts in the hours after, so that it is
//! paid back. The vendor's own wait is the account's too. Nothing is kept on disk: the count begins
//! anew with the process.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;
use tokio::time::Instant;

/// Fewer are not worth a turn: it asks for the account and repeats a list before it goes on.
const WORTH_A_TURN: u64 = 24;
/// While others have some of it reserved, it is not known how much of that comes free, and when.
const ASK_AGAIN: Duration = Duration::from_secs(1);
/// Beyond its share, a turn may send so many before it is ended: what one item of a source needs, with
/// parts of many pages and attempts repeated, is far below.
const BEYOND: u64 = 1_000;

/// What each account has sent and reserved in its current window.
pub(super) struct Quota {
    limit: u64,
    window: Duration,
    accounts: BTreeMap<String, Account>,
}

#[derive(Default)]
struct Account {
    /// When how many were spent, oldest first; what went beyond the limit as if spent later.
    spent: VecDeque<(Instant, u64)>,
    reserved: u64,
    blocked_until: Option<Instant>,
}

impl Quota {
    pub fn new(limit: u64, window: Duration) -> Self {
        Self { limit: limit.max(1), window, accounts: BTreeMap::new() }
    }

    /// Reserves up to `wanted` requests, or tells when to ask again.
    pub fn reserve(&mut self, account: &str, wanted: u64, now: Instant) -> Result<u64, Instant> {
        let (limit, window) = (self.limit, self.window);
        let account = self.accounts.entry(account.into()).or_default();
        if let Some(until) = account.blocked_until.filter(|until| *until > now) {
            return Err(until);
        }
        account.forget(window, now);
        let spent: u64 = account.spent.iter().map(|(_, requests)| requests).sum();
        let mut free = limit.saturating_sub(spent).saturating_sub(account.reserved);
        let least = WORTH_A_TURN.min(limit).min(wanted);
        if free >= least {
            let share = free.min(wanted);
            account.reserved += share;
            return Ok(share);
        }
        if account.reserved > 0 {
            return Err(now + ASK_AGAIN);
        }
        let mut over = spent.saturating_sub(limit);
        for (at, requests) in &account.spent {
            let pays = over.min(*requests);
            over -= pays;
            free += requests - pays;
            if free >= least {
                return Err(*at + window);
            }
        }
        Err(now + window)
    }

    /// Ends a reservation of `reserved` requests of which, or beyond which, `spent` were sent.
    pub fn settle(&mut self, account: &str, reserved: u64, spent: u64, now: Instant) {
        if let Some(account) = self.accounts.get_mut(account) {
            account.reserved = account.reserved.saturating_sub(reserved);
            account.forget(self.window, now);
            account.spend(spent, self.limit, self.window, now);
        }
    }

    /// Nobody of this account goes on before then.
    pub fn block(&mut self, account: &str, until: Instant) {
        if let Some(account) = self.accounts.get_mut(account) {
            account.blocked_until = account.blocked_until.max(Some(until));
        }
    }
}

impl Account {
    fn forget(&mut self, window: Duration, now: Instant) {
        while self.spent.front().is_some_and(|(at, _)| *at + window <= now) {
            self.spent.pop_front();
        }
    }

    /// Counts requests as spent now, as far as the limit allows, and the rest a window later each time.
    fn spend(&mut self, requests: u64, limit: u64, window: Duration, now: Instant) {
        let (mut at, mut left) = (now, requests);
        while left > 0 {
            let in_window = self.spent.iter().filter(|(then, _)| *then <= at && *then + window > at);
            let counted = left.min(limit.saturating_sub(in_window.map(|(_, requests)| requests).sum()));
            if counted > 0 {
                let place = self.spent.partition_point(|(then, _)| *then <= at);
                self.spent.insert(place, (at, counted));
            }
            left -= counted;
            at += window;
        }
    }
}

/// What bounds a turn for which requests are reserved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Bounds {
    /// Requests that the source is asked to keep to.
    pub requests: u32,
    /// Requests in flight that it is asked to keep to.
    pub in_flight: u32,
    /// Requests after which it is ended, as it does not keep to anything.
    pub most: u64,
}

impl Bounds {
    /// Of a turn that is to stay within `share` requests. A tenth is left for attempts that are repeated.
    pub fn of(share: u64, concurrency: u32) -> Self {
        const WORTH_A_SLOT: u64 = 12;
        let in_flight = (share / WORTH_A_SLOT).clamp(1, u64::from(concurrency.max(1)));
        let requests = (share - share / 10).max(1);
        Self {
            requests: u32::try_from(requests).unwrap_or(u32::MAX),
            in_flight: u32::try_from(in_flight).unwrap_or(1),
            most: share.saturating_add(BEYOND),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);

    #[test]
    fn no_window_holds_more_than_the_limit() {
        let begin = Instant::now();
        let mut quota = Quota::new(100, HOUR);
        let mut sent: Vec<(Instant, u64)> = Vec::new();
        let mut now = begin;
        while now < begin + 10 * HOUR {
            match quota.reserve("acme", 30, now) {
                Ok(share) => {
                    now += Duration::from_secs(60);
                    quota.settle("acme", share, share, now);
                    sent.push((now, share));
                    let recent = sent.iter().filter(|(at, _)| *at + HOUR > now).map(|(_, spent)| spent);
                    assert!(recent.sum::<u64>() <= 100);
                }
                Err(then) => {
                    assert!(then > now, "waiting has to end");
                    now = then;
                }
            }
        }
        assert!(sent.iter().map(|(_, spent)| spent).sum::<u64>() >= 900, "and the limit is used");
    }

    #[test]
    fn what_is_reserved_is_not_free_and_accounts_are_apart() {
        let now = Instant::now();
        let mut quota = Quota::new(100, HOUR);
        assert_eq!(quota.reserve("acme", 80, now), Ok(80));
        assert_eq!(quota.reserve("acme", 80, now), Err(now + ASK_AGAIN), "20 are not worth a turn");
        assert_eq!(quota.reserve("other", 80, now), Ok(80));
        quota.settle("acme", 80, 10, now);
        assert_eq!(quota.reserve("acme", 200, now), Ok(90));
        quota.settle("acme", 90, 190, now);
        assert_eq!(quota.reserve("acme", 1, now + HOUR / 2), Err(now + 2 * HOUR), "two hours' worth is spent");
    }

    #[test]
    fn what_went_beyond_the_limit_is_paid_back_in_the_hours_after() {
        let begin = Instant::now();
        let mut quota = Quota::new(200, HOUR);
        let (mut now, mut sent, mut turns) = (begin, 0, 0);
        while now < begin + 100 * HOUR {
            match quota.reserve("acme", 500, now) {
                // Two turns at once, of which each sends more than was reserved for it.
                Ok(share) => {
                    let other = quota.reserve("acme", 500, now).unwrap_or_default();
                    quota.settle("acme", share, share + 234, now);
                    now += HOUR / 60;
                    quota.settle("acme", other, other + 17, now);
                    sent += share + other + 251;
                    turns += 1;
                }
                Err(until) => {
                    assert!(until > now, "it would be asked for ever");
                    now = until;
                }
            }
        }
        assert!(turns > 20, "{turns}");
        let hours = (now - begin).as_secs() / 3_600;
        // What the last turn sent beyond its share is still to be paid back.
        assert!(sent <= 200 * (hours + 1) + 251 && sent > 150 * hours, "{sent} in {hours} hours");
    }

    #[test]
    fn what_was_reserved_and_not_spent_is_not_waited_for() {
        let now = Instant::now();
        let mut quota = Quota::new(100, HOUR);
        assert_eq!((quota.reserve("acme", 50, now), quota.reserve("acme", 50, now)), (Ok(50), Ok(50)));
        quota.settle("acme", 50, 40, now);
        assert_eq!(quota.reserve("acme", 50, now), Err(now + ASK_AGAIN), "10 are free, and soon perhaps more");
        quota.settle("acme", 50, 1, now);
        assert_eq!(quota.reserve("acme", 50, now), Ok(50));
        quota.settle("acme", 50, 50, now);
        assert_eq!(quota.reserve("acme", 50, now), Err(now + HOUR));
    }

    #[test]
    fn the_vendors_wait_is_the_accounts() {
        let now = Instant::now();
        let mut quota = Quota::new(100, HOUR);
        assert!(quota.reserve("acme", 10, now).is_ok());
        quota.block("acme", now + HOUR / 60);
        assert_eq!(quota.reserve("acme", 10, now), Err(now + HOUR / 60));
        assert!(quota.reserve("acme", 10, now + HOUR / 60).is_ok());
    }

    /// That a source keeps to them is tested with the component, in `tests/component/fleet.rs`.
    #[test]
    fn bounds_leave_room_within_the_share_and_end_who_goes_far_beyond() {
        for share in [1, 5, 24, 100, 500, 5_000] {
            for concurrency in [1, 8, 64] {
                let Bounds { requests, in_flight, most } = Bounds::of(share, concurrency);
                assert!((1..=share).contains(&u64::from(requests)) && (1..=concurrency).contains(&in_flight));
                assert!(share < 10 || u64::from(requests) < share);
                assert!(u64::from(in_flight) <= share && most == share + BEYOND);
            }
        }
    }
}

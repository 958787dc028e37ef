//! The quota of each account on one machine: see [`Account`] for the rules. Nothing is kept on disk: the count begins
//! anew with the process.

use super::account::{Account, Share};
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::time::Instant;

/// What each account has sent and reserved in its current window.
pub(super) struct Quota {
    share: Share,
    /// Times are counted from the first that is told.
    origin: Option<Instant>,
    accounts: BTreeMap<String, Account>,
}

impl Quota {
    pub fn new(limit: u64, window: Duration) -> Self {
        let share = Share { limit: limit.max(1), window: milliseconds(window) };
        Self { share, origin: None, accounts: BTreeMap::new() }
    }

    /// Reserves up to `wanted` requests for a holder, or tells when to ask again. On one machine a holder that ends
    /// always settles.
    pub fn reserve(&mut self, account: &str, holder: &str, wanted: u64, now: Instant) -> Result<u64, Instant> {
        let origin = *self.origin.get_or_insert(now);
        let account = self.accounts.entry(account.into()).or_default();
        let now = milliseconds(now.saturating_duration_since(origin));
        let until = |at| origin + Duration::from_millis(at);
        account.reserve(holder, wanted, self.share, now, u64::MAX).map_err(until)
    }

    /// Ends a holder's reservation, of which, or beyond which, `sent` were sent.
    pub fn settle(&mut self, account: &str, holder: &str, sent: u64, now: Instant) {
        let now = self.later(now);
        if let Some(account) = self.accounts.get_mut(account) {
            account.settle(holder, sent, self.share, now);
        }
    }

    /// Nobody of this account goes on before then.
    pub fn block(&mut self, account: &str, until: Instant) {
        let until = self.later(until);
        if let Some(account) = self.accounts.get_mut(account) {
            account.block(until);
        }
    }

    /// A time, rounded up: no window ends too early.
    fn later(&self, at: Instant) -> u64 {
        let since = self.origin.map(|origin| at.saturating_duration_since(origin)).unwrap_or_default();
        milliseconds(since + Duration::from_nanos(999_999))
    }
}

fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);
    const ASK_AGAIN: Duration = Duration::from_millis(crate::account::ASK_AGAIN);

    #[test]
    fn no_window_holds_more_than_the_limit() {
        let begin = Instant::now();
        let mut quota = Quota::new(100, HOUR);
        let mut sent: Vec<(Instant, u64)> = Vec::new();
        let mut now = begin;
        while now < begin + 10 * HOUR {
            match quota.reserve("acme", "one", 30, now) {
                Ok(share) => {
                    now += Duration::from_secs(60);
                    quota.settle("acme", "one", share, now);
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
        assert_eq!(quota.reserve("acme", "one", 80, now), Ok(80));
        assert_eq!(quota.reserve("acme", "one", 80, now), Err(now + ASK_AGAIN), "20 are not worth a turn");
        assert_eq!(quota.reserve("other", "one", 80, now), Ok(80));
        quota.settle("acme", "one", 10, now);
        assert_eq!(quota.reserve("acme", "one", 200, now), Ok(90));
        quota.settle("acme", "one", 190, now);
        assert_eq!(quota.reserve("acme", "one", 1, now + HOUR / 2), Err(now + 2 * HOUR), "two hours' worth is spent");
    }

    #[test]
    fn what_went_beyond_the_limit_is_paid_back_in_the_hours_after() {
        let begin = Instant::now();
        let mut quota = Quota::new(200, HOUR);
        let (mut now, mut sent, mut turns) = (begin, 0, 0);
        while now < begin + 100 * HOUR {
            match quota.reserve("acme", "one", 500, now) {
                // Two turns at once, of which each sends more than was reserved for it.
                Ok(share) => {
                    let other = quota.reserve("acme", "other", 500, now).unwrap_or_default();
                    quota.settle("acme", "one", share + 234, now);
                    now += HOUR / 60;
                    quota.settle("acme", "other", other + 17, now);
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
        assert_eq!((quota.reserve("acme", "one", 50, now), quota.reserve("acme", "other", 50, now)), (Ok(50), Ok(50)));
        quota.settle("acme", "one", 40, now);
        assert_eq!(quota.reserve("acme", "one", 50, now), Err(now + ASK_AGAIN), "10 are free, and soon perhaps more");
        quota.settle("acme", "other", 1, now);
        assert_eq!(quota.reserve("acme", "one", 50, now), Ok(50));
        quota.settle("acme", "one", 50, now);
        assert_eq!(quota.reserve("acme", "one", 50, now), Err(now + HOUR));
    }

    #[test]
    fn the_vendors_wait_is_the_accounts() {
        let now = Instant::now();
        let mut quota = Quota::new(100, HOUR);
        assert!(quota.reserve("acme", "one", 10, now).is_ok());
        quota.block("acme", now + HOUR / 60);
        assert_eq!(quota.reserve("acme", "one", 10, now), Err(now + HOUR / 60));
        assert!(quota.reserve("acme", "one", 10, now + HOUR / 60).is_ok());
    }
}

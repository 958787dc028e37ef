//! What a component computes, against what it may: a debt that its requests pay off, a little each.
//!
//! Every bit of computing counts, and nothing is forgotten because a tick was half spent waiting or
//! because a request was sent. So in all an instance computes no more than [`Limits::compute`], and an
//! eightieth of that for each request that was sent.
//!
//! [`Limits::compute`]: crate::limits::Limits::compute

use crate::engine::TICK;
use std::time::{Duration, Instant};

/// Which part of the limit a request pays off: 0.25 s of 20 s, several times what the largest page of a
/// list takes.
const PARTS: u32 = 80;
/// A component in debt by more than this gets a tenth of a core, so that its neighbours do not notice.
const BUSY: Duration = Duration::from_millis(100);
/// How long it pauses for what it has computed then.
const SHARE: u32 = 9;

/// The debt of one instance.
#[derive(Debug)]
pub struct Compute {
    limit: Duration,
    owed: Duration,
    /// Requests that have paid.
    paid: u64,
    /// Time waited when it went on.
    waited: Duration,
    since: Instant,
}

/// The debt is larger than the limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exceeded;

impl Compute {
    /// Nothing is computed yet.
    #[must_use]
    pub fn new(limit: Duration) -> Self {
        Self { limit, owed: Duration::ZERO, paid: 0, waited: Duration::ZERO, since: Instant::now() }
    }

    /// The guest went on then, after a pause or after others had their turn: that time is not its own.
    pub fn resumed(&mut self, at: Instant) {
        self.since = self.since.max(at);
    }

    /// A tick has ended: books what was computed in it, and answers how long to pause. `waited` is how long
    /// the guest has waited in all, `sent` how many requests it has sent.
    ///
    /// # Errors
    /// When the debt has become larger than the limit.
    pub fn tick(&mut self, waited: Duration, sent: u64, now: Instant) -> Result<Duration, Exceeded> {
        let passed = now.saturating_duration_since(self.since);
        // A guest that computes is interrupted after a tick; what is beyond it, the machine took for others.
        let computed = passed.saturating_sub(waited.saturating_sub(self.waited)).min(TICK);
        (self.waited, self.since) = (waited, now);
        let requests = u32::try_from(sent.saturating_sub(self.paid)).unwrap_or(u32::MAX);
        self.paid = sent;
        self.owed = self.owed.saturating_sub((self.limit / PARTS).saturating_mul(requests)) + computed;
        if self.owed > self.limit {
            return Err(Exceeded);
        }
        Ok(if self.owed > BUSY { computed * SHARE } else { Duration::ZERO })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: Duration = Duration::from_secs(20);

    /// A guest that computes and waits for so long by turns, and sends a request every so many turns; how
    /// much it computes before it is stopped, at most for an hour of turns, and how much of that at full speed.
    fn run(work: Duration, wait: Duration, request_every: u64) -> (Option<Duration>, Duration) {
        let mut compute = Compute::new(LIMIT);
        let (mut now, mut waited, mut turns) = (Instant::now(), Duration::ZERO, 0_u64);
        compute.resumed(now);
        let (mut computed, mut full_speed) = (Duration::ZERO, Duration::ZERO);
        while computed < Duration::from_secs(3_600) {
            turns += 1;
            now += work + wait;
            waited += wait;
            computed += work;
            let sent = turns.checked_div(request_every).unwrap_or(0);
            match compute.tick(waited, sent, now) {
                Ok(Duration::ZERO) => full_speed += work,
                Ok(pause) => {
                    assert_eq!(pause, work * SHARE);
                    now += pause;
                    compute.resumed(now);
                }
                Err(Exceeded) => return (Some(computed), full_speed),
            }
        }
        (None, full_speed)
    }

    #[test]
    fn whoever_computes_is_stopped_however_it_divides_its_time() {
        let milli = Duration::from_millis;
        for (work, wait) in [(10, 0), (5, 5), (4, 6), (1, 9), (1, 99)] {
            let (stopped, full_speed) = run(milli(work), milli(wait), 0);
            assert_eq!(stopped, Some(LIMIT + milli(work)), "{work} ms of work, {wait} ms of waiting");
            assert!(full_speed <= BUSY, "{full_speed:?}");
        }
        // A request each second of computing pays a quarter of it.
        let (stopped, _) = run(milli(10), milli(0), 100);
        let stopped = stopped.expect("a request now and then does not help for ever");
        assert!((LIMIT..LIMIT * 2).contains(&stopped), "{stopped:?}");
    }

    #[test]
    fn who_reads_what_it_asks_for_is_neither_stopped_nor_slowed_down() {
        // 60 ms of work for each request, in ticks of 10.
        let (stopped, full_speed) = run(Duration::from_millis(10), Duration::from_millis(3), 6);
        assert_eq!((stopped, full_speed), (None, Duration::from_secs(3_600)));
    }

    #[test]
    fn time_that_the_machine_gave_to_others_is_not_computing() {
        let mut compute = Compute::new(LIMIT);
        let mut now = Instant::now();
        compute.resumed(now);
        for _ in 0..(LIMIT.as_millis() / TICK.as_millis()) {
            now += Duration::from_secs(5);
            assert!(compute.tick(Duration::ZERO, 0, now).is_ok());
        }
    }
}

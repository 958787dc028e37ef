//! Whose turn it is: of those who are ready, the one who has had the least time so far; the others
//! wait for their instant, and that is all there is of them.
//!
//! Where turns are equally long, that is round robin. Where one tenant's are longer, because its
//! vendor is slow or its component computes, it has fewer of them: a turn per round for everyone would
//! give the slowest the most of what all share.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Duration;
use tokio::time::Instant;

/// Tenants that are ready for a turn, and those that wait for a time.
#[derive(Default)]
pub(super) struct Queue {
    /// Time had, number of arrival, tenant.
    ready: BinaryHeap<Reverse<(Duration, u64, usize)>>,
    /// Instant, tenant, time had.
    waiting: BinaryHeap<Reverse<(Instant, usize, Duration)>>,
    arrivals: u64,
}

impl Queue {
    /// A tenant is ready; it has had so much time.
    pub fn push(&mut self, tenant: usize, had: Duration) {
        self.arrivals += 1;
        self.ready.push(Reverse((had, self.arrivals, tenant)));
    }

    /// A tenant waits for an instant.
    pub fn wait(&mut self, tenant: usize, had: Duration, until: Instant) {
        self.waiting.push(Reverse((until, tenant, had)));
    }

    /// The next tenant that is ready.
    pub fn next(&mut self, now: Instant) -> Option<usize> {
        while self.wakes_at().is_some_and(|until| until <= now) {
            if let Some(Reverse((_, tenant, had))) = self.waiting.pop() {
                self.push(tenant, had);
            }
        }
        self.ready.pop().map(|Reverse((_, _, tenant))| tenant)
    }

    /// When the first of those who wait is ready.
    pub fn wakes_at(&self) -> Option<Instant> {
        self.waiting.peek().map(|Reverse((until, ..))| *until)
    }

    pub fn waiting(&self) -> usize {
        self.waiting.len()
    }

    pub fn is_empty(&self) -> bool {
        self.ready.is_empty() && self.waiting.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn equal_turns_go_round_and_long_ones_come_seldom() {
        let (mut queue, now) = (Queue::default(), Instant::now());
        let cost = [SECOND, SECOND, 10 * SECOND];
        let mut had = [Duration::ZERO; 3];
        (0..3).for_each(|tenant| queue.push(tenant, Duration::ZERO));
        let mut turns = Vec::new();
        for _ in 0..23 {
            let tenant = queue.next(now).unwrap();
            turns.push(tenant);
            had[tenant] += cost[tenant];
            queue.push(tenant, had[tenant]);
        }
        assert_eq!(turns[..7], [0, 1, 2, 0, 1, 0, 1]);
        assert_eq!(turns.iter().filter(|tenant| **tenant == 2).count(), 2, "{turns:?}");
    }

    #[test]
    fn who_waits_is_not_ready_before_its_instant() {
        let (mut queue, now) = (Queue::default(), Instant::now());
        queue.wait(1, Duration::ZERO, now + 2 * SECOND);
        queue.wait(0, Duration::ZERO, now + SECOND);
        assert_eq!((queue.next(now), queue.wakes_at(), queue.waiting()), (None, Some(now + SECOND), 2));
        assert_eq!((queue.next(now + SECOND), queue.next(now + SECOND)), (Some(0), None));
        assert_eq!(queue.next(now + 3 * SECOND), Some(1));
        assert!(queue.is_empty());
    }
}

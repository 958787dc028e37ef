//! How long a collection still takes, where the source has said beforehand how many calls it needs.

use super::cost;
use source_host::bindings::exports::compliance::source::planner::Cost;
use std::time::Duration;

/// Fewer answers than this say nothing about how fast they come.
const ENOUGH: u64 = 20;

/// What a whole collection needs, by the source's own estimate.
#[derive(Clone, Copy, Debug)]
pub struct Expected {
    /// Calls; at least so many where `is_whole` is false.
    calls: u64,
    is_whole: bool,
    /// How long they take, waits for the next hour's share included.
    planned: Duration,
    /// Calls in an hour that the settings allow.
    share: Option<u64>,
}

impl From<&Cost> for Expected {
    fn from(cost: &Cost) -> Self {
        Self {
            calls: cost::calls(&cost.endpoints),
            is_whole: cost::is_whole(cost),
            planned: Duration::from_millis(cost.milliseconds),
            share: cost.requests_per_hour.map(u64::from),
        }
    }
}

/// How far a collection has come.
#[derive(Clone, Copy, Debug, Default)]
pub struct Reached {
    /// Calls of earlier runs, which this one goes on from.
    pub before: u64,
    /// Calls of this run that were answered.
    pub here: u64,
    /// Since this run began.
    pub elapsed: Duration,
    /// Until a wait ends that was told.
    pub waits: Duration,
}

/// The time that is left, in words; `None` while, or as soon as, nothing is known about it.
pub fn words(expected: &Expected, reached: &Reached) -> Option<String> {
    let about = if expected.is_whole { "about" } else { "at least" };
    Some(format!("{about} {} left", cost::duration(left(expected, reached)?)))
}

/// As long for each call to come as for those of this run; where they are more than the share of an hour, which stops
/// them without warning, no less than the source has planned.
fn left(expected: &Expected, reached: &Reached) -> Option<Duration> {
    let Reached { before, here, elapsed, waits } = *reached;
    let at_start = expected.calls.checked_sub(before)?;
    let to_come = at_start.checked_sub(here).filter(|calls| *calls > 0)?;
    if here < ENOUGH.max(at_start / 50) {
        return None;
    }
    let at_this_pace = share_of(elapsed, to_come, here);
    let is_stopped = expected.share.is_some_and(|share| at_start > share);
    let by_plan = if is_stopped { share_of(expected.planned, at_start, expected.calls) } else { Duration::ZERO };
    Some(at_this_pace.max(by_plan.saturating_sub(elapsed)).max(waits))
}

/// `part` of `whole` of a time; `whole` is not 0.
fn share_of(time: Duration, part: u64, whole: u64) -> Duration {
    let milliseconds = time.as_millis().saturating_mul(part.into()) / u128::from(whole.max(1));
    Duration::from_millis(u64::try_from(milliseconds).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: u64 = 3_600;

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn expected(calls: u64, planned: u64, share: Option<u64>) -> Expected {
        Expected { calls, is_whole: true, planned: seconds(planned), share }
    }

    fn reached(here: u64, elapsed: u64) -> Reached {
        Reached { here, elapsed: seconds(elapsed), ..Reached::default() }
    }

    #[test]
    fn nothing_is_told_before_enough_was_seen_nor_after_all_that_was_expected() {
        let expected = expected(100, 50, None);
        for (here, want) in [
            (0, None),
            (19, None),
            (20, Some("about 4 min left")),
            (99, Some("about 1 s left")),
            (100, None),
            (250, None),
        ] {
            assert_eq!(words(&expected, &reached(here, 60)).as_deref(), want, "{here}");
        }
        // Of a large collection, twenty calls are the first lists and say nothing about the rest.
        assert_eq!(words(&Expected { calls: 100_000, ..expected }, &reached(1_999, 60)), None);
        assert!(words(&Expected { calls: 100_000, ..expected }, &reached(2_000, 60)).is_some());
        assert_eq!(words(&Expected { calls: 0, ..expected }, &reached(20, 60)), None);
    }

    #[test]
    fn a_number_that_may_be_larger_is_told_as_the_least() {
        let expected = Expected { is_whole: false, ..expected(100, 50, None) };
        assert_eq!(words(&expected, &reached(50, 30)).as_deref(), Some("at least 30 s left"));
    }

    #[test]
    fn calls_of_an_earlier_run_are_done_but_say_nothing_about_how_fast_this_one_is() {
        let expected = expected(1_000, 50, None);
        let resumed = Reached { before: 900, ..reached(50, 10) };
        assert_eq!(words(&expected, &resumed).as_deref(), Some("about 10 s left"));
        assert_eq!(words(&expected, &Reached { before: 2_000, ..reached(50, 10) }), None);
    }

    #[test]
    fn a_wait_for_the_next_hour_is_seen_before_it_begins() {
        // Two minutes for 4,990 calls, and the wait is 10 calls away.
        let (more, fewer) = (expected(5_100, HOUR + 3, Some(5_000)), expected(5_000, 125, Some(5_000)));
        assert_eq!(words(&more, &reached(4_990, 120)).as_deref(), Some("about 59 min left"));
        assert_eq!(words(&fewer, &reached(4_990, 120)).as_deref(), Some("about 1 s left"));
    }

    #[test]
    fn it_is_never_less_than_a_wait_that_was_told() {
        let waits = Reached { waits: seconds(300), ..reached(50, 50) };
        assert_eq!(words(&expected(100, 50, None), &waits).as_deref(), Some("about 5 min left"));
    }

    #[test]
    fn no_numbers_make_it_stumble() {
        let most = Expected { calls: u64::MAX, is_whole: true, planned: Duration::MAX, share: Some(0) };
        let long = Reached { before: 0, here: u64::MAX - 1, elapsed: Duration::MAX, waits: Duration::MAX };
        assert!(words(&most, &long).is_some());
        assert_eq!(words(&most, &Reached { before: u64::MAX, ..long }), None);
    }
}

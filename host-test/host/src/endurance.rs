//! How long a collection that comes no further is tried again, and how long one may go on at all.
//!
//! What counts is what the host saw: records that it took, requests that it let out, a cursor that
//! moved. What a component says of its progress or of what it used counts for nothing.

use crate::error::Error;
use crate::limits::Limit;
use crate::meter::Counts;
use serde::{Deserialize, Serialize};
use std::time::Duration;
use tokio::time::Instant;

/// The longest wait that is taken in one piece, whatever a vendor or a component asks for: then it is
/// asked again.
pub const MAX_WAIT: Duration = Duration::from_secs(3600);
/// No wait after a failure is longer, unless the vendor asks for it.
const MAX_BACKOFF: Duration = Duration::from_secs(60);
/// A shorter wait is none.
const WORTH_A_WAIT: Duration = Duration::from_secs(1);
/// Pages in a row for which nothing was sent and in which nothing came, or whose cursor did not move.
const MAX_EMPTY: u32 = 3;
/// Pages in a row without a record, though requests were sent: lists of which nothing is wanted.
const MAX_BARREN: u32 = 1_000;

/// What bounds a collection as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Endurance {
    /// For so long a collection that comes no further is tried again. Begins anew with each page that
    /// comes further.
    pub horizon: Duration,
    /// Wait after the first failure; doubled for each further one, up to a minute, and spread by chance.
    pub backoff: Duration,
    /// Pages of one run.
    pub pages: u32,
    /// Time of one run, waits included.
    pub time: Duration,
}

impl Default for Endurance {
    fn default() -> Self {
        Self {
            horizon: Duration::from_secs(15 * 60),
            backoff: Duration::from_secs(1),
            pages: 1_000_000,
            time: Duration::from_secs(7 * 24 * 3600),
        }
    }
}

/// What the host saw of a page that is not the last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PageSeen {
    /// Records in it.
    pub records: u64,
    /// Requests let out for it.
    pub sent: Counts,
    /// Whether its cursor is another one than that it was asked with.
    pub moved: bool,
    /// Whether it ended early because something went wrong.
    pub stopped: bool,
    /// How long it asks to wait.
    pub wait: Option<Duration>,
}

/// What a page comes to.
#[derive(Debug)]
pub enum Verdict {
    /// It came further: go on, after the wait that it asks for.
    Further(Duration),
    /// It came no further: try again after a wait.
    Again(Duration),
    /// It came no further, and has been tried for long enough: with what it failed last, if it told.
    TriedEnough,
    /// The collection is ended, whatever it comes to.
    End(Error),
}

/// A pace, written down: times are milliseconds before it was.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaceState {
    began: Option<u64>,
    pages: u32,
    empty: u32,
    barren: u32,
    failing: Option<(u64, u32)>,
}

/// How far a collection has come, and since when it comes no further.
#[derive(Clone, Debug)]
pub struct Pace {
    bounds: Endurance,
    began: Option<Instant>,
    pages: u32,
    empty: u32,
    barren: u32,
    /// Since when, and how often.
    failing: Option<(Instant, u32)>,
}

impl Pace {
    /// Of a collection that is about to begin or to be resumed.
    #[must_use]
    pub fn new(bounds: Endurance) -> Self {
        Self { bounds, began: None, pages: 0, empty: 0, barren: 0, failing: None }
    }

    /// One that was written down so long ago.
    #[must_use]
    pub fn resumed(bounds: Endurance, state: PaceState, ago: Duration, now: Instant) -> Self {
        let PaceState { pages, empty, barren, .. } = state;
        let at = |before: u64| now.checked_sub(Duration::from_millis(before) + ago).unwrap_or(now);
        let failing = state.failing.map(|(since, times)| (at(since), times));
        Self { bounds, began: state.began.map(at), pages, empty, barren, failing }
    }

    /// To be written down.
    #[must_use]
    pub fn state(&self, now: Instant) -> PaceState {
        // Rounded up: an outage that is written down time and again must not become shorter, and end never.
        let before = |at: Instant| u64::try_from((now - at).as_nanos().div_ceil(1_000_000)).unwrap_or(u64::MAX);
        let Self { pages, empty, barren, .. } = *self;
        let failing = self.failing.map(|(since, times)| (before(since), times));
        PaceState { began: self.began.map(before), pages, empty, barren, failing }
    }

    /// Whether the last attempt came no further.
    #[must_use]
    pub fn is_failing(&self) -> bool {
        self.failing.is_some()
    }

    /// An attempt begins; the time of the run is counted from the first.
    pub fn begin(&mut self, now: Instant) {
        self.began.get_or_insert(now);
    }

    /// Judges a page that is not the last.
    pub fn page(&mut self, seen: PageSeen, now: Instant) -> Verdict {
        self.pages = self.pages.saturating_add(1);
        if let Some(limit) = self.exceeded(now) {
            return Verdict::End(Error::Limit(limit));
        }
        let wait = seen.wait.filter(|wait| *wait >= WORTH_A_WAIT);
        let is_held_up = wait.is_some() || seen.stopped;
        let is_empty = !seen.moved || (seen.records == 0 && seen.sent.requests == 0 && !is_held_up);
        self.empty = if is_empty { self.empty + 1 } else { 0 };
        self.barren = if seen.records == 0 { self.barren + 1 } else { 0 };
        if self.empty >= MAX_EMPTY || self.barren >= MAX_BARREN {
            return Verdict::End(stuck());
        }
        // Requests that were answered come further, however long the share of the quota is waited for after them.
        let is_in_vain = seen.stopped || (wait.is_some() && seen.sent.answers == 0);
        if is_empty || (seen.records == 0 && is_in_vain) {
            return self.failed(wait, now).map_or(Verdict::TriedEnough, Verdict::Again);
        }
        self.failing = None;
        Verdict::Further(wait.map_or(Duration::ZERO, |wait| spread(wait.min(MAX_WAIT))))
    }

    /// How long to wait after an attempt that came no further, at least as long as the vendor `asked`; `None`
    /// when it has been tried for long enough.
    pub fn failed(&mut self, asked: Option<Duration>, now: Instant) -> Option<Duration> {
        let (since, times) = self.failing.unwrap_or((now, 0));
        self.failing = Some((since, times.saturating_add(1)));
        let left = self.bounds.horizon.checked_sub(now - since).filter(|left| !left.is_zero())?;
        if self.exceeded(now).is_some() {
            return None;
        }
        // The last attempt is made when the horizon ends, and not long before it.
        let wait = backoff(self.bounds.backoff, times).min(left);
        Some(asked.map_or(wait, |asked| wait.max(spread(asked.min(MAX_WAIT)))))
    }

    fn exceeded(&self, now: Instant) -> Option<Limit> {
        let Endurance { pages, time, .. } = self.bounds;
        if self.pages > pages {
            return Some(Limit::Pages(pages));
        }
        self.began.is_some_and(|began| now - began > time).then_some(Limit::Time(time))
    }
}

/// Page after page that comes no further, and no wait explains it.
fn stuck() -> Error {
    Error::BadAnswer("page after page without progress: no record, no request, or the cursor it was asked with".into())
}

/// The wait after so many failures: doubled each time, and up to a quarter shorter by chance, so that
/// those who failed together do not come back together.
fn backoff(first: Duration, times: u32) -> Duration {
    let full = first.saturating_mul(2_u32.saturating_pow(times)).min(MAX_BACKOFF);
    full.mul_f64(1.0 - fastrand::f64() / 4.0)
}

/// A wait that was asked for: never shorter, and up to a tenth longer, at most two seconds.
fn spread(wait: Duration) -> Duration {
    wait + (wait / 10).min(Duration::from_secs(2)).mul_f64(fastrand::f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);
    const MINUTE: Duration = Duration::from_secs(60);
    const ANSWERED: Counts = Counts { requests: 1, answers: 1 };
    const FURTHER: PageSeen = PageSeen { records: 1, sent: ANSWERED, moved: true, stopped: false, wait: None };

    /// Attempts against a vendor that is away for so long; how often it was tried, and whether it was there
    /// at last.
    fn outage(pace: &mut Pace, away: Duration, from: Instant) -> (u32, Option<Instant>) {
        let (mut now, mut attempts) = (from, 0);
        loop {
            attempts += 1;
            if now >= from + away {
                return (attempts, Some(now));
            }
            match pace.failed(None, now) {
                Some(wait) => now += wait,
                None => return (attempts, None),
            }
        }
    }

    #[test]
    fn an_outage_within_the_horizon_costs_only_time_and_a_longer_one_ends() {
        for _ in 0..100 {
            let begin = Instant::now();
            for minutes in [1, 5, 14] {
                let (attempts, there) = outage(&mut Pace::new(Endurance::default()), minutes * MINUTE, begin);
                let there = there.unwrap_or_else(|| panic!("given up within {minutes} minutes"));
                assert!(there < begin + (minutes + 1) * MINUTE, "it waited for long though the vendor was there");
                assert!(attempts <= 8 + 2 * minutes, "{attempts} attempts in {minutes} minutes");
            }
            let (_, there) = outage(&mut Pace::new(Endurance::default()), 16 * MINUTE, begin);
            assert_eq!(there, None);
        }
    }

    #[test]
    fn the_horizon_begins_anew_with_each_page_that_comes_further() {
        let mut pace = Pace::new(Endurance::default());
        let mut now = Instant::now();
        for _ in 0..20 {
            now = outage(&mut pace, 10 * MINUTE, now).1.expect("each outage is shorter than the horizon");
            assert!(pace.is_failing());
            assert!(matches!(pace.page(FURTHER, now), Verdict::Further(Duration::ZERO)));
            assert!(!pace.is_failing());
        }
        // Without a page between them, the same outages are one.
        let (_, first) = outage(&mut pace, 10 * MINUTE, now);
        assert_eq!(outage(&mut pace, 10 * MINUTE, first.unwrap()).1, None);
    }

    #[test]
    fn a_wait_that_was_asked_for_is_never_cut_short_and_is_bounded() {
        for asked in [SECOND, 40 * SECOND, 30 * MINUTE, MAX_WAIT, 10 * MAX_WAIT] {
            let mut pace = Pace::new(Endurance::default());
            let wait = pace.failed(Some(asked), Instant::now()).unwrap();
            let obeyed = asked.min(MAX_WAIT);
            assert!((obeyed..=obeyed + 2 * SECOND).contains(&wait), "{asked:?}: {wait:?}");
        }
        // Whoever is asked to wait time and again is given up too.
        let (mut pace, begin) = (Pace::new(Endurance::default()), Instant::now());
        let (mut now, mut times) = (begin, 0);
        while let Some(wait) = pace.failed(Some(SECOND), now) {
            now += wait;
            times += 1;
        }
        assert!(times < 40 && (15 * MINUTE..17 * MINUTE).contains(&(now - begin)), "{times} in {:?}", now - begin);
    }

    #[test]
    fn an_outage_is_as_long_when_the_pace_was_written_down_between_attempts() {
        let bounds = Endurance::default();
        let (mut pace, begin) = (Pace::new(bounds), Instant::now() + 60 * MINUTE);
        pace.begin(begin);
        let (mut now, mut times) = (begin, 0);
        while let Some(wait) = pace.failed(None, now) {
            let text = serde_json::to_string(&pace.state(now)).unwrap();
            now += wait;
            pace = Pace::resumed(bounds, serde_json::from_str(&text).unwrap(), wait, now);
            assert!(pace.is_failing());
            times += 1;
        }
        assert!(times > 10 && (14 * MINUTE..16 * MINUTE).contains(&(now - begin)), "{times} in {:?}", now - begin);
    }

    #[test]
    fn waits_are_spread_by_chance() {
        let wait = |_| Pace::new(Endurance::default()).failed(None, Instant::now()).unwrap();
        let waits: std::collections::BTreeSet<Duration> = (0..100).map(wait).collect();
        assert!(waits.len() > 50 && waits.iter().all(|wait| (SECOND * 3 / 4..=SECOND).contains(wait)), "{waits:?}");
    }

    fn ends_after(seen: PageSeen, at_most: u32) -> u32 {
        let (mut pace, mut now) = (Pace::new(Endurance::default()), Instant::now());
        for page in 1..=at_most {
            match pace.page(seen, now) {
                Verdict::Further(wait) | Verdict::Again(wait) => now += wait,
                Verdict::TriedEnough | Verdict::End(_) => return page,
            }
        }
        panic!("{seen:?} goes on after {at_most} pages");
    }

    #[test]
    fn pages_that_come_no_further_end() {
        let nothing = PageSeen { records: 0, sent: Counts::default(), ..FURTHER };
        assert_eq!(ends_after(nothing, 10), MAX_EMPTY, "nothing sent and nothing came");
        assert_eq!(ends_after(PageSeen { wait: Some(SECOND / 2), ..nothing }, 10), MAX_EMPTY, "a wait that is none");
        assert_eq!(ends_after(PageSeen { moved: false, ..FURTHER }, 10), MAX_EMPTY, "the same cursor again");
        assert_eq!(ends_after(PageSeen { records: 0, ..FURTHER }, 2_000), MAX_BARREN, "requests alone");
        assert!(ends_after(PageSeen { wait: Some(MINUTE), ..nothing }, 100) <= 20, "waits alone");
        assert_eq!(ends_after(PageSeen { wait: Some(MAX_WAIT), ..nothing }, 100), 2, "long waits alone");
        assert!(ends_after(PageSeen { records: 0, stopped: true, ..FURTHER }, 100) <= 40, "failures alone");
        let refused = PageSeen { sent: Counts { requests: 9, answers: 0 }, wait: Some(SECOND), ..nothing };
        assert!(ends_after(refused, 2_000) <= 40, "requests that are answered by 429 alone");
        let paced = PageSeen { records: 0, wait: Some(MAX_WAIT), ..FURTHER };
        let (mut pace, begin) = (Pace::new(Endurance::default()), Instant::now());
        for hour in 0..100 {
            let verdict = pace.page(paced, begin + MAX_WAIT * hour);
            assert!(matches!(verdict, Verdict::Further(_)), "a small share of the quota, in hour {hour}: {verdict:?}");
        }
    }

    #[test]
    fn pages_and_time_of_a_run_are_bounded() {
        let begin = Instant::now();
        let mut pace = Pace::new(Endurance { pages: 5, ..Endurance::default() });
        let further = (1..10).take_while(|_| matches!(pace.page(FURTHER, begin), Verdict::Further(_))).count();
        assert_eq!(further, 5);
        let mut pace = Pace::new(Endurance { time: 2 * MINUTE, ..Endurance::default() });
        pace.begin(begin);
        assert!(matches!(pace.page(FURTHER, begin + MINUTE), Verdict::Further(_)));
        let late = pace.page(FURTHER, begin + 3 * MINUTE);
        assert!(matches!(late, Verdict::End(Error::Limit(Limit::Time(_)))), "{late:?}");
        assert_eq!(pace.failed(None, begin + 3 * MINUTE), None);
    }
}

//! Spreads the costly calls for items over several days, without keeping anything: whose turn it is
//! follows from the item's id and the day.

use crate::base::digest::short_hash;
use crate::base::timestamp::Timestamp;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// The most days that the setting `spread_days` allows: a month. What is read less often than that
/// is hardly evidence of how things are.
pub const MAX_DAYS: u32 = 31;

const DAY_MS: i64 = 24 * 3600 * 1000;
/// The longest span that one call covers.
const WEEK_MS: i64 = 7 * DAY_MS;
/// A year and a day.
const MAX_WEEKS: i64 = 53;

/// The part of all items that one day reads. Travels in the cursor, so that a collection that is
/// resumed after midnight keeps to the day on which it began.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Turn {
    /// Which part, from 1.
    #[serde(rename = "k")]
    pub number: u32,
    /// Of so many.
    #[serde(rename = "n")]
    pub of: u32,
}

impl Turn {
    /// The turn of the day (in UTC) on which a collection began; `None` when nothing is spread.
    #[must_use]
    pub fn of_day(days: u32, started: Timestamp) -> Option<Self> {
        let day = started.0.div_euclid(DAY_MS).rem_euclid(i64::from(days.max(1)));
        (days > 1).then(|| Self { number: u32::try_from(day).unwrap_or_default() + 1, of: days })
    }

    /// Whether an item belongs to this part. Decided by SHA-256, which no version of this component
    /// changes: an item that moved to another day would not be read for longer than was promised.
    #[must_use]
    pub fn is_of(self, id: &str) -> bool {
        short_hash(id) % u64::from(self.of.max(1)) + 1 == u64::from(self.number)
    }
}

/// The weeks from `since` to the start of the collection: the last one without `since`, or as many
/// as pass from one turn of an item to the next, and no more than 53.
#[must_use]
pub fn weeks(days: u32, since: Option<Timestamp>, started: Timestamp) -> Vec<(Timestamp, Timestamp)> {
    let span = if days > 1 { WEEK_MS.max(turn_ms(days)) } else { WEEK_MS };
    let since = since.unwrap_or(Timestamp(started.0 - span));
    let mut from = since.max(reach(started));
    let mut weeks = Vec::new();
    while from < started {
        let to = started.min(Timestamp(from.0 + WEEK_MS));
        weeks.push((from, to));
        from = to;
    }
    weeks
}

/// How far back the weeks of a collection reach.
#[must_use]
pub fn reach(started: Timestamp) -> Timestamp {
    Timestamp(started.0.saturating_sub(MAX_WEEKS * WEEK_MS))
}

/// Where the events of the next collection have to begin, so that none is missed: what was going on
/// when this one began may have ended later, and the vendor's clock may differ from the host's, so a
/// day is read again; an item that is read every so many days was last read that long ago.
#[must_use]
pub fn next_since(days: u32, started: Timestamp) -> Timestamp {
    Timestamp(started.0.saturating_sub(if days > 1 { turn_ms(days) } else { DAY_MS }))
}

/// From one turn of an item to the next. Collections do not begin at the same time of day, so there
/// is a day to spare.
fn turn_ms(days: u32) -> i64 {
    (i64::from(days) + 1) * DAY_MS
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;

    const NOON: Timestamp = Timestamp(1_769_860_800_000);

    #[test]
    fn each_item_has_one_turn_in_so_many_days_and_the_days_are_about_even() {
        for days in [2, 7, 31] {
            let turns = |id: &str| {
                let day = |day: i64| Turn::of_day(days, Timestamp(NOON.0 + day * DAY_MS));
                (0..i64::from(days)).filter(|at| day(*at).is_some_and(|turn| turn.is_of(id))).count()
            };
            assert!((0..500).all(|item| turns(&format!("item_{item}")) == 1));
            let first = Turn { number: 1, of: days };
            let due = (0..3_100).filter(|item| first.is_of(&format!("item_{item}"))).count();
            let even = 3_100 / days as usize;
            assert!(due > even * 3 / 4 && due < even * 5 / 4, "{due} of 3100 over {days} days");
        }
    }

    #[test]
    fn a_day_begins_at_midnight_in_utc() {
        let midnight = Timestamp(NOON.0 - NOON.0 % DAY_MS);
        let at = |instant: i64| Turn::of_day(7, Timestamp(instant));
        assert_eq!(at(midnight.0), at(midnight.0 + DAY_MS - 1));
        assert_ne!(at(midnight.0), at(midnight.0 - 1));
        assert_eq!(at(midnight.0), at(midnight.0 + 7 * DAY_MS));
        assert_eq!(Turn::of_day(1, NOON), None);
    }

    #[test]
    fn whose_turn_it_is_stays_the_same_in_every_version() {
        let turn = |id: &str| (1..=7).find(|number| Turn { number: *number, of: 7 }.is_of(id));
        assert_eq!(["iron_lamb", "decent_dropsy", ""].map(turn), [Some(3), Some(4), Some(2)]);
    }

    #[test]
    fn a_history_is_read_week_by_week_and_reaches_back_53_of_them() {
        let days = |days: i64| Timestamp(NOON.0 - days * 86_400_000);
        let span = |weeks: &[(Timestamp, Timestamp)]| (weeks.len(), weeks.first().map(|(from, _)| *from));
        assert_eq!(weeks(1, None, NOON), [(days(7), NOON)]);
        assert_eq!(weeks(1, Some(days(8)), NOON), [(days(8), days(1)), (days(1), NOON)]);
        assert_eq!(weeks(1, Some(NOON), NOON), [], "nothing has happened since");
        assert_eq!(span(&weeks(1, Some(days(1000)), NOON)), (53, Some(days(371))));
        assert_eq!((reach(NOON), weeks(1, Some(days(371)), NOON).len()), (days(371), 53));
        // From one turn of an item to the next, with a day to spare, and never less than a week.
        assert_eq!(span(&weeks(7, None, NOON)), (2, Some(days(8))));
        assert_eq!(span(&weeks(2, None, NOON)), (1, Some(days(7))));
        assert_eq!(span(&weeks(31, None, NOON)), (5, Some(days(32))));
        assert_eq!([1, 2, 7].map(|spread| next_since(spread, NOON)), [days(1), days(3), days(8)]);
    }
}

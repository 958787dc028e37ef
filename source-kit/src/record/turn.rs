//! Spreads the costly calls for items over several days, without keeping anything: whose turn it is
//! follows from the item's id and the day.

use super::Context;
use crate::digest::sha256;
use crate::evidence::kind::Kind;
use crate::fivetran::RESOURCES;
use crate::instant::Instant;
use crate::world::World;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// The most days that the setting `spread_days` allows: a month. What is read less often than that
/// is hardly evidence of how things are.
pub const MAX_DAYS: u32 = 31;

const DAY_MS: i64 = 24 * 3600 * 1000;
/// The longest span that Fivetran's sync history answers at once.
const WEEK_MS: i64 = 7 * DAY_MS;
/// A year and a day.
const MAX_WEEKS: i64 = 53;

/// The part of all items that one day reads. Travels in the cursor, so that a collection that is
/// gone on with after midnight keeps to the day on which it began.
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
    pub fn of_day(days: u32, started: Instant) -> Option<Self> {
        let day = started.0.div_euclid(DAY_MS).rem_euclid(i64::from(days.max(1)));
        (days > 1).then(|| Self { number: u32::try_from(day).unwrap_or_default() + 1, of: days })
    }

    /// Whether an item belongs to this part. Decided by SHA-256, which no version of this component
    /// changes: an item that moved to another day would not be read for longer than was promised.
    #[must_use]
    pub fn is_of(self, id: &str) -> bool {
        let [a, b, c, d, e, f, g, h, ..] = sha256(id.as_bytes());
        u64::from_be_bytes([a, b, c, d, e, f, g, h]) % u64::from(self.of.max(1)) + 1 == u64::from(self.number)
    }
}

/// Whether the setting spreads calls that a kind is read from.
#[must_use]
pub fn concerns(kind: &Kind) -> bool {
    let parts = RESOURCES.iter().flat_map(|resource| resource.parts).filter(|part| part.spread);
    parts.flat_map(|part| part.feeds).any(|fed| fed.id == kind.id)
}

impl<W: World> Context<'_, W> {
    /// The weeks from `since` to the start of the collection: the last one without `since`, or as
    /// many as pass from one turn of an item to the next, and no more than a year's.
    pub fn weeks(&self) -> Vec<(Instant, Instant)> {
        let end = self.started.get();
        let days = i64::from(self.settings.spread_days);
        // What is read every so many days must not lose what lies between: collections do not begin
        // at the same time of day, so there is a day to spare.
        let span = if days > 1 { WEEK_MS.max((days + 1) * DAY_MS) } else { WEEK_MS };
        let since = self.plan.since.unwrap_or(Instant(end.0 - span));
        let mut from = since.max(Instant(end.0 - MAX_WEEKS * WEEK_MS));
        let mut weeks = Vec::new();
        while from < end {
            let to = end.min(Instant(from.0 + WEEK_MS));
            weeks.push((from, to));
            from = to;
        }
        weeks
    }

    /// The part of the items that is read, where the settings spread the calls for them.
    pub fn turn(&self) -> Option<Turn> {
        Turn::of_day(self.settings.spread_days, self.started.get())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;

    const NOON: Instant = Instant(1_769_860_800_000);

    #[test]
    fn each_item_has_one_turn_in_so_many_days_and_the_days_are_about_even() {
        for days in [2, 7, 31] {
            let turns = |id: &str| {
                let day = |day: i64| Turn::of_day(days, Instant(NOON.0 + day * DAY_MS));
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
        let midnight = Instant(NOON.0 - NOON.0 % DAY_MS);
        let at = |instant: i64| Turn::of_day(7, Instant(instant));
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
}

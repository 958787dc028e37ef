//! When what happened: anchors, whose instants are given, among so many entries that fill the window.
//! Only the anchors are kept.

use crate::random::{Dice, END_MS};

const DAY_MICROS: i64 = 24 * 3600 * 1_000_000;
/// Rows that are added meanwhile come after everything else, one a second.
const ADDED_FROM_MICROS: i64 = END_MS * 1000 + 31 * DAY_MICROS;

/// What stands at a position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Slot {
    /// Anchor of this number.
    Anchor(usize),
    /// Entry of this number among those that fill the window.
    Fill(usize),
}

/// Entries in the order of their instants.
#[derive(Debug)]
pub struct Timeline {
    seed: u64,
    start: i64,
    /// How many fill the window.
    pub fills: usize,
    burst: usize,
    anchors: Vec<i64>,
    /// Where each anchor stands.
    positions: Vec<usize>,
}

/// Begin and end of a window of so many days, in microseconds since 1970.
pub fn window(days: u32) -> (i64, i64) {
    let end = END_MS * 1000;
    (end - i64::from(days.max(1)) * DAY_MICROS, end)
}

impl Timeline {
    /// `entries` in a window of `days`, the anchors (sorted) among them. `burst` entries share an instant, in a third
    /// of the cases.
    pub fn new(seed: u64, entries: usize, days: u32, burst: usize, anchors: Vec<i64>) -> Self {
        let fills = entries.saturating_sub(anchors.len());
        let (start, _) = window(days);
        let mut timeline = Self { seed, start, fills, burst: burst.max(1), anchors, positions: Vec::new() };
        let place = |(number, at): (usize, &i64)| number + timeline.fills_before(*at);
        timeline.positions = timeline.anchors.iter().enumerate().map(place).collect();
        timeline
    }

    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.fills + self.anchors.len()
    }

    /// What stands at a position. Beyond the end: what is added meanwhile.
    pub fn slot(&self, position: usize) -> Slot {
        match self.positions.binary_search(&position) {
            Ok(anchor) => Slot::Anchor(anchor),
            Err(before) => Slot::Fill(position - before),
        }
    }

    /// When that happened, in microseconds since 1970.
    pub fn at(&self, position: usize) -> i64 {
        match self.slot(position) {
            Slot::Anchor(number) => self.anchors.get(number).copied().unwrap_or_default(),
            Slot::Fill(number) => self.fill_at(number),
        }
    }

    /// The first of `len` positions that is not before an instant.
    pub fn first_from(&self, micros: i64, len: usize) -> usize {
        partition_point(len, |position| self.at(position) < micros)
    }

    fn fills_before(&self, micros: i64) -> usize {
        partition_point(self.fills, |number| self.fill_at(number) < micros)
    }

    fn fill_at(&self, number: usize) -> i64 {
        let signed = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
        if number >= self.fills {
            return ADDED_FROM_MICROS + signed(number - self.fills) * 1_000_003;
        }
        let batch = number / self.burst;
        let number = if batch.is_multiple_of(3) { batch * self.burst } else { number };
        let span = END_MS * 1000 - self.start;
        let offset = i128::from(span) * i128::from(signed(number)) / i128::from(signed(self.fills));
        let step = usize::try_from(span / signed(self.fills)).unwrap_or_default();
        let jitter = signed(Dice::new(self.seed, "trail-instant", number).below("at", step));
        self.start + i64::try_from(offset).unwrap_or_default() + jitter
    }
}

/// The first number below `len` for which `before` does not hold; it holds for all smaller ones.
fn partition_point(len: usize, before: impl Fn(usize) -> bool) -> usize {
    let (mut low, mut high) = (0, len);
    while low < high {
        let middle = low + (high - low) / 2;
        if before(middle) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    low
}

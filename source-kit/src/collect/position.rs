//! A place in a collection, and what is remembered there to find it again in lists that have changed.

use super::paging::Paging;
use crate::base::is_default;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// A place in a collection: stage, list page, item, part, page of the part, record.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    /// 0 is the account, then the resources in order, then the closing records.
    pub stage: usize,
    /// The list page.
    pub list: Paging,
    /// The next item of the page.
    pub index: usize,
    /// Short hash of that item's key, to find it again when the page has changed.
    pub anchor: Option<u64>,
    /// What was read of the page, to notice when that has changed.
    pub read: Delivered,
    /// Whether the list was seen to change at this page already: a page that is cut is looked at again, and what
    /// was seen the first time does not show any more.
    #[serde(default, skip_serializing_if = "is_default")]
    pub changed: bool,
    /// The place in that item; absent at its beginning.
    pub inside: Option<Inside>,
}

/// A place in an item.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inside {
    /// The answer that the next record is of.
    #[serde(rename = "s")]
    pub step: Step,
    /// What was delivered of its page.
    #[serde(rename = "r")]
    pub read: Delivered,
    /// For parts that are called week by week: the first records of the week.
    #[serde(rename = "f", default, skip_serializing_if = "is_default")]
    pub first: Vec<u64>,
    /// The first and the last records of the week before: what lies across two weeks may be in both.
    #[serde(rename = "e", default, skip_serializing_if = "is_default")]
    pub edge: Vec<u64>,
    /// Whether the list was seen to change at this page already.
    #[serde(rename = "c", default, skip_serializing_if = "is_default")]
    pub changed: bool,
}

impl Inside {
    /// At the beginning of a step.
    #[must_use]
    pub fn at(step: Step) -> Self {
        Self { step, ..Self::default() }
    }

    /// Whether it is in this step.
    #[must_use]
    pub fn is_in(&self, step: &Step) -> bool {
        self.step.part == step.part && self.step.week == step.week
    }

    /// Which records of a page are still to be delivered, by their hashes, and whether what was delivered of it
    /// is no longer there as it was.
    #[must_use]
    pub fn to_deliver(&self, hashes: &[u64]) -> (Vec<bool>, bool) {
        let is_resumed = self.read.sum != 0;
        let start = if is_resumed { self.read.after_last(hashes) } else { 0 };
        let was_read = |hash: &u64| self.edge.contains(hash) || (!is_resumed && self.read.last.contains(hash));
        let delivered: Vec<u64> = hashes.iter().take(start).filter(|hash| !was_read(hash)).copied().collect();
        let fresh = hashes.iter().enumerate().map(|(at, hash)| at >= start && !was_read(hash));
        (fresh.collect(), is_resumed && !self.read.is_of(&delivered))
    }

    /// Notes a record that was delivered.
    pub fn add(&mut self, hash: u64) {
        if self.first.len() < EDGE {
            self.first.push(hash);
        }
        self.read.add(hash);
    }

    /// The same at the start of the next page of the same week, or of the next week.
    #[must_use]
    pub fn moved_to(self, step: Step) -> Self {
        if self.step.week == step.week {
            return Self { read: Delivered { sum: 0, ..self.read }, step, changed: false, ..self };
        }
        let last = self.read.last.iter().rev().take(EDGE);
        let edge = self.first.iter().chain(last).copied().collect();
        Self { edge, ..Self::at(step) }
    }
}

/// One answer about an item: the item itself with what is held for it, or a page of one of its parts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// Number of the part; absent for the item itself.
    #[serde(rename = "p")]
    pub part: Option<usize>,
    /// Number of the week, for parts that are called week by week.
    #[serde(rename = "w")]
    pub week: usize,
    /// The page.
    #[serde(rename = "l")]
    pub list: Paging,
}

/// What was delivered of a page, by short hashes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivered {
    /// The last few, oldest first; the last of them still there is where to resume.
    #[serde(rename = "l", default, skip_serializing_if = "is_default")]
    pub last: Vec<u64>,
    /// All of this page, in order: another number for others, or in another order.
    #[serde(rename = "s", default, skip_serializing_if = "is_default")]
    pub sum: u64,
}

/// Hashes remembered of what was delivered last.
const REMEMBERED: usize = 8;
/// Hashes remembered of either end of a week.
const EDGE: usize = 4;

impl Delivered {
    /// Notes one more.
    pub fn add(&mut self, hash: u64) {
        if self.last.len() >= REMEMBERED {
            self.last.remove(0);
        }
        self.last.push(hash);
        self.sum = (self.sum.rotate_left(5) ^ hash).wrapping_mul(0x517c_c1b7_2722_0a95);
    }

    /// The place after the last of these that was delivered before; the first where none was.
    #[must_use]
    pub fn after_last(&self, hashes: &[u64]) -> usize {
        hashes.iter().rposition(|hash| self.last.contains(hash)).map_or(0, |at| at + 1)
    }

    /// Whether these are all that was delivered of this page.
    #[must_use]
    pub fn is_of(&self, hashes: &[u64]) -> bool {
        let mut now = Self::default();
        hashes.iter().for_each(|hash| now.add(*hash));
        now.sum == self.sum
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn delivered(hashes: &[u64]) -> Delivered {
        let mut delivered = Delivered::default();
        hashes.iter().for_each(|hash| delivered.add(*hash));
        delivered
    }

    fn step(part: usize, week: usize) -> Step {
        Step { part: Some(part), week, ..Step::default() }
    }

    #[test]
    fn the_last_few_are_remembered_and_all_in_order_are_told_from_others() {
        let all: Vec<u64> = (1..=10).collect();
        let read = delivered(&all);
        assert_eq!(read.last, [3, 4, 5, 6, 7, 8, 9, 10]);
        assert!(read.is_of(&all) && !read.is_of(&all[1..]) && !read.is_of(&[2, 1]) && !delivered(&[1]).is_of(&[]));
        assert!(delivered(&[]).is_of(&[]));
        assert_eq!(read.after_last(&[20, 9, 21, 10, 22]), 4);
        assert_eq!((read.after_last(&[20, 21]), read.after_last(&[1, 2])), (0, 0));
    }

    #[test]
    fn a_page_goes_on_after_the_last_record_that_was_delivered() {
        let inside = Inside { read: delivered(&[1, 2]), ..Inside::at(step(0, 0)) };
        assert_eq!(inside.to_deliver(&[1, 2, 3, 4]), (Vec::from([false, false, true, true]), false));
        assert_eq!(inside.to_deliver(&[2, 3]), (Vec::from([false, true]), true), "the first is gone");
        assert_eq!(inside.to_deliver(&[1, 9, 2, 3]), (Vec::from([false, false, false, true]), true));
        assert_eq!(inside.to_deliver(&[7, 8]), (Vec::from([true, true]), true), "all of it is gone");
        let fresh = Inside::at(step(0, 0));
        assert_eq!(fresh.to_deliver(&[1, 2]), (Vec::from([true, true]), false));
    }

    #[test]
    fn a_further_page_repeats_nothing_of_the_one_before() {
        let mut inside = Inside::at(step(0, 1));
        [1, 2].into_iter().for_each(|hash| inside.add(hash));
        let next = Inside { changed: true, ..inside.clone() }.moved_to(step(0, 1));
        assert_eq!((&next.first, next.read.sum, next.changed), (&Vec::from([1, 2]), 0, false));
        assert_eq!(next.to_deliver(&[2, 3]), (Vec::from([false, true]), false));
    }

    #[test]
    fn a_further_week_repeats_nothing_of_either_end_of_the_one_before() {
        let mut inside = Inside { edge: Vec::from([99]), ..Inside::at(step(0, 1)) };
        (1..=12).for_each(|hash| inside.add(hash));
        assert_eq!(inside.first, [1, 2, 3, 4]);
        let next = inside.moved_to(step(0, 2));
        assert_eq!((&next.edge, &next.read), (&Vec::from([1, 2, 3, 4, 12, 11, 10, 9]), &Delivered::default()));
        assert_eq!(next.to_deliver(&[12, 5, 99, 1]), (Vec::from([false, true, true, false]), false));
        // What was in the week before is none of what was delivered of this one.
        let mut cut = next;
        cut.add(5);
        assert_eq!(cut.to_deliver(&[12, 5, 13]), (Vec::from([false, false, true]), false));
    }

    #[test]
    fn a_place_is_in_its_step_on_whatever_page() {
        let inside = Inside::at(step(1, 2));
        let further = Step { list: Paging { page: 3, ..Paging::default() }, ..step(1, 2) };
        assert!(inside.is_in(&step(1, 2)) && inside.is_in(&further));
        assert!(!inside.is_in(&step(0, 2)) && !inside.is_in(&step(1, 1)) && !inside.is_in(&Step::default()));
    }
}

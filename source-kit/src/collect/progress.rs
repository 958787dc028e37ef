//! How far a call has come. Assembly owns it and writes it; what reads ahead looks at it before it
//! begins something new.

use crate::base::model::Record;
use crate::record::answer::Why;
use alloc::collections::BTreeMap;
use alloc::rc::Rc;
use core::cell::{Cell, RefCell};

/// About what a record is larger than its content, in bytes.
const ENVELOPE: usize = 1024;

/// Counts of one call, and what it has found out.
#[derive(Default)]
pub struct Progress {
    records: Cell<u32>,
    bytes: Cell<u64>,
    expected: Cell<u32>,
    reserved: Rc<Cell<u32>>,
    /// Parts that are no longer called, by stage and number, and why.
    closed: RefCell<BTreeMap<(usize, usize), Why>>,
}

impl Progress {
    /// Notes a record, and its size: to the byte where a budget counts them, else about.
    pub fn record(&self, record: &Record, is_exact: bool) {
        self.records.set(self.records.get().saturating_add(1));
        let size = if is_exact { record.size() } else { (record.content.len() + ENVELOPE) as u64 };
        self.bytes.set(self.bytes.get().saturating_add(size));
    }

    /// Notes that something was begun that is expected to make so many records.
    pub fn expect(&self, records: u32) {
        self.expected.set(self.expected.get().saturating_add(records));
    }

    /// Notes that it is there.
    pub fn meet(&self, records: u32) {
        self.expected.set(self.expected.get().saturating_sub(records));
    }

    /// Records expected of what was begun and is not there yet.
    pub fn expected(&self) -> u32 {
        self.expected.get()
    }

    /// Records made.
    pub fn records(&self) -> u32 {
        self.records.get()
    }

    /// Bytes of these.
    pub fn bytes(&self) -> u64 {
        self.bytes.get()
    }

    /// Notes why a part is no longer called; `None` when it is called again.
    pub fn close(&self, stage: usize, part: usize, why: Option<Why>) {
        let mut closed = self.closed.borrow_mut();
        match why {
            Some(why) => closed.insert((stage, part), why),
            None => closed.remove(&(stage, part)),
        };
    }

    /// Why a part is no longer called.
    pub fn closed(&self, stage: usize, part: usize) -> Option<Why> {
        self.closed.borrow().get(&(stage, part)).copied()
    }

    /// Calls that items under way may still make.
    pub fn reserved(&self) -> u32 {
        self.reserved.get()
    }

    /// Reserves calls for one item or step.
    pub fn reserve(&self, calls: u32) -> Reservation {
        self.reserved.set(self.reserved.get().saturating_add(calls));
        Reservation { all: Rc::clone(&self.reserved), left: Cell::new(calls) }
    }
}

/// Calls reserved for one item or step; what it did not need is given back when it is dropped.
pub struct Reservation {
    all: Rc<Cell<u32>>,
    left: Cell<u32>,
}

impl Reservation {
    /// Whether none is left.
    pub fn is_used_up(&self) -> bool {
        self.left.get() == 0
    }

    /// One call is made now.
    pub fn use_one(&self) {
        if let Some(left) = self.left.get().checked_sub(1) {
            self.left.set(left);
            self.all.set(self.all.get().saturating_sub(1));
        }
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        self.all.set(self.all.get().saturating_sub(self.left.get()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_expected_and_reserved_is_given_back() {
        let progress = Progress::default();
        progress.expect(5);
        progress.expect(2);
        progress.meet(3);
        assert_eq!((progress.expected(), progress.records()), (4, 0));
        progress.meet(9);
        assert_eq!(progress.expected(), 0, "more came than was expected");
        let (two, one) = (progress.reserve(2), progress.reserve(1));
        assert_eq!((progress.reserved(), one.is_used_up()), (3, false));
        one.use_one();
        one.use_one();
        assert_eq!((progress.reserved(), one.is_used_up()), (2, true), "no more than were reserved");
        drop(one);
        assert_eq!(progress.reserved(), 2);
        two.use_one();
        drop(two);
        assert_eq!(progress.reserved(), 0);
    }

    #[test]
    fn a_part_is_closed_by_itself_and_may_be_opened_again() {
        let progress = Progress::default();
        progress.close(1, 0, Some(Why::Refused));
        assert_eq!(
            (progress.closed(1, 0), progress.closed(1, 1), progress.closed(0, 0)),
            (Some(Why::Refused), None, None)
        );
        progress.close(1, 0, None);
        assert_eq!(progress.closed(1, 0), None);
    }
}

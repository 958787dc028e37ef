//! How far a call has come. Assembly owns it and writes it; what reads ahead looks at it before it
//! begins something new.

use crate::base::model::Record;
use alloc::collections::BTreeSet;
use alloc::rc::Rc;
use core::cell::{Cell, RefCell};

/// Counts of one call, and what it has found out.
#[derive(Default)]
pub struct Progress {
    records: Cell<u32>,
    bytes: Cell<u64>,
    items: Cell<u32>,
    reserved: Rc<Cell<u32>>,
    /// Parts that are refused, by stage and number.
    closed: RefCell<BTreeSet<(usize, usize)>>,
}

impl Progress {
    /// Notes a record, and its size where a budget counts bytes.
    pub fn record(&self, record: &Record, counts_bytes: bool) {
        self.records.set(self.records.get().saturating_add(1));
        if counts_bytes {
            self.bytes.set(self.bytes.get().saturating_add(record.size()));
        }
    }

    /// Notes an item whose records are made.
    pub fn item(&self) {
        self.items.set(self.items.get().saturating_add(1));
    }

    /// Records made.
    pub fn records(&self) -> u32 {
        self.records.get()
    }

    /// Bytes of these, where a budget counts them.
    pub fn bytes(&self) -> u64 {
        self.bytes.get()
    }

    /// Items whose records are made.
    pub fn items(&self) -> u32 {
        self.items.get()
    }

    /// Notes that a part is refused: no further calls.
    pub fn close(&self, stage: usize, part: usize) {
        self.closed.borrow_mut().insert((stage, part));
    }

    /// Whether a part is refused.
    pub fn is_closed(&self, stage: usize, part: usize) -> bool {
        self.closed.borrow().contains(&(stage, part))
    }

    /// Calls that items under way may still make.
    pub fn reserved(&self) -> u32 {
        self.reserved.get()
    }

    /// Reserves calls for one item.
    pub fn reserve(&self, calls: u32) -> Reservation {
        self.reserved.set(self.reserved.get().saturating_add(calls));
        Reservation { all: Rc::clone(&self.reserved), left: Cell::new(calls) }
    }
}

/// Calls reserved for one item; what it did not need is given back when it is dropped.
pub struct Reservation {
    all: Rc<Cell<u32>>,
    left: Cell<u32>,
}

impl Reservation {
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

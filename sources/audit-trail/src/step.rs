//! The walk of one table: from a request and its answer to the next request.
//!
//! Where statements are sent: columns, count, rows, count again. The first count also gives the watermark, the last
//! instant at which Fivetran wrote a row. Everything after it is bounded by the watermark. As long as Fivetran stamps
//! what it writes with the time of writing, rows within that bound can only vanish, by being rewritten or deleted, and
//! whoever misses one finds fewer when counting again. `docs/audit-trail.md` says when that can still be wrong.
//!
//! A table that is read as it is stored is counted once more by a statement, with a check sum of its instants and the
//! number of its keys: rows that came twice in the place of others, or are twice in it, show.
//!
//! Rows are read in the order of instant and id. A statement begins at the instant of the last row read, and skips as
//! many rows as were read with just that instant: no text of a row ever goes into a statement.

use crate::ask::{Cell, Part, Rows};
use crate::table::{ACTOR, AT, Columns, MESSAGE_DATA, Table};

/// 0001-01-01, which every place can count from: rows before it are none of Fivetran's.
pub const FIRST_INSTANT: i64 = -62_135_596_800_000_000;

/// Rows that a statement asks for. They have to fit into one page of records, which the kit ends at 5,000 and at 8 MiB:
/// the rest of an answer is asked for again.
pub const WINDOW: u32 = 4000;

/// A prime: see [`summand`].
pub const MODULUS: i64 = 1_000_000_007;

/// How a table is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// By statements.
    Statements,
    /// From its beginning to its end, as it is stored: BigQuery's `tabledata.list`.
    Listing,
    /// By a search that nothing can be counted in: Datadog.
    Search,
}

/// What a request asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Whose tables these are.
    Account,
    /// Which columns there are.
    Columns,
    /// How many rows, and the watermark.
    Count,
    /// Rows: a new result, or a further part of one.
    Rows(Option<Open>),
    /// How many rows now.
    Recount,
    /// Nothing: the table is read.
    Done,
}

/// A result of which parts were read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Open {
    /// The next part.
    pub part: Part,
    /// Rows in the parts before.
    pub read: u64,
}

/// One request of the walk, and all that was learnt before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// The table.
    pub table: Table,
    /// How it is read.
    pub way: Way,
    /// What is asked next.
    pub phase: Phase,
    /// Which columns there are.
    pub columns: Columns,
    /// Rows before this instant are not read, in microseconds; `None` reads all.
    pub since_us: Option<i64>,
    /// Rows that Fivetran wrote after this instant are not read; for a search, where it ends.
    pub watermark_us: i64,
    /// The instant of the last row read.
    pub at_us: i64,
    /// Rows read with just that instant.
    pub skip: u64,
    /// Rows before the reading, where they can be counted.
    pub counted: Option<u64>,
    /// Rows read.
    pub delivered: u64,
    /// Rows after the reading.
    pub recounted: Option<u64>,
    /// Whether the table was seen to change while it was read, or a row lay outside of what was counted.
    pub moved: bool,
    /// Instant of the first row.
    pub first_us: Option<i64>,
    /// Instant of the last row.
    pub last_us: Option<i64>,
    /// When Fivetran last wrote a row.
    pub synced_us: Option<i64>,
    /// Check sum of the instants that were read: see [`summand`].
    pub sum: i64,
}

impl Step {
    /// The first step of a table. `now_us` ends a search.
    #[must_use]
    pub fn first(way: Way, table: Table, since_us: Option<i64>, now_us: i64) -> Self {
        let phase = match (table, way) {
            (Table::Account, _) => Phase::Account,
            (_, Way::Search) => Phase::Rows(None),
            (_, Way::Statements | Way::Listing) => Phase::Columns,
        };
        Self {
            table,
            way,
            phase,
            columns: Columns::default(),
            since_us,
            watermark_us: if way == Way::Search { now_us } else { i64::MAX },
            at_us: since_us.unwrap_or(FIRST_INSTANT),
            skip: 0,
            counted: None,
            delivered: 0,
            recounted: None,
            moved: false,
            first_us: None,
            last_us: None,
            synced_us: None,
            sum: 0,
        }
    }

    /// The step after this one's answer.
    ///
    /// # Errors
    /// What is odd about the answer, in words.
    pub fn next(&self, rows: &Rows<'_>) -> Result<Self, &'static str> {
        self.next_of(rows, u64::from(WINDOW))
    }

    /// The same where statements ask for another number of rows.
    ///
    /// # Errors
    /// What is odd about the answer, in words.
    pub fn next_of(&self, rows: &Rows<'_>, window: u64) -> Result<Self, &'static str> {
        let mut next = self.clone();
        next.phase = match &self.phase {
            Phase::Account | Phase::Done => Phase::Done,
            Phase::Columns => {
                next.columns = Columns::of(self.table, &rows.columns)?;
                if self.way == Way::Listing { Phase::Rows(None) } else { Phase::Count }
            }
            Phase::Count => next.take_count(rows)?,
            Phase::Rows(open) => next.take_rows(open.as_ref(), rows, window)?,
            Phase::Recount => next.take_recount(rows)?,
        };
        Ok(next)
    }

    /// The step after an answer that the result is gone: a new statement, from the last row that was read. A table
    /// that is read as it is stored is resumed at the same place, which proves nothing any more.
    #[must_use]
    pub fn lost(&self) -> Self {
        let is_reading = matches!(self.phase, Phase::Rows(Some(_)));
        let phase = if is_reading { Phase::Rows(None) } else { self.phase.clone() };
        Self { phase, moved: self.moved || (is_reading && self.way == Way::Listing), ..self.clone() }
    }

    /// Whether as many rows were read as were counted before and after, and none was seen to be another one.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        let is_even = self.counted == Some(self.delivered) && self.recounted == self.counted;
        self.phase == Phase::Done && is_even && !self.moved
    }

    fn take_count(&mut self, rows: &Rows<'_>) -> Result<Phase, &'static str> {
        let count = Count::of(rows)?;
        self.counted = Some(count.rows);
        (self.first_us, self.last_us, self.synced_us) = (count.first_us, count.last_us, count.synced_us);
        if count.rows == 0 {
            // Without a watermark: it is still empty when counted again, or it is not.
            return Ok(Phase::Recount);
        }
        self.watermark_us = count.synced_us.ok_or("the count has rows and no last instant of a sync")?;
        Ok(Phase::Rows(None))
    }

    fn take_recount(&mut self, rows: &Rows<'_>) -> Result<Phase, &'static str> {
        let again = Count::of(rows)?;
        self.recounted = Some(again.rows);
        // As many rows that end elsewhere, or are not those that were read, are others.
        self.moved |= (again.first_us, again.last_us) != (self.first_us, self.last_us);
        self.moved |= match self.way {
            Way::Listing => again.check != Some((self.sum, again.rows)),
            _ => self.delivered > 0 && self.last_us != Some(self.at_us),
        };
        Ok(Phase::Done)
    }

    fn take_rows(&mut self, open: Option<&Open>, rows: &Rows<'_>, window: u64) -> Result<Phase, &'static str> {
        if self.way == Way::Listing {
            let total = total(rows)?;
            self.moved |= self.counted.is_some_and(|counted| counted != total);
            self.counted = self.counted.or(Some(total));
        }
        for row in &rows.rows {
            self.take_row(row)?;
        }
        let read = open.map_or(0, |open| open.read) + rows.rows.len() as u64;
        // More than were counted: whatever still comes, the numbers do not fit.
        if self.counted.is_some_and(|counted| self.delivered > counted) {
            return Ok(Phase::Recount);
        }
        // Parts without rows would have no end.
        if rows.rows.is_empty() && rows.next.is_some() {
            return Err("an empty part names a further one");
        }
        if let Some(part) = &rows.next {
            if open.is_some_and(|open| open.part.next == part.next) {
                return Err("a part of the rows names itself as the next one");
            }
            return Ok(Phase::Rows(Some(Open { part: part.clone(), read })));
        }
        self.moved |= self.way == Way::Statements && rows.total.is_some_and(|total| total < read);
        let is_cut = rows.total.is_some_and(|total| total > read);
        if is_cut && rows.rows.is_empty() {
            return Err("the answer has none of the rows that it counts");
        }
        Ok(match self.way {
            Way::Statements if read >= window || is_cut => Phase::Rows(None),
            Way::Statements | Way::Listing => Phase::Recount,
            Way::Search => Phase::Done,
        })
    }

    /// Whether a row can be one of those that were counted: between the first and the last of them, the first one if
    /// nothing was read before, below the watermark, and with the word that the statement asks for.
    fn is_counted(&self, row: &[Cell<'_>], at: i64, synced: Option<i64>) -> bool {
        let is_first = self.delivered > 0 || self.first_us == Some(at);
        let has_word =
            self.table != Table::Log
                || self.table.columns().iter().zip(row).any(|(name, cell)| {
                    *name == MESSAGE_DATA && cell.as_deref().is_some_and(|text| text.contains(ACTOR))
                });
        is_first
            && has_word
            && self.first_us.is_none_or(|first| first <= at)
            && self.last_us.is_none_or(|last| at <= last)
            && synced.is_none_or(|synced| synced <= self.watermark_us)
    }

    fn take_row(&mut self, row: &[Cell<'_>]) -> Result<(), &'static str> {
        let at = whole_number(row.get(AT)).ok_or("a row does not say when it happened")?;
        let synced = whole_number(row.last());
        // A log service has no syncs.
        self.moved |= self.way != Way::Search && synced.is_none();
        if self.way != Way::Listing {
            self.moved |= self.way == Way::Statements && !self.is_counted(row, at, synced);
            if at < self.at_us && self.way == Way::Statements {
                return Err("the rows are not in the order that was asked for");
            }
            self.skip = if at <= self.at_us { self.skip + 1 } else { 1 };
            self.at_us = self.at_us.max(at);
        }
        self.delivered += 1;
        if self.way != Way::Statements {
            self.sum = self.sum.wrapping_add(summand(at));
            self.first_us = Some(self.first_us.map_or(at, |first| first.min(at)));
            self.last_us = self.last_us.max(Some(at));
            self.synced_us = self.synced_us.max(synced);
        }
        Ok(())
    }
}

/// The answer to a count.
struct Count {
    rows: u64,
    first_us: Option<i64>,
    last_us: Option<i64>,
    synced_us: Option<i64>,
    /// Check sum and number of keys, where they were asked for.
    check: Option<(i64, u64)>,
}

impl Count {
    fn of(rows: &Rows<'_>) -> Result<Self, &'static str> {
        const ODD: &str = "the count is not one row of numbers";
        let [row] = rows.rows.as_slice() else { return Err(ODD) };
        let (count, first, last, synced, check) = match row.as_slice() {
            [count, first, last, synced] => (count, first, last, synced, None),
            [count, first, last, synced, sum, keys] => (count, first, last, synced, Some((sum, keys))),
            _ => return Err(ODD),
        };
        let number = |cell: &Cell<'_>| match cell {
            None => Ok(None),
            Some(_) => whole_number(Some(cell)).map(Some).ok_or(ODD),
        };
        let size = |cell| number(cell)?.and_then(|count| u64::try_from(count).ok()).ok_or(ODD);
        let check = match check {
            // There is no sum of no rows.
            Some((sum, keys)) => Some((number(sum)?.unwrap_or(0), size(keys)?)),
            None => None,
        };
        let (first_us, last_us, synced_us) = (number(first)?, number(last)?, number(synced)?);
        Ok(Self { rows: size(count)?, first_us, last_us, synced_us, check })
    }
}

fn total(rows: &Rows<'_>) -> Result<u64, &'static str> {
    rows.total.ok_or("the answer does not say how many rows the table has")
}

/// What an instant adds to the check sum: a sum of instants themselves would be too large for a warehouse.
#[must_use]
pub fn summand(at_us: i64) -> i64 {
    at_us % MODULUS
}

/// A whole number in a cell.
#[must_use]
pub fn whole_number(cell: Option<&Cell<'_>>) -> Option<i64> {
    cell?.as_deref()?.parse().ok()
}

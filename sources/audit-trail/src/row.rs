//! A row as cells of text, in the order of the table's columns, and what of its texts may be kept as ids and words.

use crate::table::Table;
use alloc::borrow::Cow;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use source_kit::base::timestamp::Timestamp;
use source_kit::record::shape::Shape;
use source_kit::{Emit, Withheld, WithheldReason};

/// A row.
#[derive(Clone, Copy, Debug)]
pub struct Row<'a> {
    /// The table it is of.
    pub table: Table,
    /// Its cells: empty where there is nothing in it, `None` where the table has no such column.
    pub cells: &'a [Option<&'a str>],
}

/// The longest id that is believed to be one, in bytes.
const MAX_ID: usize = 256;

impl<'a> Row<'a> {
    fn cell(&self, column: &str) -> Option<&'a str> {
        let place = self.table.columns().iter().position(|name| *name == column)?;
        self.cells.get(place).copied().flatten()
    }

    /// Whether the table has such a column.
    #[must_use]
    pub fn has(&self, column: &str) -> bool {
        self.cell(column).is_some()
    }

    /// The text of a column; an empty one is none.
    #[must_use]
    pub fn text(&self, column: &str) -> Option<&'a str> {
        self.cell(column).filter(|text| !text.is_empty())
    }

    /// The instant of a column in microseconds, cut to milliseconds.
    #[must_use]
    pub fn instant(&self, column: &str) -> Option<Timestamp> {
        millis(self.text(column)?.parse().ok()?)
    }

    /// The instant of a column in full: RFC 3339 in UTC, with microseconds.
    #[must_use]
    pub fn micros(&self, column: &str) -> Option<String> {
        let micros: i64 = self.text(column)?.parse().ok()?;
        let millis = millis(micros)?.to_rfc3339();
        Some(format!("{}{:03}Z", millis.strip_suffix('Z')?, micros.rem_euclid(1000)))
    }

    /// A word of the vendor, such as an action. What does not look like one is withheld.
    pub fn word(&self, column: &str, withheld: &mut Vec<Withheld>) -> Option<&'a str> {
        Shape::Word.kept(self.text(column), &format!("/{column}"), withheld)
    }

    /// An id. One with an `@` is a person's address. What is too long for an id, or has spaces or control characters,
    /// is withheld.
    pub fn id(&self, column: &str, out: &Emit<'_>, withheld: &mut Vec<Withheld>) -> Option<Cow<'a, str>> {
        let text = self.text(column)?;
        if text.len() > MAX_ID || text.contains(|c: char| c.is_control() || c.is_whitespace()) {
            withheld.push(Withheld { pointer: format!("/{column}"), reason: WithheldReason::UnknownSetting });
            return None;
        }
        Some(if text.contains('@') { out.person(text) } else { Cow::Borrowed(text) })
    }
}

/// An instant in microseconds, cut to milliseconds; `None` beyond the years 1970 to 9999.
#[must_use]
pub fn millis(micros: i64) -> Option<Timestamp> {
    /// The first instant of the year 10000.
    const END: i64 = 253_402_300_800_000;
    let millis = micros.div_euclid(1000);
    (0..END).contains(&millis).then_some(Timestamp(millis))
}

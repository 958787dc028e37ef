//! A table of the page: rows that the script shows, and counts that pictures are drawn from.

use super::chart::{Bar, Chart};
use crate::record::Record;
use serde::Serialize;
use source_evidence::text::{plain, plural};
use std::collections::BTreeMap;

/// Rows of a table in the page, at most: a browser sorts and filters so many without a stall.
pub const MAX_ROWS: usize = 20_000;
/// Rows of a table of events or records, at most: most accounts have many times as many of them as of anything else,
/// and few are ever looked at.
pub const MAX_LISTED: usize = 10_000;
/// Bars of a picture, at most; the rest is summed up in words.
const MAX_BARS: usize = 12;
/// Months or days of a picture, at most.
const MAX_PERIODS: usize = 24;
/// Where all rows are, unless a table says otherwise.
const CSV: &str = "the CSV: host-test export DIR --incomplete --format csv --out PATH";

/// A table. All of its rows are counted, and the first of them kept.
#[derive(Serialize)]
pub(super) struct Table {
    pub id: &'static str,
    /// What its rows are, e.g. `Users`.
    #[serde(skip)]
    pub caption: &'static str,
    pub columns: Vec<Column>,
    /// For each row the lines of the records behind it, each less [`Table::line`] before it: small numbers compress.
    records: Vec<Vec<i64>>,
    /// The line noted last.
    #[serde(skip)]
    line: i64,
    /// Rows, kept or not.
    pub total: u64,
    /// Rows to keep.
    #[serde(skip)]
    limit: usize,
    /// Where all of them are.
    #[serde(skip)]
    whole_in: &'static str,
}

/// A column.
#[derive(Serialize)]
pub(super) struct Column {
    pub name: &'static str,
    /// Whether it has few values, so that one can be picked.
    pub filters: bool,
    cells: Vec<String>,
    #[serde(skip)]
    counts: BTreeMap<String, u64>,
}

impl Table {
    /// A table without rows. A column whose name ends with `*` has few values, so that one can be picked.
    pub fn new(id: &'static str, caption: &'static str, columns: &[&'static str]) -> Self {
        let column = |name: &&'static str| Column {
            name: name.trim_end_matches('*'),
            filters: name.ends_with('*'),
            cells: Vec::new(),
            counts: BTreeMap::new(),
        };
        let columns = columns.iter().map(column).collect();
        Self { id, caption, columns, records: Vec::new(), line: 0, total: 0, limit: MAX_ROWS, whole_in: CSV }
    }

    /// The same table, of which no more rows are kept than so many.
    pub fn keeping(self, limit: usize) -> Self {
        Self { limit, ..self }
    }

    /// The same table, all rows of which are in this place.
    pub fn whole_in(self, whole_in: &'static str) -> Self {
        Self { whole_in, ..self }
    }

    /// Adds a row, a cell for each column; cells that are left out are empty.
    pub fn row<const N: usize>(&mut self, cells: [String; N], records: &[&Record]) {
        let kept = self.records.len() < self.limit;
        let cells = cells.iter().map(|cell| plain(cell)).chain(std::iter::repeat(String::new()));
        for (column, cell) in self.columns.iter_mut().zip(cells) {
            if column.filters {
                *column.counts.entry(cell.clone()).or_default() += 1;
            }
            if kept {
                column.cells.push(cell);
            }
        }
        if kept {
            let lines = records.iter().map(|record| i64::try_from(record.line).unwrap_or_default());
            self.records.push(lines.map(|line| line - std::mem::replace(&mut self.line, line)).collect());
        }
        self.total += 1;
    }

    /// What to say where not all rows are kept; empty where all are.
    pub fn cut(&self) -> String {
        let kept = self.records.len() as u64;
        if kept == self.total {
            return String::new();
        }
        format!("The first {kept} of {} rows are here; all are in {}", self.total, self.whole_in)
    }

    /// How often each value of a column occurs in all rows. With an `order`, in that; else the most frequent first.
    pub fn chart(&self, title: &'static str, column: &str, order: &[&str]) -> Chart {
        let counts = self.columns.iter().find(|one| one.name == column).map(|column| &column.counts);
        let place = |value: &str| order.iter().position(|one| *one == value).unwrap_or(order.len());
        let mut values: Vec<(&str, u64)> =
            counts.into_iter().flatten().map(|(value, count)| (value.as_str(), *count)).collect();
        values.sort_by_key(|(value, count)| (place(value), std::cmp::Reverse(*count)));
        let rest = values.split_off(values.len().min(MAX_BARS));
        self.drawn(title, column, &values, &rest, "more value")
    }

    /// How many rows each month or day has, the last [`MAX_PERIODS`] of them; then those of which none is known, in
    /// words. `earlier` is what one that is not shown is called.
    pub fn periods(&self, title: &'static str, column: &str, earlier: &str) -> Chart {
        let counts = self.columns.iter().find(|one| one.name == column).map(|column| &column.counts);
        let values = counts.into_iter().flatten().map(|(value, count)| (value.as_str(), *count));
        let (mut times, words): (Vec<_>, Vec<_>) =
            values.partition(|(value, _)| value.starts_with(|letter: char| letter.is_ascii_digit()));
        let rest: Vec<_> = times.drain(..times.len().saturating_sub(MAX_PERIODS)).collect();
        times.extend(words);
        self.drawn(title, column, &times, &rest, earlier)
    }

    fn drawn(
        &self,
        title: &'static str,
        column: &str,
        bars: &[(&str, u64)],
        rest: &[(&str, u64)],
        more: &str,
    ) -> Chart {
        let most = bars.iter().map(|(_, count)| *count).max().unwrap_or(1).max(1);
        let bars = bars.iter().map(|(value, count)| Bar {
            value: (*value).into(),
            label: if value.is_empty() { "(empty)" } else { *value }.into(),
            count: *count,
            width: (count * 100).div_ceil(most),
        });
        let sum: u64 = rest.iter().map(|(_, count)| count).sum();
        Chart {
            title,
            table: self.id,
            column: column.into(),
            bars: bars.collect(),
            more: match rest.len() as u64 {
                0 => String::new(),
                values => format!("and {values} {}: {sum} {}", plural(values, more), plural(sum, "row")),
            },
        }
    }
}

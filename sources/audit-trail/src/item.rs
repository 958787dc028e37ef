//! What an answer is turned into for the kit: a list of objects, the same for every place.

use crate::ask::Rows;
use crate::place::Place;
use crate::settings::Settings;
use crate::step::{Step, Way};
use crate::table::AT;
use crate::trail_source::Reading;
use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;
use core::ops::Range;
use serde::{Deserialize, Serialize};

/// Name of the field that tells items apart.
pub const KEY: &str = "key";

/// A row, or what is known of the table once it is read.
#[derive(Debug, Serialize, Deserialize)]
pub struct Item<'a> {
    /// Id and instant of a row, or `table` for a reading. A row that lacks one has no key, and makes no record.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub key: Option<Cow<'a, str>>,
    /// The cells of a row: empty where the table has nothing in it, absent where it has no such column.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub row: Option<Vec<Option<Cow<'a, str>>>>,
    /// How the table was read.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub reading: Option<Reading<'a>>,
}

/// Items in one text.
#[derive(Debug, Default)]
pub struct Items {
    text: String,
    ranges: Vec<Range<usize>>,
}

impl Items {
    /// The rows of an answer, each in the order of the table's columns. `step` knows which of these there are.
    #[must_use]
    pub fn of(step: &Step, rows: &Rows<'_>) -> Self {
        let (table, mut items) = (step.table, Self::default());
        // What a search finds has no columns: what it can have, it has.
        let is_there = |name: &str| step.way == Way::Search || step.columns.has(table, name);
        let there: Vec<bool> = table.columns().iter().map(|name| is_there(name)).collect();
        for row in rows.rows.iter().filter(|row| row.len() == table.columns().len()) {
            let cell = |place: usize| row.get(place).and_then(Option::as_deref).filter(|text| !text.is_empty());
            let key = cell(0).zip(cell(AT)).map(|(id, at)| [id, at].join(" ").into());
            let cells = row
                .iter()
                .zip(&there)
                .map(|(cell, there)| there.then(|| Cow::Borrowed(cell.as_deref().unwrap_or_default())));
            let cells = cells.collect();
            items.add(&Item { key, row: Some(cells), reading: None });
        }
        items
    }

    /// What is known of a table that is read.
    pub fn add_source(&mut self, done: &Step, place: &dyn Place, settings: &Settings) {
        let reading = Some(Reading::of(done, place, settings));
        self.add(&Item { key: Some("table".into()), row: None, reading });
    }

    fn add(&mut self, item: &Item<'_>) {
        let start = self.text.len();
        self.text += &serde_json::to_string(item).unwrap_or_default();
        self.ranges.push(start..self.text.len());
    }

    /// The text, and where in it each item stands.
    #[must_use]
    pub fn into_parts(self) -> (String, Vec<Range<usize>>) {
        (self.text, self.ranges)
    }
}

//! A group of pictures with the table below them.

use super::chart::Chart;
use super::overview;
use super::table::Table;
use crate::collection::Collection;
use source_evidence::text::plain;
use std::collections::BTreeMap;

/// Pictures, and the table that they pick rows of.
pub(super) struct Group {
    pub id: &'static str,
    pub title: &'static str,
    pub about: &'static str,
    /// How completely its kinds were read.
    pub coverage: Vec<String>,
    /// Whether all of them were read whole.
    pub complete: bool,
    pub charts: Vec<Chart>,
    pub table: Table,
}

type Of<'c> = (&'c [&'c str], &'c Collection, &'c BTreeMap<String, String>);

impl Group {
    pub fn new(
        id: &'static str,
        title: &'static str,
        about: &'static str,
        table: Table,
        charts: Vec<Chart>,
        (kinds, collection, titles): Of<'_>,
    ) -> Self {
        let said = |kind: &&str| {
            let state = match collection.coverage(kind) {
                None => "not asked for".into(),
                Some(one) if one.reason.is_empty() => one.state.replace('_', " "),
                Some(one) => format!("{}: {}", one.state.replace('_', " "), one.reason),
            };
            plain(&format!("{} ({state})", overview::title(titles, kind)))
        };
        let coverage = kinds.iter().map(said).collect();
        let complete = kinds.iter().all(|kind| collection.is_complete(kind));
        Self { id, title, about, coverage, complete, charts, table }
    }
}

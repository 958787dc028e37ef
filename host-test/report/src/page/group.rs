//! A group of pictures with the table below them.

use super::chart::Chart;
use super::overview;
use super::table::Table;
use crate::collection::Collection;
use crate::unlisted::unlisted;
use source_evidence::text::{plain, plural};
use std::collections::BTreeMap;

/// The groups of what happened, of which a collection may leave out what is older.
const OF_EVENTS: [&str; 2] = ["syncs", "events"];

/// Pictures, and the table that they pick rows of.
pub(super) struct Group {
    pub id: &'static str,
    pub title: &'static str,
    pub about: &'static str,
    /// How completely its kinds were read.
    pub coverage: Vec<String>,
    /// Whether all of them were read whole, and nothing was left out that is older.
    pub complete: bool,
    /// Whether none of them was, and nothing of any is there.
    unread: bool,
    /// Whether nothing that the collection says of its coverage can be relied on.
    doubted: bool,
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
        let mut coverage: Vec<String> = kinds.iter().map(said).collect();
        // A kind of events is complete for what was asked for, which was not all of it.
        let since = collection.summary().since.as_deref().filter(|_| OF_EVENTS.contains(&id));
        coverage.extend(since.map(|since| plain(&format!("events before {since} were left out, as was asked for"))));
        let short = kinds.contains(&"user") && unlisted(collection).proof().is_some();
        coverage.extend(short.then(|| "NOT ALL USERS: see the top".into()));
        let complete = since.is_none() && !short && kinds.iter().all(|kind| collection.is_complete(kind));
        let unread = table.total == 0 && !kinds.iter().any(|kind| collection.is_complete(kind));
        let doubted = collection.distrust.is_some();
        Self { id, title, about, coverage, complete, unread, doubted, charts, table }
    }

    /// How many there are, and of what; never a number that a reader takes for all where it is not.
    pub fn number(&self) -> (String, String) {
        let total = self.table.total;
        let noun = match self.id {
            "access" => format!("{} to review", plural(total, "row")),
            _ => plural(total, self.table.caption.to_lowercase().trim_end_matches('s')),
        };
        match self {
            Self { complete: true, .. } => (total.to_string(), noun),
            Self { doubted: true, .. } => (total.to_string(), format!("{noun}, not known to be all")),
            Self { unread: true, .. } => ("not read".into(), noun),
            _ => (total.to_string(), format!("{noun}, not all")),
        }
    }
}

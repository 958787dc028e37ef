//! The table of all kinds: how completely each was read.

use super::table::{Cell, Table, headers};
use super::{Choice, kinds, state};
use crate::odd;

const COLUMNS: [&str; 12] = [
    "kind",
    "coverage",
    "is_complete",
    "is_exported",
    "records",
    "items_failed",
    "code",
    "missing_permission",
    "is_accepted",
    "odd_answers",
    "caveats",
    "seal",
];

/// The table. `seal` is the SHA-256 of `seal.json`.
pub fn table(choice: &Choice<'_>) -> Table {
    let collection = choice.collection;
    let odd = odd::by_kind(collection);
    let rows = kinds(collection).into_iter().map(|kind| {
        let (state, coverage) = (state(collection, kind), collection.coverage(kind));
        let written = collection.summary().records_per_kind.get(kind).copied().unwrap_or_default();
        vec![
            Cell::text(kind),
            Cell::text(&state.words),
            Cell::Flag(state.is_complete),
            Cell::Flag(choice.has(kind)),
            Cell::count(written),
            coverage.map_or(Cell::Empty, |coverage| Cell::count(coverage.items_failed)),
            Cell::maybe(coverage.map(|coverage| coverage.code.as_str())),
            Cell::maybe(coverage.and_then(|coverage| coverage.missing_permission.as_deref())),
            coverage.map_or(Cell::Empty, |coverage| Cell::Flag(coverage.accepted)),
            Cell::maybe(odd.get(kind).map(|all| all.join("; ")).as_deref()),
            Cell::text(&choice.caveats),
            Cell::text(&collection.report.seal),
        ]
    });
    Table { name: "coverage-by-kind".into(), is_complete: true, headers: headers(&COLUMNS), rows: rows.collect() }
}

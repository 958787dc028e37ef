//! The table of a kind: one row for each record.

use super::table::{Cell, Table, coverage_header, headers};
use super::{Choice, Kind};
use crate::record::Record;
use serde_json::Value;
use source_evidence::text::plain;
use std::collections::{BTreeMap, BTreeSet};

/// Columns before those of the content.
const BEFORE: [&str; 10] = [
    "caveats",
    "id",
    "title",
    "subject_type",
    "subject_id",
    "subject_name",
    "observed_at",
    "effective_at",
    "valid_until",
    "digest",
];
/// Columns after those of the content.
const AFTER: [&str; 5] = ["requests", "read_at", "body_digests", "witnessed", "withheld"];

/// The table of a kind.
pub fn table(choice: &Choice<'_>, kind: &Kind<'_>) -> Table {
    let records = || choice.collection.of_kind(kind.id);
    let columns = columns(records());
    let mut all = vec![coverage_header(&kind.state).to_string()];
    all.extend(headers(&BEFORE));
    all.extend(columns.iter().map(|place| plain(&format!("content{place}"))));
    all.extend(headers(&AFTER));
    let rows = records().map(|record| row(choice, kind, &columns, record)).collect();
    Table { name: kind.id.into(), is_complete: kind.state.is_complete, headers: all, rows }
}

fn row(choice: &Choice<'_>, kind: &Kind<'_>, columns: &[String], record: &Record) -> Vec<Cell> {
    let mut row = vec![Cell::text(&kind.state.words), Cell::text(&choice.caveats)];
    row.extend([&record.id, &record.title, &record.subject.kind, &record.subject.id].map(|text| Cell::text(text)));
    row.push(Cell::maybe(record.subject.name.as_deref()));
    row.push(Cell::text(&record.observed_at));
    row.push(Cell::maybe(record.effective_at.as_deref()));
    row.extend([&record.valid_until, &record.digest].map(|text| Cell::text(text)));
    let mut held = BTreeMap::new();
    leaves(&record.content, String::new(), &mut |place, value| drop(held.insert(place, cell(value))));
    row.extend(columns.iter().map(|place| held.remove(place).unwrap_or(Cell::Empty)));
    let each = |of: fn(&source_evidence::record::Provenance) -> &str| {
        Cell::text(&record.provenance.iter().map(of).collect::<Vec<_>>().join("; "))
    };
    row.extend([each(|origin| &origin.request), each(|origin| &origin.read_at), each(|origin| &origin.body_digest)]);
    row.push(choice.collection.is_witnessed(record).map_or(Cell::Empty, Cell::Flag));
    let withheld = record.withheld.iter().map(|left| format!("{} ({})", left.pointer, left.reason));
    row.push(Cell::text(&withheld.collect::<Vec<_>>().join("; ")));
    row
}

/// Places in the content that have a column, as JSON pointers, sorted: every one that holds a scalar or a list in any
/// record. Null or an empty object makes none where other records hold an object at that place.
fn columns<'c>(records: impl Iterator<Item = &'c Record>) -> Vec<String> {
    let mut places = BTreeMap::<String, bool>::new();
    for record in records {
        leaves(&record.content, String::new(), &mut |place, value| {
            *places.entry(place).or_default() |= !is_nothing(value);
        });
    }
    let parents: BTreeSet<String> = places.keys().flat_map(|place| above(place)).map(String::from).collect();
    let is_column = |(place, is_held): (String, bool)| (is_held || !parents.contains(&place)).then_some(place);
    places.into_iter().filter_map(is_column).collect()
}

fn is_nothing(value: &Value) -> bool {
    value.is_null() || value.as_object().is_some_and(serde_json::Map::is_empty)
}

/// The places above a place.
fn above(place: &str) -> impl Iterator<Item = &str> {
    place.match_indices('/').filter_map(|(at, _)| place.get(..at))
}

/// Hands over every value that is not an object with members, with its place.
fn leaves(value: &Value, place: String, each: &mut dyn FnMut(String, &Value)) {
    match value {
        Value::Object(members) if !members.is_empty() => {
            for (name, member) in members {
                let name = name.replace('~', "~0").replace('/', "~1");
                leaves(member, format!("{place}/{name}"), each);
            }
        }
        other => each(place, other),
    }
}

fn cell(value: &Value) -> Cell {
    match value {
        Value::Null => Cell::Empty,
        Value::Bool(flag) => Cell::Flag(*flag),
        Value::Number(number) => Cell::Number(number.clone()),
        Value::String(text) => Cell::text(text),
        // Text in JSON, of which nothing is lost.
        list => Cell::Text(source_evidence::text::plain_json(&list.to_string())),
    }
}

//! A table for people: CSV and XLSX show the same ones.

use super::State;
use source_evidence::text::plain;

/// A table.
pub struct Table {
    /// Its name, fit for a file: `a-z`, `0-9`, `_` and `-`.
    pub name: String,
    pub is_complete: bool,
    pub headers: Vec<String>,
    pub rows: Vec<Vec<Cell>>,
}

/// A cell. Text is harmless to terminals: see [`plain`].
#[derive(Clone, Debug, PartialEq)]
pub enum Cell {
    /// Nothing is known, or there is nothing.
    Empty,
    Text(String),
    Number(serde_json::Number),
    Flag(bool),
}

impl Cell {
    pub fn text(text: &str) -> Self {
        if text.is_empty() { Self::Empty } else { Self::Text(plain(text)) }
    }

    pub fn maybe(text: Option<&str>) -> Self {
        text.map_or(Self::Empty, Self::text)
    }

    pub fn count(count: u64) -> Self {
        Self::Number(count.into())
    }
}

/// The header of the first column. The name itself says that something is missing, also where there is no row.
pub fn coverage_header(state: &State) -> &'static str {
    if state.is_complete { "coverage" } else { "INCOMPLETE" }
}

pub fn headers(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).into()).collect()
}

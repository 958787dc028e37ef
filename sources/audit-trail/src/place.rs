//! Where tables are: what every place can do, and what their answers have in common.

use crate::ask::{Answer, Cell, Heard, ODD, Rows};
use crate::step::{Phase, Step, Way};
use crate::table::Table;
use alloc::borrow::Cow;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use source_kit::Ask;

/// A place.
pub trait Place {
    /// Its name, that of the setting.
    fn name(&self) -> &'static str;

    /// The host that is asked.
    fn host(&self) -> Cow<'_, str>;

    /// How it reads a table; `None` where it has no such table.
    fn way(&self, table: Table, since_us: Option<i64>) -> Option<Way>;

    /// The first step of a table; `None` where it has no such table. `now_us` ends a search.
    fn first(&self, table: Table, since_us: Option<i64>, now_us: i64) -> Option<Step> {
        Some(Step::first(self.way(table, since_us)?, table, since_us, now_us))
    }

    /// The request of a step.
    fn ask(&self, step: &Step) -> Ask;

    /// What the answer to it means. Rows are in the order of the table's columns, whatever the place's is.
    fn read<'a>(&self, step: &Step, heard: Heard<'a>) -> Answer<'a>;

    /// JSON pointer of the rows in the answer to a step.
    fn pointer(&self, step: &Step) -> &'static str;

    /// What is asked in a step, as a reader of the evidence would ask it again: a statement, or a method and a path.
    fn statement(&self, step: &Step) -> String {
        format!("GET {}", self.ask(step).path_and_query)
    }
}

/// Rows of as many cells as the step asks for.
pub(crate) fn rows_of<'a>(step: &Step, rows: Rows<'a>) -> Answer<'a> {
    let width = match step.phase {
        Phase::Columns | Phase::Done => 0,
        Phase::Count => 4,
        Phase::Recount if step.way == Way::Listing => 6,
        Phase::Recount => 4,
        Phase::Account | Phase::Rows(_) => step.table.columns().len(),
    };
    let fits = |row: &Vec<Cell<'_>>| row.len() == width;
    if rows.rows.iter().all(fits) { Answer::Rows(rows) } else { ODD }
}

/// A place's name of a result, that may go into a path.
pub(crate) fn handle(text: &str) -> Option<String> {
    const LONGEST: usize = 64;
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    ((1..=LONGEST).contains(&text.len()) && text.bytes().all(is_plain)).then(|| text.into())
}

/// A place's token for a further page, that can be written into a cursor.
pub(crate) fn token(text: &str) -> Option<String> {
    const LONGEST: usize = 600;
    let is_plain = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'|' | b'"' | b'\\');
    ((1..=LONGEST).contains(&text.len()) && text.bytes().all(is_plain)).then(|| text.into())
}

/// What may stand in a query as it is.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~').remove(b',');

/// A text as it stands in a path or query.
pub(crate) fn encoded(text: &str) -> String {
    utf8_percent_encode(text, PLAIN).collect()
}

//! The statements, each one line: names from settings were validated and are quoted, and everything else that varies
//! is a column's name or a whole number. No text that was read from a table ever becomes part of one.

use crate::step::{FIRST_INSTANT, MODULUS, Phase, Step, WINDOW, Way};
use crate::table::{ACTOR, MESSAGE_DATA, SYNCED, Table};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

/// How a place writes what differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// GoogleSQL.
    BigQuery,
    /// Snowflake's.
    Snowflake,
    /// Databricks SQL.
    Databricks,
}

impl Dialect {
    /// Microseconds since 1970 of an instant.
    fn micros(self, column: &str) -> String {
        match self {
            Self::Snowflake => format!("date_part(epoch_microsecond, {column})"),
            Self::BigQuery | Self::Databricks => format!("unix_micros({column})"),
        }
    }

    /// A number as text.
    fn text(self, number: &str) -> String {
        match self {
            Self::Snowflake => format!("to_varchar({number})"),
            Self::BigQuery | Self::Databricks => format!("cast({number} as string)"),
        }
    }

    /// A column of text or JSON as text.
    fn json(self, column: &str, is_json: bool) -> String {
        match self {
            Self::BigQuery if is_json => format!("to_json_string({column})"),
            Self::BigQuery => column.into(),
            Self::Snowflake => format!("to_varchar({column})"),
            Self::Databricks => format!("cast({column} as string)"),
        }
    }
}

/// The statement of a step. `from` is the table's name, quoted.
#[must_use]
pub fn statement(dialect: Dialect, from: &str, step: &Step) -> String {
    match &step.phase {
        Phase::Account => format!("select id, name from {from} limit 2"),
        Phase::Columns => format!("select * from {from} limit 0"),
        Phase::Recount if step.way == Way::Listing => check(dialect, from, step),
        Phase::Count | Phase::Recount | Phase::Done => count(dialect, from, step),
        Phase::Rows(_) => rows(dialect, from, step),
    }
}

fn count(dialect: Dialect, from: &str, step: &Step) -> String {
    let condition = condition(dialect, step, step.since_us.unwrap_or(FIRST_INSTANT));
    format!("select {} from {from} where {condition}", ends(dialect, step))
}

/// Number of rows, first and last instant, last sync.
fn ends(dialect: Dialect, step: &Step) -> String {
    let at = dialect.micros(step.table.instant());
    let number = |what: String| dialect.text(&what);
    let cells = [
        number("count(*)".into()),
        number(format!("min({at})")),
        number(format!("max({at})")),
        number(format!("max({})", dialect.micros(SYNCED))),
    ];
    cells.join(", ")
}

/// The same of all rows, whatever they say, with the check sum of the instants and the number of keys.
fn check(dialect: Dialect, from: &str, step: &Step) -> String {
    let at = dialect.micros(step.table.instant());
    let sum = dialect.text(&format!("sum(mod({at}, {MODULUS}))"));
    let keys = dialect.text(&format!("count(distinct concat(id, ' ', {}))", dialect.text(&at)));
    format!("select {}, {sum}, {keys} from {from}", ends(dialect, step))
}

fn rows(dialect: Dialect, from: &str, step: &Step) -> String {
    let cells: Vec<_> = step.table.columns().iter().map(|column| cell(dialect, step, column)).collect();
    let at = dialect.micros(step.table.instant());
    let condition = condition(dialect, step, step.at_us);
    let (cells, skip) = (cells.join(", "), step.skip);
    format!("select {cells} from {from} where {condition} order by {at}, id limit {WINDOW} offset {skip}")
}

fn condition(dialect: Dialect, step: &Step, from_us: i64) -> String {
    let (at, synced) = (dialect.micros(step.table.instant()), dialect.micros(SYNCED));
    let mut out = format!("{at} >= {from_us} and {synced} <= {}", step.watermark_us);
    if step.table == Table::Log {
        let is_json = step.columns.is_json(step.table, MESSAGE_DATA);
        out += &format!(" and {} like '%{ACTOR}%'", dialect.json(MESSAGE_DATA, is_json));
    }
    out
}

/// What is selected of a column.
fn cell(dialect: Dialect, step: &Step, column: &str) -> String {
    let table = step.table;
    if !step.columns.has(table, column) {
        return "null".to_string();
    }
    match column {
        "old_values" | "new_values" | MESSAGE_DATA => dialect.json(column, step.columns.is_json(table, column)),
        _ if column == SYNCED || column == table.instant() => dialect.text(&dialect.micros(column)),
        _ => column.into(),
    }
}

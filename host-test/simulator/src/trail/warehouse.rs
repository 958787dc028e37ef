//! What a statement gives: columns, and rows that are made up page by page.

use super::history::{Happened, History};
use super::spec::Trail;
use super::sql::{MODULUS, Range, Shape, Statement};
use super::table::{Cell, Table, Type};
use std::sync::Arc;

/// A row of an answer: everything is text.
pub type Row = Vec<Option<String>>;

/// The answer to a statement, as the tables were when it was asked.
#[derive(Clone)]
pub struct Answer {
    /// Name and type of each column.
    pub columns: Vec<(String, Type)>,
    /// How many rows.
    pub len: usize,
    rows: Rows,
}

#[derive(Clone)]
enum Rows {
    /// These.
    Few(Vec<Row>),
    /// From this row of a table on.
    Table {
        history: Arc<History>,
        happened: Happened,
        table: Table,
        range: Range,
        first: usize,
        columns: Vec<Option<usize>>,
    },
}

impl Answer {
    /// The answer to a statement.
    pub fn new(history: &Arc<History>, trail: &Trail, happened: Happened, statement: &Statement) -> Self {
        let named = statement.selected.iter().map(|word| (word.clone(), Type::Text)).collect();
        let few =
            |columns: Vec<(String, Type)>, rows: Vec<Row>| Self { columns, len: rows.len(), rows: Rows::Few(rows) };
        let table = statement.table;
        match &statement.shape {
            Shape::Account => {
                let rows = history.account_rows().into_iter().take(2);
                few(named, rows.map(|row| vec![text(&row, 0), text(&row, 3)]).collect())
            }
            Shape::Columns => {
                let present = table.present(&trail.no_column).into_iter().filter_map(|at| table.columns().get(at));
                few(present.map(|(name, kind)| ((*name).to_string(), *kind)).collect(), Vec::new())
            }
            Shape::Check => few(named, vec![check(history, happened, table)]),
            Shape::Count(range) => few(named, vec![count(history, happened, table, *range)]),
            Shape::Rows { range, columns, limit, offset } => {
                let mut found = matching(history, happened, table, *range, 0).skip(*offset);
                let first = found.next();
                let len = first.map_or(0, |_| (1 + found.take(*limit).count()).min(*limit));
                let (history, range, columns) = (Arc::clone(history), *range, columns.clone());
                let first = first.unwrap_or_default();
                Self { columns: named, len, rows: Rows::Table { history, happened, table, range, first, columns } }
            }
        }
    }

    /// Rows from one on, so many at most.
    pub fn rows(&self, from: usize, most: usize) -> Vec<Row> {
        let most = most.min(self.len.saturating_sub(from));
        match &self.rows {
            Rows::Few(rows) => rows.iter().skip(from).take(most).cloned().collect(),
            Rows::Table { history, happened, table, range, first, columns } => {
                let numbers = matching(history, *happened, *table, *range, *first).skip(from).take(most);
                let row = |number: usize| {
                    let cells = history.row(*table, number, *happened);
                    columns.iter().map(|at| at.and_then(|at| text(&cells, at))).collect()
                };
                numbers.map(row).collect()
            }
        }
    }
}

fn text(cells: &[Cell], at: usize) -> Option<String> {
    cells.get(at).cloned().and_then(Cell::text)
}

/// The numbers of the rows that a range holds, from one on.
fn matching(
    history: &History,
    happened: Happened,
    table: Table,
    range: Range,
    from: usize,
) -> impl Iterator<Item = usize> {
    let first = history.first_from(table, range.from, happened).max(from);
    (first..history.len(table, happened)).filter(move |number| {
        history.is_there(*number, happened)
            && history.synced(table, *number, happened) <= range.upto
            && (!range.actors || history.names_actor(*number))
    })
}

/// No key is there twice.
fn check(history: &History, happened: Happened, table: Table) -> Row {
    let all = Range { from: i64::MIN, upto: i64::MAX, actors: false };
    let mut row = count(history, happened, table, all);
    let remainders = matching(history, happened, table, all, 0).map(|number| history.at(table, number) % MODULUS);
    let keys = row.first().cloned().flatten();
    // There is no sum of no rows.
    row.extend([remainders.reduce(|sum, one| sum + one).map(|sum| sum.to_string()), keys]);
    row
}

fn count(history: &History, happened: Happened, table: Table, range: Range) -> Row {
    let (mut count, mut first, mut last, mut synced) = (0_usize, None, None, None);
    for number in matching(history, happened, table, range, 0) {
        let at = history.at(table, number);
        count += 1;
        first = first.or(Some(at));
        last = Some(at);
        synced = synced.max(Some(history.synced(table, number, happened)));
    }
    let text = |micros: Option<i64>| micros.map(|micros| micros.to_string());
    vec![Some(count.to_string()), text(first), text(last), text(synced)]
}

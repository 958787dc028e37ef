//! XLSX: a workbook with the tables of the CSV export, one sheet each. Text is written as text and never as a formula.

use super::table::{Cell, Table};
use super::{Choice, access_table, kind_table, overview_table};
use rust_xlsxwriter::{DocProperties, ExcelDateTime, Format, Workbook, Worksheet, XlsxError};
use source_evidence::{Error, Result};
use std::collections::BTreeSet;

/// Letters of a sheet's name, at most.
const NAME_LETTERS: usize = 31;
/// Letters of a cell, at most.
const CELL_LETTERS: usize = 32_767;
/// What stands at the end of a cell that was cut.
const CUT: &str = "… (cut: the rest is in evidence.jsonl)";
/// Rows of a sheet, at most, with the header.
const ROWS: usize = 1_048_576;
/// Whole numbers up to here are exact in a cell: it holds a 64-bit float.
const EXACT: u64 = 1 << 53;
/// Columns wide enough for a timestamp.
const WIDTH: f64 = 25.0;

/// The workbook: the same bytes for the same collection.
///
/// # Errors
/// When a kind has more records than a sheet has rows.
pub fn workbook(choice: &Choice<'_>) -> Result<Vec<u8>> {
    let mut tables: Vec<Table> =
        choice.access_review().map(|state| access_table::table(choice, &state)).into_iter().collect();
    tables.push(overview_table::table(choice));
    tables.extend(choice.kinds.iter().map(|kind| kind_table::table(choice, kind)));
    if let Some(long) = tables.iter().find(|table| table.rows.len() >= ROWS) {
        let what = format!("{} has {} rows, and a sheet holds {}", long.name, long.rows.len(), ROWS - 1);
        return Err(Error::Usage { what, remedy: "use --format csv, or leave the kind out with --kinds".into() });
    }
    build(&tables).map_err(|error| Error::Usage {
        what: format!("there is no workbook of this collection ({error})"),
        remedy: "use --format csv".into(),
    })
}

fn build(tables: &[Table]) -> Result<Vec<u8>, XlsxError> {
    let mut workbook = Workbook::new();
    // Any fixed moment: that of the export would make other bytes each time.
    let then = ExcelDateTime::from_ymd(2000, 1, 1)?;
    workbook.set_properties(&DocProperties::new().set_creation_datetime(&then));
    let mut names = BTreeSet::new();
    for table in tables {
        let name = name(table, &names);
        fill(workbook.add_worksheet().set_name(&name)?, table)?;
        names.insert(name);
    }
    workbook.save_to_buffer()
}

/// A name that no sheet before has. Kinds are ASCII: a byte is a letter.
fn name(table: &Table, taken: &BTreeSet<String>) -> String {
    let mark = if table.is_complete { "" } else { " (part)" };
    let cut = |end: &str| format!("{:.1$}{end}", table.name, NAME_LETTERS - end.len());
    let numbered = (2_u64..).map(|number| cut(&format!("{mark} {number}")));
    std::iter::once(cut(mark)).chain(numbered).find(|name| !taken.contains(name)).unwrap_or_default()
}

fn fill(sheet: &mut Worksheet, table: &Table) -> Result<(), XlsxError> {
    let bold = Format::new().set_bold();
    for (column, header) in (0_u16..).zip(&table.headers) {
        sheet.write_string_with_format(0, column, cut(header), &bold)?;
        sheet.set_column_width(column, WIDTH)?;
    }
    for (row, cells) in (1_u32..).zip(&table.rows) {
        for (column, cell) in (0_u16..).zip(cells) {
            put(sheet, row, column, cell)?;
        }
    }
    let last = (u32::try_from(table.rows.len()), u16::try_from(table.headers.len().saturating_sub(1)));
    if let (Ok(row), Ok(column)) = last {
        sheet.autofilter(0, 0, row, column)?;
    }
    if !table.is_complete {
        sheet.set_tab_color("FF0000");
    }
    sheet.set_freeze_panes(1, 0)?;
    Ok(())
}

fn put(sheet: &mut Worksheet, row: u32, column: u16, cell: &Cell) -> Result<(), XlsxError> {
    match cell {
        Cell::Empty => return Ok(()),
        Cell::Text(text) => sheet.write_string(row, column, cut(text)),
        Cell::Flag(flag) => sheet.write_boolean(row, column, *flag),
        Cell::Number(number) => match exact(number) {
            Some(value) => sheet.write_number(row, column, value),
            None => sheet.write_string(row, column, number.to_string()),
        },
    }?;
    Ok(())
}

/// A number as a cell holds it; `None` for a whole number that would become another.
fn exact(number: &serde_json::Number) -> Option<f64> {
    let is_exact = number.is_f64() || number.as_i64().is_some_and(|whole| whole.unsigned_abs() <= EXACT);
    number.as_f64().filter(|_| is_exact)
}

/// What fits a cell. Letters are counted as a spreadsheet does, in UTF-16.
fn cut(text: &str) -> String {
    if text.encode_utf16().count() <= CELL_LETTERS {
        return text.into();
    }
    let mut room = CELL_LETTERS - CUT.encode_utf16().count();
    let fits = |letter: &char| room.checked_sub(letter.len_utf16()).map(|left| room = left).is_some();
    text.chars().take_while(fits).chain(CUT.chars()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_is_cut_to_what_a_cell_holds_and_says_so() {
        let fits = "é".repeat(CELL_LETTERS);
        assert_eq!(cut(&fits), fits);
        for long in ["é".repeat(CELL_LETTERS + 1), "😀".repeat(CELL_LETTERS)] {
            let cut = cut(&long);
            assert!(cut.encode_utf16().count() <= CELL_LETTERS && cut.ends_with(CUT), "{}", cut.len());
            assert!(long.starts_with(cut.strip_suffix(CUT).unwrap()));
        }
    }

    #[test]
    fn no_two_sheets_have_one_name_and_a_part_is_called_that() {
        let mut taken = BTreeSet::new();
        let mut add = |table: &str, is_complete: bool| {
            let table = Table { name: table.into(), is_complete, headers: Vec::new(), rows: Vec::new() };
            let name = name(&table, &taken);
            taken.insert(name.clone());
            name
        };
        assert_eq!(add("user", true), "user");
        assert_eq!(add("team", false), "team (part)");
        let long = "a_kind_of_forty_letters_and_some_more_it_is";
        assert_eq!(
            [true, true, false, false].map(|is_complete| add(long, is_complete)),
            [
                "a_kind_of_forty_letters_and_som",
                "a_kind_of_forty_letters_and_s 2",
                "a_kind_of_forty_letters_ (part)",
                "a_kind_of_forty_letter (part) 2",
            ]
        );
    }

    #[test]
    fn a_number_that_a_cell_cannot_hold_is_text() {
        let held = |number: &str| exact(&number.parse().unwrap());
        assert_eq!(["1", "-1.5", "9007199254740992"].map(held), [Some(1.0), Some(-1.5), Some(9_007_199_254_740_992.0)]);
        assert_eq!(["9007199254740993", "-9007199254740993", "18446744073709551615"].map(held), [None; 3]);
    }
}

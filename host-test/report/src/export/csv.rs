//! CSV (RFC 4180): a folder with a file for each kind, the access review, and the coverage of every kind.

use super::guard::guarded;
use super::table::{Cell, Table};
use super::{Choice, access_table, kind_table, overview_table};
use source_evidence::line_file::refuse_existing;
use source_evidence::{Error, Result};
use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;

/// What UTF-8 text begins with so that some spreadsheets take it for that.
const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// A file that was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// Its name in the folder.
    pub name: String,
    /// Rows below the headers.
    pub rows: usize,
}

/// Writes the folder, which must not exist yet: whole, or not at all. Answers its files.
///
/// # Errors
/// When the folder exists, or cannot be written to.
pub fn write(choice: &Choice<'_>, with_byte_order_mark: bool, folder: &Path) -> Result<Vec<Written>> {
    refuse_existing(folder)?;
    let parent = folder.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let part = private_folder(parent).map_err(|error| Error::Output {
        what: format!("cannot create {}: {error}", folder.display()),
        remedy: "name a place in a folder that exists and can be written to".into(),
    })?;
    let mut files = Vec::new();
    let mut write = |table: &Table| -> Result<()> {
        let suffix = if table.is_complete { "csv" } else { "incomplete.csv" };
        let name = format!("{}.{suffix}", table.name);
        let bytes = bytes(table).map_err(Error::file("write", folder.join(&name)))?;
        let mark = if with_byte_order_mark { BYTE_ORDER_MARK } else { &[] };
        create(&part.path().join(&name), &[mark, &bytes]).map_err(Error::file("write", folder.join(&name)))?;
        files.push(Written { name, rows: table.rows.len() });
        Ok(())
    };
    if let Some(state) = choice.access_review() {
        write(&access_table::table(choice, &state))?;
    }
    write(&overview_table::table(choice))?;
    choice.kinds.iter().try_for_each(|kind| write(&kind_table::table(choice, kind)))?;
    // An empty folder that somebody made meanwhile is replaced; nothing else is.
    std::fs::rename(part.path(), folder).map_err(|error| Error::Output {
        what: format!("cannot create {}: {error}", folder.display()),
        remedy: "somebody else made it meanwhile: choose another name".into(),
    })?;
    // Its name is gone, and so there is nothing to remove.
    let _ = part.keep();
    Ok(files)
}

/// Readable by its owner only: evidence has names of people in it.
fn private_folder(parent: &Path) -> std::io::Result<tempfile::TempDir> {
    let mut builder = tempfile::Builder::new();
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o700));
    builder.tempdir_in(parent)
}

fn create(path: &Path, parts: &[&[u8]]) -> std::io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    parts.iter().try_for_each(|part| file.write_all(part))?;
    file.sync_all()
}

fn bytes(table: &Table) -> std::io::Result<Vec<u8>> {
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    writer.write_record(table.headers.iter().map(|header| guarded(header)))?;
    for row in &table.rows {
        writer.write_record(row.iter().map(text))?;
    }
    writer.into_inner().map_err(|error| error.into_error())
}

fn text(cell: &Cell) -> String {
    match cell {
        Cell::Empty => String::new(),
        Cell::Text(text) => guarded(text),
        Cell::Number(number) => number.to_string(),
        Cell::Flag(flag) => flag.to_string(),
    }
}

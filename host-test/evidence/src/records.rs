//! The records of a folder, one by one, as they stand in the file. [`crate::verify`] says whether they are what was
//! collected; what is read here is only what is written.

use crate::error::Result;
use crate::files::{EVIDENCE, JOURNAL};
use crate::journal::Seen;
use crate::record::Record;
use crate::verify::{LineReader, Next};
use std::collections::BTreeSet;
use std::path::Path;

/// Hands over each line's number, from 1, and its record; `None` where a line is no record.
///
/// # Errors
/// When the file cannot be read, and what `each` answers.
pub fn each(folder: &Path, each: &mut dyn FnMut(u64, Option<Record>) -> Result<()>) -> Result<String> {
    let mut file = LineReader::open(&folder.join(EVIDENCE), u64::MAX)?;
    loop {
        let record = match file.next()? {
            Next::End => return Ok(file.digest()),
            Next::Line(line) => Record::read(line),
            Next::Bad(_) => None,
        };
        each(file.number, record)?;
    }
}

/// SHA-256 of every body that the host saw whole, from the journal of a folder.
///
/// # Errors
/// When the file cannot be read.
pub fn bodies(folder: &Path) -> Result<BTreeSet<String>> {
    let mut file = LineReader::open(&folder.join(JOURNAL), u64::MAX)?;
    let mut bodies = BTreeSet::new();
    loop {
        match file.next()? {
            Next::End => return Ok(bodies),
            Next::Line(line) => bodies.extend(Seen::read(line).and_then(|seen| seen.sha256)),
            Next::Bad(_) => {}
        }
    }
}

//! How far a collection in a folder has come: the file `cursor`.

use crate::error::{Error, Result};
use crate::files::{CURSOR, EVIDENCE, HASHES, JOURNAL, MANIFEST, broken, file_of_ours, read, refuse_link};
use crate::summary::Summary;
use crate::verify;
use serde::{Deserialize, Serialize};
use std::path::Path;

/// 64 hexadecimal digits and a line break.
const HASH_LINE_BYTES: u64 = 65;

/// `cursor`, as long as a collection is not finished.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Checkpoint {
    /// The source's cursor; absent before the first page and after the last.
    pub cursor: Option<String>,
    /// Whether the last page is written.
    pub finished: bool,
    /// So much of `evidence.jsonl` is valid.
    pub evidence_bytes: u64,
    /// So much of `journal.jsonl` is valid.
    pub journal_bytes: u64,
    pub summary: Summary,
}

impl Checkpoint {
    /// Valid bytes of evidence, hashes and journal.
    pub(crate) fn bytes(&self) -> [u64; 3] {
        [self.evidence_bytes, self.summary.records.saturating_mul(HASH_LINE_BYTES), self.journal_bytes]
    }
}

/// What a folder holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FolderState {
    /// No collection and no file of one; perhaps not even the folder is there.
    Nothing,
    /// One that is not finished.
    Begun,
    /// One that is, or files of one without a cursor to resume from.
    Finished,
}

/// What a folder holds.
#[must_use]
pub fn state(path: &Path) -> FolderState {
    match file_of_ours(path) {
        None => FolderState::Nothing,
        Some(CURSOR) => FolderState::Begun,
        Some(_) => FolderState::Finished,
    }
}

/// The summary of a finished collection.
///
/// # Errors
/// When its manifest cannot be read.
pub fn finished(path: &Path) -> Result<Summary> {
    let file = path.join(MANIFEST);
    refuse_link(path)?;
    let text = read(&file)?;
    serde_json::from_slice(&text).map_err(|_| Error::Output {
        what: format!("{} is not a manifest", file.display()),
        remedy: "check the folder with verify".into(),
    })
}

/// The summary so far of a collection that is not finished.
///
/// # Errors
/// When its cursor cannot be read.
pub fn begun(path: &Path) -> Result<Summary> {
    checkpoint(path).map(|checkpoint| checkpoint.summary)
}

pub(crate) fn checkpoint(path: &Path) -> Result<Checkpoint> {
    let file = path.join(CURSOR);
    let text = read(&file)?;
    serde_json::from_slice(&text).map_err(|_| broken(format!("{} is not a cursor file", file.display())))
}

/// Whether the evidence that a checkpoint vouches for is still what was written.
///
/// # Errors
/// What was changed.
pub(crate) fn check(path: &Path, checkpoint: &Checkpoint) -> Result<()> {
    for (name, valid) in GROWING.into_iter().zip(checkpoint.bytes()) {
        let length = path.join(name).metadata().map_or(0, |file| file.len());
        if length < valid {
            return Err(broken(format!("{} is shorter than its cursor says", path.join(name).display())));
        }
    }
    match verify::so_far(path, checkpoint.bytes(), &checkpoint.summary)?.first() {
        None => Ok(()),
        Some(why) => Err(broken(format!("{} was changed since it was written: {why}", path.display()))),
    }
}

/// The files that grow page by page.
pub(crate) const GROWING: [&str; 3] = [EVIDENCE, HASHES, JOURNAL];

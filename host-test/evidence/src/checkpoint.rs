//! How far a collection in a folder has come: the file `cursor`.

use crate::error::{Error, Result};
use crate::files::{CURSOR, EVIDENCE, HASHES, JOURNAL, MANIFEST, broken, file_of_ours, read, refuse_link};
use crate::summary::{Request, Summary, VERSION};
use crate::verify;
use serde::{Deserialize, Serialize};
use std::path::Path;

/// 64 hexadecimal digits and a line break.
const HASH_LINE_BYTES: u64 = 65;

/// How far a collection has come: the file `cursor`, as long as it is not finished.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checkpoint {
    /// The source's cursor; absent before the first page and after the last.
    pub cursor: Option<String>,
    /// Whether the last page is written.
    pub finished: bool,
    /// So much of `evidence.jsonl` is valid.
    pub evidence_bytes: u64,
    /// So much of `journal.jsonl` is valid.
    pub journal_bytes: u64,
    /// What was written so far.
    pub summary: Summary,
}

impl Checkpoint {
    /// Of a collection that begins.
    #[must_use]
    pub fn begin(summary: Summary) -> Self {
        let summary = Summary { version: VERSION, ..summary };
        Self { cursor: None, finished: false, evidence_bytes: 0, journal_bytes: 0, summary }
    }

    /// What to ask for to resume, where `asked` is what would be asked for at the start.
    ///
    /// # Errors
    /// [`Error::Other`] when the collection was started with something else.
    pub fn request(&self, asked: &Request) -> Result<Request> {
        let Summary { kinds, since, .. } = &self.summary;
        let is_other = |asked: bool, same: bool| asked && !same;
        if is_other(!asked.kinds.is_empty(), asked.kinds == *kinds)
            || is_other(asked.since.is_some(), asked.since == *since)
        {
            let what = "kinds or since differ from those that the collection was started with".into();
            return Err(Error::Other { what, remedy: "omit them to resume".into() });
        }
        Ok(Request { kinds: kinds.clone(), since: since.clone() })
    }

    /// The collection in `place`, to be resumed in the way that `now` tells. Refuses to add records that another
    /// component made, or other settings: nothing else binds them before the first page, and a manifest names one of
    /// each.
    ///
    /// # Errors
    /// [`Error::Other`] when they differ from those that the collection was started with.
    pub fn resumed(&mut self, now: &Summary, place: &str) -> Result<()> {
        let begun = &mut self.summary;
        let what = match (begun.settings_digest == now.settings_digest, begun.component == now.component) {
            (true, true) => {
                let begun = std::mem::take(begun);
                self.summary = now.made.last().cloned().into_iter().fold(begun, Summary::resumed);
                return Ok(());
            }
            (false, _) => "other settings",
            (true, false) => "another component",
        };
        let what = format!("{place} was started with {what}");
        Err(Error::Other { what, remedy: "resume it with the same, or collect into another folder".into() })
    }

    /// After a page of so many bytes.
    #[must_use]
    pub fn after(&self, bytes: [usize; 2], cursor: Option<String>, summary: Summary) -> Self {
        let [evidence, journal] = bytes;
        Self {
            finished: cursor.is_none(),
            cursor,
            evidence_bytes: self.evidence_bytes + evidence as u64,
            journal_bytes: self.journal_bytes + journal as u64,
            summary,
        }
    }

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

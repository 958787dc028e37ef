//! The folder that a collection is written to.
//!
//! `evidence.jsonl` grows page by page; after each page `cursor` says how far it is valid and where
//! to resume: first the records, safely on disk, then the cursor, so that it is never ahead of them.
//! `evidence.sha256` grows along: the hash of each record, by which `verify` names the line that was
//! changed. At the end `manifest.json` and `seal.json` take the cursor's place, and `seal.dsse.json`
//! where the host signs. `lock` keeps a second run out while one is under way.

use crate::digest::{hex, sha256_of_file};
use crate::error::{Error, Result};
use crate::record::Line;
use crate::seal::{self, Signer};
use crate::summary::Request;
use crate::summary::{Summary, VERSION};
use crate::verify;
use serde::{Deserialize, Serialize};
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// 64 hexadecimal digits and a line break.
const HASH_LINE_BYTES: u64 = 65;

/// `cursor`, as long as a collection is not finished.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Checkpoint {
    /// The source's cursor; absent before the first page and after the last.
    cursor: Option<String>,
    /// Whether the last page is written.
    finished: bool,
    /// So much of `evidence.jsonl` is valid.
    evidence_bytes: u64,
    summary: Summary,
}

/// What a folder holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FolderState {
    /// No collection; perhaps not even the folder is there.
    Nothing,
    /// One that is not finished.
    Begun,
    /// One that is.
    Finished,
}

/// What a folder holds.
#[must_use]
pub fn state(path: &Path) -> FolderState {
    if path.join("cursor").exists() {
        FolderState::Begun
    } else if path.join("manifest.json").exists() || path.join("evidence.jsonl").exists() {
        FolderState::Finished
    } else {
        FolderState::Nothing
    }
}

/// The summary of a finished collection.
///
/// # Errors
/// When its manifest cannot be read.
pub fn finished(path: &Path) -> Result<Summary> {
    let file = path.join("manifest.json");
    let text = std::fs::read(&file).map_err(Error::file("read", &file))?;
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

fn checkpoint(path: &Path) -> Result<Checkpoint> {
    let file = path.join("cursor");
    let text = std::fs::read(&file).map_err(Error::file("read", &file))?;
    serde_json::from_slice(&text).map_err(|_| broken(format!("{} is not a cursor file", file.display())))
}

/// An output folder that this run owns.
pub struct EvidenceDir {
    path: PathBuf,
    evidence: File,
    hashes: File,
    checkpoint: Checkpoint,
    /// Whether this run made the folder.
    made_folder: bool,
    _lock: File,
}

impl EvidenceDir {
    /// Starts a collection in a folder that holds none.
    ///
    /// # Errors
    /// [`Error::Output`] when it holds one, or another run is at it; nothing is touched then.
    pub fn create(path: &Path, summary: Summary) -> Result<Self> {
        let made_folder = !path.exists();
        std::fs::create_dir_all(path).map_err(unwritable("create", path))?;
        let lock = lock(path, "lock")?;
        refuse(path, state(path))?;
        let summary = Summary { version: VERSION, ..summary };
        let checkpoint = Checkpoint { cursor: None, finished: false, evidence_bytes: 0, summary };
        // The cursor first: whenever there is evidence, it can be resumed.
        let begun = replace(path, "cursor", &checkpoint);
        let begun = begun.and_then(|()| Self::open(path, checkpoint, made_folder, lock));
        begun.inspect_err(|_| clear(path, made_folder))
    }

    /// Resumes a collection that was interrupted. What was written after the last cursor is removed: the
    /// source will deliver it again.
    ///
    /// # Errors
    /// [`Error::Output`] when there is none, or the files do not belong together.
    pub fn resume(path: &Path) -> Result<Self> {
        let shown = path.display();
        if !path.join("cursor").exists() {
            if state(path) == FolderState::Finished {
                let what = format!("{shown} holds a finished collection: there is nothing to resume");
                return Err(Error::Output { what, remedy: "verify it, or collect into another folder".into() });
            }
            let what = format!("{shown} holds no collection to resume");
            return Err(Error::Output { what, remedy: "leave out --resume to start one".into() });
        }
        let lock = lock(path, "lock")?;
        let checkpoint = checkpoint(path)?;
        if checkpoint.summary.version != VERSION {
            return Err(broken(format!("{shown} is of another version of this program")));
        }
        Self::open(path, checkpoint, false, lock)
    }

    /// Opens the files at the length that the checkpoint says.
    fn open(path: &Path, checkpoint: Checkpoint, made_folder: bool, lock: File) -> Result<Self> {
        let evidence = open_at(&path.join("evidence.jsonl"), checkpoint.evidence_bytes)?;
        let hashes = open_at(&path.join("evidence.sha256"), checkpoint.summary.records * HASH_LINE_BYTES)?;
        Ok(Self { path: path.into(), evidence, hashes, checkpoint, made_folder, _lock: lock })
    }

    /// Checks that what was written before is still what was written: nothing is added to evidence that was changed.
    ///
    /// # Errors
    /// [`Error::Output`] when it is not.
    pub fn check(&self) -> Result<()> {
        let read = |name: &str| {
            let file = self.path.join(name);
            std::fs::read(&file).map_err(Error::file("read", file))
        };
        let findings = verify::so_far(&read("evidence.jsonl")?, &read("evidence.sha256")?, self.summary());
        match findings.first() {
            None => Ok(()),
            Some(why) => Err(broken(format!("{} was changed since it was written: {why}", self.path.display()))),
        }
    }

    /// What to ask for to resume, where `asked` is what would be asked for at the start.
    ///
    /// # Errors
    /// [`Error::Usage`] when the collection was started with something else.
    pub fn request(&self, asked: &Request) -> Result<Request> {
        let Summary { kinds, since, .. } = self.summary();
        let is_other = |asked: bool, same: bool| asked && !same;
        if is_other(!asked.kinds.is_empty(), asked.kinds == *kinds)
            || is_other(asked.since.is_some(), asked.since == *since)
        {
            let what = "kinds or since differ from those that the collection was started with".into();
            return Err(Error::Usage { what, remedy: "leave them out to resume it".into() });
        }
        Ok(Request { kinds: kinds.clone(), since: since.clone() })
    }

    /// Where to resume; `None` at the start.
    #[must_use]
    pub fn cursor(&self) -> Option<&str> {
        self.checkpoint.cursor.as_deref()
    }

    /// Bytes of the evidence so far.
    #[must_use]
    pub fn evidence_bytes(&self) -> u64 {
        self.checkpoint.evidence_bytes
    }

    /// Whether the last page is written already.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.checkpoint.finished
    }

    /// What was written so far.
    #[must_use]
    pub fn summary(&self) -> &Summary {
        &self.checkpoint.summary
    }

    /// Writes a page: its lines, then the cursor after it.
    ///
    /// # Errors
    /// When the disk is full, for example. What was valid before stays valid.
    pub fn append(&mut self, lines: &[Line], cursor: Option<String>, summary: Summary) -> Result<()> {
        let file = self.path.join("evidence.jsonl");
        let mut hashes = String::with_capacity(lines.len() * 65);
        let mut text = String::with_capacity(lines.iter().map(|line| line.text.len() + 1).sum());
        for line in lines {
            text.push_str(&line.text);
            text.push('\n');
            hashes.push_str(&hex(&line.hash));
            hashes.push('\n');
        }
        let evidence = self.evidence.write_all(text.as_bytes()).and_then(|()| self.evidence.sync_data());
        let written =
            evidence.and_then(|()| self.hashes.write_all(hashes.as_bytes())).and_then(|()| self.hashes.sync_data());
        if let Err(error) = written {
            // Half a line would make the files invalid.
            let _ = self.evidence.set_len(self.checkpoint.evidence_bytes);
            let _ = self.evidence.seek(SeekFrom::End(0));
            let _ = self.hashes.set_len(self.checkpoint.summary.records * HASH_LINE_BYTES);
            let _ = self.hashes.seek(SeekFrom::End(0));
            return Err(unwritable("write", file)(error));
        }
        self.checkpoint = Checkpoint {
            finished: cursor.is_none(),
            cursor,
            evidence_bytes: self.checkpoint.evidence_bytes + text.len() as u64,
            summary,
        };
        self.save()
    }

    fn save(&self) -> Result<()> {
        replace(&self.path, "cursor", &self.checkpoint)
    }

    /// Removes everything, when not even one page was written: a folder without evidence would
    /// only be in the way. Answers whether it did.
    pub fn discard(self) -> bool {
        if self.checkpoint.summary.pages > 0 {
            return false;
        }
        clear(&self.path, self.made_folder);
        true
    }

    /// Ends the collection: manifest and seal take the cursor's place.
    ///
    /// # Errors
    /// When a file cannot be written; the collection can be resumed then.
    pub fn finish(self, signer: Option<&Signer>) -> Result<Summary> {
        replace(&self.path, "manifest.json", &self.checkpoint.summary)?;
        let digest = |name: &'static str| Ok((name, sha256_of_file(&self.path.join(name))?));
        let digests = [digest("evidence.jsonl")?, digest("evidence.sha256")?, digest("manifest.json")?];
        let manifest = serde_json::to_value(&self.checkpoint.summary).unwrap_or_default();
        let statement = seal::statement(&digests, &manifest);
        replace_text(&self.path, "seal.json", &statement)?;
        if let Some(signer) = signer {
            replace_text(&self.path, "seal.dsse.json", &signer.sign(&statement).text())?;
        }
        let cursor = self.path.join("cursor");
        std::fs::remove_file(&cursor).map_err(unwritable("remove", cursor))?;
        sync_folder(&self.path)?;
        Ok(self.checkpoint.summary)
    }
}

/// Says why no collection can be started in a folder that holds one.
///
/// # Errors
/// [`Error::Output`], if it does.
pub fn refuse(path: &Path, holds: FolderState) -> Result<()> {
    let shown = path.display();
    match holds {
        FolderState::Nothing => Ok(()),
        FolderState::Begun => Err(Error::Output {
            what: format!("{shown} holds a collection that is not finished"),
            remedy: "resume it with --resume, or choose another folder".into(),
        }),
        FolderState::Finished => Err(Error::Output {
            what: format!("{shown} holds a collection already"),
            remedy: "choose another folder; evidence is never overwritten".into(),
        }),
    }
}

/// Removes what a collection without a page consists of.
fn clear(folder: &Path, made_folder: bool) {
    for name in ["evidence.jsonl", "evidence.sha256", "cursor", "lock"] {
        // What cannot be removed is empty, and said by the next run.
        let _ = std::fs::remove_file(folder.join(name));
    }
    if made_folder {
        let _ = std::fs::remove_dir(folder);
    }
}

/// Opens a file to be written on from `valid` bytes on, and drops what stands behind them.
fn open_at(file: &Path, valid: u64) -> Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false);
    // Evidence has names of people in it.
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut open = options.open(file).map_err(unwritable("open", file))?;
    if open.metadata().map_err(Error::file("read", file))?.len() < valid {
        return Err(broken(format!("{} is shorter than its cursor says", file.display())));
    }
    open.set_len(valid).map_err(unwritable("cut", file))?;
    open.seek(SeekFrom::End(0)).map_err(Error::file("read", file))?;
    Ok(open)
}

/// What cannot be written, and what to do about it.
fn unwritable(action: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Error {
    use std::io::ErrorKind::{FileTooLarge, QuotaExceeded, StorageFull};
    let path = path.into();
    move |source| {
        let full = matches!(source.kind(), StorageFull | FileTooLarge | QuotaExceeded);
        let remedy =
            if full { "free some space, then resume" } else { "choose another folder, or make this one writable" };
        Error::Output { what: format!("cannot {action} {}: {source}", path.display()), remedy: remedy.into() }
    }
}

fn broken(what: String) -> Error {
    Error::Output { what, remedy: "start a new collection in another folder".into() }
}

/// Keeps a second run out until the file is dropped, even by a kill.
///
/// # Errors
/// [`Error::Output`] when another run holds it, or it cannot be made.
pub fn lock(path: &Path, name: &str) -> Result<File> {
    let file = path.join(name);
    let lock =
        OpenOptions::new().write(true).create(true).truncate(false).open(&file).map_err(unwritable("create", &file))?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => {
            let what = format!("another run is writing to {}", path.display());
            Err(Error::Output { what, remedy: "wait for it, or choose another folder".into() })
        }
        Err(TryLockError::Error(error)) => Err(unwritable("lock", file)(error)),
    }
}

fn replace(folder: &Path, name: &str, content: &impl Serialize) -> Result<()> {
    let text =
        serde_json::to_string_pretty(content).map_err(|error| unwritable("write", folder.join(name))(error.into()))?;
    replace_text(folder, name, &(text + "\n"))
}

/// Writes a file so that it is there whole or not at all.
fn replace_text(folder: &Path, name: &str, text: &str) -> Result<()> {
    let whole = folder.join(name);
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(unwritable("create", &whole))?;
    let written = file.write_all(text.as_bytes()).and_then(|()| file.as_file().sync_all());
    let written = written.and_then(|()| file.persist(&whole).map_err(|error| error.error));
    written.map_err(unwritable("write", &whole))?;
    sync_folder(folder)
}

/// Makes a rename last.
fn sync_folder(folder: &Path) -> Result<()> {
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(unwritable("write", folder))
}

//! The folder that a collection is written to.
//!
//! `evidence.jsonl` grows page by page; after each page `cursor` says how far it is valid and where
//! to resume: first the records, safely on disk, then the cursor, so that it is never ahead of them.
//! `evidence.sha256` grows along: the hash of each record, by which `verify` names the line that was
//! changed; and `journal.jsonl`: the requests that the host saw. At the end `manifest.json` and `seal.json` take the
//! cursor's place, and `seal.dsse.json` where the host signs. `lock` keeps a second run out while one is under way.

pub use crate::checkpoint::{Checkpoint, FolderState, begun, finished, state};
use crate::checkpoint::{GROWING, check, checkpoint};
use crate::digest::{hex, sha256_hex, sha256_of_file};
use crate::error::{Error, Result};
use crate::files::{
    CURSOR, ENVELOPE, EVIDENCE, HASHES, JOURNAL, LOCK, Lock, MANIFEST, SEAL, broken, check_plain, create, file_of_ours,
    lock, make_folder, open_at, refuse_link, replace, replace_text, sync_folder, unwritable,
};
use crate::journal::Seen;
use crate::record::Line;
use crate::seal::{self, Signer};
use crate::summary::Request;
use crate::summary::{Summary, VERSION};
use std::borrow::Cow;
use std::fs::File;
use std::io::{Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// An output folder that this run owns.
pub struct EvidenceDir {
    path: PathBuf,
    evidence: File,
    hashes: File,
    journal: File,
    checkpoint: Checkpoint,
    /// Whether this run made the folder, and may remove it.
    is_new: bool,
    lock: Lock,
}

impl EvidenceDir {
    /// Starts a collection in a folder that holds none. One that is made here can be looked into by its owner only;
    /// one that was there keeps its rights, and whatever other files it holds.
    ///
    /// # Errors
    /// [`Error::Output`] when it holds any file of one, is a symbolic link, or another run is at it; nothing is touched
    /// then.
    pub fn create(path: &Path, summary: Summary) -> Result<Self> {
        let is_new = make_folder(path)?;
        if path.join(LOCK).symlink_metadata().is_err() {
            // Before the lock, which would be one more file in somebody else's folder.
            refuse(path, state(path))?;
        }
        let lock = lock(path, LOCK).inspect_err(|_| give_up(path, is_new))?;
        // Again, now that nobody else can begin here.
        refuse(path, state(path))?;
        let checkpoint = Checkpoint::begin(summary);
        let mut written = Vec::new();
        match Self::begin(path, &checkpoint, &mut written) {
            Ok([evidence, hashes, journal]) => {
                Ok(Self { path: path.into(), evidence, hashes, journal, checkpoint, is_new, lock })
            }
            Err(error) => {
                clear(path, &written, is_new, lock);
                Err(error)
            }
        }
    }

    /// Makes the files, and lists those that it made. Answers the three that grow.
    fn begin(path: &Path, checkpoint: &Checkpoint, written: &mut Vec<&'static str>) -> Result<[File; 3]> {
        // The cursor first, whole or not at all: whenever there is evidence, it can be resumed.
        replace(path, CURSOR, checkpoint)?;
        written.push(CURSOR);
        let mut make = |name| create(&path.join(name)).inspect(|_| written.push(name));
        Ok([make(EVIDENCE)?, make(HASHES)?, make(JOURNAL)?])
    }

    /// Resumes a collection that was interrupted. What was written after the last cursor is removed: the
    /// source will deliver it again. What was written before is first checked to be still what was written;
    /// where it is not, nothing is touched.
    ///
    /// # Errors
    /// [`Error::Output`] when there is none, when the files do not belong together or were changed.
    pub fn resume(path: &Path) -> Result<Self> {
        Self::reopen_if(path, |checkpoint| check(path, checkpoint))
    }

    /// Resumes a collection that only this program has written to since it was checked.
    ///
    /// # Errors
    /// [`Error::Output`] when there is none.
    pub fn reopen(path: &Path) -> Result<Self> {
        Self::reopen_if(path, |_| Ok(()))
    }

    fn reopen_if(path: &Path, may: impl FnOnce(&Checkpoint) -> Result<()>) -> Result<Self> {
        refuse_link(path)?;
        let shown = path.display();
        match state(path) {
            FolderState::Begun => {}
            FolderState::Finished => {
                let what = format!("{shown} holds a finished collection: there is nothing to resume");
                return Err(Error::Output { what, remedy: "verify it, or collect into another folder".into() });
            }
            FolderState::Nothing => {
                let what = format!("{shown} holds no collection to resume");
                return Err(Error::Output { what, remedy: "leave out --resume to start one".into() });
            }
        }
        check_plain(path)?;
        let lock = lock(path, LOCK)?;
        let checkpoint = checkpoint(path)?;
        if checkpoint.summary.version != VERSION {
            return Err(broken(format!("{shown} is of another version of this program")));
        }
        may(&checkpoint)?;
        Self::open(path, checkpoint, lock)
    }

    /// Opens the files at the length that the checkpoint says.
    fn open(path: &Path, checkpoint: Checkpoint, lock: Lock) -> Result<Self> {
        let [evidence, hashes, journal] = checkpoint.bytes();
        let open = |name: &str, valid| open_at(&path.join(name), valid);
        let (evidence, hashes, journal) = (open(EVIDENCE, evidence)?, open(HASHES, hashes)?, open(JOURNAL, journal)?);
        let lock = lock.ours();
        Ok(Self { path: path.into(), evidence, hashes, journal, checkpoint, is_new: false, lock })
    }

    /// The collection, to be resumed in the way that `now` tells: see [`Checkpoint::resumed`].
    ///
    /// # Errors
    /// [`Error::Usage`] when component or settings differ from those that it was started with.
    pub fn resumed(mut self, now: &Summary) -> Result<Self> {
        let place = self.path.display().to_string();
        self.checkpoint.resumed(now, &place)?;
        Ok(self)
    }

    /// What to ask for to resume: see [`Checkpoint::request`].
    ///
    /// # Errors
    /// [`Error::Usage`] when the collection was started with something else.
    pub fn request(&self, asked: &Request) -> Result<Request> {
        self.checkpoint.request(asked)
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

    /// Writes a page: its lines, what the host saw meanwhile, then the cursor after it.
    ///
    /// # Errors
    /// When the disk is full, for example. What was valid before stays valid.
    pub fn append(&mut self, lines: &[Line], seen: &[Seen], cursor: Option<String>, summary: Summary) -> Result<()> {
        let texts = [
            joined(lines.iter().map(|line| Cow::Borrowed(line.text.as_str()))),
            joined(lines.iter().map(|line| Cow::Owned(hex(&line.hash)))),
            joined(seen.iter().map(|seen| Cow::Owned(seen.line()))),
        ];
        if let Err(error) = self.write(&texts) {
            self.cut_back();
            return Err(error);
        }
        let [evidence, _, journal] = texts;
        self.checkpoint = self.checkpoint.after([evidence.len(), journal.len()], cursor, summary);
        self.save()
    }

    /// Writes what the host saw since the last page, where there is one: a run ends without another.
    ///
    /// # Errors
    /// When it cannot be written. What was valid before stays valid.
    pub fn witness(&mut self, seen: &[Seen]) -> Result<()> {
        if self.checkpoint.summary.pages == 0 || self.checkpoint.finished || seen.is_empty() {
            return Ok(());
        }
        self.append(&[], seen, self.checkpoint.cursor.clone(), self.checkpoint.summary.clone().witnessed(seen))
    }

    /// The files that grow, in the order of [`GROWING`].
    fn growing(&mut self) -> [&mut File; 3] {
        [&mut self.evidence, &mut self.hashes, &mut self.journal]
    }

    fn write(&mut self, texts: &[String; 3]) -> Result<()> {
        let names = GROWING.map(|name| self.path.join(name));
        for ((file, text), name) in self.growing().into_iter().zip(texts).zip(names) {
            file.write_all(text.as_bytes()).and_then(|()| file.sync_data()).map_err(unwritable("write", name))?;
        }
        Ok(())
    }

    /// Half a line would make the files invalid.
    fn cut_back(&mut self) {
        let valid = self.checkpoint.bytes();
        for (file, valid) in self.growing().into_iter().zip(valid) {
            let _ = file.set_len(valid);
            let _ = file.seek(SeekFrom::End(0));
        }
    }

    fn save(&self) -> Result<()> {
        replace(&self.path, CURSOR, &self.checkpoint)
    }

    /// Removes everything, when not even one page was written: a folder without evidence would
    /// only be in the way. Answers whether it did.
    pub fn discard(self) -> bool {
        if self.checkpoint.summary.pages > 0 {
            return false;
        }
        clear(&self.path, &[EVIDENCE, HASHES, JOURNAL, CURSOR], self.is_new, self.lock);
        true
    }

    /// Ends the collection: manifest and seal take the cursor's place. Answers the seal too: SHA-256 of `seal.json`.
    ///
    /// # Errors
    /// When a file cannot be written; the collection can be resumed then.
    pub fn finish(mut self, signer: Option<&Signer>) -> Result<(Summary, String)> {
        self.checkpoint.summary.signed_by = signer.map(Signer::id);
        replace(&self.path, MANIFEST, &self.checkpoint.summary)?;
        let digest = |name: &'static str| Ok((name, sha256_of_file(&self.path.join(name))?));
        let digests = [digest(EVIDENCE)?, digest(HASHES)?, digest(JOURNAL)?, digest(MANIFEST)?];
        let statement = seal::statement(&digests, &self.checkpoint.summary);
        replace_text(&self.path, SEAL, &statement)?;
        // Of a run that signed and was killed before its end.
        match std::fs::remove_file(self.path.join(ENVELOPE)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(unwritable("remove", self.path.join(ENVELOPE))(error));
            }
            _ => {}
        }
        if let Some(signer) = signer {
            replace_text(&self.path, ENVELOPE, &signer.sign(&statement).text())?;
        }
        let cursor = self.path.join(CURSOR);
        std::fs::remove_file(&cursor).map_err(unwritable("remove", cursor))?;
        sync_folder(&self.path)?;
        Ok((self.checkpoint.summary, sha256_hex(statement.as_bytes())))
    }
}

fn joined<'a>(lines: impl Iterator<Item = Cow<'a, str>>) -> String {
    lines.fold(String::new(), |mut text, line| {
        text.push_str(&line);
        text.push('\n');
        text
    })
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
            what: format!("{shown} holds a collection already ({})", file_of_ours(path).unwrap_or("its files")),
            remedy: "choose another folder; evidence is never overwritten".into(),
        }),
    }
}

/// Removes what a collection without a page consists of, the lock last: until then nobody else begins here.
fn clear(folder: &Path, files: &[&str], is_new: bool, lock: Lock) {
    for name in files {
        // What cannot be removed is empty, and said by the next run.
        let _ = std::fs::remove_file(folder.join(name));
    }
    lock.remove();
    give_up(folder, is_new);
}

/// Removes a folder that this run made, unless something is in it.
fn give_up(folder: &Path, is_new: bool) {
    if is_new {
        let _ = std::fs::remove_dir(folder);
    }
}

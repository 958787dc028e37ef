//! Where tenants stand and where their records go: two traits, and folders as their implementation.

use source_evidence::files::{FLEET_LOCK, Lock, NAMES, lock, make_folder};
use source_evidence::folder::{EvidenceDir, FolderState, begun, finished, state};
use source_evidence::journal::Seen;
use source_evidence::record::Line;
use source_evidence::seal::Signer;
use source_evidence::summary::{Request, Summary};
use source_evidence::{Error, Result};
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Knows how far each tenant's collection has come, and opens it for a turn.
pub trait Checkpoints: Send + Sync {
    /// What there is of a tenant.
    fn state(&self, tenant: &str) -> FolderState;

    /// The summary of what there is.
    ///
    /// # Errors
    /// When there is none, or it cannot be read.
    fn summary(&self, tenant: &str) -> Result<Summary>;

    /// Begins a tenant's collection.
    ///
    /// # Errors
    /// When there is one, or it cannot be written.
    fn create(&self, tenant: &str, summary: Summary) -> Result<Box<dyn Sink>>;

    /// Opens a tenant's collection to resume it.
    ///
    /// # Errors
    /// When there is none, or another run is at it.
    fn resume(&self, tenant: &str) -> Result<Box<dyn Sink>>;
}

/// Takes the records of one tenant, page by page. A page is there whole or not at all, and its cursor is
/// never ahead of its records.
pub trait Sink: Send {
    /// What to ask for to resume: see [`EvidenceDir::request`].
    ///
    /// # Errors
    /// When the collection was started with something else.
    fn request(&self, asked: &Request) -> Result<Request>;

    /// The collection, to be resumed in this way: see [`EvidenceDir::resumed`].
    ///
    /// # Errors
    /// When the component or the settings differ from those that it was started with.
    fn resumed(self: Box<Self>, now: &Summary) -> Result<Box<dyn Sink>>;

    /// Where to resume.
    fn cursor(&self) -> Option<&str>;

    /// What was written so far.
    fn summary(&self) -> &Summary;

    /// Bytes of the evidence so far.
    fn evidence_bytes(&self) -> u64;

    /// Whether the last page is written.
    fn is_finished(&self) -> bool;

    /// Writes a page.
    ///
    /// # Errors
    /// When it cannot be written. What was valid before stays valid.
    fn append(&mut self, lines: &[Line], seen: &[Seen], cursor: Option<String>, summary: Summary) -> Result<()>;

    /// Writes what the host saw in a turn without a page: see [`EvidenceDir::witness`].
    ///
    /// # Errors
    /// When it cannot be written.
    fn witness(&mut self, seen: &[Seen]) -> Result<()>;

    /// Removes everything, when not even one page was written.
    fn discard(self: Box<Self>);

    /// Ends the collection with manifest and seal.
    ///
    /// # Errors
    /// When they cannot be written; it can be resumed then.
    fn finish(self: Box<Self>) -> Result<Summary>;
}

/// A folder for each tenant, below one folder that nobody else writes to.
pub struct Folders {
    out: PathBuf,
    signer: Option<Arc<Signer>>,
    /// Tenants whose folder was checked or begun: only this fleet has written to it since.
    opened: Mutex<BTreeSet<String>>,
    _lock: Lock,
}

impl Folders {
    /// The folders below `out`.
    ///
    /// # Errors
    /// [`Error::Output`] when another fleet is at it, or it holds the files of a single collection.
    pub fn open(out: PathBuf, signer: Option<Arc<Signer>>) -> Result<Self> {
        make_folder(&out)?;
        // A tenant may have any of these names, and a folder of it.
        let is_file = |name: &&&str| out.join(name).symlink_metadata().is_ok_and(|found| !found.is_dir());
        if let Some(name) = NAMES.iter().find(is_file) {
            let what = format!("{} holds a collection of its own ({name})", out.display());
            return Err(Error::Output { what, remedy: "choose another folder for the fleet".into() });
        }
        let lock = lock(&out, FLEET_LOCK)?;
        Ok(Self { out, signer, opened: Mutex::default(), _lock: lock })
    }

    fn opened(&self) -> MutexGuard<'_, BTreeSet<String>> {
        self.opened.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn sink(&self, dir: EvidenceDir) -> Box<dyn Sink> {
        Box::new(Folder { dir, signer: self.signer.clone() })
    }
}

impl Checkpoints for Folders {
    fn state(&self, tenant: &str) -> FolderState {
        state(&self.out.join(tenant))
    }

    fn summary(&self, tenant: &str) -> Result<Summary> {
        let folder = self.out.join(tenant);
        if self.state(tenant) == FolderState::Finished { finished(&folder) } else { begun(&folder) }
    }

    fn create(&self, tenant: &str, summary: Summary) -> Result<Box<dyn Sink>> {
        let dir = EvidenceDir::create(&self.out.join(tenant), summary)?;
        self.opened().insert(tenant.into());
        Ok(self.sink(dir))
    }

    fn resume(&self, tenant: &str) -> Result<Box<dyn Sink>> {
        let folder = self.out.join(tenant);
        let is_known = self.opened().contains(tenant);
        let dir = if is_known { EvidenceDir::reopen(&folder)? } else { EvidenceDir::resume(&folder)? };
        self.opened().insert(tenant.into());
        Ok(self.sink(dir))
    }
}

struct Folder {
    dir: EvidenceDir,
    signer: Option<Arc<Signer>>,
}

impl Sink for Folder {
    fn request(&self, asked: &Request) -> Result<Request> {
        self.dir.request(asked)
    }

    fn resumed(self: Box<Self>, now: &Summary) -> Result<Box<dyn Sink>> {
        Ok(Box::new(Self { dir: self.dir.resumed(now)?, signer: self.signer }))
    }

    fn cursor(&self) -> Option<&str> {
        self.dir.cursor()
    }

    fn summary(&self) -> &Summary {
        self.dir.summary()
    }

    fn evidence_bytes(&self) -> u64 {
        self.dir.evidence_bytes()
    }

    fn is_finished(&self) -> bool {
        self.dir.is_finished()
    }

    fn append(&mut self, lines: &[Line], seen: &[Seen], cursor: Option<String>, summary: Summary) -> Result<()> {
        self.dir.append(lines, seen, cursor, summary)
    }

    fn witness(&mut self, seen: &[Seen]) -> Result<()> {
        self.dir.witness(seen)
    }

    fn discard(self: Box<Self>) {
        self.dir.discard();
    }

    fn finish(self: Box<Self>) -> Result<Summary> {
        Ok(self.dir.finish(self.signer.as_deref())?.0)
    }
}

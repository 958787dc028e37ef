//! Files of a collection: for their owner only, replaced whole or not at all, locked while written. No symbolic link
//! is followed and nothing else than a plain file is opened, so that nobody can make a run write to, or read from,
//! another place than its folder.

use crate::error::{Error, Result, is_out_of_files};
use serde::Serialize;
use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io::{ErrorKind, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// How far a collection has come, as long as it is not finished.
pub const CURSOR: &str = "cursor";
/// The records.
pub const EVIDENCE: &str = "evidence.jsonl";
/// The hash of each record.
pub const HASHES: &str = "evidence.sha256";
/// The requests that the host saw.
pub const JOURNAL: &str = "journal.jsonl";
/// What a collection is.
pub const MANIFEST: &str = "manifest.json";
/// The digests of all these.
pub const SEAL: &str = "seal.json";
/// The seal, signed.
pub const ENVELOPE: &str = "seal.dsse.json";
/// Every file that a collection consists of, while it is written or afterwards.
pub const NAMES: &[&str] = &[CURSOR, EVIDENCE, HASHES, JOURNAL, MANIFEST, SEAL, ENVELOPE];
/// The lock of a collection's folder. Alone and empty, it is what a start that was killed leaves behind.
pub(crate) const LOCK: &str = "lock";
/// The lock of a fleet's folder. No tenant's name begins with a dot.
pub const FLEET_LOCK: &str = ".lock";

/// The first file of a collection, or of a fleet, that a folder holds.
#[must_use]
pub fn file_of_ours(folder: &Path) -> Option<&'static str> {
    let is_there = |name: &&&str| folder.join(name).symlink_metadata().is_ok();
    let is_odd_lock = folder.join(LOCK).symlink_metadata().is_ok_and(|lock| !lock.is_file() || lock.len() > 0);
    let found = NAMES.iter().chain([&FLEET_LOCK]).find(is_there).copied();
    found.or(is_odd_lock.then_some(LOCK))
}

/// Makes a folder that nobody but its owner may look into, with those above it that are missing. Answers whether it
/// was made: one that was there is left as it is.
///
/// # Errors
/// [`Error::Output`] when it cannot be made, or is a symbolic link.
pub fn make_folder(path: &Path) -> Result<bool> {
    refuse_link(path)?;
    let is_new = !path.exists();
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path).map_err(unwritable("create", path))?;
    Ok(is_new)
}

/// Refuses a symbolic link, whatever it leads to.
///
/// # Errors
/// [`Error::Output`], if it is one.
pub(crate) fn refuse_link(path: &Path) -> Result<()> {
    match path.symlink_metadata() {
        Ok(found) if found.is_symlink() => Err(not_plain(path, "is a symbolic link, which is not followed")),
        _ => Ok(()),
    }
}

fn not_plain(path: &Path, what: &str) -> Error {
    let remedy = "name the place itself, or choose another folder".into();
    Error::Output { what: format!("{} {what}", path.display()), remedy }
}

/// How files are opened: for their owner only, since evidence has names of people in it.
fn owner_only() -> OpenOptions {
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        // Not to wait for the other end of a pipe, either.
        options.mode(0o600).custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK);
    }
    options
}

/// Makes a file that is not there yet.
///
/// # Errors
/// [`Error::Output`] when there is anything of that name.
pub(crate) fn create(file: &Path) -> Result<File> {
    owner_only().write(true).create_new(true).open(file).map_err(unwritable("create", file))
}

/// Refuses a folder in which something else than a plain file has a name of ours.
///
/// # Errors
/// [`Error::Output`], naming it.
pub(crate) fn check_plain(folder: &Path) -> Result<()> {
    for file in NAMES.iter().chain([&LOCK]).map(|name| folder.join(name)) {
        refuse_link(&file)?;
        if file.symlink_metadata().is_ok_and(|found| !found.is_file()) {
            return Err(not_plain(&file, "is not a regular file"));
        }
    }
    Ok(())
}

/// Opens a file of ours to write to it.
///
/// # Errors
/// [`Error::Output`] when it is not a regular file, or has another name elsewhere: what is written here would show there.
pub(crate) fn open(file: &Path) -> Result<File> {
    refuse_link(file)?;
    let open = owner_only().write(true).open(file).map_err(unwritable("open", file))?;
    let found = open.metadata().map_err(Error::file("read", file))?;
    if !found.is_file() {
        return Err(not_plain(file, "is not a regular file"));
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        if found.nlink() > 1 {
            return Err(not_plain(file, "has another hard link"));
        }
    }
    Ok(open)
}

/// Opens a file of ours to read it.
///
/// # Errors
/// [`Error::Output`] when it is not a regular file; a file error when it cannot be read.
pub(crate) fn open_to_read(file: &Path) -> Result<File> {
    refuse_link(file)?;
    let open = owner_only().read(true).open(file).map_err(Error::file("read", file))?;
    if !open.metadata().is_ok_and(|found| found.is_file()) {
        return Err(not_plain(file, "is not a regular file"));
    }
    Ok(open)
}

/// Reads a file of ours.
///
/// # Errors
/// As [`open_to_read`].
pub(crate) fn read(file: &Path) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    open_to_read(file)?.read_to_end(&mut bytes).map_err(Error::file("read", file))?;
    Ok(bytes)
}

/// Opens a file to be written on from `valid` bytes on, drops what stands behind them, and takes from others the right
/// to read it.
///
/// # Errors
/// As for [`open`]; when it is shorter.
pub(crate) fn open_at(file: &Path, valid: u64) -> Result<File> {
    let is_missing = file.symlink_metadata().is_err_and(|error| error.kind() == ErrorKind::NotFound);
    if is_missing && valid == 0 {
        return create(file);
    }
    let mut open = open(file)?;
    if open.metadata().map_err(Error::file("read", file))?.len() < valid {
        return Err(broken(format!("{} is shorter than its cursor says", file.display())));
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        open.set_permissions(PermissionsExt::from_mode(0o600)).map_err(unwritable("protect", file))?;
    }
    open.set_len(valid).map_err(unwritable("cut", file))?;
    open.seek(SeekFrom::End(0)).map_err(Error::file("read", file))?;
    Ok(open)
}

/// What cannot be written, and what to do about it.
pub(crate) fn unwritable(action: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Error {
    use std::io::ErrorKind::{FileTooLarge, QuotaExceeded, StorageFull};
    let path = path.into();
    move |source| {
        if is_out_of_files(&source) {
            return Error::File { action, path, source };
        }
        let full = matches!(source.kind(), StorageFull | FileTooLarge | QuotaExceeded);
        let remedy =
            if full { "free some space, then resume" } else { "choose another folder, or make this one writable" };
        Error::Output { what: format!("cannot {action} {}: {source}", path.display()), remedy: remedy.into() }
    }
}

pub(crate) fn broken(what: String) -> Error {
    Error::Output { what, remedy: "start a new collection in another folder".into() }
}

/// A lock that is held.
#[derive(Debug)]
pub struct Lock {
    file: File,
    path: PathBuf,
    /// Whether its file was made for it: one that was there stays there.
    is_new: bool,
}

impl Lock {
    /// Removes the file of a lock whose folder is given up, where it was made for it. Whoever has opened the file
    /// meanwhile and gets the lock finds that it is no longer the one of the folder, and looks again.
    pub(crate) fn remove(self) {
        if self.is_new {
            let _ = std::fs::remove_file(&self.path);
        }
    }

    /// As one whose file was made for this collection, though in an earlier run.
    pub(crate) fn ours(self) -> Self {
        Self { is_new: true, ..self }
    }

    /// Whether its file is still the one of its name.
    fn is_current(&self) -> bool {
        is_same(&self.file, &self.path)
    }
}

#[cfg(unix)]
fn is_same(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let id = |found: std::fs::Metadata| (found.dev(), found.ino());
    matches!((file.metadata().map(id), path.symlink_metadata().map(id)), (Ok(one), Ok(other)) if one == other)
}

/// Elsewhere a file that is open cannot be removed.
#[cfg(not(unix))]
fn is_same(_: &File, _: &Path) -> bool {
    true
}

/// Whether there is anything of this name; `None` where that cannot be known.
fn is_there(path: &Path) -> Option<bool> {
    match path.symlink_metadata() {
        Ok(_) => Some(true),
        Err(error) => (error.kind() == ErrorKind::NotFound).then_some(false),
    }
}

/// Keeps a second run out until the lock is dropped, even by a kill.
///
/// # Errors
/// [`Error::Output`] when another run holds it, it cannot be made, or is not a regular file.
pub fn lock(folder: &Path, name: &str) -> Result<Lock> {
    let path = folder.join(name);
    loop {
        let before = is_there(&path);
        let is_new = before == Some(false);
        let file = match if is_new { create(&path) } else { open(&path) } {
            Ok(file) => file,
            // Another run made it or removed it in this very moment.
            Err(_) if before.is_some() && is_there(&path) == before.map(|there| !there) => continue,
            Err(error) => return Err(error),
        };
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let what = format!("another run is writing to {}", folder.display());
                return Err(Error::Output { what, remedy: "wait for it, or choose another folder".into() });
            }
            Err(TryLockError::Error(error)) => return Err(unwritable("lock", path)(error)),
        }
        let lock = Lock { file, path: path.clone(), is_new };
        if lock.is_current() {
            return Ok(lock);
        }
    }
}

pub(crate) fn replace(folder: &Path, name: &str, content: &impl Serialize) -> Result<()> {
    let text =
        serde_json::to_string_pretty(content).map_err(|error| unwritable("write", folder.join(name))(error.into()))?;
    replace_text(folder, name, &(text + "\n"))
}

/// Writes a file so that it is there whole or not at all.
pub(crate) fn replace_text(folder: &Path, name: &str, text: &str) -> Result<()> {
    let whole = folder.join(name);
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(unwritable("create", &whole))?;
    let written = file.write_all(text.as_bytes()).and_then(|()| file.as_file().sync_all());
    let written = written.and_then(|()| file.persist(&whole).map_err(|error| error.error));
    written.map_err(unwritable("write", &whole))?;
    sync_folder(folder)
}

/// Makes a rename last.
pub(crate) fn sync_folder(folder: &Path) -> Result<()> {
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(unwritable("write", folder))
}

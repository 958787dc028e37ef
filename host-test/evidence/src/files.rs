//! Files of a collection: opened for their owner only, replaced whole or not at all, locked while written.

use crate::error::{Error, Result, is_out_of_files};
use serde::Serialize;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// Opens or creates a file that nobody but its owner may read: evidence has names of people in it.
fn owner_only() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// Opens a file to be written on from `valid` bytes on, and drops what stands behind them.
pub(crate) fn open_at(file: &Path, valid: u64) -> Result<File> {
    let mut open = owner_only().open(file).map_err(unwritable("open", file))?;
    if open.metadata().map_err(Error::file("read", file))?.len() < valid {
        return Err(broken(format!("{} is shorter than its cursor says", file.display())));
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

/// Keeps a second run out until the file is dropped, even by a kill.
///
/// # Errors
/// [`Error::Output`] when another run holds it, or it cannot be made.
pub fn lock(path: &Path, name: &str) -> Result<File> {
    let file = path.join(name);
    let lock = owner_only().open(&file).map_err(unwritable("create", &file))?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => {
            let what = format!("another run is writing to {}", path.display());
            Err(Error::Output { what, remedy: "wait for it, or choose another folder".into() })
        }
        Err(TryLockError::Error(error)) => Err(unwritable("lock", file)(error)),
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

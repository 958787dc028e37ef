//! A file of lines that is there whole or not at all.

use crate::error::{Error, Result};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use tempfile::NamedTempFile;

/// A file of lines that appears under its name only when it is finished. Dropped before [`LineFile::finish`], it leaves nothing behind.
pub struct LineFile {
    path: PathBuf,
    file: BufWriter<NamedTempFile>,
    replaces: bool,
}

/// Refuses to write to a file that is there already, and to a symbolic link wherever it leads.
///
/// # Errors
/// [`Error::Output`], if it is.
pub fn refuse_existing(path: &Path) -> Result<()> {
    if path.symlink_metadata().is_ok() {
        let what = format!("{} exists already", path.display());
        return Err(Error::Output { what, remedy: "choose another name; what is there is never overwritten".into() });
    }
    Ok(())
}

impl LineFile {
    /// A file that does not exist yet: an earlier one is evidence too.
    ///
    /// # Errors
    /// [`Error::Output`] when it exists, or its folder cannot be written to.
    pub fn create(path: &Path) -> Result<Self> {
        refuse_existing(path)?;
        Self::begin(path, false)
    }

    /// A file that takes the place of an earlier one of this name, if there is one; a symbolic link itself is replaced.
    ///
    /// # Errors
    /// When its folder cannot be written to.
    pub fn replace(path: &Path) -> Result<Self> {
        Self::begin(path, true)
    }

    fn begin(path: &Path, replaces: bool) -> Result<Self> {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let file = NamedTempFile::new_in(folder).map_err(Error::file("create", path))?;
        Ok(Self { path: path.into(), file: BufWriter::new(file), replaces })
    }

    /// Writes a line.
    ///
    /// # Errors
    /// When the disk is full, for example.
    pub fn write(&mut self, line: &str) -> Result<()> {
        writeln!(self.file, "{line}").map_err(Error::file("write", &self.path))
    }

    /// Writes bytes as they are, for a file that has no lines.
    ///
    /// # Errors
    /// When the disk is full, for example.
    pub fn write_bytes(&mut self, bytes: &[u8]) -> Result<()> {
        self.file.write_all(bytes).map_err(Error::file("write", &self.path))
    }

    /// Ends the file.
    ///
    /// # Errors
    /// When it cannot be written, or somebody else made it meanwhile.
    pub fn finish(self) -> Result<()> {
        let failed = |error| Error::file("write", &self.path)(error);
        let file = self.file.into_inner().map_err(|error| failed(error.into_error()))?;
        file.as_file().sync_all().map_err(failed)?;
        let path = &self.path;
        let renamed = if self.replaces { file.persist(path) } else { file.persist_noclobber(path) };
        renamed.map(drop).map_err(|error| failed(error.error))
    }
}

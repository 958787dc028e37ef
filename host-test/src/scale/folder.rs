//! A collection by the name that a user gives it: a folder, or a run in a place.

use source_host::error::{Error, Result};
use source_scale::fetch::fetch;
use source_scale::page::Page;
use source_scale::place::{Place, is_url};
use std::path::{Path, PathBuf};

/// The folder of a collection; one that was fetched is removed with this.
pub struct Folder {
    path: PathBuf,
    _fetched: Option<tempfile::TempDir>,
}

impl AsRef<Path> for Folder {
    fn as_ref(&self) -> &Path {
        &self.path
    }
}

/// The folder of the collection of this name: the folder itself, or a copy of the run that a place holds there.
///
/// # Errors
/// When the place holds no finished run of this name.
pub async fn folder(name: &Path) -> Result<Folder> {
    let text = name.to_str().unwrap_or_default();
    if !is_url(text) && !name.join(Page::name(1)).is_file() {
        return Ok(Folder { path: name.into(), _fetched: None });
    }
    let copy = tempfile::tempdir().map_err(Error::file("create", std::env::temp_dir()))?;
    fetch(&Place::open(text)?, copy.path()).await?;
    Ok(Folder { path: copy.path().into(), _fetched: Some(copy) })
}

//! A collection by the name that a user gives it: a folder, or a run in a place where workers put it.

use source_host::error::Result;
use std::path::{Path, PathBuf};

/// The folder of a collection; a copy that was fetched is removed with this.
pub struct Folder {
    path: PathBuf,
    #[cfg(feature = "scale")]
    _fetched: Option<tempfile::TempDir>,
}

impl Folder {
    /// Where its files are.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// The folder of the collection of this name: the folder itself, or a copy of the run that a place holds there, e.g.
/// `s3://bucket/prefix/TENANT/RUN`.
///
/// # Errors
/// When the place holds no finished run of this name.
#[cfg(feature = "scale")]
pub async fn folder(name: &Path) -> Result<Folder> {
    use source_host::error::Error;
    use source_scale::place::{Place, is_url};
    let text = name.to_str().unwrap_or_default();
    let is_page = |name: &str| name.starts_with("page-") && name.ends_with(".jsonl");
    let mut files = std::fs::read_dir(name).into_iter().flatten().flatten();
    if !is_url(text) && !files.any(|file| file.file_name().to_str().is_some_and(is_page)) {
        return Ok(Folder { path: name.into(), _fetched: None });
    }
    let copy = tempfile::tempdir().map_err(Error::file("create", std::env::temp_dir()))?;
    source_scale::fetch::fetch(&Place::open(text)?, copy.path()).await?;
    Ok(Folder { path: copy.path().into(), _fetched: Some(copy) })
}

/// The folder of this name: without the feature `scale`, no other place can be read.
///
/// # Errors
/// When it names another place.
#[cfg(not(feature = "scale"))]
#[expect(clippy::unused_async, reason = "with the feature, places are read over the network")]
pub async fn folder(name: &Path) -> Result<Folder> {
    let is_place = name.to_str().is_some_and(|text| text.contains("://")) || name.join("page-00000001.jsonl").is_file();
    if is_place {
        let what = format!("{} is a place of workers, and this program was built without them", name.display());
        return Err(source_host::error::Error::usage(what, "build it with: cargo build -p host-test --features scale"));
    }
    Ok(Folder { path: name.into() })
}

//! What can go wrong with files, folders and their contents.

use std::path::PathBuf;
use thiserror::Error;

/// What is wrong with a file, a folder, a flag or a record.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Error {
    /// A file could not be read or written.
    #[error("cannot {action} {}: {source}{}", path.display(), remedy(source).map(|remedy| format!(": {remedy}")).unwrap_or_default())]
    File {
        /// What was tried, e.g. `write`.
        action: &'static str,
        /// Which file.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// The output folder is not as it has to be.
    #[error("{what}: {remedy}")]
    Output {
        /// What is wrong.
        what: String,
        /// What to do.
        remedy: String,
    },
    /// What was asked for makes no sense.
    #[error("{what}: {remedy}")]
    Usage {
        /// What is wrong.
        what: String,
        /// What to do.
        remedy: String,
    },
    /// A collection was begun with something else than it is to be resumed with.
    #[error("{what}: {remedy}")]
    Other {
        /// What differs.
        what: String,
        /// What to do.
        remedy: String,
    },
    /// A record or a description is not as the interface promises.
    #[error("not as the interface promises: {0}")]
    Contract(String),
}

impl Error {
    /// A file error.
    pub fn file(action: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::File { action, path, source }
    }

    /// What is wrong, and apart from it what to do, where that is known.
    #[must_use]
    pub fn parts(&self) -> (String, Option<String>) {
        match self {
            Self::File { action, path, source } => {
                (format!("cannot {action} {}: {source}", path.display()), remedy(source).map(Into::into))
            }
            Self::Output { what, remedy } | Self::Usage { what, remedy } | Self::Other { what, remedy } => {
                (what.clone(), Some(remedy.clone()))
            }
            Self::Contract(_) => (self.to_string(), None),
        }
    }
}

/// What to do about a file that could not be opened, where that is known.
fn remedy(error: &std::io::Error) -> Option<&'static str> {
    use std::io::ErrorKind;
    if is_out_of_files(error) {
        return Some("raise the limit on open files (ulimit -n), or run less at once");
    }
    Some(match error.kind() {
        ErrorKind::NotFound => "look for a mistake in the name",
        ErrorKind::PermissionDenied => "let this user have it, or choose another",
        ErrorKind::AlreadyExists => "choose another name, or move what is there",
        ErrorKind::IsADirectory => "name a file in it",
        ErrorKind::NotADirectory => "name a folder",
        ErrorKind::AddrInUse => "something else listens there; choose another port, or 0 for any",
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => "make room, and try again",
        ErrorKind::InvalidData => "it has to be text in UTF-8",
        _ => return None,
    })
}

/// Whether an error is that this process, or the machine, has no file descriptor left for the moment: `EMFILE`
/// and `ENFILE`, the same numbers on every Unix.
#[must_use]
pub fn is_out_of_files(error: &std::io::Error) -> bool {
    let code = error.raw_os_error().is_some_and(|code| matches!(code, 23 | 24));
    // `tempfile` wraps what the system said, and shows it in its text only.
    let text = || error.to_string();
    cfg!(unix) && (code || ["(os error 23)", "(os error 24)"].iter().any(|code| text().contains(code)))
}

/// A result with this error.
pub type Result<T, E = Error> = std::result::Result<T, E>;

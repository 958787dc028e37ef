//! Collections of compliance evidence on disk: what a record's line looks like, digests and hash chain,
//! the folder that a collection is written to, verifying one and comparing two.
//!
//! Knows nothing of WebAssembly, so that an auditor can build and run it alone. The definitions of
//! digests and chain are in `wit/types.wit`; `wit/chain-vectors.json` has examples.

pub mod chain;
pub mod checked;
mod checkpoint;
pub mod diff;
pub mod digest;
pub mod error;
pub mod files;
pub mod folder;
pub mod journal;
pub mod kinds;
pub mod line_file;
pub mod made;
pub mod reconcile;
pub mod record;
pub mod records;
#[cfg(feature = "schemas")]
pub mod schemas;
pub mod seal;
mod spill;
pub mod summary;
pub mod text;
pub mod verify;

pub use error::{Error, Result};

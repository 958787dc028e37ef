//! What people see of a collection: a page for a browser, findings worth an auditor's look, an access review, and
//! exports in formats that exist.
//!
//! Everything here is derived from one folder of evidence and changes none of it. Knows nothing of WebAssembly, so
//! that an auditor can build and run it alone.

pub mod access;
pub mod collection;
pub mod controls;
pub mod export;
pub mod finding;
pub mod names;
pub mod near;
pub mod odd;
pub mod page;
pub mod record;
pub mod unlisted;

pub use source_evidence::{Error, Result};

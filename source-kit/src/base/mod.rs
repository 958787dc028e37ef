//! What everything else stands on: the interface's types, the world outside, time, canonical JSON,
//! digests, ids.

use alloc::format;
use alloc::string::String;

pub mod canonical;
pub mod digest;
pub mod model;
pub mod timestamp;
pub mod url;
pub mod urn;
pub mod world;

/// So many things, each of them called `one`; several are called the same with an s.
#[must_use]
pub fn counted(number: u64, one: &str) -> String {
    if number == 1 { format!("1 {one}") } else { format!("{number} {one}s") }
}

/// Whether a value need not be written, as it is what its absence means.
#[must_use]
pub fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

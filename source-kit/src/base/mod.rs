//! What everything else stands on: the interface's types, the world outside, time, canonical JSON,
//! digests, ids.

pub mod canonical;
pub mod digest;
pub mod model;
pub mod timestamp;
pub mod url;
pub mod urn;
pub mod world;

/// Whether a value need not be written, as it is what its absence means.
#[must_use]
pub fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

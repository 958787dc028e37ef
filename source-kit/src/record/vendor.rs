//! The types that a source has of its own.

use crate::read::protocol::Protocol;
use core::fmt::Debug;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// The types that a source has of its own, and its protocol.
pub trait Vendor: Protocol + Clone + Debug + PartialEq + Sized + 'static {
    /// Something that an item tells for the sake of later ones.
    type Fact;
    /// What a collection remembers of that. It travels in the cursor, which is at most 16 KiB, so it
    /// has to be bounded: about 8 KiB as JSON.
    type Notes: Clone + Debug + Default + PartialEq + Serialize + DeserializeOwned;

    /// Remembers a fact. As it stands, facts are forgotten.
    fn note(_notes: &mut Self::Notes, _fact: Self::Fact) {}
}

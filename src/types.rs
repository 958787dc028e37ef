//! The source's own types, and the kit's generic ones as the files of resources name them.

use crate::notes::{Fact, Notes};

/// The source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fivetran;

/// Settings that only this source has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Whether each connection's details are read: one call per connection.
    pub connection_details: bool,
}

impl source_kit::Vendor for Fivetran {
    type Fact = Fact;
    type Notes = Notes;

    fn note(notes: &mut Notes, fact: Fact) {
        notes.take(fact);
    }
}

/// A list of Fivetran's API.
pub type Resource = source_kit::Resource<Fivetran>;
/// A further call for each item of a list.
pub type Part = source_kit::Part<Fivetran>;
/// An item of a list.
pub type Item<'a> = source_kit::Item<'a, Fivetran>;
/// What a projection noticed.
pub type Findings = source_kit::Findings<Fivetran>;

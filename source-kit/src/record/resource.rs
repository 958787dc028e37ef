//! What a resource is: a list (or a single object) of an API, the further calls that each of its items
//! needs, and how an item becomes evidence. A source has a table of them, which `collect` walks.

use super::emit::Emit;
use super::findings::Findings;
use super::kind::Kind;
use super::part::{Item, Missing, Part};
use super::vendor::Vendor;
use crate::read::data::Shape;

/// A list of the API and all that is read for its items.
pub struct Resource<V: Vendor> {
    /// What it is called in progress and reasons, e.g. `users`.
    pub stage: &'static str,
    /// Path of the list.
    pub path: &'static str,
    /// Items per page; absent for a single object.
    pub page_limit: Option<u32>,
    /// Key scope that opens it, e.g. `USER:READ`; absent where none is needed.
    pub permission: Option<&'static str>,
    /// Name of the field that identifies an item.
    pub key: &'static str,
    /// Path of a single item, with `{id}`: asked when a part answers 404, to tell whether the item is gone. Empty
    /// where there is none; then no item is believed to be gone.
    pub item_path: &'static str,
    /// What a 404 means.
    pub missing: Missing,
    /// Why it may not be offered, where that can be told.
    pub absent: Option<&'static str>,
    /// Kinds that are short when the list is, besides those of its parts.
    pub feeds: &'static [&'static Kind],
    /// Kinds of other lists that need to know what is in this one.
    pub informs: &'static [&'static Kind],
    /// Whether its pages are told apart by how many items come before: then one that goes away hides another, and
    /// each page but the first is followed by another look at the one before.
    pub by_offset: bool,
    /// Further calls for each item, in this order.
    pub parts: &'static [Part<V>],
    /// Makes the records of one item, but for those that parts make by themselves.
    pub project: Project<V>,
}

/// Makes records of what was read.
pub type Project<V> = fn(&Item<'_, V>, &mut Emit<'_>, &mut Findings<V>);

impl<V: Vendor> Resource<V> {
    /// What most lists are; the rest of the fields is to be filled in.
    pub const LIST: Self = Self {
        stage: "",
        path: "",
        page_limit: Some(1000),
        permission: None,
        key: "id",
        item_path: "",
        missing: Missing::NotOffered,
        by_offset: true,
        absent: None,
        feeds: &[],
        informs: &[],
        parts: &[],
        project: |_, _, _| {},
    };

    /// What the answer looks like.
    #[must_use]
    pub const fn shape(&self) -> Shape {
        if self.page_limit.is_some() { Shape::List } else { Shape::Object }
    }

    /// The same with these parts, for a list whose parts are in several files.
    #[must_use]
    pub const fn with(mut self, parts: &'static [Part<V>]) -> Self {
        self.parts = parts;
        self
    }

    /// The same with these kinds informed.
    #[must_use]
    pub const fn informing(mut self, kinds: &'static [&'static Kind]) -> Self {
        self.informs = kinds;
        self
    }

    /// Whether a kind is short when this list is.
    #[must_use]
    pub fn feeds(&self, kind: &Kind) -> bool {
        let of_parts = self.parts.iter().flat_map(Part::serves);
        self.feeds.iter().chain(self.informs).copied().chain(of_parts).any(|fed| fed.id == kind.id)
    }
}

//! What a resource is: a list (or a single object) of an API, the further calls that each of its items
//! needs, and how an item becomes evidence. A source has a table of them, which `collect` walks.

use super::emit::{Emit, Origin};
use super::kind::Kind;
use crate::read::body::Body;
use crate::read::data::Shape;
use crate::read::protocol::Protocol;
use crate::read::wire::{self, Drift, Text, Wire};
use alloc::collections::BTreeSet;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt::Debug;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// The types that a source has of its own, and its protocol.
pub trait Vendor: Protocol + Clone + Debug + PartialEq + Sized + 'static {
    /// Its own settings.
    type Settings: Clone;
    /// Something that an item tells for the sake of later ones.
    type Fact;
    /// What a collection remembers of that. It travels in the cursor, which is at most 16 KiB, so it
    /// has to be bounded: about 8 KiB as JSON.
    type Notes: Clone + Debug + Default + PartialEq + Serialize + DeserializeOwned;

    /// Remembers a fact. As it stands, facts are forgotten.
    fn note(_notes: &mut Self::Notes, _fact: Self::Fact) {}
}

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
    /// What a 404 means.
    pub missing: Missing,
    /// Kinds that are short when the list is, besides those of its parts.
    pub feeds: &'static [&'static Kind],
    /// Kinds of other lists that need to know what is in this one.
    pub informs: &'static [&'static Kind],
    /// Further calls for each item, in this order.
    pub parts: &'static [Part<V>],
    /// Makes the records of one item, but for those that parts make by themselves.
    pub project: Project<V>,
}

/// Makes records of what was read.
pub type Project<V> = fn(&Item<'_, V>, &mut Emit<'_>, &mut Findings<V>);

/// Makes records of the answer to one part of an item.
pub type ProjectPart<V> = fn(&Item<'_, V>, &PartAnswer, &mut Emit<'_>, &mut Findings<V>);

/// The query for a span of time, of RFC 3339 timestamps: from, and up to.
pub type WindowQuery = fn(&str, &str) -> String;

/// What a 404 means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Missing {
    /// Of a list: the vendor does not offer it to this account.
    NotOffered,
    /// Of an item's part: the item was deleted since it was listed.
    Gone,
    /// There is none, which is an answer like any other.
    None,
}

impl<V: Vendor> Resource<V> {
    /// What most lists are; the rest of the fields is to be filled in.
    pub const LIST: Self = Self {
        stage: "",
        path: "",
        page_limit: Some(1000),
        permission: None,
        key: "id",
        missing: Missing::NotOffered,
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
        let of_parts = self.parts.iter().flat_map(|part| part.feeds);
        self.feeds.iter().chain(self.informs).chain(of_parts).any(|fed| fed.id == kind.id)
    }
}

/// A further call for each item.
pub struct Part<V: Vendor> {
    /// What it is called, e.g. `details`.
    pub name: &'static str,
    /// Path, with `{id}` for the item's id.
    pub path: &'static str,
    /// Items per page; absent for a single object.
    pub page_limit: Option<u32>,
    /// Key scope that opens it.
    pub permission: &'static str,
    /// Kinds that are short when it fails; it is called when one of them is asked for.
    pub feeds: &'static [&'static Kind],
    /// What a 404 means.
    pub missing: Missing,
    /// What the answer looks like.
    pub shape: Shape,
    /// For parts that are called once for each week since the collection's `since`: the query for a
    /// span of time, from and to.
    pub window_query: Option<WindowQuery>,
    /// Whether the setting `spread_days` spreads its calls over several days.
    pub spread: bool,
    /// Whether the settings want it for this item, given as JSON.
    pub enabled: fn(&V::Settings, &str) -> bool,
    /// Makes records of its answer, for parts in files of their own. Comes after the
    /// item's own records, in the order of the parts.
    pub project: Option<ProjectPart<V>>,
}

impl<V: Vendor> Part<V> {
    /// What most parts that are one object are; the rest of the fields is to be filled in.
    pub const OBJECT: Self = Self {
        name: "",
        path: "",
        page_limit: None,
        permission: "",
        feeds: &[],
        missing: Missing::Gone,
        shape: Shape::Object,
        window_query: None,
        spread: false,
        enabled: |_, _| true,
        project: None,
    };
    /// The same for parts that are lists.
    pub const LIST: Self = Self { page_limit: Some(1000), shape: Shape::List, ..Self::OBJECT };
}

/// What a part's call gave.
#[derive(Debug)]
pub enum PartAnswer {
    /// Not called: no kind needs it, the settings do not want it, or it is another day's turn.
    NotCalled,
    /// Every page of it.
    Pages(Vec<Body>),
    /// There is none: the vendor answered 404.
    None(Body),
    /// The item is gone: the vendor answered 404.
    Gone,
    /// A permission is missing; its name where the vendor said it.
    Forbidden(Option<String>),
    /// No use; what is wrong with it.
    Broken(String),
}

impl PartAnswer {
    /// How the call ended, as contents say it.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Pages(_) => "read",
            Self::None(_) => "none",
            Self::Gone => "gone",
            Self::Forbidden(_) => "forbidden",
            Self::Broken(_) => "failed",
            Self::NotCalled => "off",
        }
    }

    /// The one body of a part that is a single object.
    #[must_use]
    pub fn single(&self) -> Option<&Body> {
        match self {
            Self::Pages(pages) => pages.first(),
            _ => None,
        }
    }
}

/// One item of a list with the answers of its parts.
pub struct Item<'a, V: Vendor> {
    /// The list page.
    pub list: &'a Body,
    /// Number of the list page, from 1; absent for a single object.
    pub page: Option<u32>,
    /// Place of the item in it.
    pub index: usize,
    /// The item's JSON text.
    pub json: &'a str,
    /// What identifies it; empty where nothing does.
    pub id: &'a str,
    /// The parts of its resource.
    pub parts: &'static [Part<V>],
    /// Their answers, in the same order.
    pub answers: &'a [PartAnswer],
    /// What earlier items have told.
    pub notes: &'a V::Notes,
}

impl<V: Vendor> Item<'_, V> {
    /// Where the item itself was read from.
    #[must_use]
    pub fn origin(&self) -> Origin<'_> {
        let pointer = match self.page {
            Some(_) => format!("/data/items/{}", self.index),
            None => "/data".into(),
        };
        Origin { seen: &self.list.seen, page: self.page, pointer }
    }

    /// The answer of a part.
    #[must_use]
    pub fn part(&self, part: &Part<V>) -> &PartAnswer {
        let at = self.parts.iter().position(|one| one.path == part.path);
        at.and_then(|at| self.answers.get(at)).unwrap_or(&PartAnswer::NotCalled)
    }
}

impl PartAnswer {
    /// Calls `each` for every item of a list, with where it was read from and its JSON. An item that
    /// is there again to the letter is no other one: offset paging shows some twice.
    pub fn for_each(&self, mut each: impl FnMut(&Origin<'_>, &str)) {
        let Self::Pages(pages) = self else { return };
        let mut seen = BTreeSet::new();
        for (body, number) in pages.iter().zip(1..) {
            let Some(page) = body.page() else { continue };
            for (at, range) in page.items.iter().enumerate() {
                let json = body.item(range);
                if !seen.insert(json) {
                    continue;
                }
                let pointer = format!("/data/items/{at}");
                each(&Origin { seen: &body.seen, page: Some(number), pointer }, json);
            }
        }
    }
}

/// What a projection noticed.
pub struct Findings<V: Vendor> {
    /// Fields that are not as documented, by endpoint.
    pub drift: Vec<(&'static str, Drift)>,
    /// What later items have to know.
    pub facts: Vec<V::Fact>,
    /// Items, or parts of items, that could not be read at all.
    pub unreadable: u32,
    /// The user whose key is used, to be recognised among the users.
    pub principal: Option<String>,
    /// That user's role, once seen.
    pub principal_role: Option<String>,
}

impl<V: Vendor> Default for Findings<V> {
    fn default() -> Self {
        Self { drift: Vec::new(), facts: Vec::new(), unreadable: 0, principal: None, principal_role: None }
    }
}

impl<V: Vendor> Findings<V> {
    /// Reads a wire type that an endpoint gave, and reports what is odd about it; counts it when it
    /// cannot be read.
    pub fn read<'a, T: Wire<'a>>(&mut self, endpoint: &'static str, json: &'a str) -> Option<T> {
        let read = wire::read::<T>(json);
        let mut drift = Drift::new();
        match &read {
            Some(item) => item.report(&wire::At::Root, &mut drift),
            None => self.unreadable += 1,
        }
        if !drift.is_empty() {
            self.drift.push((endpoint, drift));
        }
        read
    }

    /// The id of an item; counts the item as unreadable when it has none.
    pub fn id<'t>(&mut self, id: &'t Text<'_>) -> Option<&'t str> {
        let text = id.text().filter(|text| !text.is_empty());
        self.unreadable += u32::from(text.is_none());
        text
    }
}

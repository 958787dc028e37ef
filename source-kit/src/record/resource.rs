//! What a resource is: a list (or a single object) of the API, the further calls that each of its
//! items needs, and how an item becomes evidence. One file per resource fills in a [`Resource`];
//! `collect/` walks the table of them.

use super::envelope::{Body, Shape};
use super::node::{Key, Node};
use super::notes::{Fact, Notes};
use super::wire::{self, Drift, Text, Wire};
use crate::config::Settings;
use crate::evidence::emit::{Emit, Origin};
use crate::evidence::kind::Kind;
use crate::evidence::urn::push_encoded;
use alloc::collections::BTreeSet;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};

/// A list of the API and all that is read for its items.
pub struct Resource {
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
    pub parts: &'static [Part],
    /// Makes the records of one item, but for those that parts make by themselves.
    pub project: Project,
}

/// Makes records of what was read.
pub type Project = fn(&Item<'_>, &mut Emit<'_>, &mut Findings);

/// What a 404 means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Missing {
    /// Of a list: Fivetran does not offer it to this account.
    NotOffered,
    /// Of an item's part: the item was deleted since it was listed.
    Gone,
    /// There is none, which is an answer like any other.
    None,
}

impl Resource {
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
        if self.page_limit.is_some() { Shape::Listed } else { Shape::Enveloped }
    }

    /// The same with these parts, for a list whose parts stand in several files.
    #[must_use]
    pub const fn with(mut self, parts: &'static [Part]) -> Self {
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
pub struct Part {
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
    /// Called once for each week since the collection's `since`, with `start_time` and `end_time`.
    pub by_week: bool,
    /// Whether the setting `spread_days` spreads its calls over several days.
    pub spread: bool,
    /// Whether the settings want it for this item, given as JSON.
    pub enabled: fn(&Settings, &str) -> bool,
    /// Makes records of its answer, for parts that stand in files of their own. Comes after the
    /// item's own records, in the order of the parts.
    pub project: Option<fn(&Item<'_>, &PartAnswer, &mut Emit<'_>, &mut Findings)>,
}

impl Part {
    /// What most parts that are one object are; the rest of the fields is to be filled in.
    pub const OBJECT: Self = Self {
        name: "",
        path: "",
        page_limit: None,
        permission: "",
        feeds: &[],
        missing: Missing::Gone,
        shape: Shape::Enveloped,
        by_week: false,
        spread: false,
        enabled: |_, _| true,
        project: None,
    };
    /// The same for parts that are lists.
    pub const LIST: Self = Self { page_limit: Some(1000), shape: Shape::Listed, ..Self::OBJECT };
}

/// What a part's call gave.
#[derive(Debug)]
pub enum PartAnswer {
    /// Not called: no kind needs it, the settings do not want it, or it is another day's turn.
    NotCalled,
    /// Every page of it.
    Pages(Vec<Body>),
    /// There is none: Fivetran answered 404.
    None(Body),
    /// The item is gone: Fivetran answered 404.
    Gone,
    /// A permission is missing; its name where Fivetran said it.
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
pub struct Item<'a> {
    /// The list page.
    pub list: &'a Body,
    /// Number of the list page, from 1; absent for a single object.
    pub page: Option<u32>,
    /// Where the item stands in it.
    pub index: usize,
    /// The item's JSON text.
    pub json: &'a str,
    /// What identifies it; empty where nothing does.
    pub id: &'a str,
    /// In the order of [`Resource::parts`].
    pub parts: &'a [PartAnswer],
    /// Settings in force.
    pub settings: &'a Settings,
    /// What earlier items have told.
    pub notes: &'a Notes,
}

impl Item<'_> {
    /// Where the item itself was read from.
    #[must_use]
    pub fn origin(&self) -> Origin<'_> {
        let pointer = match self.page {
            Some(_) => format!("/data/items/{}", self.index),
            None => "/data".into(),
        };
        Origin { body: self.list, page: self.page, pointer }
    }

    /// The answer of part number `index`.
    #[must_use]
    pub fn part(&self, index: usize) -> &PartAnswer {
        self.parts.get(index).unwrap_or(&PartAnswer::NotCalled)
    }

    /// Calls `each` for every item of a paginated part, with where it was read from and its JSON.
    pub fn for_each_in_part(&self, index: usize, each: impl FnMut(&Origin<'_>, &str)) {
        self.part(index).for_each(each);
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
                each(&Origin { body, page: Some(number), pointer }, json);
            }
        }
    }
}

/// Where the single object of a part was read from.
#[must_use]
pub fn origin_of(body: &Body) -> Origin<'_> {
    Origin { body, page: None, pointer: "/data".into() }
}

/// What a projection noticed.
#[derive(Debug, Default)]
pub struct Findings {
    /// Fields that are not as documented, by endpoint.
    pub drift: Vec<(&'static str, Drift)>,
    /// What later items have to know.
    pub facts: Vec<Fact>,
    /// Items, or parts of items, that could not be read at all.
    pub unreadable: u32,
    /// The user whose key is used, to be recognised among the users.
    pub principal: Option<String>,
    /// That user's role, once seen.
    pub principal_role: Option<String>,
}

impl Findings {
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

/// Path and query of a page of a list. `id` replaces `{id}`.
#[must_use]
pub fn page_request(path: &str, id: &str, limit: Option<u32>, cursor: Option<&str>) -> String {
    let mut out = String::with_capacity(path.len() + 64);
    let (head, tail) = path.split_once("{id}").map_or((path, None), |(head, tail)| (head, Some(tail)));
    out.push_str(head);
    if let Some(tail) = tail {
        push_encoded(&mut out, id);
        out.push_str(tail);
    }
    if let Some(limit) = limit {
        let mark = if out.contains('?') { '&' } else { '?' };
        out.push_str(&format!("{mark}limit={limit}"));
    }
    if let Some(cursor) = cursor {
        out.push_str("&cursor=");
        push_encoded(&mut out, cursor);
    }
    out
}

/// What identifies an item: its `key` field, the first one of that name. The JSON is read no further
/// than to there.
#[must_use]
pub fn key_of(json: &str, key: &str) -> Option<String> {
    let mut found = None;
    let seek = Seek { key, found: &mut found };
    // To stop inside of the object is an error for serde_json, and all that is wanted here.
    let _ = serde_json::Deserializer::from_str(json).deserialize_map(seek);
    let field = Text::from(found?);
    field.text().filter(|text| !text.is_empty()).map(String::from)
}

/// Reads an object up to one key.
struct Seek<'k, 'f, 'a> {
    key: &'k str,
    found: &'f mut Option<Node<'a>>,
}

impl<'de> Visitor<'de> for Seek<'_, '_, 'de> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }
    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<(), A::Error> {
        while let Some(key) = object.next_key::<Key<'de>>()? {
            if key.0 == self.key {
                *self.found = Some(object.next_value()?);
                break;
            }
            object.next_value::<IgnoredAny>()?;
        }
        Ok(())
    }
}

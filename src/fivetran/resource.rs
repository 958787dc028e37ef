//! What a resource is: a list (or a single object) of the API, the further calls that each of its
//! items needs, and how an item becomes evidence. One file per resource fills in a [`Resource`];
//! `collect/` walks the table of them.

use super::client::Body;
use super::wire::{self, Drift, Text, Wire};
use crate::config::Settings;
use crate::evidence::emit::{Emit, Origin};
use crate::evidence::kind::Kind;
use crate::evidence::urn::push_encoded;
use alloc::format;
use alloc::rc::Rc;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

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
    /// Kinds that are short when the list is.
    pub feeds: &'static [&'static Kind],
    /// Further calls for each item, in this order.
    pub parts: &'static [Part],
    /// Makes the records of one item.
    pub project: fn(&Item<'_>, &mut Emit<'_>, &mut Findings),
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
    /// Whether the settings want it.
    pub enabled: fn(&Settings) -> bool,
}

/// What a part's call gave.
#[derive(Debug)]
pub enum PartAnswer {
    /// Not called: no kind needs it, or the settings do not want it.
    NotCalled,
    /// Every page of it.
    Pages(Vec<Body>),
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
    /// In the order of [`Resource::parts`].
    pub parts: &'a [PartAnswer],
    /// Settings in force.
    pub settings: &'a Settings,
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
    pub fn for_each_in_part(&self, index: usize, mut each: impl FnMut(&Origin<'_>, &str)) {
        let PartAnswer::Pages(pages) = self.part(index) else { return };
        for (body, number) in pages.iter().zip(1..) {
            let Some(page) = ListPage::read(body.data()) else { continue };
            for (at, json) in page.items.iter().enumerate() {
                let pointer = format!("/data/items/{at}");
                each(&Origin { body, page: Some(number), pointer }, json.get());
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
    /// Fields that are not as documented.
    pub drift: Drift,
    /// Items, or parts of items, that could not be read at all.
    pub unreadable: u32,
    /// The user whose key is used, to be recognised among the users.
    pub principal: Option<String>,
    /// That user's role, once seen.
    pub principal_role: Option<String>,
}

impl Findings {
    /// Reads a wire type and reports what is odd about it; counts it when it cannot be read.
    pub fn read<'a, T: Wire<'a>>(&mut self, json: &'a str) -> Option<T> {
        let read = wire::read::<T>(json);
        match &read {
            Some(item) => item.report(&wire::At::Root, &mut self.drift),
            None => self.unreadable += 1,
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

/// The `data` of a list answer.
#[derive(serde::Deserialize)]
pub struct ListPage<'a> {
    /// The items, unread.
    #[serde(borrow)]
    pub items: Vec<&'a serde_json::value::RawValue>,
    /// Where to go on. Null, absent and empty all mean: nowhere.
    #[serde(borrow, default)]
    pub next_cursor: Option<alloc::borrow::Cow<'a, str>>,
}

impl<'a> ListPage<'a> {
    /// Reads a list; `None` when it is none.
    #[must_use]
    pub fn read(data: &'a str) -> Option<Self> {
        serde_json::from_str(data).ok()
    }

    /// The cursor of the next page.
    #[must_use]
    pub fn next(&self) -> Option<String> {
        self.next_cursor.as_deref().filter(|cursor| !cursor.is_empty()).map(ToString::to_string)
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
        out.push_str(&format!("?limit={limit}"));
    }
    if let Some(cursor) = cursor {
        out.push_str("&cursor=");
        push_encoded(&mut out, cursor);
    }
    out
}

/// A body shared by the items of its page.
pub type SharedBody = Rc<Body>;

/// Only what identifies an item.
#[derive(serde::Deserialize)]
struct Identified<'a> {
    #[serde(borrow, default)]
    id: Option<alloc::borrow::Cow<'a, str>>,
    #[serde(borrow, default)]
    name: Option<alloc::borrow::Cow<'a, str>>,
}

/// What identifies an item: its `key` field.
#[must_use]
pub fn key_of(json: &str, key: &str) -> Option<String> {
    let item = serde_json::from_str::<Identified<'_>>(json).ok()?;
    let field = if key == "name" { item.name } else { item.id };
    field.filter(|text| !text.is_empty()).map(alloc::borrow::Cow::into_owned)
}

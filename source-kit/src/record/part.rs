//! Parts: further calls for each item of a list; and the item with what came of them.

use super::answer::{PartAnswer, Why};
use super::emit::{Emit, Origin};
use super::findings::Findings;
use super::kind::Kind;
use super::vendor::Vendor;
use crate::read::body::Body;
use crate::read::data::Shape;
use crate::read::request::{has_field, key_of};
use alloc::format;
use alloc::string::String;

/// Makes records of one answer of a part: of an object, or of one page of a list.
pub type ProjectPart<V> = fn(&Item<'_, V>, &PartAnswer, &mut Emit<'_>, &mut Findings<V>);

/// A part that is called once for each week since the collection's `since`.
#[derive(Clone, Copy)]
pub struct Windows {
    /// The query for a span of time, of RFC 3339 timestamps: from, and up to.
    pub query: fn(&str, &str) -> String,
    /// How many items a whole week is expected to have, judged by the item's JSON.
    pub expected: fn(&str) -> u32,
}

/// Whether a part is called for an item, as settings and the item's JSON say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// It is.
    Called,
    /// It is not: the item itself shows that there is nothing to read.
    Nothing,
    /// It is not: this setting switches it off.
    Off(&'static str),
    /// It is not, and the item does not tell whether there is anything to read.
    Unknown,
}

/// What a 404 means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Missing {
    /// Of a list: the vendor does not offer it to this account. Of a part: that the item is gone, if its own
    /// path answers 404 too, and otherwise that the part is not offered.
    NotOffered,
    /// That there is none, which is an answer like any other, if the vendor's code is one of these; an empty
    /// list stands for every code.
    None(&'static [&'static str]),
}

impl Missing {
    /// Whether a 404 with this code says that there is none.
    #[must_use]
    pub fn is_none(self, code: &str) -> bool {
        matches!(self, Self::None(codes) if codes.is_empty() || codes.contains(&code))
    }
}

/// How an answer shows that it is the one that was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proof {
    /// This field holds the item's id.
    Id(&'static str),
    /// This field is there, and not null.
    Has(&'static str),
    /// It is a list.
    List,
}

/// A further call for each item.
pub struct Part<V: Vendor> {
    /// What it is called, e.g. `details`.
    pub name: &'static str,
    /// Path, with `{id}` for the item's id.
    pub path: &'static str,
    /// Items per page; absent for a single object.
    pub page_limit: Option<u32>,
    /// Field that identifies an item of its list.
    pub key: &'static str,
    /// Key scope that opens it.
    pub permission: &'static str,
    /// Kinds that are short when it fails; it is called when one of them is asked for.
    pub feeds: &'static [&'static Kind],
    /// Kinds that its answer serves only for some items: it is called when one of them is asked for, and the
    /// projection says by [`Emit::unknown`] when one of them is short.
    pub informs: &'static [&'static Kind],
    /// What a 404 means.
    pub missing: Missing,
    /// How an answer shows that it is the one that was asked for.
    pub proof: Proof,
    /// What the answer looks like.
    pub shape: Shape,
    /// For parts that are called week by week.
    pub windows: Option<Windows>,
    /// Whether the setting `spread_days` spreads its calls over several days.
    pub spread: bool,
    /// Whether it is a preview that few accounts take part in. Then a 403 says what a 404 says: that it is not offered.
    /// Its list was read, so the key may see the items.
    pub preview: bool,
    /// Whether it is called for this item, given as JSON.
    pub need: fn(&V::Settings, &str) -> Need,
    /// Makes records of each of its answers, page by page, after the item's own records and in the order of
    /// the parts. Without it the whole answer is held for the item's own projection.
    pub project: Option<ProjectPart<V>>,
}

impl<V: Vendor> Part<V> {
    /// What most parts that are one object are; the rest of the fields is to be filled in.
    pub const OBJECT: Self = Self {
        name: "",
        path: "",
        page_limit: None,
        key: "id",
        permission: "",
        feeds: &[],
        informs: &[],
        missing: Missing::NotOffered,
        proof: Proof::Id("id"),
        shape: Shape::Object,
        windows: None,
        spread: false,
        preview: false,
        need: |_, _| Need::Called,
        project: None,
    };
    /// The same for parts that are lists.
    pub const LIST: Self = Self { page_limit: Some(1000), shape: Shape::List, proof: Proof::List, ..Self::OBJECT };

    /// Why an answer is not believed to be the one that was asked for, of the item with this id.
    #[must_use]
    pub fn doubt(&self, id: &str, body: &Body) -> Option<String> {
        match self.proof {
            Proof::Id(field) if key_of(body.data(), field).as_deref() != Some(id) => {
                Some(format!("the answer's {field} is not that of the item"))
            }
            Proof::Has(field) if !has_field(body.data(), field) => Some(format!("the answer has no {field}")),
            Proof::List if body.page().is_none() => Some("not a list".into()),
            _ => None,
        }
    }

    /// Kinds for whose sake it is called.
    pub fn serves(&self) -> impl Iterator<Item = &'static Kind> {
        self.feeds.iter().chain(self.informs).copied()
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
            Some(_) => format!("{}/{}", self.list.pointer(), self.index),
            None => self.list.pointer().into(),
        };
        Origin { seen: &self.list.seen, page: self.page, pointer }
    }

    /// The answer of a part.
    #[must_use]
    pub fn part(&self, part: &Part<V>) -> &PartAnswer {
        let at = self.parts.iter().position(|one| one.path == part.path);
        at.and_then(|at| self.answers.get(at)).unwrap_or(&PartAnswer::NotAsked(Why::NotWanted))
    }
}

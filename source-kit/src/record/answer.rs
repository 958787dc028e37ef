//! What came of a part of an item.

use super::emit::Origin;
use super::problem::Cause;
use crate::read::body::Body;
use alloc::collections::BTreeSet;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

/// Why a part was not called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// No kind that was asked for needs it.
    NotWanted,
    /// The item shows that there is nothing to read.
    NotNeeded,
    /// It is another day's turn.
    OtherTurn,
    /// This setting switches it off.
    Off(&'static str),
    /// The item does not tell whether there is anything to read.
    Unknown,
    /// The item has no id to ask with.
    NoId,
    /// It was refused for the first items.
    Refused,
    /// It was not offered for the first items.
    NotOffered,
}

/// What came of a part.
#[derive(Debug)]
pub enum PartAnswer {
    /// It was not called.
    NotAsked(Why),
    /// The answer: an object, or pages of a list.
    Read(Pages),
    /// There is none, the vendor says.
    None(Body),
    /// The item itself is gone.
    Gone,
    /// 404, though the item is there.
    NotOffered,
    /// A permission is missing; its name where the vendor said it.
    Forbidden(Option<String>),
    /// No use; what is wrong with it.
    Broken(String),
}

/// Pages of one answer.
#[derive(Debug, Default)]
pub struct Pages {
    /// Each page, in order.
    pub bodies: Vec<Body>,
    /// Number of the first, from 1.
    pub first: u32,
    /// Set when there was more that could not be read; what is wrong.
    pub cut_short: Option<Cause>,
    /// Items of one id and different content, where all pages are held.
    pub conflicts: u64,
    /// Items without an id, where all pages are held.
    pub unreadable: u64,
}

impl PartAnswer {
    /// An answer of one body.
    #[must_use]
    pub fn of(body: Body, number: u32) -> Self {
        Self::Read(Pages { bodies: alloc::vec![body], first: number, ..Pages::default() })
    }

    /// How the call ended, as contents say it.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Read(_) => "read",
            Self::None(_) => "none",
            Self::Gone => "gone",
            Self::Forbidden(_) | Self::NotAsked(Why::Refused) => "forbidden",
            Self::NotOffered | Self::NotAsked(Why::NotOffered) => "not_offered",
            Self::Broken(_) => "failed",
            Self::NotAsked(Why::Off(_)) => "off",
            Self::NotAsked(_) => "not_asked",
        }
    }

    /// The one body of a part that is a single object.
    #[must_use]
    pub fn single(&self) -> Option<&Body> {
        match self {
            Self::Read(pages) => pages.bodies.first(),
            _ => None,
        }
    }

    /// Whether all of it was read.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        matches!(self, Self::Read(Pages { cut_short: None, .. }))
    }

    /// What was read.
    pub fn bodies(&self) -> impl Iterator<Item = &Body> {
        let bodies = if let Self::Read(pages) = self { pages.bodies.as_slice() } else { &[] };
        bodies.iter()
    }

    /// The JSON of every item of a list. One that is there again to the letter is no other one: offset paging shows
    /// some twice.
    pub fn items(&self) -> impl Iterator<Item = &str> {
        let mut seen = BTreeSet::new();
        let all = self.bodies().filter_map(|body| Some((body, body.page()?)));
        let items = all.flat_map(|(body, page)| page.items.iter().map(|range| body.item(range)));
        items.filter(move |json| seen.insert(*json))
    }

    /// Calls `each` for every item of a list, with where it was read from and its JSON. An item that
    /// is there again to the letter is no other one: offset paging shows some twice.
    pub fn for_each(&self, mut each: impl FnMut(&Origin<'_>, &str)) {
        let Self::Read(pages) = self else { return };
        let mut seen = BTreeSet::new();
        for (body, number) in pages.bodies.iter().zip(pages.first..) {
            let Some(page) = body.page() else { continue };
            for (at, range) in page.items.iter().enumerate() {
                let json = body.item(range);
                if !seen.insert(json) {
                    continue;
                }
                let pointer = format!("{}/{at}", body.pointer());
                each(&Origin { seen: &body.seen, page: Some(number), pointer }, json);
            }
        }
    }
}

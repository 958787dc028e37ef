//! Where in an answer its data are.

use crate::base::timestamp::Timestamp;
use alloc::string::String;
use alloc::vec::Vec;
use core::ops::Range;

/// What answer is expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// An object.
    Object,
    /// A page of a list.
    List,
    /// An object that the vendor may give without its usual envelope.
    MaybeBare,
}

/// Which page of a list is wanted.
#[derive(Clone, Copy, Debug)]
pub struct Page<'a> {
    /// Items in it, at most.
    pub limit: u32,
    /// The cursor that names it; absent for the first.
    pub cursor: Option<&'a str>,
    /// Nothing before this is wanted.
    pub since: Option<Timestamp>,
    /// When it is asked for.
    pub now: Timestamp,
}

/// What was found in an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opened {
    /// Where the data are, in the text that they are cut from.
    pub data: Data,
    /// JSON pointer, in the answer as it came, of the object or of the list of the items.
    pub pointer: &'static str,
}

impl Opened {
    /// Data at the pointer.
    #[must_use]
    pub fn at(pointer: &'static str, data: Data) -> Self {
        Self { data, pointer }
    }
}

/// Place of the data in the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Data {
    /// Nowhere: a 404.
    None,
    /// Anything but a page of a list that was asked for.
    Object(Range<usize>),
    /// A page of a list.
    Page(ListPage),
}

/// A page of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListPage {
    /// Place of each item in the body: see `Body::item`.
    pub items: Vec<Range<usize>>,
    /// The cursor of the next page, if there is one.
    pub next: Option<String>,
    /// Whether the page seems to name a next one in a way that is not documented.
    pub unknown_paging: bool,
    /// How the list was seen to change while it was read, in plain words.
    pub changed: Option<String>,
}

impl ListPage {
    /// A page with these items, and nothing odd about it.
    #[must_use]
    pub fn new(items: Vec<Range<usize>>, next: Option<String>) -> Self {
        Self { items, next, unknown_paging: false, changed: None }
    }
}

/// Whether a field beside the items of a page looks as if it told of further pages. `cursor` is the documented
/// one; what is null or false tells of none.
#[must_use]
pub fn looks_like_paging(name: &str, value: &str, cursor: &str) -> bool {
    let tells = |text: &str| {
        let lower = text.to_ascii_lowercase();
        ["cursor", "next", "offset", "more", "continu", "token", "pagin"].iter().any(|word| lower.contains(word))
    };
    name != cursor
        && (tells(name) || (value.starts_with(['{', '[']) && tells(value)))
        && !matches!(value, "null" | "false" | "\"\"" | "0" | "{}" | "[]")
}

/// Place of a part in the text that it was read from.
#[must_use]
pub fn range_of(part: &str, text: &str) -> Range<usize> {
    let start = (part.as_ptr() as usize).saturating_sub(text.as_ptr() as usize);
    start..start + part.len()
}

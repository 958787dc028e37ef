//! Where in an answer its data are.

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

//! What the answer of a place means.

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;
use source_kit::Ask;

/// An answer as it came.
#[derive(Clone, Copy, Debug)]
pub struct Heard<'a> {
    /// HTTP status.
    pub status: u16,
    /// The body.
    pub body: &'a str,
    /// Whether it answers the request of an [`Answer::Later`].
    pub polled: bool,
}

/// A cell as text; `None` is SQL's null.
pub type Cell<'a> = Option<Cow<'a, str>>;

/// A further part of a result: a partition, a chunk or a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// What the place calls the result; empty where it needs no name.
    pub handle: String,
    /// The part: its number, or the place's token for it.
    pub next: String,
}

/// Rows of a result, or of a part of one.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rows<'a> {
    /// Names and types of columns, as far as the answer names them.
    pub columns: Vec<(String, String)>,
    /// The rows, each as long as what was asked for.
    pub rows: Vec<Vec<Cell<'a>>>,
    /// Rows of the whole result, where the answer says so.
    pub total: Option<u64>,
    /// The next part.
    pub next: Option<Part>,
}

/// What an answer means.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer<'a> {
    /// Rows.
    Rows(Rows<'a>),
    /// The place still works on it: send this next. Its answer is read for the same step.
    Later(Ask),
    /// The result is gone: ask the statement again, from the last row that was read. See [`crate::step::Step::lost`].
    Lost,
    /// There is no such table, or none that the credentials may see.
    Missing,
    /// The credentials may not; the permission that is short, where the place names it.
    Refused(Option<String>),
    /// The credentials are wrong, or no longer valid.
    Unauthorized,
    /// Anything else; what, in words.
    Broken(&'static str),
}

/// Where a body is not what the place documents.
pub const ODD: Answer<'static> = Answer::Broken("the answer is not what the place documents");

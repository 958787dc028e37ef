//! What an answer holds: the facts of the response, and its data, which are an object or a page of a list.

use super::data::{Data, ListPage, Opened, Shape};
use super::protocol::Protocol;
use crate::base::digest::sha256_hex;
use crate::base::timestamp::Timestamp;
use crate::base::world::Response;
use alloc::string::String;
use alloc::vec::Vec;
use core::ops::Range;

/// What is wrong with an answer that is a page for people.
pub const HTML_PAGE: &str = "the body is a page of HTML";

/// The facts of a response, which provenance is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Path and query as sent.
    pub request: String,
    /// HTTP status code.
    pub status: u16,
    /// When it was received.
    pub read_at: Timestamp,
    /// The vendor's request id.
    pub request_id: Option<String>,
    /// SHA-256 of the whole body.
    pub digest: String,
}

impl Seen {
    /// Of a response to `request`, received at `read_at`.
    #[must_use]
    pub fn of(request: &str, response: &Response, read_at: Timestamp) -> Self {
        Self {
            request: request.into(),
            status: response.status,
            read_at,
            request_id: response.request_id.clone(),
            digest: response.body_digest.clone().unwrap_or_else(|| sha256_hex(&response.body)),
        }
    }
}

/// An answer that evidence can be read from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Body {
    /// The facts of the response.
    pub seen: Seen,
    text: String,
    data: Data,
    pointer: &'static str,
}

impl Body {
    /// JSON pointer, in the answer as it came, of the object or of the list of the items.
    #[must_use]
    pub fn pointer(&self) -> &'static str {
        self.pointer
    }

    /// The JSON text of an object; `null` for a 404, and for a page of a list.
    #[must_use]
    pub fn data(&self) -> &str {
        match &self.data {
            Data::Object(range) => self.item(range),
            Data::None | Data::Page(_) => "null",
        }
    }

    /// Where [`Body::data`] stands.
    #[must_use]
    pub fn data_range(&self) -> Range<usize> {
        match &self.data {
            Data::Object(range) => range.clone(),
            Data::None | Data::Page(_) => 0..0,
        }
    }

    /// The page, when a list was asked for and this is one.
    #[must_use]
    pub fn page(&self) -> Option<&ListPage> {
        match &self.data {
            Data::Page(page) => Some(page),
            Data::None | Data::Object(_) => None,
        }
    }

    /// The JSON text of an item.
    #[must_use]
    pub fn item(&self, range: &Range<usize>) -> &str {
        self.text.get(range.clone()).unwrap_or("null")
    }
}

/// Takes an answer with status 200.
///
/// # Errors
/// What is wrong with it, in plain words.
pub fn open<P: Protocol>(seen: Seen, body: Vec<u8>, shape: Shape) -> Result<Body, &'static str> {
    if is_page(&body) {
        return Err(HTML_PAGE);
    }
    let text = String::from_utf8(body).map_err(|_| "the body is not UTF-8")?;
    let opened = P::open(&text, shape)?;
    Ok(of(seen, text, opened))
}

/// The body in whose `text` data were found.
#[must_use]
pub fn of(seen: Seen, text: String, Opened { data, pointer }: Opened) -> Body {
    Body { seen, text, data, pointer }
}

/// Whether a body is a page for people: no JSON text begins so.
#[must_use]
pub fn is_page(body: &[u8]) -> bool {
    body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body).trim_ascii_start().starts_with(b"<")
}

/// An answer that says that there is nothing.
#[must_use]
pub fn without_data(seen: Seen) -> Body {
    Body { seen, text: String::new(), data: Data::None, pointer: "" }
}

//! What an answer of the REST API looks like: an envelope with a code, a message and data, which is an
//! object or a page of a list. Source: <https://fivetran.com/docs/rest-api/getting-started>, read 2026-11.

use super::client::GetError;
use crate::digest::sha256_hex;
use crate::instant::Instant;
use crate::world::Response;
use alloc::borrow::Cow;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::ops::Range;
use serde::Deserialize;
use serde_json::value::RawValue;

/// An answer that evidence can be read from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Body {
    /// Path and query as sent.
    pub request: String,
    /// HTTP status code.
    pub status: u16,
    /// When it was received.
    pub read_at: Instant,
    /// Fivetran's request id.
    pub request_id: Option<String>,
    /// SHA-256 of the whole body.
    pub digest: String,
    text: String,
    data: Data,
}

/// Where the envelope's data stand in the text.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Data {
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
    /// Where each item stands in the body: see [`Body::item`].
    pub items: Vec<Range<usize>>,
    /// The cursor of the next page. Null, absent and empty all mean that there is none.
    pub next: Option<String>,
}

impl Body {
    /// The JSON text of the envelope's `data`; `null` for a 404, and for a page of a list.
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

/// What an answer looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// An object in Fivetran's envelope.
    Enveloped,
    /// A page of a list in it.
    Listed,
    /// As documented for proxy agents: an object, perhaps without the envelope.
    MaybeBare,
}

#[derive(Deserialize)]
struct Envelope<'a, D> {
    #[serde(borrow)]
    code: Option<Cow<'a, str>>,
    #[serde(borrow)]
    message: Option<Cow<'a, str>>,
    data: Option<D>,
}

/// The data of a page, read together with the envelope: long lists are read once less.
#[derive(Deserialize)]
struct RawPage<'a> {
    #[serde(borrow)]
    items: Vec<&'a RawValue>,
    #[serde(borrow, default)]
    next_cursor: Option<Cow<'a, str>>,
}

impl RawPage<'_> {
    fn within(&self, text: &str) -> ListPage {
        let next = self.next_cursor.as_deref().filter(|cursor| !cursor.is_empty()).map(ToString::to_string);
        ListPage { items: self.items.iter().map(|item| range_of(item.get(), text)).collect(), next }
    }
}

/// Where a part stands in its text.
fn range_of(part: &str, text: &str) -> Range<usize> {
    let start = (part.as_ptr() as usize).saturating_sub(text.as_ptr() as usize);
    start..start + part.len()
}

/// Reads the envelope.
///
/// # Errors
/// [`GetError::Broken`].
pub fn body(request: &str, response: Response, read_at: Instant, shape: Shape) -> Result<Body, GetError> {
    let Response { status, request_id, body, .. } = response;
    let digest = sha256_hex(&body);
    let broken = |what: &str| GetError::Broken(status, request_id.clone(), what.into());
    let text = String::from_utf8(body).map_err(|_| broken("the body is not UTF-8"))?;
    let data = data_of(&text, shape).map_err(broken)?;
    Ok(Body { request: request.into(), status, read_at, request_id, digest, text, data })
}

fn data_of(text: &str, shape: Shape) -> Result<Data, &'static str> {
    if shape == Shape::Listed
        && let Ok(envelope) = serde_json::from_str::<Envelope<'_, RawPage<'_>>>(text)
        && envelope.code.as_deref() == Some("Success")
        && let Some(page) = envelope.data
    {
        return Ok(Data::Page(page.within(text)));
    }
    let envelope: Envelope<'_, &RawValue> =
        serde_json::from_str(text).map_err(|_| "the body is not JSON with Fivetran's envelope")?;
    if shape == Shape::MaybeBare && envelope.code.is_none() && envelope.data.is_none() {
        return Ok(Data::Object(0..text.len()));
    }
    if envelope.code.as_deref() != Some("Success") {
        return Err("the answer's code is not Success");
    }
    let data = envelope.data.ok_or("the answer has no data")?;
    Ok(Data::Object(range_of(data.get(), text)))
}

/// An answer that says that there is nothing.
pub fn without_data(request: &str, response: Response, read_at: Instant) -> Body {
    let Response { status, request_id, body, .. } = response;
    let (digest, text, data) = (sha256_hex(&body), String::new(), Data::None);
    Body { request: request.into(), status, read_at, request_id, digest, text, data }
}

/// Fivetran's code for an error, where it looks like one: letters, digits and underscores only.
pub fn code_of(body: &[u8]) -> Option<String> {
    let envelope: Envelope<'_, &RawValue> = serde_json::from_slice(body).ok()?;
    let code = envelope.code?;
    let plain = code.len() <= 64 && code.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    plain.then(|| code.into_owned())
}

/// The permission in "Access denied. Required permission: ACCOUNT_READ".
pub fn permission_named_in(body: &[u8]) -> Option<String> {
    let envelope: Envelope<'_, &RawValue> = serde_json::from_slice(body).ok()?;
    let message = envelope.message?;
    let (_, rest) = message.split_once("Required permission: ")?;
    let end = rest.find(|c: char| !(c.is_ascii_uppercase() || c == '_')).unwrap_or(rest.len());
    rest.get(..end).filter(|name| !name.is_empty() && name.len() <= 64).map(Into::into)
}

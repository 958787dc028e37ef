//! Fivetran's protocol: an envelope with a code, a message and data, which is an object or a page of a
//! list. Source: <https://fivetran.com/docs/rest-api/getting-started>, read 2026-11.

use crate::types::Fivetran;
use alloc::borrow::Cow;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use serde::Deserialize;
use serde_json::value::RawValue;
use source_kit::Protocol;
use source_kit::read::data::{Data, ListPage, Shape, range_of};

impl Protocol for Fivetran {
    const VENDOR: &'static str = "Fivetran";
    const HOST: &'static str = "api.fivetran.com";
    const ACCEPT: &'static str = "application/json;version=2";
    // 500 for an account on trial.
    const QUOTA_PER_HOUR: u32 = 20_000;

    fn open(text: &str, shape: Shape) -> Result<Data, &'static str> {
        data_of(text, shape)
    }

    fn error_code(body: &[u8]) -> Option<String> {
        code_of(body)
    }

    fn missing_permission(body: &[u8]) -> Option<String> {
        permission_named_in(body)
    }
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

fn data_of(text: &str, shape: Shape) -> Result<Data, &'static str> {
    if shape == Shape::List
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

/// Fivetran's code for an error, where it looks like one: letters, digits and underscores only.
fn code_of(body: &[u8]) -> Option<String> {
    let envelope: Envelope<'_, &RawValue> = serde_json::from_slice(body).ok()?;
    let code = envelope.code?;
    let plain = code.len() <= 64 && code.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    plain.then(|| code.into_owned())
}

/// The permission in "Access denied. Required permission: ACCOUNT_READ".
fn permission_named_in(body: &[u8]) -> Option<String> {
    let envelope: Envelope<'_, &RawValue> = serde_json::from_slice(body).ok()?;
    let message = envelope.message?;
    let (_, rest) = message.split_once("Required permission: ")?;
    let end = rest.find(|c: char| !(c.is_ascii_uppercase() || c == '_')).unwrap_or(rest.len());
    rest.get(..end).filter(|name| !name.is_empty() && name.len() <= 64).map(Into::into)
}

//! Fivetran's protocol: an envelope with a code, a message and data, which is an object or a page of a
//! list. Source: <https://fivetran.com/docs/rest-api/getting-started>, read 2026-11.

use crate::types::{Fivetran, Settings};
use alloc::borrow::Cow;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;
use core::marker::PhantomData;
use serde::Deserialize;
use serde::de::{Deserializer, Error, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;
use source_kit::Protocol;
use source_kit::read::data::{Data, ListPage, Opened, Shape, looks_like_paging, range_of};

impl Protocol for Fivetran {
    const VENDOR: &'static str = "Fivetran";
    const HOST: &'static str = "api.fivetran.com";
    const ACCEPT: &'static str = "application/json;version=2";
    // 500 for an account on trial.
    const QUOTA_PER_HOUR: u32 = 20_000;

    type Settings = Settings;

    fn open(text: &str, shape: Shape) -> Result<Opened, &'static str> {
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
    /// Belongs to the data of a page.
    #[serde(default)]
    next_cursor: Option<IgnoredAny>,
}

/// The data of a page, read together with the envelope: long lists are read once less.
struct RawPage<'a> {
    items: Vec<&'a RawValue>,
    next_cursor: Option<Cow<'a, str>>,
    unknown_paging: bool,
}

impl<'de: 'a, 'a> Deserialize<'de> for RawPage<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(PageVisitor(PhantomData))
    }
}

struct PageVisitor<'a>(PhantomData<&'a ()>);

impl<'de: 'a, 'a> Visitor<'de> for PageVisitor<'a> {
    type Value = RawPage<'a>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a page of a list")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<RawPage<'a>, A::Error> {
        let (mut items, mut next_cursor, mut unknown_paging) = (None, None, false);
        while let Some(name) = map.next_key::<Cow<'de, str>>()? {
            match name.as_ref() {
                "items" if items.is_none() => items = Some(map.next_value()?),
                "next_cursor" if next_cursor.is_none() => next_cursor = map.next_value::<Option<Cow<'de, str>>>()?,
                name => unknown_paging |= looks_like_paging(name, map.next_value::<&RawValue>()?.get(), "next_cursor"),
            }
        }
        let items = items.ok_or_else(|| A::Error::missing_field("items"))?;
        Ok(RawPage { items, next_cursor, unknown_paging })
    }
}

impl RawPage<'_> {
    fn within(&self, text: &str) -> ListPage {
        let next = self.next_cursor.as_deref().filter(|cursor| !cursor.is_empty()).map(ToString::to_string);
        let items = self.items.iter().map(|item| range_of(item.get(), text)).collect();
        ListPage { unknown_paging: self.unknown_paging, ..ListPage::new(items, next) }
    }
}

fn data_of(text: &str, shape: Shape) -> Result<Opened, &'static str> {
    if shape == Shape::List
        && let Ok(envelope) = serde_json::from_str::<Envelope<'_, RawPage<'_>>>(text)
        && envelope.code.as_deref() == Some("Success")
        && let Some(page) = envelope.data
    {
        let page = page.within(text);
        let unknown_paging = page.unknown_paging || envelope.next_cursor.is_some();
        return Ok(Opened::at("/data/items", Data::Page(ListPage { unknown_paging, ..page })));
    }
    let envelope: Envelope<'_, &RawValue> =
        serde_json::from_str(text).map_err(|_| "the body is not JSON with Fivetran's envelope")?;
    if shape == Shape::MaybeBare && envelope.code.is_none() && envelope.data.is_none() {
        return Ok(Opened::at("", Data::Object(0..text.len())));
    }
    if envelope.code.as_deref() != Some("Success") {
        return Err("the answer's code is not Success");
    }
    let data = envelope.data.ok_or("the answer has no data")?;
    Ok(Opened::at("/data", Data::Object(range_of(data.get(), text))))
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

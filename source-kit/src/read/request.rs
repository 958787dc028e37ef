//! What a request asks for, and what identifies an item of its answer.

use super::data::Page;
use super::node::{Key, Node};
use super::protocol::Protocol;
use super::wire::Text;
use crate::base::urn::encoded;
use alloc::string::String;
use core::fmt;
use percent_encoding::percent_decode_str;
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};

/// The longest id that is believed to be one, in bytes. What roles are named counts as an id.
const MAX_ID: usize = 1024;

/// The request for an object, or for a page of a list. `id` replaces `{id}` in the path.
#[must_use]
pub fn request_for<P: Protocol>(path: &str, id: &str, page: Option<Page<'_>>) -> String {
    let mut out = path.replace("{id}", &encoded(id));
    if let Some(page) = page {
        out.push(if out.contains('?') { '&' } else { '?' });
        out.push_str(&P::page_query(&page));
    }
    out
}

/// What identifies an item: its `key` field, the first one of that name. The JSON is read no further
/// than to there.
#[must_use]
pub fn key_of(json: &str, key: &str) -> Option<String> {
    let field = Text::from(field_of(json, key)?);
    field.text().filter(|text| is_askable(text)).map(String::from)
}

/// Whether a field is there, and not null.
#[must_use]
pub fn has_field(json: &str, key: &str) -> bool {
    field_of(json, key).is_some_and(|node| node != Node::Null)
}

/// Whether an id can stand in a path: not empty, without dot segments however they are written, which change the path, nor longer than any
/// id is, nor with control characters.
fn is_askable(id: &str) -> bool {
    let decoded = percent_decode_str(id).decode_utf8_lossy();
    let is_dots = |segment: &str| matches!(segment.split(';').next(), Some("." | ".."));
    !id.is_empty()
        && id.len() <= MAX_ID
        && !decoded.chars().any(char::is_control)
        && !decoded.split(['/', '\\']).any(is_dots)
}

/// Whether a host lets a path out. None should where an id hides a character in it that a server may read as part of
/// the path: a slash, a backslash, a semicolon or a percent sign.
#[must_use]
pub fn is_sendable(path_and_query: &str) -> bool {
    let path = path_and_query.split('?').next().unwrap_or_default();
    !["%2F", "%5C", "%3B", "%25"].iter().any(|hidden| path.contains(hidden))
}

fn field_of<'a>(json: &'a str, key: &str) -> Option<Node<'a>> {
    let mut found = None;
    let seek = Seek { key, found: &mut found };
    // To stop inside of the object is an error for serde_json, and all that is wanted here.
    let _ = serde_json::Deserializer::from_str(json).deserialize_map(seek);
    found
}

/// Reads an object up to one key.
struct Seek<'k, 'f, 'a> {
    key: &'k str,
    found: &'f mut Option<Node<'a>>,
}

impl<'de> Visitor<'de> for Seek<'_, '_, 'de> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }
    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<(), A::Error> {
        while let Some(key) = object.next_key::<Key<'de>>()? {
            if key.0 == self.key {
                *self.found = Some(object.next_value()?);
                break;
            }
            object.next_value::<IgnoredAny>()?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_hides_no_character_that_could_be_read_as_part_of_it() {
        for id in ["a", "a.b", "a b", "ä", "a:b", "a+b=", "a@b.example"] {
            assert!(is_sendable(&alloc::format!("/v1/users/{}/groups?cursor=%2F%25", encoded(id))), "{id}");
        }
        for id in ["a/b", "a\\b", "a;b", "a%b", "a%2Fb", "/"] {
            assert!(!is_sendable(&alloc::format!("/v1/users/{}/groups", encoded(id))), "{id}");
        }
    }
}

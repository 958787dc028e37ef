//! The one place that every record passes before it leaves: what is a secret by its looks is withheld, and in the
//! hashed mode no person is left in any text.
//!
//! What stands where:
//!
//! - a text of the content that holds a secret becomes `withheld`, and the record's list of what was withheld
//!   names its place. Null would say that the vendor gave nothing. As elsewhere in that list, the pointer is that
//!   of the field in the vendor's object; contents keep the vendor's names, so it is the pointer into the content;
//! - in sentences (titles, names of subjects, and the contents of statements, which the source wrote itself) only the
//!   word with the secret becomes `withheld`;
//! - an id that is a secret would be in the record's id, in that of others and in paths. It becomes `withheld:` and
//!   16 hexadecimal digits of a SHA-256 over account and id, the same everywhere, so that records still join;
//! - people are replaced by their keyed hash, which is no withholding.
//!
//! Ordinary records are looked through as they are and not parsed again.

use super::kind::{Kind, Nature};
use super::privacy::Privacy;
use super::secrets::{WITHHELD, is_secret, masked};
use crate::base::canonical::push_canonical;
use crate::base::digest::sha256_hex;
use crate::base::model::{Record, Withheld, WithheldReason};
use crate::base::urn::record_id;
use alloc::borrow::Cow;
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use percent_encoding::percent_decode_str;
use serde_json::value::RawValue;

use super::people::in_encoded;

/// Where a record belongs, as its id says.
pub struct Place<'a> {
    /// Id of the source.
    pub source: &'static str,
    /// The account's id.
    pub account: &'a str,
    /// Kind of the record.
    pub kind: &'static Kind,
    /// The native id, in parts.
    pub native_id: &'a [&'a str],
}

/// The record as it may leave.
#[must_use]
pub fn redact(mut record: Record, place: &Place<'_>, privacy: &Privacy) -> Record {
    let judge = Judge { place, privacy };
    if judge.is_clean(&record) {
        return record;
    }
    let mut found = Found::default();
    let mut content = String::with_capacity(record.content.len());
    judge.content(&record.content, &Spot::default(), &mut content, &mut found);
    record.content = content;
    let names_secret =
        |text: &str| found.secrets.iter().fold(String::from(text), |text, one| text.replace(one, WITHHELD));
    let ids: Vec<&str> = place.native_id.iter().copied().chain([place.account, record.subject.id.as_str()]).collect();
    let sentence = |text: &str| {
        let is_odd = |id: &&&str| id.len() > 3 && holds_secret(id);
        let text = ids.iter().filter(is_odd).fold(String::from(text), |text, id| text.replace(*id, &judge.id(id)));
        judge.sentence(&names_secret(&text))
    };
    (record.title, record.subject.name) = (sentence(&record.title), record.subject.name.as_deref().map(sentence));
    record.subject.id = judge.id(&record.subject.id).into_owned();
    let native: Vec<_> = place.native_id.iter().map(|part| judge.id(part)).collect();
    let native: Vec<&str> = native.iter().map(AsRef::as_ref).collect();
    record.id = record_id(place.source, &judge.id(place.account), place.kind.id, &native);
    for provenance in &mut record.provenance {
        provenance.request = judge.request(&provenance.request);
        provenance.request_id = provenance.request_id.as_deref().map(|id| judge.sentence(id));
    }
    for withheld in &mut record.withheld {
        withheld.pointer = judge.pointer(&withheld.pointer);
    }
    record.withheld.extend(found.withheld);
    record.withheld.sort();
    record.withheld.dedup();
    record
}

/// What was met in a content.
#[derive(Default)]
struct Found {
    withheld: Vec<Withheld>,
    secrets: Vec<String>,
}

/// A place in a content.
#[derive(Default)]
struct Spot<'a> {
    pointer: String,
    key: &'a str,
}

struct Judge<'a> {
    place: &'a Place<'a>,
    privacy: &'a Privacy,
}

impl Judge<'_> {
    fn is_clean(&self, record: &Record) -> bool {
        let requests = record.provenance.iter().flat_map(|one| [Some(one.request.as_str()), one.request_id.as_deref()]);
        let mut texts = [Some(record.title.as_str()), Some(record.subject.id.as_str()), record.subject.name.as_deref()]
            .into_iter()
            .chain(requests)
            .flatten()
            .chain(self.place.native_id.iter().copied().chain([self.place.account]))
            .chain(record.withheld.iter().map(|withheld| withheld.pointer.as_str()));
        texts.all(|text| self.is_clean_text(text)) && strings(&record.content).all(|raw| self.is_clean_raw(raw))
    }

    fn is_clean_text(&self, text: &str) -> bool {
        !holds_secret(text) && self.person(text).is_none()
    }

    /// A string as it stands in JSON, between its quotes.
    fn is_clean_raw(&self, raw: &str) -> bool {
        if !raw.contains('\\') {
            return self.is_clean_text(raw);
        }
        serde_json::from_str::<String>(&format!("\"{raw}\"")).is_ok_and(|text| self.is_clean_text(&text))
    }

    fn person(&self, text: &str) -> Option<String> {
        self.privacy.without_people(self.place.account, text)
    }

    fn without_person<'t>(&self, text: Cow<'t, str>) -> Cow<'t, str> {
        self.person(&text).map_or(text, Cow::Owned)
    }

    /// An id as it may leave.
    fn id<'t>(&self, text: &'t str) -> Cow<'t, str> {
        if !holds_secret(text) {
            return self.without_person(Cow::Borrowed(text));
        }
        Cow::Owned(digest_of(self.place.account, text))
    }

    fn sentence(&self, text: &str) -> String {
        self.without_person(Cow::Owned(masked_sentence(text))).into_owned()
    }

    /// A path with its query, whose parts may be ids.
    fn request(&self, text: &str) -> String {
        let id = |part: &str| holds_secret(part).then(|| self.id(part).into_owned());
        let text = in_encoded(text, &id).unwrap_or_else(|| text.into());
        let is_border = |c: char| matches!(c, ' ' | '/' | '?' | '&' | '=');
        let mut out = String::new();
        for part in text.split_inclusive(is_border) {
            let bare = part.trim_end_matches(is_border);
            out.push_str(&self.id(bare));
            out.push_str(part.get(bare.len()..).unwrap_or_default());
        }
        self.person(&out).unwrap_or(out)
    }

    /// A pointer, whose parts are names of fields or settings.
    fn pointer(&self, text: &str) -> String {
        let part = |part: &str| self.id(part).into_owned();
        text.split('/').map(part).collect::<Vec<_>>().join("/")
    }

    fn content(&self, json: &str, spot: &Spot<'_>, out: &mut String, found: &mut Found) {
        match json.as_bytes().first() {
            Some(b'{') => self.object(json, spot, out, found),
            Some(b'[') => self.array(json, spot, out, found),
            Some(b'"') => match serde_json::from_str::<String>(json) {
                Ok(text) => push_canonical(out, self.text(&text, spot, found).as_ref()),
                Err(_) => push_canonical(out, WITHHELD),
            },
            _ => out.push_str(json),
        }
    }

    fn text<'t>(&self, text: &'t str, spot: &Spot<'_>, found: &mut Found) -> Cow<'t, str> {
        if !holds_secret(text) {
            return self.without_person(Cow::Borrowed(text));
        }
        if self.place.kind.nature == Nature::Statement {
            return Cow::Owned(self.sentence(text));
        }
        found.withheld.push(Withheld { pointer: spot.pointer.clone(), reason: WithheldReason::Secret });
        if self.is_id(text, spot.key) {
            return self.id(text);
        }
        found.secrets.push(text.into());
        Cow::Borrowed(WITHHELD)
    }

    fn is_id(&self, text: &str, key: &str) -> bool {
        key == "id" || key.ends_with("_id") || key.ends_with("_ids") || self.place.native_id.contains(&text)
    }

    fn array(&self, json: &str, spot: &Spot<'_>, out: &mut String, found: &mut Found) {
        let items = serde_json::from_str::<Vec<&RawValue>>(json).unwrap_or_default();
        out.push('[');
        for (at, item) in items.iter().enumerate() {
            if at > 0 {
                out.push(',');
            }
            let spot = Spot { pointer: format!("{}/{at}", spot.pointer), key: spot.key };
            self.content(item.get(), &spot, out, found);
        }
        out.push(']');
    }

    fn object(&self, json: &str, spot: &Spot<'_>, out: &mut String, found: &mut Found) {
        let members = serde_json::from_str::<BTreeMap<String, &RawValue>>(json).unwrap_or_default();
        // Canonical order is that of UTF-16.
        let mut ordered: BTreeMap<Vec<u16>, (Cow<'_, str>, &str, &RawValue)> = BTreeMap::new();
        for (key, value) in &members {
            let mut shown = self.key(key);
            while ordered.contains_key(&shown.encode_utf16().collect::<Vec<_>>()) {
                shown.to_mut().push('~');
            }
            ordered.insert(shown.encode_utf16().collect(), (shown, key, value));
        }
        for (at, (shown, key, value)) in ordered.values().enumerate() {
            out.push(if at == 0 { '{' } else { ',' });
            push_canonical(out, shown.as_ref());
            out.push(':');
            let escaped = shown.replace('~', "~0").replace('/', "~1");
            self.content(value.get(), &Spot { pointer: format!("{}/{escaped}", spot.pointer), key }, out, found);
        }
        out.push_str(if ordered.is_empty() { "{}" } else { "}" });
    }

    /// A key as it may leave. Keys are names of fields and settings on a list of ours: none is taken for a
    /// person's name.
    fn key<'t>(&self, key: &'t str) -> Cow<'t, str> {
        if key.contains('@') || holds_secret(key) { self.id(key) } else { Cow::Borrowed(key) }
    }
}

/// An id of the account, or the account's own, without a secret in it: what records have in its place.
#[must_use]
pub fn id_without_secret(account: &str, id: &str) -> String {
    if holds_secret(id) { digest_of(account, id) } else { id.into() }
}

/// What stands in place of an id that is a secret.
fn digest_of(account: &str, id: &str) -> String {
    let digest = sha256_hex(format!("{account}\0{id}").as_bytes());
    format!("{WITHHELD}:{}", digest.get(..16).unwrap_or_default())
}

/// A sentence or a name, with `withheld` for each word that is a secret.
#[must_use]
pub fn masked_sentence(text: &str) -> String {
    let text = masked(text);
    // Of what is encoded, only the whole can be masked.
    if holds_secret(&text) { WITHHELD.into() } else { text }
}

/// Whether a text holds a secret, plainly or percent-encoded.
fn holds_secret(text: &str) -> bool {
    is_secret(text)
        || (text.contains('%') && percent_decode_str(text).decode_utf8().is_ok_and(|decoded| is_secret(&decoded)))
}

/// The strings of a canonical JSON text, keys among them, as they stand between their quotes.
fn strings(json: &str) -> impl Iterator<Item = &str> {
    let mut rest = json;
    core::iter::from_fn(move || {
        let (_, after) = rest.split_once('"')?;
        let mut escaped = false;
        let end = after.bytes().position(|byte| {
            let is_end = byte == b'"' && !escaped;
            escaped = byte == b'\\' && !escaped;
            is_end
        })?;
        rest = after.get(end + 1..)?;
        after.get(..end)
    })
}

#[cfg(test)]
mod tests;

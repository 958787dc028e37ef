//! Everything that is known of each thing, from either side. Memory grows with the things that either side names, not
//! with the entries: of changes, only who made them and how often is kept.

use super::types::{self, Type};
use crate::checked::{Checked, Found};
use crate::error::Result;
use serde_json::Value;
use std::collections::BTreeMap;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// All things, by the word of their type and their id.
pub(super) type Things = BTreeMap<(&'static str, String), Thing>;

/// One thing.
#[derive(Debug, Default)]
pub(super) struct Thing {
    /// When it was seen in the account, and the title of its record.
    pub there: Option<(i64, String)>,
    /// The destination that it belongs to, where it is a connection.
    pub group: Option<String>,
    /// When it was created, according to its own stamps.
    pub stamps: Vec<i64>,
    /// Its entries for creations.
    pub created: Vec<Entry>,
    /// Its entries for deletions.
    pub deleted: Vec<Entry>,
    /// Who changed it: how often, first and last.
    pub changed: BTreeMap<Option<String>, (u64, i64, i64)>,
}

impl Thing {
    /// Whether the trail has an entry of it.
    pub fn is_told(&self) -> bool {
        !(self.created.is_empty() && self.deleted.is_empty() && self.changed.is_empty())
    }
}

/// An entry of the trail.
#[derive(Debug)]
pub(super) struct Entry {
    /// In milliseconds since 1970, as stamps are.
    pub at: i64,
    /// In microseconds, as the table has it: what came last.
    pub micros: i64,
    pub user_id: Option<String>,
}

/// How often something came that has no place in [`Things`].
#[derive(Debug, Default)]
pub(super) struct Counts {
    /// Entries, by the type that is not known.
    pub entry_types: BTreeMap<String, u64>,
    /// Stamps, by the type that is not known.
    pub stamp_types: BTreeMap<String, u64>,
    /// Entries, by the action that is not known; an empty one where there is none that could be kept.
    pub actions: BTreeMap<String, u64>,
    /// Entries whose instant or thing cannot be read.
    pub unreadable: u64,
    /// Entries of types that are known.
    pub known: BTreeMap<&'static str, u64>,
}

/// Reads what is in the account, and when it was created.
pub(super) fn read_account(account: &Checked, things: &mut Things, counts: &mut Counts) -> Result<()> {
    let wanted: Vec<&str> = types::kinds().chain(["audit_event"]).collect();
    account.each(&wanted, &mut |found| {
        match types::by_kind(&found.kind) {
            Some(kind) => there(kind, found, things),
            None if text(&found.content, "action") == "CREATE" => stamp(&found.content, things, counts),
            None => {}
        }
        Ok(())
    })
}

fn there(kind: &Type, found: Found, things: &mut Things) {
    let thing = things.entry((kind.word, found.subject_id)).or_default();
    thing.group = found.content.get("group_id").and_then(Value::as_str).map(String::from).or(thing.group.take());
    let seen = instant(&found.observed_at).unwrap_or(i64::MIN);
    // Of a group and its destination, the one that was read first: what came later cannot have been in it.
    if thing.there.as_ref().is_none_or(|(earlier, _)| seen < *earlier) {
        thing.there = Some((seen, found.title));
    }
}

fn stamp(content: &Value, things: &mut Things, counts: &mut Counts) {
    let word = text(content, "primary_resource_type");
    let (Some(kind), Some(at)) = (types::by_word(word), instant(text(content, "captured_at"))) else {
        *counts.stamp_types.entry(word.into()).or_default() += 1;
        return;
    };
    let id = text(content, "primary_resource_id");
    things.entry((kind.word, id.into())).or_default().stamps.push(at);
}

/// Reads the entries of the trail.
pub(super) fn read_trail(trail: &Checked, things: &mut Things, counts: &mut Counts) -> Result<()> {
    trail.each(&["audit_trail_entry"], &mut |found| {
        entry(&found.content, things, counts);
        Ok(())
    })
}

fn entry(content: &Value, things: &mut Things, counts: &mut Counts) {
    let word = text(content, "primary_resource_type");
    if word.is_empty() {
        counts.unreadable += 1;
        return;
    }
    let Some(kind) = types::by_word(word) else {
        *counts.entry_types.entry(word.into()).or_default() += 1;
        return;
    };
    *counts.known.entry(kind.word).or_default() += 1;
    let id = text(content, "primary_resource_id");
    let Some(micros) = micros(text(content, "captured_at")).filter(|_| !id.is_empty()) else {
        counts.unreadable += 1;
        return;
    };
    let at = micros.div_euclid(1000);
    let user_id = content.get("user_id").and_then(Value::as_str).map(String::from);
    let action = text(content, "action").to_ascii_uppercase();
    if !["CREATE", "DELETE", "EDIT"].contains(&action.as_str()) {
        *counts.actions.entry(action).or_default() += 1;
        return;
    }
    let thing = things.entry((kind.word, id.into())).or_default();
    match action.as_str() {
        "CREATE" => thing.created.push(Entry { at, micros, user_id }),
        "DELETE" => thing.deleted.push(Entry { at, micros, user_id }),
        _ => {
            let (times, first, last) = thing.changed.entry(user_id).or_insert((0, at, at));
            (*times, *first, *last) = (*times + 1, at.min(*first), at.max(*last));
        }
    }
}

fn text<'c>(content: &'c Value, name: &str) -> &'c str {
    content.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// Milliseconds since 1970.
pub(super) fn instant(text: &str) -> Option<i64> {
    Some(micros(text)?.div_euclid(1000))
}

/// Microseconds since 1970.
fn micros(text: &str) -> Option<i64> {
    let at = OffsetDateTime::parse(text, &Rfc3339).ok()?;
    i64::try_from(at.unix_timestamp_nanos().div_euclid(1000)).ok()
}

/// RFC 3339 in UTC.
pub(super) fn shown(at: i64) -> String {
    let at = OffsetDateTime::from_unix_timestamp_nanos(i128::from(at) * 1_000_000).ok();
    at.and_then(|at| at.format(&Rfc3339).ok()).unwrap_or_default()
}

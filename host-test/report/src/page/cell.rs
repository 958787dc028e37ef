//! What stands in cells: texts, names, days and ages.

use crate::collection::Collection;
use crate::record::{Record, Stamp, instant};
use time::{OffsetDateTime, UtcOffset};

/// What is said of something that has happened only after the collection.
const TO_COME: &str = "after the collection";
/// Ages, youngest first; then what is no age.
pub(super) const AGES: [&str; 8] = [
    "under 30 days",
    "30 to 89 days",
    "90 to 179 days",
    "180 to 364 days",
    "a year or more",
    "never",
    "not told",
    TO_COME,
];
/// What is left until a date.
pub(super) const LEFT: [&str; 6] = ["passed", "within 30 days", "within 90 days", "later", "never", "not told"];
/// No vendor of ours is as old as this year: what is said to have happened before it is told apart.
const FIRST_YEAR: i32 = 2000;

/// The text at a place; empty where the vendor does not say.
pub(super) fn text(record: &Record, pointer: &str) -> String {
    record.text(pointer).unwrap_or_default().into()
}

/// The name of a thing, with its id where others are called the same; where no name is known its type and id. Only who
/// is not among all the users, and they were read whole, is called unknown.
pub(super) fn name_of(collection: &Collection, kind: &str, id: &str) -> String {
    if id.is_empty() {
        return String::new();
    }
    let names = &collection.names;
    let plain = || {
        let word = kind.to_lowercase().replace('_', " ");
        let is_unknown = word == "user" && collection.is_complete("user") && !names.knows("user", id);
        format!("{}{word} {id}", if is_unknown { "unknown " } else { "" }).trim().into()
    };
    names.called(kind, id).unwrap_or_else(plain)
}

/// The day of something that may never have happened; the text itself where it is no timestamp.
pub(super) fn day(record: &Record, pointer: &str) -> String {
    match record.stamp(pointer) {
        Stamp::At(then) => date(then),
        Stamp::Never => "never".into(),
        Stamp::NotTold => text(record, pointer),
    }
}

/// The day of something that has happened: empty where the vendor does not say when.
pub(super) fn day_of(text: Option<&str>) -> String {
    text.map(|text| instant(text).map_or_else(|| text.into(), date)).unwrap_or_default()
}

/// The day in UTC.
fn date(then: OffsetDateTime) -> String {
    then.to_offset(UtcOffset::UTC).date().to_string()
}

/// The day of an event, or so many letters of it (7 for the month); in words where it is not known, or cannot be.
pub(super) fn period(collection: &Collection, record: &Record, pointer: &str, letters: usize) -> String {
    match record.text(pointer).map(instant) {
        None => "not told".into(),
        Some(None) => "no timestamp".into(),
        Some(Some(then)) if collection.is_to_come(then) => TO_COME.into(),
        Some(Some(then)) if then.to_offset(UtcOffset::UTC).year() < FIRST_YEAR => format!("before {FIRST_YEAR}"),
        Some(Some(then)) => date(then).chars().take(letters).collect(),
    }
}

/// How long ago something that may never have happened was, when the collection began.
pub(super) fn age(collection: &Collection, record: &Record, pointer: &str) -> &'static str {
    let [fresh, month, quarter, half, year, never, untold, to_come] = AGES;
    let then = match record.stamp(pointer) {
        Stamp::At(then) => then,
        Stamp::Never => return never,
        Stamp::NotTold => return untold,
    };
    let Some(now) = collection.as_of() else { return untold };
    match (now - then).whole_days() {
        _ if collection.is_to_come(then) => to_come,
        ..30 => fresh,
        30..90 => month,
        90..180 => quarter,
        180..365 => half,
        _ => year,
    }
}

/// The same for what has happened, whatever the vendor says of when.
pub(super) fn age_of(collection: &Collection, record: &Record, pointer: &str) -> &'static str {
    let [.., never, untold, _] = AGES;
    let age = age(collection, record, pointer);
    if age == never { untold } else { age }
}

/// How much is left until an instant.
pub(super) fn left(collection: &Collection, record: &Record, pointer: &str) -> &'static str {
    let [passed, month, quarter, later, never, untold] = LEFT;
    let then = match record.stamp(pointer) {
        Stamp::At(then) => then,
        Stamp::Never => return never,
        Stamp::NotTold => return untold,
    };
    let Some(now) = collection.as_of() else { return untold };
    match (then - now).whole_days() {
        _ if then <= now => passed,
        ..30 => month,
        30..90 => quarter,
        _ => later,
    }
}

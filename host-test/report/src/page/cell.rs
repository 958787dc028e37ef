//! What stands in cells: texts, names, days and ages.

use crate::collection::Collection;
use crate::record::{Record, instant, is_never};
use time::OffsetDateTime;

/// Ages, youngest first.
pub(super) const AGES: [&str; 6] =
    ["under 30 days", "30 to 89 days", "90 to 179 days", "180 to 364 days", "a year or more", "never, or not told"];
/// What is left until a date.
pub(super) const LEFT: [&str; 5] = ["passed", "within 30 days", "within 90 days", "later", "never, or not told"];

/// The text at a place; empty where the vendor does not say.
pub(super) fn text(record: &Record, pointer: &str) -> String {
    record.text(pointer).unwrap_or_default().into()
}

/// The name of a thing, or that it is not known.
pub(super) fn name_of(collection: &Collection, kind: &str, id: &str) -> String {
    match collection.names.get(kind, id) {
        Some(name) => name.into(),
        None if id.is_empty() => String::new(),
        None => format!("unknown {} {id}", kind.to_lowercase().replace('_', " ")),
    }
}

/// The day of an instant; the text itself where it is none.
pub(super) fn day(text: Option<&str>) -> String {
    let text = text.unwrap_or_default();
    if told(text).is_none() && instant(text).is_some() {
        return "never".into();
    }
    if instant(text).is_some() { text.chars().take(10).collect() } else { text.into() }
}

/// An instant; `None` for the beginning of 1970, by which the vendor means that it never was.
fn told(text: &str) -> Option<OffsetDateTime> {
    instant(text).filter(|_| !is_never(text))
}

/// How long ago an instant was when the collection began.
pub(super) fn age(collection: &Collection, text: Option<&str>) -> &'static str {
    let [fresh, month, quarter, half, year, none] = AGES;
    let (Some(then), Some(now)) = (text.and_then(told), collection.as_of()) else { return none };
    match (now - then).whole_days() {
        ..30 => fresh,
        30..90 => month,
        90..180 => quarter,
        180..365 => half,
        _ => year,
    }
}

/// How much is left until an instant.
pub(super) fn left(collection: &Collection, text: Option<&str>) -> &'static str {
    let [passed, month, quarter, later, none] = LEFT;
    let (Some(then), Some(now)) = (text.and_then(told), collection.as_of()) else { return none };
    match (then - now).whole_days() {
        _ if then <= now => passed,
        ..30 => month,
        30..90 => quarter,
        _ => later,
    }
}

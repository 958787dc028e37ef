//! What a record tells at a place, if it does.

use crate::record::{Record, instant, is_below_null, is_never};
use serde_json::Value;
use std::borrow::Cow;
use time::OffsetDateTime;

/// What a record tells at a place.
pub(super) enum Told<'v> {
    /// A value.
    Value(&'v Value),
    /// Null, or the epoch, which stands for "never".
    Null,
    /// It is absent, was withheld or not read, or the vendor does not say; which of them, in words.
    Unknown(String),
}

/// A record, or an item of a list in it, from which pointers count.
pub(super) struct Scope<'r> {
    pub record: &'r Record,
    value: &'r Value,
    base: String,
}

impl<'r> Scope<'r> {
    /// A record as a whole.
    pub fn of(record: &'r Record) -> Self {
        Self { record, value: &record.content, base: String::new() }
    }

    /// An item of the list at a pointer.
    pub fn item<'v>(&'v self, at: &str, number: usize, item: &'v Value) -> Scope<'v> {
        Scope { record: self.record, value: item, base: format!("{}{at}/{number}", self.base) }
    }

    /// The pointer from the record's content on.
    pub fn place<'a>(&self, at: &'a str) -> Cow<'a, str> {
        if self.base.is_empty() { at.into() } else { format!("{}{at}", self.base).into() }
    }

    /// What stands at a pointer.
    pub fn read(&self, at: &str) -> Told<'r> {
        let place = self.place(at);
        if let Some(withheld) = self.record.withheld_at(&place) {
            return Told::Unknown(format!("{place}: withheld ({})", withheld.reason.replace('_', " ")));
        }
        if let Some(details) = self.record.text("/details").filter(|details| *details != "read" && is_detail(&place)) {
            return Told::Unknown(format!("{place}: the details were not read ({})", details.replace('_', " ")));
        }
        match self.value.pointer(at) {
            None if is_below_null(self.value, at) => Told::Unknown(format!("{place}: the vendor does not say")),
            None => Told::Unknown(format!("{place}: not told: the record has no such field")),
            Some(Value::Null) => Told::Null,
            Some(Value::String(text)) if is_never(text) => Told::Null,
            Some(value) => Told::Value(value),
        }
    }

    /// The timestamp at a pointer, or why there is none.
    pub fn instant(&self, at: &str) -> Result<OffsetDateTime, String> {
        match self.read(at) {
            Told::Unknown(why) => Err(why),
            Told::Null => Err(format!("{}: the vendor does not say", self.place(at))),
            Told::Value(value) => {
                value.as_str().and_then(instant).ok_or_else(|| format!("{}: {value} is no timestamp", self.place(at)))
            }
        }
    }
}

/// Whether it stands in what a vendor tells only in the details of one item: see `details` in the kinds' schemas.
fn is_detail(place: &str) -> bool {
    place.starts_with("/settings") || place.starts_with("/setup_tests")
}

//! What kept something from being read, in words fit for matching and in plain ones.

use crate::base::{counted, is_default};
use alloc::format;
use alloc::string::String;
use serde::{Deserialize, Serialize};

/// What kept something from being read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Cause {
    /// 403.
    Forbidden,
    /// 404 for a list, or for a part of an item that is there, or 403 for a preview: not offered to this account.
    NotAvailable,
    /// An answer of no use, again and again.
    Upstream,
    /// A list that turned in circles or would not end.
    EndlessList,
    /// A list that changed while it was read, so that items may repeat or be missing.
    ListChanged,
    /// Items without an id, or not objects.
    Unreadable,
    /// What was noted on the way did not fit into the cursor.
    Forgotten,
    /// A setting switches it off.
    Off,
    /// The vendor does not tell something that the verdict rests on.
    Unknown,
    /// Items of one id and different content.
    Conflict,
    /// A page that seems to have another one after it, which the vendor does not name as documented.
    UnknownPaging,
    /// Older than what the vendor lets one read.
    OutOfReach,
    /// Items that have no id to ask with.
    NoId,
    /// A part for which every item was gone: more likely, the vendor has changed its API.
    AllGone,
}

impl Cause {
    /// Stable name, fit for matching.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Forbidden => "refused",
            Self::NotAvailable => "not-offered",
            Self::Upstream => "no-usable-answer",
            Self::EndlessList => "endless-list",
            Self::ListChanged => "list-changed",
            Self::Unreadable => "unreadable-items",
            Self::Forgotten => "forgotten",
            Self::Off => "off-by-setting",
            Self::Unknown => "not-told",
            Self::Conflict => "conflicting-items",
            Self::UnknownPaging => "unknown-paging",
            Self::OutOfReach => "out-of-reach",
            Self::NoId => "no-usable-id",
            Self::AllGone => "all-gone",
        }
    }
}

/// One reason why a kind is short. Short names, as it travels in the cursor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// What it was.
    #[serde(rename = "c")]
    pub cause: Cause,
    /// Which endpoint.
    #[serde(rename = "a")]
    pub at: String,
    /// The permission that was missing, the setting that switches it off, what is not told, from which page on, or the
    /// status that says that it is not offered where that is not 404.
    #[serde(rename = "d", default, skip_serializing_if = "is_default")]
    pub detail: Option<String>,
    /// How often.
    #[serde(rename = "n", default, skip_serializing_if = "is_default")]
    pub count: u64,
    /// For how many further items it was not read for that reason.
    #[serde(rename = "s", default, skip_serializing_if = "is_default")]
    pub skipped: u64,
    /// Whether a whole list is missing, rather than something about single items.
    #[serde(rename = "w", default, skip_serializing_if = "is_default")]
    pub whole_list: bool,
    /// Whether the settings accept it.
    #[serde(rename = "k", default, skip_serializing_if = "is_default")]
    pub accepted: bool,
}

impl Problem {
    /// Something about a whole list.
    #[must_use]
    pub fn of_list(cause: Cause, at: &str) -> Self {
        Self { whole_list: true, ..Self::of_items(cause, at, 1) }
    }

    /// Something about so many items.
    #[must_use]
    pub fn of_items(cause: Cause, at: &str, count: u64) -> Self {
        Self { cause, at: at.into(), detail: None, count, skipped: 0, whole_list: false, accepted: false }
    }

    /// The same with a permission, a setting, or what is not told.
    #[must_use]
    pub fn with(self, detail: Option<String>) -> Self {
        Self { detail, ..self }
    }

    /// The problem in plain words.
    #[must_use]
    pub fn sentence(&self) -> String {
        let Self { at, count, detail, .. } = self;
        let (reading, detail) = (reading(at), detail.as_deref());
        let times = if *count == 1 { String::new() } else { format!(" ({count} times)") };
        let items = |number: u64| counted(number, "item");
        let main = match self.cause {
            Cause::Forbidden => match detail {
                Some(permission) => format!("{reading} was refused{times}: {permission} is missing"),
                None => format!("{reading} was refused{times}; the answer names no permission"),
            },
            Cause::NotAvailable if self.whole_list => match detail {
                Some(why) => format!("no {at} can be read: {why}"),
                None => format!("{reading} is not offered to this account"),
            },
            Cause::NotAvailable => {
                let status = detail.unwrap_or("404");
                let exist = if *count == 1 { "exists" } else { "exist" };
                format!("{reading} answered {status} for {} that {exist}", items(*count))
            }
            Cause::NoId => format!("{reading} could not be called for {} without a usable id", items(*count)),
            Cause::Upstream => match detail {
                Some(page) => format!("{reading} gave no usable answer from {page} on"),
                None => format!("{reading} gave no usable answer{times}"),
            },
            Cause::EndlessList => format!("{reading} did not come to an end"),
            Cause::ListChanged if detail.is_some() => {
                format!("{reading} changed while it was read: {}", detail.unwrap_or_default())
            }
            Cause::ListChanged => {
                format!("{reading} may have changed while it was read{times}: items may repeat, or be missing")
            }
            Cause::Unreadable => format!("{} of {reading} could not be read", items(*count)),
            Cause::Forgotten if at.is_empty() => "there were more problems than fit into the cursor".into(),
            Cause::Forgotten => format!("{at}: more than fits into the cursor"),
            Cause::Off => {
                let setting = detail.unwrap_or("a setting");
                format!("{reading} is switched off by {setting} ({})", items(*count))
            }
            Cause::Unknown => match detail {
                Some(what) if at.starts_with('/') => format!("{reading} does not say {what} (for {})", items(*count)),
                Some(what) => format!("{} does not say {what}", answering(at)),
                None => format!(
                    "{reading} was not called for {}, of which it is not known whether it is needed",
                    items(*count)
                ),
            },
            Cause::Conflict => format!("{reading} gave {} under the id of another, with other content", items(*count)),
            Cause::UnknownPaging => {
                format!("{reading} seems to have further pages, which it does not name as documented")
            }
            Cause::AllGone => format!("every item was gone by the time {reading} was called for it"),
            Cause::OutOfReach => format!("{reading} was not read before {}", detail.unwrap_or("what it reaches")),
        };
        match self.skipped {
            0 => main,
            1 => format!("{main}; it was then not called for 1 more item"),
            more => format!("{main}; it was then not called for {more} more items"),
        }
    }
}

/// What answered, in plain words.
#[must_use]
pub fn answering(at: &str) -> String {
    if at.starts_with('/') { format!("GET {at}") } else { at.into() }
}

/// What was asked, in plain words: what is no path is a name of something that is read.
#[must_use]
pub fn reading(at: &str) -> String {
    if at.starts_with('/') { format!("GET {at}") } else { format!("reading {at}") }
}

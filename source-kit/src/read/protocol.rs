//! What differs from vendor to vendor in reading an API.

use super::data::{Opened, Page, Shape};
use crate::base::urn::encoded;
use crate::base::world::{Ask, Response};
use alloc::borrow::Cow;
use alloc::format;
use alloc::string::String;

/// How a vendor's API is asked and how its answers are judged.
pub trait Protocol {
    /// The vendor's product, as messages name it.
    const VENDOR: &'static str;
    /// Where answers come from, as messages name it: the one host, for a source that has one.
    const HOST: &'static str;
    /// Value of `Accept`.
    const ACCEPT: &'static str = "application/json";
    /// All requests in an hour that the vendor allows an account, all of its tools together.
    const QUOTA_PER_HOUR: u32;

    /// The longest cursor of a list, in bytes as JSON has them. Up to four of them travel in the cursor of a collection,
    /// which is at most 16 KiB.
    const LONGEST_CURSOR: usize = 320;

    /// The source's own settings, some of which may say where and how to ask.
    type Settings: Clone;

    /// The host that these settings lead to.
    #[must_use]
    fn host(_settings: &Self::Settings) -> Cow<'_, str> {
        Self::HOST.into()
    }

    /// What is sent for a request of the table of resources: a path and a query, as [`Self::page_query`] made it.
    #[must_use]
    fn ask(_settings: &Self::Settings, request: &str) -> Ask {
        Ask::get(Self::HOST, request)
    }

    /// What an answer that will not be tried again says, where that is not what its status says.
    #[must_use]
    fn told(_settings: &Self::Settings, _asked: Asked<'_>, _response: &Response, _shape: Shape) -> Told {
        Told::ByStatus
    }

    /// Finds the data in the text of an answer with status 200 of which [`Self::told`] says no more.
    ///
    /// # Errors
    /// What is wrong with the answer, in plain words and without quoting it.
    fn open(_text: &str, _shape: Shape) -> Result<Opened, &'static str> {
        Err("nothing is known of such an answer")
    }

    /// The vendor's code for an error, if the body has one that is fit to be shown.
    #[must_use]
    fn error_code(_body: &[u8]) -> Option<String> {
        None
    }

    /// The permission that a refusal names.
    #[must_use]
    fn missing_permission(_body: &[u8]) -> Option<String> {
        None
    }

    /// The query that asks for a page.
    #[must_use]
    fn page_query(page: &Page<'_>) -> String {
        match page.cursor {
            Some(cursor) => format!("limit={}&cursor={}", page.limit, encoded(cursor)),
            None => format!("limit={}", page.limit),
        }
    }
}

/// What was asked, in both forms.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// The request of the table of resources.
    pub request: &'a str,
    /// What was sent for it.
    pub ask: &'a Ask,
}

/// What an answer says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Told {
    /// What its status says: see the table in `client.rs`.
    ByStatus,
    /// These data, whatever its status, in a text that was made of the answer.
    Data(String, Opened),
    /// Nothing yet: ask this next, after so many milliseconds.
    Later(Ask, u64),
    /// Nothing any more: ask this anew, after so many milliseconds; a few times at most.
    Again(Ask, u64),
    /// The credentials are not accepted.
    Unauthorized,
    /// A permission is missing; its name where the vendor said it.
    Forbidden(Option<String>),
    /// There is no such thing, or it does not show: the vendor's code for that.
    Missing(String),
    /// It is of no use, for a reason in plain words that quotes nothing of it.
    Broken(&'static str),
}

//! What differs from vendor to vendor in reading an API.

use super::data::{Data, Shape};
use crate::base::urn::encoded;
use alloc::format;
use alloc::string::String;

/// How a vendor's API is asked and how its answers are judged.
pub trait Protocol {
    /// The vendor's product, as messages name it.
    const VENDOR: &'static str;
    /// The one host that is ever called.
    const HOST: &'static str;
    /// Value of `Accept`.
    const ACCEPT: &'static str = "application/json";
    /// All requests in an hour that the vendor allows an account, all of its tools together.
    const QUOTA_PER_HOUR: u32;

    /// Finds the data in the text of an answer with status 200.
    ///
    /// # Errors
    /// What is wrong with the answer, in plain words and without quoting it.
    fn open(text: &str, shape: Shape) -> Result<Data, &'static str>;

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

    /// The query that asks for a page: so many items, from `cursor` on.
    #[must_use]
    fn page_query(limit: u32, cursor: Option<&str>) -> String {
        match cursor {
            Some(cursor) => format!("limit={limit}&cursor={}", encoded(cursor)),
            None => format!("limit={limit}"),
        }
    }
}

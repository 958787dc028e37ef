//! Whose account it is, and under whose authority it is read.

use alloc::string::String;
use serde::{Deserialize, Serialize};

/// Longest id, name or role that is remembered, in bytes: they travel in the cursor, which is bounded.
const MAX_BYTES: usize = 256;

/// Whether a text of the vendor's may travel in the cursor as an id or a name.
#[must_use]
pub fn fits(text: &str) -> bool {
    !text.is_empty() && is_at_most(text, MAX_BYTES)
}

/// Whether a text takes at most so many bytes in the cursor, which is JSON. None with control characters does:
/// they would take six times their length there, and no id, name or cursor of a list has any.
#[must_use]
pub fn is_at_most(text: &str, bytes: usize) -> bool {
    let escaped = text.bytes().filter(|byte| matches!(byte, b'"' | b'\\')).count();
    text.len() + escaped <= bytes && !text.chars().any(char::is_control)
}

/// What a collection has to remember of the answer that named the account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// The account's id.
    pub account: String,
    /// The account's name.
    pub name: Option<String>,
    /// The user whose key is used.
    pub user: Option<String>,
    /// The key of the account that is used, where keys need not belong to a user.
    pub system_key: Option<String>,
}

impl Identity {
    /// As much of it as [`fits`]; `None` when the account's id does not.
    #[must_use]
    pub fn kept(self) -> Option<Self> {
        let kept = |text: Option<String>| text.filter(|text| fits(text));
        fits(&self.account).then(|| Self {
            account: self.account,
            name: kept(self.name),
            user: kept(self.user),
            system_key: kept(self.system_key),
        })
    }
}

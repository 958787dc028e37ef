//! Whose account it is, and under whose authority it is read.

use super::own;
use super::privacy::Privacy;
use super::redact::id_without_secret;
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

    /// Hides the people in its name, where the settings hide them.
    pub fn hide_people(&mut self, privacy: &Privacy) {
        if let Some(name) = &mut self.name
            && let Some(without) = privacy.without_people(&self.account, name)
        {
            *name = without;
        }
    }

    /// The same without the secrets in it, those of the source itself among them: it travels in the cursor.
    #[must_use]
    pub fn without_secrets(self, forms: &[String]) -> Self {
        let account = id_without_secret(&self.account, &own::masked(self.account.clone(), forms));
        let id = |id: String| id_without_secret(&account, &own::masked(id, forms));
        Self {
            name: self.name.map(|name| own::without_secrets(name, forms)),
            user: self.user.map(id),
            system_key: self.system_key.map(id),
            account,
        }
    }
}

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_takes_more_bytes_in_json_counts_so() {
        assert!(is_at_most("abcd", 4) && !is_at_most("abcde", 4) && is_at_most("", 0));
        assert!(is_at_most("a\"\\", 5) && !is_at_most("a\"\\", 4) && !is_at_most("é", 1));
        assert!(!is_at_most("a\n", 100) && !fits("") && fits("a") && fits(&"a".repeat(256)) && !fits(&"a".repeat(257)));
    }

    #[test]
    fn an_identity_keeps_what_fits_and_no_secret() {
        let text = |text: &str| Some(String::from(text));
        let whole = Identity { account: "acc".into(), name: text("Acme"), user: text("me"), system_key: None };
        assert_eq!(whole.clone().kept(), Some(whole.clone()));
        assert_eq!(whole.clone().without_secrets(&[String::from("0123456789")]), whole);
        assert_eq!(Identity { account: "".into(), ..whole.clone() }.kept(), None);
        let odd = Identity { name: text(&"n".repeat(257)), user: text(""), system_key: text("a\n"), ..whole.clone() };
        assert_eq!(odd.kept(), Some(Identity { account: "acc".into(), name: None, user: None, system_key: None }));
        let told = Identity { name: text("Acme root:pw@db 0123456789"), user: text("u0123456789"), ..whole };
        let told = told.without_secrets(&[String::from("0123456789")]);
        assert_eq!((told.name.as_deref(), told.user.as_deref()), (Some("Acme withheld withheld"), Some("uwithheld")));
    }
}

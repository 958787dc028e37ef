//! Personal data: kept as it is, or replaced by a keyed hash that still tells people apart.

use super::fold;
use super::people::{People, in_encoded, without_addresses};
use crate::base::digest::hex;
use alloc::borrow::Cow;
use alloc::format;
use alloc::rc::Rc;
use alloc::string::String;
use core::cell::RefCell;
use hmac::{Hmac, Mac};
use sha2::Sha256;

/// What happens to e-mail addresses and names of people.
#[derive(Clone, PartialEq, Eq, Default)]
pub enum Privacy {
    /// They are kept.
    #[default]
    Full,
    /// They become `hmac-sha256:` and 64 hexadecimal digits: HMAC-SHA-256 under a key over the account id, a
    /// zero byte and the text. Without the key nobody can try names out.
    Hashed(Hashing),
}

/// How people are hashed, and who they are.
#[derive(Clone, PartialEq, Eq)]
pub struct Hashing {
    key: String,
    /// Who is looked for in texts; known only once their list was read, and to this instance only.
    people: RefCell<Rc<People>>,
}

/// What happens to texts that people write and nobody checks: descriptions, names of keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum FreeText {
    /// They are left out and listed as withheld: anything may stand in them.
    #[default]
    Withheld,
    /// They are kept.
    Kept,
}

impl FreeText {
    /// The word that the setting has for it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Withheld => "withheld",
            Self::Kept => "kept",
        }
    }
}

impl Privacy {
    /// The hashed mode, under a key.
    #[must_use]
    pub fn hashed(key: &str) -> Self {
        Self::Hashed(Hashing { key: key.into(), people: RefCell::default() })
    }

    /// Remembers whose names must not show. In the other mode nobody has to be known.
    pub fn learn(&self, people: People) {
        if let Self::Hashed(hashing) = self {
            *hashing.people.borrow_mut() = Rc::new(people);
        }
    }

    /// A person's name or e-mail address as it may be kept. Addresses are folded to small letters and one form
    /// of accents, so that one person is one hash.
    #[must_use]
    pub fn person<'a>(&self, account: &str, text: &'a str) -> Cow<'a, str> {
        match self {
            Self::Full => Cow::Borrowed(text),
            Self::Hashed(hashing) if text.contains('@') => Cow::Owned(hashing.hash(account, &fold::address(text))),
            Self::Hashed(hashing) => Cow::Owned(hashing.hash(account, text)),
        }
    }

    /// A text without the people in it, or `None` when there are none or they may be shown: each e-mail address and
    /// each name of a known person is replaced by its hash, where it is percent-encoded too.
    #[must_use]
    pub fn without_people(&self, account: &str, text: &str) -> Option<String> {
        let Self::Hashed(hashing) = self else { return None };
        let people = Rc::clone(&hashing.people.borrow());
        let hash = |text: &str| hashing.hash(account, text);
        let plain = |text: &str| {
            let once = without_addresses(text, &hash);
            let twice = people.replaced(once.as_deref().unwrap_or(text), &hash);
            twice.or(once)
        };
        let decoded = in_encoded(text, &plain);
        plain(decoded.as_deref().unwrap_or(text)).or(decoded)
    }

    /// Whether people's names may appear in titles and subjects.
    #[must_use]
    pub fn shows_people(&self) -> bool {
        matches!(self, Self::Full)
    }
}

impl Hashing {
    /// A keyed mark that tells one key from another and nothing of either.
    pub(super) fn mark(&self) -> String {
        let mark = Hmac::<Sha256>::new_from_slice(self.key.as_bytes()).map(|mut mac| {
            mac.update(b"compliance:source personal_data_key");
            hex(&mac.finalize().into_bytes())
        });
        mark.unwrap_or_default()
    }

    fn hash(&self, account: &str, text: &str) -> String {
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(self.key.as_bytes()) else {
            return "withheld".into(); // HMAC takes keys of any length.
        };
        mac.update(account.as_bytes());
        mac.update(&[0]);
        mac.update(text.as_bytes());
        format!("hmac-sha256:{}", hex(&mac.finalize().into_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::people::Person;

    #[test]
    fn hashes_by_key_and_account() {
        let one = Privacy::hashed("kkkkkkkkkkkkkkkk");
        let other = Privacy::hashed("llllllllllllllll");
        let hash = one.person("acc", "ada@example.com");
        assert!(hash.starts_with("hmac-sha256:") && hash.len() == 76, "{hash}");
        assert_eq!(hash, one.person("acc", "ada@example.com"));
        assert_eq!(hash, one.person("acc", "Ada@Example.com"), "one person is one hash");
        assert_ne!(hash, one.person("acc2", "ada@example.com"));
        assert_ne!(hash, other.person("acc", "ada@example.com"));
        assert_eq!(Privacy::Full.person("acc", "ada@example.com"), "ada@example.com");
    }

    #[test]
    fn nobody_is_left_in_a_text_and_hashes_stay() {
        let privacy = Privacy::hashed("kkkkkkkkkkkkkkkk");
        let without = |text: &str| privacy.without_people("acc", text);
        let ada = privacy.person("acc", "ada.byron@example.com").into_owned();
        assert_eq!(without("Ada.Byron@example.com's").as_deref(), Some(format!("{ada}'s").as_str()));
        assert_eq!(without("Ada Byron"), None, "nobody is known yet");
        let mut people = People::default();
        let text = |text: &str| Some(text.into());
        let person =
            Person { email: text("ada.byron@example.com"), given_name: text("Ada"), family_name: text("Byron") };
        people.add(&person);
        privacy.learn(people);
        assert_eq!(without("ada byron").as_deref(), Some(ada.as_str()));
        assert_eq!(
            without("/v1/x/Ada%20Byron").as_deref(),
            Some(format!("/v1/x/{}", ada.replace(':', "%3A")).as_str())
        );
        assert_eq!(without("Byron"), Some(privacy.person("acc", "Byron").into_owned()));
        assert_eq!(without(&ada), None);
        assert_eq!(Privacy::Full.without_people("acc", "Ada.Byron@example.com"), None);
    }
}

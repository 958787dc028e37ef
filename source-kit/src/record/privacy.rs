//! Personal data: kept as it is, or replaced by a keyed hash that still tells people apart.

use crate::base::digest::hex;
use alloc::borrow::Cow;
use alloc::format;
use alloc::string::String;
use hmac::{Hmac, Mac};
use sha2::Sha256;

/// What happens to e-mail addresses and names of people.
#[derive(Clone, PartialEq, Eq, Default)]
pub enum Privacy {
    /// They are kept.
    #[default]
    Full,
    /// They become `hmac-sha256:` and 64 hexadecimal digits: HMAC-SHA-256 under this key over the
    /// account id, a zero byte and the text. Without the key nobody can try names out.
    Hashed(String),
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
    /// The text as it may be kept.
    #[must_use]
    pub fn person<'a>(&self, account: &str, text: &'a str) -> Cow<'a, str> {
        match self {
            Self::Full => Cow::Borrowed(text),
            Self::Hashed(key) => {
                let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key.as_bytes()) else {
                    return Cow::Borrowed("withheld"); // HMAC takes keys of any length.
                };
                mac.update(account.as_bytes());
                mac.update(&[0]);
                mac.update(text.as_bytes());
                Cow::Owned(format!("hmac-sha256:{}", hex(&mac.finalize().into_bytes())))
            }
        }
    }

    /// Whether people's names may appear in titles and subjects.
    #[must_use]
    pub fn shows_people(&self) -> bool {
        matches!(self, Self::Full)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_by_key_and_account() {
        let one = Privacy::Hashed("k".repeat(16));
        let other = Privacy::Hashed("l".repeat(16));
        let hash = one.person("acc", "ada@example.com");
        assert!(hash.starts_with("hmac-sha256:") && hash.len() == 76, "{hash}");
        assert_eq!(hash, one.person("acc", "ada@example.com"));
        assert_ne!(hash, one.person("acc2", "ada@example.com"));
        assert_ne!(hash, other.person("acc", "ada@example.com"));
        assert_eq!(Privacy::Full.person("acc", "ada@example.com"), "ada@example.com");
    }
}

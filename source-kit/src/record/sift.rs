//! What is kept of free-form settings, such as those of a connection.
//!
//! An allow-list, in three steps: a setting is kept by value only when its name is on the list, its
//! name does not sound like a secret, and its value is a plain short one that is not masked.
//! Everything else is listed as withheld, by name. An allow-listed name never overrules a mark of
//! secrecy, whoever made it.

use super::emit::Emit;
use super::secrets::is_secret;
use crate::base::model::{Withheld, WithheldReason};
use crate::read::node::Node;
use crate::read::wire::{Field, FreeForm};
use alloc::borrow::Cow;
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

/// Which settings are which. Names in lower case.
#[derive(Clone, Copy, Debug)]
pub struct Lists {
    /// Settings kept by value.
    pub kept: &'static [&'static str],
    /// Of these, the ones that name a person or a login.
    pub personal: &'static [&'static str],
    /// A name that contains one of these words is a secret, whatever list it is on.
    pub secret_words: &'static [&'static str],
    /// Kept settings whose names sound like a secret and are none.
    pub not_secret: &'static [&'static str],
    /// Names that the vendor itself marks as secret, one a line.
    pub marked_secret: &'static str,
}

/// Values longer than this are not settings but contents.
const MAX_TEXT: usize = 512;

/// Settings kept by value, in canonical order.
pub type Kept<'a> = BTreeMap<&'a str, Node<'a>>;

impl Lists {
    /// Sifts a config. `None` when there is none. Withheld settings are added to `withheld` by name,
    /// below `/config`.
    pub fn sift<'a>(
        &self,
        config: &'a Field<FreeForm<'_>>,
        out: &Emit<'_>,
        withheld: &mut Vec<Withheld>,
    ) -> Option<Kept<'a>> {
        let mut kept = Kept::new();
        for (name, value) in &config.get()?.0 {
            match self.keep(name, value, out) {
                Ok(Some(value)) => {
                    kept.insert(name, value);
                }
                Ok(None) => {}
                Err(reason) => withheld.push(Withheld { pointer: format!("/config/{}", escape(name)), reason }),
            }
        }
        Some(kept)
    }

    /// The value as it is kept; `Ok(None)` for null, which says nothing.
    fn keep<'a>(&self, name: &str, value: &'a Node<'_>, out: &Emit<'_>) -> Result<Option<Node<'a>>, WithheldReason> {
        if *value == Node::Null {
            return Ok(None);
        }
        let lower = name.to_ascii_lowercase();
        let sounds_secret = self.secret_words.iter().any(|word| lower.contains(word)) || self.marks_secret(&lower);
        if is_masked(value) || (sounds_secret && !self.not_secret.contains(&lower.as_str())) {
            return Err(WithheldReason::Secret);
        }
        if !self.kept.contains(&lower.as_str()) {
            return Err(WithheldReason::UnknownSetting);
        }
        match value {
            Node::Array(items) => items
                .iter()
                .map(|item| self.keep_plain(&lower, item, out))
                .collect::<Result<Vec<_>, _>>()
                .map(|items| Some(Node::Array(items))),
            value => self.keep_plain(&lower, value, out).map(Some),
        }
    }

    fn keep_plain<'a>(&self, name: &str, value: &'a Node<'_>, out: &Emit<'_>) -> Result<Node<'a>, WithheldReason> {
        match value {
            Node::Bool(value) => Ok(Node::Bool(*value)),
            Node::Int(value) => Ok(Node::Int(*value)),
            Node::Float(value) => Ok(Node::Float(*value)),
            Node::Text(text) if is_secret(text) => Err(WithheldReason::Secret),
            Node::Text(text) if text.len() <= MAX_TEXT => {
                Ok(Node::Text(if self.personal.contains(&name) { out.person(text) } else { Cow::Borrowed(text) }))
            }
            _ => Err(WithheldReason::UnknownSetting),
        }
    }

    /// Whether the vendor itself marks a setting as secret.
    #[must_use]
    pub fn marks_secret(&self, name: &str) -> bool {
        self.marked_secret.lines().any(|line| line == name)
    }
}

/// Vendors mask secrets as stars.
fn is_masked(value: &Node<'_>) -> bool {
    value.text().is_some_and(|text| text.len() >= 3 && text.bytes().all(|byte| byte == b'*'))
}

/// RFC 6901.
fn escape(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

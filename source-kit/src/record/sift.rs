//! What is kept of free-form settings, such as those of a connection.
//!
//! An allow-list, in four steps: a setting is kept by value only when its name is on the list, its
//! name does not sound like a secret, its value has the shape that the list names for it, and that
//! has not the form of a secret. Everything else is listed as withheld, by name. An allow-listed name
//! never overrules a mark of secrecy, whoever made it.

use super::emit::Emit;
use super::secrets::is_secret;
use super::shape::{Fit, Shape};
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
    /// Settings kept by value, and what their values look like.
    pub kept: &'static [(&'static str, Shape)],
    /// A name that contains one of these words is a secret, whatever list it is on.
    pub secret_words: &'static [&'static str],
    /// Kept settings whose names sound like a secret and are none.
    pub not_secret: &'static [&'static str],
    /// Names that the vendor itself marks as secret, one a line.
    pub marked_secret: &'static str,
}

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
            let pointer = format!("/config/{}", escape(name));
            if let Some(value) = self.keep(name, value, out, Place(&pointer, &mut *withheld)) {
                kept.insert(name, value);
            }
        }
        Some(kept)
    }

    /// The value as it is kept; null says nothing, and is neither kept nor withheld.
    fn keep<'a>(&self, name: &str, value: &'a Node<'_>, out: &Emit<'_>, mut place: Place<'_>) -> Option<Node<'a>> {
        if *value == Node::Null {
            return None;
        }
        let lower = name.to_ascii_lowercase();
        let sounds_secret = self.secret_words.iter().any(|word| lower.contains(word)) || self.marks_secret(&lower);
        if is_masked(value) || (sounds_secret && !self.not_secret.contains(&lower.as_str())) {
            return place.withhold(WithheldReason::Secret);
        }
        let Some((_, shape)) = self.kept.iter().find(|(kept, _)| *kept == lower) else {
            return place.withhold(WithheldReason::UnknownSetting);
        };
        let Node::Array(items) = value else { return keep_plain(*shape, value, out, place) };
        let mut kept = Vec::new();
        for (index, item) in items.iter().enumerate() {
            let pointer = format!("{}/{index}", place.0);
            kept.extend(keep_plain(*shape, item, out, Place(&pointer, &mut *place.1)));
        }
        // An empty list says that there are none.
        (items.is_empty() || !kept.is_empty()).then_some(Node::Array(kept))
    }

    /// Whether the vendor itself marks a setting as secret.
    #[must_use]
    pub fn marks_secret(&self, name: &str) -> bool {
        self.marked_secret.lines().any(|line| line == name)
    }
}

/// Where a value stands, and the list of what is withheld.
struct Place<'p>(&'p str, &'p mut Vec<Withheld>);

impl Place<'_> {
    fn withhold<'a>(&mut self, reason: WithheldReason) -> Option<Node<'a>> {
        self.1.push(Withheld { pointer: self.0.into(), reason });
        None
    }
}

/// Judges a value that is no list by its shape, and what would be kept of it by the forms of secrets.
fn keep_plain<'a>(shape: Shape, value: &'a Node<'_>, out: &Emit<'_>, mut place: Place<'_>) -> Option<Node<'a>> {
    let fit = shape.fit(value);
    let judged = if let Fit::Part(kept) = &fit { kept } else { value };
    if judged.text().is_some_and(is_secret) {
        return place.withhold(WithheldReason::Secret);
    }
    match fit {
        Fit::Whole(Node::Text(text)) if shape == Shape::Login => {
            Some(Node::Text(Cow::Owned(out.person(&text).into_owned())))
        }
        Fit::Whole(value) => Some(value),
        Fit::Part(value) => {
            // The rest of a URL can hold a credential.
            let _ = place.withhold(WithheldReason::Secret);
            Some(value)
        }
        // User info, with or without a scheme before it.
        Fit::Not if value.text().is_some_and(|text| text.contains('@')) => place.withhold(WithheldReason::Secret),
        Fit::Not => place.withhold(WithheldReason::UnknownSetting),
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

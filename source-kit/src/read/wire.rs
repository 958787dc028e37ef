//! How a vendor's JSON is read: leniently field by field, strictly about what is kept.
//!
//! A field is absent, null, what it should be, or something odd. An odd field never breaks an
//! item: it is reported as drift and the rest is kept. Numbers and booleans that come as strings
//! (and the reverse) are read as what they say. Unknown fields are skipped and reported.

pub use super::field::{Field, Known, Text};
use super::node::Node;
use alloc::borrow::Cow;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

/// Where drift is reported: JSON pointer below the item (`*` for any element), and what is odd.
pub type Drift = Vec<(String, &'static str)>;

/// What the documentation reserved of a field, beyond its type.
#[derive(Clone, Copy, Debug)]
pub enum Rule {
    /// It is always there.
    Required,
    /// If it is there, it is one of these, in whatever letter case.
    OneOf(&'static [&'static str]),
}

/// Where in an item the reader stands; becomes text only when there is something to report.
#[derive(Clone, Copy, Debug)]
pub enum At<'p> {
    /// The item itself.
    Root,
    /// A field of an object.
    Field(&'p At<'p>, &'p str),
    /// The elements of an array or the values of a map: `*`, as what is odd in one is odd in many.
    Each(&'p At<'p>),
}

/// Longest name shown of a field that nobody knows; a longer one is cut off.
const MAX_NAME: usize = 64;

impl fmt::Display for At<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Root => Ok(()),
            Self::Each(parent) => write!(out, "{parent}/*"),
            Self::Field(parent, name) => {
                write!(out, "{parent}/")?;
                for letter in name.chars().take(MAX_NAME) {
                    match letter {
                        '~' => out.write_str("~0")?,
                        '/' => out.write_str("~1")?,
                        letter if letter.is_control() => out.write_str("?")?,
                        letter => write!(out, "{letter}")?,
                    }
                }
                Ok(())
            }
        }
    }
}

/// A type that a [`Field`] can hold.
pub trait Wire<'de>: Sized {
    /// Made from any JSON but null.
    ///
    /// # Errors
    /// What was found instead, in words.
    fn from_node(node: Node<'de>) -> Result<Self, &'static str>;
    /// Reports what is odd inside.
    fn report(&self, _at: &At<'_>, _drift: &mut Drift) {}
    /// The text, for what is one.
    fn as_text(&self) -> Option<&str> {
        None
    }
}

impl<'de> Wire<'de> for Cow<'de, str> {
    fn from_node(node: Node<'de>) -> Result<Self, &'static str> {
        match node {
            Node::Text(text) => Ok(text),
            Node::Bool(value) => Ok(Cow::Borrowed(if value { "true" } else { "false" })),
            Node::Int(value) => Ok(Cow::Owned(value.to_string())),
            other => Err(other.kind()),
        }
    }
    fn as_text(&self) -> Option<&str> {
        Some(self)
    }
}

impl<'de> Wire<'de> for bool {
    fn from_node(node: Node<'de>) -> Result<Self, &'static str> {
        match &node {
            Node::Bool(value) => Ok(*value),
            Node::Text(text) if text.eq_ignore_ascii_case("true") => Ok(true),
            Node::Text(text) if text.eq_ignore_ascii_case("false") => Ok(false),
            other => Err(other.kind()),
        }
    }
}

impl<'de> Wire<'de> for i64 {
    fn from_node(node: Node<'de>) -> Result<Self, &'static str> {
        match &node {
            Node::Int(value) => Ok(*value),
            Node::Text(text) => text.trim().parse().map_err(|_| "a string"),
            other => Err(other.kind()),
        }
    }
}

impl<'de, T: Wire<'de>> Wire<'de> for Vec<Field<T>> {
    fn from_node(node: Node<'de>) -> Result<Self, &'static str> {
        match node {
            Node::Array(items) => Ok(items.into_iter().map(Field::from).collect()),
            other => Err(other.kind()),
        }
    }
    fn report(&self, at: &At<'_>, drift: &mut Drift) {
        for item in self {
            item.report(&At::Each(at), drift);
        }
    }
}

/// An object whose keys are data.
#[derive(Clone, Debug, PartialEq)]
pub struct Map<'a, T>(pub Vec<(Cow<'a, str>, Field<T>)>);

impl<'de, T: Wire<'de>> Wire<'de> for Map<'de, T> {
    fn from_node(node: Node<'de>) -> Result<Self, &'static str> {
        match node {
            Node::Object(entries) => {
                Ok(Self(entries.into_iter().map(|(key, value)| (key, Field::from(value))).collect()))
            }
            other => Err(other.kind()),
        }
    }
    fn report(&self, at: &At<'_>, drift: &mut Drift) {
        for (_, value) in &self.0 {
            value.report(&At::Each(at), drift);
        }
    }
}

/// An object of any settings, to be sifted.
#[derive(Clone, Debug, PartialEq)]
pub struct FreeForm<'a>(pub Vec<(Cow<'a, str>, Node<'a>)>);

impl<'de> Wire<'de> for FreeForm<'de> {
    fn from_node(node: Node<'de>) -> Result<Self, &'static str> {
        match node {
            Node::Object(entries) => Ok(Self(entries)),
            other => Err(other.kind()),
        }
    }
}

/// Something that is never kept: only whether it is there is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unread;

impl<'de> Wire<'de> for Unread {
    fn from_node(_: Node<'de>) -> Result<Self, &'static str> {
        Ok(Self)
    }
}

/// A text that is never kept: only whether there is one is known. An empty one is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hidden;

impl<'de> Wire<'de> for Hidden {
    fn from_node(node: Node<'de>) -> Result<Self, &'static str> {
        match node {
            Node::Text(text) if text.is_empty() => Err("an empty text"),
            Node::Text(_) => Ok(Self),
            other => Err(other.kind()),
        }
    }
}

impl<'de, T: Wire<'de>> Field<T> {
    /// Reports the field if it is odd, or what is odd inside.
    pub fn report(&self, at: &At<'_>, drift: &mut Drift) {
        match self {
            Self::Odd(found) => drift.push((at.to_string(), found)),
            Self::Is(value) => value.report(at, drift),
            Self::Absent | Self::Null => {}
        }
    }
}

impl<'de, T: Wire<'de>> Field<T> {
    /// The same for a field of an object, which may also break a rule. Never inlined: it is called
    /// for every field of every type.
    #[inline(never)]
    pub fn report_in(&self, parent: &At<'_>, name: &str, rule: Option<Rule>, drift: &mut Drift) {
        let at = At::Field(parent, name);
        self.report(&at, drift);
        match (rule, self) {
            (Some(Rule::Required), Self::Absent) => drift.push((at.to_string(), "absent though documented")),
            (Some(Rule::OneOf(known)), Self::Is(value)) => {
                let text = value.as_text().unwrap_or_default();
                if !known.iter().any(|one| one.eq_ignore_ascii_case(text)) {
                    drift.push((at.to_string(), "a value that is not known"));
                }
            }
            _ => {}
        }
    }
}

/// Reports fields that a type does not know.
pub fn report_unknown(names: &[Cow<'_, str>], parent: &At<'_>, drift: &mut Drift) {
    for name in names {
        drift.push((At::Field(parent, name).to_string(), "a field that is not known"));
    }
}

/// The entries of an object, taken out one by one.
pub struct Entries<'a>(Vec<(Cow<'a, str>, Node<'a>)>);

impl<'a> Entries<'a> {
    /// Of an object.
    ///
    /// # Errors
    /// What was found instead, in words.
    pub fn of(node: Node<'a>) -> Result<Self, &'static str> {
        match node {
            Node::Object(entries) => Ok(Self(entries)),
            other => Err(other.kind()),
        }
    }

    /// Takes out the first entry of that name. Never inlined: it is called for every field of every
    /// type.
    #[inline(never)]
    pub fn take<T: Wire<'a>>(&mut self, name: &str) -> Field<T> {
        match self.0.iter().position(|(key, _)| key == name) {
            Some(at) => Field::from(self.0.remove(at).1),
            None => Field::Absent,
        }
    }

    /// Names of what was not taken.
    pub fn rest(self) -> Vec<Cow<'a, str>> {
        self.0.into_iter().map(|(key, _)| key).collect()
    }
}

impl<'de, T: Wire<'de>> From<Node<'de>> for Field<T> {
    fn from(node: Node<'de>) -> Self {
        match node {
            Node::Null => Self::Null,
            node => T::from_node(node).map_or_else(Self::Odd, Self::Is),
        }
    }
}

/// Declares a wire type: a struct of [`Field`](crate::Field)s that mirrors an object of the API, named as there. `=> Rule` says
/// what the documentation promises beyond the type.
#[macro_export]
macro_rules! wire {
    ($($(#[$meta:meta])* $vis:vis struct $name:ident<'a> { $($field:ident $(= $key:literal)? : $type:ty $(=> $rule:expr)?,)* })+) => {$(
        $(#[$meta])*
        #[derive(Clone, Debug, Default, PartialEq)]
        $vis struct $name<'a> {
            $(#[doc = concat!("`", $crate::wire!(@key $field $($key)?), "` of the API.")] pub $field: $type,)*
            /// Names of fields that this type does not know.
            pub unknown: $crate::__private::Vec<$crate::__private::Cow<'a, str>>,
        }

        impl<'a> $crate::read::wire::Wire<'a> for $name<'a> {
            fn from_node(node: $crate::read::node::Node<'a>) -> Result<Self, &'static str> {
                let mut entries = $crate::read::wire::Entries::of(node)?;
                Ok(Self {
                    $($field: entries.take($crate::wire!(@key $field $($key)?)),)*
                    unknown: entries.rest(),
                })
            }
            fn report(&self, at: &$crate::read::wire::At<'_>, drift: &mut $crate::read::wire::Drift) {
                $(
                    #[allow(unused_mut, unused_assignments, reason = "fields without a rule")]
                    let mut rule = None;
                    $(rule = Some($rule);)?
                    self.$field.report_in(at, $crate::wire!(@key $field $($key)?), rule, drift);
                )*
                $crate::read::wire::report_unknown(&self.unknown, at, drift);
            }
        }
    )+};
    (@key $field:ident) => { stringify!($field) };
    (@key $field:ident $key:literal) => { $key };
}
/// Reads one item. `None` when it is not an object at all.
pub fn read<'a, T: Wire<'a>>(json: &'a str) -> Option<T> {
    T::from_node(Node::read(json)?).ok()
}

//! How Fivetran's JSON is read: leniently field by field, strictly about what is kept.
//!
//! A field is absent, null, what it should be, or something odd. An odd field never breaks an
//! item: it is reported as drift and the rest is kept. Numbers and booleans that come as strings
//! (and the reverse) are read as what they say. Unknown fields are skipped and reported.

use alloc::borrow::Cow;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;
use core::marker::PhantomData;
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// One field of a wire type.
#[derive(Clone, Debug, PartialEq, Default)]
pub enum Field<T> {
    /// Not in the object.
    #[default]
    Absent,
    /// There, and null.
    Null,
    /// There, and readable.
    Is(T),
    /// There, and not what it should be; holds the JSON type found.
    Odd(&'static str),
}

/// A string field.
pub type Text<'a> = Field<Cow<'a, str>>;

impl<T> Field<T> {
    /// The value, if it is one.
    pub fn get(&self) -> Option<&T> {
        match self {
            Self::Is(value) => Some(value),
            _ => None,
        }
    }

    /// Whether there is something other than null.
    pub fn is_set(&self) -> bool {
        matches!(self, Self::Is(_) | Self::Odd(_))
    }
}

impl Text<'_> {
    /// The text, if there is one.
    pub fn text(&self) -> Option<&str> {
        self.get().map(AsRef::as_ref)
    }
}

impl<T: Copy> Field<T> {
    /// The value, if it is one.
    pub fn value(&self) -> Option<T> {
        self.get().copied()
    }
}

/// Where drift is reported: JSON pointer below the item (`*` for any element), and what is odd.
pub type Drift = Vec<(String, &'static str)>;

/// What the documentation promises of a field, beyond its type.
#[derive(Clone, Copy, Debug)]
pub enum Rule {
    /// It is always there.
    Required,
    /// If it is there, it is one of these, in whatever letter case.
    OneOf(&'static [&'static str]),
}

/// Reports a field that breaks a rule.
pub fn check<'de, T: Wire<'de>>(field: &Field<T>, rule: Rule, at: &At<'_>, drift: &mut Drift) {
    let broken = match (rule, field) {
        (Rule::Required, Field::Absent) => "absent though documented",
        (Rule::OneOf(known), Field::Is(value)) => {
            let text = value.as_text().unwrap_or_default();
            if known.iter().any(|one| one.eq_ignore_ascii_case(text)) {
                return;
            }
            "a value that is not known"
        }
        _ => return,
    };
    drift.push((at.to_string(), broken));
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

/// A type that a [`Field`] can hold. Each method reads one JSON type; by default it is odd.
pub trait Wire<'de>: Sized {
    /// From a string.
    fn from_text(_: Cow<'de, str>) -> Option<Self> {
        None
    }
    /// From a boolean.
    fn from_bool(_: bool) -> Option<Self> {
        None
    }
    /// From a number without fraction.
    fn from_int(_: i64) -> Option<Self> {
        None
    }
    /// From another number.
    fn from_float(_: f64) -> Option<Self> {
        None
    }
    /// From an array; must take all of it.
    ///
    /// # Errors
    /// When the array is not JSON.
    fn from_array<A: SeqAccess<'de>>(mut array: A) -> Result<Option<Self>, A::Error> {
        while array.next_element::<IgnoredAny>()?.is_some() {}
        Ok(None)
    }
    /// From an object; must take all of it.
    ///
    /// # Errors
    /// When the object is not JSON.
    fn from_object<A: MapAccess<'de>>(mut object: A) -> Result<Option<Self>, A::Error> {
        while object.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(None)
    }
    /// Reports what is odd inside.
    fn report(&self, _at: &At<'_>, _drift: &mut Drift) {}
    /// The text, for what is one.
    fn as_text(&self) -> Option<&str> {
        None
    }
}

impl<'de> Wire<'de> for Cow<'de, str> {
    fn from_text(text: Cow<'de, str>) -> Option<Self> {
        Some(text)
    }
    fn from_bool(value: bool) -> Option<Self> {
        Some(Cow::Borrowed(if value { "true" } else { "false" }))
    }
    fn from_int(value: i64) -> Option<Self> {
        Some(Cow::Owned(value.to_string()))
    }
    fn as_text(&self) -> Option<&str> {
        Some(self)
    }
}

impl Wire<'_> for bool {
    fn from_text(text: Cow<'_, str>) -> Option<Self> {
        match text.as_ref() {
            "true" | "TRUE" | "True" => Some(true),
            "false" | "FALSE" | "False" => Some(false),
            _ => None,
        }
    }
    fn from_bool(value: bool) -> Option<Self> {
        Some(value)
    }
}

impl Wire<'_> for i64 {
    fn from_text(text: Cow<'_, str>) -> Option<Self> {
        text.trim().parse().ok()
    }
    fn from_int(value: i64) -> Option<Self> {
        Some(value)
    }
}

impl<'de, T: Wire<'de>> Wire<'de> for Vec<Field<T>> {
    fn from_array<A: SeqAccess<'de>>(mut array: A) -> Result<Option<Self>, A::Error> {
        let mut items = Self::new();
        while let Some(item) = array.next_element()? {
            items.push(item);
        }
        Ok(Some(items))
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
    fn from_object<A: MapAccess<'de>>(mut object: A) -> Result<Option<Self>, A::Error> {
        let mut entries = Vec::new();
        while let Some((key, value)) = object.next_entry::<Key<'de>, Field<T>>()? {
            entries.push((key.0, value));
        }
        Ok(Some(Self(entries)))
    }
    fn report(&self, at: &At<'_>, drift: &mut Drift) {
        for (_, value) in &self.0 {
            value.report(&At::Each(at), drift);
        }
    }
}

/// Any JSON, kept as it is: for the free-form settings, which `settings.rs` sifts.
#[derive(Clone, Debug, PartialEq)]
pub struct Free(pub serde_json::Value);

impl<'de> Wire<'de> for Free {
    fn from_object<A: MapAccess<'de>>(object: A) -> Result<Option<Self>, A::Error> {
        let map = serde::de::value::MapAccessDeserializer::new(object);
        serde_json::Value::deserialize(map).map(|value| Some(Self(value)))
    }
}

/// Something that is never kept: only whether it is there is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unread;

impl<'de> Wire<'de> for Unread {
    fn from_text(_: Cow<'de, str>) -> Option<Self> {
        Some(Self)
    }
    fn from_bool(_: bool) -> Option<Self> {
        Some(Self)
    }
    fn from_int(_: i64) -> Option<Self> {
        Some(Self)
    }
    fn from_float(_: f64) -> Option<Self> {
        Some(Self)
    }
    fn from_array<A: SeqAccess<'de>>(mut array: A) -> Result<Option<Self>, A::Error> {
        while array.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Some(Self))
    }
    fn from_object<A: MapAccess<'de>>(mut object: A) -> Result<Option<Self>, A::Error> {
        while object.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Some(Self))
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

impl<'de, T: Wire<'de>> Deserialize<'de> for Field<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(FieldVisitor(PhantomData))
    }
}

struct FieldVisitor<T>(PhantomData<T>);

impl<T> FieldVisitor<T> {
    fn or_odd(read: Option<T>, found: &'static str) -> Field<T> {
        read.map_or(Field::Odd(found), Field::Is)
    }
}

impl<'de, T: Wire<'de>> Visitor<'de> for FieldVisitor<T> {
    type Value = Field<T>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("any JSON")
    }
    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Field::Null)
    }
    fn visit_bool<E>(self, value: bool) -> Result<Self::Value, E> {
        Ok(Self::or_odd(T::from_bool(value), "a boolean"))
    }
    fn visit_i64<E>(self, value: i64) -> Result<Self::Value, E> {
        Ok(Self::or_odd(T::from_int(value), "a number"))
    }
    fn visit_u64<E>(self, value: u64) -> Result<Self::Value, E> {
        Ok(Self::or_odd(i64::try_from(value).ok().and_then(T::from_int), "a number"))
    }
    fn visit_f64<E>(self, value: f64) -> Result<Self::Value, E> {
        Ok(Self::or_odd(T::from_float(value), "a number with a fraction"))
    }
    fn visit_borrowed_str<E>(self, value: &'de str) -> Result<Self::Value, E> {
        Ok(Self::or_odd(T::from_text(Cow::Borrowed(value)), "a string"))
    }
    fn visit_str<E>(self, value: &str) -> Result<Self::Value, E> {
        Ok(Self::or_odd(T::from_text(Cow::Owned(value.into())), "a string"))
    }
    fn visit_seq<A: SeqAccess<'de>>(self, array: A) -> Result<Self::Value, A::Error> {
        Ok(Self::or_odd(T::from_array(array)?, "an array"))
    }
    fn visit_map<A: MapAccess<'de>>(self, object: A) -> Result<Self::Value, A::Error> {
        Ok(Self::or_odd(T::from_object(object)?, "an object"))
    }
}

/// Declares a wire type: a struct of [`Field`]s that mirrors an object of the API, named as there.
macro_rules! wire {
    ($(#[$meta:meta])* $vis:vis struct $name:ident<'a> { $($field:ident $(= $key:literal)? : $type:ty $(=> $rule:expr)?,)* }) => {
        $(#[$meta])*
        #[derive(Clone, Debug, Default, PartialEq)]
        $vis struct $name<'a> {
            $(#[doc = concat!("`", $crate::fivetran::wire::wire!(@key $field $($key)?), "` of the API.")] pub $field: $type,)*
            /// Names of fields that this type does not know.
            pub unknown: ::alloc::vec::Vec<::alloc::borrow::Cow<'a, str>>,
        }

        impl<'a> $crate::fivetran::wire::Wire<'a> for $name<'a> {
            fn from_object<A: ::serde::de::MapAccess<'a>>(mut object: A) -> Result<Option<Self>, A::Error> {
                let mut out = Self::default();
                while let Some(key) = object.next_key::<$crate::fivetran::wire::Key<'a>>()? {
                    match key.0.as_ref() {
                        $($crate::fivetran::wire::wire!(@key $field $($key)?) => out.$field = object.next_value()?,)*
                        _ => {
                            object.next_value::<::serde::de::IgnoredAny>()?;
                            out.unknown.push(key.0);
                        }
                    }
                }
                Ok(Some(out))
            }
            fn report(&self, at: &$crate::fivetran::wire::At<'_>, drift: &mut $crate::fivetran::wire::Drift) {
                use $crate::fivetran::wire::{At, wire};
                $(
                    let here = At::Field(at, wire!(@key $field $($key)?));
                    self.$field.report(&here, drift);
                    $($crate::fivetran::wire::check(&self.$field, $rule, &here, drift);)?
                )*
                for name in &self.unknown {
                    let at = At::Field(at, name.as_ref());
                    drift.push((::alloc::string::ToString::to_string(&at), "a field that is not known"));
                }
            }
        }
    };
    (@key $field:ident) => { stringify!($field) };
    (@key $field:ident $key:literal) => { $key };
}
pub(crate) use wire;

/// A key of an object, borrowed where it has no escapes.
pub struct Key<'a>(pub Cow<'a, str>);

impl<'de> Deserialize<'de> for Key<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct KeyVisitor;
        impl<'de> Visitor<'de> for KeyVisitor {
            type Value = Key<'de>;
            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a key")
            }
            fn visit_borrowed_str<E>(self, key: &'de str) -> Result<Self::Value, E> {
                Ok(Key(Cow::Borrowed(key)))
            }
            fn visit_str<E>(self, key: &str) -> Result<Self::Value, E> {
                Ok(Key(Cow::Owned(key.into())))
            }
        }
        deserializer.deserialize_str(KeyVisitor)
    }
}

/// Reads one item. `None` when it is not an object at all.
pub fn read<'a, T: Wire<'a>>(json: &'a str) -> Option<T> {
    match serde_json::from_str::<Field<T>>(json) {
        Ok(Field::Is(item)) => Some(item),
        _ => None,
    }
}

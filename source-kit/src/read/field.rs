//! One field of a vendor's object: absent, null, what it should be, or something odd. What was not
//! read is never taken for a negative.

use alloc::borrow::Cow;
use alloc::vec::Vec;

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

    /// What was read: the value, or `Some(None)` for null, which is an answer too. `None` where the
    /// field is absent or odd: then nothing is known, and no sentence may say more than that.
    pub fn known(&self) -> Option<Option<&T>> {
        match self {
            Self::Is(value) => Some(Some(value)),
            Self::Null => Some(None),
            Self::Absent | Self::Odd(_) => None,
        }
    }

    /// Whether there is something other than null.
    pub fn is_set(&self) -> bool {
        matches!(self, Self::Is(_) | Self::Odd(_))
    }
}

/// What of a field goes into a record: the value, or null where the vendor says null; `None`, and then no such field in
/// the record, where it does not say, or says something odd.
pub type Known<T> = Option<Option<T>>;

impl Text<'_> {
    /// The text, if there is one.
    pub fn text(&self) -> Option<&str> {
        self.get().map(AsRef::as_ref)
    }

    /// What was read: see [`Field::known`].
    pub fn known_text(&self) -> Known<&str> {
        self.known().map(|text| text.map(AsRef::as_ref))
    }
}

impl<T: Copy> Field<T> {
    /// The value, if it is one.
    pub fn value(&self) -> Option<T> {
        self.get().copied()
    }

    /// What was read: see [`Field::known`].
    pub fn known_value(&self) -> Known<T> {
        self.known().map(|value| value.copied())
    }
}

impl<T> Field<Vec<Field<T>>> {
    /// Every element, made into something. `None` where the list or an element of it could not be
    /// read: a list without it would say that it is not there.
    pub fn every<'s, U>(&'s self, make: impl Fn(&'s T) -> Option<U>) -> Option<Vec<U>> {
        self.get()?.iter().map(|field| field.get().and_then(&make)).collect()
    }
}

impl Field<Vec<Text<'_>>> {
    /// Every text of a list; `None` where the list or a text of it could not be read.
    pub fn texts(&self) -> Option<Vec<&str>> {
        self.every(|text| Some(text.as_ref()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn null_is_an_answer_and_absent_and_odd_are_none() {
        assert_eq!(Field::Is(true).known(), Some(Some(&true)));
        assert_eq!(Field::<bool>::Null.known(), Some(None));
        assert_eq!(Field::<bool>::Absent.known(), None);
        assert_eq!(Field::<bool>::Odd("a string").known(), None);
    }

    #[test]
    fn a_list_is_read_whole_or_not_at_all() {
        let text = |text: &'static str| Text::Is(Cow::Borrowed(text));
        assert_eq!(Field::Is(Vec::from([text("a"), text("b")])).texts(), Some(Vec::from(["a", "b"])));
        assert_eq!(Field::Is(Vec::from([text("a"), Text::Null])).texts(), None);
        assert_eq!(Field::Is(Vec::<Text<'_>>::new()).texts(), Some(Vec::new()));
        assert_eq!(Field::<Vec<Text<'_>>>::Absent.texts(), None);
    }
}

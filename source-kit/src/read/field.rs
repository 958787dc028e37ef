//! One field of a vendor's object: absent, null, what it should be, or something odd. What was not
//! read is never taken for a negative.

use crate::base::timestamp::Timestamp;
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

/// What a vendor tells of a field: a value, or null, which is an answer too. `None` where it tells nothing, because the
/// field is absent or odd. A content leaves such a field out (`skip_serializing_if = "Option::is_none"`), so that null
/// in it is the vendor's own.
pub type Known<T> = Option<Option<T>>;

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

    /// What the vendor tells. Where that is nothing, no sentence may say more than that.
    pub fn known(&self) -> Known<&T> {
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

impl Text<'_> {
    /// The text, if there is one. An empty one tells nothing.
    pub fn text(&self) -> Option<&str> {
        self.get().map(AsRef::as_ref).filter(|text| !text.is_empty())
    }

    /// Of two fields that mean the same, the one that says more: a text, before something odd, before null.
    #[must_use]
    pub fn or<'s>(&'s self, other: &'s Self) -> &'s Self {
        let weight = |field: &Self| match field {
            Self::Is(text) if text.is_empty() => 0,
            Self::Absent => 0,
            Self::Null => 1,
            Self::Odd(_) => 2,
            Self::Is(_) => 3,
        };
        if weight(other) > weight(self) { other } else { self }
    }

    /// What the vendor tells: see [`Field::known`]. An empty text tells nothing.
    pub fn known_text(&self) -> Known<&str> {
        self.known_as(|text| !text.is_empty())
    }

    /// The same of a point in time: what is none tells nothing.
    pub fn known_stamp(&self) -> Known<&str> {
        self.known_as(|text| Timestamp::parse_rfc3339(text).is_some())
    }

    /// What the vendor tells, where a text counts only if it has the documented form.
    pub fn known_as(&self, is_documented: impl Fn(&str) -> bool) -> Known<&str> {
        let known = self.known()?.map(AsRef::as_ref);
        known.is_none_or(is_documented).then_some(known)
    }
}

impl<T: Copy> Field<T> {
    /// The value, if it is one.
    pub fn value(&self) -> Option<T> {
        self.get().copied()
    }

    /// What the vendor tells: see [`Field::known`].
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
    fn a_text_that_is_not_of_its_documented_form_tells_nothing() {
        let text = |text: &'static str| Text::Is(Cow::Borrowed(text));
        let stamp = "2026-01-31T12:00:00Z";
        assert_eq!((text("a").known_text(), text("").known_text()), (Some(Some("a")), None));
        assert_eq!((text(stamp).known_stamp(), text("soon").known_stamp()), (Some(Some(stamp)), None));
        assert_eq!((Text::Null.known_text(), Text::Null.known_stamp()), (Some(None), Some(None)));
        assert_eq!((Text::Absent.known_stamp(), Text::Odd("a number").known_stamp()), (None, None));
    }

    #[test]
    fn of_two_fields_the_one_that_says_more_counts() {
        let text = |text: &'static str| Text::Is(Cow::Borrowed(text));
        let (is, odd, empty) = (text("a"), Text::Odd("a list"), text(""));
        assert_eq!((odd.or(&is), Text::Null.or(&odd), Text::Absent.or(&Text::Null)), (&is, &odd, &Text::Null));
        assert_eq!((text("b").or(&is), Text::Null.or(&Text::Absent)), (&text("b"), &Text::Null));
        assert_eq!((empty.or(&is), is.or(&empty), empty.or(&Text::Null)), (&is, &is, &Text::Null));
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

//! Three answers.

use std::ops::Not;

/// An answer. The logic of Kleene: unknown stays unknown unless the rest decides alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Truth {
    True,
    False,
    Unknown(String),
}

impl From<bool> for Truth {
    fn from(is: bool) -> Self {
        if is { Self::True } else { Self::False }
    }
}

impl Truth {
    /// Whether both are true; the other is asked only where this one does not decide.
    pub fn and(self, other: impl FnOnce() -> Self) -> Self {
        match self {
            Self::True => other(),
            Self::False => Self::False,
            unknown @ Self::Unknown(_) => match other() {
                Self::False => Self::False,
                _ => unknown,
            },
        }
    }
}

impl Not for Truth {
    type Output = Self;

    fn not(self) -> Self {
        match self {
            Self::True => Self::False,
            Self::False => Self::True,
            Self::Unknown(why) => Self::Unknown(why),
        }
    }
}

/// True when one is; else unknown when one is, for the first reason.
pub(super) fn any(truths: impl Iterator<Item = Truth>) -> Truth {
    let mut unknown = None;
    for truth in truths {
        match truth {
            Truth::True => return Truth::True,
            Truth::False => {}
            Truth::Unknown(why) => unknown = unknown.or(Some(why)),
        }
    }
    unknown.map_or(Truth::False, Truth::Unknown)
}

//! What a rule asks of a record. Three answers are possible: true, false, and unknown with the reason.
//!
//! `docs/findings.md` lists the forms.
//!
//! A value that is null is unknown to every test but `null`, `never` and `happened`: the vendor
//! does not say. So is one that is absent, was withheld or not read, one of another type than asked for, and one that
//! is outside of what the vendor documents. `1970-01-01` is how
//! Fivetran writes "never", and is read as null. Where no related record is found, that is false only if the other kind
//! was read whole.

use super::facts::Facts;
use super::known::is_known;
use super::truth::{Truth, any};
use super::value::{Scope, Told};
use serde_json::Value;

/// What is asked. Meanings: see the module.
#[derive(Clone, Debug)]
pub(super) enum Predicate {
    All(Vec<Self>),
    Any(Vec<Self>),
    Not(Box<Self>),
    Related(Box<Join>),
    At(String, Test),
}

/// What is asked of one value. `is` is `In` with one literal.
#[derive(Clone, Debug)]
pub(super) enum Test {
    In(Vec<Value>),
    Null(bool),
    /// Whether a timestamp is null.
    Never(bool),
    /// Whether something has happened then: neither null nor after the collection.
    Happened(bool),
    OlderThanDays(u32),
    LaterThan(String),
    Some(Box<Predicate>),
    BelowNewest,
}

/// Which other records belong to one.
#[derive(Clone, Debug)]
pub(super) struct Join {
    pub kind: String,
    /// Where the other record has it.
    pub at: String,
    /// Where this record has the same.
    pub equals: String,
    pub when: Option<Predicate>,
}

impl Predicate {
    /// Whether it is true of a record, or of an item of a list in it.
    pub fn of(&self, scope: &Scope<'_>, facts: &Facts<'_>) -> Truth {
        match self {
            Self::All(parts) => !any(parts.iter().map(|part| !part.of(scope, facts))),
            Self::Any(parts) => any(parts.iter().map(|part| part.of(scope, facts))),
            Self::Not(part) => !part.of(scope, facts),
            Self::Related(join) => join.of(scope, facts),
            Self::At(at, test) => match scope.read(at) {
                Told::Unknown(why) => Truth::Unknown(why),
                Told::Null => match test {
                    Test::Null(asked) | Test::Never(asked) => Truth::from(*asked),
                    Test::Happened(asked) => Truth::from(!asked),
                    _ => silent(&scope.place(at)),
                },
                Told::Value(value) => test.of(value, at, scope, facts),
            },
        }
    }

    /// The kinds of other records that it needs.
    pub fn kinds(&self) -> Vec<&str> {
        match self {
            Self::All(parts) | Self::Any(parts) => parts.iter().flat_map(Self::kinds).collect(),
            Self::Not(part) | Self::At(_, Test::Some(part)) => part.kinds(),
            Self::Related(join) => {
                std::iter::once(join.kind.as_str()).chain(join.when.iter().flat_map(Self::kinds)).collect()
            }
            Self::At(..) => Vec::new(),
        }
    }

    /// The places that it looks at in records of `kind` and of others: kind and pointer. Those within items of a list
    /// are left out.
    pub fn places<'p>(&'p self, kind: &'p str) -> Vec<(&'p str, &'p str)> {
        match self {
            Self::All(parts) | Self::Any(parts) => parts.iter().flat_map(|part| part.places(kind)).collect(),
            Self::Not(part) => part.places(kind),
            Self::Related(join) => {
                let mut places = vec![(kind, join.equals.as_str()), (join.kind.as_str(), join.at.as_str())];
                places.extend(join.when.iter().flat_map(|when| when.places(&join.kind)));
                places
            }
            Self::At(at, Test::LaterThan(other)) => vec![(kind, at), (kind, other)],
            Self::At(at, _) => vec![(kind, at)],
        }
    }
}

fn silent(place: &str) -> Truth {
    Truth::Unknown(format!("{place}: the vendor does not say"))
}

fn to_come(value: &Value, place: &str) -> Truth {
    Truth::Unknown(format!("{place}: {value} is after the collection"))
}

impl Test {
    /// Whether it is true of a value that is not null.
    fn of(&self, value: &Value, at: &str, scope: &Scope<'_>, facts: &Facts<'_>) -> Truth {
        match self {
            Self::In(options) => match is_one_of(value, options, &scope.place(at)) {
                // Not one of the values that a rule was written for.
                Truth::False if !is_known(&scope.record.kind, &scope.place(at), value) => {
                    Truth::Unknown(format!("{}: {value} is a value that is not known", scope.place(at)))
                }
                answer => answer,
            },
            Self::Null(asked) => Truth::from(!asked),
            Self::Never(asked) => scope.instant(at).map_or_else(Truth::Unknown, |_| Truth::from(!asked)),
            Self::Happened(asked) => match scope.instant(at) {
                Ok(then) if facts.collection.is_to_come(then) => to_come(value, &scope.place(at)),
                Ok(_) => Truth::from(*asked),
                Err(why) => Truth::Unknown(why),
            },
            Self::OlderThanDays(days) => match (scope.instant(at), facts.collection.as_of()) {
                // How long ago something was cannot be said of what is still to come; whether it has passed can.
                (Ok(then), Some(_)) if *days > 0 && facts.collection.is_to_come(then) => {
                    to_come(value, &scope.place(at))
                }
                (Ok(then), Some(now)) => Truth::from(now - then > time::Duration::days(i64::from(*days))),
                (Err(why), _) => Truth::Unknown(why),
                (_, None) => Truth::Unknown("the collection does not say when it began".into()),
            },
            Self::LaterThan(other) => match (scope.instant(at), scope.instant(other)) {
                (Ok(one), Ok(other)) => Truth::from(one > other),
                (Err(why), _) | (_, Err(why)) => Truth::Unknown(why),
            },
            Self::Some(part) => match value.as_array() {
                None => Truth::Unknown(format!("{}: not a list", scope.place(at))),
                Some(items) => {
                    any(items.iter().enumerate().map(|(number, item)| part.of(&scope.item(at, number, item), facts)))
                }
            },
            Self::BelowNewest => facts.below_newest(value, &scope.record.kind, &scope.place(at)),
        }
    }
}

/// Whether a value is one of these. One of another type than all of them is not understood.
fn is_one_of(value: &Value, options: &[Value], place: &str) -> Truth {
    let is = |option: &Value| match (value.as_str(), option.as_str()) {
        (Some(one), Some(other)) => one.eq_ignore_ascii_case(other),
        _ => value == option,
    };
    if options.iter().any(is) {
        return Truth::True;
    }
    let is_like = |option: &Value| std::mem::discriminant(option) == std::mem::discriminant(value);
    if options.iter().any(is_like) {
        return Truth::False;
    }
    Truth::Unknown(format!("{place}: {value} is not of the type that the rule asks for"))
}

impl Join {
    fn of(&self, scope: &Scope<'_>, facts: &Facts<'_>) -> Truth {
        let own = match scope.read(&self.equals) {
            Told::Value(Value::String(own)) => own,
            Told::Unknown(why) => return Truth::Unknown(why),
            _ => return silent(&scope.place(&self.equals)),
        };
        let others = facts.others(&self.kind, &self.at);
        let related = others.by_value.get(own.as_str()).into_iter().flatten();
        let found = any(related.map(|other| match &self.when {
            None => Truth::True,
            Some(when) => when.of(&Scope::of(other), facts),
        }));
        if found != Truth::False {
            return found;
        }
        let gap = facts.gap(&self.kind).map(|gap| format!("none found, and one may be missing: {gap}"));
        gap.or_else(|| others.silent.then(|| format!("a record of {} does not say {}", self.kind, self.at)))
            .map_or(Truth::False, Truth::Unknown)
    }
}

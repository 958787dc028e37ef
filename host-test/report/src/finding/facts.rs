//! What the rest of a collection says, looked up once for all records.

use super::truth::Truth;
use crate::collection::Collection;
use crate::record::Record;
use crate::unlisted::unlisted;
use serde_json::Value;
use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

/// A kind, and a pointer into its records.
type Place = (String, String);

/// A collection, with what was looked up in it.
pub(super) struct Facts<'c> {
    pub collection: &'c Collection,
    /// What the source found odd, by kind.
    pub odd: BTreeMap<&'c str, Vec<&'c str>>,
    /// What shows that the list of users is short, whatever its coverage says.
    short_of_users: Option<String>,
    others: RefCell<BTreeMap<Place, Rc<Others<'c>>>>,
    newest: RefCell<BTreeMap<Place, Rc<Newest>>>,
}

/// The records of a kind, by the text at a pointer.
#[derive(Default)]
pub(super) struct Others<'c> {
    pub by_value: HashMap<&'c str, Vec<&'c Record>>,
    /// Whether there is a record that has no text there, and may belong to any.
    pub silent: bool,
}

/// The newest version in a kind.
struct Newest {
    version: Option<Vec<u64>>,
    /// Whether there is a record whose version is not known, and may be newer.
    silent: bool,
}

impl<'c> Facts<'c> {
    pub fn of(collection: &'c Collection) -> Self {
        let (odd, short_of_users) = (crate::odd::by_kind(collection), unlisted(collection).proof());
        Self { collection, odd, short_of_users, others: RefCell::default(), newest: RefCell::default() }
    }

    /// Why records of a kind may be missing; `None` where the kind was read whole, and nothing shows otherwise.
    pub fn gap(&self, kind: &str) -> Option<String> {
        if self.collection.is_complete(kind) {
            let short = self.short_of_users.as_ref().filter(|_| kind == "user");
            return short.map(|short| format!("{kind}: {short}"));
        }
        if let Some(distrust) = &self.collection.distrust {
            return Some(format!("{kind}: {distrust}"));
        }
        Some(match self.collection.coverage(kind) {
            None => format!("{kind}: not asked for"),
            Some(coverage) if coverage.reason.is_empty() => format!("{kind}: {}", coverage.state),
            Some(coverage) => format!("{kind}: {} ({})", coverage.state, coverage.reason),
        })
    }

    /// The records of a kind, by the text at a pointer.
    pub fn others(&self, kind: &str, at: &str) -> Rc<Others<'c>> {
        let read = || {
            let mut others = Others::default();
            for record in self.collection.of_kind(kind) {
                match record.text(at) {
                    Some(text) => others.by_value.entry(text).or_default().push(record),
                    None => others.silent = true,
                }
            }
            Rc::new(others)
        };
        Rc::clone(self.others.borrow_mut().entry((kind.into(), at.into())).or_insert_with(read))
    }

    /// Whether a version is lower than that of another record of the kind.
    pub fn below_newest(&self, own: &Value, kind: &str, at: &str) -> Truth {
        let Some(own) = version(own) else {
            return Truth::Unknown(format!("{at}: {own} is no version of numbers and points"));
        };
        let read = || {
            let versions: Vec<_> =
                self.collection.of_kind(kind).map(|record| record.content.pointer(at).and_then(version)).collect();
            Rc::new(Newest { silent: versions.contains(&None), version: versions.into_iter().flatten().max() })
        };
        let newest = Rc::clone(self.newest.borrow_mut().entry((kind.into(), at.into())).or_insert_with(read));
        if newest.version.as_ref().is_some_and(|newest| *newest > own) {
            return Truth::True;
        }
        if newest.silent {
            return Truth::Unknown(format!("{at}: the version of another record is not known, and may be newer"));
        }
        let gap = self.gap(kind).map(|gap| format!("{at}: a newer one may be missing: {gap}"));
        gap.map_or(Truth::False, Truth::Unknown)
    }
}

/// The numbers of a version such as `1.4.2`, without zeros at the end.
fn version(value: &Value) -> Option<Vec<u64>> {
    let mut numbers: Vec<u64> = value.as_str()?.split('.').map(|part| part.parse().ok()).collect::<Option<_>>()?;
    while numbers.last() == Some(&0) {
        numbers.pop();
    }
    Some(numbers)
}

//! What goes into a projection, and what comes out.

use super::listing::{ListedItem, Listing};
use crate::base::model::Record;
use crate::read::body::Body;
use crate::record::answer::PartAnswer;
use crate::record::findings::Findings;
use crate::record::part::{Item, Part};
use crate::record::source::Source;
use crate::record::vendor::Vendor;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

/// What a projection made.
pub struct Made<S: Source> {
    /// Records, in order.
    pub records: Vec<Record>,
    /// The rest.
    pub findings: Findings<S>,
    /// Whether another page follows.
    pub goes_on: bool,
}

/// An item as it is in its list.
pub struct Listed<'a> {
    /// The list page.
    pub list: &'a Body,
    /// Its number, from 1; absent for a single object.
    pub page: Option<u32>,
    /// Place of the item in it.
    pub index: usize,
    /// The item's JSON text.
    pub json: &'a str,
    /// What identifies it; empty where nothing does.
    pub id: &'a str,
}

impl<'a> Listed<'a> {
    /// An item of a page.
    #[must_use]
    pub fn of(listing: &'a Listing, item: &'a ListedItem) -> Self {
        Self {
            list: &listing.body,
            page: listing.number,
            index: item.index,
            json: listing.json(item),
            id: item.key.as_deref().unwrap_or_default(),
        }
    }

    /// With the answers of its parts.
    #[must_use]
    pub fn with<V: Vendor>(
        &self,
        parts: &'static [Part<V>],
        answers: &'a [PartAnswer],
        notes: &'a V::Notes,
    ) -> Item<'a, V> {
        let Self { list, page, index, json, id } = *self;
        Item { list, page, index, json, id, parts, answers, notes }
    }
}

/// Keeps the first record of each id. Answers how many items gave others, of other items or with other content: an item
/// that is there again to the letter was dropped before, as paging shows some twice, so what differs may be what a
/// record leaves out.
pub fn drop_repeats(records: &mut Vec<Record>) -> u64 {
    let mut first: BTreeMap<&str, &Record> = BTreeMap::new();
    let mut conflicts = BTreeSet::new();
    let mut keep = Vec::with_capacity(records.len());
    for record in &*records {
        let known = first.get(record.id.as_str());
        let is_other = |one: &&Record| one.content != record.content || one.provenance != record.provenance;
        if known.is_some_and(is_other) {
            // By its place, as one item may give several records.
            let place = record.provenance.first().map(|origin| origin.pointer.as_str());
            conflicts.insert(place.unwrap_or(&record.content));
        }
        keep.push(known.is_none());
        first.entry(&record.id).or_insert(record);
    }
    let conflicts = conflicts.len() as u64;
    let mut keep = keep.into_iter();
    records.retain(|_| keep.next().unwrap_or(true));
    conflicts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::model::{Provenance, Subject};
    use alloc::format;

    fn record(id: &str, content: &str) -> Record {
        Record {
            content: content.into(),
            effective_at: None,
            id: id.into(),
            kind: "user",
            observed_at: "".into(),
            provenance: Vec::new(),
            schema_version: 1,
            subject: Subject { id: id.into(), name: None, kind: "user" },
            title: "".into(),
            valid_until: "".into(),
            withheld: Vec::new(),
        }
    }

    #[test]
    fn the_first_of_each_id_stays_and_what_says_something_else_is_counted() {
        let again = [record("a", "1"), record("a", "2"), record("a", "3")];
        let mut records = Vec::from([record("a", "1"), record("b", "1")]);
        records.extend(again);
        assert_eq!(drop_repeats(&mut records), 2);
        assert_eq!(records, [record("a", "1"), record("b", "1")]);
        assert_eq!(drop_repeats(&mut records), 0);
    }

    /// Two items that differ in nothing but what a record leaves out are two items all the same.
    #[test]
    fn what_differs_only_in_what_is_left_out_is_counted_once_for_each_item() {
        let of_item = |id: &str, number: u32| {
            let origin = Provenance { pointer: format!("/data/items/{number}"), ..Provenance::default() };
            Record { provenance: Vec::from([origin]), ..record(id, "1") }
        };
        let mut records = Vec::from([of_item("a", 0), of_item("b", 0), of_item("a", 1), of_item("b", 1)]);
        assert_eq!(drop_repeats(&mut records), 1);
        assert_eq!(records.len(), 2);
    }
}

//! What a projection noticed, besides the records that it made.

use super::kind::Kind;
use super::vendor::Vendor;
use crate::read::wire::{self, Drift, Text, Wire};
use alloc::string::String;
use alloc::vec::Vec;

/// What a projection noticed.
pub struct Findings<V: Vendor> {
    /// Fields that are not as documented, by endpoint.
    pub drift: Vec<(&'static str, Drift)>,
    /// What later items have to know.
    pub facts: Vec<V::Fact>,
    /// Items, or parts of items, that could not be read at all.
    pub unreadable: u32,
    /// Records of one id and different content: each but the first is dropped.
    pub conflicts: u64,
    /// Whether a page is not any more what it was when a part of it was delivered.
    pub changed: bool,
    /// What kinds are short of because the vendor does not tell it.
    pub unknown: Vec<(&'static Kind, &'static str)>,
    /// The user whose key is used, to be recognised among the users.
    pub principal: Option<String>,
    /// That user's role, once seen.
    pub principal_role: Option<String>,
}

impl<V: Vendor> Default for Findings<V> {
    fn default() -> Self {
        Self {
            drift: Vec::new(),
            facts: Vec::new(),
            unreadable: 0,
            conflicts: 0,
            changed: false,
            unknown: Vec::new(),
            principal: None,
            principal_role: None,
        }
    }
}

impl<V: Vendor> Findings<V> {
    /// Reads a wire type that an endpoint gave, and reports what is odd about it; counts it when it
    /// cannot be read.
    pub fn read<'a, T: Wire<'a>>(&mut self, endpoint: &'static str, json: &'a str) -> Option<T> {
        let read = wire::read::<T>(json);
        let mut drift = Drift::new();
        match &read {
            Some(item) => item.report(&wire::At::Root, &mut drift),
            None => self.unreadable += 1,
        }
        if !drift.is_empty() {
            self.drift.push((endpoint, drift));
        }
        read
    }

    /// The id of an item; counts the item as unreadable when it has none.
    pub fn id<'t>(&mut self, id: &'t Text<'_>) -> Option<&'t str> {
        let text = id.text().filter(|text| !text.is_empty());
        self.unreadable += u32::from(text.is_none());
        text
    }
}

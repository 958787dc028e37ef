//! What a change means, told by the source itself: the annotation `x-change` in the schemas that it
//! publishes. `wit/catalog.wit` says which there are.

use super::pointer::child;
use crate::error::{Error, Result};
use crate::kinds::KindFacts;
use serde_json::Value;
use std::collections::BTreeMap;

/// What changes mean, kind by kind.
#[derive(Debug)]
pub struct Meanings {
    /// Id of the source.
    pub(super) source: String,
    kinds: BTreeMap<String, Meaning>,
}

/// What changes of one kind mean.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Meaning {
    /// Which schema says so.
    pub schema_version: u32,
    /// Whether the kind is about the collection itself.
    pub always: bool,
    /// Whether its records are things that happened.
    pub events: bool,
    /// JSON pointers of what changes by use.
    pub activity: Vec<String>,
    /// JSON pointers of what says how the record was read.
    pub reading: Vec<String>,
    /// JSON pointers of what the source tells of each, if the vendor does: where one is absent, it was not told.
    pub told: Vec<String>,
    /// JSON pointer of who made the thing.
    pub actor: Option<String>,
}

impl Meanings {
    /// Reads the schemas of a source's kinds.
    ///
    /// # Errors
    /// [`Error::Contract`] when one of them is no JSON, or has a mark that nobody knows: a guess
    /// would hide changes.
    pub fn new(source: &str, descriptions: &[KindFacts<'_>]) -> Result<Self> {
        let mut kinds = BTreeMap::new();
        for kind in descriptions {
            let bad = |what: String| Error::Contract(format!("the content schema of kind {:?}: {what}", kind.id));
            let schema: Value = serde_json::from_str(kind.content_schema).map_err(|error| bad(error.to_string()))?;
            let mut meaning = Meaning {
                schema_version: kind.schema_version,
                always: kind.always,
                events: kind.is_event,
                ..Meaning::default()
            };
            meaning.read(&schema, "").map_err(bad)?;
            kinds.insert(kind.id.to_string(), meaning);
        }
        Ok(Self { source: source.into(), kinds })
    }

    /// What is known of a kind.
    pub(super) fn of(&self, kind: &str) -> Option<&Meaning> {
        self.kinds.get(kind)
    }
}

impl Meaning {
    fn read(&mut self, schema: &Value, pointer: &str) -> Result<(), String> {
        for (name, property) in schema.get("properties").and_then(Value::as_object).into_iter().flatten() {
            let pointer = child(pointer, name);
            self.told.push(pointer.clone());
            match mark(property) {
                None => {}
                Some("activity") => self.activity.push(pointer.clone()),
                Some("reading") => self.reading.push(pointer.clone()),
                Some("actor") => self.actor = Some(pointer.clone()),
                Some(other) => return Err(format!("x-change {other:?} means nothing at {pointer}")),
            }
            self.read(property, &pointer)?;
        }
        Ok(())
    }
}

fn mark(schema: &Value) -> Option<&str> {
    schema.get("x-change").and_then(Value::as_str)
}

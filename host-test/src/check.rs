//! Checks records against the schemas that the source itself publishes.

use crate::bindings::compliance::source::types::EvidenceRecord;
use crate::bindings::exports::compliance::source::catalog::SourceDescription;
use crate::error::{Error, Result};
use jsonschema::Validator;
use std::collections::BTreeMap;

/// One validator for each kind.
pub struct Schemas(BTreeMap<String, (u32, Validator)>);

impl Schemas {
    /// Compiles the schemas of a description.
    ///
    /// # Errors
    /// [`Error::BadAnswer`] when one of them is no JSON Schema.
    pub fn new(description: &SourceDescription) -> Result<Self> {
        let mut validators = BTreeMap::new();
        for kind in &description.kinds {
            let bad = |what: String| Error::BadAnswer(format!("the content schema of kind {:?}: {what}", kind.id));
            let schema = serde_json::from_str(&kind.content_schema).map_err(|error| bad(error.to_string()))?;
            let validator = jsonschema::validator_for(&schema).map_err(|error| bad(error.to_string()))?;
            validators.insert(kind.id.clone(), (kind.schema_version, validator));
        }
        Ok(Self(validators))
    }

    /// Checks one record.
    ///
    /// # Errors
    /// [`Error::BadAnswer`], naming the record and the JSON pointer, without the value.
    pub fn check(&self, record: &EvidenceRecord) -> Result<()> {
        let bad = |what: String| Error::BadAnswer(format!("record {:?}: {what}", record.id));
        let Some((version, validator)) = self.0.get(&record.kind) else {
            return Err(bad(format!("there is no kind {:?}", record.kind)));
        };
        if *version != record.schema_version {
            return Err(bad(format!("schema version {} instead of {version}", record.schema_version)));
        }
        let content = serde_json::from_str(&record.content).map_err(|error| bad(error.to_string()))?;
        match validator.iter_errors(&content).next() {
            None => Ok(()),
            Some(error) => {
                Err(bad(format!("{} does not obey its schema at {}", error.instance_path(), error.schema_path())))
            }
        }
    }
}

//! Checks records against the schemas that the source itself publishes.

use crate::error::{Error, Result};
use crate::kinds::KindFacts;
use jsonschema::Validator;
use serde_json::Value;
use std::collections::BTreeMap;

/// One validator for each kind.
pub struct Schemas(BTreeMap<String, (u32, Validator)>);

impl Schemas {
    /// Compiles the schemas of a description.
    ///
    /// # Errors
    /// [`Error::Contract`] when one of them is no JSON Schema.
    pub fn new(kinds: &[KindFacts<'_>]) -> Result<Self> {
        let mut validators = BTreeMap::new();
        for kind in kinds {
            let bad = |what: String| Error::Contract(format!("the content schema of kind {:?}: {what}", kind.id));
            let schema = serde_json::from_str(kind.content_schema).map_err(|error| bad(error.to_string()))?;
            let validator = jsonschema::validator_for(&schema).map_err(|error| bad(error.to_string()))?;
            validators.insert(kind.id.to_string(), (kind.schema_version, validator));
        }
        Ok(Self(validators))
    }

    /// Checks one record as it is in a file.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn check_value(&self, record: &Value) -> Result<(), String> {
        let kind = record.get("kind").and_then(Value::as_str).unwrap_or_default();
        let version = record.get("schema_version").and_then(Value::as_u64).and_then(|version| version.try_into().ok());
        self.check_content(kind, version.unwrap_or_default(), record.get("content").unwrap_or(&Value::Null))
    }

    /// Checks one content.
    ///
    /// # Errors
    /// What is wrong with it, with the JSON pointer and without the value.
    pub fn check_content(&self, kind: &str, schema_version: u32, content: &Value) -> Result<(), String> {
        let Some((version, validator)) = self.0.get(kind) else { return Err(format!("there is no kind {kind:?}")) };
        if *version != schema_version {
            return Err(format!("schema version {schema_version} instead of {version}"));
        }
        match validator.iter_errors(content).next() {
            None => Ok(()),
            Some(error) => {
                Err(format!("{} does not obey its schema at {}", error.instance_path(), error.schema_path()))
            }
        }
    }
}

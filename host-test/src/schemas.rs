//! Checking contents against their JSON Schemas, which only a build with the feature `schema-check` can.

use serde_json::Value;
use source_host::bindings::compliance::source::types::EvidenceRecord;
use source_host::error::Result;
use source_host::plugin::Plugin;

/// Checks a record before it is written.
pub type Check = dyn Fn(&EvidenceRecord) -> Result<()>;
/// Checks a record as it is in a file; answers what is wrong.
pub type ValueCheck = dyn Fn(&Value) -> Result<(), String>;

#[cfg(feature = "schema-check")]
mod built {
    use super::{Check, EvidenceRecord, Plugin, Result, ValueCheck};
    use source_evidence::schemas::Schemas;
    use source_host::error::Error;
    use source_host::records::kind_facts;

    /// The check of records against the schemas that the component publishes.
    pub fn check_of(plugin: &Plugin) -> Result<Box<Check>> {
        let schemas = Schemas::new(&kind_facts(&plugin.description().kinds))?;
        Ok(Box::new(move |record: &EvidenceRecord| {
            let bad = |what: String| Error::BadAnswer(format!("record {:?}: {what}", record.id));
            let content = serde_json::from_str(&record.content).map_err(|error| bad(error.to_string()))?;
            schemas.check_content(&record.kind, record.schema_version, &content).map_err(bad)
        }))
    }

    /// The same for records in a file.
    pub fn value_check_of(plugin: &Plugin) -> Result<Box<ValueCheck>> {
        let schemas = Schemas::new(&kind_facts(&plugin.description().kinds))?;
        Ok(Box::new(move |record| schemas.check_value(record)))
    }
}

#[cfg(not(feature = "schema-check"))]
mod built {
    use super::{Check, Plugin, Result, ValueCheck};
    use source_host::error::Error;

    fn not_built<T>() -> Result<T> {
        let remedy = "build it with: cargo build --package host-test --features schema-check";
        Err(Error::usage("this program was built without schema checking", remedy))
    }

    /// An error that says how to build it.
    pub fn check_of(_: &Plugin) -> Result<Box<Check>> {
        not_built()
    }

    /// An error that says how to build it.
    pub fn value_check_of(_: &Plugin) -> Result<Box<ValueCheck>> {
        not_built()
    }
}

pub use built::{check_of, value_check_of};

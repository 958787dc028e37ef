//! The rules: those of this project, and a user's own.

use super::{Outcome, Rule};
use crate::collection::Collection;
use source_evidence::Result;
use std::path::Path;

/// Rules, in the order in which they are judged.
#[derive(Clone, Debug, Default)]
pub struct Rules {
    rules: Vec<Rule>,
}

impl Rules {
    /// The rules of this project.
    #[must_use]
    pub fn built_in() -> Self {
        Self::default()
    }

    /// These, and those of a user's own file, which may replace or disable one of the same id.
    ///
    /// # Errors
    /// When the file cannot be read, or a rule in it is no rule.
    pub fn extended(self, _path: &Path) -> Result<Self> {
        Ok(self)
    }

    /// What comes of each rule, by weight, then in the order of the file.
    #[must_use]
    pub fn judge<'c>(&'c self, _collection: &'c Collection) -> Vec<Outcome<'c>> {
        let none = |rule| Outcome { rule, found: vec![], unknown: vec![], cleared: 0, gaps: vec![] };
        self.rules.iter().map(none).collect()
    }
}

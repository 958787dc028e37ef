//! What every part of the document refers to.

use super::super::Choice;
use super::super::identifiers::uuid;

/// What every part of the document refers to.
pub struct Context<'c> {
    /// What goes out.
    pub choice: &'c Choice<'c>,
    /// Head of the chain: it stands for this very collection.
    pub head: &'c str,
    /// UUID of the component that read the account.
    pub tool: String,
    /// UUID of the file of records.
    pub evidence: String,
}

impl Context<'_> {
    /// A UUID of something in this collection.
    pub fn uuid(&self, parts: &[&str]) -> String {
        uuid(&[&[self.head], parts].concat())
    }
}

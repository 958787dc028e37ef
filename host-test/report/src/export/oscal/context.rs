//! What every part of the document refers to.

use super::super::Choice;
use super::super::identifiers::uuid;

/// What every part of the document refers to.
pub struct Context<'c> {
    /// What goes out.
    pub choice: &'c Choice<'c>,
    /// Head of the chain: it stands for this very collection.
    pub head: &'c str,
    /// Stands for what goes out of this collection, and what the rules say of it.
    pub said: String,
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

    /// A UUID of something that other kinds or other rules would change.
    pub fn uuid_of_said(&self, parts: &[&str]) -> String {
        self.uuid(&[&[self.said.as_str()], parts].concat())
    }
}

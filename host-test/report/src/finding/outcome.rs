//! A rule, and what came of it.

use super::predicate::Predicate;
use crate::record::Record;

/// What came of a rule.
#[derive(Clone, Debug)]
pub struct Outcome<'c> {
    /// The rule.
    pub rule: &'c Rule,
    /// The records of which it is true, in the order of the file.
    pub found: Vec<&'c Record>,
    /// The records of which it cannot be said, each with the reason.
    pub unknown: Vec<(&'c Record, String)>,
    /// Of how many records it is false.
    pub not_matched: u64,
    /// How many records of the kind it is not about: it is asked of none of them.
    pub not_applicable: u64,
    /// Why records may be missing: the kind, or one that the rule needs, was not read whole; empty where all was.
    /// E.g. `system_key: forbidden (…)`, or `user: not asked for`.
    pub gaps: Vec<String>,
    /// What the source found odd in the answers that the records of these kinds come from.
    pub odd: Vec<String>,
    /// Of a user's own rule: places that no record has, which is more likely a mistake in the rule than an answer.
    pub doubts: Vec<String>,
}

impl Outcome<'_> {
    /// Whether there was anything to judge. Where records may be missing and none was there, nothing was.
    #[must_use]
    pub fn is_judged(&self) -> bool {
        self.gaps.is_empty() || self.not_matched > 0 || !self.found.is_empty() || !self.unknown.is_empty()
    }

    /// Whether there may be records of which nobody can say whether it is true.
    #[must_use]
    pub fn is_open(&self) -> bool {
        !self.gaps.is_empty() || !self.unknown.is_empty()
    }
}

/// A rule: which records are worth a look, and why.
#[derive(Clone, Debug)]
pub struct Rule {
    /// Its id, in kebab-case.
    pub id: String,
    /// The finding in one sentence.
    pub title: String,
    /// Why it is worth a look.
    pub why: String,
    /// What would show that it is nothing.
    pub refuted_by: String,
    /// `high`, `medium` or `low`: how soon to look.
    pub weight: Weight,
    /// The kind of records that it looks at.
    pub kind: String,
    /// Control ids, e.g. `CC6.1`.
    pub controls: Vec<String>,
    /// Whether it is from a user's own file.
    pub is_own: bool,
    /// Which records of the kind it is about: those of which this is not false; all of them where there is none.
    pub(super) about: Option<Predicate>,
    /// What is asked of each of them.
    pub(super) when: Predicate,
}

/// How soon to look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Weight {
    /// First.
    High,
    /// Then.
    Medium,
    /// At leisure.
    Low,
}

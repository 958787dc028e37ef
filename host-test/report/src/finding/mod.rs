//! Findings worth an auditor's look: rules, which are data, applied to the records of a collection.
//!
//! A rule is true, false or unknown of a record. Unknown is never taken for false: it is counted apart, and says why.
//! The rules of this project are in `data/rules.json`; `docs/findings.md` says what one may ask.

mod facts;
mod fit;
mod form;
mod known;
mod outcome;
mod own;
mod predicate;
mod rules;
mod truth;
mod unique;
mod value;

pub use outcome::{Outcome, Rule, Weight};
pub use rules::Rules;

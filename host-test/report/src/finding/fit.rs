//! Whether rules fit a collection: a kind or a place that nothing has is a mistake, and no answer of the vendor's.

use super::outcome::Rule;
use super::predicate::Predicate;
use crate::collection::Collection;
use crate::controls::controls;
use crate::near::nearest;
use crate::record::{Record, is_below_null};
use source_evidence::{Error, Result};
use std::collections::BTreeSet;

/// Refuses a rule about a kind that no source of ours has, and the collection neither.
pub(super) fn check(rule: &Rule, collection: &Collection) -> Result<()> {
    let asked = collection.summary().coverage.iter().map(|coverage| coverage.kind.as_str());
    let ours = controls().iter().flat_map(|control| control.kinds.iter().map(String::as_str));
    let known: BTreeSet<&str> = asked.chain(collection.kinds()).chain(ours).collect();
    let named = std::iter::once(("kind", rule.kind.as_str()));
    let joined = parts(rule).flat_map(Predicate::kinds).map(|kind| ("related/kind", kind));
    let Some((field, kind)) = named.chain(joined).find(|(_, kind)| !known.contains(kind)) else { return Ok(()) };
    let meant = nearest(kind, known.iter().copied()).map(|kind| format!("did you mean `{kind}`? ")).unwrap_or_default();
    Err(Error::Usage {
        what: format!("rule `{}`, field `{field}`: there is no kind `{kind}`", rule.id),
        remedy: format!("{meant}describe lists all"),
    })
}

/// What to say of places of a rule that no record has.
pub(super) fn doubts(rule: &Rule, collection: &Collection) -> Vec<String> {
    let places: BTreeSet<(&str, &str)> = parts(rule).flat_map(|part| part.places(&rule.kind)).collect();
    let lacks = |record: &Record, at: &str| record.content.pointer(at).is_none() && !is_below_null(&record.content, at);
    let is_nowhere = |(kind, at): &(&str, &str)| {
        let mut records = collection.of_kind(kind).peekable();
        records.peek().is_some() && records.all(|record| lacks(record, at))
    };
    let said = |(kind, at)| format!("no record of kind {kind} has {at}: look whether the rule has it right");
    places.into_iter().filter(is_nowhere).map(said).collect()
}

fn parts(rule: &Rule) -> impl Iterator<Item = &Predicate> {
    rule.about.iter().chain([&rule.when])
}

//! OCSF 1.8, one event in a line of JSON: a compliance finding (2003) for each record that a rule is true of or cannot
//! be judged for and for each kind that was not read whole, the inventory of users (5003) and of cloud resources (5023).

mod event;
mod findings;
mod gaps;
mod inventory;

use super::Choice;
use crate::finding::Outcome;
pub use event::VERSION;
use serde_json::Value;
use source_evidence::text::plain;

/// The events, one line of JSON each, in the order of kinds that were not read whole, findings, users, resources: the same for the same collection.
#[must_use]
pub fn events(choice: &Choice<'_>, outcomes: &[Outcome<'_>]) -> Vec<String> {
    let outcomes = outcomes.iter().filter(|outcome| choice.has(&outcome.rule.kind));
    let mut events = gaps::events(choice);
    events.extend(outcomes.flat_map(|outcome| findings::events(choice, outcome)));
    events.extend(inventory::events(choice));
    events
        .into_iter()
        .map(|mut event| {
            make_plain(&mut event);
            event.to_string()
        })
        .collect()
}

/// The kinds that no class of OCSF is for, each with its records: of them there are findings only. What the source says
/// of itself is left out.
#[must_use]
pub fn without_class<'c>(choice: &Choice<'c>) -> Vec<(&'c str, usize)> {
    let statements = &choice.collection.summary().statements;
    let kinds = choice.kinds.iter().map(|kind| kind.id).filter(|kind| !inventory::has_class(kind));
    kinds
        .filter(|kind| !statements.iter().any(|statement| statement == kind))
        .map(|kind| (kind, choice.collection.of_kind(kind).count()))
        .filter(|(_, records)| *records > 0)
        .collect()
}

/// Makes every text in it harmless to terminals.
fn make_plain(value: &mut Value) {
    match value {
        Value::String(text) => *text = plain(text),
        Value::Array(items) => items.iter_mut().for_each(make_plain),
        Value::Object(members) => {
            let all = std::mem::take(members).into_iter();
            *members = all
                .map(|(name, mut value)| {
                    make_plain(&mut value);
                    (plain(&name), value)
                })
                .collect();
        }
        _ => {}
    }
}

//! What the rules say.

use super::context::Context;
use super::observations;
use super::words::{line, prop, props, put};
use crate::finding::{Outcome, Weight};
use serde_json::{Value, json};

/// An objective for each rule: that it is true of no record. Of a rule without a control there is none, since OSCAL
/// has each under a control.
pub fn objectives(outcomes: &[&Outcome<'_>]) -> Option<Value> {
    let all: Vec<Value> = outcomes.iter().filter_map(|outcome| objective(outcome)).collect();
    (!all.is_empty()).then(|| json!({"objectives-and-methods": all}))
}

fn objective(outcome: &Outcome<'_>) -> Option<Value> {
    let rule = outcome.rule;
    let (first, more) = rule.controls.split_first()?;
    let mut part = json!({
        "id": rule.id,
        "name": "assessment-objective",
        "title": line(&rule.title),
        "prose": line(&format!("The rule is true of no record: {}. {}", rule.title, rule.why)),
    });
    put(&mut part, "props", Some(props(more.iter().map(|control| prop("control", control)))));
    Some(json!({
        "control-id": first,
        "description": "A rule that helps to look at this control. It does not say whether the control is met.",
        "parts": [part],
    }))
}

/// The rules among the objectives.
pub fn objective_selection(outcomes: &[&Outcome<'_>]) -> Option<Value> {
    let all: Vec<Value> = outcomes
        .iter()
        .filter(|outcome| !outcome.rule.controls.is_empty())
        .map(|outcome| json!({"objective-id": outcome.rule.id}))
        .collect();
    (!all.is_empty()).then(|| json!([{"description": "Rules: see local-definitions", "include-objectives": all}]))
}

fn id(context: &Context<'_>, outcome: &Outcome<'_>) -> String {
    context.uuid_of_said(&["rule", &outcome.rule.id])
}

/// What an observation says of a rule.
pub fn said(outcome: &Outcome<'_>) -> Value {
    let rule = outcome.rule;
    let found: Vec<&str> = outcome.found.iter().map(|record| record.id.as_str()).collect();
    json!([rule.title, rule.why, counts(outcome), found, rule_props(outcome), remarks(outcome)])
}

/// What came of a rule, also where it is true of nothing.
pub fn observation(context: &Context<'_>, outcome: &Outcome<'_>) -> Value {
    let rule = outcome.rule;
    let verdict = if outcome.is_judged() { "" } else { "NOT JUDGED: " };
    let summary = context.choice.collection.summary();
    let mut observation = json!({
        "uuid": id(context, outcome),
        "title": line(&format!("{verdict}{}", rule.title)),
        "description": line(&format!("{verdict}{} {}", counts(outcome), rule.why)),
        "props": rule_props(outcome),
        "methods": ["EXAMINE"],
        "origins": [{"actors": [{"type": "tool", "actor-uuid": context.tool}]}],
        "collected": summary.updated_at,
        "remarks": line(&remarks(outcome)),
    });
    let known = outcome.found.iter().chain(outcome.unknown.iter().map(|(record, _)| record));
    // What a rule was asked of is good for as long as the record that is so for the shortest time.
    let expires = known.map(|record| record.valid_until.as_str()).min();
    put(&mut observation, "expires", expires.map(|expires| json!(expires)));
    let subjects: Vec<Value> =
        outcome.found.iter().filter_map(|record| observations::subject_reference(context, record)).collect();
    put(&mut observation, "subjects", Some(json!(subjects)));
    observation
}

/// How many records it is true, unknown and false of. Of none that was read it says so, so that no 0 looks like a pass.
fn counts(outcome: &Outcome<'_>) -> String {
    let (kind, gaps) = (&outcome.rule.kind, outcome.gaps.join("; "));
    if !outcome.is_judged() {
        return format!("No record of kind {kind} that it is about was read, and there may be some. {gaps}.");
    }
    let [found, unknown] = [outcome.found.len(), outcome.unknown.len()];
    let read = if outcome.gaps.is_empty() { "" } else { " that were read" };
    let beside = match outcome.not_applicable {
        0 => String::new(),
        others => format!(" It does not apply to {others} others."),
    };
    format!(
        "True of {found}, unknown of {unknown}, false of {} records of kind {kind}{read}.{beside}",
        outcome.not_matched
    )
}

fn rule_props(outcome: &Outcome<'_>) -> Value {
    let rule = outcome.rule;
    let weight = match rule.weight {
        Weight::High => "high",
        Weight::Medium => "medium",
        Weight::Low => "low",
    };
    let fixed = [
        prop("rule", &rule.id),
        prop("weight", weight),
        prop("found", &outcome.found.len().to_string()),
        prop("unknown", &outcome.unknown.len().to_string()),
        prop("not_matched", &outcome.not_matched.to_string()),
        prop("not_applicable", &outcome.not_applicable.to_string()),
    ];
    let controls = rule.controls.iter().map(|control| prop("control", control));
    let gaps = outcome.gaps.iter().map(|gap| prop("gap", gap));
    let unknown = outcome.unknown.iter().map(|(record, why)| prop("unknown_of", &format!("{}: {why}", record.id)));
    props(fixed.into_iter().chain(controls).chain(gaps).chain(unknown))
}

fn remarks(outcome: &Outcome<'_>) -> String {
    let mut remarks = format!("What would show that it is nothing: {}", outcome.rule.refuted_by);
    if !outcome.gaps.is_empty() {
        remarks.push_str(&format!(" Records may be missing: {}.", outcome.gaps.join("; ")));
    }
    if !outcome.odd.is_empty() {
        remarks.push_str(&format!(" Odd in the vendor's answers: {}.", outcome.odd.join("; ")));
    }
    if !outcome.doubts.is_empty() {
        remarks.push_str(&format!(" Doubted: {}.", outcome.doubts.join("; ")));
    }
    remarks
}

/// A finding for each rule that is true of a record. No finding says that anything is satisfied.
pub fn findings(context: &Context<'_>, outcomes: &[&Outcome<'_>]) -> Option<Value> {
    let is_found = |outcome: &&&Outcome<'_>| !outcome.found.is_empty() && !outcome.rule.controls.is_empty();
    Some(outcomes.iter().filter(is_found).map(|outcome| finding(context, outcome)).collect())
}

fn finding(context: &Context<'_>, outcome: &Outcome<'_>) -> Value {
    let rule = outcome.rule;
    let own = id(context, outcome);
    let records = outcome.found.iter().map(|record| observations::id(context, record));
    let related: Vec<Value> = std::iter::once(own).chain(records).map(|id| json!({"observation-uuid": id})).collect();
    json!({
        "uuid": context.uuid_of_said(&["finding", &rule.id]),
        "title": line(&rule.title),
        "description": line(&rule.why),
        "props": rule_props(outcome),
        "origins": [{"actors": [{"type": "tool", "actor-uuid": context.tool}]}],
        "target": {
            "type": "objective-id",
            "target-id": rule.id,
            "description": "The rule: that it is true of no record.",
            "status": {"state": "not-satisfied", "reason": "fail"},
            "remarks": "This is said of the rule. Whether a control is met is for people to judge.",
        },
        "related-observations": related,
        "remarks": line(&remarks(outcome)),
    })
}

//! Compliance findings: `Fail` where a rule is true of a record, `Unknown` where it cannot be judged. There is no
//! `Pass`: of a record that a rule is false of there is no event.

use super::event::{Class, event, resource, unmapped};
use crate::controls::controls;
use crate::export::Choice;
use crate::finding::{Outcome, Weight};
use crate::record::Record;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Activity 1: a finding was created.
const CLASS: Class = Class { uid: 2003, activity: 1 };

#[derive(Clone, Copy)]
enum Status {
    Unknown = 0,
    Fail = 3,
}

/// The events of a rule. Where records may be missing, one more says so.
pub fn events(choice: &Choice<'_>, outcome: &Outcome<'_>) -> Vec<Value> {
    let found = outcome
        .found
        .iter()
        .map(|record| finding(choice, outcome, Some(record), Status::Fail, "The rule is true of this record."));
    let unknown =
        outcome.unknown.iter().map(|(record, why)| finding(choice, outcome, Some(record), Status::Unknown, why));
    let gaps = outcome.gaps.join("; ");
    let gap = (!gaps.is_empty()).then(|| finding(choice, outcome, None, Status::Unknown, &gaps));
    found.chain(unknown).chain(gap).collect()
}

fn finding(choice: &Choice<'_>, outcome: &Outcome<'_>, record: Option<&Record>, status: Status, why: &str) -> Value {
    let (rule, summary) = (outcome.rule, choice.collection.summary());
    let id = record.map_or_else(String::new, |record| format!("{} {}", record.line, record.id));
    let severity = match rule.weight {
        Weight::High => 4,
        Weight::Medium => 3,
        Weight::Low => 2,
    };
    let about = record.map_or_else(|| rule.title.clone(), |record| format!("{}: {}", rule.title, record.title));
    let title = match status {
        Status::Fail => about,
        Status::Unknown => format!("Unknown whether: {about}"),
    };
    let mut extra = unmapped(choice, record);
    extra.insert("rule".into(), json!({
        "found": outcome.found.len(), "unknown": outcome.unknown.len(), "not_matched": outcome.not_matched, "gaps": outcome.gaps,
        "not_applicable": outcome.not_applicable, "doubts": outcome.doubts,
        "odd_answers": outcome.odd, "is_own": rule.is_own,
        "refuted_by": rule.refuted_by,
    }));
    let mut own = json!({
        "finding_info": {
            "uid": crate::export::identifiers::uuid(&["finding", &choice.collection.account.0, &rule.id, record.map_or("", |record| &record.id)]),
            "title": title,
            "desc": format!("{} What would show that it is nothing: {}", rule.why, rule.refuted_by),
        },
        "compliance": compliance(outcome, status, why),
        "message": format!("{title}. Whether a control is met is for people to judge."),
        "unmapped": extra,
    });
    if let (Some(record), Value::Object(own)) = (record, &mut own) {
        own.insert("resources".into(), json!([resource(choice, record)]));
    }
    let time = record.map_or(summary.updated_at.as_str(), |record| &record.observed_at);
    event(choice, CLASS, &["finding", &rule.id, &id], severity, time, own)
}

/// The check is the rule, and its result that of the rule: of a control nothing is said.
fn compliance(outcome: &Outcome<'_>, status: Status, why: &str) -> Value {
    let rule = outcome.rule;
    let named = controls().iter().filter(|control| rule.controls.contains(&control.id));
    let standards: BTreeSet<&str> = named.clone().map(|control| control.framework.as_str()).collect();
    let requirements: Vec<String> = named.map(|control| format!("{} {}", control.framework, control.id)).collect();
    let word = match status {
        Status::Fail => "Fail",
        Status::Unknown => "Unknown",
    };
    json!({
        "control": rule.id,
        "desc": rule.why,
        "standards": standards,
        "requirements": requirements,
        "status": word,
        "status_id": status as u32,
        "status_detail": why,
        "checks": [{"uid": rule.id, "name": rule.title, "status": word, "status_id": status as u32}],
    })
}

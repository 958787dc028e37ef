//! OSCAL assessment results, 1.2.1: an observation for each record and each rule, a finding for each rule that is true
//! of a record.
//!
//! Nothing in it says that a control is satisfied, or that it is not: the target of a finding is the rule, whose
//! objective is that it is true of no record.

mod context;
mod findings;
mod observations;
mod words;

use super::Choice;
use super::identifiers::uuid;
use crate::controls::controls;
use crate::finding::Outcome;
use context::Context;
use serde_json::{Value, json};
use source_evidence::digest::sha256_hex;
use source_evidence::files::{EVIDENCE, SEAL};
use std::collections::{BTreeMap, BTreeSet};
use words::{prop, props, put};

/// The version of OSCAL.
pub const VERSION: &str = "1.2.1";

/// The document, one line of JSON: the same for the same collection, kinds and rules. `outcomes` are what the rules say of it.
#[must_use]
pub fn document(choice: &Choice<'_>, outcomes: &[Outcome<'_>]) -> String {
    let collection = choice.collection;
    let summary = collection.summary();
    let outcomes: Vec<&Outcome<'_>> = outcomes.iter().filter(|outcome| choice.has(&outcome.rule.kind)).collect();
    let context = Context {
        choice,
        head: &summary.chain_head,
        said: said(choice, &outcomes),
        tool: uuid(&["component", &summary.component.sha256]),
        evidence: uuid(&[&summary.chain_head, EVIDENCE]),
    };
    let plan = context.uuid(&["plan"]);
    let mut results = json!({
        "uuid": context.uuid_of_said(&["document"]),
        "metadata": metadata(choice),
        "import-ap": {"href": format!("#{plan}")},
    });
    put(&mut results, "local-definitions", findings::objectives(&outcomes));
    if let Value::Object(results) = &mut results {
        results.insert("results".into(), json!([result(&context, &outcomes)]));
        results.insert("back-matter".into(), json!({"resources": resources(&context, &plan)}));
    }
    json!({"assessment-results": results}).to_string()
}

/// A digest of what of a document is not in the collection itself: which kinds go out, and what the rules say.
fn said(choice: &Choice<'_>, outcomes: &[&Outcome<'_>]) -> String {
    let kinds: Vec<&str> = choice.kinds.iter().map(|kind| kind.id).collect();
    let rules: Vec<Value> = outcomes.iter().map(|outcome| findings::said(outcome)).collect();
    sha256_hex(json!([kinds, choice.caveats, rules]).to_string().as_bytes())
}

fn title(choice: &Choice<'_>) -> String {
    let (id, name) = &choice.collection.account;
    let account = name.as_ref().map_or_else(|| id.clone(), |name| format!("{name} ({id})"));
    let warning = if choice.caveats.is_empty() { "" } else { "READ THE REMARKS FIRST: " };
    let part = if choice.incomplete().next().is_some() { "INCOMPLETE: " } else { "" };
    words::line(&format!("{warning}{part}Evidence of the account {account}"))
}

fn metadata(choice: &Choice<'_>) -> Value {
    let summary = choice.collection.summary();
    let mut metadata = json!({
        "title": title(choice),
        "last-modified": summary.updated_at,
        "version": summary.chain_head,
        "oscal-version": VERSION,
    });
    put(&mut metadata, "remarks", (!choice.caveats.is_empty()).then(|| json!(words::line(&choice.caveats))));
    metadata
}

fn result(context: &Context<'_>, outcomes: &[&Outcome<'_>]) -> Value {
    let choice = context.choice;
    let summary = choice.collection.summary();
    let mut result = json!({
        "uuid": context.uuid_of_said(&["result"]),
        "title": title(choice),
        "description": "What a source of evidence read of the account, record by record, and what rules say of it. Whether a control is met is for people to judge.",
        "start": summary.started_at,
        "end": summary.updated_at,
        "props": result_props(choice),
        "local-definitions": {
            "components": [tool(context)],
        },
        "reviewed-controls": reviewed(choice, outcomes),
    });
    let (items, observations) = observations::of_records(context);
    if let Some(definitions) = result.get_mut("local-definitions") {
        put(definitions, "inventory-items", items);
    }
    let observations: Vec<Value> = observations
        .into_iter()
        .chain(outcomes.iter().map(|outcome| findings::observation(context, outcome)))
        .collect();
    put(&mut result, "observations", Some(json!(observations)));
    put(&mut result, "findings", findings::findings(context, outcomes));
    put(&mut result, "remarks", remarks(choice));
    result
}

fn result_props(choice: &Choice<'_>) -> Value {
    let (collection, coverage) = (choice.collection, super::kinds(choice.collection));
    let states =
        coverage.iter().map(|kind| prop("coverage", &format!("{kind} {}", super::state(collection, kind).words)));
    props(
        [prop("seal", &collection.report.seal), prop("chain_head", &collection.summary().chain_head)]
            .into_iter()
            .chain(states),
    )
}

/// What is missing, for people.
fn remarks(choice: &Choice<'_>) -> Option<Value> {
    let short: Vec<String> = choice.incomplete().map(|(kind, words)| format!("{kind}: {words}")).collect();
    let missing = (!short.is_empty()).then(|| format!("INCOMPLETE, not read whole: {}", short.join("; ")));
    let all: Vec<String> =
        missing.into_iter().chain((!choice.caveats.is_empty()).then(|| choice.caveats.clone())).collect();
    (!all.is_empty()).then(|| json!(words::line(&all.join("; "))))
}

fn tool(context: &Context<'_>) -> Value {
    let component = &context.choice.collection.summary().component;
    json!({
        "uuid": context.tool,
        "type": "software",
        "title": words::line(&format!("Source of evidence {} {}", component.id, component.version)),
        "description": "The component that read the account.",
        "props": props([prop("version", &component.version), prop("sha256", &component.sha256)].into_iter()),
        "status": {"state": "operational"},
    })
}

/// The controls under which the kinds and rules are filed. None of them is said to be satisfied.
fn reviewed(choice: &Choice<'_>, outcomes: &[&Outcome<'_>]) -> Value {
    let of_rules: BTreeSet<&str> =
        outcomes.iter().flat_map(|outcome| outcome.rule.controls.iter().map(String::as_str)).collect();
    let mut frameworks = BTreeMap::<&str, Vec<Value>>::new();
    for control in controls() {
        if of_rules.contains(control.id.as_str()) || control.kinds.iter().any(|kind| choice.has(kind)) {
            frameworks.entry(&control.framework).or_default().push(json!({"control-id": control.id}));
        }
    }
    let mut selections: Vec<Value> = frameworks
        .into_iter()
        .map(|(framework, controls)| {
            let description = format!("{framework}: controls under which this evidence is filed. None is judged.");
            json!({"description": description, "include-controls": controls})
        })
        .collect();
    if selections.is_empty() {
        selections.push(json!({"description": "This evidence is filed under no control."}));
    }
    let mut reviewed = json!({"control-selections": selections});
    put(&mut reviewed, "control-objective-selections", findings::objective_selection(outcomes));
    reviewed
}

/// The files that this document refers to, each with its digest, and what stands in for a plan. `seal.json` has the
/// digests of all files.
fn resources(context: &Context<'_>, plan: &str) -> Value {
    let report = &context.choice.collection.report;
    let file = |id: String, name: &str, digest: &str| {
        json!({
            "uuid": id,
            "title": name,
            "description": "A file of the collection, which is handed over with this document or kept apart.",
            "rlinks": [{"href": name, "hashes": [{"algorithm": "SHA-256", "value": digest}]}],
        })
    };
    json!([
        {
            "uuid": plan,
            "title": "There is no assessment plan",
            "description": "The collection was made on request: manifest.json tells kinds, settings and times.",
        },
        file(context.evidence.clone(), EVIDENCE, &report.evidence),
        file(context.uuid(&[SEAL]), SEAL, &report.seal),
    ])
}

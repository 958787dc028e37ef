//! The same by control, as an auditor asks.

use super::{findings, overview};
use crate::collection::Collection;
use crate::controls::{Control, controls};
use crate::finding::Outcome;
use source_evidence::text::plain;
use std::collections::BTreeMap;

/// A framework with its controls.
pub(super) struct Framework {
    pub name: &'static str,
    pub controls: Vec<View>,
}

/// A control with what is filed under it.
pub(super) struct View {
    pub id: &'static str,
    pub title: &'static str,
    pub kinds: Vec<Kind>,
    /// Records of these kinds.
    pub records: u64,
    /// Rules that name it, and are about a kind that was asked for: id, title, state and count.
    pub findings: Vec<(String, String, &'static str, String)>,
}

/// A kind as evidence for a control.
pub(super) struct Kind {
    pub title: String,
    pub records: u64,
    pub state: String,
    pub class: &'static str,
}

pub(super) fn frameworks(
    collection: &Collection,
    outcomes: &[Outcome<'_>],
    titles: &BTreeMap<String, String>,
) -> Vec<Framework> {
    let mut frameworks: Vec<Framework> = Vec::new();
    for control in controls() {
        let view = view(control, collection, outcomes, titles);
        match frameworks.last_mut().filter(|last| last.name == control.framework) {
            Some(last) => last.controls.push(view),
            None => frameworks.push(Framework { name: &control.framework, controls: vec![view] }),
        }
    }
    frameworks
}

fn view(
    control: &'static Control,
    collection: &Collection,
    outcomes: &[Outcome<'_>],
    titles: &BTreeMap<String, String>,
) -> View {
    let kinds: Vec<Kind> = control.kinds.iter().filter_map(|kind| filed(collection, titles, kind)).collect();
    let named = outcomes.iter().filter(|outcome| findings::is_asked(collection, outcome));
    let named = named.filter(|outcome| outcome.rule.controls.contains(&control.id));
    View {
        id: &control.id,
        title: &control.title,
        records: kinds.iter().map(|kind| kind.records).sum(),
        kinds,
        findings: named
            .map(|outcome| {
                let (id, title) = (plain(&outcome.rule.id), plain(&outcome.rule.title));
                (id, title, findings::state(outcome), findings::count(outcome))
            })
            .collect(),
    }
}

/// A kind that was asked for, or that the collection always has; others are another source's, or were left out.
fn filed(collection: &Collection, titles: &BTreeMap<String, String>, kind: &str) -> Option<Kind> {
    let records = collection.of_kind(kind).count() as u64;
    let (state, class) = match collection.coverage(kind) {
        Some(one) => (one.state.replace('_', " "), overview::class(one, collection)),
        None if records > 0 => ("the source's statement".into(), "told"),
        None => return None,
    };
    Some(Kind { title: overview::title(titles, kind), records, state: plain(&state), class })
}

//! Findings, each with what is behind it and what would refute it.

use crate::collection::Collection;
use crate::finding::{Outcome, Weight};
use source_evidence::text::{plain, plural};

/// What came of all rules.
pub(super) struct View {
    /// In one sentence.
    pub sum: String,
    /// Rules that found something.
    pub found: usize,
    /// Rules that found nothing, and cannot say of some or of all.
    pub open: usize,
    pub cards: Vec<Card>,
}

/// What came of one rule.
pub(super) struct Card {
    pub id: String,
    pub title: String,
    pub weight: &'static str,
    /// `found`, `unknown`, `unjudged` or `clear`.
    pub state: &'static str,
    pub count: String,
    pub why: String,
    pub refuted_by: String,
    pub controls: String,
    pub gaps: Vec<String>,
    /// The first records of which it is true: line and title.
    pub first: Vec<(u64, String)>,
    pub found: usize,
    pub unknown: usize,
    /// Why it cannot be said of some, each reason once.
    pub reasons: Vec<String>,
}

/// Records named in the finding itself; the table has all.
const SHOWN: usize = 3;

pub(super) fn view(collection: &Collection, outcomes: &[Outcome<'_>]) -> View {
    let mut sorted: Vec<&Outcome<'_>> = outcomes.iter().collect();
    sorted.sort_by_key(|outcome| (rank(state(outcome)), outcome.rule.weight));
    let cards: Vec<Card> = sorted.into_iter().map(|outcome| card(collection, outcome)).collect();
    let of = |state: &str| cards.iter().filter(|card| card.state == state).count();
    let sum = format!(
        "{} {}: {} found something, {} found nothing and cannot say of some records, {} found nothing, {} not judged",
        cards.len(),
        plural(cards.len() as u64, "rule"),
        of("found"),
        of("unknown"),
        of("clear"),
        of("unjudged")
    );
    View { sum, found: of("found"), open: of("unknown") + of("unjudged"), cards }
}

/// What came of a rule. One that had nothing to look at, because that was not read, is never clear.
pub(super) fn state(outcome: &Outcome<'_>) -> &'static str {
    match (outcome.found.len(), outcome.unknown.len(), outcome.cleared) {
        (0, 0, 0) if !outcome.gaps.is_empty() => "unjudged",
        (0, 0, _) => "clear",
        (0, ..) => "unknown",
        _ => "found",
    }
}

fn rank(state: &str) -> usize {
    ["found", "unknown", "unjudged", "clear"].iter().position(|one| *one == state).unwrap_or_default()
}

/// Counts in words.
pub(super) fn count(outcome: &Outcome<'_>) -> String {
    let (found, unknown, cleared) = (outcome.found.len(), outcome.unknown.len(), outcome.cleared);
    if state(outcome) == "unjudged" {
        return "not judged".into();
    }
    let read = if outcome.gaps.is_empty() { "" } else { " in what was read" };
    let unknown = if unknown == 0 { String::new() } else { format!(", {unknown} unknown") };
    format!("{found} found{unknown}, {cleared} cleared{read}")
}

fn card(collection: &Collection, outcome: &Outcome<'_>) -> Card {
    let rule = outcome.rule;
    let shown = |record: &&crate::record::Record| {
        let about = &record.subject;
        let name = collection.names.get(&about.kind, &about.id);
        let title = collection.title(record);
        let name = name.filter(|name| !title.contains(name)).map(|name| format!(" ({name})"));
        (record.line, plain(&format!("{title}{}", name.unwrap_or_default())))
    };
    let reasons: std::collections::BTreeSet<&str> = outcome.unknown.iter().map(|(_, why)| why.as_str()).collect();
    Card {
        id: plain(&rule.id),
        title: plain(&rule.title),
        weight: match rule.weight {
            Weight::High => "high",
            Weight::Medium => "medium",
            Weight::Low => "low",
        },
        state: state(outcome),
        count: count(outcome),
        why: plain(&rule.why),
        refuted_by: plain(&rule.refuted_by),
        controls: plain(&rule.controls.join(", ")),
        gaps: outcome.gaps.iter().map(|gap| plain(gap)).collect(),
        first: outcome.found.iter().take(SHOWN).map(shown).collect(),
        found: outcome.found.len(),
        unknown: outcome.unknown.len(),
        reasons: reasons.into_iter().take(SHOWN).map(plain).collect(),
    }
}

//! Findings, each with what is behind it and what would refute it.

use crate::collection::Collection;
use crate::finding::{Outcome, Weight};
use source_evidence::text::{plain, plural};
use std::collections::BTreeSet;

/// What came of all rules.
pub(super) struct View {
    /// In one sentence.
    pub sum: String,
    /// Rules that found something.
    pub found: usize,
    /// Rules that cannot say, or not of all records, whether they found something or not.
    pub open: usize,
    pub cards: Vec<Card>,
    /// Rules about kinds that were not asked for, in one sentence; empty where there are none.
    pub unasked: String,
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
    pub doubts: Vec<String>,
    /// What the source found odd in the answers that it looks at.
    pub odd: Vec<String>,
    /// Whether it is from a user's own file.
    pub is_own: bool,
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
    let (mut sorted, unasked): (Vec<&Outcome<'_>>, Vec<&Outcome<'_>>) =
        outcomes.iter().partition(|outcome| is_asked(collection, outcome));
    sorted.sort_by_key(|outcome| (rank(state(outcome)), outcome.rule.weight));
    let open = sorted.iter().filter(|outcome| outcome.is_open()).count();
    let cards: Vec<Card> = sorted.into_iter().map(|outcome| card(collection, outcome)).collect();
    let of = |state: &str| cards.iter().filter(|card| card.state == state).count();
    let (found, unknown, unjudged) = (of("found"), of("unknown"), of("unjudged"));
    let sum = if cards.is_empty() {
        "No rule is about what was asked for".into()
    } else {
        format!(
            "{} {}: {found} found something ({} of them cannot say of all records), {unknown} found nothing and cannot say \
         of all records, {} found nothing, {unjudged} not judged",
            cards.len(),
            plural(cards.len() as u64, "rule"),
            open - unknown - unjudged,
            of("clear"),
        )
    };
    View { sum, found, open, cards, unasked: said_of(&unasked) }
}

/// Whether the kind of a rule is in the collection: if not, it is another source's, or was left out.
pub(super) fn is_asked(collection: &Collection, outcome: &Outcome<'_>) -> bool {
    let kind = &outcome.rule.kind;
    collection.coverage(kind).is_some() || collection.of_kind(kind).next().is_some()
}

/// What to say of rules about kinds that were not asked for.
fn said_of(unasked: &[&Outcome<'_>]) -> String {
    let kinds: BTreeSet<&str> = unasked.iter().map(|outcome| outcome.rule.kind.as_str()).collect();
    let kinds = kinds.into_iter().collect::<Vec<_>>().join(", ");
    let (count, is) = (unasked.len(), if unasked.len() == 1 { "is" } else { "are" });
    let rules = plural(count as u64, "rule");
    if count == 0 {
        return String::new();
    }
    plain(&format!("{count} more {rules} {is} about kinds that were not asked for, and {is} not judged: {kinds}."))
}

/// What came of a rule. One that found nothing is clear only where nothing is missing.
pub(super) fn state(outcome: &Outcome<'_>) -> &'static str {
    match outcome {
        _ if !outcome.found.is_empty() => "found",
        _ if !outcome.is_judged() => "unjudged",
        _ if outcome.is_open() => "unknown",
        _ => "clear",
    }
}

fn rank(state: &str) -> usize {
    ["found", "unknown", "unjudged", "clear"].iter().position(|one| *one == state).unwrap_or_default()
}

/// Counts in words.
pub(super) fn count(outcome: &Outcome<'_>) -> String {
    let (found, unknown, not_matched) = (outcome.found.len(), outcome.unknown.len(), outcome.not_matched);
    if state(outcome) == "unjudged" {
        return "not judged".into();
    }
    let read = if outcome.gaps.is_empty() { "" } else { " in what was read" };
    let unknown = if unknown == 0 { String::new() } else { format!(", {unknown} unknown") };
    let beside = match outcome.not_applicable {
        0 => String::new(),
        others => format!("; not applicable to {others} {}", plural(others, "record")),
    };
    format!("{found} found{unknown}, {not_matched} not matched{read}{beside}")
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
    let reasons: BTreeSet<&str> = outcome.unknown.iter().map(|(_, why)| why.as_str()).collect();
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
        doubts: outcome.doubts.iter().map(|doubt| plain(doubt)).collect(),
        odd: outcome.odd.iter().map(|odd| plain(odd)).collect(),
        is_own: rule.is_own,
        first: outcome.found.iter().take(SHOWN).map(shown).collect(),
        found: outcome.found.len(),
        unknown: outcome.unknown.len(),
        reasons: reasons.into_iter().take(SHOWN).map(plain).collect(),
    }
}

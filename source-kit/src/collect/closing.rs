//! The records at the end of every collection: the source's summaries, what cannot be observed, how
//! complete each kind is, and the manifest. Record number `index` is always the same one, so that a cut
//! between any two changes nothing.

use super::cursor::State;
use super::plan::Plan;
use crate::base::model::{CoverageState, Record};
use crate::base::timestamp::Timestamp;
use crate::record::config::Config;
use crate::record::emit::Emit;
use crate::record::kind::{Kind, When};
use crate::record::manifest::{Header, KindSummary};
use crate::record::source::{Source, Summary};
use crate::record::tally::Tally;
use crate::record::{coverage, manifest, not_observable};
use alloc::vec::Vec;

/// Kinds that are made here.
pub const KINDS: &[&Kind] = &[&not_observable::KIND, &coverage::KIND, &manifest::KIND];

/// Whether there is no record number `index`.
pub fn is_end<S: Source>(index: usize, plan: &Plan) -> bool {
    index > summaries::<S>(plan).count() + S::TOPICS.len() + covered(plan).count()
}

/// The summaries asked for.
fn summaries<S: Source>(plan: &Plan) -> impl Iterator<Item = &'static Summary<S>> + '_ {
    S::SUMMARIES.iter().filter(|summary| plan.wants(summary.kind))
}

/// Kinds that have a coverage record: all but the kit's own.
fn covered(plan: &Plan) -> impl Iterator<Item = (usize, &'static Kind)> + '_ {
    plan.wanted.iter().copied().enumerate().filter(|(_, kind)| kind.when != When::Always)
}

/// Record number `index`.
pub fn record<S: Source>(
    index: usize,
    state: &State<S>,
    config: &Config<S>,
    plan: &Plan,
    now: Timestamp,
) -> Option<Record> {
    let summaries: Vec<_> = summaries::<S>(plan).collect();
    let mut emit = Emit {
        // What is said of the collection is this source's own, whosever account it is.
        urn: if index < summaries.len() { S::URN } else { S::ABOUT.id },
        account: &state.identity.account,
        wanted: &plan.wanted,
        since: None,
        privacy: &config.settings.privacy,
        free_text: config.settings.free_text,
        spread_days: 1,
        now,
        records: Vec::new(),
        unknown: Vec::new(),
    };
    let kinds: Vec<_> = covered(plan).collect();
    let topics = summaries.len() + S::TOPICS.len();
    if let Some(summary) = summaries.get(index) {
        let at = plan.wanted.iter().position(|kind| kind.id == summary.kind.id)?;
        let known = state.tallies.get(at)?.coverage(summary.kind).state == CoverageState::Complete;
        (summary.emit)(&mut emit, &state.notes, known);
    } else if let Some(topic) = S::TOPICS.get(index - summaries.len()) {
        not_observable::emit(&mut emit, S::VENDOR, topic);
    } else if let Some((at, kind)) = kinds.get(index - topics) {
        coverage::emit(&mut emit, kind, state.tallies.get(*at)?);
    } else if index == topics + kinds.len() {
        let summary = |(at, kind): &(usize, &'static Kind)| summary(state.tallies.get(*at)?, kind);
        manifest::emit(
            &mut emit,
            &Header {
                identity: &state.identity,
                role: state.role.as_deref(),
                host: &S::host(&config.settings.own),
                component_version: S::ABOUT.version,
                settings: &config.shown,
                settings_digest: &config.settings_digest,
                started_at: state.started_at(),
                since: plan.since,
                records: state.tallies.iter().map(|tally| tally.records).sum(),
                kinds: &kinds.iter().filter_map(summary).collect::<Vec<_>>(),
            },
        );
    }
    emit.records.pop()
}

fn summary(tally: &Tally, kind: &'static Kind) -> Option<KindSummary<'static>> {
    Some(KindSummary { kind: kind.id, records: tally.records, state: tally.coverage(kind).state })
}

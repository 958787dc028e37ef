//! The records at the end of every collection: which groups export no audit trail, what cannot be observed, how complete each kind is,
//! and the manifest. Record number `index` is always the same one, so that a cut between any two
//! changes nothing.

use super::cursor::State;
use super::plan::Plan;
use super::tally::Tally;
use crate::config::Config;
use crate::evidence::emit::Emit;
use crate::evidence::kind::{Kind, When};
use crate::evidence::manifest::{Identities, KindSummary};
use crate::evidence::{audit_logging, coverage, manifest, not_observable};
use crate::instant::Instant;
use crate::model::{CoverageState, Record};
use alloc::vec::Vec;

/// Kinds that are made here.
pub const KINDS: &[&Kind] = &[&not_observable::KIND, &coverage::KIND, &manifest::KIND];

/// Whether there is no record number `index`.
pub fn is_end(index: usize, plan: &Plan) -> bool {
    index > usize::from(plan.wants(&audit_logging::KIND)) + not_observable::TOPICS.len() + covered(plan).count()
}

/// Kinds that have a coverage record: all but the source's own.
fn covered(plan: &Plan) -> impl Iterator<Item = (usize, &'static Kind)> + '_ {
    plan.wanted.iter().copied().enumerate().filter(|(_, kind)| kind.when != When::Always)
}

/// Record number `index`.
pub fn record(index: usize, state: &State, config: &Config, plan: &Plan, now: Instant) -> Option<Record> {
    let mut emit = Emit {
        account: &state.identity.account,
        wanted: &plan.wanted,
        since: None,
        privacy: &config.settings.privacy,
        spread_days: 1,
        now,
        records: Vec::new(),
    };
    let summaries = usize::from(plan.wants(&audit_logging::KIND));
    if index < summaries {
        let at = plan.wanted.iter().position(|kind| kind.id == audit_logging::KIND.id)?;
        let coverage = state.tallies.get(at)?.coverage(&audit_logging::KIND);
        audit_logging::emit_groups(&mut emit, &state.notes, coverage.state == CoverageState::Complete);
        return emit.records.pop();
    }
    let index = index - summaries;
    let topics = not_observable::TOPICS.len();
    let kinds: Vec<_> = covered(plan).collect();
    if let Some(topic) = not_observable::TOPICS.get(index) {
        not_observable::emit(&mut emit, topic);
    } else if let Some((at, kind)) = kinds.get(index.saturating_sub(topics)) {
        let tally = state.tallies.get(*at)?;
        coverage::emit(&mut emit, kind, tally);
    } else if index == topics + kinds.len() {
        let summary = |(at, kind): &(usize, &'static Kind)| summary(state.tallies.get(*at)?, kind);
        let own = state.tallies.iter().map(|tally| tally.records).sum();
        let identities = Identities { identity: &state.identity, role: state.role.as_deref() };
        let kinds: Vec<KindSummary<'_>> = kinds.iter().filter_map(summary).collect();
        let span = (state.started_at(), plan.since);
        manifest::emit(&mut emit, &identities, config, &state.chain, span, own, &kinds);
    }
    emit.records.pop()
}

fn summary(tally: &Tally, kind: &'static Kind) -> Option<KindSummary<'static>> {
    Some(KindSummary { kind: kind.id, records: tally.records, state: tally.coverage(kind).state })
}

//! What an item adds to the counts that coverage is made of: refusals, tallies, findings.

use super::cursor::{Refusals, State};
use super::plan::Plan;
use super::progress::Progress;
use crate::base::digest::short_hash;
use crate::base::model::{Diagnostic, Severity};
use crate::record::kind::Kind;
use crate::record::resource::{Findings, Part, PartAnswer, Resource};
use crate::record::source::Source;
use crate::record::tally::{Cause, Problem, Tally};
use alloc::format;
use alloc::string::ToString;
use alloc::vec::Vec;

/// A part that is refused for the first so many items in a row is not called any more: the
/// permission is missing, and calls are the customer's.
const MAX_REFUSALS: u32 = 3;
/// Findings about responses that are reported in a collection; they travel in the cursor.
const MAX_DRIFT: usize = 200;

/// Keeps count of refused parts, and treats the answers of a part that is closed as refusals, whether
/// the call was still made or not.
pub fn refuse<S: Source>(state: &mut State<S>, progress: &Progress, resource: &Resource<S>, parts: &mut [PartAnswer]) {
    let stage = state.position.stage;
    state.refusals.resize(resource.parts.len(), Refusals::default());
    for (number, (answer, refusals)) in parts.iter_mut().zip(&mut state.refusals).enumerate() {
        if is_closed(refusals) && !matches!(answer, PartAnswer::NotCalled) {
            *answer = PartAnswer::Forbidden(None);
        }
        match answer {
            PartAnswer::Forbidden(_) => refusals.refused = refusals.refused.saturating_add(1),
            PartAnswer::Pages(_) | PartAnswer::None(_) | PartAnswer::Gone => refusals.granted = true,
            PartAnswer::Broken(_) | PartAnswer::NotCalled => {}
        }
        if is_closed(refusals) {
            progress.close(stage, number);
        }
    }
}

/// Whether a part is not called any more.
pub fn is_closed(refusals: &Refusals) -> bool {
    !refusals.granted && refusals.refused >= MAX_REFUSALS
}

/// Counts an item that is done, and takes what it told.
pub fn item<S: Source>(
    state: &mut State<S>,
    plan: &Plan,
    resource: &Resource<S>,
    parts: &[PartAnswer],
    findings: &mut Findings<S>,
) {
    state.items += 1;
    list(state, plan, resource, |tally| tally.items += 1);
    if findings.unreadable > 0 {
        let problem = Problem {
            cause: Cause::Unreadable,
            at: resource.path.to_string(),
            permission: None,
            count: u64::from(findings.unreadable),
            whole_list: false,
        };
        list(state, plan, resource, |tally| tally.problem(&problem));
    }
    for (part, answer) in resource.parts.iter().zip(parts) {
        count_part(state, plan, part, answer);
    }
    for fact in findings.facts.drain(..) {
        S::note(&mut state.notes, fact);
    }
}

fn count_part<S: Source>(state: &mut State<S>, plan: &Plan, part: &Part<S>, answer: &PartAnswer) {
    let cause = match answer {
        PartAnswer::NotCalled => return,
        PartAnswer::Pages(pages) => {
            return kinds(state, plan, part.feeds, |tally| {
                pages.iter().for_each(|body| tally.response(body.seen.read_at));
            });
        }
        PartAnswer::None(body) => {
            return kinds(state, plan, part.feeds, |tally| tally.response(body.seen.read_at));
        }
        PartAnswer::Gone => return kinds(state, plan, part.feeds, |tally| tally.gone += 1),
        PartAnswer::Forbidden(_) => Cause::Forbidden,
        PartAnswer::Broken(_) => Cause::Upstream,
    };
    let permission = (cause == Cause::Forbidden).then(|| part.permission.to_string());
    let problem = Problem { cause, at: part.path.to_string(), permission, count: 1, whole_list: false };
    kinds(state, plan, part.feeds, |tally| tally.problem(&problem));
}

/// Changes the tallies of all kinds that a list is short of when it is short itself.
pub fn list<S: Source>(state: &mut State<S>, plan: &Plan, resource: &Resource<S>, mut change: impl FnMut(&mut Tally)) {
    for (kind, tally) in plan.wanted.iter().zip(&mut state.tallies) {
        if resource.feeds(kind) {
            change(tally);
        }
    }
}

/// Changes the tallies of some kinds.
pub fn kinds<S: Source>(state: &mut State<S>, plan: &Plan, some: &[&Kind], mut change: impl FnMut(&mut Tally)) {
    for (kind, tally) in plan.wanted.iter().zip(&mut state.tallies) {
        if some.iter().any(|fed| fed.id == kind.id) {
            change(tally);
        }
    }
}

/// Fields that are not as documented, each of them once in a collection.
pub fn drift<S: Source>(state: &mut State<S>, findings: &Findings<S>) -> Vec<Diagnostic> {
    let all = findings.drift.iter().flat_map(|(endpoint, drift)| drift.iter().map(move |found| (*endpoint, found)));
    let mut reported = Vec::new();
    for (endpoint, (pointer, what)) in all {
        let message = format!("GET {endpoint}: {pointer} is {what}");
        let hash = short_hash(&message);
        if state.drift.contains(&hash) || state.drift.len() >= MAX_DRIFT {
            continue;
        }
        state.drift.push(hash);
        reported.push(Diagnostic {
            severity: Severity::Info,
            code: "drift",
            pointer: pointer.clone(),
            message,
            remedy: "What could be read is kept. A newer version of this component may know more.".into(),
        });
    }
    reported
}

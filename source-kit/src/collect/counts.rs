//! What an item adds to the counts that coverage is made of: refusals, tallies, findings.

use super::cursor::{Refusals, State};
use super::plan::Plan;
use super::progress::Progress;
use crate::base::digest::short_hash;
use crate::base::model::{Diagnostic, Severity};
use crate::record::answer::{PartAnswer, Why};
use crate::record::findings::Findings;
use crate::record::identity::fits;
use crate::record::kind::Kind;
use crate::record::part::Part;
use crate::record::problem::{Cause, Problem, answering, reading};
use crate::record::resource::Resource;
use crate::record::source::Source;
use crate::record::tally::{Tally, short};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

/// A part that is refused, or not offered, for the first so many items in a row is not called any more: calls are
/// the customer's.
const MAX_REFUSALS: u32 = 3;
/// Findings about responses that are reported in a collection; they travel in the cursor.
const MAX_DRIFT: usize = 200;

/// Keeps count of refused answers of a part. Those that come after it was closed, for items that were asked before
/// that was known, count as not asked: how many there are depends on timing. An answer that was granted is kept.
pub fn refuse<S: Source>(
    state: &mut State<S>,
    progress: &Progress,
    (resource, number): (&Resource<S>, usize),
    (answer, item): (&mut PartAnswer, u64),
) {
    state.refusals.resize(resource.parts.len(), Refusals::default());
    let Some(refusals) = state.refusals.get_mut(number) else { return };
    // Several weeks of one item are one refusal.
    let is_again = matches!(answer, PartAnswer::Forbidden(_) | PartAnswer::NotOffered)
        && core::mem::replace(&mut refusals.last, short(item)) == short(item);
    match (&answer, closed(refusals)) {
        (PartAnswer::Forbidden(_), Some(why)) | (PartAnswer::NotOffered, Some(why)) => {
            *answer = PartAnswer::NotAsked(why);
        }
        (PartAnswer::Forbidden(_) | PartAnswer::NotOffered, None) if is_again => {}
        (PartAnswer::Forbidden(_), None) => refusals.refused = refusals.refused.saturating_add(1),
        (PartAnswer::NotOffered, None) => refusals.missing = refusals.missing.saturating_add(1),
        (PartAnswer::Read(_) | PartAnswer::None(_), _) => refusals.granted = true,
        (PartAnswer::Gone, _) => refusals.gone = true,
        (PartAnswer::Broken(_), _) => refusals.broken = true,
        _ => {}
    }
    progress.close(state.position.stage, number, closed(refusals));
}

/// Why a part is not called any more; `None` while it is.
pub fn closed(refusals: &Refusals) -> Option<Why> {
    match (refusals.granted, refusals.refused >= MAX_REFUSALS, refusals.missing >= MAX_REFUSALS) {
        (false, true, _) => Some(Why::Refused),
        (false, false, true) => Some(Why::NotOffered),
        _ => None,
    }
}

/// Judges the parts of a list that has come to its end.
pub fn parts_end<S: Source>(state: &mut State<S>, plan: &Plan, resource: &Resource<S>) {
    for (part, refusals) in resource.parts.iter().zip(core::mem::take(&mut state.refusals)) {
        let other = refusals.granted || refusals.broken || refusals.refused > 0 || refusals.missing > 0;
        if refusals.gone && !other {
            of_part(state, plan, part, (&Problem::of_items(Cause::AllGone, part.path, 0), 0));
        }
        let by_setting = part.feeds.first().is_some_and(|first| plan.accepted_gaps.contains(first.id));
        if refusals.granted && !by_setting {
            // What is granted for some items is in the plan.
            kinds(state, plan, part.feeds, |tally| {
                let of_part = tally.problems.iter_mut().filter(|problem| problem.at == part.path);
                of_part.for_each(|problem| problem.accepted = false);
            });
        }
    }
}

/// Counts an item whose own records are made.
pub fn item<S: Source>(state: &mut State<S>, plan: &Plan, resource: &Resource<S>) {
    state.items += 1;
    list(state, plan, resource, |tally| tally.items += 1);
}

/// Takes what a projection noticed in an answer of `at` about an item.
pub fn findings<S: Source>(
    state: &mut State<S>,
    plan: &Plan,
    resource: &Resource<S>,
    (at, item): (&str, u64),
    findings: &mut Findings<S>,
) {
    let counted = [
        (Cause::Unreadable, u64::from(findings.unreadable)),
        (Cause::Conflict, findings.conflicts),
        (Cause::ListChanged, u64::from(findings.changed)),
    ];
    let part = resource.parts.iter().find(|part| part.path == at);
    for (cause, count) in counted.into_iter().filter(|(_, count)| *count > 0) {
        let problem = Problem::of_items(cause, at, count);
        match part {
            Some(part) => of_part(state, plan, part, (&problem, item)),
            None => of_item(state, plan, resource, (&problem, item)),
        }
    }
    for (kind, what) in findings.unknown.drain(..) {
        let problem = Problem::of_items(Cause::Unknown, at, 1).with(Some(what.into()));
        kinds(state, plan, &[kind], |tally| tally.problem_of(item, &problem));
    }
    if let Some(role) = findings.principal_role.take().filter(|role| fits(role)) {
        state.role = Some(role);
    }
    for fact in findings.facts.drain(..) {
        S::note(&mut state.notes, fact);
    }
}

/// Counts an answer of a part about an item.
pub fn part<S: Source>(state: &mut State<S>, plan: &Plan, part: &Part<S>, (answer, item): (&PartAnswer, u64)) {
    let problem = |cause| Problem::of_items(cause, part.path, 1);
    let skipped = |cause| Problem { count: 0, skipped: 1, ..Problem::of_items(cause, part.path, 0) };
    let permission = || Some(part.permission.to_string());
    let refused = || Some("403".to_string());
    let problem = match answer {
        PartAnswer::NotAsked(Why::NotWanted | Why::NotNeeded | Why::OtherTurn) => return,
        PartAnswer::Read(pages) => {
            kinds(state, plan, part.feeds, |tally| {
                pages.bodies.iter().for_each(|body| tally.response(body.seen.read_at));
            });
            for (cause, count) in [(Cause::Conflict, pages.conflicts), (Cause::Unreadable, pages.unreadable)] {
                if count > 0 {
                    of_part(state, plan, part, (&Problem::of_items(cause, part.path, count), item));
                }
            }
            match pages.cut_short {
                None => return,
                Some(Cause::Forbidden) => problem(Cause::Forbidden).with(permission()),
                Some(cause) => problem(cause),
            }
        }
        PartAnswer::None(body) => {
            return kinds(state, plan, part.feeds, |tally| tally.response(body.seen.read_at));
        }
        PartAnswer::Gone => return kinds(state, plan, part.feeds, |tally| tally.gone(item)),
        PartAnswer::NotOffered => problem(Cause::NotAvailable),
        PartAnswer::Forbidden(_) if part.preview => problem(Cause::NotAvailable).with(refused()),
        PartAnswer::Forbidden(_) => problem(Cause::Forbidden).with(permission()),
        PartAnswer::Broken(_) => problem(Cause::Upstream),
        PartAnswer::NotAsked(Why::Off(setting)) => problem(Cause::Off).with(Some((*setting).into())),
        PartAnswer::NotAsked(Why::Unknown) => problem(Cause::Unknown),
        PartAnswer::NotAsked(Why::NoId) => problem(Cause::NoId),
        PartAnswer::NotAsked(Why::Refused) if part.preview => skipped(Cause::NotAvailable).with(refused()),
        PartAnswer::NotAsked(Why::Refused) => skipped(Cause::Forbidden).with(permission()),
        PartAnswer::NotAsked(Why::NotOffered) => skipped(Cause::NotAvailable),
    };
    of_part(state, plan, part, (&problem, item));
}

/// Notes a problem that a part has with an item in the tallies of all kinds that it feeds.
pub fn of_part<S: Source>(state: &mut State<S>, plan: &Plan, part: &Part<S>, (problem, item): (&Problem, u64)) {
    let accepted = is_accepted(state, plan, (part.feeds, true), problem.cause);
    let problem = Problem { accepted, ..problem.clone() };
    kinds(state, plan, part.feeds, |tally| tally.problem_of(item, &problem));
}

/// Notes a problem with an item of a list in the tallies of all kinds that are short when the list is.
fn of_item<S: Source>(state: &mut State<S>, plan: &Plan, resource: &Resource<S>, (problem, item): (&Problem, u64)) {
    let accepted = is_accepted(state, plan, (resource.feeds, resource.absent.is_none()), problem.cause);
    let problem = Problem { accepted, ..problem.clone() };
    list(state, plan, resource, |tally| tally.problem_of(item, &problem));
}

/// Whether it is accepted that the first kind of a list is short: a setting names it, or the vendor does not offer
/// it under every plan. Where there are records of it, the plan has it; where there are other reasons why it may not
/// be there, it is not known that it is the plan.
fn is_accepted<S: Source>(
    state: &State<S>,
    plan: &Plan,
    (feeds, by_plan_alone): (&[&Kind], bool),
    cause: Cause,
) -> bool {
    let has_records = |kind: &Kind| {
        plan.wanted.iter().zip(&state.tallies).any(|(wanted, tally)| wanted.id == kind.id && tally.records > 0)
    };
    let is_of_plan = matches!(cause, Cause::NotAvailable | Cause::Unknown) && by_plan_alone;
    let by_plan = |kind: &Kind| kind.plan_gate.is_some() && is_of_plan && !has_records(kind);
    feeds.first().is_some_and(|first| plan.accepted_gaps.contains(first.id) || by_plan(first))
}

/// Notes a problem of a list in the tallies of all kinds that are short when it is.
pub fn of_list<S: Source>(state: &mut State<S>, plan: &Plan, resource: &Resource<S>, problem: &Problem) {
    let accepted = is_accepted(state, plan, (resource.feeds, resource.absent.is_none()), problem.cause);
    list(state, plan, resource, |tally| tally.problem(&Problem { accepted, ..problem.clone() }));
}

/// Changes the tallies of all kinds that are short when a list is.
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

/// What is not as documented, each thing once in a collection: fields, and what the answer of `at` does not say.
pub fn drift<S: Source>(state: &mut State<S>, at: &str, findings: &Findings<S>) -> Vec<Diagnostic> {
    let fields = findings.drift.iter().flat_map(|(endpoint, drift)| drift.iter().map(move |found| (*endpoint, found)));
    let fields =
        fields.map(|(path, (pointer, what))| (pointer.clone(), format!("{}: {pointer} is {what}", reading(path))));
    let unknown =
        findings.unknown.iter().map(|(_, what)| (String::new(), format!("{} does not say {what}", answering(at))));
    let all: Vec<_> = fields.chain(unknown).collect();
    all.into_iter().filter_map(|(pointer, message)| report(state, pointer, message)).collect()
}

/// Something that is not as documented, if it was not reported before.
pub fn report<S: Source>(state: &mut State<S>, pointer: String, message: String) -> Option<Diagnostic> {
    let hash = short_hash(&message);
    if state.drift.contains(&hash) || state.drift.len() >= MAX_DRIFT {
        return None;
    }
    state.drift.push(hash);
    Some(Diagnostic {
        severity: Severity::Info,
        code: "drift",
        pointer,
        message,
        remedy: "What could be read is kept. A newer version of this component may know more.".into(),
    })
}

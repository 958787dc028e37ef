//! What an item adds to the counts that coverage is made of: refusals, tallies, findings.

use super::Assembly;
use crate::collect::cursor::Refusals;
use crate::collect::tally::{Problem, Tally, Trouble};
use crate::evidence::kind::Kind;
use crate::fivetran::resource::{Findings, Part, PartAnswer, Resource};
use crate::world::World;
use alloc::string::ToString;

/// A part that is refused for the first so many items in a row is not called any more: the
/// permission is missing, and calls are the customer's.
const MAX_REFUSALS: u32 = 3;

impl<W: World> Assembly<'_, '_, W> {
    /// Keeps count of refused parts, and treats the answers of a part that is closed as refusals,
    /// whether the call was still made or not.
    pub(super) fn refuse(&mut self, resource: &Resource, stage: usize, parts: &mut [PartAnswer]) {
        self.state.refusals.resize(resource.parts.len(), Refusals::default());
        for (number, (answer, refusals)) in parts.iter_mut().zip(&mut self.state.refusals).enumerate() {
            if is_closed(refusals) && !matches!(answer, PartAnswer::NotCalled) {
                *answer = PartAnswer::Forbidden(None);
            }
            match answer {
                PartAnswer::Forbidden(_) => refusals.refused = refusals.refused.saturating_add(1),
                PartAnswer::Pages(_) | PartAnswer::None(_) | PartAnswer::Gone => refusals.granted = true,
                PartAnswer::Broken(_) | PartAnswer::NotCalled => {}
            }
            if is_closed(refusals) {
                self.context.closed.borrow_mut().insert((stage, number));
            }
        }
    }

    pub(super) fn count_item(&mut self, resource: &Resource, parts: &[PartAnswer], mut findings: Findings) {
        self.state.items += 1;
        self.tally_list(resource, |tally| tally.items += 1);
        if findings.unreadable > 0 {
            let problem = Problem {
                trouble: Trouble::Unreadable,
                at: resource.path.to_string(),
                permission: None,
                count: u64::from(findings.unreadable),
                whole_list: false,
            };
            self.tally_list(resource, |tally| tally.problem(&problem));
        }
        for (part, answer) in resource.parts.iter().zip(parts) {
            self.count_part(part, answer);
        }
        self.report(&findings);
        findings.facts.drain(..).for_each(|fact| self.state.notes.take(fact));
    }

    fn count_part(&mut self, part: &Part, answer: &PartAnswer) {
        let trouble = match answer {
            PartAnswer::NotCalled => return,
            PartAnswer::Pages(pages) => {
                self.tally(part.feeds, |tally| pages.iter().for_each(|body| tally.response(body.read_at)));
                return;
            }
            PartAnswer::None(body) => {
                self.tally(part.feeds, |tally| tally.response(body.read_at));
                return;
            }
            PartAnswer::Gone => {
                self.tally(part.feeds, |tally| tally.gone += 1);
                return;
            }
            PartAnswer::Forbidden(_) => Trouble::Forbidden,
            PartAnswer::Broken(_) => Trouble::Upstream,
        };
        let permission = (trouble == Trouble::Forbidden).then(|| part.permission.to_string());
        let problem = Problem { trouble, at: part.path.to_string(), permission, count: 1, whole_list: false };
        self.tally(part.feeds, |tally| tally.problem(&problem));
    }

    /// Changes the tallies of all kinds that a list is short of when it is short itself.
    pub(super) fn tally_list(&mut self, resource: &Resource, mut change: impl FnMut(&mut Tally)) {
        let wanted = &self.context.plan.wanted;
        for (kind, tally) in wanted.iter().zip(&mut self.state.tallies) {
            if resource.feeds(kind) {
                change(tally);
            }
        }
    }

    pub(super) fn tally(&mut self, kinds: &[&Kind], mut change: impl FnMut(&mut Tally)) {
        let wanted = &self.context.plan.wanted;
        for (kind, tally) in wanted.iter().zip(&mut self.state.tallies) {
            if kinds.iter().any(|fed| fed.id == kind.id) {
                change(tally);
            }
        }
    }
}

/// Whether a part is not called any more.
pub(super) fn is_closed(refusals: &Refusals) -> bool {
    !refusals.granted && refusals.refused >= MAX_REFUSALS
}

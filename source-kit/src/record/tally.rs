//! How completely each kind was collected: counts, problems, and the verdict on them.

use super::kind::Kind;
use super::problem::{Cause, Problem};
use super::turn::Turn;
use crate::base::is_default;
use crate::base::model::{Coverage, CoverageState};
use crate::base::timestamp::Timestamp;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// All that is known about the collection of one kind. Short names, as it travels in the cursor.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// Records delivered.
    #[serde(rename = "r", default, skip_serializing_if = "is_default")]
    pub records: u64,
    /// List items seen.
    #[serde(rename = "i", default, skip_serializing_if = "is_default")]
    pub items: u64,
    /// List pages read.
    #[serde(rename = "p", default, skip_serializing_if = "is_default")]
    pub pages: u64,
    /// Responses that the records were read from.
    #[serde(rename = "a", default, skip_serializing_if = "is_default")]
    pub responses: u64,
    /// List items dropped because they had been there before.
    #[serde(rename = "d", default, skip_serializing_if = "is_default")]
    pub repeats: u64,
    /// Items deleted between list and details.
    #[serde(rename = "g", default, skip_serializing_if = "is_default")]
    pub gone: u64,
    /// Short hash of the last of these.
    #[serde(rename = "h", default, skip_serializing_if = "is_default")]
    pub last_gone: u32,
    /// Items not read, or not wholly.
    #[serde(rename = "f", default, skip_serializing_if = "is_default")]
    pub failed: u64,
    /// Short hash of the last of these.
    #[serde(rename = "l", default, skip_serializing_if = "is_default")]
    pub last_failed: u32,
    /// When the first response was read, in milliseconds since 1970.
    #[serde(rename = "t", default, skip_serializing_if = "is_default")]
    pub first_ms: Option<i64>,
    /// When the last was.
    #[serde(rename = "u", default, skip_serializing_if = "is_default")]
    pub last_ms: Option<i64>,
    /// Walks that have not come to their end.
    #[serde(rename = "o", default, skip_serializing_if = "is_default")]
    pub open: u32,
    /// The part of the items that is read, where a setting spreads the calls for them.
    #[serde(rename = "s", default, skip_serializing_if = "is_default")]
    pub turn: Option<Turn>,
    /// Whether the settings accept that it is short.
    #[serde(rename = "k", default, skip_serializing_if = "is_default")]
    pub accepted: bool,
    /// Why it is short.
    #[serde(rename = "x", default, skip_serializing_if = "is_default")]
    pub problems: Vec<Problem>,
}

impl Tally {
    /// Notes a response.
    pub fn response(&mut self, read_at: Timestamp) {
        self.responses += 1;
        self.first_ms = Some(self.first_ms.map_or(read_at.0, |first| first.min(read_at.0)));
        self.last_ms = Some(self.last_ms.map_or(read_at.0, |last| last.max(read_at.0)));
    }

    /// Notes that an item is gone. Several parts of one item may tell it.
    pub fn gone(&mut self, item: u64) {
        let item = short(item);
        self.gone += u64::from(self.last_gone != item);
        self.last_gone = item;
    }

    /// Notes a problem of an item. Several answers about one item may have one, and it fails once.
    pub fn problem_of(&mut self, item: u64, problem: &Problem) {
        if problem.cause == Cause::Off {
            return self.problem(problem); // Nothing has failed.
        }
        let is_again = core::mem::replace(&mut self.last_failed, short(item)) == short(item);
        let is_same = |known: &Problem| known.cause == problem.cause && known.at == problem.at;
        let counts_items = problem.skipped > 0 || problem.cause == Cause::NotAvailable;
        if is_again && counts_items && self.problems.iter().any(is_same) {
            return;
        }
        let failed = self.failed;
        self.problem(problem);
        self.failed = self.failed.min(failed + u64::from(!is_again));
    }

    /// Notes a problem; the same one again only counts.
    pub fn problem(&mut self, problem: &Problem) {
        if !problem.whole_list && problem.cause != Cause::Off {
            self.failed += problem.count + problem.skipped;
        }
        let same = |known: &&mut Problem| {
            known.cause == problem.cause && known.at == problem.at && known.detail == problem.detail
        };
        match self.problems.iter_mut().find(same) {
            Some(known) => {
                known.count += problem.count;
                known.skipped += problem.skipped;
                known.whole_list |= problem.whole_list;
                known.accepted &= problem.accepted;
            }
            None => self.problems.push(problem.clone()),
        }
    }

    /// Keeps the first problems and folds the others into one, which says that they were forgotten.
    pub fn shorten(&mut self, keep: usize) {
        let rest = self.problems.split_off(keep.min(self.problems.len()));
        if rest.is_empty() {
            return;
        }
        self.problems.push(Problem {
            whole_list: rest.iter().any(|problem| problem.whole_list),
            accepted: rest.iter().all(|problem| problem.accepted),
            ..Problem::of_items(Cause::Forgotten, "", rest.iter().map(|problem| problem.count + problem.skipped).sum())
        });
    }

    /// The verdict so far.
    #[must_use]
    pub fn coverage(&self, kind: &Kind) -> Coverage {
        let forbidden = self.problems.iter().filter(|problem| problem.cause == Cause::Forbidden);
        Coverage {
            kind: kind.id,
            state: self.state(),
            code: self.code(),
            records: self.records,
            items_failed: self.failed,
            reason: self.reason(),
            missing_permission: forbidden.filter_map(|problem| problem.detail.clone()).next(),
            accepted: self.is_accepted(),
        }
    }

    /// Whether what is short is short as the settings accept, or as the vendor's plan has it.
    fn is_accepted(&self) -> bool {
        let all = !self.problems.is_empty() && self.problems.iter().all(|problem| problem.accepted);
        let is_short = !matches!(
            self.state(),
            CoverageState::Complete | CoverageState::Spread | CoverageState::Disabled | CoverageState::NotAttempted
        );
        is_short && self.open == 0 && (self.accepted || all)
    }

    /// Whether nothing that could ever be read is missing: what is, the vendor does not offer to this account, or
    /// no longer.
    #[must_use]
    pub fn has_all_there_is(&self, kind: &Kind) -> bool {
        let coverage = self.coverage(kind);
        let for_good = |problem: &Problem| {
            problem.cause == Cause::OutOfReach || (problem.cause == Cause::NotAvailable && problem.accepted)
        };
        matches!(coverage.state, CoverageState::Complete | CoverageState::Spread)
            || (self.open == 0 && self.problems.iter().all(for_good))
    }

    /// Whether every list was read to its end.
    #[must_use]
    pub fn end_seen(&self) -> bool {
        self.open == 0 && !self.problems.iter().any(|problem| problem.whole_list)
    }

    fn state(&self) -> CoverageState {
        let only = |causes: &[Cause]| self.problems.iter().all(|problem| causes.contains(&problem.cause));
        match (self.open > 0, self.problems.is_empty()) {
            (true, _) if self.responses == 0 && self.records == 0 && self.problems.is_empty() => {
                CoverageState::NotAttempted
            }
            (true, _) => CoverageState::Partial,
            (false, true) if self.turn.is_some() => CoverageState::Spread,
            (false, true) => CoverageState::Complete,
            (false, false) if only(&[Cause::Off]) => CoverageState::Disabled,
            (false, false) if self.responses > 0 => CoverageState::Partial,
            (false, false) if only(&[Cause::Forbidden]) => CoverageState::Forbidden,
            (false, false) if only(&[Cause::NotAvailable, Cause::Unknown]) => CoverageState::NotAvailable,
            (false, false) => CoverageState::Partial,
        }
    }

    /// The main reason: the code of the first problem that nobody asked for, else the name of the state.
    fn code(&self) -> &'static str {
        let wrong = self.problems.iter().find(|problem| problem.cause != Cause::Off && !problem.accepted);
        match (wrong.or(self.problems.first()), self.state()) {
            (Some(problem), _) => problem.cause.code(),
            (None, CoverageState::Complete) => "complete",
            (None, CoverageState::Spread) => "spread",
            (None, CoverageState::NotAttempted) => "not-attempted",
            (None, _) => "unfinished",
        }
    }

    fn reason(&self) -> String {
        let mut reasons: Vec<String> = self.problems.iter().map(Problem::sentence).collect();
        if let Some(Turn { number, of }) = self.turn {
            reasons.push(format!("spread {number} of {of}: only items whose turn it is are read"));
        }
        if self.open > 0 {
            reasons.push("not read to the end yet".to_string());
        }
        reasons.join("; ")
    }
}

/// Enough of a short hash to tell an item from the one before it.
#[must_use]
pub fn short(item: u64) -> u32 {
    u32::try_from(item >> 32).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Short hashes of two items.
    const ONE: u64 = 1 << 32;
    const TWO: u64 = 2 << 32;

    fn problem(cause: Cause) -> Problem {
        Problem::of_items(cause, "/v1/x", 1)
    }

    fn skipped(cause: Cause) -> Problem {
        Problem { count: 0, skipped: 1, ..problem(cause) }
    }

    /// A tally that has seen so many responses, with these problems.
    fn with(responses: u64, problems: &[Problem]) -> Tally {
        let mut tally = Tally { responses, ..Tally::default() };
        problems.iter().for_each(|problem| tally.problem(problem));
        tally
    }

    fn verdict(tally: &Tally) -> (CoverageState, &'static str) {
        let coverage = tally.coverage(&Kind::INVENTORY);
        (coverage.state, coverage.code)
    }

    #[test]
    fn what_is_forgotten_is_named_where_it_is_known() {
        let forgotten = |at: &str| Problem::of_items(Cause::Forgotten, at, 1).sentence();
        assert!(forgotten("").starts_with("there were more problems than fit into the cursor"));
        assert!(forgotten("/v1/x").starts_with("/v1/x: more than fits"));
    }

    #[test]
    fn an_item_is_gone_once_however_many_parts_tell_it() {
        let mut tally = Tally::default();
        [ONE, ONE, TWO].into_iter().for_each(|item| tally.gone(item));
        assert_eq!(tally.gone, 2);
    }

    #[test]
    fn an_item_fails_once_and_its_problems_are_all_told() {
        let mut tally = Tally::default();
        tally.problem_of(ONE, &problem(Cause::Upstream));
        tally.problem_of(ONE, &problem(Cause::Upstream));
        tally.problem_of(ONE, &problem(Cause::Forbidden));
        assert_eq!((tally.failed, tally.problems.len()), (1, 2));
        assert_eq!(tally.problems.iter().map(|one| one.count).collect::<Vec<_>>(), [2, 1], "two answers, one item");
        tally.problem_of(TWO, &problem(Cause::Upstream));
        assert_eq!((tally.failed, tally.problems.len()), (2, 2));
        // What counts items and not answers counts each once.
        for one in [problem(Cause::NotAvailable), skipped(Cause::Forbidden)] {
            let mut tally = Tally::default();
            [ONE, ONE, TWO, TWO].into_iter().for_each(|item| tally.problem_of(item, &one));
            let known = tally.problems.first().cloned().unwrap_or(problem(Cause::Unknown));
            assert_eq!((tally.failed, known.count + known.skipped), (2, 2));
            tally.problem_of(TWO, &Problem { at: "/v1/y".into(), ..one.clone() });
            tally.problem_of(TWO, &Problem { cause: Cause::Unknown, ..one });
            assert_eq!((tally.failed, tally.problems.len()), (2, 3), "other problems of the same item");
        }
        let mut tally = Tally::default();
        tally.problem_of(ONE, &problem(Cause::Off));
        assert_eq!((tally.failed, tally.last_failed, tally.problems.len()), (0, 0, 1), "nothing has failed");
    }

    #[test]
    fn the_same_problem_only_counts() {
        let more = Problem { count: 2, skipped: 3, accepted: true, ..problem(Cause::Forbidden) };
        let tally = with(0, &[more.clone(), Problem { accepted: false, ..more.clone() }]);
        let sum = Problem { count: 4, skipped: 6, accepted: false, ..more.clone() };
        assert_eq!((tally.failed, tally.problems), (10, Vec::from([sum])));
        let others = [
            more.clone(),
            Problem { cause: Cause::Upstream, ..more.clone() },
            Problem { at: "/v1/y".into(), ..more.clone() },
            more.clone().with(Some("TEAM:READ".into())),
        ];
        assert_eq!(with(0, &others).problems.len(), 4);
        let list = Problem::of_list(Cause::Upstream, "/v1/x");
        let tally = with(0, &[problem(Cause::Upstream), list]);
        assert_eq!((tally.failed, tally.problems.len(), tally.end_seen()), (1, 1, false), "a list is no item");
    }

    #[test]
    fn what_is_forgotten_still_counts() {
        let list = Problem::of_list(Cause::Upstream, "/v1/y");
        let first = problem(Cause::Forbidden);
        let mut tally = with(1, &[first.clone(), Problem { skipped: 2, ..problem(Cause::Upstream) }, list]);
        tally.shorten(3);
        assert_eq!(tally.problems.len(), 3, "all of them may stay");
        tally.shorten(1);
        let rest = Problem { whole_list: true, ..Problem::of_items(Cause::Forgotten, "", 4) };
        assert_eq!(tally.problems, [first.clone(), rest]);
        let accepted = Problem { accepted: true, ..first };
        let mut tally = with(1, &[accepted.clone(), Problem { at: "/v1/y".into(), ..accepted }]);
        tally.shorten(0);
        assert!(tally.problems.iter().all(|one| one.accepted && !one.whole_list) && tally.end_seen());
    }

    #[test]
    fn the_verdict_follows_from_lists_and_problems() {
        use CoverageState::{Complete, Disabled, Forbidden, NotAttempted, NotAvailable, Partial, Spread};
        let of = |cause| problem(cause);
        for (responses, problems, want) in [
            (1, &[][..], (Complete, "complete")),
            (0, &[], (Complete, "complete")),
            (1, &[of(Cause::Upstream)], (Partial, "no-usable-answer")),
            (0, &[of(Cause::Upstream)], (Partial, "no-usable-answer")),
            (0, &[of(Cause::Forbidden)], (Forbidden, "refused")),
            (1, &[of(Cause::Forbidden)], (Partial, "refused")),
            (0, &[of(Cause::NotAvailable), of(Cause::Unknown)], (NotAvailable, "not-offered")),
            (0, &[of(Cause::NotAvailable), of(Cause::Forbidden)], (Partial, "not-offered")),
            (1, &[of(Cause::NotAvailable)], (Partial, "not-offered")),
            (1, &[of(Cause::Off)], (Disabled, "off-by-setting")),
            (1, &[of(Cause::Off), of(Cause::Upstream)], (Partial, "no-usable-answer")),
            (
                1,
                &[Problem { accepted: true, ..of(Cause::Forbidden) }, of(Cause::Upstream)],
                (Partial, "no-usable-answer"),
            ),
        ] {
            let tally = with(responses, problems);
            assert_eq!(verdict(&tally), want, "{responses} {problems:?}");
            let open = Tally { open: 1, ..tally };
            let is_untouched = responses == 0 && problems.is_empty();
            assert_eq!(verdict(&open).0, if is_untouched { NotAttempted } else { Partial }, "{problems:?}");
            assert!(open.coverage(&Kind::INVENTORY).reason.ends_with("not read to the end yet") && !open.end_seen());
        }
        let turn = Some(Turn { number: 2, of: 7 });
        let spread = Tally { turn, ..with(1, &[]) };
        assert_eq!(verdict(&spread), (Spread, "spread"));
        let reason = "spread 2 of 7: only items whose turn it is are read";
        assert_eq!(spread.coverage(&Kind::INVENTORY).reason, reason);
        assert_eq!(verdict(&Tally { open: 1, records: 1, ..Tally::default() }), (Partial, "unfinished"));
        assert_eq!(verdict(&Tally { open: 1, ..Tally::default() }), (NotAttempted, "not-attempted"));
        assert_eq!(with(1, &[]).coverage(&Kind::INVENTORY).reason, "");
    }

    #[test]
    fn the_permission_is_that_of_what_was_refused() {
        let named = |cause, name: &str| problem(cause).with(Some(name.into()));
        let tally = with(1, &[named(Cause::Upstream, "page 2"), named(Cause::Forbidden, "TEAM:READ")]);
        assert_eq!(tally.coverage(&Kind::INVENTORY).missing_permission.as_deref(), Some("TEAM:READ"));
        let tally = with(1, &[named(Cause::Upstream, "page 2")]);
        assert_eq!(tally.coverage(&Kind::INVENTORY).missing_permission, None);
    }

    #[test]
    fn only_what_is_short_and_at_its_end_is_accepted() {
        let accepted = |tally: &Tally| tally.coverage(&Kind::INVENTORY).accepted;
        let gap = Problem { accepted: true, ..problem(Cause::Forbidden) };
        assert!(accepted(&with(1, core::slice::from_ref(&gap))));
        assert!(!accepted(&with(1, &[gap.clone(), problem(Cause::Upstream)])));
        assert!(!accepted(&Tally { open: 1, ..with(1, &[gap]) }));
        assert!(accepted(&Tally { accepted: true, ..with(1, &[problem(Cause::Upstream)]) }));
        assert!(!accepted(&Tally { accepted: true, ..with(1, &[]) }), "nothing is short");
        assert!(!accepted(&Tally { accepted: true, ..with(1, &[problem(Cause::Off)]) }));
    }

    #[test]
    fn all_there_is_is_what_can_still_be_read() {
        let all = |tally: &Tally| tally.has_all_there_is(&Kind::INVENTORY);
        let by_plan = Problem { accepted: true, ..problem(Cause::NotAvailable) };
        assert!(all(&with(1, &[])) && all(&with(1, &[problem(Cause::OutOfReach), by_plan.clone()])));
        assert!(all(&Tally { turn: Some(Turn { number: 1, of: 2 }), ..with(1, &[]) }));
        assert!(!all(&with(1, &[problem(Cause::NotAvailable)])) && !all(&with(1, &[problem(Cause::Upstream)])));
        assert!(!all(&with(1, &[by_plan.clone(), Problem { accepted: true, ..problem(Cause::Upstream) }])));
        assert!(!all(&Tally { open: 1, ..with(1, &[by_plan]) }), "it may still come");
    }
}

//! What must hold for every row of the truth table, whatever the table says.

use super::account::Asked;
use super::situations::{Place, Situation};
use super::{Row, summary};
use crate::templates::template;
use fivetran_source::audit_logging;
use source_kit::base::model::CoverageState;
use std::fmt;

/// A row's place, and what is the case there.
pub struct Case {
    pub place: Place,
    pub situation: Situation,
}

impl fmt::Display for Case {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}, {}", self.place.path(), self.situation.words())
    }
}

/// What does not hold, all of it at once.
#[derive(Default)]
pub struct Wrong(pub Vec<String>);

impl Wrong {
    pub fn unless(&mut self, holds: bool, what: impl FnOnce() -> String) {
        if !holds {
            self.0.push(what());
        }
    }
}

/// What hides something is never complete, and what hides nothing is.
pub fn verdict(wrong: &mut Wrong, case: &Case, row: &Row) {
    for coverage in &row.coverage {
        let is_whole = coverage.state == CoverageState::Complete;
        let Some(may_be) = case.situation.may_be_complete(&case.place, coverage.kind) else { continue };
        wrong.unless(is_whole == may_be, || format!("{case}: {coverage:?}"));
    }
}

/// Verdict, code, sentence and summary go together, and are English.
pub fn words(wrong: &mut Wrong, case: &impl fmt::Display, row: &Row) {
    for coverage in &row.coverage {
        let is_whole = coverage.state == CoverageState::Complete;
        let says_so = coverage.reason.is_empty() && coverage.code == "complete" && !coverage.accepted;
        wrong.unless(is_whole == says_so, || format!("{case}: {coverage:?}"));
        let odd = ["  ", "1 items", "1 times", ";;", "()", " 0 ", "null", "Some("];
        let odd = odd.iter().find(|odd| coverage.reason.contains(**odd));
        wrong.unless(odd.is_none(), || format!("{case}: {}", coverage.reason));
    }
    // A title may rest on nothing that was not told.
    for (kind, title) in row.titles.iter().filter(|(_, title)| title.contains("unknown")) {
        let of_kind = row.coverage.iter().find(|coverage| coverage.kind == *kind);
        let is_whole = of_kind.is_some_and(|coverage| coverage.state == CoverageState::Complete);
        wrong.unless(!is_whole, || format!("{case}: {kind} is complete: {title}"));
    }
    let of_audit = row.coverage.iter().find(|coverage| coverage.kind == audit_logging::KIND.id);
    let is_known = of_audit.is_some_and(|coverage| coverage.state == CoverageState::Complete);
    if let Some(title) = summary(row) {
        let says_unknown = title == "It could not be determined which groups have no audit-trail export";
        wrong.unless(is_known != says_unknown, || format!("{case}: {title}"));
    }
}

/// Nothing of the account is off, nor never was: whoever says so has not read it.
pub fn negatives(wrong: &mut Wrong, case: &Case, row: &Row) {
    let reasons = row.coverage.iter().map(|coverage| &coverage.reason);
    for text in row.titles.iter().map(|(_, title)| title).chain(reasons) {
        for word in ["not enabled", "not active", "never", "unsigned", "no account role", "not in use", "paused"] {
            // A schema of which Fivetran says that there is none was never loaded.
            let is_read = word == "never" && case.situation == Situation::NoneCode;
            let is_title = !text.contains("unknown whether paused");
            wrong.unless(!text.contains(word) || is_read || !is_title, || format!("{case}: {text}"));
        }
    }
}

/// The number in "(N times)" is that of the answers.
pub fn times(wrong: &mut Wrong, case: &Case, row: &Row) {
    let at = template(case.place.path());
    let asked = row.journal.iter().filter(|request| Asked::of(request).at == at).count();
    for coverage in &row.coverage {
        let Some((_, rest)) = coverage.reason.split_once("was refused (") else { continue };
        let said: usize = rest.split(' ').next().unwrap().parse().unwrap();
        wrong.unless(said == asked, || format!("{case}: asked {asked} times: {}", coverage.reason));
    }
}

/// What has not been lost is there. `fine` is what there was, and `none` what there is without the place.
pub fn counts(wrong: &mut Wrong, case: &Case, row: &Row, (fine, none): (&Row, &Row)) {
    let all = 2 * case.situation.items() as u64;
    for (now, (fine, none)) in row.coverage.iter().zip(fine.coverage.iter().zip(&none.coverage)) {
        let of_place = fine.records - none.records;
        let left = none.records + of_place * (all - case.situation.lost(&case.place) as u64) / all;
        let (least, most) = match case.situation {
            // It depends on whose turn it is.
            Situation::OtherTurn => (none.records, fine.records),
            // Its own records are there, but what has to be asked for by its id is not.
            Situation::DotDotId => (none.records + of_place * 2 / 3, fine.records),
            _ => (left, left),
        };
        wrong.unless((least..=most).contains(&now.records), || {
            format!("{case}: {} {}, not {least} to {most}", now.records, now.kind)
        });
        // An item is read, or it is not: it is not counted twice.
        let most = if case.situation.is_of_one() { 1 } else { case.situation.items() as u64 };
        wrong.unless(now.items_failed <= most, || format!("{case}: {now:?}"));
    }
}

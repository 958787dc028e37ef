//! The truth table: for every list and every part of the table of resources, and everything that can be the case with
//! it, the verdict on each kind that it serves, and the words. `truth.txt` is to be read by a person. When something
//! changes: `UPDATE_GOLDEN=1 cargo test --test core truth`, and read the difference. What must hold whatever the table
//! says is asserted here for each of its rows.

mod account;
mod fields;
mod parts;
mod rules;
mod situations;
mod told;

use crate::fake::{Answer, FakeWorld, collect_all, records, run, session};
use fivetran_source::audit_logging;
use fivetran_source::table::KINDS;
use rules::{Case, Wrong};
use situations::{ALL, Place, Situation};
use source_kit::Kind;
use source_kit::base::model::{Budget, CollectRequest, Coverage, Page};
use source_kit::collect::collect;
use std::collections::BTreeMap;
use std::fmt::Write;

/// What came of a collection.
struct Row {
    coverage: Vec<Coverage>,
    /// Titles of what the vendor's answers became.
    titles: Vec<(&'static str, String)>,
    /// Requests.
    journal: Vec<String>,
}

fn request(kinds: &[&Kind], max_records: Option<u32>, max_concurrency: Option<u32>) -> CollectRequest {
    let kinds = kinds.iter().map(|kind| kind.id.to_string()).collect();
    CollectRequest {
        kinds,
        budget: Budget { max_records, max_concurrency, ..Budget::default() },
        ..CollectRequest::default()
    }
}

/// Collects to the end, and keeps what is said of the kinds that were asked for.
fn row(world: &FakeWorld<impl Fn(&str) -> Answer>, settings: &str, request: CollectRequest) -> Row {
    let kinds = request.kinds.clone();
    let pages = collect_all(world, &session(settings), request).unwrap();
    Row { journal: world.journal.borrow().clone(), ..said(&pages, &kinds) }
}

/// The same where eight requests are under way at once.
fn at_once(place: Place, situation: Situation, kinds: &[&Kind]) -> Row {
    let world = account::Slow(account::world(situation.items(), situation.twist(place)));
    let (session, mut order) = (session(situation.settings()), request(kinds, None, None));
    let mut pages: Vec<Page> = Vec::new();
    while pages.last().is_none_or(|page| page.cursor.is_some()) {
        pages.push(run(collect(&world, &session, &order)).unwrap());
        order.cursor = pages.last().and_then(|page| page.cursor.clone());
    }
    said(&pages, &order.kinds)
}

/// What is said of the kinds that were asked for.
fn said(pages: &[Page], kinds: &[String]) -> Row {
    let is_asked = |kind: &str| kinds.iter().any(|one| one == kind);
    let coverage = pages.last().unwrap().coverage.iter().filter(|one| is_asked(one.kind)).cloned().collect();
    let all = records(pages).into_iter().filter(|record| is_asked(record.kind));
    let titles = all.map(|record| (record.kind, record.title.clone())).collect();
    Row { coverage, titles, journal: Vec::new() }
}

fn of_situation(place: Place, situation: Situation, kinds: &[&Kind]) -> Row {
    let world = account::world(situation.items(), situation.twist(place));
    let max_records = (situation == Situation::CutBefore).then_some(1);
    row(&world, situation.settings(), request(kinds, max_records, Some(1)))
}

/// Kinds that a place serves.
fn served(place: &Place) -> Vec<&'static Kind> {
    let serves = |kind: &Kind| match place.part {
        Some(part) => part.serves().any(|served| served.id == kind.id),
        None => place.list.feeds(kind),
    };
    KINDS.iter().copied().filter(|kind| serves(kind)).collect()
}

/// What is said, kinds of which the same is said on one line.
fn words(row: &Row) -> String {
    let mut lines: Vec<(String, Vec<String>)> = Vec::new();
    for coverage in &row.coverage {
        let state = format!("{:?}", coverage.state);
        let code = if coverage.code == "complete" { String::new() } else { format!(" ({})", coverage.code) };
        let failed = match coverage.items_failed {
            0 => String::new(),
            failed => format!(", {failed} failed"),
        };
        let accepted = if coverage.accepted { ", accepted" } else { "" };
        let reason = if coverage.reason.is_empty() { String::new() } else { format!("\n      {}", coverage.reason) };
        let said = format!("{state}{code}{failed}{accepted}{reason}");
        let kind = format!("{} {}", coverage.kind, coverage.records);
        match lines.iter_mut().find(|(known, _)| *known == said) {
            Some((_, kinds)) => kinds.push(kind),
            None => lines.push((said, vec![kind])),
        }
    }
    let mut out = String::new();
    for (said, kinds) in lines {
        writeln!(out, "    {}: {said}", kinds.join(", ")).unwrap();
    }
    if let Some(title) = summary(row) {
        writeln!(out, "    \"{title}\"").unwrap();
    }
    out
}

/// The title of the summary about audit logging.
fn summary(row: &Row) -> Option<&str> {
    let of_kind = row.titles.iter().filter(|(kind, _)| *kind == audit_logging::KIND.id);
    of_kind.map(|(_, title)| title.as_str()).find(|title| !title.starts_with("Audit logging by"))
}

/// The rows of a place, judged and in words.
fn rows(place: Place, wrong: &mut Wrong) -> String {
    let kinds = served(&place);
    let mut out = format!("GET {}\n", place.path());
    for situation in ALL.iter().copied().filter(|situation| situation.applies(&place)) {
        let case = Case { place, situation };
        let row = of_situation(place, situation, &kinds);
        let at_once = at_once(place, situation, &kinds);
        let is_same = |one: &Row, other: &Row| (&one.coverage, &one.titles) == (&other.coverage, &other.titles);
        wrong.unless(is_same(&row, &at_once), || format!("{case}: timing shows"));
        let items = situation.items();
        let fine = self::row(&account::world(items, |_| None), "{}", request(&kinds, None, None));
        let none = account::world(items, situations::nothing(place));
        let none = self::row(&none, "{}", request(&kinds, None, None));
        if [Situation::CutBefore, Situation::TwoPages].contains(&situation) {
            wrong.unless(is_same(&row, &fine), || format!("{case}: a cut shows"));
        }
        rules::verdict(wrong, &case, &row);
        rules::words(wrong, &case, &row);
        rules::negatives(wrong, &case, &row);
        rules::times(wrong, &case, &row);
        rules::counts(wrong, &case, &row, (&fine, &none));
        write!(out, "  {}\n{}", situation.words(), words(&row)).unwrap();
    }
    out
}

/// The rows of the call that names the account.
fn of_account() -> String {
    let mut out = String::from("GET /v1/account/info\n");
    for (what, answer) in situations::of_account() {
        let is_here = |asked: &account::Asked<'_>| (asked.at == "/v1/account/info").then(|| answer.clone());
        let world = account::world(3, is_here);
        let said = match run(collect(&world, &session("{}"), &request(&[KINDS[0]], None, None))) {
            Ok(page) => format!("    {}: {:?}\n", page.coverage[0].kind, page.coverage[0].state),
            Err(failure) => {
                format!("    {:?} ({}): {}\n      {}\n", failure.kind, failure.code, failure.message, failure.remedy)
            }
        };
        assert_eq!(said.contains("Complete"), what == "fine", "{said}");
        write!(out, "  {what}\n{said}").unwrap();
    }
    out
}

#[test]
fn the_table_of_verdicts_is_as_agreed() {
    let head = "# Made by tests/core/truth.rs. For each list and each part: what is the case, then kinds with the number of\n# their records, the verdict, and the sentence of coverage; in quotes what the summary says of audit logging.\n";
    let mut out = String::from(head);
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    let mut wrong = Wrong::default();
    write!(out, "\n{}", of_account()).unwrap();
    Place::all().for_each(|place| write!(out, "\n{}", rows(place, &mut wrong)).unwrap());
    write!(out, "\n{}", fields::table(&mut wrong)).unwrap();
    Place::all().for_each(|place| *seen.entry(place.path()).or_default() += 1);
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/core/truth.txt");
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(file, &out).unwrap();
    }
    assert!(wrong.0.is_empty(), "{} claims do not hold:\n{}", wrong.0.len(), wrong.0.join("\n"));
    let golden = std::fs::read_to_string(file).unwrap_or_default();
    let differs = golden.lines().zip(out.lines()).position(|(known, now)| known != now);
    assert!(golden == out, "line {differs:?}: run with UPDATE_GOLDEN=1 and read the difference");
    // Every place has its rows, and no situation is there for nothing.
    for path in seen.keys() {
        assert!(golden.contains(&format!("\nGET {path}\n  fine\n")), "{path} has no rows");
    }
    for situation in ALL.iter().copied() {
        assert!(golden.contains(&format!("\n  {}\n", situation.words())), "{situation:?} is nowhere the case");
    }
}

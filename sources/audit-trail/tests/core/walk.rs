//! The walk of a table that others write to meanwhile: every row once, or it is known that not.

use crate::support::{bigquery, columns, databricks, datadog, place, snowflake, step};
use audit_trail_source::ask::{Cell, Part, Rows};
use audit_trail_source::place::Place;
use audit_trail_source::step::{Open, Phase, Step, Way, summand};
use audit_trail_source::table::Table;
use proptest::prelude::*;
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Row {
    at: i64,
    id: u32,
    synced: i64,
}

/// What someone does to the table between two requests.
#[derive(Clone, Copy, Debug)]
enum Deed {
    Nothing,
    Add(i64),
    Delete(usize),
    Resync(usize),
    /// A row comes late: it says that it was written before the watermark.
    Late(i64),
    /// The place forgets every result.
    Forget,
    /// The call ends in the middle of a page, and the next one asks for the page again.
    Cut(usize),
}

/// A table in a warehouse, with results in parts.
struct Warehouse {
    rows: Vec<Row>,
    results: Vec<Vec<Row>>,
    window: usize,
    part: usize,
    clock: i64,
    ids: u32,
}

impl Warehouse {
    fn new(instants: &[(i64, i64)], window: usize, part: usize) -> Self {
        let rows: Vec<_> = (0..).zip(instants).map(|(id, &(at, synced))| Row { at, id, synced }).collect();
        Self { ids: u32::try_from(rows.len()).unwrap(), rows, results: Vec::new(), window, part, clock: 1_000 }
    }

    fn do_it(&mut self, deed: Deed) {
        self.clock += 1;
        let len = self.rows.len().max(1);
        match deed {
            Deed::Add(at) => {
                self.rows.push(Row { at, id: self.ids, synced: self.clock });
                self.ids += 1;
            }
            Deed::Late(at) => {
                self.rows.push(Row { at, id: self.ids, synced: 0 });
                self.ids += 1;
            }
            Deed::Delete(number) if !self.rows.is_empty() => drop(self.rows.remove(number % len)),
            Deed::Resync(number) if !self.rows.is_empty() => self.rows[number % len].synced = self.clock,
            Deed::Forget => self.results.iter_mut().for_each(Vec::clear),
            _ => {}
        }
    }

    fn bounded(&self, from: i64, watermark: i64) -> Vec<Row> {
        let mut rows: Vec<_> =
            self.rows.iter().filter(|row| row.at >= from && row.synced <= watermark).cloned().collect();
        rows.sort();
        rows
    }

    fn count(&self, step: &Step) -> Rows<'static> {
        let rows = self.bounded(step.since_us.unwrap_or(0), step.watermark_us);
        let instants = || rows.iter().map(|row| row.at);
        let synced = rows.iter().map(|row| row.synced).max();
        counted(&[number(rows.len()), instants().min(), instants().max(), synced])
    }

    /// A part of a result; `None` where it is gone.
    fn part(&self, handle: usize, number: usize) -> Option<Rows<'static>> {
        let result = &self.results[handle];
        if result.is_empty() && number > 0 {
            return None;
        }
        let rows = result.iter().skip(number * self.part).take(self.part).map(cells).collect();
        let next = (number + 1) * self.part < result.len();
        let next = next.then(|| Part { handle: handle.to_string(), next: (number + 1).to_string() });
        Some(Rows { rows, next, ..Rows::default() })
    }

    fn answer(&mut self, step: &Step) -> Option<Rows<'static>> {
        match &step.phase {
            Phase::Columns => {
                let columns = step.table.columns().iter().map(|name| ((*name).into(), "TEXT".into())).collect();
                Some(Rows { columns, ..Rows::default() })
            }
            Phase::Count | Phase::Recount => Some(self.count(step)),
            Phase::Rows(None) => {
                let rows = self.bounded(step.at_us, step.watermark_us).into_iter();
                let skip = usize::try_from(step.skip).unwrap();
                self.results.push(rows.skip(skip).take(self.window).collect());
                self.part(self.results.len() - 1, 0)
            }
            Phase::Rows(Some(open)) => self.part(open.part.handle.parse().unwrap(), open.part.next.parse().unwrap()),
            Phase::Account | Phase::Done => unreachable!(),
        }
    }

    /// The count that a listing ends with.
    fn check(&self) -> Rows<'static> {
        let sum: i64 = self.rows.iter().map(|row| summand(row.at)).sum();
        let keys: BTreeSet<_> = self.rows.iter().map(|row| (row.id, row.at)).collect();
        let instants = || self.rows.iter().map(|row| row.at);
        let synced = self.rows.iter().map(|row| row.synced).max();
        let sum = (!self.rows.is_empty()).then_some(sum);
        counted(&[number(self.rows.len()), instants().min(), instants().max(), synced, sum, number(keys.len())])
    }

    /// The table as it is stored, page by page.
    fn listing(&self, step: &Step) -> Rows<'static> {
        let total = Some(self.rows.len() as u64);
        let from: usize = match &step.phase {
            Phase::Recount => return self.check(),
            Phase::Rows(Some(open)) => open.part.next.parse().unwrap(),
            _ => usize::try_from(step.delivered).unwrap(),
        };
        let rows = self.rows.iter().skip(from).take(self.part).map(cells).collect();
        let to = from + self.part;
        let next = (to < self.rows.len()).then(|| Part { handle: String::new(), next: to.to_string() });
        Rows { rows, total, next, ..Rows::default() }
    }
}

/// The one row of a count.
fn counted(numbers: &[Option<i64>]) -> Rows<'static> {
    let cells = numbers.iter().map(|value| value.map(|value| Cow::Owned(value.to_string())));
    Rows { rows: vec![cells.collect()], ..Rows::default() }
}

fn number(size: usize) -> Option<i64> {
    i64::try_from(size).ok()
}

fn cells(row: &Row) -> Vec<Cell<'static>> {
    let mut cells: Vec<Cell<'static>> = vec![None; Table::AuditTrail.columns().len()];
    cells[0] = Some(Cow::Owned(row.id.to_string()));
    cells[1] = Some(Cow::Owned(row.at.to_string()));
    *cells.last_mut().unwrap() = Some(Cow::Owned(row.synced.to_string()));
    cells
}

/// How often each id was delivered, and the last step.
type Walked = (BTreeMap<String, u32>, Step);

/// Walks a table, with a deed before each request.
fn walk(warehouse: &mut Warehouse, place: &dyn Place, since: Option<i64>, deeds: &[Deed]) -> Walked {
    let mut step = place.first(Table::AuditTrail, since, 0).unwrap();
    let mut delivered = BTreeMap::new();
    let (mut deeds, mut taken) = (deeds.iter(), 0);
    for _ in 0..10_000 {
        // Every call may be another one: only the text goes on.
        step = Step::from_text(place, &step.to_text()).unwrap();
        if step.phase == Phase::Done {
            return (delivered, step);
        }
        let deed = *deeds.next().unwrap_or(&Deed::Nothing);
        warehouse.do_it(deed);
        let answer = match step.way {
            Way::Listing if step.phase != Phase::Columns => Some(warehouse.listing(&step)),
            _ => warehouse.answer(&step),
        };
        let Some(rows) = answer else {
            step = step.lost();
            continue;
        };
        let is_reading = matches!(step.phase, Phase::Rows(_));
        let until = if let Deed::Cut(number) = deed { number % (rows.rows.len() + 1) } else { rows.rows.len() };
        if is_reading {
            for row in rows.rows.iter().take(until).skip(taken) {
                *delivered.entry(row[0].clone().unwrap().into_owned()).or_insert(0) += 1;
            }
            if until < rows.rows.len() {
                taken = until.max(taken);
                continue;
            }
            taken = 0;
        }
        step = step.next_of(&rows, warehouse.window as u64).unwrap();
    }
    panic!("the walk has no end");
}

fn any_deed() -> impl Strategy<Value = Deed> {
    prop_oneof![
        6 => Just(Deed::Nothing),
        1 => (0..9i64).prop_map(Deed::Add),
        1 => any::<usize>().prop_map(Deed::Delete),
        1 => any::<usize>().prop_map(Deed::Resync),
        1 => Just(Deed::Forget),
        2 => any::<usize>().prop_map(Deed::Cut),
    ]
}

/// Many rows of few instants.
fn any_rows() -> impl Strategy<Value = Vec<(i64, i64)>> {
    prop::collection::vec((0..9i64, 0..50i64), 0..200)
}

fn once(rows: &[Row], since: Option<i64>) -> BTreeMap<String, u32> {
    rows.iter().filter(|row| row.at >= since.unwrap_or(0)).map(|row| (row.id.to_string(), 1)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    #[test]
    fn a_quiet_table_is_read_whole_wherever_it_is_cut(rows in any_rows(), since in prop::option::of(0..9i64), window in 1..8usize, part in 1..8usize, deeds in prop::collection::vec(any_deed(), 0..60)) {
        let is_quiet = |deed: &Deed| matches!(deed, Deed::Nothing | Deed::Forget | Deed::Cut(_));
        let deeds: Vec<_> = deeds.into_iter().filter(is_quiet).collect();
        let (settings, mut warehouse) = (snowflake(), Warehouse::new(&rows, window, part));
        let want = once(&warehouse.rows, since);
        let (delivered, step) = walk(&mut warehouse, place(&settings), since, &deeds);
        prop_assert_eq!(&delivered, &want);
        prop_assert!(step.is_complete(), "{:?}", step);
        prop_assert_eq!(step.delivered, want.len() as u64);
    }

    #[test]
    fn what_is_called_complete_is(rows in any_rows(), window in 1..8usize, part in 1..8usize, deeds in prop::collection::vec(any_deed(), 0..60)) {
        let (settings, mut warehouse) = (snowflake(), Warehouse::new(&rows, window, part));
        // What comes before the count is counted.
        for deed in deeds.iter().take(2) {
            warehouse.do_it(*deed);
        }
        let at_count = once(&warehouse.rows, None);
        let during: Vec<_> = [Deed::Nothing; 2].into_iter().chain(deeds.into_iter().skip(2)).collect();
        let (delivered, step) = walk(&mut warehouse, place(&settings), None, &during);
        if step.is_complete() {
            prop_assert_eq!(delivered, at_count, "{:?}", step);
        }
    }

    /// Rows should not do that. Where they do, and none vanishes meanwhile, counting again tells.
    #[test]
    fn rows_that_come_late_are_known_to_be_missing(rows in any_rows(), window in 1..8usize, part in 1..8usize, deeds in prop::collection::vec(prop::option::of(0..9i64), 0..60)) {
        let (settings, mut warehouse) = (snowflake(), Warehouse::new(&rows, window, part));
        let during: Vec<_> = deeds.into_iter().map(|at| at.map_or(Deed::Nothing, Deed::Late)).collect();
        let (delivered, step) = walk(&mut warehouse, place(&settings), None, &during);
        if step.is_complete() {
            prop_assert_eq!(delivered, once(&warehouse.rows, None), "{:?}", step);
        }
    }

    #[test]
    fn a_table_read_as_it_is_stored_is_read_whole(rows in any_rows(), part in 1..8usize, cuts in prop::collection::vec(any::<usize>().prop_map(Deed::Cut), 0..20)) {
        let (settings, mut warehouse) = (bigquery(), Warehouse::new(&rows, 1, part));
        let want = once(&warehouse.rows, None);
        let (delivered, step) = walk(&mut warehouse, place(&settings), None, &cuts);
        prop_assert_eq!(delivered, want);
        prop_assert!(step.way == Way::Listing && step.is_complete(), "{:?}", step);
        prop_assert_eq!(step.first_us, rows.iter().map(|row| row.0).min());
        prop_assert_eq!(step.last_us, rows.iter().map(|row| row.0).max());
        prop_assert_eq!(step.synced_us, rows.iter().map(|row| row.1).max());
    }

    #[test]
    fn a_table_that_grows_or_shrinks_while_it_is_listed_is_not_called_complete(rows in any_rows(), part in 1..8usize, grows in any::<bool>(), deeds in prop::collection::vec(prop::option::of(any::<usize>()), 0..40)) {
        let (settings, mut warehouse) = (bigquery(), Warehouse::new(&rows, 1, part));
        let at_count = once(&warehouse.rows, None);
        let deed = |number: Option<usize>| match number {
            None => Deed::Nothing,
            Some(_) if grows => Deed::Add(3),
            Some(number) => Deed::Delete(number),
        };
        let during: Vec<_> = [Deed::Nothing; 2].into_iter().chain(deeds.into_iter().map(deed)).collect();
        let (delivered, step) = walk(&mut warehouse, place(&settings), None, &during);
        if step.is_complete() {
            prop_assert_eq!(delivered, at_count, "{:?}", step);
        }
    }
}

fn row(at: &str) -> Vec<Cell<'_>> {
    let mut cells: Vec<Cell<'_>> = vec![None; 12];
    (cells[1], cells[11]) = (Some(Cow::Borrowed(at)), Some(Cow::Borrowed("0")));
    cells
}

#[test]
fn an_answer_that_cannot_be_is_an_error() {
    let settings = snowflake();
    let first = place(&settings).first(Table::AuditTrail, None, 0).unwrap();
    let reading =
        Step { phase: Phase::Rows(None), at_us: 5, columns: columns(Table::AuditTrail, &[]), ..first.clone() };
    let rows = |rows: Vec<Vec<Cell<'static>>>| Rows { rows, ..Rows::default() };
    assert!(reading.next(&rows(vec![row("5"), row("6")])).is_ok());
    assert!(reading.next(&rows(vec![row("4")])).unwrap_err().contains("order"));
    assert!(reading.next(&rows(vec![row("today")])).is_err());
    let counting = Step { phase: Phase::Count, ..first };
    let cell = |text: &'static str| Some(Cow::Borrowed(text));
    for odd in [
        vec![],
        vec![vec![]],
        vec![vec![cell("-1"), None, None, None]],
        vec![vec![cell("1"), cell("1"), cell("1"), None]],
        vec![vec![cell("x"), None, None, None]],
    ] {
        assert!(counting.next(&rows(odd.clone())).is_err(), "{odd:?}");
    }
    let empty = counting.next(&rows(vec![vec![cell("0"), None, None, None]])).unwrap();
    assert_eq!((empty.phase.clone(), empty.counted), (Phase::Recount, Some(0)));
    let same = Part { handle: "h".into(), next: "1".into() };
    let part = || Rows { next: Some(same.clone()), ..rows(vec![row("5")]) };
    let once = reading.next(&part()).unwrap();
    assert!(once.next(&part()).is_err(), "a circle");
}

/// There is no end to parts without rows: each way of reading ends with the first.
#[test]
fn an_empty_part_that_names_a_further_one_is_an_error() {
    for (settings, table, since) in [
        (snowflake(), Table::AuditTrail, None),
        (databricks(), Table::Log, None),
        (bigquery(), Table::AuditTrail, None),
        (bigquery(), Table::Log, Some(1)),
        (datadog(), Table::Log, None),
    ] {
        let first = step(place(&settings), table, since, Phase::Rows(None));
        let part = |next: &str| Rows {
            next: Some(Part { handle: "h".into(), next: next.into() }),
            total: Some(9),
            ..Rows::default()
        };
        assert!(first.next(&part("1")).unwrap_err().contains("empty part"), "{table:?} {since:?}");
        let open = Open { part: Part { handle: "h".into(), next: "1".into() }, read: 3 };
        let further = Step { phase: Phase::Rows(Some(open)), ..first };
        assert!(further.next(&part("2")).unwrap_err().contains("empty part"), "{table:?} {since:?}");
    }
}

/// As many rows as were counted, and not the ones that were counted.
#[test]
fn rows_that_cannot_be_those_that_were_counted_are_not_called_complete() {
    let settings = snowflake();
    let counting = step(place(&settings), Table::AuditTrail, Some(1), Phase::Count);
    let rows = |rows: Vec<Vec<Cell<'static>>>| Rows { rows, ..Rows::default() };
    let is_complete = |[from, to]: [i64; 2], read: Vec<Vec<Cell<'static>>>, [again, end]: [i64; 2]| {
        let count = |from, to| counted(&[Some(2), Some(from), Some(to), Some(9)]);
        let done =
            counting.next(&count(from, to)).unwrap().next(&rows(read)).unwrap().next(&count(again, end)).unwrap();
        assert_eq!((done.counted, done.delivered, done.recounted), (Some(2), 2, Some(2)));
        done.is_complete()
    };
    assert!(is_complete([5, 7], vec![row("5"), row("7")], [5, 7]));
    assert!(!is_complete([5, 7], vec![row("6"), row("7")], [5, 7]), "the first that was counted was not read");
    assert!(!is_complete([5, 7], vec![row("5"), row("6")], [5, 7]), "nor the last");
    assert!(!is_complete([5, 7], vec![row("5"), row("7")], [5, 8]), "they end elsewhere now");
    let unsynced = |text: Option<&'static str>| {
        let mut cells = row("7");
        cells[11] = text.map(Cow::Borrowed);
        cells
    };
    for text in [None, Some("2026-01-01"), Some("")] {
        assert!(!is_complete([5, 7], vec![row("5"), unsynced(text)], [5, 7]), "{text:?}");
    }
}

/// The statement counts what contains the word.
#[test]
fn rows_of_the_log_without_the_word_are_not_those_that_were_counted() {
    let settings = snowflake();
    let counting = step(place(&settings), Table::Log, None, Phase::Count);
    let count = || counted(&[Some(1), Some(5), Some(5), Some(9)]);
    for (data, is_complete) in [
        (Some(r#"{"actor":"u"}"#), true),
        (Some(r#"{"note":"no actor"}"#), true),
        (Some(r#"{"x":1}"#), false),
        (Some("null"), false),
        (Some(r#"{"ACTOR":"u"}"#), false),
        (None, false),
    ] {
        let cell = |text: &'static str| Some(Cow::Borrowed(text));
        let log = vec![cell("a"), cell("5"), None, None, None, data.map(Cow::Borrowed), cell("9")];
        let read = counting.next(&count()).unwrap().next(&Rows { rows: vec![log], ..Rows::default() }).unwrap();
        let done = read.next(&count()).unwrap();
        assert_eq!((done.delivered, done.is_complete()), (1, is_complete), "{data:?}");
    }
}

/// Rows of a listing come in no order: only the count at its end can tell.
#[test]
fn a_page_of_a_listing_that_comes_again_for_another_is_not_called_complete() {
    let settings = bigquery();
    let instants: Vec<(i64, i64)> = (0..12).map(|number| (1_700_000_000_000_000 + number * 7_777_777, 5)).collect();
    for (pages, is_complete) in [([0, 4, 8], true), ([0, 4, 0], false), ([0, 0, 8], false), ([8, 4, 0], true)] {
        let warehouse = Warehouse::new(&instants, 1, 4);
        let mut reading = step(place(&settings), Table::AuditTrail, None, Phase::Rows(None));
        for (number, from) in pages.into_iter().enumerate() {
            let rows = warehouse.rows.iter().skip(from).take(4).map(cells).collect();
            let next = (number < 2).then(|| Part { handle: String::new(), next: number.to_string() });
            reading = reading.next(&Rows { rows, total: Some(12), next, ..Rows::default() }).unwrap();
            reading = Step::from_text(place(&settings), &reading.to_text()).unwrap();
        }
        let done = reading.next(&warehouse.check()).unwrap();
        assert_eq!((done.counted, done.delivered, done.recounted), (Some(12), 12, Some(12)));
        assert_eq!(done.is_complete(), is_complete, "{pages:?}");
    }
    // A row that is stored twice.
    let mut warehouse = Warehouse::new(&instants, 1, 20);
    warehouse.rows.push(warehouse.rows[3].clone());
    let (_, done) = walk(&mut warehouse, place(&settings), None, &[]);
    assert_eq!((done.counted, done.delivered, done.recounted), (Some(13), 13, Some(13)));
    assert!(!done.is_complete(), "{done:?}");
}

#[test]
fn a_listing_that_moves_and_comes_back_is_not_called_complete() {
    let settings = bigquery();
    let first = place(&settings).first(Table::AuditTrail, None, 0).unwrap();
    let first = Step { phase: Phase::Rows(None), columns: columns(Table::AuditTrail, &[]), ..first };
    for (total, is_complete) in [(2, true), (3, false)] {
        let next = Some(Part { handle: String::new(), next: "t".into() });
        let second = first.next(&Rows { rows: vec![row("1")], total: Some(2), next, columns: Vec::new() }).unwrap();
        let third = second.next(&Rows { rows: vec![row("2")], total: Some(total), ..Rows::default() }).unwrap();
        let done = third.next(&counted(&[Some(2), Some(1), Some(2), Some(0), Some(3), Some(2)])).unwrap();
        assert_eq!((done.counted, done.delivered, done.recounted), (Some(2), 2, Some(2)));
        assert_eq!(done.is_complete(), is_complete);
        assert!(second.lost().moved, "what is read on by position proves nothing");
    }
}

#[test]
fn a_search_ends_with_its_last_page_and_proves_nothing() {
    let settings = datadog();
    let first = place(&settings).first(Table::Log, Some(1_500), 9_000_000).unwrap();
    assert_eq!((first.phase.clone(), first.watermark_us), (Phase::Rows(None), 9_000_000));
    let log = |at: &'static str| [None, Some(Cow::Borrowed(at)), None, None, None, None, None].to_vec();
    let next = Some(Part { handle: "1500".into(), next: "eyJ=".into() });
    let second = first.next(&Rows { rows: vec![log("1000"), log("2000")], next, ..Rows::default() }).unwrap();
    assert_eq!((second.at_us, second.skip, second.delivered), (2_000, 1, 2));
    let lost = second.lost();
    assert_eq!((lost.phase, lost.at_us, lost.skip, lost.moved), (Phase::Rows(None), 2_000, 1, false));
    let more = Some(Part { handle: "1500".into(), next: "fyJ=".into() });
    assert!(second.next(&Rows { next: more, ..Rows::default() }).is_err(), "an empty page that names a further one");
    let done = second.next(&Rows { rows: vec![log("2000")], ..Rows::default() }).unwrap();
    assert_eq!((done.phase.clone(), done.delivered, done.counted, done.is_complete()), (Phase::Done, 3, None, false));
    assert_eq!((done.first_us, done.last_us, done.synced_us), (Some(1_000), Some(2_000), None));
}

//! Costly calls spread over days: each item is read once in so many days, each day costs a fraction,
//! and nothing that was spread ever looks complete. The core against the simulator's answers, under a
//! fake clock.

use crate::fake::{Answer, FakeWorld, NOW, answer_of, collect_all, records, run, session};
use fivetran_simulator::{AccountSpec, Answers, Config};
use serde_json::{Value, json};
use source_kit::base::model::{Budget, CollectRequest, CoverageState, Page, Record};
use source_kit::base::timestamp::Timestamp;
use source_kit::collect::collect;
use std::collections::{BTreeMap, BTreeSet};

const DAY_MS: u64 = 24 * 3_600_000;
const DAYS: u64 = 7;
/// Kinds that are read from spread calls alone.
const SPREAD: [&str; 4] = ["connection_schema", "certificate", "fingerprint", "sync_run"];

fn world(connections: usize) -> FakeWorld<impl Fn(&str) -> Answer> {
    let account = AccountSpec { seed: 7, users: 4, teams: 1, groups: 5, connections };
    let answers = Answers::new(Config { account, ..Config::default() });
    FakeWorld::new(move |path: &str| answer_of(&answers.get(path).0))
}

/// Everything, sync history since the same instant on every day.
fn everything() -> CollectRequest {
    let kinds = fivetran_source::table::KINDS.iter().map(|kind| kind.id.to_string()).collect();
    CollectRequest { kinds, since: Some("2026-01-01T00:00:00Z".into()), ..CollectRequest::default() }
}

/// One day's collection: its pages, and the calls for items that are spread.
fn day(number: u64, settings: &str, connections: usize) -> (Vec<Page>, Vec<String>) {
    let world = world(connections);
    world.waited_ms.set(number * DAY_MS);
    let pages = collect_all(&world, &session(settings), everything()).unwrap();
    let costly = |path: &&String| {
        ["/schemas", "/certificates", "/fingerprints", "/sync-history"].iter().any(|part| path.contains(part))
    };
    let journal = world.journal.borrow();
    (pages, journal.iter().filter(costly).cloned().collect())
}

fn ids(pages: &[Page], kind: &str) -> BTreeSet<String> {
    records(pages).iter().filter(|record| record.kind == kind).map(|record| record.id.clone()).collect()
}

fn content(pages: &[Page], kind: &str, of: &str) -> Value {
    let all = records(pages);
    let record = all.iter().find(|record| record.kind == kind && record.id.ends_with(of)).unwrap();
    serde_json::from_str(&record.content).unwrap()
}

fn spread() -> String {
    json!({"spread_days": DAYS}).to_string()
}

#[test]
fn in_so_many_days_each_item_is_read_exactly_once_and_each_day_costs_a_fraction() {
    let (whole, calls) = day(0, "{}", 200);
    let mut seen: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    let mut asked = BTreeSet::new();
    for number in 0..DAYS {
        let (pages, costly) = day(number, &spread(), 200);
        assert!(costly.len() < calls.len() * 3 / 14, "{} of {} calls on day {number}", costly.len(), calls.len());
        // The windows of the sync history move with the day: whose they are is what counts.
        for path in costly {
            let of = path.split("start_time").next().unwrap().to_string();
            asked.insert((number, of));
        }
        for kind in SPREAD {
            let today = ids(&pages, kind);
            assert!(!today.is_empty(), "{kind} on day {number}");
            let twice = today.iter().find(|id| !seen.entry(kind).or_default().insert((*id).clone()));
            assert!(kind == "sync_run" || twice.is_none(), "{twice:?} on day {number}");
        }
        for kind in ["user", "connection", "destination", "access_grant", "connector_type"] {
            assert_eq!(ids(&pages, kind), ids(&whole, kind), "{kind} is not spread");
        }
    }
    for kind in ["connection_schema", "certificate", "fingerprint"] {
        assert_eq!(seen[kind], ids(&whole, kind), "{kind}");
    }
    assert!(ids(&whole, "sync_run").is_subset(&seen["sync_run"]));
    let wanted: BTreeSet<String> = calls.iter().map(|path| path.split("start_time").next().unwrap().into()).collect();
    let each: BTreeSet<String> = asked.iter().map(|(_, path)| path.clone()).collect();
    assert_eq!((each.len(), &each), (asked.len(), &wanted), "each on one day and no other");
}

#[test]
fn a_day_comes_again_after_so_many_days() {
    let of = |number| ids(&day(number, &spread(), 50).0, "connection_schema");
    assert_eq!(of(2), of(2 + DAYS));
    assert_ne!(of(2), of(3));
}

#[test]
fn what_is_spread_is_never_complete() {
    for connections in [0, 30] {
        for number in 0..DAYS {
            let (pages, _) = day(number, &spread(), connections);
            let turn = (NOW.0 / i64::try_from(DAY_MS).unwrap() + i64::try_from(number).unwrap()) % 7 + 1;
            for coverage in &pages.last().unwrap().coverage {
                let is_spread = SPREAD.contains(&coverage.kind) || coverage.kind == "audit_event";
                let want = match coverage.kind {
                    _ if is_spread => CoverageState::Spread,
                    // The simulated account has no preview of it.
                    "connection_error" if connections > 0 => CoverageState::NotAvailable,
                    _ => CoverageState::Complete,
                };
                assert_eq!(coverage.state, want, "{} on day {number}: {}", coverage.kind, coverage.reason);
                assert_eq!(
                    coverage.reason.starts_with(&format!("spread {turn} of 7")),
                    is_spread,
                    "{}",
                    coverage.reason
                );
            }
            let record = content(&pages, "coverage", ":certificate");
            assert_eq!((&record["state"], &record["spread"]), (&json!("spread"), &json!({"of": 7, "turn": turn})));
            assert_eq!(content(&pages, "coverage", ":user")["spread"], Value::Null);
            let manifest = content(&pages, "manifest", "");
            let states = manifest["kinds"].as_array().unwrap().iter().filter(|kind| kind["state"] == "spread");
            assert_eq!((states.count(), &manifest["settings"]["spread_days"]), (5, &json!(7)));
        }
    }
}

#[test]
fn what_could_not_be_read_is_partial_and_spread() {
    let inner = world(30);
    let world = FakeWorld::new(move |path: &str| {
        if path.contains("/schemas") {
            return crate::fake::reply(500, "{}");
        }
        run(source_kit::base::world::World::send(&inner, crate::fake::request(path)))
    });
    let pages = collect_all(&world, &session(&spread()), everything()).unwrap();
    let found = pages.last().unwrap().coverage.iter().find(|coverage| coverage.kind == "connection_schema").unwrap();
    assert_eq!(found.state, CoverageState::Partial);
    assert!(found.reason.contains("no usable answer") && found.reason.contains("spread "), "{}", found.reason);
}

#[test]
fn a_collection_that_is_resumed_on_another_day_keeps_to_its_own() {
    let (want, _) = day(0, &spread(), 60);
    let world = world(60);
    let mut request = CollectRequest { budget: Budget { max_records: Some(20), ..Budget::default() }, ..everything() };
    let mut pages = Vec::new();
    loop {
        // A fresh instance each time, and a day later each time.
        let page = run(collect(&world, &session(&spread()), &request)).unwrap();
        world.waited_ms.set(world.waited_ms.get() + DAY_MS);
        request.cursor.clone_from(&page.cursor);
        pages.push(page);
        if request.cursor.is_none() {
            break;
        }
    }
    assert!(pages.len() > 10);
    for kind in SPREAD {
        assert_eq!(ids(&pages, kind), ids(&want, kind), "{kind}");
    }
    let coverage = |pages: &[Page]| content(pages, "coverage", ":connection_schema")["spread"].clone();
    assert_eq!(coverage(&pages), coverage(&want));
}

/// How long a record is relied on, in hours.
fn hours(record: &Record) -> i64 {
    let at = |text: &str| Timestamp::parse_rfc3339(text).unwrap().0;
    (at(&record.valid_until) - at(&record.observed_at)) / 3_600_000
}

#[test]
fn an_observation_is_valid_until_its_next_turn() {
    let of = |settings: &str, kind: &str| {
        let (pages, _) = day(0, settings, 60);
        hours(records(&pages).iter().find(|record| record.kind == kind).unwrap())
    };
    assert_eq!((of("{}", "connection_schema"), of(&spread(), "connection_schema")), (36, 36 + 6 * 24));
    assert_eq!(of("{}", "certificate"), 36);
    assert_eq!(of(&spread(), "certificate"), 36 + 6 * 24);
    for kind in ["connection", "sync_run", "coverage"] {
        assert_eq!(of(&spread(), kind), of("{}", kind), "{kind}");
    }
}

#[test]
fn the_sync_history_without_since_reaches_back_to_the_turn_before() {
    for (days, least_days) in [(1, 7), (2, 7), (7, 8), (14, 15), (31, 32)] {
        let world = world(100);
        let request = CollectRequest { kinds: vec!["sync_run".into()], ..CollectRequest::default() };
        let settings = json!({"spread_days": days}).to_string();
        collect_all(&world, &session(&settings), request).unwrap();
        let journal = world.journal.borrow();
        let starts = journal.iter().filter_map(|path| path.split("start_time=").nth(1)?.split('&').next());
        let first = starts.map(|text| Timestamp::parse_rfc3339(text).unwrap().0).min().unwrap();
        assert_eq!((NOW.0 - first) / i64::try_from(DAY_MS).unwrap(), least_days, "{days} days");
    }
}

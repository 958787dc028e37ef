//! The share of the hourly quota: never exceeded by more than one item needs, whatever the pages and
//! the instances; waits are the host's, and the records are those of a collection that never waited.
//! So it is with the requests of a page. The core against the simulator's answers, under a fake clock.

use crate::fake::{Answer, FakeWorld, NOW, account_info, answer_of, collect_all, records, run, session, success};
use fivetran_simulator::{AccountSpec, Answers, Config};
use fivetran_source::Fivetran;
use source_kit::base::model::{Budget, CollectRequest, FailureKind, Record};
use source_kit::base::timestamp::Timestamp;
use source_kit::base::world::Response;
use source_kit::collect::{Session, collect};
use std::cell::Cell;

const HOUR_MS: u64 = 3_600_000;
/// The most that one call of the source needs to make progress: the account, a list page, and the
/// parts of an item.
const ONE_ITEM: usize = 1 + 1 + 4;

fn world() -> FakeWorld<impl Fn(&str) -> Answer> {
    let account = AccountSpec { seed: 7, users: 9, teams: 2, groups: 2, connections: 6 };
    let answers = Answers::new(Config { account, ..Config::default() });
    FakeWorld::new(move |path: &str| answer_of(&answers.get(path).0))
}

fn paced(share: u32) -> Session<Fivetran> {
    session(&format!("{{\"requests_per_hour\": {share}}}"))
}

fn order(max_records: Option<u32>, max_concurrency: Option<u32>) -> CollectRequest {
    CollectRequest { budget: Budget { max_records, max_concurrency, ..Budget::default() }, ..CollectRequest::default() }
}

fn whole() -> Vec<Record> {
    let pages = collect_all(&world(), &session("{}"), order(None, None)).unwrap();
    records(&pages).into_iter().cloned().collect()
}

/// What a host that obeys `not-before` gets.
struct Paced {
    records: Vec<Record>,
    /// Requests sent in each hour.
    hours: Vec<usize>,
}

/// Collects to the end under a clock that runs.
fn obey(share: u32, mut request: CollectRequest, fresh: bool) -> Paced {
    let mut world = world();
    world.latency_ms = 1;
    let (mut session, mut sent) = (paced(share), 0);
    let mut paced_run = Paced { records: Vec::new(), hours: Vec::new() };
    loop {
        let page = run(collect(&world, &session, &request)).unwrap();
        let so_far = world.journal.borrow().len();
        if page.not_before.is_some() || page.cursor.is_none() {
            paced_run.hours.push(so_far - sent);
            sent = so_far;
        }
        if let Some(until) = &page.not_before {
            wait_until(until, &world.waited_ms);
        }
        paced_run.records.extend(page.records);
        request.cursor = page.cursor;
        if request.cursor.is_none() {
            return paced_run;
        }
        assert!(paced_run.hours.len() < 500, "no end");
        if fresh {
            session = paced(share);
        }
    }
}

/// The clock goes on to an instant that a page names.
fn wait_until(instant: &str, clock_ms: &Cell<u64>) {
    let until = Timestamp::parse_rfc3339(instant).unwrap();
    let until_ms = u64::try_from(until.0 - NOW.0).unwrap();
    assert!(until_ms > clock_ms.get() && until_ms <= clock_ms.get() + HOUR_MS, "{until_ms} ms");
    clock_ms.set(until_ms);
}

/// Ids and contents, but for the counts and instants of coverage and manifest.
fn contents(records: &[Record]) -> Vec<(&str, &str)> {
    let of_vendor = records.iter().filter(|record| !["coverage", "manifest"].contains(&record.kind));
    of_vendor.map(|record| (record.id.as_str(), record.content.as_str())).collect()
}

#[test]
fn no_hour_has_more_requests_than_the_share() {
    let want = whole();
    let calls = {
        let world = world();
        collect_all(&world, &session("{}"), order(None, Some(1))).unwrap();
        world.journal.borrow().len()
    };
    for share in [1, 3, 10, 40] {
        for concurrency in [1, 8, 64] {
            for fresh in [false, true] {
                let got = obey(share, order(None, Some(concurrency)), fresh);
                let most = got.hours.iter().max().copied().unwrap();
                assert!(most <= (share as usize).max(ONE_ITEM), "{share}, {concurrency}, {fresh}: {:?}", got.hours);
                assert!(got.hours.len() >= calls / (share as usize).max(ONE_ITEM), "{:?}", got.hours);
                assert_eq!(contents(&got.records), contents(&want), "{share}, {concurrency}, {fresh}");
            }
        }
    }
}

#[test]
fn the_share_is_counted_across_pages_and_instances() {
    let want = whole();
    for fresh in [false, true] {
        let got = obey(20, order(Some(2), Some(8)), fresh);
        assert!(got.hours.iter().all(|sent| *sent <= 20 + ONE_ITEM), "{:?}", got.hours);
        assert!(got.hours.len() > 5, "{:?}", got.hours);
        assert_eq!(contents(&got.records), contents(&want));
    }
}

#[test]
fn a_call_in_an_exhausted_hour_sends_nothing_and_says_when_to_come_back() {
    let world = world();
    let first = run(collect(&world, &paced(10), &order(None, None))).unwrap();
    let sent = world.journal.borrow().len();
    assert!(sent <= 10 && !first.records.is_empty());
    assert_eq!(first.not_before.as_deref(), Some("2026-01-31T13:00:00.000Z"));
    let [finding] = &first.diagnostics[..] else { panic!("{:?}", first.diagnostics) };
    assert_eq!((finding.code, finding.pointer.as_str()), ("quota-share", "/settings/requests_per_hour"));
    let said = format!("{sent} of 10 calls of this hour are used; resuming at 2026-01-31T13:00:00.000Z");
    assert_eq!(finding.message, said);

    let mut request = CollectRequest { cursor: first.cursor.clone(), ..order(None, None) };
    for early_ms in [1, HOUR_MS / 2, HOUR_MS - 1] {
        world.waited_ms.set(early_ms);
        let page = run(collect(&world, &paced(10), &request)).unwrap();
        assert_eq!((page.records.len(), page.usage.requests, world.journal.borrow().len()), (0, 0, sent));
        assert_eq!((&page.not_before, &page.diagnostics), (&first.not_before, &first.diagnostics));
        assert_eq!(page.coverage, first.coverage);
        request.cursor = page.cursor;
    }
    let more = run(collect(&world, &paced(30), &request)).unwrap();
    assert!(!more.records.is_empty(), "a larger share opens the hour again");
    assert!(world.journal.borrow().len() <= 30);
    world.waited_ms.set(HOUR_MS);
    let next = run(collect(&world, &paced(10), &request)).unwrap();
    assert!(!next.records.is_empty() && next.usage.requests <= 10);
}

#[test]
fn an_hour_that_ends_while_a_call_works_makes_room_again() {
    let mut slow = world();
    slow.latency_ms = HOUR_MS / 6;
    let pages = collect_all(&slow, &paced(10), order(None, Some(1))).unwrap();
    assert!(
        pages.len() == 1 && slow.journal.borrow().len() > 40,
        "six an hour, and an item's calls, are never too many"
    );
    let mut fast = world();
    fast.latency_ms = HOUR_MS / 11;
    let page = run(collect(&fast, &paced(10), &order(None, Some(1)))).unwrap();
    assert!(page.not_before.is_some());
}

#[test]
fn failures_and_limits_of_the_vendor_are_counted_too() {
    let inner = world();
    let calls = Cell::new(0);
    let world = FakeWorld::new(move |path: &str| {
        calls.set(calls.get() + 1);
        if calls.get() % 3 == 0 {
            return Ok(Response {
                status: 503,
                retry_after: None,
                request_id: None,
                body: Vec::new(),
                body_digest: None,
            });
        }
        run(source_kit::base::world::World::send(&inner, crate::fake::request(path)))
    });
    let page = run(collect(&world, &paced(20), &order(None, Some(1)))).unwrap();
    let sent = world.journal.borrow().len();
    // What is repeated cannot be known beforehand: at most the attempts at the last item's calls.
    assert!((18..=20 + 4).contains(&sent), "{sent}");
    assert!(page.diagnostics[0].message.starts_with(&format!("{sent} of 20 calls")), "{:?}", page.diagnostics);
}

#[test]
fn the_share_binds_no_cursor_and_other_settings_do() {
    let world = world();
    let page = run(collect(&world, &paced(10), &order(None, None))).unwrap();
    let request = CollectRequest { cursor: page.cursor, ..order(None, None) };
    world.waited_ms.set(HOUR_MS);
    assert!(run(collect(&world, &session("{}"), &request)).is_ok());
    let other = session(r#"{"connection_details": false, "requests_per_hour": 10}"#);
    assert_eq!(run(collect(&world, &other, &request)).unwrap_err().kind, FailureKind::InvalidCursor);
}

#[test]
fn a_page_keeps_to_its_requests_but_for_its_first_answer() {
    let asked = |max_requests, max_concurrency| CollectRequest {
        kinds: vec!["connection".into(), "sync_run".into()],
        since: Some("2025-02-01T12:00:00Z".into()),
        budget: Budget { max_requests, max_concurrency, ..Budget::default() },
        ..CollectRequest::default()
    };
    let whole = collect_all(&world(), &session("{}"), asked(None, Some(1))).unwrap();
    let want = records(&whole).into_iter().cloned().collect::<Vec<_>>();
    for most in [1, 60, 150, 300] {
        for concurrency in [1, 8, 64] {
            let (world, mut request) = (world(), asked(Some(most), Some(concurrency)));
            let (mut got, mut pages) = (Vec::new(), Vec::new());
            loop {
                let page = run(collect(&world, &session("{}"), &request)).unwrap();
                pages.push(page.usage.requests as usize);
                got.extend(page.records);
                request.cursor = page.cursor;
                if request.cursor.is_none() {
                    break;
                }
            }
            // The account, a list page, and one answer.
            let allowed = (most as usize).max(3);
            assert!(pages.iter().all(|sent| *sent <= allowed), "{most}, {concurrency}: {pages:?}");
            assert!(pages.contains(&allowed), "{pages:?}");
            assert_eq!(contents(&got), contents(&want), "{most}, {concurrency}");
        }
    }
}

#[test]
fn lists_without_items_are_not_read_beyond_the_budget() {
    for (max_requests, max_milliseconds) in [(Some(20), None), (None, Some(20))] {
        let calls = Cell::new(0);
        let mut world = FakeWorld::new(|path: &str| {
            calls.set(calls.get() + 1);
            if path == "/v1/account/info" {
                return account_info();
            }
            success(&serde_json::json!({"items": [], "next_cursor": format!("c{}", calls.get())}))
        });
        world.latency_ms = 1;
        let budget = Budget { max_requests, max_milliseconds, ..Budget::default() };
        let mut request = CollectRequest { budget, ..CollectRequest::default() };
        for _ in 0..3 {
            let page = run(collect(&world, &session("{}"), &request)).unwrap();
            // A further page is looked at with the one before it: two calls, or none, and begun they are in time.
            assert!((19..=21).contains(&page.usage.requests), "{budget:?}: {}", page.usage.requests);
            assert!(page.cursor.is_some() && page.cursor != request.cursor, "it goes on where it was");
            request.cursor = page.cursor;
        }
    }
}

#[test]
fn the_vendors_wait_is_told_as_the_vendors_when_the_share_is_used_up_as_well() {
    let inner = world();
    let world = FakeWorld::new(move |path: &str| {
        if path.starts_with("/v1/users/") {
            return Ok(Response {
                status: 429,
                retry_after: Some("90".into()),
                request_id: None,
                body: Vec::new(),
                body_digest: None,
            });
        }
        run(source_kit::base::world::World::send(&inner, crate::fake::request(path)))
    });
    // The account, the list, and the calls of two users: for a third one there is no room.
    let mut request = CollectRequest { kinds: vec!["access_grant".into()], ..order(None, Some(8)) };
    let page = run(collect(&world, &paced(6), &request)).unwrap();
    assert_eq!(page.not_before.as_deref(), Some("2026-01-31T12:01:30.000Z"));
    assert!(page.diagnostics.is_empty(), "{:?}", page.diagnostics);
    wait_until("2026-01-31T12:01:30.000Z", &world.waited_ms);
    request.cursor = page.cursor;
    let page = run(collect(&world, &paced(6), &request)).unwrap();
    assert_eq!((page.usage.requests, page.not_before.as_deref()), (0, Some("2026-01-31T13:00:00.000Z")));
    assert_eq!(page.diagnostics[0].code, "quota-share");
}

#[test]
fn the_records_at_the_end_wait_for_nobody() {
    let order = |cursor| CollectRequest { kinds: vec!["role".into()], cursor, ..order(Some(1), Some(1)) };
    let (world, session) = (world(), paced(1));
    let (mut request, mut in_closing) = (order(None), 0);
    loop {
        let page = run(collect(&world, &session, &request)).unwrap();
        if page.progress.stage == "closing" {
            in_closing += 1;
            assert_eq!((page.not_before, page.diagnostics.len()), (None, 0), "nothing more is sent");
        } else if let Some(until) = &page.not_before {
            wait_until(until, &world.waited_ms);
        }
        request = order(page.cursor);
        if request.cursor.is_none() {
            break;
        }
    }
    assert!(in_closing > 5);
}

/// After a further page of a list the one before is looked at again: both calls have to fit.
#[test]
fn a_further_page_is_two_calls() {
    let pages = FakeWorld::new(|path: &str| {
        if !path.starts_with("/v1/roles") {
            return account_info();
        }
        let at: usize = path.split("cursor=").nth(1).map_or(0, |at| at.parse().unwrap());
        let next = (at < 3).then(|| (at + 1).to_string());
        success(&serde_json::json!({"items": [{"name": format!("role {at}")}], "next_cursor": next}))
    });
    for (most, sent) in [(2, 2), (3, 2), (4, 4), (5, 4), (6, 6), (8, 8)] {
        let budget = Budget { max_requests: Some(most), max_concurrency: Some(1), ..Budget::default() };
        let request = CollectRequest { kinds: vec!["role".into()], budget, ..CollectRequest::default() };
        let page = run(collect(&pages, &session("{}"), &request)).unwrap();
        assert_eq!(page.usage.requests, sent, "of {most}");
    }
}

#[test]
fn a_page_that_is_cut_is_looked_back_from_only_once() {
    let three = |first: usize| (first..first + 3).map(|at| serde_json::json!({"name": format!("role {at}")}));
    let roles = FakeWorld::new(|path: &str| match path.split("cursor=").nth(1) {
        _ if !path.starts_with("/v1/roles") => account_info(),
        None => success(&serde_json::json!({"items": three(0).collect::<Vec<_>>(), "next_cursor": "3"})),
        Some(_) => success(&serde_json::json!({"items": three(3).collect::<Vec<_>>()})),
    });
    let request = CollectRequest { kinds: vec!["role".into()], ..order(Some(1), Some(1)) };
    let pages = collect_all(&roles, &session("{}"), request).unwrap();
    let sent: Vec<u32> = pages.iter().map(|page| page.usage.requests).filter(|sent| *sent > 0).collect();
    assert_eq!(sent, [2, 1, 1, 2, 1, 1], "the account at first, and one look back");
}

#[test]
fn nothing_is_begun_once_the_time_is_up() {
    let mut slow = world();
    slow.latency_ms = 1;
    for most in [3, 5, 8] {
        let budget = Budget { max_milliseconds: Some(most), max_concurrency: Some(1), ..Budget::default() };
        let request = CollectRequest { budget, ..CollectRequest::default() };
        let page = run(collect(&slow, &session("{}"), &request)).unwrap();
        assert_eq!(u64::from(page.usage.requests), most);
    }
}

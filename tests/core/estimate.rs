//! What a collection is said to cost is what it costs.

use crate::collect::account;
use crate::fake::{Answer, FakeWorld, account_info, answer_of, collect_all, reply, run, session, success};
use crate::templates::asked;
use fivetran_simulator::{AccountSpec, Answers, Config};
use serde_json::json;
use source_kit::base::model::{Budget, CollectRequest, Cost};
use source_kit::collect::collect;
use source_kit::collect::estimate::estimate;
use std::collections::BTreeMap;

fn simulated() -> FakeWorld<impl Fn(&str) -> Answer> {
    let account = AccountSpec { seed: 7, users: 5, teams: 2, groups: 2, connections: 6 };
    let answers = Answers::new(Config { account, connection_errors: true, ..Config::default() });
    FakeWorld::new(move |path: &str| answer_of(&answers.get(path).0))
}

fn everything(since: Option<&str>) -> CollectRequest {
    let kinds = fivetran_source::table::KINDS.iter().map(|kind| kind.id.to_string()).collect();
    CollectRequest { kinds, since: since.map(Into::into), ..CollectRequest::default() }
}

fn said(world: &FakeWorld<impl Fn(&str) -> Answer>, request: &CollectRequest) -> Cost {
    run(estimate(world, &session("{}").config, request)).unwrap()
}

/// Calls by path.
fn summed(all: impl Iterator<Item = (String, u64)>) -> BTreeMap<String, u64> {
    let mut sums = BTreeMap::new();
    for (path, calls) in all.filter(|(_, calls)| *calls > 0) {
        *sums.entry(path).or_default() += calls;
    }
    sums
}

#[test]
fn every_call_is_counted_by_its_path() {
    for since in [None, Some("2026-01-05T00:00:00Z")] {
        let request = everything(since);
        let cost = said(&simulated(), &request);
        let plan = cost.endpoints.iter().map(|one| (one.endpoint.replace("{id}", "{}"), one.calls));
        let world = simulated();
        collect_all(&world, &session("{}"), request).unwrap();
        let journal = world.journal.borrow();
        let made = journal.iter().map(|path| (format!("GET {}", asked(path)), 1));
        assert_eq!(summed(plan), summed(made), "{since:?}");
        assert!(cost.endpoints.iter().all(|one| !one.is_least));
        assert!(cost.diagnostics.iter().all(|one| one.code != "counted-in-part"), "{:?}", cost.diagnostics);
    }
}

#[test]
fn time_is_that_of_calls_side_by_side() {
    let mut world = simulated();
    world.latency_ms = 10;
    let request =
        CollectRequest { budget: Budget { max_concurrency: Some(4), ..Budget::default() }, ..everything(None) };
    let cost = said(&world, &request);
    let calls: u64 = cost.endpoints.iter().map(|one| one.calls).sum();
    assert!(u64::from(cost.usage.requests) < calls);
    assert_eq!((cost.concurrency, cost.milliseconds), (4, calls * 10 / 4));
}

#[test]
fn a_list_that_is_not_counted_to_its_end_is_named_and_no_other() {
    let world = FakeWorld::new(
        |path: &str| {
            if path.starts_with("/v1/connections?") { reply(500, "{}") } else { account(path) }
        },
    );
    let cost = said(&world, &everything(None));
    let found: Vec<_> = cost.diagnostics.iter().filter(|one| one.code == "counted-in-part").collect();
    assert_eq!(found.len(), 1);
    let message = "not counted to the end, so there may be more calls: GET /v1/connections";
    assert_eq!(found[0].message, message);
    assert!(cost.endpoints.iter().all(|one| one.is_least == one.endpoint.starts_with("GET /v1/connections")));
}

/// One page of a collection of some kinds, with a bound on its records.
fn first_page(answer: impl Fn(&str) -> Answer, kinds: &[&str], max_records: u32) -> Vec<String> {
    let kinds = kinds.iter().map(ToString::to_string).collect();
    let budget = Budget { max_records: Some(max_records), ..Budget::default() };
    let request =
        CollectRequest { kinds, since: Some("2026-01-01T00:00:00Z".into()), budget, ..CollectRequest::default() };
    let world = FakeWorld::new(answer);
    run(collect(&world, &session("{}"), &request)).unwrap();
    world.journal.into_inner()
}

#[test]
fn a_list_page_that_does_not_fit_any_more_is_not_asked_for() {
    let user = |at: usize| json!({"id": format!("u{at}"), "created_at": "2026-01-02T00:00:00Z", "logged_in_at": "2026-01-03T00:00:00Z"});
    let asked = first_page(
        |path| match path.split('?').next().unwrap() {
            "/v1/account/info" => account_info(),
            _ => success(&json!({"items": (0..100).map(user).collect::<Vec<_>>(), "next_cursor": "x"})),
        },
        &["user"],
        99,
    );
    assert_eq!(asked.len(), 2, "{asked:?}");
    // Each user has two events: a page of 150 records ends long before the list does.
    let asked = first_page(
        |path| match path.split('?').next().unwrap() {
            "/v1/account/info" => account_info(),
            "/v1/users" => success(&json!({"items": (0..100).map(user).collect::<Vec<_>>(), "next_cursor": "x"})),
            _ => success(&json!({"items": []})),
        },
        &["user", "audit_event"],
        150,
    );
    let lists = asked.iter().filter(|path| path.starts_with("/v1/users?")).count();
    assert_eq!(lists, 1, "{asked:?}");
}

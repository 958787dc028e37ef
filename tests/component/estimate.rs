//! Is what is estimated what is called? The component's estimate against the calls that a collection
//! then makes, endpoint by endpoint, as the simulator's journal has them.

use crate::fake::{Answer, FakeWorld, answer_of, reply, run, session};
use crate::support::{account, block_on, collect, options, plugin, simulator, tenant};
use fivetran_simulator::{Answers, Config, JournalEntry, Principal, Quota, Simulator};
use fivetran_source::table::{KINDS, RESOURCES};
use source_host::bindings::exports::compliance::source::{planner, source};
use source_host::collection::CollectionOptions;
use source_host::tenant::Tenant;
use source_kit::base::model::{Budget, CollectRequest, Cost, Failure, FailureKind};
use source_kit::collect::estimate::estimate;
use std::collections::BTreeMap;
use std::time::Duration;

/// The endpoint that a path belongs to; exact ones go before those with an id in them.
fn endpoint_of(path_and_query: &str) -> String {
    let path = path_and_query.split('?').next().unwrap();
    let is_of = |template: &&&str| {
        let (want, have) = (template.trim_start_matches("GET ").split('/'), path.split('/'));
        want.clone().count() == have.clone().count()
            && want.zip(have).all(|(want, have)| want == "{id}" || want == have)
    };
    let all: Vec<&&str> = KINDS.iter().flat_map(|kind| kind.endpoints).filter(is_of).collect();
    let exact = all.iter().find(|template| !template.contains("{id}"));
    (**exact.or(all.first()).unwrap_or_else(|| panic!("{path} is of no endpoint"))).to_string()
}

fn calls_of(journal: &[JournalEntry]) -> BTreeMap<String, u64> {
    let mut calls = BTreeMap::new();
    for entry in journal {
        *calls.entry(endpoint_of(&entry.path_and_query)).or_default() += 1;
    }
    calls
}

async fn estimated(tenant: &Tenant, order: &CollectionOptions) -> planner::Cost {
    let (mut instance, _) = plugin().await.configured(tenant).await.unwrap();
    let CollectionOptions { kinds, since, budget, cursor } = order.clone();
    instance.estimate(&source::CollectRequest { kinds, cursor, since, budget }).await.unwrap()
}

/// Estimates and then collects; answers the calls of both, and what the estimate has cost.
async fn both(simulator: &Simulator, settings: &str, kinds: &[&str]) -> (planner::Cost, BTreeMap<String, u64>) {
    let tenant = Tenant { settings: settings.into(), ..tenant(simulator) };
    let is_of_runs = kinds == ["sync_run"];
    let kinds = kinds.iter().map(ToString::to_string).collect();
    let order = CollectionOptions { kinds, since: Some("2026-01-02T00:00:00Z".into()), ..options(None, Some(16)) };
    let before = simulator.journal().len();
    let cost = estimated(&tenant, &order).await;
    let between = simulator.journal().len();
    assert_eq!(between - before, cost.usage.requests as usize);
    let pages = collect(&plugin().await, &tenant, order).await.unwrap().pages.len() as u64;
    let mut called = calls_of(&simulator.journal()[between..]);
    // Where a page of records ends within a page of a list, that is read again: which no plan can know.
    if let Some(cut) = called.get_mut("GET /v1/connections").filter(|_| is_of_runs) {
        assert!(*cut <= pages, "{cut} for {pages} pages");
        *cut = 1;
    }
    (cost, called)
}

/// What was estimated, without what is never called.
fn by_endpoint(cost: &planner::Cost) -> BTreeMap<String, u64> {
    let called = cost.endpoints.iter().filter(|endpoint| endpoint.calls > 0);
    called.map(|endpoint| (endpoint.endpoint.clone(), endpoint.calls)).collect()
}

async fn check(config: Config, settings: &str, kinds: &[&str]) -> planner::Cost {
    let simulator = simulator(config).await;
    let (cost, called) = both(&simulator, settings, kinds).await;
    assert_eq!(by_endpoint(&cost), called, "{settings} {kinds:?}");
    assert!(cost.endpoints.iter().all(|endpoint| !endpoint.is_least));
    let sum: u64 = called.values().sum();
    println!("{sum} calls, as {} calls have told: {settings} {kinds:?}", cost.usage.requests);
    cost
}

#[test]
fn a_collection_makes_the_calls_that_were_estimated_endpoint_by_endpoint() {
    block_on(async {
        for size in [(200, 20, 10, 500), (3, 0, 1, 0), (17, 5, 4, 33)] {
            let account = || account(size.0, size.1, size.2, size.3);
            let cost = check(account(), "{}", &[]).await;
            // The account, and each list once.
            assert_eq!(cost.usage.requests as usize, 1 + RESOURCES.len());
            check(account(), r#"{"connection_details": false}"#, &[]).await;
            check(account(), r#"{"spread_days": 7}"#, &["connection_schema", "certificate", "sync_run"]).await;
            check(account(), "{}", &["sync_run"]).await;
            let with_errors = Config { connection_errors: true, ..account() };
            check(with_errors, "{}", &["connection_error"]).await;
            check(account(), "{}", &["audit_event"]).await;
            check(account(), "{}", &["team_membership"]).await;
        }
    });
}

#[test]
fn lists_of_several_pages_are_counted_to_their_end() {
    block_on(async {
        let cost = check(account(2_300, 3, 4, 1_001), r#"{"spread_days": 31}"#, &["access_grant", "certificate"]).await;
        let of = |endpoint: &str| cost.endpoints.iter().find(|cost| cost.endpoint == endpoint).unwrap().calls;
        // Three pages, and two looks back.
        assert_eq!((of("GET /v1/users"), of("GET /v1/users/{id}/groups")), (5, 2_300));
        assert_eq!(of("GET /v1/connections"), 3);
        assert!(cost.usage.requests < 12, "{}", cost.usage.requests);
    });
}

#[test]
fn what_is_refused_costs_the_one_call_that_is_estimated() {
    block_on(async {
        let mut config = account(20, 3, 4, 30);
        let scopes = ["ACCOUNT", "USER", "ROLES", "DESTINATION"].map(String::from);
        config.principal = Principal::SystemKey { scopes: scopes.into() };
        let cost = check(config, "{}", &[]).await;
        let connections: Vec<_> = cost.endpoints.iter().filter(|cost| cost.endpoint.contains("/connections")).collect();
        assert!(connections.iter().any(|cost| cost.endpoint == "GET /v1/connections" && cost.calls == 1));
        assert!(connections.iter().all(|cost| cost.endpoint != "GET /v1/connections/{id}" || cost.calls == 0));
    });
}

#[test]
fn a_spread_collection_is_estimated_for_its_day_and_costs_a_fraction() {
    block_on(async {
        let kinds = ["connection_schema", "certificate", "fingerprint"];
        let account = || account(1, 0, 4, 300);
        let calls = |cost: &planner::Cost| cost.endpoints.iter().map(|cost| cost.calls).sum::<u64>();
        let all = check(account(), "{}", &kinds).await;
        let part = check(account(), r#"{"spread_days": 7}"#, &kinds).await;
        assert!(calls(&all) > 900 && calls(&part) * 5 < calls(&all), "{} of {}", calls(&part), calls(&all));
        assert!(part.diagnostics.iter().any(|finding| finding.message.starts_with("spread ")));
    });
}

#[test]
fn each_call_counts_for_one_kind_that_was_asked_for() {
    block_on(async {
        let simulator = simulator(account(5, 2, 2, 6)).await;
        let kinds = |cost: &planner::Cost| {
            cost.endpoints.iter().map(|cost| (cost.endpoint.clone(), cost.kind.clone())).collect::<BTreeMap<_, _>>()
        };
        let (all, _) = both(&simulator, "{}", &[]).await;
        assert_eq!(kinds(&all)["GET /v1/users/{id}/groups"], "access_grant");
        assert_eq!(kinds(&all)["GET /v1/connections/{id}/certificates"], "certificate");
        assert_eq!(kinds(&all).len(), all.endpoints.len(), "no endpoint is there twice");
        let (events, _) = both(&simulator, "{}", &["audit_event"]).await;
        assert_eq!(kinds(&events)["GET /v1/users/{id}/groups"], "audit_event");
        assert!(kinds(&events).values().all(|kind| kind == "audit_event" || kind == "account"));
    });
}

/// Estimates against answers that a test may change.
fn of_core(settings: &str, request: &CollectRequest, change: impl Fn(&str) -> Option<Answer>) -> Result<Cost, Failure> {
    let answers = Answers::new(account(9, 2, 2, 6));
    let mut world = FakeWorld::new(move |path| change(path).unwrap_or_else(|| answer_of(&answers.get(path).0)));
    world.latency_ms = 100;
    let session = session(settings);
    let cost = run(estimate(&world, &session.config, request));
    if let Ok(cost) = &cost {
        assert_eq!(cost.usage.requests as usize, world.journal.borrow().len());
    }
    cost
}

#[test]
fn what_cannot_be_counted_is_a_minimum_and_says_so() {
    let broken = |path: &str| path.starts_with("/v1/users").then(|| reply(500, "{}"));
    let cost = of_core("{}", &CollectRequest::default(), broken).unwrap();
    let least: Vec<&str> =
        cost.endpoints.iter().filter(|cost| cost.is_least).map(|cost| cost.endpoint.as_str()).collect();
    assert_eq!(
        least,
        ["GET /v1/users", "GET /v1/users/{id}/groups", "GET /v1/users/{id}/connections", "GET /v1/users/{id}/api-keys"]
    );
    let said: Vec<&str> =
        cost.diagnostics.iter().filter(|d| d.code == "counted-in-part").map(|d| d.message.as_str()).collect();
    assert_eq!(said, ["not counted to the end, so there may be more calls: GET /v1/users"]);
}

#[test]
fn an_estimate_keeps_to_the_share_and_to_its_budget() {
    for (settings, max_requests) in [(r#"{"requests_per_hour": 4}"#, None), ("{}", Some(4))] {
        let request =
            CollectRequest { budget: Budget { max_requests, ..Budget::default() }, ..CollectRequest::default() };
        let cost = of_core(settings, &request, |_| None).unwrap();
        assert_eq!(cost.usage.requests, 4, "{settings}");
        let whole = cost.endpoints.iter().filter(|cost| !cost.is_least).map(|cost| cost.endpoint.as_str());
        // The account, three lists with what their items need, and what is one object in any case.
        let counted = ["/v1/account/info", "/v1/roles", "/v1/users", "/v1/teams", "/v1/external-logging/account"];
        let is_counted = |endpoint: &str| counted.iter().any(|path| endpoint.starts_with(&format!("GET {path}")));
        assert!(whole.clone().count() == 11 && whole.clone().all(is_counted), "{:?}", whole.collect::<Vec<_>>());
        let lists = cost.endpoints.iter().filter(|cost| !cost.endpoint.contains("{id}"));
        assert!(
            lists.clone().count() > 15 && lists.clone().all(|cost| cost.calls == 1),
            "each list costs a call at least"
        );
    }
}

#[test]
fn time_is_reckoned_from_the_pace_of_the_estimate_and_the_share() {
    let budget = Budget { max_concurrency: Some(5), ..Budget::default() };
    let request = CollectRequest { budget, ..CollectRequest::default() };
    let cost = of_core("{}", &request, |_| None).unwrap();
    let calls: u64 = cost.endpoints.iter().map(|cost| cost.calls).sum();
    assert_eq!((cost.milliseconds, cost.concurrency), (calls * 100 / 5, 5));
    assert_eq!((cost.requests_per_hour, cost.quota_per_hour), (Some(5_000), Some(20_000)));
    let slow = of_core(r#"{"requests_per_hour": 30}"#, &request, |_| None).unwrap();
    let hours = (calls - 1) / 30;
    assert_eq!(slow.milliseconds, hours * 3_600_000 + (calls - hours * 30) * 100 / 5);
}

#[test]
fn failures_are_those_of_a_collection_and_nothing_is_waited_out() {
    let fails =
        |request: &CollectRequest, change: fn(&str) -> Option<Answer>| of_core("{}", request, change).unwrap_err();
    let plain = CollectRequest::default();
    assert_eq!(fails(&plain, |_| Some(reply(401, "{}"))).kind, FailureKind::Unauthorized);
    let cursor = CollectRequest { cursor: Some("1.x.y".into()), ..plain.clone() };
    assert_eq!(fails(&cursor, |_| None).pointer.as_deref(), Some("/cursor"));
    let unknown = CollectRequest { kinds: vec!["usr".into()], ..plain };
    assert_eq!(fails(&unknown, |_| None).pointer.as_deref(), Some("/kinds/0"));
    block_on(async {
        let quota = Quota { requests: 3, retry_after: "1800".into(), lifted_after: Duration::from_secs(1800) };
        let simulator = simulator(Config { quota: Some(quota), ..account(5, 1, 1, 5) }).await;
        let (mut instance, _) = plugin().await.configured(&tenant(&simulator)).await.unwrap();
        let CollectionOptions { kinds, since, budget, cursor } = CollectionOptions::default();
        let failure = instance.estimate(&source::CollectRequest { kinds, cursor, since, budget }).await.unwrap_err();
        let source_host::error::Error::Source(failure) = failure else { panic!("{failure}") };
        assert_eq!((failure.retry_after_seconds, failure.retryable), (Some(1800), true));
    });
}

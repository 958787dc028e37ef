//! The sync history of connections that sync every few minutes, answered from arithmetic: in little memory, with the
//! calls that were planned, and each run exactly once however the pages are cut.

use crate::support::{account, block_on, options, plugin, simulator, tenant};
use fivetran_simulator::{Config, Hook, Reply, RequestInfo, Simulator};
use serde_json::{Value, json};
use source_host::bindings::exports::compliance::source::source::CollectRequest;
use source_host::collection::{Collection, CollectionOptions};
use source_host::limits::Limits;
use source_host::tenant::Tenant;
use std::collections::BTreeSet;
use std::sync::Arc;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// Between two syncs, in seconds.
const EVERY: i64 = 300;
/// Bytes of the guest's memory, at most.
const MEMORY: usize = 32 * 1024 * 1024;

fn parameter(path: &str, name: &str) -> Option<String> {
    let query = path.split_once('?')?.1;
    query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('=')).map(Into::into)
}

/// The runs of a window, both of its ends included, in pages of a thousand; `newest_first` as some vendors have it.
fn history(path: &str, newest_first: bool) -> Value {
    let seconds = |name| OffsetDateTime::parse(&parameter(path, name).unwrap(), &Rfc3339).unwrap().unix_timestamp();
    let (from, to) = (seconds("start_time"), seconds("end_time"));
    let (first, last) = (from.div_euclid(EVERY) + i64::from(from % EVERY != 0), to.div_euclid(EVERY));
    let skip: i64 = parameter(path, "cursor").map_or(0, |cursor| cursor.parse().unwrap());
    let connection = path.split('/').nth(3).unwrap();
    let text = |at: i64| OffsetDateTime::from_unix_timestamp(at).unwrap().format(&Rfc3339).unwrap();
    let run = |place: i64| {
        let number = if newest_first { last - place } else { first + place };
        let start = number * EVERY;
        json!({"sync_id": format!("{connection}-{number}"), "start_time": text(start), "end_time": text(start + 60), "status": "SUCCESSFUL"})
    };
    let all = last - first + 1;
    let upto = (skip + 1000).min(all);
    let next = (upto < all).then(|| upto.to_string());
    json!({"items": (skip..upto).map(run).collect::<Vec<_>>(), "next_cursor": next})
}

/// An account whose connections sync every five minutes.
fn config(connections: usize, newest_first: bool) -> Config {
    let hook: Hook = Arc::new(move |request: &RequestInfo, mut reply: Reply| {
        let path = &request.path_and_query;
        let mut body: Value = serde_json::from_slice(&reply.body).unwrap();
        if path.contains("/sync-history?") {
            body = json!({"code": "Success", "data": history(path, newest_first)});
            reply.status = http::StatusCode::OK;
        } else if path.starts_with("/v1/connections?") {
            for item in body["data"]["items"].as_array_mut().unwrap() {
                item["sync_frequency"] = (EVERY / 60).into();
            }
        }
        reply.body = body.to_string().into();
        reply
    });
    Config { hook: Some(hook), ..account(2, 1, 1, connections) }
}

fn since(days: i64) -> String {
    let now = OffsetDateTime::from_unix_timestamp(i64::try_from(crate::support::NOW / 1000).unwrap()).unwrap();
    (now - time::Duration::days(days)).format(&Rfc3339).unwrap()
}

struct Walked {
    pages: usize,
    records: usize,
    memory: usize,
    calls: usize,
    planned: u64,
}

async fn walk(simulator: &Simulator, days: i64, max_records: Option<u32>) -> Walked {
    let plugin = plugin().await;
    let tenant = Tenant {
        settings: r#"{"requests_per_hour": 20000}"#.into(),
        limits: Limits { memory_bytes: MEMORY, ..Limits::default() },
        ..tenant(simulator)
    };
    let order =
        CollectionOptions { kinds: vec!["sync_run".into()], since: Some(since(days)), ..options(max_records, Some(8)) };
    let (mut instance, _) = plugin.configured(&tenant).await.unwrap();
    let CollectionOptions { kinds, since, budget, .. } = order.clone();
    let cost = instance.estimate(&CollectRequest { kinds, since, budget, cursor: None }).await.unwrap();
    let history = |path: &str| path.contains("sync-history");
    let planned = cost.endpoints.iter().filter(|cost| history(&cost.endpoint)).map(|cost| cost.calls).sum();
    let mut collection = Collection::start(&plugin, &tenant, order).await.unwrap();
    let (mut ids, mut pages, mut memory, mut coverage) = (BTreeSet::new(), 0, 0, String::new());
    while let Some(page) = collection.next().await.unwrap() {
        pages += 1;
        memory = memory.max(collection.memory_bytes());
        for record in page.records.iter().filter(|record| record.kind == "sync_run") {
            assert!(ids.insert(record.id.clone()), "{} comes twice", record.id);
        }
        let runs = page.coverage.iter().find(|coverage| coverage.kind == "sync_run").unwrap();
        coverage = format!("{:?} {}", runs.state, runs.reason);
    }
    assert_eq!(coverage, "CoverageState::Complete ");
    let calls = simulator.journal().iter().filter(|entry| history(&entry.path_and_query)).count();
    Walked { pages, records: ids.len(), memory, calls, planned }
}

fn check(connections: usize, days: i64, max_records: Option<u32>, newest_first: bool) {
    block_on(async {
        let simulator = simulator(config(connections, newest_first)).await;
        let Walked { pages, records, memory, calls, planned } = walk(&simulator, days, max_records).await;
        let what = format!(
            "{connections} connections, {days} days, {max_records:?} a page: {records} runs in {pages} pages, \
             {calls} history calls, {planned} planned, {} KiB",
            memory / 1024
        );
        println!("{what}");
        let each = usize::try_from(days * 24 * 3600 / EVERY + 1).unwrap();
        assert_eq!(records, connections * each, "{what}");
        let planned = usize::try_from(planned).unwrap();
        // Where a page of records ends within a page of runs, that page is read again, and no more.
        assert!((planned..=planned + pages).contains(&calls), "{what}");
    });
}

#[test]
fn a_connection_of_five_minutes_over_a_year_is_read_run_by_run() {
    check(1, 53 * 7 - 1, None, false);
}

#[test]
fn the_calls_are_those_that_were_planned_however_pages_are_cut() {
    check(2, 20, Some(1000), false);
    check(1, 10, Some(100), false);
}

#[test]
fn a_run_at_the_edge_of_two_weeks_comes_once_in_either_order() {
    check(1, 21, None, true);
    check(1, 21, Some(700), true);
}

#[test]
fn many_connections_take_no_more_memory() {
    check(500, 1, None, false);
}

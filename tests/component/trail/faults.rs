//! What a place refuses, has not, or never finishes: told by its name, with nothing lost and nothing made up.

use super::{ACTION, ENTRY, PLACES, SOURCE, WAREHOUSES, bare, config, contents, coverage, plugin, small, tenant};
use crate::support::{Collected, block_on, collect, options, simulator};
use fivetran_simulator::{AccountRows, Config, Hook, Keys, Reply, RequestInfo, Simulator, Table, Trail, Vendor};
use http::StatusCode;
use serde_json::{Value, json};
use source_host::bindings::compliance::source::types::{Coverage, CoverageState, Failure, FailureKind};
use source_host::collection::{Collection, CollectionOptions};
use source_host::error::Error;
use source_host::plugin::Plugin;
use source_host::records;
use source_host::tenant::Tenant;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// What has come so far, and how it ended.
struct SoFar {
    lines: Vec<String>,
    cursor: Option<String>,
    failure: Option<Failure>,
}

fn failure_of(error: Error) -> Failure {
    match error {
        Error::Source(failure) => *failure,
        other => panic!("{other}"),
    }
}

/// Collects until something stops it.
async fn until_it_stops(plugin: &Plugin, tenant: &Tenant, mut order: CollectionOptions) -> SoFar {
    let mut lines = Vec::new();
    loop {
        let mut collection = Collection::start(plugin, tenant, order.clone()).await.unwrap();
        let page = match collection.next().await {
            Ok(page) => page.unwrap(),
            Err(error) => return SoFar { lines, cursor: order.cursor, failure: Some(failure_of(error)) },
        };
        lines.extend(records::lines(&page).unwrap().into_iter().map(|line| line.text));
        order.cursor = page.cursor;
        if page.stopped.is_some() || order.cursor.is_none() {
            return SoFar { lines, cursor: order.cursor, failure: page.stopped };
        }
    }
}

async fn whole(plugin: &Plugin, vendor: Vendor, trail: &Trail) -> (Collected, Simulator) {
    let simulator = simulator(config(vendor, trail)).await;
    let collected = collect(plugin, &tenant(&simulator, vendor), options(None, Some(1))).await.unwrap();
    (collected, simulator)
}

async fn failure(plugin: &Plugin, vendor: Vendor, trail: &Trail) -> Failure {
    let simulator = simulator(config(vendor, trail)).await;
    let Err(error) = collect(plugin, &tenant(&simulator, vendor), options(None, Some(1))).await else {
        panic!("{vendor:?}: collected");
    };
    failure_of(error)
}

fn coverage_of(collected: &Collected, kind: &str) -> Coverage {
    collected.pages.last().unwrap().coverage.iter().find(|one| one.kind == kind).unwrap().clone()
}

/// Goes on where a collection stopped, against a place that is well again: the records are those of one that never
/// stopped.
async fn goes_on(plugin: &Plugin, vendor: Vendor, so_far: SoFar, want: &Collected, what: &str) {
    let simulator = simulator(config(vendor, &small())).await;
    let order = CollectionOptions { cursor: so_far.cursor, ..options(Some(20), Some(1)) };
    let rest = collect(plugin, &tenant(&simulator, vendor), order).await.unwrap();
    let lines = [so_far.lines, rest.lines].concat();
    for kind in [ENTRY, ACTION, SOURCE] {
        let (got, want) = (bare(&lines, kind), bare(&want.lines, kind));
        assert!(got == want, "{what}: {kind}, {} of {}", got.len(), want.len());
    }
    assert_eq!(coverage(&rest.pages, ACTION).0, coverage(&want.pages, ACTION).0, "{what}");
}

#[test]
fn a_token_that_expires_on_the_way_stops_it_and_a_new_one_goes_on() {
    block_on(async {
        let plugin = plugin().await;
        for vendor in WAREHOUSES {
            let (want, quiet) = whole(&plugin, vendor, &small()).await;
            for expires in 0..quiet.served() {
                let what = format!("{vendor:?}, expired after {expires} requests");
                let trail = Trail { expires_after: Some(expires), ..small() };
                let simulator = simulator(config(vendor, &trail)).await;
                let so_far = until_it_stops(&plugin, &tenant(&simulator, vendor), options(Some(20), Some(1))).await;
                let failure = so_far.failure.as_ref().expect(&what);
                assert_eq!((failure.kind, failure.retryable), (FailureKind::Unauthorized, false), "{failure:?}");
                assert!(!format!("{failure:?}").contains("simulated-"), "{what}");
                goes_on(&plugin, vendor, so_far, &want, &what).await;
            }
        }
    });
}

/// Datadog answers 403 both for keys that it no longer knows and for a permission that is short.
#[test]
fn keys_of_datadog_that_are_revoked_on_the_way_leave_it_short() {
    block_on(async {
        let (plugin, vendor) = (plugin().await, Vendor::Datadog);
        let (want, quiet) = whole(&plugin, vendor, &small()).await;
        let want = bare(&want.lines, ACTION);
        for expires in 1..quiet.served() {
            let (got, _) = whole(&plugin, vendor, &Trail { expires_after: Some(expires), ..small() }).await;
            let (of, some) = (coverage_of(&got, ACTION), bare(&got.lines, ACTION));
            assert!(some.iter().all(|(id, record)| want.get(id) == Some(record)) && some.len() < want.len());
            let is_told = of.state != CoverageState::Complete && !of.accepted;
            assert!(is_told, "after {expires} requests: {of:?}");
            assert_eq!(got.pages.last().unwrap().next_since, None);
        }
        assert_eq!(
            failure(&plugin, vendor, &Trail { expires_after: Some(0), ..small() }).await.kind,
            FailureKind::Forbidden
        );
    });
}

/// A place that from a request on says that it still works on it.
fn endless(vendor: Vendor, from: usize, asked: Arc<AtomicUsize>) -> Hook {
    Arc::new(move |info: &RequestInfo, reply| {
        // A part of a result that is there has come to its end.
        if info.number < from || info.path_and_query.contains("/chunks/") {
            return reply;
        }
        asked.fetch_add(1, Ordering::SeqCst);
        let (status, body) = match vendor {
            Vendor::Snowflake => {
                let handle = "01b2c3d4-0000-1000-8000-000000000001";
                (StatusCode::ACCEPTED, json!({"code": "333334", "message": "m", "statementHandle": handle}))
            }
            Vendor::Databricks => {
                let id = "01ef0000-0000-1000-8000-000000000001";
                (StatusCode::OK, json!({"statement_id": id, "status": {"state": "RUNNING"}}))
            }
            _ if info.path_and_query.contains("/tables/") => return reply,
            _ => {
                let reference = json!({"projectId": "simulated", "jobId": "job_simulated_1", "location": "EU"});
                (StatusCode::OK, json!({"kind": "k", "jobReference": reference, "jobComplete": false}))
            }
        };
        Reply::json(status, &body)
    })
}

#[test]
fn a_statement_that_never_ends_is_given_up_by_its_name_and_nothing_is_lost() {
    block_on(async {
        let plugin = plugin().await;
        for vendor in WAREHOUSES {
            let (want, quiet) = whole(&plugin, vendor, &small()).await;
            for from in 1..=quiet.served() {
                let what = format!("{vendor:?}, from request {from}");
                let asked = Arc::new(AtomicUsize::new(0));
                let hook = Some(endless(vendor, from, Arc::clone(&asked)));
                let simulator = simulator(Config { hook, ..config(vendor, &small()) }).await;
                // Less than what is waited before it is asked for again.
                let mut order = options(Some(20), Some(1));
                order.budget.max_milliseconds = Some(1_500);
                let so_far = until_it_stops(&plugin, &tenant(&simulator, vendor), order).await;
                let Some(failure) = &so_far.failure else {
                    // BigQuery's listings are no statements.
                    assert!(vendor == Vendor::BigQuery && so_far.cursor.is_none(), "{what}");
                    continue;
                };
                assert_eq!((failure.code.as_str(), failure.retryable), ("answer-not-ready", true), "{what}");
                assert!(!failure.message.is_empty() && !failure.remedy.is_empty(), "{what}");
                assert!(asked.load(Ordering::SeqCst) <= 3, "{what}: {asked:?} times");
                goes_on(&plugin, vendor, so_far, &want, &what).await;
            }
        }
    });
}

#[test]
fn a_table_that_is_not_there_is_said_with_its_reasons_and_the_other_one_is_never_taken_for_it() {
    block_on(async {
        let plugin = plugin().await;
        for vendor in WAREHOUSES {
            let (want, _) = whole(&plugin, vendor, &small()).await;
            let missing = |table| Trail { no_table: vec![table], ..small() };
            let (got, _) = whole(&plugin, vendor, &missing(Table::AuditTrail)).await;
            let of = coverage_of(&got, ENTRY);
            assert_eq!((of.state, of.accepted, of.records), (CoverageState::NotAvailable, false, 0), "{of:?}");
            for word in ["Enterprise", "deselected", "SELECT"] {
                assert!(of.reason.contains(word), "{vendor:?}, {word}: {}", of.reason);
            }
            assert!(bare(&got.lines, ENTRY).is_empty());
            assert!(bare(&got.lines, ACTION) == bare(&want.lines, ACTION), "{vendor:?}: the log is as it was");
            assert_eq!(coverage_of(&got, ACTION).state, CoverageState::Complete);
            let tables: Vec<Value> = contents(&got.lines, SOURCE).iter().map(|one| one["table"].clone()).collect();
            assert_eq!(tables, ["account", "log"], "{vendor:?}");
            let (got, _) = whole(&plugin, vendor, &missing(Table::Log)).await;
            let of = coverage_of(&got, ACTION);
            assert_eq!((of.state, of.accepted, of.records), (CoverageState::NotAvailable, false, 0), "{of:?}");
            assert!(of.reason.contains("SELECT") && !of.reason.contains("plan"), "{}", of.reason);
            assert!(bare(&got.lines, ENTRY) == bare(&want.lines, ENTRY));
        }
    });
}

#[test]
fn a_permission_that_is_short_is_named() {
    block_on(async {
        let plugin = plugin().await;
        for vendor in WAREHOUSES {
            for (table, kind, name) in [(Table::AuditTrail, ENTRY, "AUDIT_TRAIL"), (Table::Log, ACTION, "LOG")] {
                let (got, _) = whole(&plugin, vendor, &Trail { no_permission: vec![table], ..small() }).await;
                let of = coverage_of(&got, kind);
                let what = format!("{vendor:?}, {name}: {of:?}");
                assert_eq!((of.state, of.accepted, of.records), (CoverageState::Forbidden, false, 0), "{what}");
                assert_eq!(of.missing_permission, Some(format!("SELECT on {name}")), "{what}");
                assert!(bare(&got.lines, kind).is_empty(), "{what}");
            }
        }
        let closed = Trail { no_permission: vec![Table::AuditTrail], ..small() };
        let failure = failure(&plugin, Vendor::Datadog, &closed).await;
        assert_eq!(failure.kind, FailureKind::Forbidden, "{failure:?}");
        assert!(format!("{failure:?}").contains("logs_read_data"), "{failure:?}");
    });
}

#[test]
fn the_tables_of_another_account_are_not_read() {
    block_on(async {
        let plugin = plugin().await;
        for vendor in WAREHOUSES {
            let rows = |account_rows| Trail { account_rows, ..small() };
            let other = failure(&plugin, vendor, &rows(AccountRows::Other)).await;
            assert_eq!((other.kind, other.code.as_str()), (FailureKind::NotConfigured, "other-account"));
            assert_eq!(other.pointer.as_deref(), Some("/settings/account"));
            assert!(other.message.contains("other_account") && !other.retryable, "{other:?}");
            for (account_rows, word) in [(AccountRows::Two, "more than one row"), (AccountRows::None, "no row")] {
                let failure = failure(&plugin, vendor, &rows(account_rows)).await;
                assert!(failure.message.contains(word) && !failure.retryable, "{vendor:?}: {failure:?}");
            }
            let simulator = simulator(config(vendor, &rows(AccountRows::Other))).await;
            let _ = collect(&plugin, &tenant(&simulator, vendor), options(None, None)).await;
            assert_eq!(simulator.served(), 1, "{vendor:?}: nothing is read before it is known whose it is");
        }
    });
}

#[test]
fn a_wrong_token_is_refused_before_anything_is_read() {
    block_on(async {
        let plugin = plugin().await;
        for vendor in PLACES {
            let wrong = |text: &str| format!("canary-{text}");
            let keys = Keys { token: wrong("1"), api_key: wrong("2"), application_key: wrong("3") };
            let simulator = simulator(config(vendor, &small())).await;
            let tenant = Tenant { credentials: super::credentials(vendor, keys), ..tenant(&simulator, vendor) };
            let Err(error) = collect(&plugin, &tenant, options(None, None)).await else { panic!("collected") };
            let text = format!("{error} {error:?}");
            let want = if vendor == Vendor::Datadog { "forbidden" } else { "unauthorized" };
            assert!(error.word() == want && !text.contains("canary"), "{vendor:?}: {text}");
        }
    });
}

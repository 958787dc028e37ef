//! Answers that lie: what makes `complete`, `fresh` or a count false is built here, and what is said of it.

use super::{ACTION, ENTRY, SOURCE, config, contents, coverage, plugin, small, tenant};
use crate::support::{Collected, block_on, collect, options, simulator};
use fivetran_simulator::{Config, Hook, Reply, RequestInfo, Simulator, Table, Trail, Vendor};
use serde_json::{Value, json};
use source_host::bindings::compliance::source::types::{CoverageState, FailureKind};
use source_host::error::Error;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

/// Cells of a row of the audit trail, and of a count.
const ENTRY_CELLS: usize = 12;
const COUNT_CELLS: usize = 4;

/// Changes the rows of Snowflake that have so many cells.
fn lying(cells: usize, change: impl Fn(&mut Vec<Value>) + Send + Sync + 'static) -> Hook {
    Arc::new(move |_: &RequestInfo, mut reply: Reply| {
        let mut body: Value = serde_json::from_slice(&reply.body).unwrap();
        if let Some(rows) = body.get_mut("data").and_then(Value::as_array_mut)
            && rows.first().and_then(Value::as_array).is_some_and(|row| row.len() == cells)
        {
            change(rows);
        }
        reply.body = body.to_string().into();
        reply
    })
}

async fn liar(hook: Hook) -> Simulator {
    let trail = Trail { partition_rows: 1_000, ..small() };
    simulator(Config { hook: Some(hook), ..config(Vendor::Snowflake, &trail) }).await
}

async fn collected(hook: Hook) -> Collected {
    let simulator = liar(hook).await;
    collect(&plugin().await, &tenant(&simulator, Vendor::Snowflake), options(None, None)).await.unwrap()
}

fn check_partial(got: &Collected, word: &str) {
    let (state, _, reason) = coverage(&got.pages, ENTRY);
    assert_eq!(state, CoverageState::Partial, "{word}: {reason}");
    assert!(reason.contains(word), "{word:?} is not in {reason:?}");
}

#[test]
fn rows_that_come_twice_for_others_are_no_whole_population() {
    block_on(async {
        // As many rows as were counted, one of them twice and another not at all.
        let got = collected(lying(ENTRY_CELLS, |rows| rows[3] = rows[2].clone())).await;
        check_partial(&got, "came twice");
        assert_eq!(contents(&got.lines, ENTRY).len(), 89);
    });
}

#[test]
fn rows_that_were_not_counted_are_not_the_counted_ones() {
    block_on(async {
        let narrow = |rows: &mut Vec<Value>| rows[0][1] = rows[0][2].clone();
        check_partial(&collected(lying(COUNT_CELLS, narrow)).await, "not all of them are those that were counted");
        let late = |rows: &mut Vec<Value>| rows[5][11] = json!("9000000000000000000");
        check_partial(&collected(lying(ENTRY_CELLS, late)).await, "not all of them are those that were counted");
    });
}

#[test]
fn rows_without_an_end_are_counted_again_when_there_are_more_than_were_counted() {
    block_on(async {
        let one = |rows: &mut Vec<Value>| rows[0][0] = json!("1");
        let got = collected(lying(COUNT_CELLS, one)).await;
        check_partial(&got, "1 row counted before");
        let simulator = liar(lying(COUNT_CELLS, one)).await;
        collect(&plugin().await, &tenant(&simulator, Vendor::Snowflake), options(None, None)).await.unwrap();
        assert!(simulator.journal().len() <= 9, "{} requests", simulator.journal().len());
    });
}

/// What BigQuery lists comes in no order: a page that comes again two pages later looks like any other.
#[test]
fn a_page_that_comes_again_for_another_is_no_whole_population() {
    block_on(async {
        let first: Mutex<Option<Vec<Value>>> = Mutex::default();
        let hook: Hook = Arc::new(move |request: &RequestInfo, mut reply: Reply| {
            let mut body: Value = serde_json::from_slice(&reply.body).unwrap();
            if request.path_and_query.contains("/tables/audit_trail/data")
                && let Some(rows) = body.get("rows").and_then(Value::as_array).cloned()
            {
                let mut first = first.lock().unwrap();
                let first = first.get_or_insert_with(|| rows.clone());
                if body.get("pageToken").is_none() {
                    body["rows"] = first[..rows.len()].into();
                }
            }
            reply.body = body.to_string().into();
            reply
        });
        let config = Config { hook: Some(hook), ..config(Vendor::BigQuery, &small()) };
        let simulator = simulator(config).await;
        let got = collect(&plugin().await, &tenant(&simulator, Vendor::BigQuery), options(None, None)).await.unwrap();
        check_partial(&got, "not all of them are those that were counted");
        assert_eq!(coverage(&got.pages, SOURCE).0, CoverageState::Partial);
        let table = contents(&got.lines, SOURCE).into_iter().find(|table| table["table"] == "audit_trail").unwrap();
        let numbers = ["rows_before", "rows_read", "rows_after"].map(|name| table[name].clone());
        assert_eq!(numbers, [90, 90, 90], "the numbers alone do not tell");
    });
}

/// Rows of the log in which the word is not that was asked for.
#[test]
fn rows_of_the_log_that_the_count_cannot_have_matched_are_not_complete() {
    block_on(async {
        const LOG_CELLS: usize = 7;
        for data in [json!("{\"x\":1}"), Value::Null] {
            let got = collected(lying(LOG_CELLS, move |rows| {
                rows.iter_mut().for_each(|row| row[5] = data.clone());
            }))
            .await;
            let (state, _, reason) = coverage(&got.pages, ACTION);
            assert_eq!(state, CoverageState::Partial, "{reason}");
            assert!(contents(&got.lines, ACTION).is_empty());
            assert_eq!(coverage(&got.pages, ENTRY).0, CoverageState::Complete);
        }
    });
}

/// Parts without rows that name further ones, each another.
#[test]
fn parts_without_rows_have_an_end() {
    block_on(async {
        for (vendor, at) in [(Vendor::BigQuery, "/tables/audit_trail/data"), (Vendor::Databricks, "/sql/statements")] {
            let number = AtomicU64::new(0);
            let hook: Hook = Arc::new(move |request: &RequestInfo, mut reply: Reply| {
                let number = number.fetch_add(1, Ordering::SeqCst) + 1;
                let mut body: Value = serde_json::from_slice(&reply.body).unwrap();
                let chunk = json!({"row_count": 0, "data_array": [], "next_chunk_index": number});
                let is_rows = body["result"]["data_array"][0].as_array().is_some_and(|row| row.len() == ENTRY_CELLS);
                match vendor {
                    Vendor::BigQuery if request.path_and_query.contains(at) => {
                        (body["rows"], body["pageToken"]) = (json!([]), format!("t{number}").into());
                    }
                    Vendor::Databricks if request.path_and_query.contains("/chunks/") => body = chunk,
                    Vendor::Databricks if is_rows => body["result"] = chunk,
                    _ => {}
                }
                if request.path_and_query.contains("/chunks/") {
                    reply.status = http::StatusCode::OK;
                }
                reply.body = body.to_string().into();
                reply
            });
            let simulator = simulator(Config { hook: Some(hook), ..config(vendor, &small()) }).await;
            let got = collect(&plugin().await, &tenant(&simulator, vendor), options(None, None)).await.unwrap();
            assert_eq!(coverage(&got.pages, ENTRY).0, CoverageState::Partial, "{vendor:?}");
            assert!(simulator.journal().len() < 20, "{vendor:?}: {} requests", simulator.journal().len());
        }
    });
}

#[test]
fn a_sync_in_the_future_is_not_fresh() {
    block_on(async {
        let future = |rows: &mut Vec<Value>| rows[0][3] = json!("4102444800000000");
        let got = collected(lying(COUNT_CELLS, future)).await;
        let tables = contents(&got.lines, SOURCE);
        let counted: Vec<_> = tables.iter().filter(|table| table["table"] != "account").collect();
        assert!(counted.len() == 2 && counted.iter().all(|table| table["fresh"] == false), "{tables:?}");
    });
}

#[test]
fn a_table_without_a_documented_column_is_not_complete() {
    block_on(async {
        for column in ["action", "user_id", "old_values"] {
            let trail = Trail { no_column: vec![column.into()], ..small() };
            let simulator = simulator(config(Vendor::Databricks, &trail)).await;
            let got = collect(&plugin().await, &tenant(&simulator, Vendor::Databricks), options(None, None)).await;
            let got = got.unwrap();
            check_partial(&got, "columns are missing");
            assert_eq!(contents(&got.lines, ENTRY).len(), 90, "{column}: the rows are there all the same");
            assert_eq!(coverage(&got.pages, ACTION).0, CoverageState::Complete);
        }
    });
}

#[test]
fn a_missing_table_account_is_a_matter_of_the_settings() {
    block_on(async {
        for vendor in [Vendor::Snowflake, Vendor::Databricks, Vendor::BigQuery] {
            let trail = Trail { no_table: vec![Table::Account], ..small() };
            let simulator = simulator(config(vendor, &trail)).await;
            let got = collect(&plugin().await, &tenant(&simulator, vendor), options(None, None)).await;
            let Err(Error::Source(failure)) = got else { panic!("{vendor:?}") };
            assert_eq!((failure.kind, failure.code.as_str()), (FailureKind::NotConfigured, "no-account"), "{vendor:?}");
            assert!(failure.message.contains("ACCOUNT") && failure.remedy.contains("SELECT"), "{failure:?}");
            assert!(!format!("{failure:?}").contains("404") && failure.http_status.is_none(), "{failure:?}");
        }
    });
}

/// Each statement costs a warehouse its work again.
#[test]
fn a_result_that_is_gone_each_time_is_not_asked_for_for_ever() {
    block_on(async {
        let hook: Hook = Arc::new(|request: &RequestInfo, mut reply: Reply| {
            let later = json!({"statement_id": "01f", "status": {"state": "PENDING"}});
            reply.body = later.to_string().into();
            if request.method == "GET" {
                reply.status = http::StatusCode::NOT_FOUND;
            }
            reply
        });
        let simulator = simulator(Config { hook: Some(hook), ..config(Vendor::Databricks, &small()) }).await;
        let got = collect(&plugin().await, &tenant(&simulator, Vendor::Databricks), options(None, None)).await;
        let Err(Error::Source(failure)) = got else { panic!("collected") };
        assert!(failure.message.contains("gone each time"), "{failure:?}");
        let statements = simulator.journal().iter().filter(|request| request.method == "POST").count();
        assert_eq!(statements, 4);
    });
}

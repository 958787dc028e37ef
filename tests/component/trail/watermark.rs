//! The tables change while they are read: at each request in turn rows come, come late, are written anew or go away.
//! What is called complete misses no row that was there when it was counted again, up to the watermark.

use super::{Cells, ENTRY, SOURCE, WAREHOUSES, cell_ms, config, contents, coverage, plugin, shown_ms, small, tenant};
use crate::support::{Collected, block_on, collect, options, simulator};
use fivetran_simulator::{Change, Meanwhile, Simulator, Table, Trail, Vendor};
use futures_util::StreamExt;
use futures_util::stream::iter;
use serde_json::Value;
use source_host::bindings::compliance::source::types::CoverageState;
use source_host::collection::CollectionOptions;
use source_host::plugin::Plugin;
use std::collections::BTreeSet;

const CHANGES: [Change; 7] = [
    Change::Added(5),
    Change::AddedLate(5),
    Change::AddedLate(1),
    Change::Resynced(3),
    Change::Resynced(40),
    Change::Deleted(9),
    Change::Deleted(70),
];

/// Number of the request that counted the entries again.
fn recounted_at(simulator: &Simulator) -> usize {
    let is_count = |path: &str, body: &str| {
        let body = body.to_lowercase();
        path.contains("maxResults=0&") || (body.contains("count(*)") && body.contains("audit_trail"))
    };
    let journal = simulator.journal();
    let last = journal.iter().rposition(|entry| is_count(&entry.path_and_query, &entry.body));
    last.expect("the entries were counted again") + 1
}

/// Keys of rows, or of those that Fivetran had written by then.
fn keys(rows: &[Cells], upto_ms: Option<i64>) -> BTreeSet<String> {
    let is_in = |row: &&Cells| upto_ms.is_none_or(|upto| cell_ms(row[11].as_ref()).as_i64().unwrap() <= upto);
    rows.iter().filter(is_in).map(|row| row[0].clone().unwrap()).collect()
}

/// The numbers in the words, and those in the record of the table.
fn check_words(collected: &Collected, reason: &str, source: &Value, what: &str) {
    let [before, read, after] = ["rows_before", "rows_read", "rows_after"].map(|name| &source[name]);
    let words = format!("{before} rows counted before, {read} read, {after} counted after");
    assert!(reason.contains(&words), "{what}: {reason:?} instead of {words:?}");
    assert_eq!(*read, contents(&collected.lines, ENTRY).len(), "{what}");
}

/// Whether it was called complete.
async fn change_at(plugin: &Plugin, vendor: Vendor, change: Change, after: usize) -> bool {
    let what = format!("{vendor:?}, {change:?} after {after} requests");
    let trail = Trail { meanwhile: Some(Meanwhile { after, change }), ..small() };
    let simulator = simulator(config(vendor, &trail)).await;
    let order = CollectionOptions { kinds: vec![ENTRY.into(), SOURCE.into()], ..options(None, Some(1)) };
    let collected = collect(plugin, &tenant(&simulator, vendor), order).await.unwrap();
    let (before, later) = (simulator.trail_rows(Table::AuditTrail), simulator.trail_rows_after(Table::AuditTrail));
    let entries = contents(&collected.lines, ENTRY);
    let ids: Vec<&str> = entries.iter().map(|entry| entry["trail_id"].as_str().unwrap()).collect();
    let got: BTreeSet<String> = ids.iter().map(|id| (*id).to_string()).collect();
    assert!(got.is_subset(&keys(&[before.clone(), later.clone()].concat(), None)), "{what}: what was never there");
    let (state, _, reason) = coverage(&collected.pages, ENTRY);
    let sources = contents(&collected.lines, SOURCE);
    let source = sources.iter().find(|source| source["table"] == "audit_trail").unwrap();
    if state != CoverageState::Complete {
        check_words(&collected, &reason, source, &what);
        return false;
    }
    let truth = if recounted_at(&simulator) > after { later } else { before };
    let watermark = shown_ms(&source["last_synced_at"]).as_i64();
    assert!(watermark.is_some() && ids.len() == got.len(), "{what}: {} ids of {}", ids.len(), got.len());
    let missing: Vec<String> = keys(&truth, watermark).difference(&got).cloned().collect();
    assert!(missing.is_empty(), "{what}: called complete without {missing:?}");
    for number in ["rows_before", "rows_read", "rows_after"] {
        assert_eq!(source[number], got.len(), "{what}: {number}");
    }
    true
}

#[test]
fn nothing_is_called_complete_that_misses_a_row_up_to_the_watermark() {
    block_on(async {
        let plugin = &plugin().await;
        for vendor in WAREHOUSES {
            let quiet = simulator(config(vendor, &small())).await;
            collect(plugin, &tenant(&quiet, vendor), options(None, Some(1))).await.unwrap();
            let requests = quiet.served();
            let cases = CHANGES.into_iter().flat_map(|change| (0..=requests).map(move |after| (change, after)));
            let outcomes: Vec<(Change, bool)> = iter(cases)
                .map(|(change, after)| async move { (change, change_at(plugin, vendor, change, after).await) })
                .buffer_unordered(4)
                .collect()
                .await;
            for change in CHANGES {
                let of: Vec<bool> = outcomes.iter().filter(|(one, _)| *one == change).map(|(_, all)| *all).collect();
                let complete = of.iter().filter(|complete| **complete).count();
                println!("{vendor:?}, {change:?}: {complete} of {} complete", of.len());
                // Before the first request and after the last, nothing changes while it is read.
                assert!(complete >= 2, "{vendor:?}, {change:?}: never complete");
                // Rows of a later sync are none of this reading's, but for a listing, which knows no watermark.
                let may_be_all = matches!(change, Change::Added(_)) && vendor != Vendor::BigQuery
                    || matches!(change, Change::Resynced(_)) && vendor == Vendor::BigQuery;
                assert_eq!(complete == of.len(), may_be_all, "{vendor:?}, {change:?}");
            }
        }
    });
}

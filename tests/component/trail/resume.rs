//! Wherever a collection of the trail is cut, and whichever request fails: the same records.

use super::{ACTION, ENTRY, PLACES, SOURCE, bare, config, coverage, plugin, small, tenant};
use crate::support::{Collected, block_on, collect, options, simulator};
use fivetran_simulator::faults::{Fault, Rule, Schedule, Wire};
use fivetran_simulator::{Config, Simulator, Trail, Vendor};
use futures_util::StreamExt;
use futures_util::stream::iter;
use source_host::bindings::compliance::source::types::CoverageState;
use source_host::collection::{Collection, CollectionOptions};
use source_host::plugin::Plugin;
use source_host::records;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Collections at once: most of them wait.
const AT_ONCE: usize = 12;

/// What must be the same, and how complete it is called.
type Outcome = (Vec<BTreeMap<String, String>>, Vec<CoverageState>);

fn outcome(collected: &Collected) -> Outcome {
    let kinds = [ENTRY, ACTION, SOURCE];
    let states = kinds.iter().map(|kind| coverage(&collected.pages, kind).0).collect();
    (kinds.iter().map(|kind| bare(&collected.lines, kind)).collect(), states)
}

async fn undisturbed(plugin: &Plugin, vendor: Vendor, trail: &Trail) -> (Collected, usize) {
    let simulator = simulator(config(vendor, trail)).await;
    let collected = collect(plugin, &tenant(&simulator, vendor), options(None, Some(1))).await.unwrap();
    (collected, simulator.served())
}

/// A fresh instance for each page.
async fn page_by_page(plugin: &Plugin, simulator: &Simulator, vendor: Vendor, max_records: u32) -> Collected {
    let tenant = tenant(simulator, vendor);
    let (mut pages, mut lines) = (Vec::new(), Vec::new());
    let mut order: CollectionOptions = options(Some(max_records), None);
    loop {
        let page = Collection::start(plugin, &tenant, order.clone()).await.unwrap().next().await.unwrap().unwrap();
        assert!(page.records.len() <= max_records as usize);
        lines.extend(records::lines(&page).unwrap().into_iter().map(|line| line.text));
        order.cursor.clone_from(&page.cursor);
        let is_last = page.cursor.is_none();
        pages.push(page);
        if is_last {
            return Collected { pages, lines };
        }
    }
}

#[test]
fn a_fresh_instance_for_each_page_of_the_trail_changes_nothing() {
    block_on(async {
        let plugin = plugin().await;
        for vendor in PLACES {
            let (want, _) = undisturbed(&plugin, vendor, &small()).await;
            for max_records in [1, 7, 100] {
                let simulator = simulator(config(vendor, &small())).await;
                let got = page_by_page(&plugin, &simulator, vendor, max_records).await;
                assert!(outcome(&got) == outcome(&want), "{vendor:?}, {max_records} records a page");
                let ids =
                    |all: &Collected| super::parsed(&all.lines).iter().map(|one| one["id"].clone()).collect::<Vec<_>>();
                assert!(ids(&got) == ids(&want), "{vendor:?}, {max_records}: the order");
                assert!(got.pages.len() >= want.lines.len().div_ceil(max_records as usize));
            }
        }
    });
}

/// Each request of a collection goes wrong once.
#[test]
fn a_request_of_the_trail_that_fails_once_changes_nothing() {
    block_on(async {
        let plugin = &plugin().await;
        for vendor in PLACES {
            let (want, requests) = undisturbed(plugin, vendor, &small()).await;
            let want = &outcome(&want);
            let faults = [Fault::Status(503), Fault::Wire(Wire::CloseBeforeHeaders), Fault::Wire(Wire::CloseMidBody)];
            let cases = (1..=requests).flat_map(|from| faults.clone().map(|fault| (from, fault)));
            let struck = iter(cases)
                .map(|(from, fault)| async move {
                    let rules = vec![Rule { fault: fault.clone(), path: String::new(), from, times: 1 }];
                    let faults = Some(Arc::new(Schedule::new(rules)));
                    let simulator = simulator(Config { faults, ..config(vendor, &small()) }).await;
                    let got = collect(plugin, &tenant(&simulator, vendor), options(None, Some(1))).await.unwrap();
                    assert!(outcome(&got) == *want, "{vendor:?}, request {from} of {requests}, {fault}");
                    assert!(simulator.served() > requests, "{vendor:?}: request {from} was not made again");
                })
                .buffer_unordered(AT_ONCE)
                .count()
                .await;
            println!("{vendor:?}: {struck} requests went wrong, the same");
        }
    });
}

#[test]
fn parts_of_any_size_give_the_same_records() {
    block_on(async {
        let plugin = plugin().await;
        for vendor in PLACES {
            let (want, _) = undisturbed(&plugin, vendor, &Trail { partition_rows: 2_000, ..small() }).await;
            for partition_rows in [1, 2, 17, 90, 91] {
                let (got, _) = undisturbed(&plugin, vendor, &Trail { partition_rows, ..small() }).await;
                assert!(outcome(&got) == outcome(&want), "{vendor:?}, {partition_rows} rows");
            }
        }
    });
}

/// Snowflake compresses further partitions whether that was asked for or not: what they hold is asked for by statements.
#[test]
fn what_stands_in_further_partitions_is_read_all_the_same() {
    block_on(async {
        let (plugin, vendor) = (plugin().await, Vendor::Snowflake);
        let (whole, _) = undisturbed(&plugin, vendor, &small()).await;
        let gzipped = Trail { gzip_partitions: true, partition_rows: 20, ..small() };
        let (got, _) = undisturbed(&plugin, vendor, &gzipped).await;
        for kind in [ENTRY, ACTION, SOURCE] {
            let (state, _, reason) = coverage(&got.pages, kind);
            assert_eq!(state, CoverageState::Complete, "{kind}: {reason}");
        }
        assert!(bare(&got.lines, ENTRY) == bare(&whole.lines, ENTRY));
    });
}

/// A listing that had to begin a page anew proves nothing any more, and is not called complete.
#[test]
fn parts_that_are_lost_are_read_again_and_no_row_twice() {
    block_on(async {
        let plugin = plugin().await;
        for vendor in PLACES {
            let (want, _) = undisturbed(&plugin, vendor, &small()).await;
            for lost in [1, 2] {
                // Kept short: each part that is lost costs a wait.
                let trail = Trail { lost_from: Some(lost), ..small() };
                let (got, _) = undisturbed(&plugin, vendor, &trail).await;
                for kind in [ENTRY, ACTION] {
                    assert!(bare(&got.lines, kind) == bare(&want.lines, kind), "{vendor:?}, {kind}, lost from {lost}");
                }
                let is_proven = coverage(&got.pages, ENTRY).0 == CoverageState::Complete;
                assert_eq!(is_proven, [Vendor::Snowflake, Vendor::Databricks].contains(&vendor), "{vendor:?}");
            }
        }
    });
}

async fn pending(times: usize) {
    let plugin = &plugin().await;
    let cases = PLACES.map(|vendor| async move {
        let (want, _) = undisturbed(plugin, vendor, &small()).await;
        let (got, _) = undisturbed(plugin, vendor, &Trail { pending: times, ..small() }).await;
        assert!(outcome(&got) == outcome(&want), "{vendor:?}, {times} times");
    });
    futures_util::future::join_all(cases).await;
}

#[test]
fn an_answer_that_is_not_ready_once_is_waited_for() {
    block_on(pending(1));
}

#[test]
#[ignore = "a minute of waits; .ci/run runs it"]
fn an_answer_that_is_not_ready_for_long_is_waited_for() {
    block_on(pending(4));
}

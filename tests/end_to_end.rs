//! Is what comes out exactly what is there? The component against the simulator, whose inventory
//! knows nothing of the component.
#![cfg(test)] // All of it is test code: what clippy.toml gives to tests holds for helpers too.

mod support;

use host_test::bindings::compliance::source::types::CoverageState;
use host_test::check::Schemas;
use host_test::simulator::{Config, Principal, Simulator};
use host_test::tenant::{Credentials, Tenant};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use support::{Collected, account, block_on, collect, order, plugin, simulator, tenant};

/// Native ids per kind, without the source's own kinds.
fn population(collected: &Collected, account_id: &str) -> BTreeMap<String, BTreeSet<String>> {
    let mut all: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for line in &collected.lines {
        let record: Value = serde_json::from_str(line).unwrap();
        let kind = record["kind"].as_str().unwrap();
        if ["not_observable", "coverage", "manifest"].contains(&kind) {
            continue;
        }
        let prefix = format!("urn:fivetran:{account_id}:{kind}:");
        let native = record["id"].as_str().unwrap().strip_prefix(&prefix).unwrap();
        assert!(all.entry(kind.into()).or_default().insert(native.into()), "{native} is there twice");
    }
    all
}

/// The most calls that a collection of an account with these many items needs; see README.md.
fn most_calls(users: usize, teams: usize, groups: usize, connections: usize) -> usize {
    let pages = |items: usize| items.div_ceil(1000).max(1);
    let lists = 1 + pages(users) + pages(teams) + pages(groups) + pages(groups) + pages(connections);
    1 + lists + 2 * users + 3 * teams + 2 * groups + groups + connections
}

fn check_journal(simulator: &Simulator, most: usize) {
    let journal = simulator.journal();
    assert!(journal.iter().all(|entry| entry.method == "GET" && entry.authorized && entry.status == 200));
    let paths: BTreeSet<&str> = journal.iter().map(|entry| entry.path_and_query.as_str()).collect();
    assert_eq!(paths.len(), journal.len(), "a path was asked for twice");
    assert!(journal.len() <= most, "{} calls instead of at most {most}", journal.len());
    println!("{} calls, at most {most} expected", journal.len());
}

#[test]
fn the_population_is_the_inventory_and_each_path_is_asked_for_once() {
    block_on(async {
        let simulator = simulator(account(200, 20, 10, 500)).await;
        let collected = collect(&plugin().await, &tenant(&simulator), order(None, None)).await.unwrap();
        assert_eq!(population(&collected, &simulator.account_id()), simulator.inventory());
        check_journal(&simulator, most_calls(200, 20, 10, 500));
        assert!(simulator.connections_accepted() <= 16, "{} connections", simulator.connections_accepted());
        for coverage in &collected.pages.last().unwrap().coverage {
            assert_eq!(coverage.state, CoverageState::Complete, "{}: {}", coverage.kind, coverage.reason);
        }
    });
}

#[test]
fn lists_of_several_pages_are_read_to_their_end() {
    block_on(async {
        let simulator = simulator(account(2_300, 3, 4, 1_001)).await;
        let mut order = order(None, Some(16));
        order.kinds = ["user", "connection", "role"].map(String::from).to_vec();
        let mut tenant = tenant(&simulator);
        tenant.settings = r#"{"connection_details": false}"#.into();
        let collected = collect(&plugin().await, &tenant, order).await.unwrap();
        let inventory = simulator.inventory();
        for (kind, ids) in population(&collected, &simulator.account_id()) {
            assert_eq!(ids, inventory[&kind]);
        }
        check_journal(&simulator, 1 + 1 + 3 + 2);
    });
}

async fn same_to_the_byte(config: Config) {
    let simulator = simulator(config).await;
    let plugin = plugin().await;
    let want = collect(&plugin, &tenant(&simulator), order(None, Some(1))).await.unwrap();
    assert!(want.lines.len() > 300);
    for max_records in [Some(1), Some(7), None] {
        for concurrency in [1, 16] {
            let got = collect(&plugin, &tenant(&simulator), order(max_records, Some(concurrency))).await.unwrap();
            assert!(got.lines == want.lines, "records differ at {max_records:?} records, {concurrency} in flight");
        }
    }
    println!("{} records, seven times the same", want.lines.len());
}

#[test]
fn records_are_the_same_to_the_byte_whatever_the_concurrency_and_the_cuts() {
    block_on(same_to_the_byte(account(30, 4, 5, 40)));
}

#[test]
#[ignore = "minutes; .ci/run runs it"]
fn records_of_a_large_account_are_the_same_to_the_byte() {
    block_on(same_to_the_byte(account(200, 20, 10, 500)));
}

#[test]
fn a_collection_of_many_requests_keeps_no_resource_of_the_host() {
    block_on(async {
        // The host's table holds 4,096 resources of a component at once.
        let simulator = simulator(account(2_100, 0, 1, 1)).await;
        let mut order = order(None, Some(16));
        order.kinds = vec!["access_grant".into()];
        collect(&plugin().await, &tenant(&simulator), order).await.unwrap();
        assert!(simulator.journal().len() > 4_200);
    });
}

#[test]
fn every_content_obeys_its_schema() {
    block_on(async {
        let simulator = simulator(account(60, 8, 6, 120)).await;
        let plugin = plugin().await;
        let schemas = Schemas::new(plugin.description()).unwrap();
        for settings in ["{}", r#"{"personal_data": "hashed", "personal_data_key": "0123456789abcdef"}"#] {
            let mut tenant = tenant(&simulator);
            tenant.settings = settings.into();
            let collected = collect(&plugin, &tenant, order(None, Some(16))).await.unwrap();
            for record in collected.pages.iter().flat_map(|page| &page.records) {
                schemas.check(record).unwrap();
            }
        }
    });
}

#[test]
fn a_read_only_key_that_lacks_scopes_gives_coverage_that_names_exactly_those() {
    block_on(async {
        let mut config = account(20, 3, 4, 30);
        config.principal = Principal::SystemKey { scopes: ["USER", "DESTINATION"].map(String::from).into() };
        let simulator = simulator(config).await;
        let collected = collect(&plugin().await, &tenant(&simulator), order(None, None)).await.unwrap();
        let last = collected.pages.last().unwrap();
        let missing: BTreeMap<&str, (CoverageState, &str)> = last
            .coverage
            .iter()
            .filter(|coverage| coverage.state != CoverageState::Complete)
            .map(|coverage| (coverage.kind.as_str(), (coverage.state, coverage.missing_permission.as_deref().unwrap())))
            .collect();
        let want = BTreeMap::from([
            ("role", (CoverageState::Forbidden, "ROLES:READ")),
            ("team", (CoverageState::Forbidden, "TEAM:READ")),
            ("team_membership", (CoverageState::Forbidden, "TEAM:READ")),
            ("connection", (CoverageState::Forbidden, "CONNECTOR:READ")),
            ("access_grant", (CoverageState::Partial, "TEAM:READ")),
            ("audit_event", (CoverageState::Partial, "TEAM:READ")),
        ]);
        assert_eq!(missing, want);
        let inventory = simulator.inventory();
        let population = population(&collected, &simulator.account_id());
        for kind in ["user", "group", "destination"] {
            assert_eq!(population[kind], inventory[kind]);
        }
        let audit = last.coverage.iter().find(|coverage| coverage.kind == "audit_event").unwrap();
        assert!(audit.reason.contains("TEAM:READ") && audit.reason.contains("CONNECTOR:READ"), "{}", audit.reason);
    });
}

#[test]
fn the_host_may_keep_the_credentials_to_itself() {
    block_on(async {
        let simulator = simulator(account(5, 1, 1, 5)).await;
        let plugin = plugin().await;
        let want = collect(&plugin, &tenant(&simulator), order(None, None)).await.unwrap();
        let Credentials::Basic(pair) = tenant(&simulator).credentials else { unreachable!() };
        let managed = Tenant { credentials: Credentials::HostManaged(pair), ..tenant(&simulator) };
        let got = collect(&plugin, &managed, order(None, None)).await.unwrap();
        assert_eq!(got.lines, want.lines);
        assert!(simulator.journal().iter().all(|entry| entry.authorized));
    });
}

#[test]
fn requests_overlap_up_to_the_budget_and_not_beyond() {
    block_on(async {
        for concurrency in [1, 4, 16] {
            let mut config = account(40, 2, 2, 60);
            config.latency = std::time::Duration::from_millis(5);
            let simulator = simulator(config).await;
            collect(&plugin().await, &tenant(&simulator), order(None, Some(concurrency))).await.unwrap();
            assert_eq!(simulator.peak_in_flight(), concurrency as usize);
        }
    });
}

#[test]
fn hashed_personal_data_leaves_no_name_and_no_address() {
    block_on(async {
        let simulator = simulator(account(30, 3, 3, 10)).await;
        let plugin = plugin().await;
        let full = collect(&plugin, &tenant(&simulator), order(None, None)).await.unwrap();
        let mut tenant = tenant(&simulator);
        tenant.settings = r#"{"personal_data": "hashed", "personal_data_key": "0123456789abcdef"}"#.into();
        let hashed = collect(&plugin, &tenant, order(None, None)).await.unwrap().lines.join("\n");
        let mut seen = 0;
        for line in &full.lines {
            let record: Value = serde_json::from_str(line).unwrap();
            for field in ["email", "family_name"].iter().filter(|_| record["kind"] == "user") {
                if let Some(text) = record["content"][field].as_str() {
                    assert!(
                        !hashed.contains(&format!("\"{text}\"")) && !hashed.contains(&format!(" {text}")),
                        "{text}"
                    );
                    seen += 1;
                }
            }
        }
        assert!(seen > 40);
    });
}

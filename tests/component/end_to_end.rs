//! Is what comes out exactly what is there? The component against the simulator, whose inventory
//! knows nothing of the component.

use crate::support::{Collected, account, block_on, collect, options, plugin, simulator, tenant};
use fivetran_simulator::{Config, Hook, Principal, Reply, RequestInfo, SCOPES, Simulator};
use serde_json::Value;
use source_evidence::digest::canonical;
use source_evidence::schemas::Schemas;
use source_host::bindings::compliance::source::types::CoverageState;
use source_host::collection::CollectionOptions;
use source_host::records::kind_facts;
use source_host::tenant::{Credentials, Managed, Tenant};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;
use std::sync::Arc;

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

/// What a collection of everything costs, as docs/evidence.md says; fewer than 1,000 of everything.
fn calls(inventory: &BTreeMap<String, BTreeSet<String>>, service_accounts: usize) -> usize {
    let count = |kind: &str| inventory.get(kind).map_or(0, BTreeSet::len);
    let log_services = inventory["log_service"].iter().filter(|id| id.starts_with("group:")).count();
    let per_item = [
        (2, count("user")),
        (1, service_accounts),
        (3, count("team")),
        (2, count("group")),
        (3, count("destination")),
        (4, count("connection")),
        (1, log_services),
        (1, count("system_key")),
        (1, count("external_secrets_manager")),
        (1, count("proxy_agent")),
        (1, count("transformation_project")),
    ];
    19 + per_item.into_iter().map(|(each, items)| each * items).sum::<usize>()
}

/// `again` are calls that repeat another: a look back at a page that is followed by another, and what is read again
/// where a page of records was cut.
fn check_journal(simulator: &Simulator, want: usize, again: RangeInclusive<usize>) {
    let journal = simulator.journal();
    assert!(
        journal.iter().all(|entry| entry.method == "GET" && entry.authorized && [200, 404].contains(&entry.status))
    );
    let paths: BTreeSet<&str> = journal.iter().map(|entry| entry.path_and_query.as_str()).collect();
    assert_eq!(paths.len(), want, "calls");
    let repeated = journal.len() - paths.len();
    assert!(again.contains(&repeated), "{repeated} calls were made again, and not {again:?}");
    println!("{} calls, as the formula says", journal.len());
}

#[test]
fn the_population_is_the_inventory_and_each_path_is_asked_for_once() {
    block_on(async {
        let simulator = simulator(account(200, 20, 10, 500)).await;
        let collected = collect(&plugin().await, &tenant(&simulator), options(None, None)).await.unwrap();
        assert_eq!(population(&collected, &simulator.account_id()), simulator.inventory());
        let asked_keys = simulator.journal().iter().filter(|entry| entry.path_and_query.ends_with("/api-keys")).count();
        check_journal(&simulator, calls(&simulator.inventory(), asked_keys), 0..=2 * (collected.pages.len() - 1));
        assert!(simulator.connections_accepted() <= 16, "{} connections", simulator.connections_accepted());
        for coverage in &collected.pages.last().unwrap().coverage {
            assert_eq!(coverage.state, CoverageState::Complete, "{}: {}", coverage.kind, coverage.reason);
        }
    });
}

/// Most accounts do not take part in the preview: then it is asked for three times, and for those under way.
#[test]
fn errors_of_connections_are_those_that_are_active_where_the_account_takes_part() {
    block_on(async {
        for takes_part in [true, false] {
            let simulator = simulator(Config { connection_errors: takes_part, ..account(3, 1, 2, 200) }).await;
            let order = CollectionOptions { kinds: vec!["connection_error".into()], ..options(None, Some(4)) };
            let collected = collect(&plugin().await, &tenant(&simulator), order).await.unwrap();
            let errors = population(&collected, &simulator.account_id()).remove("connection_error");
            assert_eq!(errors.as_ref(), simulator.inventory().get("connection_error"));
            assert_eq!(errors.is_some_and(|all| all.len() > 20), takes_part);
            let coverage = &collected.pages.last().unwrap().coverage;
            let of_errors = coverage.iter().find(|one| one.kind == "connection_error").unwrap();
            let want = if takes_part { CoverageState::Complete } else { CoverageState::NotAvailable };
            assert_eq!((of_errors.state, of_errors.accepted), (want, !takes_part), "{}", of_errors.reason);
            let is_asked = |path: &str| path.split('?').next().unwrap().ends_with("/errors");
            let asked = simulator.journal().iter().filter(|entry| is_asked(&entry.path_and_query)).count();
            let most = if takes_part { 200 } else { 3 + 4 };
            assert!((3..=most).contains(&asked), "{asked} calls");
        }
    });
}

#[test]
fn lists_of_several_pages_are_read_to_their_end() {
    block_on(async {
        let simulator = simulator(account(2_300, 3, 4, 1_001)).await;
        let mut order = options(None, Some(16));
        order.kinds = ["user", "connection", "role"].map(String::from).to_vec();
        let mut tenant = tenant(&simulator);
        tenant.settings = r#"{"connection_details": false}"#.into();
        let collected = collect(&plugin().await, &tenant, order).await.unwrap();
        let inventory = simulator.inventory();
        for (kind, ids) in population(&collected, &simulator.account_id()) {
            assert_eq!(ids, inventory[&kind]);
        }
        check_journal(&simulator, 1 + 1 + 3 + 2, 3..=3);
    });
}

async fn same_to_the_byte(config: Config, cuts: &[Option<u32>]) {
    let simulator = simulator(config).await;
    let plugin = plugin().await;
    let tenant = tenant(&simulator);
    let want = collect(&plugin, &tenant, options(None, Some(1))).await.unwrap();
    assert!(want.lines.len() > 300);
    // Small pages ask for lists again and again: more than the usual share of an hour.
    let tenant = Tenant { settings: r#"{"requests_per_hour": 20000}"#.into(), ..tenant };
    for max_records in cuts {
        for concurrency in [1, 16] {
            let got = collect(&plugin, &tenant, options(*max_records, Some(concurrency))).await.unwrap();
            assert!(got.lines == want.lines, "records differ at {max_records:?} records, {concurrency} in flight");
        }
    }
    println!("{} records, {} times the same", want.lines.len(), cuts.len() * 2 + 1);
}

#[test]
fn records_are_the_same_to_the_byte_whatever_the_concurrency_and_the_cuts() {
    block_on(same_to_the_byte(account(30, 4, 5, 40), &[Some(1), Some(7), None]));
}

#[test]
#[ignore = "minutes; .ci/run runs it"]
fn records_of_a_large_account_are_the_same_to_the_byte() {
    block_on(same_to_the_byte(account(200, 20, 10, 500), &[Some(7), None]));
}

#[test]
fn a_collection_of_many_requests_keeps_no_resource_of_the_host() {
    block_on(async {
        // The host's table holds 4,096 resources of a component at once.
        let simulator = simulator(account(2_100, 0, 1, 1)).await;
        let mut order = options(None, Some(16));
        order.kinds = vec!["access_grant".into()];
        collect(&plugin().await, &tenant(&simulator), order).await.unwrap();
        assert!(simulator.journal().len() > 4_200);
    });
}

#[test]
fn every_content_obeys_its_schema() {
    block_on(async {
        let simulator = simulator(Config { connection_errors: true, ..account(60, 8, 6, 120) }).await;
        let plugin = plugin().await;
        let schemas = Schemas::new(&kind_facts(&plugin.description().kinds)).unwrap();
        for settings in ["{}", r#"{"personal_data": "hashed", "personal_data_key": "0123456789abcdef"}"#] {
            let mut tenant = tenant(&simulator);
            tenant.settings = settings.into();
            let kinds = plugin.description().kinds.iter().map(|kind| kind.id.clone()).collect();
            let collected =
                collect(&plugin, &tenant, CollectionOptions { kinds, ..options(None, Some(16)) }).await.unwrap();
            let seen: BTreeSet<&str> =
                collected.pages.iter().flat_map(|p| &p.records).map(|r| r.kind.as_str()).collect();
            assert_eq!(seen.len(), plugin.description().kinds.len(), "{seen:?}");
            for record in collected.pages.iter().flat_map(|page| &page.records) {
                let content = serde_json::from_str(&record.content).unwrap();
                schemas.check_content(&record.kind, record.schema_version, &content).unwrap();
                assert_eq!(canonical(&content).unwrap(), record.content.as_bytes(), "{} is not canonical", record.kind);
            }
        }
    });
}

#[test]
fn a_read_only_key_that_lacks_three_scopes_gives_coverage_that_names_exactly_those() {
    block_on(async {
        let mut config = account(20, 3, 4, 30);
        let missing = ["TEAM", "TRANSFORMATION", "CONNECTOR"];
        let scopes = SCOPES.iter().filter(|scope| !missing.contains(scope)).map(ToString::to_string).collect();
        config.principal = Principal::SystemKey { scopes };
        let simulator = simulator(config).await;
        let collected = collect(&plugin().await, &tenant(&simulator), options(None, None)).await.unwrap();
        let last = collected.pages.last().unwrap();
        let incomplete = last.coverage.iter().filter(|coverage| coverage.state != CoverageState::Complete);
        let got: BTreeMap<&str, (CoverageState, &str)> = incomplete
            .map(|coverage| (coverage.kind.as_str(), (coverage.state, coverage.missing_permission.as_deref().unwrap())))
            .collect();
        let (refused, partial) = (CoverageState::Forbidden, CoverageState::Partial);
        let want = BTreeMap::from([
            ("team", (refused, "TEAM:READ")),
            ("team_membership", (refused, "TEAM:READ")),
            ("access_grant", (partial, "TEAM:READ")),
            ("connection", (refused, "CONNECTOR:READ")),
            ("connection_schema", (refused, "CONNECTOR:READ")),
            ("connector_type", (partial, "CONNECTOR:READ")),
            ("certificate", (partial, "CONNECTOR:READ")),
            ("fingerprint", (partial, "CONNECTOR:READ")),
            ("audit_logging", (partial, "CONNECTOR:READ")),
            ("transformation", (refused, "TRANSFORMATION:READ")),
            ("transformation_project", (refused, "TRANSFORMATION:READ")),
            ("audit_event", (partial, "TEAM:READ")),
            // No scope opens it: only a user's key does.
            ("system_key", (refused, "a user's key of an Account Administrator")),
        ]);
        assert_eq!(got, want);
        check_complete_kinds(&collected, &simulator, want.keys().copied().collect());
        let audit = last.coverage.iter().find(|coverage| coverage.kind == "audit_event").unwrap();
        for scope in ["TEAM:READ", "CONNECTOR:READ", "TRANSFORMATION:READ"] {
            assert!(audit.reason.contains(scope), "{}", audit.reason);
        }
    });
}

/// Everything that is complete is exactly the inventory.
fn check_complete_kinds(collected: &Collected, simulator: &Simulator, incomplete: BTreeSet<&str>) {
    let population = population(collected, &simulator.account_id());
    for (kind, ids) in simulator.inventory() {
        if !incomplete.contains(kind.as_str()) {
            assert_eq!(population.get(&kind), Some(&ids), "{kind}");
        }
    }
}

#[test]
fn the_host_may_keep_the_credentials_to_itself() {
    block_on(async {
        let simulator = simulator(account(5, 1, 1, 5)).await;
        let plugin = plugin().await;
        let want = collect(&plugin, &tenant(&simulator), options(None, None)).await.unwrap();
        let Credentials::Basic(pair) = tenant(&simulator).credentials else { unreachable!() };
        let managed = Tenant { credentials: Credentials::HostManaged(Managed::Basic(pair)), ..tenant(&simulator) };
        let got = collect(&plugin, &managed, options(None, None)).await.unwrap();
        assert_eq!(got.lines, want.lines);
        assert!(simulator.journal().iter().all(|entry| entry.authorized));
    });
}

#[test]
fn requests_overlap_up_to_the_budget_and_not_beyond() {
    block_on(async {
        for concurrency in [1, 4, 16] {
            let mut config = account(40, 2, 2, 60);
            // Long enough that a busy machine begins them all before the first one ends.
            config.latency = std::time::Duration::from_millis(5 * u64::from(concurrency));
            let simulator = simulator(config).await;
            collect(&plugin().await, &tenant(&simulator), options(None, Some(concurrency))).await.unwrap();
            assert_eq!(simulator.peak_in_flight(), concurrency as usize);
        }
    });
}

#[test]
fn hashed_personal_data_leaves_no_name_and_no_address() {
    block_on(async {
        let simulator = simulator(account(30, 3, 3, 10)).await;
        let plugin = plugin().await;
        let full = collect(&plugin, &tenant(&simulator), options(None, None)).await.unwrap();
        let mut tenant = tenant(&simulator);
        tenant.settings = r#"{"personal_data": "hashed", "personal_data_key": "0123456789abcdef"}"#.into();
        let hashed = collect(&plugin, &tenant, options(None, None)).await.unwrap().lines.join("\n");
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

/// The host lets no such path out, and a denial would end everything.
#[test]
fn an_id_that_could_change_a_path_costs_its_own_item_alone() {
    block_on(async {
        for id in ["x/y", "x;y", "x%y", "x\\y"] {
            let odd = id.to_string();
            let hook: Hook = Arc::new(move |request: &RequestInfo, mut reply: Reply| {
                if request.path_and_query.starts_with("/v1/users?") {
                    let mut body: Value = serde_json::from_slice(&reply.body).unwrap();
                    body["data"]["items"][1]["id"] = odd.clone().into();
                    reply.body = body.to_string().into();
                }
                reply
            });
            let simulator = simulator(Config { hook: Some(hook), ..account(5, 1, 1, 5) }).await;
            let tenant = tenant(&simulator);
            let collected = collect(&plugin().await, &tenant, options(None, None)).await.unwrap();
            assert_eq!(tenant.meter.denied(), [""; 0], "{id}");
            let state = |kind: &str| {
                let coverage = &collected.pages.last().unwrap().coverage;
                coverage.iter().find(|coverage| coverage.kind == kind).unwrap().state
            };
            assert_eq!(state("access_grant"), CoverageState::Partial, "{id}");
            assert_eq!(state("connection"), CoverageState::Complete, "{id}");
        }
    });
}

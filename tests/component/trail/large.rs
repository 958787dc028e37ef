//! A large trail: whether the component's memory grows with it.

use super::{WAREHOUSES, plugin, policy};
use crate::support::{account, block_on, simulator};
use fivetran_simulator::{Config, Trail, Vendor};
use source_host::bindings::compliance::source::types::CoverageState;
use source_host::collection::{Collection, CollectionOptions};
use source_host::tenant::{Credentials, Secret, Tenant};
use std::time::Instant;

/// Most linear memory that the component may take.
const MOST_MEMORY: usize = 32 * 1024 * 1024;

/// Collects a trail of so many entries from a warehouse, page by page, and keeps none of it.
async fn walk(vendor: Vendor, entries: usize) -> (usize, usize) {
    let trail = Trail { entries, logs: 1_000, partition_rows: 5_000, ..Trail::default() };
    let config = Config { vendor, trail: trail.clone(), ..account(30, 4, 5, 40) };
    let settings = trail.settings(vendor, &config.account.account_id());
    let simulator = simulator(config).await;
    let plugin = plugin().await;
    let mut tenant = Tenant::new(Credentials::Bearer(Secret::new(trail.keys.token.clone())));
    tenant.granted = Some(policy());
    tenant.upstream = simulator.url().parse().ok();
    tenant.settings = settings.to_string();
    let begun = Instant::now();
    let mut collection = Collection::start(&plugin, &tenant, CollectionOptions::default()).await.unwrap();
    let (mut found, mut coverage) = (0, Vec::new());
    while let Some(page) = collection.next().await.unwrap() {
        found += page.records.iter().filter(|record| record.kind == "audit_trail_entry").count();
        coverage = page.coverage;
    }
    let (seconds, memory, calls) =
        (begun.elapsed().as_secs_f64(), collection.memory_bytes(), simulator.journal().len());
    println!(
        "{vendor:?}: {found} entries, {calls} calls, {:.0} records a second, guest {:.1} MiB",
        found as f64 / seconds,
        memory as f64 / 1_048_576.0
    );
    assert_eq!(found, entries);
    assert!(coverage.iter().all(|one| one.state == CoverageState::Complete), "{coverage:?}");
    (memory, calls)
}

/// 100,000 entries from each warehouse, or as many as `TRAIL_ENTRIES` says.
#[test]
#[ignore = "minutes; .ci/run runs it"]
fn memory_does_not_grow_with_the_trail() {
    block_on(async {
        let entries = std::env::var("TRAIL_ENTRIES").ok().and_then(|text| text.parse().ok()).unwrap_or(100_000);
        for vendor in WAREHOUSES {
            let (memory, calls) = walk(vendor, entries).await;
            assert!(memory < MOST_MEMORY, "{vendor:?}: {memory} bytes");
            assert!(calls <= entries / 4_000 + 12, "{vendor:?}: {calls} calls");
        }
    });
}

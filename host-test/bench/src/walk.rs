//! `bench walk`: how close to the limit a collection of many small calls runs.
//!
//! With a latency per call that dwarfs everything else, no collection can be faster than calls ×
//! latency / requests in flight; the ratio says how much slower it was. Absolute times mean little
//! on a shared machine.

use clap::Args;
use fivetran_simulator::{Config, Simulator, default_pair};
use host_test::exit;
use host_test::pair::tenants_pair;
use host_test::policies::built_in;
use host_test::text::{say, table};
use source_host::bindings::exports::compliance::source::source::Budget;
use source_host::collection::{Collection, CollectionOptions};
use source_host::error::{Error, Result};
use source_host::plugin::Plugin;
use source_host::tenant::{Credentials, Tenant};
use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

#[derive(Args)]
pub struct WalkArgs {
    /// Milliseconds before each answer.
    #[arg(long, value_name = "N", default_value_t = 50)]
    latency_ms: u64,
}

/// Requests in flight, and how close to the ideal they shall come.
const AIMS: [(u32, Option<f64>); 3] = [(8, None), (16, Some(1.1)), (64, Some(1.35))];

/// Runs and shows it. The account: 200 users, 20 teams, 10 groups, 500 connections.
pub async fn run(plugin: &Plugin, args: &WalkArgs) -> Result<u8> {
    let mut rows = table(&["In flight", "Calls", "Seconds", "Ideal", "Ratio", "Aim", "Connections opened"]);
    for (concurrency, aim) in AIMS {
        let outcome = measure(plugin, concurrency, Duration::from_millis(args.latency_ms)).await?;
        let ideal = outcome.calls as f64 * args.latency_ms as f64 / 1000.0 / f64::from(concurrency);
        let ratio = outcome.seconds / ideal;
        rows.add_row(vec![
            concurrency.to_string(),
            outcome.calls.to_string(),
            format!("{:.2}", outcome.seconds),
            format!("{ideal:.2}"),
            format!("{ratio:.2}"),
            aim.map(|aim| format!("{aim:.2}")).unwrap_or_default(),
            outcome.connections.to_string(),
        ]);
    }
    say(rows);
    Ok(exit::COMPLETE)
}

struct Outcome {
    calls: usize,
    seconds: f64,
    connections: usize,
}

async fn measure(plugin: &Plugin, concurrency: u32, latency: Duration) -> Result<Outcome> {
    let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let config = Config { latency, ..Config::default() };
    let simulator = Simulator::start(config, listen).await.map_err(Error::file("listen on", "127.0.0.1"))?;
    let mut tenant =
        Tenant { granted: built_in("fivetran"), ..Tenant::new(Credentials::Basic(tenants_pair(default_pair()))) };
    tenant.upstream = simulator.url().parse().ok();
    let none = CollectionOptions::default();
    let order = CollectionOptions { budget: Budget { max_concurrency: Some(concurrency), ..none.budget }, ..none };
    let begun = Instant::now();
    let mut collection = Collection::start(plugin, &tenant, order).await?;
    while collection.next().await?.is_some() {}
    let seconds = begun.elapsed().as_secs_f64();
    Ok(Outcome { calls: simulator.journal().len(), seconds, connections: simulator.connections_accepted() })
}

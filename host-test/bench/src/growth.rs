//! `bench growth`: what a whole collection costs, and which part of an account makes it cost more.

use super::plot::{Curve, plot};
use clap::Args;
use fivetran_simulator::{AccountSpec, Config, Simulator, default_pair};
use host_test::exit;
use host_test::pair::tenants_pair;
use host_test::policies::built_in;
use host_test::text::{say, table};
use source_host::collection::{Collection, CollectionOptions};
use source_host::error::{Error, Result};
use source_host::plugin::Plugin;
use source_host::tenant::{Credentials, Tenant};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Instant;

#[derive(Args)]
pub struct GrowthArgs {
    /// Write the plot of calls to this file.
    #[arg(long, value_name = "FILE.svg")]
    svg: Option<PathBuf>,
    /// The largest multiple of each part: 1, 10, … up to this.
    #[arg(long, value_name = "N", default_value_t = 100)]
    most: usize,
}

/// The account whose parts grow.
const SMALL: AccountSpec = AccountSpec { seed: 1, users: 20, teams: 5, groups: 5, connections: 40 };

type Grow = fn(&mut AccountSpec, usize);

/// Each part and how it grows.
const PARTS: [(&str, Grow); 4] = [
    ("users", |account, times| account.users *= times),
    ("teams", |account, times| account.teams *= times),
    ("groups", |account, times| account.groups *= times),
    ("connections", |account, times| account.connections *= times),
];

/// Runs and shows it.
pub async fn run(plugin: &Plugin, args: &GrowthArgs) -> Result<u8> {
    let mut rows =
        table(&["Users", "Teams", "Groups", "Connections", "Calls", "Records", "MiB received", "Seconds", "Guest MiB"]);
    let mut curves = Vec::new();
    for (name, grow) in PARTS {
        let mut points = Vec::new();
        let mut times = 1;
        while times <= args.most {
            let mut account = SMALL;
            grow(&mut account, times);
            let cost = measure(plugin, account.clone()).await?;
            points.push((times as f64, cost.calls as f64));
            if times > 1 || curves.is_empty() {
                rows.add_row(row(&account, &cost));
            }
            times *= 10;
        }
        curves.push(Curve { name, points });
    }
    say(rows);
    if let Some(file) = &args.svg {
        let svg = plot("Calls of a whole collection", "times as many as in the smallest account", &curves);
        std::fs::write(file, svg).map_err(Error::file("write", file))?;
    }
    Ok(exit::COMPLETE)
}

struct Cost {
    calls: usize,
    records: usize,
    bytes: u64,
    seconds: f64,
    guest_bytes: usize,
}

fn row(account: &AccountSpec, cost: &Cost) -> Vec<String> {
    const MIB: f64 = 1024.0 * 1024.0;
    vec![
        account.users.to_string(),
        account.teams.to_string(),
        account.groups.to_string(),
        account.connections.to_string(),
        cost.calls.to_string(),
        cost.records.to_string(),
        format!("{:.2}", cost.bytes as f64 / MIB),
        format!("{:.2}", cost.seconds),
        format!("{:.1}", cost.guest_bytes as f64 / MIB),
    ]
}

async fn measure(plugin: &Plugin, account: AccountSpec) -> Result<Cost> {
    let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let config = Config { account, ..Config::default() };
    let simulator = Simulator::start(config, listen).await.map_err(Error::file("listen on", "127.0.0.1"))?;
    let mut tenant =
        Tenant { granted: built_in("fivetran"), ..Tenant::new(Credentials::Basic(tenants_pair(default_pair()))) };
    tenant.upstream = simulator.url().parse().ok();
    // All of the quota: no hour has to be waited for.
    tenant.settings = r#"{"requests_per_hour": 20000}"#.into();
    let begun = Instant::now();
    let mut collection = Collection::start(plugin, &tenant, CollectionOptions::default()).await?;
    let (mut records, mut bytes) = (0, 0);
    while let Some(page) = collection.next().await? {
        records += page.records.len();
        bytes += page.usage.bytes_received;
    }
    let seconds = begun.elapsed().as_secs_f64();
    Ok(Cost { calls: simulator.journal().len(), records, bytes, seconds, guest_bytes: collection.memory_bytes() })
}

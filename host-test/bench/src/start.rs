//! `bench start`: how long it takes until a first answer, and what one tenant costs at its start.

use super::child::{host_test, median};
use clap::Args;
use fivetran_simulator::{Config, DEFAULT_KEY, DEFAULT_SECRET, Simulator, default_pair};
use host_test::component::ComponentArgs;
use host_test::exit;
use host_test::pair::tenants_pair;
use host_test::policies::built_in;
use host_test::process::peak_bytes;
use host_test::text::{say, table};
use source_host::error::{Error, Result};
use source_host::plugin::Plugin;
use source_host::tenant::{Credentials, Tenant};
use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

#[derive(Args)]
pub struct StartArgs {
    /// Milliseconds before each answer.
    #[arg(long, value_name = "N", default_value_t = 50)]
    latency_ms: u64,
    /// Cold processes that ask for a first health answer.
    #[arg(long, value_name = "N", default_value_t = 11)]
    rounds: u32,
    /// Tenants that are instantiated and configured, one after the other.
    #[arg(long, value_name = "N", default_value_t = 1000)]
    tenants: u32,
}

/// A first answer within so much, besides what the network takes.
const HEALTH_AIM: Duration = Duration::from_millis(25);
/// A tenant's start within so much.
const TENANT_AIM: Duration = Duration::from_micros(100);

/// Measures and shows it.
pub async fn run(component: &ComponentArgs, args: &StartArgs) -> Result<u8> {
    // With a pool, as for a fleet: that is where starts are many.
    let plugin = Plugin::load(&component.engine(Some(64))?, &component.file()?).await?;
    let latency = Duration::from_millis(args.latency_ms);
    let (health, calls) = health(component, args.rounds, latency).await?;
    let (instantiated, configured) = tenants(&plugin, args.tenants).await?;
    let mut rows = table(&["What", "Median", "Aim"]);
    let shown = |duration: Duration| format!("{:.1} ms", duration.as_secs_f64() * 1000.0);
    let micros = |duration: Duration| format!("{:.0} µs", duration.as_secs_f64() * 1_000_000.0);
    rows.add_row(vec![
        format!("health, cold process ({calls} calls of {} ms)", args.latency_ms),
        shown(health),
        String::new(),
    ]);
    let own = health.saturating_sub(latency * calls);
    rows.add_row(vec!["the same without the calls' latency".into(), shown(own), shown(HEALTH_AIM)]);
    rows.add_row(vec!["instantiate".into(), micros(instantiated), String::new()]);
    rows.add_row(vec!["instantiate and configure".into(), micros(configured), micros(TENANT_AIM)]);
    say(rows);
    say(format!("peak memory of this process: {:.1} MiB", peak_bytes().unwrap_or_default() as f64 / 1024.0 / 1024.0));
    Ok(exit::COMPLETE)
}

/// From the start of a process to its end. Answers the median and how many calls one makes.
async fn health(component: &ComponentArgs, rounds: u32, latency: Duration) -> Result<(Duration, u32)> {
    let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let config = Config { latency, keep_answers: true, ..Config::default() };
    let simulator = Simulator::start(config, listen).await.map_err(Error::file("listen on", "127.0.0.1"))?;
    let mut times = Vec::new();
    for _ in 0..rounds.max(1) {
        let mut program = host_test()?;
        program.args(["health", "--upstream", &simulator.url()]);
        if let Some(file) = &component.local.file.component {
            program.arg("--component").arg(file);
        }
        program.env("FIVETRAN_API_KEY", DEFAULT_KEY).env("FIVETRAN_API_SECRET", DEFAULT_SECRET);
        let begun = Instant::now();
        let output = program.output().await.map_err(Error::file("start", "this program"))?;
        times.push(begun.elapsed());
        if !output.status.success() {
            return Err(Error::BadAnswer(format!("health ended with {}", output.status)));
        }
    }
    let calls = simulator.journal().len() / times.len();
    Ok((middle(&times), u32::try_from(calls).unwrap_or(u32::MAX)))
}

/// Medians of instantiating, and of instantiating and configuring.
async fn tenants(plugin: &Plugin, count: u32) -> Result<(Duration, Duration)> {
    let tenant =
        Tenant { granted: built_in("fivetran"), ..Tenant::new(Credentials::Basic(tenants_pair(default_pair()))) };
    let (mut instantiated, mut configured) = (Vec::new(), Vec::new());
    for _ in 0..count.max(1) {
        let begun = Instant::now();
        let mut instance = plugin.instantiate(&tenant).await?;
        instantiated.push(begun.elapsed());
        instance.configure(&plugin.configuration(&tenant)?).await?;
        configured.push(begun.elapsed());
    }
    Ok((middle(&instantiated), middle(&configured)))
}

fn middle(times: &[Duration]) -> Duration {
    Duration::from_secs_f64(median(times, Duration::as_secs_f64))
}

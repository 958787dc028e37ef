//! `bench fleet`: what many tenants cost on one machine, and whether they feel each other.

use super::child::{self, median};
use super::secure::{self, Secure};
use super::tenants::Figures;
use clap::Args;
use fivetran_simulator::faults::Schedule;
use fivetran_simulator::{Config, Versions};
use host_test::component::ComponentArgs;
use host_test::exit;
use host_test::text::{say, table};
use source_host::error::{Error, Result};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

#[derive(Args)]
pub struct FleetArgs {
    /// Tenants that are collected; 0 leaves this part out.
    #[arg(long, value_name = "N", default_value_t = 1_000)]
    tenants: u32,
    /// Connections of each.
    #[arg(long, value_name = "N", default_value_t = 50)]
    connections: usize,
    /// Tenants that wait, holding a cursor each; 0 leaves this part out.
    #[arg(long, value_name = "N", default_value_t = 10_000)]
    waiting: u32,
    /// Tenants with an instance each, all at once; 0 leaves this part out. Beyond 10,000 the system
    /// has to allow more mappings (vm.max_map_count).
    #[arg(long, value_name = "N", default_value_t = 10_000)]
    live: u32,
    /// Good tenants beside a bad one; 0 leaves this part out.
    #[arg(long, value_name = "N", default_value_t = 200)]
    neighbours: u32,
    /// The component of hostile tenants: default: that of tests/guests, if it is built.
    #[arg(long, value_name = "FILE")]
    hostile: Option<PathBuf>,
    /// Tenants that are collected over TLS, with HTTP/2 and with HTTP/1.1; 0 leaves this part out.
    #[arg(long, value_name = "N", default_value_t = 200)]
    tls: u32,
    /// Connections of each of these.
    #[arg(long, value_name = "N", default_value_t = 20)]
    tls_connections: usize,
    /// Milliseconds before each answer to these.
    #[arg(long, value_name = "N,…", value_delimiter = ',', default_values_t = [50, 1_000])]
    tls_latencies: Vec<u64>,
    /// Rounds: in each, every subject once.
    #[arg(long, value_name = "N", default_value_t = 3)]
    rounds: usize,
}

/// Times the native core's processor time that a fleet may take.
const AIM_COST: f64 = 1.5;
/// MiB of a process with 10,000 tenants: 1.2 GiB.
const AIM_MIB: f64 = 1228.8;
/// Times the median time of good tenants beside a bad one.
const AIM_NEIGHBOUR: f64 = 1.05;

/// What a hostile tenant is, and how tests/guests names it.
const HOSTILE: [(&str, &str); 4] = [
    ("hostile: computes for ever", "spin"),
    ("hostile: works half of each tick", "half"),
    ("hostile: reads nothing", "unread-then-sleep"),
    ("hostile: lies about its progress", "pile"),
];

/// Runs and shows it.
pub async fn run(component: &ComponentArgs, args: &FleetArgs) -> Result<u8> {
    // Fills the cache of compiled code, which is not what is measured here.
    let plugin = component.load().await?;
    let bench =
        Bench { component, args, out: std::env::temp_dir().join(format!("bench-fleet-{}", std::process::id())) };
    if args.tenants > 0 {
        bench.cost().await?;
    }
    if args.waiting > 0 || args.live > 0 {
        bench.memory().await?;
    }
    if args.tls > 0 {
        secure::run(component, &bench.out, args.tls, args.tls_connections, &args.tls_latencies).await?;
    }
    if args.neighbours > 0 {
        let hostile = args.hostile.clone().or_else(built_guest);
        if let Some(hostile) = &hostile {
            source_host::plugin::Plugin::load(plugin.engine(), hostile).await?;
        }
        bench.neighbours(hostile.as_deref()).await?;
    }
    Ok(exit::COMPLETE)
}

struct Bench<'b> {
    component: &'b ComponentArgs,
    args: &'b FleetArgs,
    out: PathBuf,
}

impl Bench<'_> {
    async fn measure(&self, deed: &str, url: &str, count: u32, more: &[&str]) -> Result<Figures> {
        self.measure_with(self.component, deed, url, count, more).await
    }

    async fn measure_with(
        &self,
        component: &ComponentArgs,
        deed: &str,
        url: &str,
        count: u32,
        more: &[&str],
    ) -> Result<Figures> {
        let (count, out) = (count.to_string(), self.out.display().to_string());
        let args = [&["tenants", deed, url, "--count", &count, "--out", &out], more].concat();
        child::bench(component, &args).await
    }

    /// The fleet against the native core, by processor time.
    async fn cost(&self) -> Result<()> {
        let Self { args, .. } = self;
        let (accounts, connections) = (args.tenants.to_string(), args.connections.to_string());
        let (_simulator, url) = simulator(&["--sim-accounts", &accounts, "--sim-connections", &connections]).await?;
        let (mut fleet, mut native) = (Vec::new(), Vec::new());
        for _ in 0..args.rounds.max(1) {
            fleet.push(self.measure("collect", &url, args.tenants, &[]).await?);
            native.push(self.measure("native", &url, args.tenants, &[]).await?);
        }
        let cpu = |runs: &[Figures]| median(runs, |run| run.cpu_seconds);
        let mut rows =
            table(&["Subject", "Tenants", "Records", "Calls", "Seconds", "CPU s", "Records/CPU s", "Peak MiB"]);
        for (name, runs) in [("fleet", &fleet), ("native core", &native)] {
            let Some(first) = runs.first() else { continue };
            rows.add_row(vec![
                name.into(),
                args.tenants.to_string(),
                first.records.to_string(),
                first.calls.to_string(),
                format!("{:.2}", median(runs, |run| run.seconds)),
                format!("{:.2}", cpu(runs)),
                format!("{:.0}", first.records as f64 / cpu(runs)),
                format!("{:.0}", median(runs, |run| run.peak_kib as f64) / 1024.0),
            ]);
        }
        say(rows);
        same_records(&fleet, &native)?;
        let pairs: Vec<f64> =
            fleet.iter().zip(&native).map(|(fleet, native)| fleet.cpu_seconds / native.cpu_seconds).collect();
        say("fleet: folders written, synced and sealed; native core: one tenant after the other, nothing written");
        aim("processor time, fleet / native core", median(&pairs, |ratio| *ratio), AIM_COST);
        Ok(())
    }

    /// What tenants hold that wait, and that have an instance.
    async fn memory(&self) -> Result<()> {
        let Self { args, .. } = self;
        let mut rows = table(&["Tenants", "Number", "Own MiB", "Each KiB", "Resident MiB"]);
        let mut aims = Vec::new();
        for (deed, name, count) in
            [("wait", "waiting, a collection begun", args.waiting), ("live", "with an instance, configured", args.live)]
        {
            if count == 0 {
                continue;
            }
            // Refused from the first list of connections on: a few records are written before.
            let limited = ["--sim-accounts", &count.to_string(), "--sim-faults", "429=3000@/v1/connections"];
            let (_simulator, url) = simulator(&limited).await?;
            let run = self.measure(deed, &url, count, &[]).await?;
            let each = run.own_kib.saturating_sub(run.before_kib) as f64 / f64::from(count);
            let at_aim = (run.before_kib as f64 + 10_000.0 * each) / 1024.0;
            rows.add_row(vec![
                name.to_string(),
                count.to_string(),
                format!("{:.0}", run.own_kib as f64 / 1024.0),
                format!("{each:.1}"),
                format!("{:.0}", run.resident_kib as f64 / 1024.0),
            ]);
            aims.push((format!("own MiB at 10,000, {name}"), at_aim, AIM_MIB));
        }
        say(rows);
        say("own: resident, but each page once, however many instances map it");
        for (what, figure, most) in aims {
            aim(&what, figure, most);
        }
        Ok(())
    }

    /// Median times of the good ones, without the bad one and with it, round by round.
    async fn without_and_with(&self, good: &Secure, bad: &[&str]) -> Result<Vec<(f64, f64)>> {
        let (component, url) = (good.trusted(self.component), good.simulator.url());
        let mut pairs = Vec::new();
        for round in 0..self.args.rounds.max(1) {
            let run = |more| self.measure_with(&component, "collect", &url, self.args.neighbours, more);
            // Whoever comes first may find the machine in another state.
            let (without, with) = if round % 2 == 0 {
                let without = run(&[]).await?;
                (without, run(bad).await?)
            } else {
                let with = run(bad).await?;
                (run(&[]).await?, with)
            };
            pairs.push((without.median_seconds, with.median_seconds));
        }
        Ok(pairs)
    }

    /// The median time of good tenants beside a bad one, against that without: over TLS and HTTP/2.
    async fn neighbours(&self, hostile: Option<&Path>) -> Result<()> {
        let Self { args, .. } = self;
        let accounts = args.neighbours.to_string();
        // What hostile tenants ask for has no end.
        let faults = "huge@/v1/things".parse().map(|rule| Arc::new(Schedule::new(vec![rule]))).ok();
        let config = Config { latency: Duration::from_millis(5), faults, ..Config::default() };
        let good = Secure::start(config, Versions::Http2, args.neighbours, 20).await?;
        let url = good.simulator.url();
        let (_limited, limited) = simulator(&["--sim-faults", "429=1@/v1/account/info"]).await?;
        let (_slow, slow) = simulator(&["--sim-latency-ms", "1000", "--sim-connections", "100000"]).await?;
        let mut bad = vec![
            ("good too: the noise", vec!["--bad-upstream", &url]),
            ("rate-limited", vec!["--bad-upstream", &limited]),
            ("slow", vec!["--bad-upstream", &slow]),
        ];
        let file = hostile.map(|file| file.display().to_string());
        match &file {
            Some(file) => {
                let acts = HOSTILE.map(|(name, probe)| (name, vec!["--bad-component", file, "--bad-probe", probe]));
                bad.extend(acts);
            }
            None => say("hostile: skipped, as tests/guests is not built and --hostile names no component"),
        }
        let mut rows = table(&["One of them is", "Good tenants", "Median s without", "Median s with", "Ratio"]);
        let mut aims = Vec::new();
        for (name, more) in bad {
            let pairs = self.without_and_with(&good, &more).await?;
            let ratio = median(&pairs, |(without, with)| with / without);
            rows.add_row(vec![
                name.to_string(),
                accounts.clone(),
                format!("{:.2}", median(&pairs, |pair| pair.0)),
                format!("{:.2}", median(&pairs, |pair| pair.1)),
                format!("{ratio:.3}"),
            ]);
            aims.push((name, ratio));
        }
        say(rows);
        for (name, ratio) in aims {
            aim(&format!("median time beside one that is {name}"), ratio, AIM_NEIGHBOUR);
        }
        Ok(())
    }
}

/// One with small accounts; what else they have is the same for everybody.
async fn simulator(args: &[&str]) -> Result<(tokio::process::Child, String)> {
    child::simulator(&[&["--sim-users", "5", "--sim-teams", "2", "--sim-groups", "2"], args].concat()).await
}

fn same_records(fleet: &[Figures], native: &[Figures]) -> Result<()> {
    let records = |runs: &[Figures]| runs.first().map(|run| run.records);
    if fleet.iter().chain(native).all(|run| Some(run.records) == records(fleet)) {
        return Ok(());
    }
    Err(Error::BadAnswer(format!("{:?} records and {:?}", records(fleet), records(native))))
}

fn aim(what: &str, figure: f64, most: f64) {
    let verdict = if figure <= most { "met" } else { "missed" };
    say(format!("{what}: {figure:.2}, aim at most {most:.2}: {verdict}"));
}

/// The hostile component, where its tests have built it.
fn built_guest() -> Option<PathBuf> {
    const FILE: &str = "wasm32-wasip2/release/hostile_source.wasm";
    let program = std::env::current_exe().ok()?;
    program.ancestors().skip(1).map(|folder| folder.join(FILE)).find(|path| path.is_file())
}

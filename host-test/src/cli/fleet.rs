//! `fleet`: many tenants at once, each into its own folder, and what came of them.

use super::fleet_view::View;
use super::memory::{mib, peak_bytes};
use super::simulate::SimArgs;
use super::target::{checked, milliseconds};
use super::text::{note, plain, say, table};
use super::{ComponentArgs, collect, exit};
use clap::Args;
use host_test::error::{Error, Result};
use host_test::fleet::{Defaults, Fleet, Options, Outcome, Report, SettingsRef, Spec, Stop, TenantReport, read};
use host_test::plugin::Plugin;
use host_test::simulator::{Config, Simulator, default_pair, pair_of};
use host_test::tenant::Clock;
use host_test::verify::seal::Signer;
use http::Uri;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use tokio::sync::watch;

#[derive(Args)]
#[group(id = "whom", required = true, multiple = false, args = ["tenants", "simulated"])]
pub struct FleetArgs {
    #[command(flatten)]
    component: ComponentArgs,
    /// The tenants: a JSON array of objects, with secrets by reference only (see docs/fleet.md).
    #[arg(long, value_name = "FILE.json")]
    tenants: Option<PathBuf>,
    /// So many made-up tenants, against one simulator that serves an account for each.
    #[arg(long, value_name = "N")]
    simulated: Option<usize>,
    /// Folder for the tenants' folders; made if it is not there.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Go on with every tenant in --out that is not finished, and leave out those that are.
    #[arg(long)]
    resume: bool,
    /// Tenants that have an instance at once; default: four for each core.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    active: Option<u32>,
    /// Requests that the tenants of one account may send in any hour, together.
    #[arg(long, value_name = "N", default_value_t = 5_000, value_parser = clap::value_parser!(u64).range(1..))]
    requests_per_hour: u64,
    /// Requests of a page, that is, of one turn; what is begun is finished.
    #[arg(long, value_name = "N", default_value_t = 500, value_parser = clap::value_parser!(u32).range(1..))]
    max_requests_per_page: u32,
    /// Milliseconds of a page; what is begun is finished.
    #[arg(long, value_name = "N", default_value_t = 5_000, value_parser = clap::value_parser!(u64).range(1..))]
    max_milliseconds_per_page: u64,
    /// Requests in flight at once for each tenant.
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u32).range(1..=64))]
    concurrency: u32,
    /// Turns in a row without progress after which a tenant is given up.
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..))]
    tries: u32,
    /// Also write what came of each tenant to this file.
    #[arg(long, value_name = "FILE.json")]
    summary: Option<PathBuf>,
    /// Sign the seals with this Ed25519 key (PKCS #8 PEM; see keygen).
    #[arg(long, value_name = "FILE")]
    signing_key: Option<PathBuf>,
    /// The source's settings, for tenants that name none.
    #[arg(long, value_name = "FILE.json")]
    settings: Option<PathBuf>,
    /// Kinds of evidence, for tenants that name none.
    #[arg(long, value_delimiter = ',', value_name = "KIND,…")]
    kinds: Vec<String>,
    /// Leave out events before this instant, for tenants that name none.
    #[arg(long, value_name = "RFC3339")]
    since: Option<String>,
    /// Where requests are sent after the egress check, for tenants that name no upstream.
    #[arg(long, value_name = "URL")]
    upstream: Option<Uri>,
    /// Let the component see this instant instead of the time of day.
    #[arg(long, value_name = "RFC3339")]
    fixed_clock: Option<String>,
    #[command(flatten)]
    sim: SimArgs,
}

/// Collects, and says what came of it.
pub async fn run(args: &FleetArgs) -> Result<u8> {
    let signer = args.signing_key.as_deref().map(Signer::read).transpose()?.map(Arc::new);
    let mut defaults = defaults(args)?;
    let simulator = match args.simulated {
        Some(accounts) if args.upstream.is_none() => Some(simulator(args, accounts).await?),
        _ => None,
    };
    if let Some(simulator) = &simulator {
        defaults.upstream = simulator.url().parse().ok();
    }
    let specs = match &args.tenants {
        Some(path) => read(path, &defaults)?,
        None => simulated(args.simulated.unwrap_or_default(), &defaults),
    };
    let none = Options::new(&args.out);
    let options = Options {
        resume: args.resume,
        active: args.active.map_or(none.active, |active| active as usize),
        page_requests: args.max_requests_per_page,
        page_milliseconds: args.max_milliseconds_per_page,
        concurrency: args.concurrency,
        quota_requests: args.requests_per_hour,
        tries: args.tries,
        signer,
        ..none
    };
    let fleet = Fleet::new(with_plugins(args, specs, options.active).await?, options)?;
    let (sender, stop) = watch::channel(Stop::No);
    let stopper = tokio::spawn(stop_on_signals(sender));
    let view = View::start(fleet.gauges(), fleet.size() as u64);
    let report = fleet.run(stop, &|event| view.event(event)).await;
    view.end();
    stopper.abort();
    show(&report, args);
    let code = exit::worst(report.tenants.iter().map(|tenant| code(&tenant.outcome)));
    if let Some(path) = &args.summary {
        let text = serde_json::to_string_pretty(&summary(&report, code)).unwrap_or_default() + "\n";
        std::fs::write(path, text).map_err(Error::file("write", path))?;
    }
    Ok(code)
}

/// The first signal stops gently, the second at once.
async fn stop_on_signals(sender: watch::Sender<Stop>) {
    collect::interrupted().await;
    note("stopping: pages that are begun come to their end; once more stops at once");
    let _ = sender.send(Stop::Gently);
    collect::interrupted().await;
    let _ = sender.send(Stop::AtOnce);
}

fn defaults(args: &FleetArgs) -> Result<Defaults> {
    Ok(Defaults {
        settings: args.settings.clone().map_or_else(|| SettingsRef::Given("{}".into()), SettingsRef::File),
        kinds: args.kinds.clone(),
        since: args.since.clone(),
        upstream: args.upstream.as_ref().map(checked).transpose()?,
        clock: args.fixed_clock.as_deref().map(milliseconds).transpose()?.map_or(Clock::System, Clock::Fixed),
    })
}

async fn simulator(args: &FleetArgs, accounts: usize) -> Result<Simulator> {
    let config = Config { accounts, journal: false, ..args.sim.config(None) };
    let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let simulator = Simulator::start(config, listen).await.map_err(Error::file("listen on", "127.0.0.1"))?;
    note(format!("{accounts} simulated accounts, from {}", args.sim.sentence()));
    Ok(simulator)
}

/// A tenant for each account of a simulator.
fn simulated(accounts: usize, defaults: &Defaults) -> Vec<Spec> {
    let digits = accounts.saturating_sub(1).to_string().len();
    let tenant = |number| defaults.spec(&format!("tenant-{number:0digits$}"), pair_of(&default_pair(), number));
    (0..accounts).map(tenant).collect()
}

/// Compiles each component once.
async fn with_plugins(args: &FleetArgs, specs: Vec<Spec>, active: usize) -> Result<Vec<(Spec, Plugin)>> {
    // Beside the turns, a component that is loaded is asked for its description.
    let engine = args.component.engine(u32::try_from(active).unwrap_or(u32::MAX).saturating_add(1))?;
    let mut plugins: BTreeMap<PathBuf, Plugin> = BTreeMap::new();
    let mut tenants = Vec::with_capacity(specs.len());
    for spec in specs {
        let file = spec.component.clone().map_or_else(|| args.component.file(), Ok)?;
        let plugin = match plugins.get(&file) {
            Some(plugin) => plugin.clone(),
            None => engine.load(&file).await?,
        };
        plugins.insert(file, plugin.clone());
        tenants.push((spec, plugin));
    }
    Ok(tenants)
}

fn code(outcome: &Outcome) -> u8 {
    match outcome {
        Outcome::Complete => exit::COMPLETE,
        Outcome::Incomplete(_) => exit::INCOMPLETE,
        Outcome::Failed(error) => exit::code(error),
        Outcome::Interrupted => exit::INTERRUPTED,
    }
}

/// Tenants that a table names one by one.
const SHOWN: usize = 10;

fn show(report: &Report, args: &FleetArgs) {
    let mut outcomes: BTreeMap<(u8, &str), Vec<&TenantReport>> = BTreeMap::new();
    for tenant in &report.tenants {
        outcomes.entry((code(&tenant.outcome), tenant.outcome.word())).or_default().push(tenant);
    }
    let mut rows = table(&["Outcome", "Tenants", "Records", "Calls", "For example"]);
    for ((_, word), tenants) in &outcomes {
        rows.add_row(vec![
            (*word).to_string(),
            tenants.len().to_string(),
            tenants.iter().map(|tenant| tenant.records).sum::<u64>().to_string(),
            tenants.iter().map(|tenant| tenant.requests).sum::<u64>().to_string(),
            tenants.first().map(|tenant| example(tenant)).unwrap_or_default(),
        ]);
    }
    say(rows);
    slowest(report);
    let (seconds, tenants) = (report.took.as_secs_f64(), report.tenants.len());
    let per_second = |count: u64| count as f64 / seconds.max(0.001);
    say(format!(
        "{tenants} tenants, {} records, {} calls in {seconds:.1} s ({:.0} records/s, {:.0} calls/s, {:.1} tenants/s), at most {} MiB",
        report.records,
        report.requests,
        per_second(report.records),
        per_second(report.requests),
        per_second(report.tenants.iter().filter(|tenant| !tenant.finished_before).count() as u64),
        mib(peak_bytes())
    ));
    say(format!("evidence: {}", args.out.display()));
    let is_finished = |outcome: &Outcome| matches!(outcome, Outcome::Complete | Outcome::Incomplete(_));
    if !report.tenants.iter().all(|tenant| is_finished(&tenant.outcome)) {
        say("go on with those that are not finished: the same command with --resume");
    }
}

fn example(tenant: &TenantReport) -> String {
    let more = match &tenant.outcome {
        Outcome::Complete | Outcome::Interrupted => String::new(),
        Outcome::Incomplete(missing) => format!(": {}", missing.join(", ")),
        Outcome::Failed(error) => format!(": {error}"),
    };
    plain(&format!("{}{more}", tenant.name))
}

fn slowest(report: &Report) {
    let mut by_time: Vec<&TenantReport> = report.tenants.iter().filter(|tenant| tenant.turns > 0).collect();
    by_time.sort_by_key(|tenant| std::cmp::Reverse(tenant.took));
    let mut rows = table(&["Slowest", "Seconds", "Of these waiting", "Turns", "Calls", "Outcome"]);
    for tenant in by_time.iter().take(SHOWN / 2) {
        rows.add_row(vec![
            plain(&tenant.name),
            format!("{:.1}", tenant.took.as_secs_f64()),
            format!("{:.1}", tenant.waited.as_secs_f64()),
            tenant.turns.to_string(),
            tenant.requests.to_string(),
            tenant.outcome.word().into(),
        ]);
    }
    if by_time.len() > 1 {
        say(rows);
    }
}

/// `--summary`: the same for programs.
fn summary(report: &Report, code: u8) -> Value {
    let count = |word: &str| report.tenants.iter().filter(|tenant| tenant.outcome.word() == word).count();
    let mut outcomes = BTreeMap::new();
    for tenant in &report.tenants {
        outcomes.insert(tenant.outcome.word(), count(tenant.outcome.word()));
    }
    json!({
        "version": 1,
        "exit_code": code,
        "interrupted": report.interrupted,
        "seconds": report.took.as_secs_f64(),
        "records": report.records,
        "requests": report.requests,
        "peak_bytes": peak_bytes(),
        "outcomes": outcomes,
        "tenants": report.tenants.iter().map(tenant_summary).collect::<Vec<_>>(),
    })
}

fn tenant_summary(tenant: &TenantReport) -> Value {
    let (missing, error) = match &tenant.outcome {
        Outcome::Incomplete(missing) => (missing.clone(), None),
        Outcome::Failed(error) => (Vec::new(), Some(plain(&error.to_string()))),
        Outcome::Complete | Outcome::Interrupted => (Vec::new(), None),
    };
    json!({
        "name": tenant.name,
        "outcome": tenant.outcome.word(),
        "exit_code": code(&tenant.outcome),
        "missing": missing,
        "error": error,
        "finished_before": tenant.finished_before,
        "records": tenant.records,
        "requests": tenant.requests,
        "turns": tenant.turns,
        "seconds": tenant.took.as_secs_f64(),
        "waited_seconds": tenant.waited.as_secs_f64(),
        "denied": tenant.denied,
    })
}

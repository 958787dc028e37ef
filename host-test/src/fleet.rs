//! `fleet`: many tenants at once, each into its own folder, and how each ended.

mod outcome;
mod view;

use super::output::Format;
use super::sim_args::SimArgs;
use super::target::{check_since, checked, milliseconds};
use super::{files, kinds, signals};
use clap::Args;
use fivetran_simulator::{Config, Simulator, default_pair, pair_of};
use host_test::component::ComponentArgs;
use host_test::pair::tenants_pair;
use host_test::policies::EgressArgs;
use host_test::text::{count, note, say, say_json, say_loudly};
use http::Uri;
use source_evidence::seal::Signer;
use source_fleet::{Defaults, Fleet, Options, SettingsRef, Spec, Stop, read};
use source_host::endurance::Endurance;
use source_host::error::{Error, Result};
use source_host::plugin::Plugin;
use source_host::tenant::Clock;
use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use view::View;

#[derive(Args)]
#[command(after_help = "Examples:
  host-test fleet --tenants tenants.json --out evidence
  host-test fleet --tenants tenants.json --out evidence --resume
  host-test fleet --simulated 20 --out evidence --summary summary.json")]
#[group(id = "whom", required = true, multiple = false, args = ["tenants", "simulated"])]
pub struct FleetArgs {
    #[command(flatten)]
    component: ComponentArgs,
    #[command(flatten)]
    egress: EgressArgs,
    /// The tenants: a JSON array of objects, with secrets by reference only (see docs/fleet.md).
    #[arg(long, value_name = "FILE.json")]
    tenants: Option<PathBuf>,
    /// Number of simulated tenants; one simulator serves an account for each.
    #[arg(long, value_name = "N")]
    simulated: Option<usize>,
    /// Folder for the tenants' folders; created if it does not exist.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Resume every tenant in --out that is not finished, and skip those that are.
    #[arg(long)]
    resume: bool,
    /// Tenants that are collected at once; default: 16 for each core.
    #[arg(help_heading = "Budget", long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    active: Option<u32>,
    /// Requests in any hour for all tenants of one account together.
    #[arg(help_heading = "Budget", long, value_name = "N", default_value_t = 5_000, value_parser = clap::value_parser!(u64).range(1..))]
    requests_per_hour: u64,
    /// Requests per page, which is one turn, at most: nothing is begun that would need more. Retries and further
    /// pages of an item come on top.
    #[arg(help_heading = "Budget", long, value_name = "N", default_value_t = 500, value_parser = clap::value_parser!(u32).range(1..))]
    max_requests_per_page: u32,
    /// Milliseconds per page; work under way is finished.
    #[arg(help_heading = "Budget", long, value_name = "N", default_value_t = 5_000, value_parser = clap::value_parser!(u64).range(1..))]
    max_milliseconds_per_page: u64,
    /// Requests in flight at once for each tenant.
    #[arg(help_heading = "Budget", long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u32).range(1..=64))]
    concurrency: u32,
    /// Seconds for which a tenant that comes no further is tried again. Begins anew with each page that comes
    /// further. Within that time, a wait that the vendor asks for is never cut short, up to one hour.
    #[arg(help_heading = "Budget", long, value_name = "N", default_value_t = 900)]
    retry_seconds: u64,
    /// Also write each tenant's outcome to this file, which must not exist yet; with --resume, it may be the summary of
    /// an earlier run, and is replaced.
    #[arg(long, value_name = "FILE.json")]
    summary: Option<PathBuf>,
    /// Sign the seals with this Ed25519 key (PKCS #8 PEM; see keygen).
    #[arg(long, value_name = "FILE")]
    signing_key: Option<PathBuf>,
    /// Settings of the source, for tenants that name none.
    #[arg(long, value_name = "FILE.json")]
    settings: Option<PathBuf>,
    /// Kinds of evidence to collect, for tenants that name none.
    #[arg(long, value_delimiter = ',', value_name = "KIND,…")]
    kinds: Vec<String>,
    /// Leave out events before this time, for tenants that name none.
    #[arg(long, value_name = "RFC3339")]
    since: Option<String>,
    /// Server to send requests to after the egress check, for tenants that name no upstream.
    #[arg(long, value_name = "URL")]
    upstream: Option<Uri>,
    /// Show the component this time instead of the current one: for runs that can be repeated to the byte.
    #[arg(long, value_name = "RFC3339")]
    fixed_clock: Option<String>,
    /// Output format; what --summary writes, for programs.
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
    #[command(flatten)]
    sim: SimArgs,
}

/// Collects, and says how it ended.
pub async fn run(args: &FleetArgs) -> Result<u8> {
    if let Some(path) = &args.summary {
        outcome::may_write(path, args.resume)?;
    }
    let signer = args.signing_key.as_deref().map(Signer::read).transpose()?.map(Arc::new);
    let mut defaults = defaults(args)?;
    let simulator = match args.simulated {
        Some(accounts) if args.upstream.is_none() => Some(simulator(args, accounts).await?),
        _ => None,
    };
    if let Some(simulator) = &simulator {
        defaults.upstream = simulator.url().parse().ok();
        defaults.simulated = Some(args.sim.sentence());
    }
    let specs = match &args.tenants {
        Some(path) => read(path, &defaults)?,
        None => simulated(args.simulated.unwrap_or_default(), &defaults),
    };
    let options = Options { signer, ..options(args) };
    let fleet = Fleet::new(with_plugins(args, specs, options.active).await?, options)?;
    let (sender, stop) = watch::channel(Stop::No);
    let view = Arc::new(View::start(fleet.gauges(), fleet.size() as u64));
    let stopper = tokio::spawn(stop_on_signals(sender, Arc::clone(&view)));
    let report = fleet.run(stop, &|event| view.event(event)).await;
    view.end();
    stopper.abort();
    let is_json = args.format == Format::Json;
    if is_json {
        say_json(&outcome::summary(&report, &args.out));
    } else {
        outcome::show(&report, &args.out);
    }
    for caveat in fleet.caveats() {
        match caveat.starts_with("SIMULATED") {
            true => say_loudly(&caveat, is_json),
            false if is_json => note(caveat),
            false => say(caveat),
        }
    }
    if let Some(path) = &args.summary {
        outcome::write(&report, &args.out, path, args.resume)?;
    }
    Ok(outcome::exit_code(&report))
}

fn options(args: &FleetArgs) -> Options {
    let none = Options::new(&args.out);
    let asked = args.active.map_or(none.active, |active| active as usize);
    let active = asked.min(files::tenants(args.concurrency, args.simulated.is_some()));
    if active < asked {
        note(format!(
            "running {active} tenants at once instead of {asked}: the limit on open files (ulimit -n) allows no more"
        ));
    }
    Options {
        resume: args.resume,
        active,
        page_requests: args.max_requests_per_page,
        page_milliseconds: args.max_milliseconds_per_page,
        concurrency: args.concurrency,
        quota_requests: args.requests_per_hour,
        endurance: Endurance { horizon: Duration::from_secs(args.retry_seconds), ..none.endurance },
        ..none
    }
}

/// The first signal stops gently, the second at once.
async fn stop_on_signals(sender: watch::Sender<Stop>, view: Arc<View>) {
    signals::interrupted().await;
    view.tell("stopping once the pages under way are finished; press again to stop at once");
    let _ = sender.send(Stop::Gently);
    signals::interrupted().await;
    let _ = sender.send(Stop::AtOnce);
}

fn defaults(args: &FleetArgs) -> Result<Defaults> {
    let clock = args.fixed_clock.as_deref().map(|instant| milliseconds("--fixed-clock", instant)).transpose()?;
    let clock = clock.map_or(Clock::System, Clock::fixed);
    check_since(args.since.as_deref(), &clock)?;
    Ok(Defaults {
        settings: args.settings.clone().map_or_else(|| SettingsRef::Given("{}".into()), SettingsRef::File),
        kinds: args.kinds.clone(),
        since: args.since.clone(),
        upstream: args.upstream.as_ref().map(checked).transpose()?,
        simulated: None,
        clock,
    })
}

async fn simulator(args: &FleetArgs, accounts: usize) -> Result<Simulator> {
    let config = Config { accounts, journal: false, ..args.sim.config(None) };
    let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let simulator = Simulator::start(config, listen).await.map_err(Error::file("listen on", "127.0.0.1"))?;
    let accounts = count(accounts as u64, "account");
    let line = format!("SIMULATED: as asked for, the harness makes up {accounts} (from {})", args.sim.sentence());
    say_loudly(&line, args.format == Format::Json);
    Ok(simulator)
}

/// A tenant for each account of a simulator.
fn simulated(accounts: usize, defaults: &Defaults) -> Vec<Spec> {
    let digits = accounts.saturating_sub(1).to_string().len();
    let tenant =
        |number| defaults.spec(&format!("tenant-{number:0digits$}"), tenants_pair(pair_of(&default_pair(), number)));
    (0..accounts).map(tenant).collect()
}

/// Compiles each component once, and finds the policy of each tenant.
async fn with_plugins(args: &FleetArgs, specs: Vec<Spec>, active: usize) -> Result<Vec<(Spec, Plugin)>> {
    // Beside the turns, a component that is loaded is asked for its description.
    let engine = args.component.engine(Some(u32::try_from(active).unwrap_or(u32::MAX).saturating_add(1)))?;
    let mut plugins: BTreeMap<PathBuf, Plugin> = BTreeMap::new();
    let mut tenants = Vec::with_capacity(specs.len());
    for mut spec in specs {
        let file = spec.component.clone().map_or_else(|| args.component.file(), Ok)?;
        let plugin = match plugins.get(&file) {
            Some(plugin) => plugin.clone(),
            None => args.component.load_from(&engine, &file).await?,
        };
        if spec.kinds == args.kinds {
            kinds::check(&args.kinds, &plugin)?;
        }
        if spec.granted.is_none() {
            spec.granted = Some(args.egress.grant(&plugin)?);
        }
        plugins.insert(file, plugin.clone());
        tenants.push((spec, plugin));
    }
    Ok(tenants)
}

//! `bench tenants`: one thing that many tenants do, once, in a process of its own.

use super::native::{Sockets, collect_all};
use clap::{Args, ValueEnum};
use fivetran_simulator::{default_pair, pair_of};
use host_test::component::ComponentArgs;
use host_test::exit;
use host_test::pair::tenants_pair;
use host_test::policies::built_in;
use host_test::process::{cpu_seconds, own_bytes, peak_bytes, resident_bytes};
use host_test::text::say;
use http::Uri;
use serde::{Deserialize, Serialize};
use source_fleet::{Event, Fleet, Options, Report, SettingsRef, Spec, Stop};
use source_host::endurance::Endurance;
use source_host::error::{Error, Result};
use source_host::grant::Grant;
use source_host::plugin::Plugin;
use source_host::tenant::{Credentials, Tenant};
use std::path::PathBuf;
use std::sync::Mutex;
use std::time::{Duration, Instant};
use tokio::sync::watch;

#[derive(Args)]
pub struct TenantsArgs {
    /// What they do.
    #[arg(value_enum)]
    deed: Deed,
    /// Root of the simulator, which serves an account for each.
    #[arg(value_name = "URL")]
    upstream: Uri,
    /// How many they are.
    #[arg(long, value_name = "N")]
    count: u32,
    /// Folder for what they write, which is removed in the end.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Root of the server that a bad tenant besides them talks to.
    #[arg(long, value_name = "URL")]
    bad_upstream: Option<Uri>,
    /// Component that a bad tenant besides them runs: that of tests/guests.
    #[arg(long, value_name = "FILE")]
    bad_component: Option<PathBuf>,
    /// What that component does.
    #[arg(long, value_name = "PROBE", default_value = "spin")]
    bad_probe: String,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Deed {
    /// Collect everything, as a fleet; a bad one besides them, if there is one, keeps trying.
    Collect,
    /// The same with the native core, one after the other; nothing is written.
    Native,
    /// Wait, each with a collection begun, until all do.
    Wait,
    /// Have an instance each, configured and idle, all at once.
    Live,
}

/// What it took.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Figures {
    pub records: u64,
    pub calls: u64,
    pub seconds: f64,
    /// Of the process, all threads.
    pub cpu_seconds: f64,
    /// Memory of its own, before the first tenant is there.
    pub before_kib: u64,
    /// The same at the end, when all are there.
    pub own_kib: u64,
    /// Resident memory then.
    pub resident_kib: u64,
    pub peak_kib: u64,
    /// Median of the time from the start of the fleet to the end of a tenant.
    pub median_seconds: f64,
}

/// Does it.
pub async fn run(component: &ComponentArgs, args: &TenantsArgs) -> Result<u8> {
    let count = args.count;
    let room = if args.deed == Deed::Live { count.saturating_add(1) } else { 64 };
    let plugin = Plugin::load(&component.engine(Some(room))?, &component.file()?).await?;
    let before_kib = own_bytes().unwrap_or_default() / 1024;
    let (begun, cpu) = (Instant::now(), cpu_seconds());
    let mut figures = match args.deed {
        Deed::Collect => collect(&plugin, args).await?,
        Deed::Native => native(args).await?,
        Deed::Wait => wait(&plugin, args).await?,
        Deed::Live => live(&plugin, args).await?,
    };
    figures.seconds = begun.elapsed().as_secs_f64();
    figures.cpu_seconds = cpu_seconds() - cpu;
    figures.before_kib = before_kib;
    figures.peak_kib = peak_bytes().unwrap_or_default() / 1024;
    say(serde_json::to_string(&figures).map_err(|error| Error::BadAnswer(error.to_string()))?);
    Ok(exit::COMPLETE)
}

fn spec(name: &str, upstream: &Uri, number: u32) -> Spec {
    let pair = pair_of(&default_pair(), number as usize);
    Spec { upstream: Some(upstream.clone()), granted: built_in("fivetran"), ..Spec::new(name, tenants_pair(pair)) }
}

fn specs(args: &TenantsArgs) -> Vec<Spec> {
    (0..args.count).map(|number| spec(&format!("tenant-{number}"), &args.upstream, number)).collect()
}

/// Whoever is bad is so until the others are done, and keeps trying.
async fn bad(plugin: &Plugin, args: &TenantsArgs) -> Result<Option<(Spec, Plugin)>> {
    match (&args.bad_upstream, &args.bad_component) {
        (Some(upstream), _) => Ok(Some((spec("bad", upstream, 0), plugin.clone()))),
        (None, Some(file)) => {
            let settings = SettingsRef::Given(format!("{{\"probe\": \"{}\"}}", args.bad_probe));
            let evil = Plugin::load(plugin.engine(), file).await?;
            let granted = Some(Grant::asked_for(evil.description()));
            Ok(Some((Spec { settings, granted, ..spec("bad", &args.upstream, 0) }, evil)))
        }
        (None, None) => Ok(None),
    }
}

async fn collect(plugin: &Plugin, args: &TenantsArgs) -> Result<Figures> {
    let bad = bad(plugin, args).await?;
    let mut tenants: Vec<(Spec, Plugin)> = bad.into_iter().collect();
    tenants.extend(specs(args).into_iter().map(|spec| (spec, plugin.clone())));
    let endurance = Endurance { horizon: Duration::MAX, ..Endurance::default() };
    let fleet = Fleet::new(tenants, Options { endurance, ..Options::new(&args.out) })?;
    let (stop, stopped) = watch::channel(Stop::No);
    let (begun, ended) = (Instant::now(), Mutex::new(Vec::new()));
    let report = fleet
        .run(stopped, &|event| {
            let Event::Ended(tenant) = event else { return };
            let Ok(mut ended) = ended.lock() else { return };
            if tenant.name != "bad" {
                ended.push(begun.elapsed().as_secs_f64());
            }
            if ended.len() >= args.count as usize {
                let _ = stop.send(Stop::AtOnce);
            }
        })
        .await;
    remove(&args.out)?;
    let ended = ended.into_inner().unwrap_or_default();
    let good =
        |report: &Report| report.tenants.iter().filter(|it| it.name != "bad").all(|it| it.outcome.word() == "complete");
    if ended.len() != args.count as usize || !good(&report) {
        return Err(Error::BadAnswer("not every tenant was collected".into()));
    }
    let median_seconds = super::child::median(&ended, |seconds| *seconds);
    Ok(Figures { records: report.records, calls: report.requests, median_seconds, ..resident() })
}

async fn native(args: &TenantsArgs) -> Result<Figures> {
    let sockets = Sockets::new(args.upstream.clone())?;
    let mut figures = Figures::default();
    for number in 0..args.count {
        let pair = pair_of(&default_pair(), number as usize);
        let (_, records, calls) = collect_all(&sockets, &pair, &[], "{}").await?;
        figures.records += records;
        figures.calls += calls;
    }
    Ok(Figures { records: figures.records, calls: figures.calls, ..resident() })
}

/// Until all wait for the vendor, which refuses everybody from some request on.
async fn wait(plugin: &Plugin, args: &TenantsArgs) -> Result<Figures> {
    let tenants = specs(args).into_iter().map(|spec| (spec, plugin.clone())).collect();
    let fleet = Fleet::new(tenants, Options::new(&args.out))?;
    let (stop, stopped) = watch::channel(Stop::No);
    let gauges = fleet.gauges();
    let waiting = async {
        loop {
            let now = gauges.read();
            if now.running == 0 && now.waiting + now.done >= u64::from(args.count) {
                break;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        let (resident, now) = (resident(), gauges.read());
        let _ = stop.send(Stop::AtOnce);
        (resident, now.waiting, plugin.engine().instances())
    };
    let (report, (resident, waiting, instances)) = tokio::join!(fleet.run(stopped, &|_| {}), waiting);
    remove(&args.out)?;
    if waiting != u64::from(args.count) || instances != 0 {
        return Err(Error::BadAnswer(format!("{waiting} tenants wait, with {instances} instances")));
    }
    Ok(Figures { records: report.records, calls: report.requests, ..resident })
}

async fn live(plugin: &Plugin, args: &TenantsArgs) -> Result<Figures> {
    let mut alive = Vec::new();
    for number in 0..args.count {
        let pair = tenants_pair(pair_of(&default_pair(), number as usize));
        let tenant = Tenant { granted: built_in("fivetran"), ..Tenant::new(Credentials::Basic(pair)) };
        alive.push(plugin.configured(&tenant).await?.0);
    }
    Ok(resident())
}

fn resident() -> Figures {
    let kib = |bytes: Option<u64>| bytes.unwrap_or_default() / 1024;
    Figures { own_kib: kib(own_bytes()), resident_kib: kib(resident_bytes()), ..Figures::default() }
}

fn remove(out: &PathBuf) -> Result<()> {
    std::fs::remove_dir_all(out).map_err(Error::file("remove", out))
}

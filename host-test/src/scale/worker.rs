//! `worker`: takes tenants from the queue.

use super::{NatsArgs, QueueArgs};
use crate::signals;
use crate::target::{checked, milliseconds};
use clap::Args;
use host_test::component::ComponentArgs;
use host_test::exit;
use host_test::policies::EgressArgs;
use host_test::text::{error as tell, note, say};
use http::Uri;
use source_evidence::seal::Signer;
use source_fleet::{Defaults, SettingsRef, Share};
use source_host::collection::PAGE_BYTES;
use source_host::endurance::Endurance;
use source_host::error::{Error, Result};
use source_host::tenant::Clock;
use source_scale::broker::{ACK_WAIT, Broker};
use source_scale::health::Probe;
use source_scale::place::Place;
use source_scale::traces::Traces;
use source_scale::worker::{Counters, Obstacles, Options, Worker};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::atomic::Ordering;
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::watch;

#[derive(Args)]
#[command(after_help = "Examples:
  host-test worker --nats nats://broker.example.com:4222 --place s3://evidence/fivetran --folder /etc/tenants
  host-test worker --nats tls://broker.example.com:4222 --nats-creds worker.creds --place /mnt/evidence")]
pub struct WorkerArgs {
    #[command(flatten)]
    nats: NatsArgs,
    #[command(flatten)]
    queue: QueueArgs,
    /// Seconds of silence after which a worker's jobs go to another. The same for all workers.
    #[arg(help_heading = "Broker", long, value_name = "N", default_value_t = ACK_WAIT.as_secs(), value_parser = clap::value_parser!(u64).range(2..=3600))]
    ack_wait_seconds: u64,
    #[command(flatten)]
    component: ComponentArgs,
    #[command(flatten)]
    egress: EgressArgs,
    /// Where evidence goes: a folder that all workers share, or a URL such as s3://bucket/prefix.
    #[arg(long, value_name = "PLACE")]
    place: String,
    /// Folder that paths in tenants (of secrets, of settings) are relative to.
    #[arg(long, value_name = "DIR", default_value = ".")]
    folder: PathBuf,
    /// Name of this worker; default: the machine's name and the process.
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// Tenants at once; default: 16 for each core.
    #[arg(help_heading = "Budget", long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    active: Option<u32>,
    /// Requests in any hour for all tenants of one account together, over all workers.
    #[arg(help_heading = "Budget", long, value_name = "N", default_value_t = 5_000, value_parser = clap::value_parser!(u64).range(1..))]
    requests_per_hour: u64,
    /// Length of the hour, in seconds: for tests.
    #[arg(long, value_name = "N", default_value_t = 3600, hide = true)]
    hour_seconds: u64,
    /// Requests per page; attempts that are repeated come on top.
    #[arg(help_heading = "Budget", long, value_name = "N", default_value_t = 500, value_parser = clap::value_parser!(u32).range(1..))]
    max_requests_per_page: u32,
    /// Milliseconds per page; work under way is finished.
    #[arg(help_heading = "Budget", long, value_name = "N", default_value_t = 5_000, value_parser = clap::value_parser!(u64).range(1..=3_600_000))]
    max_milliseconds_per_page: u64,
    /// Requests in flight at once for each tenant.
    #[arg(help_heading = "Budget", long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u32).range(1..=64))]
    concurrency: u32,
    /// Seconds for which a tenant that makes no progress is retried; each page that makes some begins them anew.
    #[arg(help_heading = "Budget", long, value_name = "N", default_value_t = 900)]
    retry_seconds: u64,
    /// Seconds for which a job that this worker cannot do is left to others. If the run was begun with another version of
    /// the component, or other settings, it then begins anew; if files or variables are missing here, it fails.
    #[arg(long, value_name = "N", default_value_t = 600)]
    leave_seconds: u64,
    /// Answer /healthz and /metrics (for Prometheus) over HTTP at this address, e.g. 127.0.0.1:9100; port 0 for any.
    /// Without a password: keep it inside.
    #[arg(long, value_name = "ADDR")]
    listen: Option<SocketAddr>,
    /// Send traces to this collector, which speaks OTLP over HTTP, e.g. http://127.0.0.1:4318: a span for each turn and
    /// each request. What authenticates there belongs in OTEL_EXPORTER_OTLP_HEADERS.
    #[arg(long, env = "OTEL_EXPORTER_OTLP_ENDPOINT", hide_env_values = true, value_name = "URL")]
    traces: Option<String>,
    /// Sign the seals with this Ed25519 key (PKCS #8 PEM; see keygen).
    #[arg(long, value_name = "FILE")]
    signing_key: Option<PathBuf>,
    /// Server to send requests to after the egress check, for tenants that name no upstream.
    #[arg(long, value_name = "URL")]
    upstream: Option<Uri>,
    /// Let tenants name an upstream, to which their secrets go too: for simulated accounts.
    #[arg(long, hide = true)]
    tenant_upstreams: bool,
    /// Show the component this time instead of the current one: for runs that can be repeated to the byte.
    #[arg(long, value_name = "RFC3339")]
    fixed_clock: Option<String>,
}

/// Works until a signal.
pub async fn run(args: &WorkerArgs) -> Result<u8> {
    let options = options(args)?;
    let instances = u32::try_from(options.active).unwrap_or(u32::MAX).saturating_add(1);
    let engine = args.component.engine(Some(instances))?;
    let plugin = args.component.load_from(&engine, &args.component.file()?).await?;
    let options = Options { granted: Some(args.egress.grant(&plugin)?), ..options };
    let place = Place::open(&args.place)?;
    let counters = Counters::default();
    let traces = args
        .traces
        .as_deref()
        .filter(|url| !url.is_empty())
        .map(|url| Traces::to(url, &options.name, Arc::clone(&counters.traces)));
    let traces = traces.transpose()?;
    let (stop, stopped) = watch::channel(false);
    let probe = Arc::new(Probe { worker: OnceLock::new(), stop: stopped.clone() });
    if let Some(address) = args.listen {
        listen(address, Arc::clone(&probe)).await?;
    }
    let Some(broker) = connected(args).await? else { return Ok(exit::COMPLETE) };
    note(format!("worker {}: {} tenants at once, evidence to {}", options.name, options.active, place.shown()));
    let obstacles = Obstacles::default();
    tell_obstacles(&obstacles);
    let worker = Arc::new(Worker { broker, place, plugin, options, counters, traces, obstacles });
    let _ = probe.worker.set(Arc::clone(&worker));
    let mut running = tokio::spawn(Arc::clone(&worker).run(stopped));
    tokio::select! {
        () = signals::interrupted() => {}
        _ = &mut running => return Err(Error::Defect("the worker ended by itself".into())),
    }
    note("stopping: pages under way are finished, and their jobs are given back; a second signal stops at once");
    let _ = stop.send(true);
    tokio::select! {
        _ = running => {}
        () = signals::interrupted() => return Ok(exit::INTERRUPTED),
    }
    if let Some(traces) = worker.traces.clone() {
        traces.end().await;
    }
    say(sum(&worker.counters));
    Ok(exit::COMPLETE)
}

/// Says what is in the way, and when it is there no more.
fn tell_obstacles(obstacles: &Obstacles) {
    let tell_each = |of: &watch::Sender<Option<String>>, then: &'static str, passed: &'static str| {
        let mut of = of.subscribe();
        tokio::spawn(async move {
            while of.changed().await.is_ok() {
                let obstacle = of.borrow_and_update().clone();
                match obstacle {
                    Some(why) => tell(format!("{why}; {then}")),
                    None => note(passed),
                }
            }
        });
    };
    tell_each(
        &obstacles.place,
        "no jobs are taken until it can be written",
        "evidence can be written again: jobs are taken",
    );
    tell_each(&obstacles.queue, "the queue gives no jobs; retrying", "the queue gives jobs again");
    tell_each(&obstacles.job, "it is tried again, here or by another worker", "");
}

/// Between two attempts to reach the broker.
const EVERY: Duration = Duration::from_secs(1);

/// The broker, as soon as it is there; `None` after a signal. One that refuses is an error.
async fn connected(args: &WorkerArgs) -> Result<Option<Broker>> {
    let mut told = String::new();
    loop {
        let trying = tokio::select! {
            trying = reached(args) => trying,
            () = signals::interrupted() => return Ok(None),
        };
        match trying {
            Ok(broker) => return Ok(Some(broker)),
            Err(Error::Local(error @ source_evidence::Error::Output { .. })) => {
                let error = error.to_string();
                if error != told {
                    tell(format!("{error}; retrying"));
                    told = error;
                }
            }
            Err(error) => return Err(error),
        }
        tokio::select! {
            () = tokio::time::sleep(EVERY) => {}
            () = signals::interrupted() => return Ok(None),
        }
    }
}

/// The broker, whose queue can be taken from with these options.
async fn reached(args: &WorkerArgs) -> Result<Broker> {
    let broker = args.nats.connect(&args.queue, Duration::from_secs(args.ack_wait_seconds)).await?;
    broker.consumer().await?;
    let share = Share { limit: args.requests_per_hour, window: args.hour_seconds * 1000 };
    source_scale::ledger::agree(&broker.quotas, share).await?;
    Ok(broker)
}

/// Serves `/healthz` and `/metrics`.
async fn listen(address: SocketAddr, probe: Arc<Probe>) -> Result<()> {
    let listener = TcpListener::bind(address).await;
    let refused = |error| Error::usage(format!("cannot listen on {address}: {error}"), "name another --listen");
    let listener = listener.map_err(refused)?;
    let address = listener.local_addr().unwrap_or(address);
    note(format!("http://{address}/healthz says whether it works, /metrics what it has done"));
    tokio::spawn(probe.serve(listener));
    Ok(())
}

fn sum(counters: &Counters) -> String {
    let load = |counter: &std::sync::atomic::AtomicU64| counter.load(Ordering::SeqCst);
    format!(
        "{} done ({} failed), {} given up, {} pages ({} collected twice), {} records, {} calls, {} jobs given back in trouble",
        load(&counters.done),
        load(&counters.failed),
        load(&counters.given_up),
        load(&counters.pages),
        load(&counters.twice),
        load(&counters.records),
        load(&counters.requests),
        load(&counters.troubles)
    )
}

fn options(args: &WorkerArgs) -> Result<Options> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let clock = args.fixed_clock.as_deref().map(|instant| milliseconds("--fixed-clock", instant)).transpose()?;
    if !args.folder.is_dir() {
        let what = format!("--folder {} is no folder", args.folder.display());
        return Err(Error::usage(what, "name the one that holds the tenants' files of secrets and settings"));
    }
    let name = args.name.clone().unwrap_or_else(|| format!("{}-{}", host(), std::process::id()));
    if !source_fleet::is_name(&name) {
        return Err(Error::usage(format!("--name {name:?} is no name"), "use letters, digits, '-', '_' and '.'"));
    }
    Ok(Options {
        name,
        active: args.active.map_or(16 * cores, |active| active as usize),
        page_requests: args.max_requests_per_page,
        page_milliseconds: args.max_milliseconds_per_page,
        page_bytes: PAGE_BYTES,
        grace: Duration::from_secs(150),
        concurrency: args.concurrency,
        share: Share { limit: args.requests_per_hour, window: args.hour_seconds * 1000 },
        endurance: Endurance { horizon: Duration::from_secs(args.retry_seconds), ..Endurance::default() },
        leave: Duration::from_secs(args.leave_seconds),
        defaults: Defaults {
            settings: SettingsRef::Given("{}".into()),
            kinds: Vec::new(),
            since: None,
            upstream: args.upstream.as_ref().map(checked).transpose()?,
            simulated: None,
            clock: clock.map_or(Clock::System, Clock::fixed),
        },
        granted: None,
        upstreams: args.tenant_upstreams,
        folder: args.folder.clone(),
        signer: args.signing_key.as_deref().map(Signer::read).transpose()?.map(Arc::new),
    })
}

/// The machine's name.
fn host() -> String {
    let named = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let named: String =
        named.trim().chars().filter(|letter| letter.is_ascii_alphanumeric() || *letter == '-').collect();
    if named.is_empty() { "worker".into() } else { named }
}

//! A fleet of the real component against the simulator, in a folder of its own.

use super::{NOW, collect, fivetran, options, plugin, simulator, tenant, tenants_pair};
use fivetran_simulator::{Config, Simulator, default_pair, pair_of};
use source_fleet::{Fleet, Options, Report, Spec, Stop};
use source_host::endurance::Endurance;
use source_host::plugin::Plugin;
use source_host::tenant::Clock;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::sync::watch;

/// A folder that goes away with the test.
pub struct Scratch(pub PathBuf);

impl Scratch {
    pub fn new(name: &str) -> Self {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        Self(path)
    }
    pub fn evidence(&self, tenant: &str) -> String {
        std::fs::read_to_string(self.0.join(tenant).join("evidence.jsonl")).unwrap_or_default()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A tenant whose requests go to account `number` of the simulator.
pub fn spec(name: &str, simulator: &Simulator, number: usize) -> Spec {
    let (upstream, granted) = (simulator.url().parse().ok(), Some(fivetran()));
    let pair = tenants_pair(pair_of(&default_pair(), number));
    Spec { upstream, granted, clock: Clock::fixed(NOW), ..Spec::new(name, pair) }
}

pub fn fleet(plugin: &Plugin, specs: Vec<Spec>, options: Options) -> Fleet {
    Fleet::new(specs.into_iter().map(|spec| (spec, plugin.clone())).collect(), options).unwrap()
}

/// Runs to the end.
pub async fn run(fleet: Fleet) -> Report {
    let (_stop, never) = watch::channel(Stop::No);
    fleet.run(never, &|_| {}).await
}

/// Runs until so many tenants wait and none runs; `look` is called then; and stops. A fleet that comes
/// to its end before is an error.
pub async fn run_until_waiting(fleet: Fleet, waiting: u64, look: impl FnOnce()) -> Report {
    let (stop, stopped) = watch::channel(Stop::No);
    let gauges = fleet.gauges();
    let stopping = async {
        loop {
            let now = gauges.read();
            if now.waiting == waiting && now.running == 0 {
                break;
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        look();
        stop.send(Stop::Gently).unwrap();
    };
    let running = async {
        let report = fleet.run(stopped, &|_| {}).await;
        assert!(report.interrupted, "{:?}", words(&report));
        report
    };
    tokio::join!(running, stopping).0
}

/// Patience for tests: tried again for so long, and soon.
pub fn patience(horizon: Duration) -> Endurance {
    Endurance { horizon, backoff: Duration::from_millis(1), ..Endurance::default() }
}

pub fn words(report: &Report) -> Vec<&'static str> {
    report.tenants.iter().map(|tenant| tenant.outcome.word()).collect()
}

pub async fn alone(config: Config) -> String {
    let simulator = simulator(config).await;
    let collected = collect(&plugin().await, &tenant(&simulator), options(None, None)).await.unwrap();
    collected.lines.join("\n") + "\n"
}

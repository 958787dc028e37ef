//! The real component in real wasmtime against the real simulator: what every outside test needs.
#![allow(dead_code, reason = "each test uses its part of it")]

pub mod fleet;
pub mod network;

use fivetran_simulator::{AccountSpec, Config, Simulator, default_pair};
use source_host::bindings::exports::compliance::source::source::{Budget, Page};
use source_host::collection::{Collection, CollectionOptions};
use source_host::endurance::Endurance;
use source_host::engine::{Engine, EngineOptions};
use source_host::error::Error;
use source_host::grant::{Grant, GrantRule, HostName};
use source_host::plugin::Plugin;
use source_host::records;
use source_host::tenant::{Clock, Credentials, Tenant};
use source_host::tenant::{Pair, Secret};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::Duration;

/// When runs with a fixed clock take place: 2026-01-31T12:00:00Z.
pub const NOW: u64 = 1_769_860_800_000;

/// The folder that cargo builds into.
pub fn target_folder() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap().to_path_buf()
}

/// The component that this project builds.
pub fn component_file() -> PathBuf {
    let file = target_folder().join("wasm32-wasip2/release/fivetran_source.wasm");
    assert!(file.is_file(), "{} is not built: run ./dev build", file.display());
    file
}

/// Runs an async test.
pub fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap().block_on(future)
}

/// One engine for all tests of a program.
pub fn engine() -> Engine {
    static ENGINE: OnceLock<Engine> = OnceLock::new();
    ENGINE.get_or_init(|| Engine::new(&EngineOptions { cache: true, ..EngineOptions::default() }).unwrap()).clone()
}

/// The component, compiled.
pub async fn plugin() -> Plugin {
    Plugin::load(&engine(), &component_file()).await.unwrap()
}

/// A simulator on a free port.
pub async fn simulator(config: Config) -> Simulator {
    Simulator::start(config, SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await.unwrap()
}

/// An account of the given size.
pub fn account(users: usize, teams: usize, groups: usize, connections: usize) -> Config {
    Config { account: AccountSpec { seed: 7, users, teams, groups, connections }, ..Config::default() }
}

/// A policy that lets a source GET everything below `/v1` of one host.
pub fn grant(source: &str, host: &str) -> Grant {
    let (methods, path_prefixes) = (vec!["GET".into()], vec!["/v1".into()]);
    let host = HostName::Exact(host.into());
    let rule = GrantRule { host, port: 443, methods, path_prefixes, headers: Vec::new(), secret: true };
    Grant { source: source.into(), rules: vec![rule], built_in: false }
}

/// The policy of this project's component.
pub fn fivetran() -> Grant {
    Grant::parse(include_str!("../../../host-test/policies/fivetran.json")).unwrap()
}

/// The policy of the guest in `tests/guests`.
pub fn acme() -> Grant {
    grant("acme", "acme.example")
}

/// A tenant of this project's component whose requests go to the simulator, under a fixed clock.
pub fn tenant(simulator: &Simulator) -> Tenant {
    let mut tenant = Tenant::new(Credentials::Basic(tenants_pair(default_pair())));
    tenant.granted = Some(fivetran());
    tenant.upstream = Some(simulator.url().parse().unwrap());
    tenant.clock = Clock::fixed(NOW);
    tenant
}

/// Options with these bounds.
pub fn options(max_records: Option<u32>, max_concurrency: Option<u32>) -> CollectionOptions {
    let none = CollectionOptions::default();
    CollectionOptions { budget: Budget { max_records, max_concurrency, ..none.budget }, ..none }
}

/// A whole collection.
pub struct Collected {
    /// Every page.
    pub pages: Vec<Page>,
    /// Every record, as a line of JSON.
    pub lines: Vec<String>,
}

/// Collects to the end.
pub async fn collect(plugin: &Plugin, tenant: &Tenant, options: CollectionOptions) -> Result<Collected, Error> {
    // What lasts is said soon, and not in a quarter of an hour.
    let endurance = Endurance { horizon: Duration::from_secs(2), ..Endurance::default() };
    let collection = Collection::start(plugin, tenant, options).await?;
    let mut collection = collection.enduring(endurance, Box::new(|_| {}));
    let (mut pages, mut lines) = (Vec::new(), Vec::new());
    while let Some(page) = collection.next().await? {
        lines.extend(records::lines(&page)?.into_iter().map(|line| line.text));
        pages.push(page);
    }
    Ok(Collected { pages, lines })
}

/// A component of `tests/guests`, or the example of source-kit.
pub fn guest(name: &str) -> PathBuf {
    let file = target_folder().join(format!("wasm32-wasip2/release/{name}.wasm"));
    assert!(file.is_file(), "{} is not built: run ./dev build", file.display());
    file
}

/// A simulator's pair as a tenant's.
pub fn tenants_pair(pair: fivetran_simulator::Pair) -> Pair {
    Pair { username: Secret::new(pair.key), password: Secret::new(pair.secret) }
}

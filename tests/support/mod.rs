//! The real component in real wasmtime against the real simulator: what every outside test needs.
#![allow(dead_code, reason = "each test uses its part of it")]

pub mod fleet;

use host_test::bindings::exports::compliance::source::source::{Budget, Page};
use host_test::collection::{Collection, Order};
use host_test::engine::{Engine, EngineOptions};
use host_test::error::Error;
use host_test::plugin::Plugin;
use host_test::record_json;
use host_test::simulator::{AccountSpec, Config, Simulator, default_pair};
use host_test::tenant::{Clock, Credentials, Tenant};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::OnceLock;

/// When runs with a fixed clock take place: 2026-01-31T12:00:00Z.
pub const NOW: Clock = Clock::Fixed(1_769_860_800_000);

/// The folder that cargo builds into.
pub fn target_folder() -> PathBuf {
    let program = std::env::current_exe().unwrap();
    program.ancestors().find(|folder| folder.join("CACHEDIR.TAG").is_file()).unwrap().to_path_buf()
}

/// The component that this project builds.
pub fn component_file() -> PathBuf {
    let file = target_folder().join("wasm32-wasip2/release/fivetran_source.wasm");
    assert!(file.is_file(), "build the component first: cargo build --release --target wasm32-wasip2");
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
    engine().load(&component_file()).await.unwrap()
}

/// A simulator on a free port.
pub async fn simulator(config: Config) -> Simulator {
    Simulator::start(config, SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await.unwrap()
}

/// An account of the given size.
pub fn account(users: usize, teams: usize, groups: usize, connections: usize) -> Config {
    Config { account: AccountSpec { seed: 7, users, teams, groups, connections }, ..Config::default() }
}

/// A tenant whose requests go to the simulator, under a fixed clock.
pub fn tenant(simulator: &Simulator) -> Tenant {
    let mut tenant = Tenant::new(Credentials::Basic(default_pair()));
    tenant.upstream = Some(simulator.url().parse().unwrap());
    tenant.clock = NOW;
    tenant
}

/// An order with these bounds.
pub fn order(max_records: Option<u32>, max_concurrency: Option<u32>) -> Order {
    let none = Order::default();
    Order { budget: Budget { max_records, max_concurrency, ..none.budget }, ..none }
}

/// A whole collection.
pub struct Collected {
    /// Every page.
    pub pages: Vec<Page>,
    /// Every record, as a line of JSON.
    pub lines: Vec<String>,
}

/// Collects to the end.
pub async fn collect(plugin: &Plugin, tenant: &Tenant, order: Order) -> Result<Collected, Error> {
    let mut collection = Collection::start(plugin, tenant, order).await?;
    let (mut pages, mut lines) = (Vec::new(), Vec::new());
    while let Some(page) = collection.next().await? {
        for record in &page.records {
            lines.push(record_json::line(record)?.text);
        }
        pages.push(page);
    }
    Ok(Collected { pages, lines })
}

/// A component of `tests/guests`, built when it is needed.
pub fn guest(name: &str) -> PathBuf {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    let folder = BUILT.get_or_init(|| {
        let target = target_folder().join("guests");
        let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/guests/Cargo.toml");
        let status = std::process::Command::new(env!("CARGO"))
            .args(["build", "--release", "--quiet", "--target", "wasm32-wasip2", "--manifest-path", manifest])
            .env("CARGO_TARGET_DIR", &target)
            .status()
            .unwrap();
        assert!(status.success(), "the guests do not build; is the target there? rustup target add wasm32-wasip2");
        target.join("wasm32-wasip2/release")
    });
    folder.join(format!("{name}.wasm"))
}

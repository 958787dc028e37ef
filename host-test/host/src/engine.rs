//! The wasmtime engine: what every component runs under, whoever it is.

use crate::code_cache::CodeCache;
use crate::error::{Error, Result};
use crate::limits::Limits;
use crate::network::Network;
use crate::transport::Transport;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;
use wasmtime::component::Component;
use wasmtime::{Config, InstanceAllocationStrategy, PoolingAllocationConfig};

/// How often a running guest is interrupted, to let others run and to see whether it spins.
pub const TICK: Duration = Duration::from_millis(10);
/// Instances at once unless asked otherwise: tenants that are not waiting.
const DEFAULT_INSTANCES: u32 = 256;
/// Core instances, memories and tables of one component: the guest itself and its adapters.
const MAX_PER_COMPONENT: u32 = 8;

/// What an engine is set up with.
#[derive(Clone, Debug)]
pub struct EngineOptions {
    /// Whether compiled code is kept on disk: see [`crate::code_cache`].
    pub cache: bool,
    /// The way out of this machine.
    pub network: Network,
    /// A pool with room for so many instances at once: the quickest for many. Each reserves 4 GiB of addresses from
    /// the start and, while it lives, about 6 mappings: beyond 10,000 the ceiling is `vm.max_map_count`, not memory.
    /// `None` for no pool: an instance takes what it needs when it comes, about [`Limits::MAX_MEMORY_BYTES`] of
    /// addresses. Its code checks each access to memory, which makes it slower.
    pub instances: Option<u32>,
}

impl Default for EngineOptions {
    fn default() -> Self {
        Self { cache: false, network: Network::default(), instances: Some(DEFAULT_INSTANCES) }
    }
}

/// Compiles components and runs them. Cheap to clone.
#[derive(Clone)]
pub struct Engine {
    inner: wasmtime::Engine,
    transport: Transport,
    cache: Option<Arc<CodeCache>>,
    alive: Arc<AtomicUsize>,
    _ticker: Arc<Ticker>,
}

impl Engine {
    /// Sets up an engine, and the thread that interrupts spinning guests.
    ///
    /// # Errors
    /// [`Error::Busy`] when the system gives no room for so many instances; when the options cannot be met otherwise.
    pub fn new(options: &EngineOptions) -> Result<Self> {
        let mut config = Config::new();
        config.wasm_component_model(true);
        config.epoch_interruption(true);
        config.concurrency_support(false);
        match options.instances {
            Some(instances) => config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool(instances))),
            None => on_demand(&mut config),
        };
        let inner = wasmtime::Engine::new(&config).map_err(|error| Error::busy_or(error, Error::Engine))?;
        let transport = Transport::new(&options.network)?;
        let ticker = Arc::new(Ticker::start(inner.clone()));
        // A cache that cannot be had only costs time.
        let cache = options.cache.then(CodeCache::of_user).flatten().map(Arc::new);
        Ok(Self { inner, transport, cache, alive: Arc::default(), _ticker: ticker })
    }

    /// Compiles a component, or takes its code from the cache.
    pub(crate) fn compile(&self, bytes: &[u8]) -> wasmtime::Result<Component> {
        match &self.cache {
            Some(cache) => cache.load(&self.inner, bytes).map(|(component, _)| component),
            None => Component::new(&self.inner, bytes),
        }
    }

    /// Wasmtime's engine.
    #[must_use]
    pub fn wasmtime(&self) -> &wasmtime::Engine {
        &self.inner
    }

    /// How many instances there are now.
    #[must_use]
    pub fn instances(&self) -> usize {
        self.alive.load(Ordering::SeqCst)
    }

    /// Counts one more instance until the answer is dropped.
    pub(crate) fn count_instance(&self) -> Alive {
        self.alive.fetch_add(1, Ordering::SeqCst);
        Alive(Arc::clone(&self.alive))
    }

    /// How requests leave.
    #[must_use]
    pub fn transport(&self) -> &Transport {
        &self.transport
    }
}

/// An instance that is alive.
pub(crate) struct Alive(Arc<AtomicUsize>);

impl Drop for Alive {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// No pool, and little room for each: for processes that run one component.
fn on_demand(config: &mut Config) -> &mut Config {
    config
        .allocation_strategy(InstanceAllocationStrategy::OnDemand)
        .memory_reservation(Limits::MAX_MEMORY_BYTES as u64)
        .memory_may_move(false)
        .memory_guard_size(0)
}

fn pool(instances: u32) -> PoolingAllocationConfig {
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(instances)
        .total_core_instances(instances.saturating_mul(MAX_PER_COMPONENT))
        .total_memories(instances)
        .total_tables(instances.saturating_mul(2))
        .total_stacks(instances.saturating_add(16)) // Fibers outlive their instance for a moment.
        .max_core_instances_per_component(MAX_PER_COMPONENT)
        .max_memories_per_component(1)
        .max_tables_per_component(MAX_PER_COMPONENT)
        .max_memory_size(Limits::MAX_MEMORY_BYTES)
        .table_elements(Limits::MAX_TABLE_ELEMENTS);
    pool
}

/// Advances the engine's epoch until it is dropped.
struct Ticker {
    stop: Arc<AtomicBool>,
}

impl Ticker {
    fn start(engine: wasmtime::Engine) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        std::thread::spawn(move || {
            while !stopped.load(Ordering::Relaxed) {
                std::thread::sleep(TICK);
                engine.increment_epoch();
            }
        });
        Self { stop }
    }
}

impl Drop for Ticker {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

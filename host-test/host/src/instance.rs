//! One instance of a component in one store, for one tenant. Dropped after use.

use crate::bindings::exports::compliance::source::catalog::{self, SourceDescription};
use crate::bindings::exports::compliance::source::direct;
use crate::bindings::exports::compliance::source::planner::{self, Cost};
use crate::bindings::exports::compliance::source::source::{
    self, CollectRequest, Configuration, Configured, HealthDepth, HealthReport, Page,
};
use crate::egress::Policy;
use crate::engine::{Alive, MAX_RESULT_BYTES, TICK};
use crate::error::{Error, Result};
use crate::limits::Limit;
use crate::reviewed::Reviewed;
use crate::state::State;
use crate::tenant::Tenant;
use std::time::{Duration, Instant};
use wasmtime::{Store, StoreContextMut, UpdateDeadline};

/// A component may compute for so long at full speed: several times what the largest page takes.
const BUSY_TICKS: u32 = 10;

/// One instance of a component in a store of its own, for one tenant.
pub struct Instance {
    store: Store<State>,
    catalog: catalog::Guest,
    source: source::Guest,
    planner: Option<planner::Guest>,
    direct: Option<direct::Guest>,
    longest: Duration,
    _alive: Alive,
}

impl Instance {
    /// Instantiates a component for a tenant, not configured yet.
    ///
    /// # Errors
    /// [`Error::Busy`] when there is no room for one more instance; when it traps.
    pub async fn new(reviewed: &Reviewed, policy: Policy, tenant: &Tenant) -> Result<Self> {
        let engine = &reviewed.engine;
        let state = State::new(tenant, policy, engine.transport().clone());
        let mut store = Store::new(engine.wasmtime(), state);
        store.limiter(|state| &mut state.limiter);
        store.set_hostcall_fuel(MAX_RESULT_BYTES);
        store.set_epoch_deadline(1);
        store.epoch_deadline_callback(interrupt(tenant.limits.compute));
        let instance = reviewed.pre.instantiate_async(&mut store).await.map_err(stopped)?;
        let catalog = reviewed.catalog.load(&mut store, &instance).map_err(stopped)?;
        let source = reviewed.source.load(&mut store, &instance).map_err(stopped)?;
        let planner = reviewed.planner.as_ref().map(|indices| indices.load(&mut store, &instance));
        let direct = reviewed.direct.as_ref().map(|indices| indices.load(&mut store, &instance));
        Ok(Self {
            store,
            catalog,
            source,
            planner: planner.transpose().map_err(stopped)?,
            direct: direct.transpose().map_err(stopped)?,
            longest: tenant.limits.call,
            _alive: engine.count_instance(),
        })
    }

    /// Linear memory of the component, in bytes. It never shrinks.
    pub fn memory_bytes(&self) -> usize {
        self.store.data().limiter.memory_bytes
    }

    /// `catalog.describe`.
    ///
    /// # Errors
    /// When the guest traps or does not answer.
    pub async fn describe(&mut self) -> Result<SourceDescription> {
        within(self.longest, self.catalog.call_describe(&mut self.store)).await
    }

    /// `source.configure`.
    ///
    /// # Errors
    /// [`Error::Configuration`] with every finding.
    pub async fn configure(&mut self, configuration: &Configuration) -> Result<Configured> {
        let answer = self.source.call_configure(&mut self.store, configuration);
        within(self.longest, answer).await?.map_err(Error::Configuration)
    }

    /// `source.health`.
    ///
    /// # Errors
    /// When the guest traps or does not answer.
    pub async fn health(&mut self, depth: HealthDepth) -> Result<HealthReport> {
        within(self.longest, self.source.call_health(&mut self.store, depth)).await
    }

    /// `planner.estimate`.
    ///
    /// # Errors
    /// [`Error::Source`] with the failure; [`Error::ExportMissing`] where the component is no planner.
    pub async fn estimate(&mut self, request: &CollectRequest) -> Result<Cost> {
        let planner = self.planner.as_ref().ok_or(Error::ExportMissing("compliance:source/planner"))?;
        let cost = within(self.longest, planner.call_estimate(&mut self.store, request)).await?;
        cost.map_err(|failure| Error::Source(Box::new(failure)))
    }

    /// `direct.collect`.
    ///
    /// # Errors
    /// As for [`Instance::collect`]; [`Error::ExportMissing`] where the component does not export it.
    pub async fn collect_directly(&mut self, with: &Configuration, request: &CollectRequest) -> Result<Page> {
        let direct = self.direct.as_ref().ok_or(Error::ExportMissing("compliance:source/direct"))?;
        let page = within(self.longest, direct.call_collect(&mut self.store, with, request)).await?;
        page.map_err(|failure| Error::Source(Box::new(failure)))
    }

    /// `direct.health`.
    ///
    /// # Errors
    /// When the guest traps or does not answer; [`Error::ExportMissing`] where the component does not
    /// export it.
    pub async fn health_directly(&mut self, with: &Configuration, depth: HealthDepth) -> Result<HealthReport> {
        let direct = self.direct.as_ref().ok_or(Error::ExportMissing("compliance:source/direct"))?;
        within(self.longest, direct.call_health(&mut self.store, with, depth)).await
    }

    /// `source.collect`.
    ///
    /// # Errors
    /// [`Error::Source`] with the failure.
    pub async fn collect(&mut self, request: &CollectRequest) -> Result<Page> {
        let page = within(self.longest, self.source.call_collect(&mut self.store, request)).await?;
        page.map_err(|failure| Error::Source(Box::new(failure)))
    }
}

/// What happens when a tick ends while the guest computes: others get their turn, and who spins is
/// slowed down and in the end stopped. A tick that was mostly spent waiting is none.
fn interrupt(
    limit: Duration,
) -> impl FnMut(StoreContextMut<'_, State>) -> wasmtime::Result<UpdateDeadline> + Send + Sync + 'static {
    let (mut requests, mut waited, mut resumed) = (0, Duration::ZERO, Instant::now());
    move |mut context| {
        let state = context.data_mut();
        let passed = resumed.elapsed();
        let computed = passed.saturating_sub(state.waited - waited);
        if state.let_out() != requests {
            state.spinning = 0;
        } else if computed > passed / 2 {
            state.spinning += 1;
        }
        if TICK * state.spinning > limit {
            return Err(wasmtime::Error::new(Limit::Compute(limit)));
        }
        // Who computes for long gets a tenth of a core, so that neighbours do not notice.
        let pause = TICK * if state.spinning > BUSY_TICKS { 9 } else { 0 };
        (requests, waited, resumed) = (state.let_out(), state.waited, Instant::now() + pause);
        if pause.is_zero() {
            return Ok(UpdateDeadline::Yield(1));
        }
        Ok(UpdateDeadline::YieldCustom(1, Box::pin(tokio::time::sleep(pause))))
    }
}

/// Waits for a call, but not for ever, and names why it was stopped.
async fn within<T>(longest: Duration, call: impl Future<Output = wasmtime::Result<T>>) -> Result<T> {
    match tokio::time::timeout(longest, call).await {
        Err(_) => Err(Error::Limit(Limit::Call(longest))),
        Ok(answer) => answer.map_err(stopped),
    }
}

fn stopped(trap: wasmtime::Error) -> Error {
    match Limit::behind(&trap) {
        Some(limit) => Error::Limit(limit),
        None => Error::busy_or(trap, Error::Trap),
    }
}

//! One instance of a component in one store, for one tenant. Dropped after use.

use crate::bindings::exports::compliance::source::catalog::{self, SourceDescription};
use crate::bindings::exports::compliance::source::direct;
use crate::bindings::exports::compliance::source::planner::{self, Cost};
use crate::bindings::exports::compliance::source::source::{
    self, CollectRequest, Configuration, Configured, HealthDepth, HealthReport, Page,
};
use crate::compute::Exceeded;
use crate::egress::Policy;
use crate::engine::Alive;
use crate::error::{Error, Result};
use crate::limits::{Limit, Limits};
use crate::reviewed::Reviewed;
use crate::state::State;
use crate::tenant::Tenant;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use wasmtime::{Store, StoreContextMut, UpdateDeadline};

/// One instance of a component in a store of its own, for one tenant.
pub struct Instance {
    store: Store<State>,
    catalog: catalog::Guest,
    source: source::Guest,
    planner: Option<planner::Guest>,
    direct: Option<direct::Guest>,
    limits: Limits,
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
        store.set_hostcall_fuel(tenant.limits.page_bytes);
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
            limits: tenant.limits,
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
        within(self.limits.call, self.catalog.call_describe(&mut self.store)).await
    }

    /// `source.configure`.
    ///
    /// # Errors
    /// [`Error::Configuration`] with every finding.
    pub async fn configure(&mut self, configuration: &Configuration) -> Result<Configured> {
        let answer = self.source.call_configure(&mut self.store, configuration);
        within(self.limits.call, answer).await?.map_err(Error::Configuration)
    }

    /// `source.health`.
    ///
    /// # Errors
    /// When the guest traps; [`Limit::Health`] when it does not answer in time.
    pub async fn health(&mut self, depth: HealthDepth) -> Result<HealthReport> {
        let report = self.source.call_health(&mut self.store, depth);
        in_time(self.limits.health, report).await
    }

    /// `planner.estimate`.
    ///
    /// # Errors
    /// [`Error::Source`] with the failure; [`Error::ExportMissing`] where the component is no planner.
    pub async fn estimate(&mut self, request: &CollectRequest) -> Result<Cost> {
        let planner = self.planner.as_ref().ok_or(Error::ExportMissing("compliance:source/planner"))?;
        let cost = within(self.limits.call, planner.call_estimate(&mut self.store, request)).await?;
        cost.map_err(|failure| Error::Source(Box::new(failure)))
    }

    /// `direct.collect`.
    ///
    /// # Errors
    /// As for [`Instance::collect`]; [`Error::ExportMissing`] where the component does not export it.
    pub async fn collect_directly(&mut self, with: &Configuration, request: &CollectRequest) -> Result<Page> {
        let direct = self.direct.as_ref().ok_or(Error::ExportMissing("compliance:source/direct"))?;
        let page = within(self.limits.call, direct.call_collect(&mut self.store, with, request)).await?;
        page.map_err(|failure| Error::Source(Box::new(failure)))
    }

    /// `direct.health`.
    ///
    /// # Errors
    /// As for [`Instance::health`]; [`Error::ExportMissing`] where the component does not export it.
    pub async fn health_directly(&mut self, with: &Configuration, depth: HealthDepth) -> Result<HealthReport> {
        let direct = self.direct.as_ref().ok_or(Error::ExportMissing("compliance:source/direct"))?;
        in_time(self.limits.health, direct.call_health(&mut self.store, with, depth)).await
    }

    /// `source.collect`.
    ///
    /// # Errors
    /// [`Error::Source`] with the failure.
    pub async fn collect(&mut self, request: &CollectRequest) -> Result<Page> {
        let page = within(self.limits.call, self.source.call_collect(&mut self.store, request)).await?;
        page.map_err(|failure| Error::Source(Box::new(failure)))
    }
}

/// What happens when a tick ends while the guest computes: others get their turn, and who computes for
/// long is slowed down and in the end stopped.
fn interrupt(
    limit: Duration,
) -> impl FnMut(StoreContextMut<'_, State>) -> wasmtime::Result<UpdateDeadline> + Send + Sync + 'static {
    // When the guest goes on, its pause and the turns of others are over: only the future knows that moment.
    let resumed = Arc::new(Mutex::new(Instant::now()));
    move |mut context| {
        let state = context.data_mut();
        let (waited, sent) = (state.waited, state.sent());
        let at = *resumed.lock().unwrap_or_else(PoisonError::into_inner);
        state.compute.resumed(at);
        let pause = state.compute.tick(waited, sent, Instant::now());
        let pause = pause.map_err(|Exceeded| wasmtime::Error::new(Limit::Compute(limit)))?;
        let resumed = Arc::clone(&resumed);
        Ok(UpdateDeadline::YieldCustom(
            1,
            Box::pin(async move {
                match pause {
                    Duration::ZERO => tokio::task::yield_now().await,
                    pause => tokio::time::sleep(pause).await,
                }
                *resumed.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
            }),
        ))
    }
}

/// Waits for a call, but not for ever, and names why it was stopped.
async fn within<T>(longest: Duration, call: impl Future<Output = wasmtime::Result<T>>) -> Result<T> {
    match tokio::time::timeout(longest, call).await {
        Err(_) => Err(Error::Limit(Limit::Call(longest))),
        Ok(answer) => answer.map_err(stopped),
    }
}

/// The same for a call of `health`, which must not take long whatever the vendor does.
async fn in_time<T>(longest: Duration, call: impl Future<Output = wasmtime::Result<T>>) -> Result<T> {
    within(longest, call).await.map_err(|error| match error {
        Error::Limit(Limit::Call(_)) => Error::Limit(Limit::Health(longest)),
        other => other,
    })
}

fn stopped(trap: wasmtime::Error) -> Error {
    match Limit::behind(&trap) {
        Some(limit) => Error::Limit(limit),
        None => Error::busy_or(trap, Error::Trap),
    }
}

//! One instance of a component in one store, for one tenant. Dropped after use.

use crate::bindings::EvidenceSource;
use crate::bindings::exports::compliance::source::catalog::SourceDescription;
use crate::bindings::exports::compliance::source::source::{
    self, BasicCredentials, CollectRequest, Configuration, Configured, HealthDepth, HealthReport, Page,
};
use crate::egress::Policy;
use crate::engine::{MAX_RESULT_BYTES, TICK};
use crate::error::{Error, Result};
use crate::plugin::Plugin;
use crate::state::State;
use crate::tenant::{Credentials, Tenant};
use std::time::Duration;
use wasmtime::{Store, UpdateDeadline};

/// A guest that computes for so long without a request is stopped. Assembling the largest page
/// takes a fraction of it.
const MAX_SPIN: Duration = Duration::from_secs(20);
/// No call takes longer, waits for the vendor included.
const MAX_CALL: Duration = Duration::from_secs(15 * 60);

/// See the module.
pub struct Instance {
    store: Store<State>,
    source: EvidenceSource,
}

#[derive(Debug)]
struct Spun;

impl std::fmt::Display for Spun {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("computed for too long")
    }
}

impl std::error::Error for Spun {}

impl Instance {
    /// Instantiates a component for a tenant, not configured yet.
    ///
    /// # Errors
    /// When there is no room for one more instance, or it traps.
    pub async fn new(plugin: &Plugin, tenant: &Tenant) -> Result<Self> {
        let engine = plugin.engine();
        let declared = plugin.declared();
        let granted = tenant.granted.clone().unwrap_or_else(|| declared.clone());
        let policy = Policy { declared, granted };
        let state = State::new(tenant, policy, engine.transport().clone(), engine.limits());
        let mut store = Store::new(engine.wasmtime(), state);
        store.limiter(|state| &mut state.limits);
        store.set_hostcall_fuel(MAX_RESULT_BYTES);
        store.set_epoch_deadline(1);
        let mut requests = 0;
        store.epoch_deadline_callback(move |mut context| {
            let state = context.data_mut();
            let asked = state.requests() != requests;
            requests = state.requests();
            state.spinning = if asked { 0 } else { state.spinning + 1 };
            if TICK * state.spinning > MAX_SPIN {
                return Err(wasmtime::Error::new(Spun));
            }
            Ok(UpdateDeadline::Yield(1))
        });
        let source = plugin.pre().instantiate_async(&mut store).await.map_err(Error::Trap)?;
        Ok(Self { store, source })
    }

    /// Instantiates and configures in one step.
    ///
    /// # Errors
    /// [`Error::Configuration`] with every finding.
    pub async fn configured(plugin: &Plugin, tenant: &Tenant) -> Result<(Self, Configured)> {
        let mut instance = Self::new(plugin, tenant).await?;
        let configured = instance.configure(tenant).await?;
        Ok((instance, configured))
    }

    /// `catalog.describe`.
    ///
    /// # Errors
    /// When the guest traps or does not answer.
    pub async fn describe(&mut self) -> Result<SourceDescription> {
        let catalog = self.source.compliance_source_catalog();
        within(catalog.call_describe(&mut self.store)).await
    }

    /// `source.configure`.
    ///
    /// # Errors
    /// [`Error::Configuration`] with every finding.
    pub async fn configure(&mut self, tenant: &Tenant) -> Result<Configured> {
        let credentials = match &tenant.credentials {
            Credentials::Basic(pair) => source::Credentials::Basic(BasicCredentials {
                username: pair.username.expose().into(),
                password: pair.password.expose().into(),
            }),
            Credentials::HostManaged(_) => source::Credentials::HostManaged,
        };
        let configuration = Configuration { credentials, settings: tenant.settings.clone() };
        let guest = self.source.compliance_source_source();
        within(guest.call_configure(&mut self.store, &configuration)).await?.map_err(Error::Configuration)
    }

    /// `source.health`.
    ///
    /// # Errors
    /// When the guest traps or does not answer.
    pub async fn health(&mut self, depth: HealthDepth) -> Result<HealthReport> {
        let guest = self.source.compliance_source_source();
        within(guest.call_health(&mut self.store, depth)).await
    }

    /// `source.collect`.
    ///
    /// # Errors
    /// [`Error::Source`] with the failure.
    pub async fn collect(&mut self, request: &CollectRequest) -> Result<Page> {
        let guest = self.source.compliance_source_source();
        within(guest.call_collect(&mut self.store, request)).await?.map_err(|failure| Error::Source(Box::new(failure)))
    }
}

/// Waits for a call, but not for ever, and names why it was stopped.
async fn within<T>(call: impl Future<Output = wasmtime::Result<T>>) -> Result<T> {
    match tokio::time::timeout(MAX_CALL, call).await {
        Err(_) => Err(Error::Timeout { seconds: MAX_CALL.as_secs() }),
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(trap)) if trap.is::<Spun>() => Err(Error::Spinning { seconds: MAX_SPIN.as_secs() }),
        Ok(Err(trap)) => Err(Error::Trap(trap)),
    }
}

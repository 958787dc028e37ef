//! A component that was reviewed and has described itself.

use crate::bindings::exports::compliance::source::catalog::{AuthenticationScheme, SourceDescription};
use crate::bindings::exports::compliance::source::source::{
    BasicCredentials, Configuration, Configured, Credentials as Given,
};
use crate::egress::{Policy, Rule};
use crate::engine::Engine;
use crate::error::{Error, Result};
use crate::instance::Instance;
use crate::pin;
use crate::reviewed::Reviewed;
use crate::tenant::{Credentials, Tenant};
use std::path::Path;
use std::sync::Arc;

/// A component that was reviewed and has described itself, ready to be instantiated for tenants. Cheap to clone.
#[derive(Clone)]
pub struct Plugin {
    reviewed: Reviewed,
    description: Arc<SourceDescription>,
}

impl Plugin {
    /// Compiles the component in a file, and asks it for its description.
    ///
    /// # Errors
    /// When the file cannot be read or is no source that may run.
    pub async fn load(engine: &Engine, path: &Path) -> Result<Self> {
        let bytes = std::fs::read(path).map_err(Error::file("read", path))?;
        Self::new(engine, &bytes).await
    }

    /// Compiles a component and asks it for its description.
    ///
    /// # Errors
    /// [`Error::ImportsDenied`] before anything of it runs; [`Error::ExportMissing`].
    pub async fn new(engine: &Engine, bytes: &[u8]) -> Result<Self> {
        let reviewed = Reviewed::new(engine, bytes)?;
        // Describing needs no credentials and may send nothing: this tenant has neither.
        let nobody = Tenant::new(Credentials::None);
        let description = Instance::new(&reviewed, Policy::default(), &nobody).await?.describe().await?;
        Ok(Self { reviewed, description: Arc::new(description) })
    }

    /// What it says of itself.
    #[must_use]
    pub fn description(&self) -> &SourceDescription {
        &self.description
    }

    /// SHA-256 of its bytes.
    #[must_use]
    pub fn sha256(&self) -> &str {
        &self.reviewed.sha256
    }

    /// The engine it was compiled for.
    #[must_use]
    pub fn engine(&self) -> &Engine {
        &self.reviewed.engine
    }

    /// Whether it can say what a collection would cost.
    #[must_use]
    pub fn is_planner(&self) -> bool {
        self.reviewed.planner.is_some()
    }

    /// The requests that it says it will make under these settings.
    ///
    /// # Errors
    /// When a setting that names a host is missing or not allowed.
    pub fn declared(&self, settings: &str) -> Result<Vec<Rule>> {
        pin::rules(&self.description.capabilities, settings)
    }

    /// An instance for a tenant, not configured yet.
    ///
    /// # Errors
    /// When there is no room for one more instance, it traps, or a host in a setting may not be
    /// reached.
    pub async fn instantiate(&self, tenant: &Tenant) -> Result<Instance> {
        Instance::new(&self.reviewed, self.policy(tenant)?, tenant).await
    }

    /// The rules for a tenant's requests.
    ///
    /// # Errors
    /// When a setting that names a host is missing or not allowed.
    pub fn policy(&self, tenant: &Tenant) -> Result<Policy> {
        let declared = self.declared(&tenant.settings)?;
        let granted = tenant.granted.clone().unwrap_or_else(|| declared.clone());
        Ok(Policy { declared, granted })
    }

    /// An instance for a tenant, configured.
    ///
    /// # Errors
    /// [`Error::Configuration`] with every finding.
    pub async fn configured(&self, tenant: &Tenant) -> Result<(Instance, Configured)> {
        let mut instance = self.instantiate(tenant).await?;
        let configured = instance.configure(&self.configuration(tenant)?).await?;
        Ok((instance, configured))
    }

    /// What the component is configured with.
    ///
    /// # Errors
    /// When it authenticates in a way for which the tenant has no credentials.
    pub fn configuration(&self, tenant: &Tenant) -> Result<Configuration> {
        let scheme = self.description.authentication.scheme;
        let credentials = match (scheme, &tenant.credentials) {
            (AuthenticationScheme::None, _) => Given::None,
            (AuthenticationScheme::Basic, Credentials::Basic(pair)) => Given::Basic(BasicCredentials {
                username: pair.username.expose().into(),
                password: pair.password.expose().into(),
            }),
            (AuthenticationScheme::Basic, Credentials::HostManaged(_)) => Given::HostManaged,
            (AuthenticationScheme::Basic, Credentials::None) => {
                let what = "the component needs a key and a secret, and the tenant has none";
                return Err(Error::usage(what, "give the tenant credentials"));
            }
            _ => {
                let what = "the component does not authenticate with a key and a secret";
                return Err(Error::usage(what, "this harness has no other credentials to give"));
            }
        };
        Ok(Configuration { credentials, settings: tenant.settings.clone() })
    }
}

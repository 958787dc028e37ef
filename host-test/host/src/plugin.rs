//! A component that was reviewed and has described itself.

use crate::bindings::exports::compliance::source::catalog::{Authentication, AuthenticationScheme, SourceDescription};
use crate::bindings::exports::compliance::source::source::{
    BasicCredentials, Configuration, Configured, Credentials as Given,
};
use crate::egress::{Policy, Rule};
use crate::engine::Engine;
use crate::error::{Error, Result};
use crate::grant::{Grant, beyond};
use crate::instance::Instance;
use crate::pin;
use crate::reviewed::Reviewed;
use crate::tenant::{Credentials, Managed, Tenant, upstream_fault};
use http::HeaderValue;
use source_evidence::digest::sha256_hex;
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
        Self::loaded(engine, path, &read(path)?).await
    }

    /// Compiles the component in a file, if its SHA-256 is this one, and asks it for its description.
    ///
    /// # Errors
    /// [`Error::OtherComponent`] before anything of it is compiled or run; else as for [`Plugin::load`].
    pub async fn load_only(engine: &Engine, path: &Path, sha256: &str) -> Result<Self> {
        let bytes = read(path)?;
        // Before anything is said of what another file is.
        let found = sha256_hex(&bytes);
        if !found.eq_ignore_ascii_case(sha256) {
            return Err(Error::OtherComponent { wanted: sha256.into(), found });
        }
        Self::loaded(engine, path, &bytes).await
    }

    async fn loaded(engine: &Engine, path: &Path, bytes: &[u8]) -> Result<Self> {
        match not_a_component(bytes) {
            Some((what, remedy)) => Err(Error::NotAComponent { file: path.into(), what, remedy }),
            None => Self::new(engine, bytes).await.map_err(|error| naming(error, path)),
        }
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

    /// What it asks for and a policy does not grant, a line for each request; `None` is no policy. Hosts that a
    /// setting names are compared as they are written, for there are no settings yet.
    #[must_use]
    pub fn beyond(&self, grant: Option<&Grant>) -> Vec<String> {
        let grant = grant.filter(|grant| grant.source == self.description.id);
        beyond(&pin::unpinned(&self.description.capabilities), &grant.map(Grant::unpinned).unwrap_or_default())
    }

    /// The error of a component for which there is no policy.
    #[must_use]
    pub fn not_granted(&self) -> Error {
        let policy = Grant::asked_for(&self.description).text();
        Error::NotGranted { id: self.description.id.clone(), asks: self.beyond(None), policy }
    }

    /// What may leave for a tenant.
    fn policy(&self, tenant: &Tenant) -> Result<Policy> {
        if let Some((what, remedy)) = tenant.upstream.as_ref().and_then(upstream_fault) {
            return Err(Error::usage(format!("the upstream {what}"), remedy));
        }
        let declared = self.declared(&tenant.settings)?;
        let id = &self.description.id;
        let grant = match &tenant.granted {
            Some(grant) if grant.source == *id => grant,
            Some(grant) => {
                let what = format!("the policy is for the source {:?}, and this is {id:?}", grant.source);
                return Err(Error::usage(what, "give the policy of this source"));
            }
            None if declared.is_empty() => return Ok(Policy::default()),
            None => return Err(self.not_granted()),
        };
        let granted = pin::granted(grant, &tenant.settings);
        let asks = beyond(&declared, &granted);
        if !asks.is_empty() {
            let granted = grant.unpinned().iter().flat_map(Rule::lines).collect();
            return Err(Error::BeyondGrant { id: id.clone(), asks, granted });
        }
        Ok(Policy { declared, granted })
    }

    /// An instance for a tenant, not configured yet.
    ///
    /// # Errors
    /// [`Error::NotGranted`] and [`Error::BeyondGrant`]; when there is no room for one more instance, it traps, or a
    /// host in a setting may not be reached.
    pub async fn instantiate(&self, tenant: &Tenant) -> Result<Instance> {
        Instance::new(&self.reviewed, self.policy(tenant)?, tenant).await
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
        let credentials = given(&self.description.authentication, &tenant.credentials)?;
        Ok(Configuration { credentials, settings: tenant.settings.clone() })
    }
}

/// What a component is given that asks for credentials in this way. Whether one that takes a token or fields needs
/// the one or the other may depend on its settings: it says itself what it cannot use.
fn given(asked: &Authentication, credentials: &Credentials) -> Result<Given> {
    use AuthenticationScheme::{Basic, Bearer, None, Other};
    let fields = || asked.fields.iter().map(|field| field.id.as_str()).collect::<Vec<_>>().join(", ");
    match (asked.scheme, credentials) {
        (None, _) => Ok(Given::None),
        (Basic, Credentials::Basic(pair)) => Ok(Given::Basic(BasicCredentials {
            username: pair.username.expose().into(),
            password: pair.password.expose().into(),
        })),
        (Bearer | Other, Credentials::HostManaged(Managed::Bearer(token)))
            if HeaderValue::try_from(token.expose()).is_err() =>
        {
            let what = "the token cannot stand in a header: there is a line break or the like in it";
            Err(Error::usage(what, "give the token alone, on one line"))
        }
        (Basic, Credentials::HostManaged(Managed::Basic(_)))
        | (Bearer | Other, Credentials::HostManaged(Managed::Bearer(_))) => Ok(Given::HostManaged),
        (Bearer | Other, Credentials::Bearer(token)) => Ok(Given::Bearer(token.expose().into())),
        (Bearer | Other, Credentials::Fields(values)) => {
            let known = |id: &String| asked.fields.iter().any(|field| field.id == *id);
            if let Some((id, _)) = values.iter().find(|(id, _)| !known(id)) {
                let what = format!("the component has no credential field {id:?}");
                return Err(Error::usage(what, format!("it asks for: {}", fields())));
            }
            Ok(Given::Fields(values.iter().map(|(id, value)| (id.clone(), value.expose().into())).collect()))
        }
        (_, Credentials::None) => {
            let what = "the component needs credentials, and the tenant has none";
            Err(Error::usage(what, format!("give the tenant what it asks for: {}", fields())))
        }
        _ => {
            let what = "the component does not take the kind of credentials that the tenant has";
            Err(Error::usage(what, format!("give the tenant what it asks for: {}", fields())))
        }
    }
}

/// What every component begins with: magic, version and layer of the binary format.
const COMPONENT: &[u8] = b"\0asm\x0d\0\x01\0";
/// What every core module begins with.
const CORE_MODULE: &[u8] = b"\0asm\x01\0\0\0";

/// The same error, with the file that could not be loaded.
fn naming(error: Error, path: &Path) -> Error {
    match error {
        Error::Component(why) => Error::Component(why.context(path.display().to_string())),
        other => other,
    }
}

fn read(path: &Path) -> Result<Vec<u8>> {
    if path.is_dir() {
        let (what, remedy) = ("it is a folder", "name the file in it");
        return Err(Error::NotAComponent { file: path.into(), what, remedy });
    }
    std::fs::read(path).map_err(Error::file("read", path))
}

/// What a file is that does not begin as a component does, and what to do about it.
fn not_a_component(bytes: &[u8]) -> Option<(&'static str, &'static str)> {
    Some(if bytes.starts_with(COMPONENT) {
        return None;
    } else if bytes.is_empty() {
        ("the file is empty", "build it anew")
    } else if bytes.starts_with(CORE_MODULE) {
        ("it is a core module", "build it for wasm32-wasip2, or make a component of it with wasm-tools")
    } else if COMPONENT.starts_with(bytes) {
        ("the file was cut short", "build it anew")
    } else {
        ("it is something else", "name the .wasm file that cargo builds for wasm32-wasip2")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bindings::exports::compliance::source::catalog::CredentialField;
    use crate::tenant::{Pair, Secret};

    fn asks(scheme: AuthenticationScheme, ids: &[&str]) -> Authentication {
        let field = |id: &&str| CredentialField {
            id: (*id).into(),
            label: String::new(),
            help: String::new(),
            secret: true,
            multiline: false,
        };
        Authentication { scheme, fields: ids.iter().map(field).collect(), help: String::new(), help_url: String::new() }
    }

    #[test]
    fn a_token_that_is_no_header_is_refused_without_its_text() {
        let asked = asks(AuthenticationScheme::Bearer, &["token"]);
        for token in ["canary\n", "can\rary: x"] {
            let managed = Credentials::HostManaged(Managed::Bearer(Secret::new(token)));
            let error = given(&asked, &managed).expect_err(token).to_string();
            assert!(error.contains("on one line") && !error.contains("canary") && !error.contains("rary"), "{error}");
        }
    }

    #[test]
    fn a_component_gets_the_credentials_that_it_asks_for_and_no_others() {
        use AuthenticationScheme::{Basic, Bearer, None, Other};
        let secret = || Secret::new("canary");
        let pair = || Pair { username: secret(), password: secret() };
        let fields = |id: &str| Credentials::Fields(vec![(id.into(), secret())]);
        let managed = [Managed::Basic(pair()), Managed::Bearer(secret())].map(Credentials::HostManaged);
        let all = [Credentials::Basic(pair()), Credentials::Bearer(secret()), fields("key"), fields("other")];
        let all = all.into_iter().chain(managed).chain([Credentials::None]);
        let word = |given: Result<Given>| match given {
            Ok(Given::None) => "none",
            Ok(Given::Basic(_)) => "basic",
            Ok(Given::Bearer(_)) => "bearer",
            Ok(Given::Fields(_)) => "fields",
            Ok(Given::HostManaged) => "managed",
            Err(error) => {
                let text = format!("{error} {error:?}");
                assert!(text.contains("token, key") && !text.contains("canary"), "{text}");
                "-"
            }
        };
        for (scheme, want) in [
            (Basic, ["basic", "-", "-", "-", "managed", "-", "-"]),
            (Bearer, ["-", "bearer", "fields", "-", "-", "managed", "-"]),
            (Other, ["-", "bearer", "fields", "-", "-", "managed", "-"]),
            (None, ["none"; 7]),
        ] {
            let asked = asks(scheme, &["token", "key"]);
            let got: Vec<&str> = all.clone().map(|credentials| word(given(&asked, &credentials))).collect();
            assert_eq!(got, want, "{scheme:?}");
        }
    }
}

//! The component: named, or the one that this project builds.

use crate::text::detail;
use clap::{Args, ValueEnum};
use source_host::engine::{Engine, EngineOptions};
use source_host::error::{Error, Result};
use source_host::network::{Network, ProxyFrom};
use source_host::plugin::Plugin;
use source_host::tenant::Secret;
use std::convert::Infallible;
use std::path::{Path, PathBuf};

/// The way out of this machine.
#[derive(Args, Clone)]
pub struct NetworkArgs {
    /// Certificates (PEM) to trust in addition to Mozilla's.
    #[arg(help_heading = "Network", long, value_name = "FILE")]
    pub ca_file: Option<PathBuf>,
    /// Trust the certificates that the system trusts too.
    #[arg(help_heading = "Network", long)]
    pub ca_system: bool,
    /// Proxy to reach HTTPS servers through, e.g. `http://proxy.example.com:3128`. A password is better kept in
    /// HTTPS_PROXY: everybody on this machine can read a command line.
    #[arg(help_heading = "Network", long, value_name = "URL", value_parser = secret, conflicts_with = "proxy_from_env")]
    pub proxy: Option<Secret>,
    /// Use the proxy named by HTTPS_PROXY or ALL_PROXY, except for hosts in NO_PROXY. Without this, none of them is read.
    #[arg(help_heading = "Network", long)]
    pub proxy_from_env: bool,
}

/// Takes any text: what is wrong with it is said later, without repeating it.
fn secret(text: &str) -> std::result::Result<Secret, Infallible> {
    Ok(Secret::new(text))
}

impl NetworkArgs {
    fn network(&self) -> Network {
        let proxy = match (&self.proxy, self.proxy_from_env) {
            (Some(url), _) => ProxyFrom::Url(url.clone()),
            (None, true) => ProxyFrom::Environment,
            (None, false) => ProxyFrom::Nowhere,
        };
        Network { ca_file: self.ca_file.clone(), ca_system: self.ca_system, proxy }
    }
}

/// A component of this project.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Source {
    /// The account, over Fivetran's REST API.
    #[default]
    Fivetran,
    /// Its audit trail, where the Fivetran Platform Connector or a log service keeps it.
    AuditTrail,
}

impl Source {
    fn file(self) -> &'static str {
        match self {
            Self::Fivetran => "fivetran_source.wasm",
            Self::AuditTrail => "audit_trail_source.wasm",
        }
    }
}

/// The file of a component, and how it is compiled.
#[derive(Args, Clone)]
pub struct FileArgs {
    /// Component to run; default: the one that this project builds.
    #[arg(help_heading = "Component", long, env = "HOST_TEST_COMPONENT", value_name = "FILE")]
    pub component: Option<PathBuf>,
    /// Run this component and no other: hexadecimal SHA-256 of its file.
    #[arg(help_heading = "Component", long, value_name = "HEX", value_parser = sha256)]
    pub component_sha256: Option<String>,
    /// Compile again instead of using the cache of compiled code.
    #[arg(help_heading = "Component", long)]
    pub no_cache: bool,
}

/// A component that is asked what it is, and sends nothing.
#[derive(Args, Clone)]
pub struct LocalArgs {
    /// Its file.
    #[command(flatten)]
    pub file: FileArgs,
    /// Which of this project's components to run, where --component names none.
    #[arg(help_heading = "Component", long, value_enum, default_value_t)]
    pub source: Source,
}

impl LocalArgs {
    /// Compiles the component that is meant.
    ///
    /// # Errors
    /// When it is not built, or is no source that may run.
    pub async fn load(&self) -> Result<Plugin> {
        self.load_from(&self.engine(Network::default(), None)?, &self.file()?).await
    }

    fn engine(&self, network: Network, instances: Option<u32>) -> Result<Engine> {
        Engine::new(&EngineOptions { cache: !self.file.no_cache, network, instances })
    }

    /// Compiles a component in a file with an engine.
    ///
    /// # Errors
    /// When it is no source that may run, or not the one that was asked for.
    pub async fn load_from(&self, engine: &Engine, file: &Path) -> Result<Plugin> {
        let plugin = match &self.file.component_sha256 {
            Some(sha256) => Plugin::load_only(engine, file, sha256).await?,
            None => Plugin::load(engine, file).await?,
        };
        detail(format!("component: {}, SHA-256 {}", file.display(), plugin.sha256()));
        Ok(plugin)
    }

    /// The component that is meant.
    ///
    /// # Errors
    /// When it is not built.
    pub fn file(&self) -> Result<PathBuf> {
        self.file.component.clone().map_or_else(|| built_component(self.source), Ok)
    }
}

/// A component that reads an account: which one, and how it gets out.
#[derive(Args, Clone)]
pub struct ComponentArgs {
    /// Which one.
    #[command(flatten)]
    pub local: LocalArgs,
    /// How it gets out.
    #[command(flatten)]
    pub network: NetworkArgs,
}

impl ComponentArgs {
    /// Compiles the component that is meant.
    ///
    /// # Errors
    /// When it is not built, or is no source that may run.
    pub async fn load(&self) -> Result<Plugin> {
        self.load_from(&self.engine(None)?, &self.file()?).await
    }

    /// Compiles a component in a file with an engine.
    ///
    /// # Errors
    /// When it is no source that may run, or not the one that was asked for.
    pub async fn load_from(&self, engine: &Engine, file: &Path) -> Result<Plugin> {
        self.local.load_from(engine, file).await
    }

    /// An engine with a pool for so many instances at once, or without one: see [`EngineOptions::instances`].
    ///
    /// # Errors
    /// When it cannot be set up.
    pub fn engine(&self, instances: Option<u32>) -> Result<Engine> {
        self.local.engine(self.network.network(), instances)
    }

    /// The component that is meant.
    ///
    /// # Errors
    /// When it is not built.
    pub fn file(&self) -> Result<PathBuf> {
        self.local.file()
    }
}

/// A SHA-256, in lower case.
///
/// # Errors
/// When it is none.
pub fn sha256(text: &str) -> std::result::Result<String, String> {
    match text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        true => Ok(text.to_ascii_lowercase()),
        false => Err("a SHA-256 is 64 hexadecimal digits".into()),
    }
}

/// The component that cargo built in the target folder this program lies in.
fn built_component(source: Source) -> Result<PathBuf> {
    let file = Path::new("wasm32-wasip2/release").join(source.file());
    let program = std::env::current_exe().map_err(Error::file("find", "this program"))?;
    let found = program.ancestors().skip(1).map(|folder| folder.join(&file)).find(|path| path.is_file());
    found.ok_or_else(|| {
        Error::usage(
            format!("the component {} is not built", source.file()),
            "run ./dev build, or name a file with --component",
        )
    })
}

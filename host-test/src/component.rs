//! The component: named, or the one that this project builds.

use clap::Args;
use source_host::engine::{Engine, EngineOptions};
use source_host::error::{Error, Result};
use source_host::network::{Network, ProxyFrom};
use source_host::plugin::Plugin;
use source_host::tenant::Secret;
use std::convert::Infallible;
use std::path::PathBuf;

/// The way out of this machine.
#[derive(Args, Clone)]
pub struct NetworkArgs {
    /// Certificates (PEM) to trust in addition to Mozilla's.
    #[arg(long, value_name = "FILE")]
    pub ca_file: Option<PathBuf>,
    /// Trust the certificates that the system trusts too.
    #[arg(long)]
    pub ca_system: bool,
    /// Proxy to reach HTTPS servers through, e.g. http://proxy.example.com:3128. A password is better kept in
    /// HTTPS_PROXY: everybody on this machine can read a command line.
    #[arg(long, value_name = "URL", value_parser = secret, conflicts_with = "proxy_from_env")]
    pub proxy: Option<Secret>,
    /// Use the proxy that HTTPS_PROXY names, but for the hosts in NO_PROXY. Without this, neither is read.
    #[arg(long)]
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

/// Which component is meant, and how it is run.
#[derive(Args, Clone)]
pub struct ComponentArgs {
    /// Component to run; default: the one built in this project.
    #[arg(long, env = "HOST_TEST_COMPONENT", value_name = "FILE")]
    pub component: Option<PathBuf>,
    /// How it gets out.
    #[command(flatten)]
    pub network: NetworkArgs,
    /// Compile again instead of using the cache of compiled code.
    #[arg(long)]
    pub no_cache: bool,
}

impl ComponentArgs {
    /// Compiles the component that is meant.
    ///
    /// # Errors
    /// When it is not built, or is no source that may run.
    pub async fn load(&self) -> Result<Plugin> {
        let none = EngineOptions::default();
        Plugin::load(&self.engine(none.instances)?, &self.file()?).await
    }

    /// An engine with room for so many instances at once.
    ///
    /// # Errors
    /// When it cannot be set up.
    pub fn engine(&self, instances: u32) -> Result<Engine> {
        Engine::new(&EngineOptions { cache: !self.no_cache, network: self.network.network(), instances })
    }

    /// The component that is meant.
    ///
    /// # Errors
    /// When it is not built.
    pub fn file(&self) -> Result<PathBuf> {
        self.component.clone().map_or_else(built_component, Ok)
    }
}

/// The component that cargo built in the target folder this program lies in.
fn built_component() -> Result<PathBuf> {
    const FILE: &str = "wasm32-wasip2/release/fivetran_source.wasm";
    let program = std::env::current_exe().map_err(Error::file("find", "this program"))?;
    let found = program.ancestors().skip(1).map(|folder| folder.join(FILE)).find(|path| path.is_file());
    found.ok_or_else(|| Error::usage("the component is not built", "run ./dev build, or name a file with --component"))
}

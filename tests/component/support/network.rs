//! Simulators that speak TLS, and components that trust them.

use super::fleet::Scratch;
use super::{component_file, simulator};
use fivetran_simulator::{Config, Simulator, Versions};
use source_host::engine::{Engine, EngineOptions};
use source_host::error::Error;
use source_host::network::Network;
use source_host::plugin::Plugin;
use std::path::{Path, PathBuf};

/// A simulator, and the certificate of its authority in a file.
pub struct Secure {
    pub simulator: Simulator,
    folder: Scratch,
}

impl Secure {
    pub async fn start(name: &str, config: Config, versions: Versions) -> Self {
        let simulator = simulator(Config { tls: Some(versions), ..config }).await;
        let folder = Scratch::new(name);
        std::fs::create_dir_all(&folder.0).unwrap();
        std::fs::write(folder.0.join("ca.pem"), simulator.ca_pem().unwrap()).unwrap();
        Self { simulator, folder }
    }

    pub fn ca_file(&self) -> PathBuf {
        self.folder.0.join("ca.pem")
    }

    /// What trusts it.
    pub fn network(&self) -> Network {
        Network { ca_file: Some(self.ca_file()), ..Network::default() }
    }

    /// The component under an engine that trusts it.
    pub async fn plugin(&self) -> Plugin {
        plugin_with(self.network(), &component_file()).await.unwrap()
    }
}

/// A component under an engine of its own, which sees the network like this.
pub async fn plugin_with(network: Network, file: &Path) -> Result<Plugin, Error> {
    let options = EngineOptions { cache: true, network, instances: Some(8) };
    Plugin::load(&Engine::new(&options)?, file).await
}

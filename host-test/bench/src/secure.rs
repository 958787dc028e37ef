//! Over TLS: what a fleet costs in connections and time, with HTTP/2 and with HTTP/1.1.

use super::child;
use super::tenants::Figures;
use fivetran_simulator::{AccountSpec, Config, Simulator, Versions};
use host_test::component::ComponentArgs;
use host_test::text::{say, table};
use source_fleet::Options;
use source_host::error::{Error, Result};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A simulator that speaks TLS, and what its clients have to trust.
pub struct Secure {
    pub simulator: Simulator,
    ca_file: PathBuf,
}

impl Secure {
    /// One with so many small accounts.
    pub async fn start(config: Config, versions: Versions, accounts: u32, connections: usize) -> Result<Self> {
        let account = AccountSpec { users: 5, teams: 2, groups: 2, connections, ..config.account.clone() };
        let accounts = accounts as usize;
        let config = Config { account, accounts, tls: Some(versions), keep_answers: true, journal: false, ..config };
        let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let simulator = Simulator::start(config, listen).await.map_err(Error::file("listen on", "127.0.0.1"))?;
        let name = format!("bench-ca-{}-{}.pem", std::process::id(), simulator.addr().port());
        let ca_file = std::env::temp_dir().join(name);
        let pem = simulator.ca_pem().unwrap_or_default();
        std::fs::write(&ca_file, pem).map_err(Error::file("write", &ca_file))?;
        Ok(Self { simulator, ca_file })
    }

    /// The same component, trusting it.
    pub fn trusted(&self, component: &ComponentArgs) -> ComponentArgs {
        let mut component = component.clone();
        component.network.ca_file = Some(self.ca_file.clone());
        component
    }
}

impl Drop for Secure {
    fn drop(&mut self) {
        // It lies in the folder for temporary files: leaving it there harms nobody.
        let _ = std::fs::remove_file(&self.ca_file);
    }
}

/// Collects so many tenants with each version of HTTP and each latency, and shows what it took.
pub async fn run(
    component: &ComponentArgs,
    out: &Path,
    tenants: u32,
    connections: usize,
    latencies: &[u64],
) -> Result<()> {
    let Options { active, concurrency, .. } = Options::new(out);
    let at_once = active.min(tenants as usize) * concurrency as usize;
    let mut rows = table(&[
        "Over TLS",
        "ms",
        "Calls",
        "Connections",
        "Handshakes",
        "At once",
        "Seconds",
        "Ideal",
        "Ratio",
        "Median s",
    ]);
    for (name, versions) in [("HTTP/2", Versions::Http2), ("HTTP/1.1", Versions::Http1)] {
        for latency in latencies {
            let config = Config { latency: Duration::from_millis(*latency), ..Config::default() };
            let secure = Secure::start(config, versions, tenants, connections).await?;
            let (count, folder) = (tenants.to_string(), out.display().to_string());
            let url = secure.simulator.url();
            let args = ["tenants", "collect", &url, "--count", &count, "--out", &folder];
            let run: Figures = child::bench(&secure.trusted(component), &args).await?;
            let ideal = run.calls as f64 * *latency as f64 / 1000.0 / at_once as f64;
            rows.add_row(vec![
                name.to_string(),
                latency.to_string(),
                run.calls.to_string(),
                secure.simulator.connections_accepted().to_string(),
                secure.simulator.handshakes().to_string(),
                secure.simulator.peak_connections().to_string(),
                format!("{:.2}", run.seconds),
                format!("{ideal:.2}"),
                format!("{:.2}", run.seconds / ideal),
                format!("{:.2}", run.median_seconds),
            ]);
        }
    }
    say(rows);
    say(format!("{tenants} tenants, {active} of them at once; ideal: calls × latency / {at_once} requests in flight"));
    Ok(())
}

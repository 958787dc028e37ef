//! Against what a run goes: the real API, another server, or the embedded simulator.

use super::simulate::{SimArgs, env_pair};
use clap::{Args, ValueEnum};
use fivetran_simulator::Simulator;
use host_test::pair::tenants_pair;
use host_test::policies::EgressArgs;
use host_test::text;
use http::Uri;
use source_host::error::{Error, Result};
use source_host::plugin::Plugin;
use source_host::tenant::{Clock, Credentials, Tenant, upstream_fault};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// Without credentials in FIVETRAN_API_KEY and FIVETRAN_API_SECRET, a run goes against the embedded
/// simulator.
#[derive(Args)]
pub struct TargetArgs {
    /// Settings of the source: a file with a JSON object.
    #[arg(long, value_name = "FILE.json")]
    settings: Option<PathBuf>,
    #[command(flatten)]
    egress: EgressArgs,
    /// Send requests to this server instead of the real host, after the egress check: over https, or http to 127.0.0.1 or [::1].
    #[arg(long, value_name = "URL")]
    upstream: Option<Uri>,
    /// Who adds the credentials to requests: the component (basic), or the harness, so that the component
    /// never sees them (host-managed).
    #[arg(long, value_enum, default_value_t = Mode::Basic)]
    credentials: Mode,
    /// Show the component this time instead of the current one: for runs that can be repeated to the
    /// byte.
    #[arg(long, value_name = "RFC3339")]
    fixed_clock: Option<String>,
    #[command(flatten)]
    sim: SimArgs,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Mode {
    Basic,
    HostManaged,
}

/// A tenant, and the simulator it talks to, if it does.
pub struct Target {
    /// For whom the component runs.
    pub tenant: Tenant,
    /// Kept alive as long as it is needed.
    pub simulator: Option<Simulator>,
}

impl TargetArgs {
    /// Finds out what is meant for this component, and starts the simulator if that is.
    pub async fn resolve(&self, plugin: &Plugin) -> Result<Target> {
        let granted = Some(self.egress.grant(plugin)?);
        let real = env_pair()?;
        let simulator = if real.is_none() && self.upstream.is_none() {
            let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
            let config = self.sim.config(None);
            let simulator = Simulator::start(config, listen).await.map_err(Error::file("listen on", "127.0.0.1"))?;
            text::note(format!("no FIVETRAN_API_KEY: using the embedded simulator ({})", self.sim.sentence()));
            Some(simulator)
        } else {
            None
        };
        let pair = tenants_pair(real.unwrap_or_else(fivetran_simulator::default_pair));
        let credentials = match self.credentials {
            Mode::Basic => Credentials::Basic(pair),
            Mode::HostManaged => Credentials::HostManaged(pair),
        };
        let mut tenant = Tenant { granted, ..Tenant::new(credentials) };
        tenant.simulated = simulator.as_ref().map(|_| self.sim.sentence());
        if let Some(path) = &self.settings {
            tenant.settings = read_settings(path)?;
        }
        tenant.upstream = match (&self.upstream, &simulator) {
            (Some(upstream), _) => Some(checked(upstream)?),
            (None, Some(simulator)) => simulator.url().parse().ok(),
            (None, None) => None,
        };
        if let Some(instant) = &self.fixed_clock {
            tenant.clock = Clock::fixed(milliseconds("--fixed-clock", instant)?);
        }
        Ok(Target { tenant, simulator })
    }
}

pub(super) fn checked(upstream: &Uri) -> Result<Uri> {
    match upstream_fault(upstream) {
        None => Ok(upstream.clone()),
        Some((what, remedy)) => Err(Error::usage(format!("--upstream {what}"), remedy)),
    }
}

/// The instant that a flag gives, in milliseconds since 1970.
pub(super) fn milliseconds(flag: &str, instant: &str) -> Result<u64> {
    let at = OffsetDateTime::parse(instant, &Rfc3339)
        .ok()
        .and_then(|at| u64::try_from(at.unix_timestamp_nanos() / 1_000_000).ok());
    at.ok_or_else(|| {
        Error::usage(format!("{flag} {instant:?} is not a timestamp"), "write it like 2026-01-31T12:00:00Z")
    })
}

/// Refuses a `--since` that leaves out every event: by the clock that the component sees, it is yet to come.
pub(super) fn check_since(since: Option<&str>, clock: &Clock) -> Result<()> {
    let Some(since) = since else { return Ok(()) };
    if milliseconds("--since", since)? <= clock.now() {
        return Ok(());
    }
    let what = format!("--since {since} is in the future, and no event can be");
    Err(Error::usage(what, "give the time that the last collection printed as next, or leave it out"))
}

/// Reads a settings file.
fn read_settings(path: &Path) -> Result<String> {
    std::fs::read_to_string(path).map_err(Error::file("read", path))
}

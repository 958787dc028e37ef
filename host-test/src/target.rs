//! Against what a run goes: the real API, another server, or the embedded simulator.

use super::sim_args::{SimArgs, TrailArgs};
use super::simulate::env_pair;
use clap::{Args, ValueEnum};
use fivetran_simulator::{Config, Simulator, Vendor};
use host_test::pair::tenants_pair;
use host_test::policies::EgressArgs;
use host_test::text;
use host_test::trail::{self, Place};
use http::Uri;
use source_host::bindings::compliance::source::types::{Diagnostic, Severity};
use source_host::error::{Error, Result};
use source_host::plugin::Plugin;
use source_host::tenant::{Clock, Credentials, Managed, Pair, Tenant, upstream_fault};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// An account. Without credentials in the environment, a run goes against the embedded simulator.
#[derive(Args)]
pub struct AccountArgs {
    /// Read a real account: without its credentials in the environment, this is an error.
    #[arg(help_heading = "Account", long, conflicts_with = "simulated")]
    real: bool,
    /// Read the simulated account, whatever credentials the environment holds. Needed where CI is set and they are not.
    #[arg(help_heading = "Account", long)]
    simulated: bool,
    /// Settings of the source: a file with a JSON object.
    #[arg(help_heading = "Account", long, value_name = "FILE.json")]
    settings: Option<PathBuf>,
    #[command(flatten)]
    egress: EgressArgs,
    /// Send requests to this server instead of the real host, after the egress check: over https, or http to 127.0.0.1 or [::1].
    #[arg(help_heading = "Account", long, value_name = "URL")]
    upstream: Option<Uri>,
    /// Who adds the credentials to requests: the component, or the harness, so that the component never sees them
    /// (host-managed; not for Datadog's keys).
    #[arg(help_heading = "Account", long, value_enum, default_value_t = Mode::Component)]
    credentials: Mode,
    /// Show the component this time instead of the current one: for runs that can be repeated to the
    /// byte.
    #[arg(help_heading = "Account", long, value_name = "RFC3339")]
    fixed_clock: Option<String>,
    #[command(flatten)]
    sim: SimArgs,
    /// The pair that `init` was given, which holds instead of any other.
    #[arg(skip)]
    pub pair: Option<Pair>,
}

/// An account, or its audit trail.
#[derive(Args)]
pub struct TargetArgs {
    #[command(flatten)]
    pub account: AccountArgs,
    /// With --source audit-trail and no --settings: where the simulated account keeps its audit trail.
    #[arg(help_heading = "Account", long, value_enum, default_value_t = Place::Snowflake, conflicts_with = "settings")]
    place: Place,
    #[command(flatten)]
    trail: TrailArgs,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Mode {
    #[value(alias = "basic")]
    Component,
    HostManaged,
}

/// A tenant, and the simulator it talks to, if it does.
pub struct Target {
    /// For whom the component runs.
    pub tenant: Tenant,
    /// Kept alive as long as it is needed.
    pub simulator: Option<Simulator>,
}

/// What a source is given.
struct Given {
    /// From the environment; `None` where there are none.
    real: Option<Credentials>,
    /// What a simulator accepts.
    simulated: Credentials,
    /// Whose protocol a simulator speaks.
    vendor: Vendor,
    settings: Option<String>,
    /// The variables that credentials are looked for in.
    variables: String,
}

impl Target {
    /// Says once more at the end that all of this was made up, if it was.
    pub fn remind(&self, is_json: bool) {
        if let Some(account) = &self.tenant.simulated {
            let line = format!("SIMULATED: this account was made up by the harness ({account})");
            text::say_loudly(&line, is_json);
        }
    }
}

impl TargetArgs {
    /// Finds out what is meant for this component, and starts the simulator if that is. `is_json`: standard output is
    /// for programs.
    pub async fn resolve(&self, plugin: &Plugin, is_json: bool) -> Result<Target> {
        let granted = Some(self.account.egress.grant(plugin)?);
        let given = if plugin.description().id == trail::SOURCE { self.trail()? } else { self.account.given()? };
        if given.real.is_none() {
            self.account.may_simulate(&given.variables)?;
        }
        let simulator = if given.real.is_none() && self.account.upstream.is_none() {
            Some(self.simulator(&given, is_json).await?)
        } else {
            None
        };
        let credentials = self.account.keeping(given.real.unwrap_or(given.simulated))?;
        let mut tenant = Tenant { granted, ..Tenant::new(credentials) };
        tenant.simulated = simulator.as_ref().map(|_| self.account.sim.sentence());
        if let Some(settings) = given.settings {
            tenant.settings = settings;
        }
        tenant.upstream = match (&self.account.upstream, &simulator) {
            (Some(upstream), _) => Some(checked(upstream)?),
            (None, Some(simulator)) => simulator.url().parse().ok(),
            (None, None) => None,
        };
        if let Some(upstream) = &tenant.upstream {
            text::detail(format!("requests go to {upstream} in place of the vendor's server"));
        }
        if let Some(instant) = &self.account.fixed_clock {
            tenant.clock = Clock::fixed(milliseconds("--fixed-clock", instant)?);
        }
        Ok(Target { tenant, simulator })
    }

    /// Starts the simulator, and says so where nobody can miss it.
    async fn simulator(&self, given: &Given, is_json: bool) -> Result<Simulator> {
        let why =
            if self.account.simulated { "as asked for".into() } else { format!("there is no {}", given.variables) };
        let account = self.account.sim.sentence();
        text::say_loudly(&format!("SIMULATED: {why}, so the harness makes up an account ({account})"), is_json);
        let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let config = Config { vendor: given.vendor, trail: self.trail.trail(), ..self.account.sim.config(None) };
        Simulator::start(config, listen).await.map_err(Error::file("listen on", "127.0.0.1"))
    }

    /// For the audit trail. Where it is, the settings say; without any it is the simulated account's.
    fn trail(&self) -> Result<Given> {
        let read = |name: &str| std::env::var(name).ok();
        let settings = self.account.settings()?;
        let place = settings.as_deref().and_then(Place::of).unwrap_or(self.place);
        let is_nowhere = settings.is_none() && self.account.upstream.is_none();
        let found = trail::found(read);
        if is_nowhere && !self.account.simulated && (self.account.real || found.is_some()) {
            let given = match found {
                _ if self.account.real => "--real was given".into(),
                found => format!("the environment has {}", found.unwrap_or_default()),
            };
            let remedy = "name them with --settings (locate finds them), or give --simulated to read a made-up trail";
            return Err(Error::usage(format!("{given}, and no settings say where the trail is"), remedy));
        }
        let simulated = self.trail.trail();
        Ok(Given {
            real: if is_nowhere || self.account.simulated { None } else { place.from_environment(read)? },
            simulated: place.simulated_credentials(&simulated),
            vendor: place.vendor(),
            variables: place.variable_names(),
            settings: settings.or_else(|| Some(place.simulated_settings(&simulated, &self.account.sim.account()))),
        })
    }
}

impl AccountArgs {
    /// Whether the simulated account is asked for.
    pub fn is_simulated(&self) -> bool {
        self.simulated
    }

    /// The options with files that a later run against the same needs.
    pub fn files(&self) -> [(&'static str, &Option<PathBuf>); 2] {
        [("--settings", &self.settings), ("--egress", &self.egress.egress)]
    }

    /// The other options that it needs.
    pub fn words(&self) -> Vec<String> {
        let mut words = Vec::new();
        if self.credentials == Mode::HostManaged {
            words.extend(["--credentials", "host-managed"].map(String::from));
        }
        if let Some(upstream) = &self.upstream {
            words.extend(["--upstream".into(), upstream.to_string()]);
        }
        words
    }

    /// Whether a made-up account may stand in for one whose credentials are not there.
    fn may_simulate(&self, variables: &str) -> Result<()> {
        // Nobody reads what a job prints while it succeeds.
        let is_job = std::env::var_os("CI").is_some_and(|value| !value.is_empty());
        let why = match (self.real, is_job && !self.simulated) {
            (true, _) => "--real was given",
            (false, true) => "CI is set, so that this may be a job that nobody watches",
            (false, false) => return Ok(()),
        };
        Err(Error::Configuration(vec![Diagnostic {
            severity: Severity::Error,
            code: "credential-missing".into(),
            pointer: "/credentials".into(),
            message: format!("{why}, and the environment has no {variables}"),
            remedy: "Set what is missing to read a real account, or give --simulated to read a made-up one.".into(),
        }]))
    }

    fn settings(&self) -> Result<Option<String>> {
        self.settings.as_deref().map(read_settings).transpose()
    }

    /// For Fivetran's account, and for whatever else takes a key and a secret.
    fn given(&self) -> Result<Given> {
        let pair = |pair| Credentials::Basic(tenants_pair(pair));
        Ok(Given {
            real: match &self.pair {
                _ if self.simulated => None,
                Some(given) => Some(Credentials::Basic(given.clone())),
                None => env_pair()?.map(pair),
            },
            simulated: self.pair.clone().map_or_else(|| pair(fivetran_simulator::default_pair()), Credentials::Basic),
            vendor: Vendor::Fivetran,
            settings: self.settings()?,
            variables: "FIVETRAN_API_KEY and no FIVETRAN_API_SECRET".into(),
        })
    }

    /// The same credentials, kept to itself by the harness if that is asked for.
    fn keeping(&self, credentials: Credentials) -> Result<Credentials> {
        match (self.credentials, credentials) {
            (Mode::Component, credentials) => Ok(credentials),
            (Mode::HostManaged, Credentials::Basic(pair)) => Ok(Credentials::HostManaged(Managed::Basic(pair))),
            (Mode::HostManaged, Credentials::Bearer(token)) => Ok(Credentials::HostManaged(Managed::Bearer(token))),
            (Mode::HostManaged, _) => {
                let what = "the harness can add a key with its secret, or a token, and nothing else";
                Err(Error::usage(what, "leave out --credentials host-managed"))
            }
        }
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

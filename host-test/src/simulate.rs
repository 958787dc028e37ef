//! `simulate`: a simulated account as a server of its own.

use super::args::Format;
use clap::{Args, ValueEnum};
use fivetran_simulator as simulator;
use fivetran_simulator::Pair;
use fivetran_simulator::faults::{Rule, Schedule};
use fivetran_simulator::{AccountSpec, Config, Knob, Simulator, Trail, Versions};
use host_test::{exit, text};
use serde_json::{Value, json};
use source_host::error::{Error, Result};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

#[derive(Args)]
#[command(after_help = "Examples:
  host-test simulate --listen 127.0.0.1:8080
  host-test simulate --listen 127.0.0.1:8080 --vendor snowflake
  host-test simulate --listen 127.0.0.1:8443 --tls --ca-out ca.pem")]
pub struct SimulateArgs {
    /// Address to listen on, e.g. 127.0.0.1:8080; port 0 for any.
    #[arg(long, value_name = "ADDR")]
    listen: SocketAddr,
    /// Number of accounts to serve: account n > 0 has the seed plus n, and its API key ends in -n.
    #[arg(help_heading = "Simulator (--sim-*)", long, hide_short_help = true, value_name = "N", default_value_t = 1)]
    sim_accounts: usize,
    /// Speak TLS, with an authority of its own that is made at the start.
    #[arg(long, requires = "ca_out")]
    tls: bool,
    /// Write that authority's certificate (PEM) here, for --ca-file of the other commands.
    #[arg(long, value_name = "FILE", requires = "tls")]
    ca_out: Option<PathBuf>,
    /// Versions of HTTP to offer over TLS.
    #[arg(long, value_enum, default_value_t = Http::Both, requires = "tls")]
    http: Http,
    /// Whose protocol to speak: Fivetran's REST API, or that of a place where Fivetran writes the same
    /// account's audit trail. BigQuery, Snowflake and Databricks take a bearer token, Datadog two keys.
    #[arg(long, value_enum, default_value_t = Vendor::Fivetran)]
    vendor: Vendor,
    /// How to print where it listens and what it accepts: for people, or as one line of JSON.
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
    #[command(flatten)]
    trail: TrailArgs,
    #[command(flatten)]
    sim: SimArgs,
}

/// Whose protocol a simulator speaks.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Vendor {
    Fivetran,
    #[value(name = "bigquery")]
    BigQuery,
    Snowflake,
    Databricks,
    Datadog,
}

impl Vendor {
    /// Its own name, and the simulator's word for it.
    pub fn named(self) -> (&'static str, simulator::Vendor) {
        match self {
            Self::Fivetran => ("Fivetran", simulator::Vendor::Fivetran),
            Self::BigQuery => ("BigQuery", simulator::Vendor::BigQuery),
            Self::Snowflake => ("Snowflake", simulator::Vendor::Snowflake),
            Self::Databricks => ("Databricks", simulator::Vendor::Databricks),
            Self::Datadog => ("Datadog", simulator::Vendor::Datadog),
        }
    }
}

/// What the simulated account's audit trail is like.
#[derive(Args)]
pub struct TrailArgs {
    /// Number of entries of the audit trail; twice as many rows are in LOG.
    #[arg(help_heading = "Simulator (--sim-*)", long, hide_short_help = true, value_name = "N", default_value_t = 500)]
    sim_entries: usize,
    /// What is wrong with the audit trail, or how it is laid out: WORD, WORD=NUMBER or WORD=NAME, where changes take
    /// @REQUESTS after which they happen, e.g. pending=2, no-table=audit_trail or added=100@5. An unknown word lists
    /// them all.
    #[arg(
        help_heading = "Simulator (--sim-*)",
        long,
        hide_short_help = true,
        value_delimiter = ',',
        value_name = "WORD,…"
    )]
    sim_trail: Vec<Knob>,
}

impl TrailArgs {
    /// The simulator's configuration of the trail.
    pub fn trail(&self) -> Trail {
        let logs = self.sim_entries.saturating_mul(2);
        let mut trail = Trail { entries: self.sim_entries, logs, ..Trail::default() };
        self.sim_trail.iter().for_each(|knob| knob.turn(&mut trail));
        trail
    }
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Http {
    /// HTTP/2 and HTTP/1.1.
    Both,
    #[value(name = "1.1")]
    One,
    #[value(name = "2")]
    Two,
}

impl Http {
    fn versions(self) -> Versions {
        match self {
            Self::Both => Versions::Both,
            Self::One => Versions::Http1,
            Self::Two => Versions::Http2,
        }
    }
}

/// What the simulated account is like.
#[derive(Args)]
pub struct SimArgs {
    /// Seed of the simulated account: the same seed, the same account.
    #[arg(help_heading = "Simulator (--sim-*)", long, hide_short_help = true, value_name = "N", default_value_t = 1)]
    sim_seed: u64,
    /// Number of users.
    #[arg(help_heading = "Simulator (--sim-*)", long, hide_short_help = true, value_name = "N", default_value_t = 40)]
    sim_users: usize,
    /// Number of teams.
    #[arg(help_heading = "Simulator (--sim-*)", long, hide_short_help = true, value_name = "N", default_value_t = 6)]
    sim_teams: usize,
    /// Number of groups.
    #[arg(help_heading = "Simulator (--sim-*)", long, hide_short_help = true, value_name = "N", default_value_t = 5)]
    sim_groups: usize,
    /// Number of connections.
    #[arg(help_heading = "Simulator (--sim-*)", long, hide_short_help = true, value_name = "N", default_value_t = 80)]
    sim_connections: usize,
    /// Number of changes in the simulated account, for `diff`: of the first N connections most are paused
    /// or resumed, of the next N most have synced, and half as many users have left, joined or become
    /// administrators.
    #[arg(help_heading = "Simulator (--sim-*)", long, hide_short_help = true, value_name = "N", default_value_t = 0)]
    sim_changes: usize,
    /// Milliseconds before each answer of the simulator.
    #[arg(help_heading = "Simulator (--sim-*)", long, hide_short_help = true, value_name = "N", default_value_t = 0)]
    sim_latency_ms: u64,
    /// Use a system key with these READ scopes only, instead of an administrator's key.
    #[arg(
        help_heading = "Simulator (--sim-*)",
        long,
        hide_short_help = true,
        value_delimiter = ',',
        value_name = "SCOPE,…"
    )]
    sim_scopes: Option<Vec<String>>,
    /// Make answers fail: FAULT@PATH, with #FROM (the first one to fail) and xTIMES (how many fail), e.g.
    /// 503@/v1/users#2x1 or 429=30@/v1/connections.
    #[arg(
        help_heading = "Simulator (--sim-*)",
        long,
        hide_short_help = true,
        value_delimiter = ',',
        value_name = "FAULT@PATH,…"
    )]
    sim_faults: Vec<Rule>,
}

impl SimArgs {
    /// The simulator's configuration; it accepts `pair`, or the documented one.
    pub fn config(&self, pair: Option<Pair>) -> Config {
        let pair = pair.unwrap_or_else(simulator::default_pair);
        Config {
            account: self.account(),
            changes: self.sim_changes,
            pair,
            principal: match &self.sim_scopes {
                None => simulator::Principal::UserKey,
                Some(scopes) => simulator::Principal::SystemKey { scopes: scopes.iter().cloned().collect() },
            },
            latency: Duration::from_millis(self.sim_latency_ms),
            faults: (!self.sim_faults.is_empty()).then(|| Arc::new(Schedule::new(self.sim_faults.clone()))),
            ..Config::default()
        }
    }

    /// Its size and seed.
    pub fn account(&self) -> AccountSpec {
        AccountSpec {
            seed: self.sim_seed,
            users: self.sim_users,
            teams: self.sim_teams,
            groups: self.sim_groups,
            connections: self.sim_connections,
        }
    }

    /// The account in a few words.
    pub fn sentence(&self) -> String {
        let parts = [
            (self.sim_users, "user"),
            (self.sim_teams, "team"),
            (self.sim_groups, "group"),
            (self.sim_connections, "connection"),
            (self.sim_changes, "change"),
        ];
        let told = parts.into_iter().filter(|(number, what)| *number > 0 || *what != "change");
        let parts: Vec<String> = told.map(|(number, what)| text::count(number as u64, what)).collect();
        format!("seed {}: {}", self.sim_seed, parts.join(", "))
    }
}

/// The pair in FIVETRAN_API_KEY and FIVETRAN_API_SECRET: both or neither.
pub fn env_pair() -> Result<Option<Pair>> {
    let read = |name: &'static str| std::env::var(name).ok();
    let missing = |name: &str, other: &str| {
        use source_host::bindings::compliance::source::types::{Diagnostic, Severity};
        let field = if name == "FIVETRAN_API_KEY" { "username" } else { "password" };
        Err(Error::Configuration(vec![Diagnostic {
            severity: Severity::Error,
            code: "credential-missing".into(),
            pointer: format!("/credentials/{field}"),
            message: format!("{other} is set and {name} is not"),
            remedy: format!("Set {name} too, or unset {other}."),
        }]))
    };
    match (read("FIVETRAN_API_KEY"), read("FIVETRAN_API_SECRET")) {
        (Some(key), Some(secret)) => Ok(Some(Pair { key, secret })),
        (None, None) => Ok(None),
        (None, Some(_)) => missing("FIVETRAN_API_KEY", "FIVETRAN_API_SECRET"),
        (Some(_), None) => missing("FIVETRAN_API_SECRET", "FIVETRAN_API_KEY"),
    }
}

/// Which credentials a simulator of this vendor accepts.
fn accepts(vendor: Vendor, keys: &simulator::Keys, from_env: bool) -> String {
    match vendor {
        Vendor::Fivetran if from_env => "accepts the pair in FIVETRAN_API_KEY and FIVETRAN_API_SECRET".into(),
        Vendor::Fivetran => {
            format!("accepts API key {} with API secret {}", simulator::DEFAULT_KEY, simulator::DEFAULT_SECRET)
        }
        Vendor::Datadog => format!("accepts API key {} with application key {}", keys.api_key, keys.application_key),
        Vendor::BigQuery | Vendor::Snowflake | Vendor::Databricks => {
            format!("accepts the bearer token {}", keys.token)
        }
    }
}

/// Serves until it is interrupted.
pub async fn run(args: &SimulateArgs) -> Result<u8> {
    let pair = env_pair()?;
    let from_env = pair.is_some();
    let tls = args.tls.then(|| args.http.versions());
    let (name, vendor) = args.vendor.named();
    let trail = args.trail.trail();
    let keys = trail.keys.clone();
    let config = Config {
        vendor,
        trail,
        accounts: args.sim_accounts,
        tls,
        journal: false,
        keep_answers: true,
        ..args.sim.config(pair)
    };
    let simulator =
        Simulator::start(config, args.listen).await.map_err(Error::file("listen on", args.listen.to_string()))?;
    if let (Some(path), Some(pem)) = (&args.ca_out, simulator.ca_pem()) {
        std::fs::write(path, pem).map_err(Error::file("write", path))?;
    }
    let settings = (args.vendor != Vendor::Fivetran).then(|| simulator.trail_settings());
    let account = args.sim.sentence();
    let print: fn(String) = match args.format {
        Format::Table => {
            text::say(format!("simulating {name} on {} ({account})", simulator.url()));
            text::say(accepts(args.vendor, &keys, from_env));
            if let Some(settings) = settings {
                text::say(format!("settings of fivetran-audit-trail for it: {settings}"));
            }
            |line| text::say(line)
        }
        Format::Json => {
            let credentials = credentials(args.vendor, &keys, from_env);
            let line = json!({
                "vendor": name, "url": simulator.url(), "account": account, "credentials": credentials, "settings": settings,
            });
            text::raw(&text::plain_json(&line.to_string()));
            |line| text::note(line)
        }
    };
    print("stop with Ctrl-C".into());
    super::signals::interrupted().await;
    let (served, connections) = (simulator.served(), simulator.connections_accepted());
    simulator.stop().await;
    let (served, connections) = (text::count(served as u64, "request"), text::count(connections as u64, "connection"));
    print(format!("served {served} over {connections}"));
    Ok(exit::COMPLETE)
}

/// What it accepts, for programs. A pair of the environment stays there.
fn credentials(vendor: Vendor, keys: &simulator::Keys, from_env: bool) -> Value {
    match vendor {
        Vendor::Fivetran if from_env => Value::Null,
        Vendor::Fivetran => json!({"api_key": simulator::DEFAULT_KEY, "api_secret": simulator::DEFAULT_SECRET}),
        Vendor::Datadog => json!({"api_key": keys.api_key, "application_key": keys.application_key}),
        Vendor::BigQuery | Vendor::Snowflake | Vendor::Databricks => json!({"token": keys.token}),
    }
}

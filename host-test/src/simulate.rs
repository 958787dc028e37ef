//! `simulate`: a simulated account as a server of its own.

use super::output::Format;
use super::sim_args::{SimArgs, TrailArgs};
use clap::{Args, ValueEnum};
use fivetran_simulator as simulator;
use fivetran_simulator::Pair;
use fivetran_simulator::{Config, Simulator, Versions};
use host_test::{exit, text};
use serde_json::{Value, json};
use source_host::error::{Error, Result};
use std::fs::File;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

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
    /// Append a line for each request to this file: milliseconds since 1970, number of the account, path.
    #[arg(long, value_name = "FILE", hide_short_help = true)]
    request_log: Option<PathBuf>,
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

fn log(path: &Path) -> Result<Arc<Mutex<File>>> {
    let file = File::options().create(true).append(true).open(path).map_err(Error::file("open", path))?;
    Ok(Arc::new(Mutex::new(file)))
}

/// Serves until it is interrupted.
pub async fn run(args: &SimulateArgs) -> Result<u8> {
    let pair = env_pair()?;
    let from_env = pair.is_some();
    let tls = args.tls.then(|| args.http.versions());
    let (_, vendor) = args.vendor.named();
    let trail = args.trail.trail();
    let keys = trail.keys.clone();
    let config = Config {
        vendor,
        trail,
        accounts: args.sim_accounts,
        tls,
        journal: false,
        keep_answers: true,
        request_log: args.request_log.as_deref().map(log).transpose()?,
        ..args.sim.config(pair)
    };
    let simulator =
        Simulator::start(config, args.listen).await.map_err(Error::file("listen on", args.listen.to_string()))?;
    if let (Some(path), Some(pem)) = (&args.ca_out, simulator.ca_pem()) {
        std::fs::write(path, pem).map_err(Error::file("write", path))?;
    }
    announce(args, &simulator, &keys, from_env);
    let print: fn(String) = if args.format == Format::Json { |line| text::note(line) } else { |line| text::say(line) };
    print("stop with Ctrl-C".into());
    super::signals::interrupted().await;
    let (served, connections) = (simulator.served(), simulator.connections_accepted());
    simulator.stop().await;
    let (served, connections) = (text::count(served as u64, "request"), text::count(connections as u64, "connection"));
    print(format!("served {served} over {connections}"));
    Ok(exit::COMPLETE)
}

/// Says where it listens, and what it accepts.
fn announce(args: &SimulateArgs, simulator: &Simulator, keys: &simulator::Keys, from_env: bool) {
    let (name, account) = (args.vendor.named().0, args.sim.sentence());
    let settings = (args.vendor != Vendor::Fivetran).then(|| simulator.trail_settings());
    if args.format == Format::Json {
        let line = json!({
            "vendor": name,
            "url": simulator.url(),
            "account": account,
            "credentials": credentials(args.vendor, keys, from_env),
            "settings": settings,
        });
        return text::raw(&text::plain_json(&line.to_string()));
    }
    text::say(format!("simulating {name} on {} ({account})", simulator.url()));
    text::say(accepts(args.vendor, keys, from_env));
    if let Some(settings) = settings {
        text::say(format!("settings of fivetran-audit-trail for it: {settings}"));
    }
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

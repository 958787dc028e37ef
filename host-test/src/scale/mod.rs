//! Many machines: `worker`, `submit` and `watch`. See docs/scale.md.

pub mod submit;
pub mod watch;
pub mod worker;

use clap::Args;
use source_host::error::Result;
use source_scale::broker::{ACK_WAIT, Broker};
use source_scale::nats::Nats;
use std::path::PathBuf;
use std::time::Duration;

/// How to reach NATS. A user and password come from NATS_USER and NATS_PASSWORD.
#[derive(Args, Clone)]
pub struct NatsArgs {
    /// Servers of the broker, e.g. nats://a.example.com:4222,nats://b.example.com:4222, or tls://….
    #[arg(help_heading = "Broker", long = "nats", env = "NATS_URL", hide_env_values = true, value_name = "URL,…")]
    url: String,
    /// Credentials as `nsc` makes them.
    #[arg(help_heading = "Broker", long, env = "NATS_CREDS", hide_env_values = true, value_name = "FILE")]
    nats_creds: Option<PathBuf>,
    /// Seed of an nkey.
    #[arg(
        help_heading = "Broker",
        long,
        env = "NATS_NKEY",
        hide_env_values = true,
        value_name = "FILE",
        conflicts_with = "nats_creds"
    )]
    nats_nkey: Option<PathBuf>,
    /// Authority (PEM) to trust for TLS.
    #[arg(help_heading = "Broker", long, env = "NATS_CA", hide_env_values = true, value_name = "FILE")]
    nats_ca: Option<PathBuf>,
    /// Copies that the broker keeps: 3 or 5 for a cluster. Counts when the queue is made.
    #[arg(help_heading = "Broker", long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=5))]
    nats_replicas: u8,
    /// Seconds after which the jobs of a worker that is not heard from go to another. The same for all workers.
    #[arg(help_heading = "Broker", long, value_name = "N", default_value_t = ACK_WAIT.as_secs(), value_parser = clap::value_parser!(u64).range(2..=3600))]
    ack_wait_seconds: u64,
}

impl NatsArgs {
    async fn connect(&self) -> Result<Broker> {
        let nats = Nats {
            url: self.url.clone(),
            creds: self.nats_creds.clone(),
            nkey: self.nats_nkey.clone(),
            ca: self.nats_ca.clone(),
            replicas: self.nats_replicas.into(),
            ack_wait: Duration::from_secs(self.ack_wait_seconds),
        };
        Ok(Broker::connect(&nats).await?)
    }
}

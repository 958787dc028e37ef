//! Many machines: `worker`, `submit` and `watch`. See docs/scale.md.

pub mod submit;
pub mod watch;
pub mod worker;

use clap::Args;
use clap::builder::{OsStringValueParser, TypedValueParser};
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
    #[arg(help_heading = "Broker", long, env = "NATS_CREDS", hide_env_values = true, value_name = "FILE", value_parser = file())]
    nats_creds: Option<PathBuf>,
    /// Seed of an nkey.
    #[arg(
        help_heading = "Broker",
        long,
        env = "NATS_NKEY",
        hide_env_values = true,
        value_name = "FILE",
        value_parser = file()
    )]
    nats_nkey: Option<PathBuf>,
    /// Authority (PEM) to trust for TLS.
    #[arg(help_heading = "Broker", long, env = "NATS_CA", hide_env_values = true, value_name = "FILE", value_parser = file())]
    nats_ca: Option<PathBuf>,
}

/// How the queue is made where there is none yet.
#[derive(Args, Clone)]
pub struct QueueArgs {
    /// Copies that the broker keeps of the queue and the state of the tenants: 1, or 3 or 5 in a cluster. The same for all.
    #[arg(help_heading = "Broker", long, value_name = "N", default_value = "1", value_parser = ["1", "3", "5"])]
    nats_replicas: String,
}

/// Any path, and an empty one too: a variable that is empty names none.
fn file() -> impl TypedValueParser<Value = PathBuf> {
    OsStringValueParser::new().map(PathBuf::from)
}

fn named(file: &Option<PathBuf>) -> Option<PathBuf> {
    file.clone().filter(|file| !file.as_os_str().is_empty())
}

impl NatsArgs {
    fn nats(&self) -> Nats {
        Nats {
            url: self.url.clone(),
            creds: named(&self.nats_creds),
            nkey: named(&self.nats_nkey),
            ca: named(&self.nats_ca),
            replicas: 1,
            ack_wait: ACK_WAIT,
        }
    }

    /// Connects to a broker that has a queue.
    async fn look(&self) -> Result<Broker> {
        Ok(Broker::connect(&self.nats(), false).await?)
    }

    /// Connects, and makes the queue where there is none.
    async fn connect(&self, queue: &QueueArgs, ack_wait: Duration) -> Result<Broker> {
        let replicas = queue.nats_replicas.parse().unwrap_or(1);
        Ok(Broker::connect(&Nats { replicas, ack_wait, ..self.nats() }, true).await?)
    }
}

//! NATS: the queue of jobs, the standing of each tenant, the quota of each account.

pub use async_nats::connection::State as Connection;
pub use async_nats::jetstream::kv::{Entry, Operation};

use crate::place::Place;
use async_nats::jetstream::consumer::pull;
use async_nats::jetstream::consumer::{AckPolicy, PullConsumer};
use async_nats::jetstream::context::Context;
use async_nats::jetstream::kv::{self, Store};
use async_nats::jetstream::stream::{Config, DiscardPolicy, RetentionPolicy, StorageType, Stream};
use async_nats::{Client, ConnectError, ConnectErrorKind, ConnectOptions};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use source_evidence::{Error, Result};
use std::fmt::Display;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Subject of a tenant's job, before its name.
pub const JOBS: &str = "source.jobs.";
/// Subject of what becomes of a tenant, before its name.
pub const EVENTS: &str = "source.events.";
/// Subject of jobs that were given up, before the tenant's name.
pub const DEAD: &str = "source.dead.";
/// Jobs that are being worked on or wait, at most: more are only delivered later.
const MAX_PENDING: i64 = 2_000_000;
/// A job is delivered again so long after a worker was last heard from, unless it is said otherwise.
pub const ACK_WAIT: Duration = Duration::from_secs(30);
/// How often a connection is pinged, at least.
const PING: Duration = Duration::from_secs(5);

/// An answer of the broker takes so long at most.
const ANSWER: Duration = Duration::from_secs(5);

/// How to reach NATS. What is secret stays in files and in the environment.
#[derive(Clone, Debug, Default)]
pub struct Nats {
    /// One or more servers, separated by commas, e.g. `nats://a:4222,nats://b:4222` or `tls://…`.
    pub url: String,
    /// File with credentials as `nsc` makes them.
    pub creds: Option<PathBuf>,
    /// File with the seed of an nkey.
    pub nkey: Option<PathBuf>,
    /// File with the authority (PEM) to trust for TLS.
    pub ca: Option<PathBuf>,
    /// Copies that the broker keeps of everything: 1, 3 or 5.
    pub replicas: usize,
    /// After so long without a word, a worker's jobs go to another.
    pub ack_wait: Duration,
}

/// A connection, and what is kept in the broker.
#[derive(Clone)]
pub struct Broker {
    /// For events.
    pub client: Client,
    /// For jobs.
    pub jetstream: Context,
    /// Where each tenant stands.
    pub tenants: Store,
    /// What each account has sent.
    pub quotas: Store,
    nats: Nats,
}

impl Broker {
    /// Connects, and makes what is not there yet.
    ///
    /// # Errors
    /// [`Error::Output`] when no server answers, which may pass; [`Error::Usage`] when one refuses, which will not.
    pub async fn connect(nats: &Nats) -> Result<Self> {
        let failed = |error: &dyn Display| trouble(&nats.shown(), error);
        let options = options(nats).await?;
        let servers: Vec<&str> = nats.url.split(',').collect();
        let client = options.connect(servers).await.map_err(|error| unconnected(nats, &error))?;
        let mut jetstream = async_nats::jetstream::new(client.clone());
        // A server hidden by a network cut never answers, so no request waits longer than this.
        jetstream.set_timeout(ANSWER);
        for config in [jobs(nats), dead(nats)] {
            jetstream.get_or_create_stream(config).await.map_err(|error| failed(&error))?;
        }
        let tenants = bucket(&jetstream, nats, "source-tenants").await?;
        let quotas = bucket(&jetstream, nats, "source-quotas").await?;
        Ok(Self { client, jetstream, tenants, quotas, nats: nats.clone() })
    }

    /// The consumer that all workers share, as the first of them made it.
    ///
    /// # Errors
    /// [`Error::Output`] when the broker does not answer; [`Error::Usage`] when it has another ack wait.
    pub async fn consumer(&self) -> Result<PullConsumer> {
        let failed = |error: &dyn Display| trouble(&self.nats.shown(), error);
        let stream = self.stream().await?;
        let config = pull::Config {
            durable_name: Some(WORKERS.into()),
            ack_policy: AckPolicy::Explicit,
            ack_wait: self.nats.ack_wait,
            // How often a job may fail is judged by what came of it, not by how often it was delivered.
            max_deliver: -1,
            max_ack_pending: MAX_PENDING,
            num_replicas: self.nats.replicas,
            ..pull::Config::default()
        };
        let consumer = stream.get_or_create_consumer(WORKERS, config).await.map_err(|error| failed(&error))?;
        let (theirs, mine) = (consumer.cached_info().config.ack_wait.as_secs(), self.nats.ack_wait.as_secs());
        // Who says that it lives less often than it is asked to is taken for dead at work.
        let other = || Error::Usage {
            what: format!("the queue has an ack wait of {theirs} s, and not of {mine} s"),
            remedy: format!(
                "give --ack-wait-seconds {theirs}, or change the queue: nats consumer edit {JOBS_STREAM} {WORKERS} --wait {mine}s"
            ),
        };
        (theirs == mine).then_some(consumer).ok_or_else(other)
    }

    /// The queue.
    ///
    /// # Errors
    /// When the broker does not answer.
    async fn stream(&self) -> Result<Stream> {
        self.jetstream.get_stream(JOBS_STREAM).await.map_err(|error| self.trouble(&error))
    }

    /// Asks for the queue, whoever leads it.
    ///
    /// # Errors
    /// When the broker does not answer.
    pub async fn check(&self) -> Result<()> {
        self.stream().await.map(drop)
    }

    /// Jobs that nobody has begun, where so many jobs are known to be under way or to wait for their next run.
    ///
    /// # Errors
    /// When the broker does not answer.
    pub async fn queued(&self, known: usize) -> Result<u64> {
        let failed = |error: &dyn Display| trouble(&self.nats.shown(), error);
        let mut stream = self.stream().await?;
        // The workers make it, with their own ack wait: before the first of them, nobody has begun anything.
        let Ok(mut consumer) = stream.get_consumer::<pull::Config>(WORKERS).await else {
            return Ok(stream.info().await.map_err(|error| failed(&error))?.state.messages);
        };
        let info = consumer.info().await.map_err(|error| failed(&error))?;
        // Handed out, but to a worker that has not said so: as when it died at once.
        let unsaid = u64::try_from(info.num_ack_pending).unwrap_or_default().saturating_sub(known as u64);
        Ok(info.num_pending + unsaid)
    }

    /// Jobs that were given up, and were not submitted again.
    ///
    /// # Errors
    /// When the broker does not answer.
    pub async fn given_up(&self) -> Result<u64> {
        let stream = self.jetstream.get_stream(DEAD_STREAM).await.map_err(|error| self.trouble(&error))?;
        Ok(stream.cached_info().state.messages)
    }

    /// Takes what a subject of a stream holds out of it; answers whether there was something.
    pub(crate) async fn take_out(&self, stream: &str, subject: String) -> Result<bool> {
        let stream = self.jetstream.get_stream_no_info(stream).await.map_err(|error| self.trouble(&error))?;
        let purged = stream.purge().filter(subject).await.map_err(|error| self.trouble(&error))?;
        Ok(purged.purged > 0)
    }

    /// After so long without a word, a worker's jobs go to another.
    #[must_use]
    pub fn ack_wait(&self) -> Duration {
        self.nats.ack_wait
    }

    /// An error of the broker.
    pub fn trouble(&self, error: &dyn Display) -> Error {
        trouble(&self.nats.shown(), error)
    }
}

/// The queue.
pub(crate) const JOBS_STREAM: &str = "SOURCE_JOBS";
/// Jobs that were given up.
pub(crate) const DEAD_STREAM: &str = "SOURCE_DEAD";
/// The consumer of the stream.
const WORKERS: &str = "workers";

/// A bucket, as it is, or made where there is none.
async fn bucket(jetstream: &Context, nats: &Nats, name: &str) -> Result<Store> {
    if let Ok(store) = jetstream.get_key_value(name).await {
        return Ok(store);
    }
    let config = kv::Config {
        bucket: name.into(),
        history: 1,
        storage: StorageType::File,
        num_replicas: nats.replicas,
        max_value_size: 1024 * 1024,
        ..kv::Config::default()
    };
    jetstream.create_key_value(config).await.map_err(|error| trouble(&nats.shown(), &error))
}

/// One job for each tenant: a second one is refused as long as the first is there.
fn jobs(nats: &Nats) -> Config {
    Config {
        name: JOBS_STREAM.into(),
        subjects: vec![format!("{JOBS}>")],
        retention: RetentionPolicy::WorkQueue,
        max_messages_per_subject: 1,
        discard: DiscardPolicy::New,
        discard_new_per_subject: true,
        storage: StorageType::File,
        num_replicas: nats.replicas,
        ..Config::default()
    }
}

fn dead(nats: &Nats) -> Config {
    Config {
        name: DEAD_STREAM.into(),
        subjects: vec![format!("{DEAD}>")],
        max_messages_per_subject: 1_000,
        storage: StorageType::File,
        num_replicas: nats.replicas,
        ..Config::default()
    }
}

async fn options(nats: &Nats) -> Result<ConnectOptions> {
    // The TLS library has to be told once which cryptography it uses.
    let _ = rustls::crypto::ring::default_provider().install_default();
    if nats.url.split(',').any(|server| server.trim().is_empty()) {
        return Err(Error::Usage {
            what: "--nats names no server, or an empty one".into(),
            remedy: "name one or more, separated by commas: nats://HOST:4222".into(),
        });
    }
    let mut options = ConnectOptions::new().name("host-test").connection_timeout(Duration::from_secs(5));
    // A server that a cut network hides closes no connection: after three pings without an answer, the next is tried.
    options = options.ping_interval(PING.min(nats.ack_wait / 3));
    if let Some(file) = &nats.creds {
        options = options.credentials_file(file).await.map_err(Error::file("read", file))?;
    }
    if let Some(file) = &nats.nkey {
        let seed = std::fs::read_to_string(file).map_err(Error::file("read", file))?;
        options = options.nkey(checked_seed(file, seed.trim())?);
    }
    match (std::env::var("NATS_USER"), std::env::var("NATS_PASSWORD")) {
        (Ok(user), Ok(password)) => options = options.user_and_password(user, password),
        (Err(_), Err(_)) => {}
        _ => {
            return Err(Error::Usage {
                what: "NATS_USER and NATS_PASSWORD are not both set".into(),
                remedy: "set both, or neither".into(),
            });
        }
    }
    if let Some(file) = &nats.ca {
        check_authority(file)?;
        options = options.add_root_certificates(file.clone()).require_tls(true);
    }
    Ok(options)
}

/// The seed of an nkey of a user. What else is in the file is not repeated.
fn checked_seed(file: &Path, seed: &str) -> Result<String> {
    let is_one = nkeys::KeyPair::from_seed(seed).is_ok_and(|pair| pair.key_pair_type() == nkeys::KeyPairType::User);
    let no_seed = || Error::Usage {
        what: format!("--nats-nkey: {} holds no seed of a user's nkey", file.display()),
        remedy: "give the file that `nk -gen user` made, whose line begins with SU".into(),
    };
    is_one.then(|| seed.into()).ok_or_else(no_seed)
}

fn check_authority(file: &Path) -> Result<()> {
    let text = std::fs::read(file).map_err(Error::file("read", file))?;
    let is_one = CertificateDer::pem_slice_iter(&text).next().is_some_and(|first| first.is_ok());
    let no_authority = || Error::Usage {
        what: format!("--nats-ca: there is no certificate in {}", file.display()),
        remedy: "give a file of PEM certificates".into(),
    };
    is_one.then_some(()).ok_or_else(no_authority)
}

impl Nats {
    /// The servers, without what may be a password.
    #[must_use]
    pub fn shown(&self) -> String {
        let server = |url: &str| match (url.split_once("://"), url.rsplit_once('@')) {
            (Some((scheme, _)), Some((_, host))) => format!("{scheme}://…@{host}"),
            (None, Some((_, host))) => format!("…@{host}"),
            _ => url.to_string(),
        };
        let is_secret_cut =
            self.url.split(',').any(|url| url.contains("://") && !url.contains('@')) && self.url.contains('@');
        if is_secret_cut {
            // A comma may be within a password: then nothing before the last server is safe to show.
            return server(&self.url);
        }
        self.url.split(',').map(server).collect::<Vec<_>>().join(",")
    }
}

/// Why there is no connection. The words of the library are not shown: they may hold a server as it was named.
fn unconnected(nats: &Nats, error: &ConnectError) -> Error {
    let refused = |why: &str, remedy: &str| Error::Usage {
        what: format!("NATS at {} {why}", nats.shown()),
        remedy: remedy.into(),
    };
    let untrusted = || refused("does not do TLS that can be trusted", "check its certificate, and --nats-ca");
    match error.kind() {
        ConnectErrorKind::ServerParse => refused("is no address of a server", "name it as nats://HOST:4222"),
        ConnectErrorKind::Authentication | ConnectErrorKind::AuthorizationViolation => refused(
            "refuses the credentials, or asks for some",
            "check NATS_USER and NATS_PASSWORD, --nats-creds or --nats-nkey",
        ),
        ConnectErrorKind::Tls => untrusted(),
        _ if is_of_tls(error) => untrusted(),
        _ => trouble(&nats.shown(), &std::error::Error::source(error).map_or(error.to_string(), ToString::to_string)),
    }
}

/// Whether an error comes from the TLS library, which the client wraps as one of the network.
fn is_of_tls(error: &ConnectError) -> bool {
    let source = std::error::Error::source(error).and_then(|source| source.downcast_ref::<std::io::Error>());
    source.and_then(std::io::Error::get_ref).is_some_and(|inner| inner.is::<rustls::Error>())
}

fn trouble(servers: &str, error: &dyn Display) -> Error {
    let why = source_evidence::text::plain(&error.to_string());
    let says = |word: &str| why.to_ascii_lowercase().contains(word);
    let remedy = if says("replicas") || says("peers") {
        "check --nats-replicas: no more than the cluster has nodes with JetStream"
    } else if says("timed out") || says("no responders") {
        "check that the broker has JetStream switched on and a quorum of its nodes, and that this user may use it"
    } else {
        "check --nats, its credentials, and that JetStream is switched on there"
    };
    Error::Output { what: format!("NATS at {servers}: {why}"), remedy: remedy.into() }
}

/// Where the evidence of a tenant's run goes.
#[must_use]
pub fn place_of(place: &Place, tenant: &str, run: &str) -> Place {
    place.below(tenant).below(run)
}

#[cfg(test)]
mod tests {
    use super::Nats;

    #[test]
    fn no_part_of_a_password_is_shown() {
        for (url, shown) in [
            ("nats://a:4222,nats://b:4222", "nats://a:4222,nats://b:4222"),
            ("nats://u:secret@a:4222", "nats://…@a:4222"),
            ("nats://u:secret@a,nats://u:secret@b", "nats://…@a,nats://…@b"),
            ("nats://u:sec,ret@a:4222", "nats://…@a:4222"),
        ] {
            assert_eq!(Nats { url: url.into(), ..Nats::default() }.shown(), shown);
        }
    }
}

//! NATS: the queue of jobs, the standing of each tenant, the quota of each account.

pub use async_nats::jetstream::kv::{Entry, Operation};

use crate::nats::{Nats, is_late, options, trouble, unconnected};
use async_nats::Client;
use async_nats::jetstream::consumer::pull;
use async_nats::jetstream::consumer::{AckPolicy, PullConsumer};
use async_nats::jetstream::context::Context;
use async_nats::jetstream::kv::{self, Store};
use async_nats::jetstream::stream::{Config, DiscardPolicy, Info, RetentionPolicy, StorageType, Stream};
use futures_util::TryStreamExt;
use source_evidence::{Error, Result};
use std::collections::BTreeSet;
use std::fmt::Display;
use std::time::{Duration, Instant};

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
/// An answer of the broker takes so long at most.
const ANSWER: Duration = Duration::from_secs(5);
/// A cluster that is there may take so long to choose who leads what is made.
const MAKING: Duration = Duration::from_secs(30);
/// Before it is asked again.
pub(crate) const PAUSE: Duration = Duration::from_millis(250);

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
    /// Connects; with `makes`, makes what is not there yet, with so many copies.
    ///
    /// # Errors
    /// [`Error::Output`] when no server answers, which may pass; [`Error::Usage`] when one refuses, or has another number
    /// of copies, which will not.
    pub async fn connect(nats: &Nats, makes: bool) -> Result<Self> {
        let options = options(nats).await?;
        let servers: Vec<&str> = nats.url.split(',').collect();
        let client = options.connect(servers).await.map_err(|error| unconnected(nats, &error))?;
        let mut jetstream = async_nats::jetstream::new(client.clone());
        // A server hidden by a network cut never answers, so no request waits longer than this.
        jetstream.set_timeout(ANSWER);
        let until = Instant::now() + MAKING;
        loop {
            match kept(&jetstream, nats, makes).await {
                Err(error) if makes && is_late(&error) && Instant::now() < until => tokio::time::sleep(PAUSE).await,
                Ok((tenants, quotas)) => return Ok(Self { client, jetstream, tenants, quotas, nats: nats.clone() }),
                Err(error) => return Err(error),
            }
        }
    }

    /// The consumer that all workers share, as the first of them made it, and its queue.
    ///
    /// # Errors
    /// [`Error::Output`] when the broker does not answer; [`Error::Usage`] when it has another ack wait.
    pub async fn consumer(&self) -> Result<Consumer> {
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
        (theirs == mine).then(|| Consumer { queue: made(stream.cached_info()), consumer }).ok_or_else(other)
    }

    /// The queue.
    ///
    /// # Errors
    /// When the broker does not answer.
    async fn stream(&self) -> Result<Stream> {
        self.jetstream.get_stream(JOBS_STREAM).await.map_err(|error| self.trouble(&error))
    }

    /// The queue, as [`crate::job::Withdrawn`] has it, and the place of what was last put there.
    ///
    /// # Errors
    /// When the broker does not answer.
    pub(crate) async fn last_job(&self) -> Result<(i64, u64)> {
        let stream = self.stream().await?;
        let info = stream.cached_info();
        Ok((made(info), info.state.last_sequence))
    }

    /// Asks for all that is kept, whoever leads it.
    ///
    /// # Errors
    /// When the broker does not answer, or something is gone.
    pub async fn check(&self) -> Result<()> {
        self.stream().await?;
        for bucket in [&self.tenants, &self.quotas] {
            bucket.status().await.map_err(|error| self.trouble(&error))?;
        }
        Ok(())
    }

    /// Jobs that nobody has begun, and tenants without a job, where these are known to be under way or to wait for their
    /// next run.
    ///
    /// # Errors
    /// When the broker does not answer.
    pub async fn queued(&self, known: &BTreeSet<&str>) -> Result<(u64, u64)> {
        let stream = self.stream().await?;
        let mut jobs = stream.info_with_subjects(format!("{JOBS}>")).await.map_err(|error| self.trouble(&error))?;
        let (mut queued, mut found) = (0, 0);
        while let Some((subject, _)) = jobs.try_next().await.map_err(|error| self.trouble(&error))? {
            let is_known = subject.strip_prefix(JOBS).is_some_and(|name| known.contains(name));
            *(if is_known { &mut found } else { &mut queued }) += 1;
        }
        Ok((queued, (known.len() as u64).saturating_sub(found)))
    }

    /// Whether anything is known of any tenant.
    ///
    /// # Errors
    /// When the broker does not answer.
    pub async fn is_known(&self) -> Result<bool> {
        let status = self.tenants.status().await.map_err(|error| self.trouble(&error))?;
        Ok(status.values() > 0)
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

/// What jobs come from.
pub struct Consumer {
    /// Gives them.
    pub(crate) consumer: PullConsumer,
    /// The queue, as [`crate::job::Withdrawn`] has it.
    pub(crate) queue: i64,
}

/// When a stream was made: nanoseconds since 1970.
fn made(info: &Info) -> i64 {
    i64::try_from(info.created.unix_timestamp_nanos()).unwrap_or_default()
}

/// The queue.
pub(crate) const JOBS_STREAM: &str = "SOURCE_JOBS";
/// Jobs that were given up.
pub(crate) const DEAD_STREAM: &str = "SOURCE_DEAD";
/// The consumer of the stream.
const WORKERS: &str = "workers";

/// The standing of the tenants and the quotas of the accounts; with `makes`, all that is kept is made where it is not.
async fn kept(jetstream: &Context, nats: &Nats, makes: bool) -> Result<(Store, Store)> {
    if makes {
        for config in [jobs(nats), dead(nats)] {
            let made = jetstream.get_or_create_stream(config).await;
            let stream = made.map_err(|error| trouble(&nats.shown(), &error))?;
            check_copies(&stream.cached_info().config, nats)?;
        }
    }
    let tenants = bucket(jetstream, nats, "source-tenants", makes).await?;
    Ok((tenants, bucket(jetstream, nats, "source-quotas", makes).await?))
}

/// Whether something is kept as often as it is to be.
fn check_copies(config: &Config, nats: &Nats) -> Result<()> {
    let (theirs, name) = (config.num_replicas.max(1), &config.name);
    let other = || Error::Usage {
        what: format!("the broker keeps {name} {theirs} times, and not {} times", nats.replicas),
        remedy: format!(
            "give --nats-replicas {theirs}, or change it: nats stream edit {name} --replicas {}",
            nats.replicas
        ),
    };
    (theirs == nats.replicas).then_some(()).ok_or_else(other)
}

/// A bucket, as it is, or, with `makes`, made where there is none.
async fn bucket(jetstream: &Context, nats: &Nats, name: &str, makes: bool) -> Result<Store> {
    match jetstream.get_key_value(name).await {
        Ok(store) if makes => {
            check_copies(&store.stream.cached_info().config, nats)?;
            return Ok(store);
        }
        Ok(store) => return Ok(store),
        // It says in its text only that there is none.
        Err(error) if !makes && error.to_string().contains("stream not found") => {
            return Err(Error::Usage {
                what: format!("there is no queue at {} yet", nats.shown()),
                remedy: "submit tenants, or start a worker".into(),
            });
        }
        Err(error) if !makes => return Err(trouble(&nats.shown(), &error)),
        Err(_) => {}
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

//! A worker: what it works with, and what it has done. What it does is in `serve`.

use crate::broker::{Broker, EVENTS};
use crate::place::Place;
use crate::seconds::Seconds;
use crate::traces::Traces;
use source_evidence::seal::Signer;
use source_fleet::{Defaults, Share};
use source_host::endurance::Endurance;
use source_host::grant::Grant;
use source_host::plugin::Plugin;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;
use tokio::sync::watch;

/// How a worker goes about it.
#[derive(Clone)]
pub struct Options {
    /// Its name: no two have the same.
    pub name: String,
    /// Tenants at once.
    pub active: usize,
    /// Requests of a page.
    pub page_requests: u32,
    /// Milliseconds of a page.
    pub page_milliseconds: u64,
    /// Bytes of the records of a page.
    pub page_bytes: u64,
    /// Beyond `page_milliseconds`, a turn gets this long to finish what it has begun.
    pub grace: Duration,
    /// Requests in flight for one tenant, 1 to 64.
    pub concurrency: u32,
    /// What all workers together may send to one account.
    pub share: Share,
    /// For how long a tenant that comes no further is tried again.
    pub endurance: Endurance,
    /// So long a job that this worker cannot do is left to others: for its component, settings or files.
    pub leave: Duration,
    /// What holds for tenants that do not say otherwise.
    pub defaults: Defaults,
    /// What the host lets out for tenants that name no policy.
    pub granted: Option<Grant>,
    /// Whether a job may say where its requests go.
    pub upstreams: bool,
    /// Folder that paths in jobs are relative to.
    pub folder: PathBuf,
    /// Signs the seals.
    pub signer: Option<Arc<Signer>>,
}

/// What a worker has done.
#[derive(Debug, Default)]
pub struct Counters {
    /// Tenants at this moment.
    pub running: AtomicU64,
    /// Pages written.
    pub pages: AtomicU64,
    /// Pages that were found written by another worker after they had been collected here.
    pub twice: AtomicU64,
    /// Records written.
    pub records: AtomicU64,
    /// Requests sent.
    pub requests: Arc<AtomicU64>,
    /// Tenants that came to their end.
    pub done: AtomicU64,
    /// Of these, those that failed.
    pub failed: AtomicU64,
    /// Jobs that were given up.
    pub given_up: AtomicU64,
    /// Jobs handed back because something of this worker failed: its disk, its broker.
    pub troubles: AtomicU64,
    /// Times that a collector did not take spans.
    pub traces: Arc<AtomicU64>,
    /// Times that the broker did not hand out jobs when it was asked.
    pub broker: AtomicU64,
    /// Seconds of each turn.
    pub turns: Seconds,
    /// Seconds that a tenant waited for the broker, each time that something of it is read or written down there.
    pub broker_time: Seconds,
}

/// A worker.
pub struct Worker {
    /// The broker.
    pub broker: Broker,
    /// Where evidence goes.
    pub place: Place,
    /// The component.
    pub plugin: Plugin,
    /// How it goes about it.
    pub options: Options,
    /// What it has done.
    pub counters: Counters,
    /// Where spans go.
    pub traces: Option<Traces>,
    /// What is in its way.
    pub obstacles: Obstacles,
}

/// What is in the way of a worker, for whoever looks.
#[derive(Debug, Default)]
pub struct Obstacles {
    /// Why no evidence is written: it cannot be, or that has not been tried yet.
    pub place: watch::Sender<Option<String>>,
    /// Why the queue gives nothing, as long as it does not.
    pub queue: watch::Sender<Option<String>>,
    /// Why a job was last given back in trouble, or could not be given up.
    pub job: watch::Sender<Option<String>>,
}

/// In the way before the first trial, and not worth a word.
pub(crate) const UNTRIED: &str = "it has not been tried yet";

/// Notes what is in the way, or that nothing is any more; whoever looks is told when it begins and when it ends.
pub(crate) fn note(of: &watch::Sender<Option<String>>, obstacle: Option<String>) {
    of.send_if_modified(|known| {
        let is_told = |obstacle: &Option<String>| obstacle.as_ref().is_some_and(|why| why != UNTRIED);
        let is_new = is_told(known) != is_told(&obstacle);
        *known = obstacle;
        is_new
    });
}

impl Worker {
    /// Tells whoever listens.
    pub(crate) async fn tell(&self, tenant: &str, mut what: serde_json::Value) {
        if let Some(fields) = what.as_object_mut() {
            fields.insert("tenant".into(), tenant.into());
            fields.insert("worker".into(), self.options.name.clone().into());
            fields.insert("at".into(), source_evidence::summary::now().into());
        }
        let _ = self.broker.client.publish(format!("{EVENTS}{tenant}"), what.to_string().into()).await;
    }
}

//! How a fleet ended, tenant by tenant and in all.

use source_evidence::summary::Summary;
use source_host::error::Error;
use source_host::obstacle::Obstacle;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// How a tenant ended.
#[derive(Debug)]
pub enum Outcome {
    /// Collected.
    Complete,
    /// Collected, but not everything that was asked for: these kinds, each with its state.
    Incomplete(Vec<String>),
    /// Given up. What was collected before is valid, and a later run can go on.
    Failed(Error),
    /// Not finished when the fleet was stopped. A later run goes on.
    Interrupted,
}

impl Outcome {
    /// How a collection ended, after its summary.
    #[must_use]
    pub fn of(summary: &Summary) -> Self {
        let missing: Vec<String> = summary.missing().map(|kind| format!("{}: {}", kind.kind, kind.state)).collect();
        if missing.is_empty() { Self::Complete } else { Self::Incomplete(missing) }
    }

    /// `complete`, `incomplete`, `interrupted`, or the kind of failure, e.g. `unauthorized`.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::Incomplete(_) => "incomplete",
            Self::Failed(error) => error.word(),
            Self::Interrupted => "interrupted",
        }
    }
}

/// How one tenant ended.
#[derive(Debug)]
pub struct TenantReport {
    /// Its name.
    pub name: String,
    /// How it ended.
    pub outcome: Outcome,
    /// Whether it was finished before this run began.
    pub finished_before: bool,
    /// Records in its folder.
    pub records: u64,
    /// Requests that it sent in this run, retries included.
    pub requests: u64,
    /// Turns that it had in this run.
    pub turns: u32,
    /// From its first turn to its end.
    pub took: Duration,
    /// How much of this was spent waiting.
    pub waited: Duration,
    /// Requests that a policy denied; no more than a hundred are counted.
    pub denied: usize,
    /// What kept it from a connection the last time, where the host knows.
    pub obstacle: Option<Obstacle>,
}

/// How all ended.
#[derive(Debug)]
pub struct Report {
    /// In the order of the tenants.
    pub tenants: Vec<TenantReport>,
    /// How long it took.
    pub took: Duration,
    /// Records written in this run.
    pub records: u64,
    /// Requests sent in this run.
    pub requests: u64,
    /// Whether it was stopped.
    pub interrupted: bool,
}

/// Counters that can be read while a fleet runs.
#[derive(Debug, Default)]
pub struct Gauges {
    pub(super) done: AtomicU64,
    pub(super) failed: AtomicU64,
    pub(super) running: AtomicU64,
    pub(super) waiting: AtomicU64,
    pub(super) retrying: AtomicU64,
    pub(super) records: AtomicU64,
    pub(super) requests: Arc<AtomicU64>,
}

/// What the counters said at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reading {
    /// Tenants that have come to an end, of whatever kind.
    pub done: u64,
    /// Of these, those that failed.
    pub failed: u64,
    /// Tenants that have an instance.
    pub running: u64,
    /// Tenants that wait for an instant, and hold nothing.
    pub waiting: u64,
    /// Tenants whose last turn failed or came no further, and that get another one.
    pub retrying: u64,
    /// Records written in this run.
    pub records: u64,
    /// Requests sent in this run.
    pub requests: u64,
}

impl Gauges {
    /// Reads them.
    #[must_use]
    pub fn read(&self) -> Reading {
        let load = |gauge: &AtomicU64| gauge.load(Ordering::SeqCst);
        Reading {
            done: load(&self.done),
            failed: load(&self.failed),
            running: load(&self.running),
            waiting: load(&self.waiting),
            retrying: load(&self.retrying),
            records: load(&self.records),
            requests: load(&self.requests),
        }
    }
}

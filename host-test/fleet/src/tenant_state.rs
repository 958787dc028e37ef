//! What is kept of a tenant between its turns: counts, and its connections where the next turn follows at once.

use super::report::{Gauges, Outcome, TenantReport};
use source_host::connections::Connections;
use source_host::endurance::{Endurance, Pace};
use source_host::meter::Meter;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// What the schedule knows of one tenant.
pub(super) struct TenantState {
    /// Time that its turns took.
    pub had: Duration,
    /// How far it comes, by what the host counts.
    pub pace: Pace,
    /// Whether it counts among those that fail.
    pub is_retried: bool,
    /// Whether it has come to its end.
    pub ended: bool,
    pub report: TenantReport,
    pub meter: Arc<Meter>,
    pub connections: Connections,
    first: Option<Instant>,
    turn: Option<Begun>,
}

/// A turn under way.
struct Begun {
    at: Instant,
    /// Requests sent before it.
    requests: u64,
}

impl TenantState {
    pub fn new(name: &str, gauges: &Gauges, endurance: Endurance) -> Self {
        Self {
            had: Duration::ZERO,
            pace: Pace::new(endurance),
            is_retried: false,
            ended: false,
            report: TenantReport {
                name: name.into(),
                outcome: Outcome::Interrupted,
                finished_before: false,
                records: 0,
                requests: 0,
                turns: 0,
                took: Duration::ZERO,
                waited: Duration::ZERO,
                denied: 0,
                obstacle: None,
            },
            meter: Arc::new(Meter::of_many(Arc::clone(&gauges.requests))),
            connections: Connections::default(),
            first: None,
            turn: None,
        }
    }

    pub fn begin(&mut self, now: Instant) {
        self.first.get_or_insert(now);
        self.pace.begin(now);
        self.turn = Some(Begun { at: now, requests: self.meter.requests() });
        self.report.turns += 1;
    }

    /// Whether a turn is under way.
    pub fn runs(&self) -> bool {
        self.turn.is_some()
    }

    /// Ends the turn under way; answers the requests that it sent.
    pub fn settle(&mut self, now: Instant) -> Option<u64> {
        let turn = self.turn.take()?;
        self.had += now - turn.at;
        Some(self.meter.requests() - turn.requests)
    }

    pub fn close(&mut self, outcome: Outcome) {
        self.report.outcome = outcome;
        self.report.requests = self.meter.requests();
        self.report.denied = self.meter.denied().len();
        self.report.obstacle = self.connections.obstacle();
        self.report.took = self.first.map(|first| first.elapsed()).unwrap_or_default();
    }
}

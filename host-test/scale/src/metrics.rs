//! What a worker has done, as Prometheus reads it. No label names a tenant: their number has no bound.

use crate::worker::{Counters, Worker};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::text::encode;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::{Registry, Unit};
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// What the text is in.
pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// The metrics of a worker as text.
#[must_use]
pub fn text(worker: &Arc<Worker>) -> String {
    let mut registry = Registry::with_prefix("source_worker");
    let turns = worker.counters.turns.histogram();
    registry.register_with_unit("turn", "Time of a turn, which is one page of one tenant", Unit::Seconds, turns);
    let broker = worker.counters.broker_time.histogram();
    let help = "Time that a tenant waits for the broker, each time that its standing or quota is read or written";
    registry.register_with_unit("broker", help, Unit::Seconds, broker);
    registry.register_collector(Box::new(Exposed(Arc::clone(worker))));
    let mut text = String::new();
    // Writing into a string cannot fail.
    let _ = encode(&mut text, &registry);
    text
}

struct Exposed(Arc<Worker>);

impl fmt::Debug for Exposed {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Exposed")
    }
}

/// Each counter: its name, what it counts, and where it is.
type Counted = (&'static str, &'static str, fn(&Counters) -> &AtomicU64);

const COUNTED: [Counted; 10] = [
    ("tenants_done", "Runs of tenants that came to their end", |all| &all.done),
    ("tenants_failed", "Of these, those that failed", |all| &all.failed),
    ("jobs_given_up", "Jobs that were given up, and went to the dead letters", |all| &all.given_up),
    ("pages", "Pages written", |all| &all.pages),
    ("pages_twice", "Pages that another worker had written meanwhile", |all| &all.twice),
    ("records", "Records written", |all| &all.records),
    ("requests", "Requests sent to vendors", |all| &all.requests),
    ("troubles", "Jobs handed back for a trouble of this worker", |all| &all.troubles),
    ("trace_errors", "Times that a collector did not take spans", |all| &all.traces),
    ("broker_errors", "Times that the broker handed out no jobs but an error", |all| &all.broker),
];

impl Collector for Exposed {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let counters = &self.0.counters;
        for (name, help, which) in COUNTED {
            let counter = ConstCounter::new(which(counters).load(Ordering::SeqCst));
            counter.encode(encoder.encode_descriptor(name, help, None, MetricType::Counter)?)?;
        }
        let running = i64::try_from(counters.running.load(Ordering::SeqCst)).unwrap_or(i64::MAX);
        let gauge = ConstGauge::new(running);
        gauge.encode(encoder.encode_descriptor("tenants_running", "Tenants at this moment", None, MetricType::Gauge)?)
    }
}

//! Times as a histogram.

use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use std::time::{Duration, Instant};

/// How long something took, over and over: from 1 ms to 262 s.
#[derive(Clone, Debug)]
pub struct Seconds(Histogram);

impl Default for Seconds {
    fn default() -> Self {
        Self(Histogram::new(exponential_buckets(0.001, 4.0, 10)))
    }
}

impl Seconds {
    /// What was noted, as it grows.
    pub(crate) fn histogram(&self) -> Histogram {
        self.0.clone()
    }

    /// Notes one more.
    pub fn took(&self, time: Duration) {
        self.0.observe(time.as_secs_f64());
    }

    /// Waits for something, and notes how long it took.
    pub async fn timed<T>(&self, what: impl Future<Output = T>) -> T {
        let begun = Instant::now();
        let answer = what.await;
        self.took(begun.elapsed());
        answer
    }
}

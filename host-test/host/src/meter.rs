//! What a tenant's requests cost, countable while they run.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

/// Denials that are kept: enough to see what a component is up to, too few for it to fill the memory.
const MAX_DENIED: usize = 100;

/// Counters of one tenant.
#[derive(Debug, Default)]
pub struct Meter {
    requests: AtomicU64,
    of_all: Arc<AtomicU64>,
    denied: Mutex<Vec<String>>,
}

impl Meter {
    /// A meter whose requests are added to those of others.
    #[must_use]
    pub fn of_many(of_all: Arc<AtomicU64>) -> Self {
        Self { of_all, ..Self::default() }
    }

    /// Counts a request that was let out.
    pub fn request(&self) {
        self.requests.fetch_add(1, Ordering::Relaxed);
        self.of_all.fetch_add(1, Ordering::Relaxed);
    }

    /// Notes a request that was denied, and why. Never holds a query.
    pub fn deny(&self, why: String) {
        if let Ok(mut denied) = self.denied.lock()
            && denied.len() < MAX_DENIED
        {
            denied.push(why);
        }
    }

    /// Requests let out so far.
    #[must_use]
    pub fn requests(&self) -> u64 {
        self.requests.load(Ordering::Relaxed)
    }

    /// The first hundred denials.
    #[must_use]
    pub fn denied(&self) -> Vec<String> {
        self.denied.lock().map(|denied| denied.clone()).unwrap_or_default()
    }
}

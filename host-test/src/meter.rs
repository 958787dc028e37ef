//! What a tenant's requests cost, countable while they run.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

/// Counters of one tenant.
#[derive(Debug, Default)]
pub struct Meter {
    requests: AtomicU64,
    denied: Mutex<Vec<String>>,
}

impl Meter {
    /// Counts a request that was let out.
    pub fn request(&self) {
        self.requests.fetch_add(1, Ordering::Relaxed);
    }

    /// Notes a request that was denied, and why. Never holds a query.
    pub fn deny(&self, why: String) {
        if let Ok(mut denied) = self.denied.lock() {
            denied.push(why);
        }
    }

    /// Requests let out so far.
    #[must_use]
    pub fn requests(&self) -> u64 {
        self.requests.load(Ordering::Relaxed)
    }

    /// Every denial so far.
    #[must_use]
    pub fn denied(&self) -> Vec<String> {
        self.denied.lock().map(|denied| denied.clone()).unwrap_or_default()
    }
}

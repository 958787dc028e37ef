//! What a tenant's requests cost, countable while they run.

use http::header::RETRY_AFTER;
use http::{Response, StatusCode};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// Denials that are kept: enough to see what a component is up to, too few for it to fill the memory.
const MAX_DENIED: usize = 100;

/// No wait is told as longer than a year, whatever an answer says.
const MAX_SECONDS: u64 = 365 * 24 * 3600;

/// Counters of one tenant.
#[derive(Debug, Default)]
pub struct Meter {
    requests: AtomicU64,
    answers: AtomicU64,
    of_all: Arc<AtomicU64>,
    denied: Mutex<Vec<String>>,
    asked: Mutex<Option<Asked>>,
}

/// How many requests there were.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Let out.
    pub requests: u64,
    /// Of these, answered: not by 429, an error of the server, or nothing.
    pub answers: u64,
}

impl Counts {
    /// Those since `before`.
    #[must_use]
    pub fn since(self, before: Self) -> Self {
        Self {
            requests: self.requests.saturating_sub(before.requests),
            answers: self.answers.saturating_sub(before.answers),
        }
    }
}

/// The vendor's last answer that asks to come back later.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asked {
    /// Its status.
    pub status: StatusCode,
    /// For how long; `None` where it does not say so in seconds.
    pub wait: Option<Duration>,
    /// When it came.
    pub at: Instant,
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

    /// Counts an answer, or notes that it asks to come back later.
    pub fn answered<B>(&self, response: &Response<B>) {
        let status = response.status();
        let header = response.headers().get(RETRY_AFTER);
        let asks =
            status == StatusCode::TOO_MANY_REQUESTS || (status == StatusCode::SERVICE_UNAVAILABLE && header.is_some());
        if !asks && !status.is_server_error() {
            self.answers.fetch_add(1, Ordering::Relaxed);
        }
        if let (true, Ok(mut asked)) = (asks, self.asked.lock()) {
            let seconds = header.and_then(|header| header.to_str().ok()?.trim().parse().ok());
            *asked = Some(Asked {
                status,
                wait: seconds.map(|seconds: u64| Duration::from_secs(seconds.min(MAX_SECONDS))),
                at: Instant::now(),
            });
        }
    }

    /// The last answer that asks to come back later.
    #[must_use]
    pub fn asked(&self) -> Option<Asked> {
        self.asked.lock().ok().and_then(|asked| *asked)
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

    /// Requests let out so far, and how many of them were answered by more than to come back later.
    #[must_use]
    pub fn counts(&self) -> Counts {
        Counts { requests: self.requests(), answers: self.answers.load(Ordering::Relaxed) }
    }

    /// The first hundred denials.
    #[must_use]
    pub fn denied(&self) -> Vec<String> {
        self.denied.lock().map(|denied| denied.clone()).unwrap_or_default()
    }
}

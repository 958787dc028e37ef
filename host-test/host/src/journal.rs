//! What the door saw, kept until it is written beside the evidence.

use crate::trailer::Witness;
use http::{Request, Uri};
use source_evidence::journal::{MASKED, Seen};
use source_evidence::summary::now;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};
use wasmtime_wasi_http::{Error as HttpError, WasiBody};

/// Entries that wait to be written, at most: some 30 MB. Then nothing is let out until they are.
const MOST: usize = 100_000;

/// How long requests that were given up may take to be noted: they end when the runtime comes to them.
const SETTLING: Duration = Duration::from_secs(1);

/// Is told of each request that was sent, as soon as it has ended.
pub trait Observer: Send + Sync {
    /// It began then, and ended now, as noted.
    fn ended(&self, seen: &Seen, began: SystemTime);
}

/// The requests of one tenant that were sent since they were last taken.
#[derive(Default)]
pub struct JournalBuffer {
    seen: Mutex<Vec<Seen>>,
    observer: Option<Arc<dyn Observer>>,
    /// Requests that were sent and have not ended.
    open: AtomicU64,
}

impl fmt::Debug for JournalBuffer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("JournalBuffer")
    }
}

impl JournalBuffer {
    /// One whose entries somebody is told of.
    #[must_use]
    pub fn observed(observer: Option<Arc<dyn Observer>>) -> Self {
        Self { observer, ..Self::default() }
    }

    fn with<T>(&self, work: impl FnOnce(&mut Vec<Seen>) -> T) -> T {
        work(&mut self.seen.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Takes what is there, in the order in which it ended. What is still under way comes with a later page.
    #[must_use]
    pub fn take(&self) -> Vec<Seen> {
        self.with(std::mem::take)
    }

    /// Takes all that is left once the instance is dropped: its answers that nobody read, and its requests that
    /// were cut off, are noted as that.
    pub async fn take_last(&self) -> Vec<Seen> {
        let until = Instant::now() + SETTLING;
        while self.open.load(Ordering::SeqCst) > 0 && Instant::now() < until {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        self.take()
    }

    /// Whether there is no room for one more.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.with(|seen| seen.len() >= MOST)
    }
}

/// A request under way, to be noted when it ends, however it ends.
pub(crate) struct Pending {
    journal: Arc<JournalBuffer>,
    seen: Option<Seen>,
    began: SystemTime,
}

/// A request as the component wrote it; nothing came yet.
pub(crate) fn about(request: &Request<WasiBody>) -> Seen {
    let uri = request.uri();
    Seen {
        at: String::new(),
        bytes: 0,
        error: None,
        host: uri.authority().map(ToString::to_string).unwrap_or_default(),
        method: request.method().to_string(),
        objects: 0,
        request: path(uri),
        sent_sha256: None,
        sha256: None,
        status: None,
    }
}

impl Pending {
    /// For a request that is about to be sent.
    pub fn new(journal: Arc<JournalBuffer>, seen: Seen) -> Self {
        journal.open.fetch_add(1, Ordering::SeqCst);
        Self { journal, seen: Some(seen), began: SystemTime::now() }
    }

    /// The body that the component gave, by its SHA-256.
    pub fn gives(&mut self, sha256: String) {
        if let Some(seen) = &mut self.seen {
            seen.sent_sha256 = Some(sha256);
        }
    }

    /// The head of the answer came.
    pub fn answered(&mut self, status: u16) {
        if let Some(seen) = &mut self.seen {
            seen.status = Some(status);
        }
    }

    /// No answer came.
    pub fn failed(mut self, error: &HttpError) {
        self.note(|seen| seen.error = Some(word(error)));
    }

    fn note(&mut self, change: impl FnOnce(&mut Seen)) {
        let Some(mut seen) = self.seen.take() else { return };
        change(&mut seen);
        seen.at = now();
        if let Some(observer) = &self.journal.observer {
            observer.ended(&seen, self.began);
        }
        self.journal.with(|all| all.push(seen));
        self.journal.open.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Witness for Pending {
    fn ended(&mut self, sha256: String, bytes: u64, objects: u64) {
        self.note(|seen| (seen.sha256, seen.bytes, seen.objects) = (Some(sha256), bytes, objects));
    }

    fn broke(&mut self, error: &HttpError, bytes: u64) {
        self.note(|seen| (seen.error, seen.bytes) = (Some(word(error)), bytes));
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        self.note(|seen| seen.error = Some("not-read-to-its-end".into()));
    }
}

/// Path and query, unless there is an e-mail address in them: evidence may be asked for without any.
fn path(uri: &Uri) -> String {
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    if path.contains('@') || path.contains("%40") { MASKED.into() } else { path.into() }
}

/// The name of an error alone: what comes with it may be the vendor's words.
fn word(error: &HttpError) -> String {
    let text = format!("{error:?}");
    text.split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or_default().to_string()
}

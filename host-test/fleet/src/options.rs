//! How a fleet goes about it.

use source_evidence::seal::Signer;
use source_host::collection::PAGE_BYTES;
use source_host::endurance::Endurance;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// How a fleet goes about it.
#[derive(Clone)]
pub struct Options {
    /// Folder of the tenants' folders.
    pub out: PathBuf,
    /// Whether to resume what the folders hold; else they must hold nothing.
    pub resume: bool,
    /// Turns that run at once.
    pub active: usize,
    /// Requests of a page; what is begun is finished.
    pub page_requests: u32,
    /// Milliseconds of a page; what is begun is finished. A wait for the vendor that is longer than
    /// what is left of it is done without an instance.
    pub page_milliseconds: u64,
    /// Bytes of the records of a page; the page ends with the record that reaches them.
    pub page_bytes: u64,
    /// Beyond `page_milliseconds`, a turn gets this long to finish what it has begun: a request's time-outs.
    /// Then it is cut off, and has come no further.
    pub grace: Duration,
    /// Requests in flight for one tenant, 1 to 64.
    pub concurrency: u32,
    /// Requests of one account in any `quota_window`.
    pub quota_requests: u64,
    /// An hour, but for tests.
    pub quota_window: Duration,
    /// For how long a tenant that comes no further is tried again, and what bounds its pages and its time.
    pub endurance: Endurance,
    /// Signs the seals.
    pub signer: Option<Arc<Signer>>,
}

impl Options {
    /// The defaults, for a folder.
    #[must_use]
    pub fn new(out: impl Into<PathBuf>) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Self {
            out: out.into(),
            resume: false,
            // A turn mostly waits for the network, so that several keep a core busy. With fewer, one
            // tenant whose vendor is slow would have too large a share of them.
            active: 16 * cores,
            // A page costs up to three calls that another one makes again: below one percent of it.
            page_requests: 500,
            page_milliseconds: 5_000,
            page_bytes: PAGE_BYTES,
            grace: Duration::from_secs(150),
            concurrency: 8,
            // A quarter of what Fivetran allows an account; the rest is the customer's.
            quota_requests: 5_000,
            quota_window: Duration::from_secs(3600),
            endurance: Endurance::default(),
            signer: None,
        }
    }
}

//! Many tenants at once on one machine.
//!
//! A [`Fleet`] takes tenants ([`Spec`]) and writes a folder for each, as `collect` does for one. It
//! goes in turns: a tenant that is ready gets an instance for one page of bounded size, the page is
//! written, the instance is dropped, and somebody else is next (`queue`). So many turns run at once
//! as [`Options::active`] says, however many tenants there are.
//!
//! Everything a tenant needs to go on is the cursor in its folder. One that waits, because its vendor
//! asks for it, because the quota of its account is used up (`quota`) or because it failed, is an
//! entry in a list: no instance, no open file, no secret. For the same reason a fleet can be stopped
//! or killed at any moment, and goes on from what lies in the folders.
//!
//! A failure ends one tenant and no other. Those that a retry may help are tried again with growing
//! waits, a bounded number of times in a row.

mod check;
mod fields;
mod file;
mod member;
mod queue;
mod quota;
mod report;
mod retry;
mod schedule;
mod spec;
mod turn;

pub use file::{Defaults, parse, read};
pub use report::{Gauges, Outcome, Reading, Report, TenantReport};
pub use spec::{SecretRef, SettingsRef, Spec, is_name};

use crate::bindings::compliance::source::types::{Diagnostic, Severity};
use crate::error::{Error, Result};
use crate::evidence_dir::{lock, refuse, stage};
use crate::plugin::Plugin;
use crate::verify::seal::Signer;
use std::fs::File;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// How a fleet goes about it.
#[derive(Clone)]
pub struct Options {
    /// Folder of the tenants' folders.
    pub out: PathBuf,
    /// Whether to go on with what the folders hold; else they must hold nothing.
    pub resume: bool,
    /// Turns that run at once.
    pub active: usize,
    /// Requests of a page; what is begun is finished.
    pub page_requests: u32,
    /// Milliseconds of a page; what is begun is finished. A wait for the vendor that is longer than
    /// what is left of it is done without an instance.
    pub page_milliseconds: u64,
    /// Requests in flight for one tenant, 1 to 64.
    pub concurrency: u32,
    /// Requests of one account in any `quota_window`.
    pub quota_requests: u64,
    /// An hour, but for tests.
    pub quota_window: Duration,
    /// Turns without progress in a row, after which a tenant is given up.
    pub tries: u32,
    /// Wait after the first of them; doubled for each further one, up to [`MAX_BACKOFF`].
    pub backoff: Duration,
    /// Signs the seals.
    pub signer: Option<Arc<Signer>>,
}

/// No wait after a failure is longer, unless the vendor asks for it.
pub const MAX_BACKOFF: Duration = Duration::from_secs(5 * 60);
/// No wait that a component asks for is longer: it is asked again then.
pub const MAX_WAIT: Duration = Duration::from_secs(3600);

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
            concurrency: 8,
            // A quarter of what Fivetran allows an account; the rest is the customer's.
            quota_requests: 5_000,
            quota_window: Duration::from_secs(3600),
            tries: 5,
            backoff: Duration::from_secs(1),
            signer: None,
        }
    }
}

/// Whether a fleet goes on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Stop {
    /// It does.
    #[default]
    No,
    /// Turns that are begun come to their end, within the time of a page and a little more.
    Gently,
    /// At once. What was written stays valid.
    AtOnce,
}

/// What a fleet tells while it runs.
#[derive(Debug)]
pub enum Event<'e> {
    /// A tenant waits, holding nothing.
    Waits {
        /// Its name.
        name: &'e str,
        /// For how long.
        wait: Duration,
        /// What failed, if it is that.
        because: Option<&'e Error>,
    },
    /// A tenant has come to its end.
    Ended(&'e TenantReport),
}

/// Hears what a fleet tells.
pub type Observer<'o> = dyn Fn(&Event<'_>) + Send + Sync + 'o;

/// See the module.
pub struct Fleet {
    tenants: Vec<(Arc<Spec>, Plugin)>,
    options: Options,
    gauges: Arc<Gauges>,
    _lock: File,
}

impl Fleet {
    /// A fleet of these tenants, each with its component. Sends nothing yet.
    ///
    /// # Errors
    /// [`Error::Configuration`] with all that can be known to be wrong before anything is sent;
    /// [`Error::Output`] when a folder holds a collection that must not be touched, or
    /// another fleet is at it.
    pub fn new(tenants: Vec<(Spec, Plugin)>, options: Options) -> Result<Self> {
        let findings = check::findings(&tenants, &options);
        if !findings.is_empty() {
            return Err(Error::Configuration(findings));
        }
        if !options.resume {
            for (spec, _) in &tenants {
                let folder = options.out.join(&spec.name);
                refuse(&folder, stage(&folder))?;
            }
        }
        std::fs::create_dir_all(&options.out).map_err(Error::file("create", &options.out))?;
        // A tenant's name never begins with a dot.
        let lock = lock(&options.out, ".lock")?;
        let options = Options { active: options.active.max(1), ..options };
        let tenants = tenants.into_iter().map(|(spec, plugin)| (Arc::new(spec), plugin)).collect();
        Ok(Self { tenants, options, gauges: Arc::default(), _lock: lock })
    }

    /// Counters that can be read while it runs.
    #[must_use]
    pub fn gauges(&self) -> Arc<Gauges> {
        Arc::clone(&self.gauges)
    }

    /// How many tenants it has.
    #[must_use]
    pub fn size(&self) -> usize {
        self.tenants.len()
    }

    /// Collects until every tenant has come to its end, or until it is stopped.
    pub async fn run(&self, stop: watch::Receiver<Stop>, observer: &Observer<'_>) -> Report {
        schedule::Schedule::new(self, observer).run(stop).await
    }
}

fn finding(pointer: String, code: &str, message: String, remedy: &str) -> Diagnostic {
    Diagnostic { severity: Severity::Error, code: code.into(), pointer, message, remedy: remedy.into() }
}

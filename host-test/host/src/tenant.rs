//! For whom a component runs: credentials, settings, what may leave, and by which clock.

use crate::connections::Connections;
use crate::egress::Rule;
use crate::limits::Limits;
use crate::meter::Meter;
pub use crate::secret::Secret;
use http::Uri;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// User name and password for HTTP Basic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pair {
    /// E.g. an API key.
    pub username: Secret,
    /// E.g. an API secret.
    pub password: Secret,
}

/// Who authenticates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Credentials {
    /// None.
    None,
    /// The component gets the pair.
    Basic(Pair),
    /// The harness adds `Authorization` to each request; the component never sees the pair.
    HostManaged(Pair),
}

/// Where the component's wall clock comes from.
#[derive(Clone, Debug)]
pub enum Clock {
    /// The system.
    System,
    /// Milliseconds since 1970 that move only when a wait is over: for runs that can be repeated to the
    /// byte.
    Fixed(Arc<AtomicU64>),
}

impl Clock {
    /// A clock that stands still but for waits.
    #[must_use]
    pub fn fixed(milliseconds: u64) -> Self {
        Self::Fixed(Arc::new(AtomicU64::new(milliseconds)))
    }

    /// A clock that shows the same now and is moved by itself.
    #[must_use]
    pub fn fork(&self) -> Self {
        match self {
            Self::System => Self::System,
            Self::Fixed(_) => Self::fixed(self.now()),
        }
    }

    /// Milliseconds since 1970.
    #[must_use]
    pub fn now(&self) -> u64 {
        match self {
            Self::System => SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as u64),
            Self::Fixed(milliseconds) => milliseconds.load(Ordering::SeqCst),
        }
    }

    /// Moves a fixed clock on by a wait that is over, or is about to be.
    pub fn waited(&self, wait: Duration) {
        if let Self::Fixed(milliseconds) = self {
            let wait = u64::try_from(wait.as_nanos().div_ceil(1_000_000)).unwrap_or(u64::MAX);
            milliseconds.fetch_add(wait, Ordering::SeqCst);
        }
    }
}

/// Whether a URL is the root of a server, as an upstream has to be.
#[must_use]
pub fn is_server_root(url: &Uri) -> bool {
    let usable = url.authority().is_some() && matches!(url.scheme_str(), Some("http" | "https"));
    usable && url.path_and_query().is_none_or(|path| path == "/")
}

/// For whom a component runs.
#[derive(Clone, Debug)]
pub struct Tenant {
    /// Who authenticates.
    pub credentials: Credentials,
    /// The settings, a JSON object.
    pub settings: String,
    /// What the host lets out; `None` grants what the component declares.
    pub granted: Option<Vec<Rule>>,
    /// Where requests are sent instead of the hosts they name, after they were judged.
    pub upstream: Option<Uri>,
    /// The wall clock.
    pub clock: Clock,
    /// What the component may use.
    pub limits: Limits,
    /// Counts what it costs.
    pub meter: Arc<Meter>,
    /// Its connections, which nobody else uses; closed when the last clone of the tenant is dropped.
    pub connections: Connections,
}

impl Tenant {
    /// A tenant with default settings on the system's clock.
    #[must_use]
    pub fn new(credentials: Credentials) -> Self {
        Self {
            credentials,
            settings: "{}".into(),
            granted: None,
            upstream: None,
            clock: Clock::System,
            limits: Limits::default(),
            meter: Arc::default(),
            connections: Connections::default(),
        }
    }
}

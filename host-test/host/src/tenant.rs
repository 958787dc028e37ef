//! For whom a component runs: credentials, settings, what may leave, and by which clock.

use crate::connections::Connections;
use crate::grant::Grant;
use crate::journal::JournalBuffer;
use crate::limits::Limits;
use crate::meter::Meter;
pub use crate::secret::Secret;
use http::Uri;
use std::net::IpAddr;
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
    /// The component gets the token.
    Bearer(Secret),
    /// The component gets one value for each field of its own form, by the field's id.
    Fields(Vec<(String, Secret)>),
    /// The harness adds `Authorization` to each request; the component never sees what is in it.
    HostManaged(Managed),
}

/// What the harness makes `Authorization` of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Managed {
    /// HTTP Basic.
    Basic(Pair),
    /// `Bearer`, with this token.
    Bearer(Secret),
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

    /// In a word, as a collection tells it.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::System => source_evidence::made::SYSTEM,
            Self::Fixed(_) => "fixed",
        }
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

/// What keeps a URL from being an upstream, and what to do about it; `None` for one that may be: the root of a
/// server, without user information, over https; over http only at a loopback address, since secrets go there.
#[must_use]
pub fn upstream_fault(url: &Uri) -> Option<(&'static str, &'static str)> {
    const ROOT: &str = "write it like https://proxy.example.com or http://127.0.0.1:8080";
    let usable = url.authority().is_some() && matches!(url.scheme_str(), Some("http" | "https"));
    if !usable || url.path_and_query().is_some_and(|path| path != "/") {
        return Some(("is not the root of a server", ROOT));
    }
    if url.authority().is_some_and(|authority| authority.as_str().contains('@')) {
        return Some(("has a user name in it", ROOT));
    }
    let address = url.host().unwrap_or_default().trim_matches(['[', ']']).parse::<IpAddr>();
    let is_own_machine = address.is_ok_and(|address| address.is_loopback());
    (url.scheme_str() == Some("http") && !is_own_machine).then_some((
        "would send the credentials unencrypted to another machine",
        "use https, or http to 127.0.0.1 or [::1]",
    ))
}

/// For whom a component runs.
#[derive(Clone, Debug)]
pub struct Tenant {
    /// Who authenticates.
    pub credentials: Credentials,
    /// The settings, a JSON object.
    pub settings: String,
    /// What the host lets out. `None`: nothing, so that a component which asks for anything is refused.
    pub granted: Option<Grant>,
    /// Where requests are sent instead of the hosts they name, after they were judged: see [`upstream_fault`].
    pub upstream: Option<Uri>,
    /// The wall clock.
    pub clock: Clock,
    /// What the component may use.
    pub limits: Limits,
    /// Counts what it costs.
    pub meter: Arc<Meter>,
    /// Notes every request, for a collection that is written; `None` notes nothing.
    pub journal: Option<Arc<JournalBuffer>>,
    /// Which account a simulator makes up for it; `None` where it is real.
    pub simulated: Option<String>,
    /// Its connections, which nobody else uses; closed when the last clone of the tenant is dropped.
    pub connections: Connections,
}

impl Tenant {
    /// A tenant with default settings on the system's clock, for which nothing is granted yet.
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
            journal: None,
            simulated: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_credential_shows_in_debug() {
        let secret = || Secret::new("canary");
        let pair = || Pair { username: secret(), password: secret() };
        for credentials in [
            Credentials::Basic(pair()),
            Credentials::Bearer(secret()),
            Credentials::Fields(vec![("api_key".into(), secret())]),
            Credentials::HostManaged(Managed::Basic(pair())),
            Credentials::HostManaged(Managed::Bearer(secret())),
        ] {
            let shown = format!("{:?} {:#?}", credentials, Tenant::new(credentials.clone()));
            assert!(shown.contains("Secret(…)") && !shown.contains("canary"), "{shown}");
        }
    }

    #[test]
    fn plain_http_stays_on_this_machine() {
        for good in ["https://proxy.example.com", "https://10.0.0.1:8443/", "http://127.0.0.1:8080", "http://[::1]:1/"]
        {
            assert_eq!(upstream_fault(&good.parse().unwrap()), None, "{good}");
        }
        for bad in [
            "http://proxy.example.com",
            "http://10.0.0.1",
            "http://0.0.0.0:80",
            "http://127.0.0.1.example.com",
            "http://localhost:8080",
            "http://[::ffff:127.0.0.1]:80",
            "http://user@127.0.0.1",
            "https://user:canary@proxy.example.com",
            "https://proxy.example.com/x",
            "https://proxy.example.com/?x",
            "ftp://127.0.0.1",
            "/path",
            "127.0.0.1:80",
        ] {
            let (what, remedy) = upstream_fault(&bad.parse().unwrap()).expect(bad);
            assert!(!format!("{what}{remedy}").contains("canary"));
        }
    }
}

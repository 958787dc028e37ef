//! What to simulate.

use super::account::{Account, AccountSpec};
use super::faults;
use super::pair::Pair;
use super::protocol::{Reply, RequestInfo};
use super::tls::Versions;
use super::trail::{Trail, Vendor};
use std::collections::BTreeSet;
use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// The API key that the simulator accepts by default.
pub const DEFAULT_KEY: &str = "simulated-key";
/// The API secret that goes with it.
pub const DEFAULT_SECRET: &str = "simulated-secret-that-opens-nothing";

/// The default pair.
#[must_use]
pub fn default_pair() -> Pair {
    Pair { key: DEFAULT_KEY.into(), secret: DEFAULT_SECRET.into() }
}

/// The pair that opens account `number` of a simulator that accepts `pair` for its first, number 0.
#[must_use]
pub fn pair_of(pair: &Pair, number: usize) -> Pair {
    match number {
        0 => pair.clone(),
        _ => Pair { key: format!("{}-{number}", pair.key), ..pair.clone() },
    }
}

/// Whose key the pair is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Principal {
    /// The key of the account's first user, an Account Administrator.
    UserKey,
    /// A system key with these READ scopes, e.g. `USER`.
    SystemKey {
        /// Names of resource types as Fivetran writes them.
        scopes: BTreeSet<String>,
    },
}

/// An hourly quota of each account, much smaller than Fivetran's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quota {
    /// Requests until the limit strikes.
    pub requests: u64,
    /// Value of `Retry-After` in the refusal.
    pub retry_after: String,
    /// After how long it is lifted.
    pub lifted_after: Duration,
}

/// Changes an answer on its way out: for faults and odd bodies.
pub type Hook = Arc<dyn Fn(&RequestInfo, Reply) -> Reply + Send + Sync>;

/// What to simulate.
#[derive(Clone)]
pub struct Config {
    /// Whose protocol it speaks: Fivetran's, which shows the account, or that of a place where its trail stands.
    pub vendor: Vendor,
    /// The trail, for the other vendors.
    pub trail: Trail,
    /// The account.
    pub account: AccountSpec,
    /// So many changes since the account was as the seed makes it: of the first connections so many
    /// are paused or resumed and as many have synced, and half as many users have left, joined and
    /// become administrators.
    pub changes: usize,
    /// Whether the account takes part in the private preview of connection errors. Most accounts do not.
    pub connection_errors: bool,
    /// How many accounts are served. Number `n` has the seed of `account` plus `n`, and is opened by
    /// [`pair_of`] `n`.
    pub accounts: usize,
    /// The pair that opens the first account.
    pub pair: Pair,
    /// Whose key it is.
    pub principal: Principal,
    /// The versions of HTTP that it speaks over TLS; `None` for HTTP without TLS.
    pub tls: Option<Versions>,
    /// Requests that it takes at once on an HTTP/2 connection.
    pub max_streams: u32,
    /// Waited before each answer.
    pub latency: Duration,
    /// When requests are refused with 429.
    pub quota: Option<Quota>,
    /// Changes answers.
    pub hook: Option<Hook>,
    /// Which answers go wrong, and how.
    pub faults: Option<Arc<faults::Schedule>>,
    /// Whether answers that were made up once are kept: a benchmark measures who reads them. Costs as
    /// much memory as the account has text.
    pub keep_answers: bool,
    /// Whether the journal is kept, which takes memory for each request.
    pub journal: bool,
    /// Takes a line for each request: milliseconds since 1970, number of the account, path.
    pub request_log: Option<Arc<Mutex<std::fs::File>>>,
}

impl Config {
    /// Account `number`.
    pub(crate) fn account_of(&self, number: usize) -> Account {
        let seed = self.account.seed.wrapping_add(number as u64);
        let spec = AccountSpec { seed, ..self.account.clone() };
        Account { spec, changes: self.changes, has_errors: self.connection_errors }
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            vendor: Vendor::Fivetran,
            trail: Trail::default(),
            account: AccountSpec::default(),
            changes: 0,
            connection_errors: false,
            accounts: 1,
            pair: default_pair(),
            principal: Principal::UserKey,
            tls: None,
            max_streams: 100,
            latency: Duration::ZERO,
            quota: None,
            hook: None,
            faults: None,
            keep_answers: false,
            journal: true,
            request_log: None,
        }
    }
}

impl fmt::Debug for Config {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Config")
            .field("account", &self.account)
            .field("principal", &self.principal)
            .finish_non_exhaustive()
    }
}

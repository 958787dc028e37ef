//! The answers of an account without a server.

use super::account::Account;
use super::changes::Changes;
use super::config::Config;
use super::faults::{Fault, Wire};
use super::inventory::Inventory;
use super::protocol::{Reply, RequestInfo};
use super::routes;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The answers of an account without a server: for tests that have no network.
pub struct Answers {
    account: Account,
    config: Config,
    requests: AtomicUsize,
}

impl Answers {
    /// Those of a simulator with this configuration.
    #[must_use]
    pub fn new(config: Config) -> Self {
        Self { account: config.account_of(0), config, requests: AtomicUsize::new(0) }
    }

    /// The answer to a GET with the right credentials, and what goes wrong on the wire.
    #[must_use]
    pub fn get(&self, path_and_query: &str) -> (Reply, Option<Wire>) {
        let (path, query) = path_and_query.split_once('?').unwrap_or((path_and_query, ""));
        let reply = routes::answer(&self.account, &self.config.principal, path, query);
        let number = self.requests.fetch_add(1, Ordering::SeqCst) + 1;
        let info = RequestInfo { number, method: "GET".into(), path_and_query: path_and_query.into() };
        match self.config.faults.as_ref().and_then(|faults| faults.strike(&info)) {
            Some(Fault::Wire(wire)) => (reply, Some(wire)),
            Some(fault) => (fault.apply(reply), None),
            None => (reply, None),
        }
    }

    /// The native id of every record that a collection of this account must have, per kind.
    #[must_use]
    pub fn inventory(&self) -> Inventory {
        self.account.inventory()
    }

    /// What [`Config::changes`] changed in this account.
    #[must_use]
    pub fn changed(&self) -> Changes {
        self.account.changed()
    }

    /// Id of the account.
    #[must_use]
    pub fn account_id(&self) -> String {
        self.account.id()
    }
}

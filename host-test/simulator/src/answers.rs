//! The answers of an account without a server.

use super::account::Account;
use super::changes::Changes;
use super::config::Config;
use super::faults::{Fault, Wire};
use super::inventory::Inventory;
use super::protocol::{Reply, RequestInfo};
use super::routes;
use super::trail::{Asked, Service, Table, Vendor};
use http::{HeaderMap, Method};
use std::sync::atomic::{AtomicUsize, Ordering};

/// The answers of an account without a server: for tests that have no network.
pub struct Answers {
    account: Account,
    config: Config,
    service: Service,
    requests: AtomicUsize,
}

impl Answers {
    /// Those of a simulator with this configuration.
    #[must_use]
    pub fn new(config: Config) -> Self {
        let service = Service::new(config.vendor, config.trail.clone());
        Self { account: config.account_of(0), config, service, requests: AtomicUsize::new(0) }
    }

    /// The answer to a GET with the right credentials, and what goes wrong on the wire.
    #[must_use]
    pub fn get(&self, path_and_query: &str) -> (Reply, Option<Wire>) {
        self.send(&Method::GET, path_and_query, &[])
    }

    /// The same for a POST, which only the places of the trail know.
    #[must_use]
    pub fn post(&self, path_and_query: &str, body: &[u8]) -> (Reply, Option<Wire>) {
        self.send(&Method::POST, path_and_query, body)
    }

    fn send(&self, method: &Method, path_and_query: &str, body: &[u8]) -> (Reply, Option<Wire>) {
        let (path, query) = path_and_query.split_once('?').unwrap_or((path_and_query, ""));
        let reply = match self.config.vendor {
            Vendor::Fivetran => routes::answer(&self.account, &self.config.principal, path, query),
            _ => {
                let asked = Asked { method, path, query, headers: &HeaderMap::new(), body };
                self.service.answer(asked, Some(0), || self.account.clone())
            }
        };
        let number = self.requests.fetch_add(1, Ordering::SeqCst) + 1;
        let info = RequestInfo { number, method: method.to_string(), path_and_query: path_and_query.into() };
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

    /// The rows of a table of the account's trail: see [`super::Simulator::trail_rows`].
    #[must_use]
    pub fn trail_rows(&self, table: Table) -> Vec<Vec<Option<String>>> {
        self.service.history(0, || self.account.clone()).rows(table, None)
    }

    /// Id of the account.
    #[must_use]
    pub fn account_id(&self) -> String {
        self.account.id()
    }
}

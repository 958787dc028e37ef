//! A vendor that holds the trail: who may ask, whose history it is, what happens meanwhile.

use super::history::History;
use super::spec::{Keys, Trail, Vendor};
use super::visit::{Asked, Jobs, Visit};
use super::{bigquery, databricks, datadog, snowflake};
use crate::account::Account;
use crate::protocol::Reply;
use http::{HeaderMap, header};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

const PROGRAMMATIC: &str = "PROGRAMMATIC_ACCESS_TOKEN";

/// The token that opens the trail of account `number`, where `token` opens the first one's.
#[must_use]
pub fn token_of(token: &str, number: usize) -> String {
    if number == 0 { token.into() } else { format!("{token}-{number}") }
}

/// A vendor that holds the trails of accounts.
pub struct Service {
    vendor: Vendor,
    /// What it holds, and what goes wrong.
    pub trail: Trail,
    histories: Mutex<BTreeMap<usize, Arc<History>>>,
    jobs: Jobs,
    asked: AtomicUsize,
}

impl Service {
    /// A service of this vendor.
    pub fn new(vendor: Vendor, trail: Trail) -> Self {
        let (histories, jobs) = (Mutex::default(), Jobs::default());
        Self { vendor, trail, histories, jobs, asked: AtomicUsize::new(0) }
    }

    /// Number of the account that a request's headers open, of so many; `None` when they open none.
    pub fn account_opened(&self, headers: &HeaderMap, accounts: usize) -> Option<usize> {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let Keys { token, api_key, application_key } = &self.trail.keys;
        let (given, expected) = match self.vendor {
            Vendor::Datadog => (text("dd-api-key")?, api_key),
            _ => (text(header::AUTHORIZATION.as_str())?.strip_prefix("Bearer ")?, token),
        };
        let rest = given.strip_prefix(expected.as_str())?;
        let number = if rest.is_empty() { 0 } else { rest.strip_prefix('-')?.parse().ok()? };
        let whole = match self.vendor {
            Vendor::Datadog => text("dd-application-key") == Some(&token_of(application_key, number)),
            Vendor::Snowflake => text("x-snowflake-authorization-token-type") == Some(PROGRAMMATIC),
            _ => true,
        };
        (whole && number < accounts && given == token_of(expected, number)).then_some(number)
    }

    /// The history of an account, which is made up once.
    pub fn history(&self, number: usize, account: impl FnOnce() -> Account) -> Arc<History> {
        let mut all = self.histories.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(all.entry(number).or_insert_with(|| Arc::new(History::new(account(), &self.trail))))
    }

    /// The answer to a request that opens account `opened`.
    pub fn answer(&self, asked: Asked<'_>, opened: Option<usize>, account: impl FnOnce() -> Account) -> Reply {
        let Some(number) = opened else { return self.unauthorized(asked.headers, false) };
        let before = self.asked.fetch_add(1, Ordering::SeqCst);
        if self.trail.expires_after.is_some_and(|after| before >= after) {
            return self.unauthorized(asked.headers, true);
        }
        let meanwhile = self.trail.meanwhile.filter(|meanwhile| before >= meanwhile.after);
        let visit = Visit {
            jobs: &self.jobs,
            trail: &self.trail,
            history: self.history(number, account),
            happened: meanwhile.map(|meanwhile| meanwhile.change),
            number,
        };
        match self.vendor {
            Vendor::BigQuery => bigquery::answer(&visit, asked),
            Vendor::Snowflake => snowflake::answer(&visit, asked),
            Vendor::Databricks => databricks::answer(&visit, asked),
            Vendor::Datadog | Vendor::Fivetran => datadog::answer(&visit, asked),
        }
    }

    fn unauthorized(&self, headers: &HeaderMap, expired: bool) -> Reply {
        match self.vendor {
            Vendor::BigQuery => bigquery::unauthorized(),
            Vendor::Snowflake => snowflake::unauthorized(expired),
            Vendor::Databricks => databricks::unauthorized(),
            Vendor::Datadog | Vendor::Fivetran => datadog::unauthorized(headers),
        }
    }
}

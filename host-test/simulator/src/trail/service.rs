//! A vendor that holds the trail: who may ask, statements that are not done yet, what happens meanwhile.

use super::history::{Happened, History};
use super::spec::{Keys, Trail, Vendor};
use super::sql::{Dialect, Refusal, parse};
use super::warehouse::Answer;
use super::{bigquery, databricks, datadog, snowflake};
use crate::account::Account;
use crate::protocol::Reply;
use http::{HeaderMap, Method, header};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// Statements that are remembered at most; the oldest is forgotten first.
const MOST_JOBS: usize = 4096;
const PROGRAMMATIC: &str = "PROGRAMMATIC_ACCESS_TOKEN";

/// The token that opens the trail of account `number`, where `token` opens the first one's.
#[must_use]
pub fn token_of(token: &str, number: usize) -> String {
    if number == 0 { token.into() } else { format!("{token}-{number}") }
}

/// A request.
#[derive(Clone, Copy)]
pub struct Asked<'r> {
    /// The method.
    pub method: &'r Method,
    /// Its path, as it came.
    pub path: &'r str,
    /// Its query, as it came.
    pub query: &'r str,
    /// The headers.
    pub headers: &'r HeaderMap,
    /// The body.
    pub body: &'r [u8],
}

/// A statement that was accepted.
#[derive(Clone)]
pub struct Job {
    /// Its number, from which its handle is made.
    pub number: u64,
    /// What it gives.
    pub answer: Answer,
    /// Whether it is done.
    pub done: bool,
}

#[derive(Default)]
struct Jobs {
    last: u64,
    /// By number: the account, the answer, how often it is still not done.
    all: BTreeMap<u64, (usize, Answer, usize)>,
}

/// A vendor that holds the trails of accounts.
pub struct Service {
    vendor: Vendor,
    /// What it holds, and what goes wrong.
    pub trail: Trail,
    histories: Mutex<BTreeMap<usize, Arc<History>>>,
    jobs: Mutex<Jobs>,
    asked: AtomicUsize,
}

/// A request to the trail of one account.
pub struct Visit<'s> {
    service: &'s Service,
    /// The trail's settings.
    pub trail: &'s Trail,
    /// The account's history.
    pub history: Arc<History>,
    /// What has happened to it by now.
    pub happened: Happened,
    number: usize,
}

impl Service {
    /// A service of this vendor.
    pub fn new(vendor: Vendor, trail: Trail) -> Self {
        let (histories, jobs) = (Mutex::default(), Mutex::default());
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
            service: self,
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

impl Visit<'_> {
    /// Takes a statement.
    pub fn submit(&self, dialect: Dialect, text: &str) -> Result<Job, Refusal> {
        let statement = parse(dialect, self.trail, text)?;
        let answer = Answer::new(&self.history, self.trail, self.happened, &statement);
        let mut jobs = self.service.jobs.lock().unwrap_or_else(PoisonError::into_inner);
        jobs.last += 1;
        let number = jobs.last;
        let pending = self.trail.pending;
        jobs.all.insert(number, (self.number, answer.clone(), pending.saturating_sub(1)));
        if jobs.all.len() > MOST_JOBS {
            jobs.all.pop_first();
        }
        Ok(Job { number, answer, done: pending == 0 })
    }

    /// A statement that was taken before, by its number; `None` where this account has none.
    pub fn job(&self, number: u64) -> Option<Job> {
        let mut jobs = self.service.jobs.lock().unwrap_or_else(PoisonError::into_inner);
        let (owner, answer, pending) = jobs.all.get_mut(&number)?;
        if *owner != self.number {
            return None;
        }
        let done = *pending == 0;
        // One that never ends stays as it is.
        if *pending < usize::MAX - 1 {
            *pending = pending.saturating_sub(1);
        }
        Some(Job { number, answer: answer.clone(), done })
    }

    /// Rows of partition `number`, from 0; `None` where it is lost, or was never there.
    pub fn partition(&self, job: &Job, number: usize) -> Option<Vec<super::warehouse::Row>> {
        let size = self.trail.partition_rows.max(1);
        let lost = self.trail.lost_from.is_some_and(|lost| number >= lost.max(1));
        let there = number == 0 || number * size < job.answer.len;
        (there && !lost).then(|| job.answer.rows(number * size, size))
    }

    /// How many rows each partition has; there is always a first one.
    pub fn partition_sizes(&self, job: &Job) -> Vec<usize> {
        let size = self.trail.partition_rows.max(1);
        let count = job.answer.len.div_ceil(size).max(1);
        (0..count).map(|number| job.answer.len.saturating_sub(number * size).min(size)).collect()
    }
}

//! A request to the trail of one account, and statements that are not done yet.

use super::history::{Happened, History};
use super::spec::Trail;
use super::sql::{Dialect, Refusal, parse};
use super::warehouse::{Answer, Row};
use http::{HeaderMap, Method};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Statements that are remembered at most; the oldest is forgotten first.
const MOST_JOBS: usize = 4096;

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

/// The statements that were accepted.
#[derive(Default)]
pub struct Jobs(Mutex<Taken>);

#[derive(Default)]
struct Taken {
    last: u64,
    /// By number: the account, the answer, how often it is still not done.
    all: BTreeMap<u64, (usize, Answer, usize)>,
}

/// A request to the trail of one account.
pub struct Visit<'s> {
    /// Statements of all accounts.
    pub jobs: &'s Jobs,
    /// The trail's settings.
    pub trail: &'s Trail,
    /// The account's history.
    pub history: Arc<History>,
    /// What has happened to it by now.
    pub happened: Happened,
    /// The account's number.
    pub number: usize,
}

impl Visit<'_> {
    /// Takes a statement.
    pub fn submit(&self, dialect: Dialect, text: &str) -> Result<Job, Refusal> {
        let statement = parse(dialect, self.trail, text)?;
        let answer = Answer::new(&self.history, self.trail, self.happened, &statement);
        let mut jobs = self.jobs.0.lock().unwrap_or_else(PoisonError::into_inner);
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
        let mut jobs = self.jobs.0.lock().unwrap_or_else(PoisonError::into_inner);
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
    pub fn partition(&self, job: &Job, number: usize) -> Option<Vec<Row>> {
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

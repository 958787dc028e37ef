//! What `health` answers.

use super::asking::is_late;
use crate::base::model::{CoverageState, Failure, Usage};
use crate::base::timestamp::Timestamp;
use crate::base::world::World;
use crate::read::client::Client;
use crate::read::error::GetError;
use crate::record::failure::failure_of;
use crate::record::identity::Identity;
use crate::record::problem::reading;
use crate::record::source::Source;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

/// How much to look at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    /// Credentials only.
    Credential,
    /// Also each kind.
    Coverage,
}

/// The verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// All is well.
    Ok,
    /// Some evidence cannot be collected.
    Degraded,
    /// None can.
    Failing,
}

/// One check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// The kind it is about; `None` for the credentials.
    pub kind: Option<&'static str>,
    /// How it stands.
    pub state: State,
    /// Identifier of the outcome.
    pub code: &'static str,
    /// What was found.
    pub message: String,
    /// What to do.
    pub remedy: Option<String>,
    /// When to come back.
    pub retry_after_seconds: Option<u64>,
    /// The permission that was missing.
    pub missing_permission: Option<String>,
    /// For a kind: what a collection would report.
    pub coverage: Option<CoverageState>,
}

/// The outcome.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// The worst of all checks.
    pub state: State,
    /// When.
    pub checked_at: Timestamp,
    /// The account, and whose key it is.
    pub identity: Option<Identity>,
    /// The role of the key's user.
    pub role: Option<String>,
    /// Every check.
    pub checks: Vec<Check>,
    /// What it cost.
    pub usage: Usage,
}

/// The check of a GET that failed.
pub fn failed_get<S: Source, W: World>(
    kind: Option<&'static str>,
    (error, path): (&GetError, &str),
    state: State,
    client: &Client<'_, S, W>,
) -> Check {
    let mut failure = failure_of::<S>(error, path);
    if let GetError::Wait(until) = error {
        let wait_ms = until.0.saturating_sub(client.world().now().0);
        failure.retry_after_seconds = u64::try_from(wait_ms).ok().map(|ms| ms.div_ceil(1000));
    }
    if is_late(error) {
        failure.message = format!("{}: there was no answer in the time that health takes", reading(path));
        failure.remedy = format!(
            "Try again; if it stays so, see {}'s status page. A collection waits longer for each answer.",
            S::VENDOR
        );
    }
    let mut check = failed(kind, &failure, state);
    if let GetError::Forbidden(Some(named)) = error {
        check.missing_permission = Some(named.clone());
    }
    check
}

/// The check of a failure.
pub fn failed(kind: Option<&'static str>, failure: &Failure, state: State) -> Check {
    Check {
        kind,
        state,
        code: failure.code,
        message: failure.message.clone(),
        remedy: Some(failure.remedy.clone()),
        retry_after_seconds: failure.retry_after_seconds,
        missing_permission: None,
        coverage: None,
    }
}

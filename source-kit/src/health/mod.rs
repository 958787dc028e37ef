//! Asks Fivetran whether evidence can be collected, as cheaply as it can be told.

mod coverage;

use crate::collect::failure_of;
use crate::config::Config;
use crate::fivetran::account::{self, Identity};
use crate::fivetran::client::{Client, GetError, Limits};
use crate::fivetran::envelope::Shape;
use crate::fivetran::resource::page_request;
use crate::fivetran::user;
use crate::instant::Instant;
use crate::model::{CoverageState, Failure, FailureKind, Usage};
use crate::world::World;
use alloc::format;
use alloc::string::{String, ToString};
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

/// One thing looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// `credential`, or a kind id.
    pub id: &'static str,
    /// How it stands.
    pub state: State,
    /// Identifier of the outcome.
    pub code: &'static str,
    /// What is the case.
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
    pub checked_at: Instant,
    /// The account, and whose key it is.
    pub identity: Option<Identity>,
    /// The role of the key's user.
    pub role: Option<String>,
    /// Everything looked at.
    pub checks: Vec<Check>,
    /// What it cost.
    pub usage: Usage,
}

/// The report of an instance without a configuration.
#[must_use]
pub fn not_configured(now: Instant) -> Report {
    let failure = not_configured_failure();
    let check = failed("credential", &failure, State::Failing);
    Report {
        state: State::Failing,
        checked_at: now,
        identity: None,
        role: None,
        checks: alloc::vec![check],
        usage: Usage::default(),
    }
}

/// The failure of an instance without a configuration.
#[must_use]
pub fn not_configured_failure() -> Failure {
    Failure::new(
        FailureKind::NotConfigured,
        "no configuration is in force",
        "Call configure first, with the credentials and settings.",
    )
}

/// Looks.
pub async fn check<W: World>(world: &W, config: &Config, depth: Depth) -> Report {
    let limits = Limits { deadline_ms: world.monotonic_ms().saturating_add(20_000), wait_for_rate_limit: false };
    let client = Client::new(world, config.authorization.clone(), limits);
    let mut checks = Vec::new();
    let mut identity = None;
    let mut role = None;
    match client.get(account::PATH, Shape::Enveloped).await {
        Err(error) => checks.push(failed_get("credential", &error, account::PATH, State::Failing, &client)),
        Ok(body) => match Identity::read(body.data()) {
            None => {
                let failure = Failure::new(
                    FailureKind::ContractDrift,
                    "Fivetran's answer names no account",
                    "Check that api.fivetran.com is what answers; if so, update this component.",
                );
                checks.push(failed("credential", &failure, State::Failing));
            }
            Some(known) => {
                role = read_role(&client, &known).await;
                checks.push(accepted(&known, role.as_deref()));
                identity = Some(known);
            }
        },
    }
    if depth == Depth::Coverage && identity.is_some() {
        checks.extend(coverage::checks(&client, &config.settings).await);
    }
    let worst = checks.iter().map(|check| check.state).max().unwrap_or(State::Failing);
    Report { state: worst, checked_at: world.now(), identity, role, checks, usage: client.usage() }
}

fn accepted(identity: &Identity, role: Option<&str>) -> Check {
    let name = identity.name.as_deref().unwrap_or(&identity.account);
    let whose = match (&identity.user, &identity.system_key, role) {
        (Some(_), _, Some(role)) => format!("a user's key, role {role}"),
        (Some(_), _, None) => "a user's key".to_string(),
        (None, Some(_), _) => "a system key".to_string(),
        (None, None, _) => "a key of an unknown kind".to_string(),
    };
    Check {
        id: "credential",
        state: State::Ok,
        code: "accepted",
        message: format!("Fivetran accepts the credentials for account {name}: {whose}"),
        remedy: None,
        retry_after_seconds: None,
        missing_permission: None,
        coverage: None,
    }
}

/// The account role of the key's user, where it may be read.
async fn read_role<W: World>(client: &Client<'_, W>, identity: &Identity) -> Option<String> {
    let id = identity.user.as_deref()?;
    let request = page_request("/v1/users/{id}", id, None, None);
    let body = client.get(&request, Shape::Enveloped).await.ok()?;
    let user = crate::fivetran::wire::read::<user::User<'_>>(body.data())?;
    user.role.text().map(ToString::to_string)
}

fn failed_get<W: World>(id: &'static str, error: &GetError, path: &str, state: State, client: &Client<'_, W>) -> Check {
    let mut failure = failure_of(error, path);
    if let GetError::Wait(until) = error {
        let wait_ms = until.0.saturating_sub(client.world().now().0);
        failure.retry_after_seconds = u64::try_from(wait_ms).ok().map(|ms| ms.div_ceil(1000));
    }
    let mut check = failed(id, &failure, state);
    if let GetError::Forbidden(Some(named)) = error {
        check.missing_permission = Some(named.clone());
    }
    check
}

fn failed(id: &'static str, failure: &Failure, state: State) -> Check {
    Check {
        id,
        state,
        code: code_of(failure.kind),
        message: failure.message.clone(),
        remedy: Some(failure.remedy.clone()),
        retry_after_seconds: failure.retry_after_seconds,
        missing_permission: None,
        coverage: None,
    }
}

fn code_of(kind: FailureKind) -> &'static str {
    match kind {
        FailureKind::NotConfigured => "not-configured",
        FailureKind::InvalidRequest => "invalid-request",
        FailureKind::InvalidCursor => "invalid-cursor",
        FailureKind::Unauthorized => "unauthorized",
        FailureKind::Forbidden => "forbidden",
        FailureKind::RateLimited => "rate-limited",
        FailureKind::Upstream => "upstream",
        FailureKind::Network => "network",
        FailureKind::ContractDrift => "contract-drift",
        FailureKind::DeniedByHost => "denied-by-host",
        FailureKind::Internal => "internal",
    }
}

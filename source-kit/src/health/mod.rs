//! Asks the vendor whether evidence can be collected, as cheaply as it can be told.

mod asking;
mod coverage;
mod report;

pub use report::{Check, Depth, Report, State};

use crate::base::model::{Diagnostic, Failure, FailureKind, Usage};
use crate::base::timestamp::Timestamp;
use crate::base::world::World;
use crate::read::data::Shape;
use crate::record::config::Config;
use crate::record::failure::{no_account, other_account};
use crate::record::identity::Identity;
use crate::record::source::Source;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use asking::Asking;
use report::{failed, failed_get};

/// How long `health` may take, in milliseconds: see the WIT.
pub const WITHIN_MS: u64 = 20_000;

/// The report of an instance that cannot ask anything.
#[must_use]
pub fn failing(failure: &Failure, now: Timestamp) -> Report {
    Report {
        state: State::Failing,
        checked_at: now,
        identity: None,
        role: None,
        checks: alloc::vec![failed(None, failure, State::Failing)],
        usage: Usage::default(),
    }
}

/// The failure of an instance without a configuration.
#[must_use]
pub fn not_configured() -> Failure {
    Failure::new(
        FailureKind::NotConfigured,
        "no configuration is in force",
        "Call configure first, with the credentials and settings.",
    )
}

/// The failure of a call that brought a configuration which `configure` would refuse. `findings` are
/// what it would say.
#[must_use]
pub fn refused(findings: Vec<Diagnostic>) -> Failure {
    let (pointer, message, remedy) = findings.into_iter().next().map_or_else(
        || (String::new(), "the configuration is refused".into(), String::new()),
        |finding| (finding.pointer, finding.message, finding.remedy),
    );
    let mut failure = Failure::new(FailureKind::NotConfigured, message, remedy);
    failure.code = "invalid-configuration";
    failure.pointer = Some(pointer);
    failure
}

/// Asks, and is done within so many milliseconds ([`WITHIN_MS`]) whatever the vendor does: what is not answered
/// then is reported as not answered.
pub async fn check<S: Source, W: World>(world: &W, config: &Config<S>, depth: Depth, within_ms: u64) -> Report {
    let asking: Asking<'_, S, W> =
        Asking::new(world, config.settings.own.clone(), config.credentials.clone(), within_ms);
    let mut checks = Vec::new();
    let mut identity = None;
    let mut role = None;
    let path = S::ACCOUNT.path;
    match asking.get(path, Shape::Object).await {
        Err(error) => checks.push(failed_get(None, (&error, path), State::Failing, &asking.client)),
        Ok(body) => match S::identify(body.data()).and_then(Identity::kept) {
            None => checks.push(failed(None, &no_account::<S>(), State::Failing)),
            Some(known) if let Some(failure) = other_account::<S>(&config.settings.own, &known) => {
                checks.push(failed(None, &failure, State::Failing));
            }
            Some(known) => {
                role = read_role(&asking, &known).await;
                checks.push(accepted::<S>(&known, role.as_deref()));
                identity = Some(known);
            }
        },
    }
    if depth == Depth::Coverage && identity.is_some() {
        checks.extend(coverage::checks(&asking, &config.settings).await);
    }
    let worst = checks.iter().map(|check| check.state).max().unwrap_or(State::Failing);
    Report { state: worst, checked_at: world.now(), identity, role, checks, usage: asking.client.usage() }
}

fn accepted<S: Source>(identity: &Identity, role: Option<&str>) -> Check {
    let name = identity.name.as_deref().unwrap_or(&identity.account);
    let whose = match (&identity.user, &identity.system_key, role) {
        (Some(_), _, Some(role)) => format!(": a user's key, role {role}"),
        (Some(_), _, None) => ": a user's key".to_string(),
        (None, Some(_), _) => ": a system key".to_string(),
        (None, None, _) => String::new(),
    };
    Check {
        kind: None,
        state: State::Ok,
        code: "accepted",
        message: format!("{} accepts the credentials for account {name}{whose}", S::VENDOR),
        remedy: None,
        retry_after_seconds: None,
        missing_permission: None,
        coverage: None,
    }
}

/// The account role of the key's user, where it may be read.
async fn read_role<S: Source, W: World>(asking: &Asking<'_, S, W>, identity: &Identity) -> Option<String> {
    let body = asking.get(&S::role_request(identity)?, Shape::Object).await.ok()?;
    S::role_of(body.data())
}

//! `health`: whether evidence can be collected, and what to do if not.

use super::args::{Depth, HealthArgs};
use super::output::Format;
use super::progress::Progress;
use super::remaining::Expected;
use super::{cost, warnings};
use host_test::exit;
use host_test::text::{count, plain, reasons, say, say_json, state, table, tell};
use serde_json::{Value, json};
use source_host::bindings::exports::compliance::source::planner::Cost;
use source_host::bindings::exports::compliance::source::source::{
    Check, CheckSubject, HealthDepth, HealthReport, HealthState, PrincipalKind,
};
use source_host::collection::CollectionOptions;
use source_host::error::{Error, Result};
use source_host::limits::Limit;
use std::sync::Arc;
use std::time::Instant;

/// Checks and shows it.
pub async fn run(args: &HealthArgs) -> Result<u8> {
    let Checked { code, json, .. } = check(args).await?;
    json.iter().for_each(say_json);
    Ok(code)
}

/// What came of a check.
pub struct Checked {
    /// Exit code.
    pub code: u8,
    /// What a collection of all that is on by default needs, where that was counted.
    pub expected: Option<Expected>,
    /// For programs; `None` where people have been shown it.
    pub json: Option<Value>,
}

/// Checks, and shows it to people if it is for them.
pub async fn check(args: &HealthArgs) -> Result<Checked> {
    let plugin = args.component.load().await?;
    let is_json = args.format == Format::Json;
    let target = args.target.resolve(&plugin, is_json).await?;
    let (mut instance, configured) = plugin.configured(&target.tenant).await?;
    warnings::show(&configured);
    let depth = match args.depth {
        Depth::Credential => HealthDepth::Credential,
        Depth::Coverage => HealthDepth::Coverage,
    };
    let (longest, begun) = (target.tenant.limits.health, Instant::now());
    let progress = Progress::start(Arc::clone(&target.tenant.meter), target.tenant.clock.clone());
    let report = instance.health(depth).await.inspect_err(|_| warnings::after(&target.tenant))?;
    // The cost of a collection of all that is on by default; what a key may not read costs little. It is counted
    // in what is left of the time.
    let request = CollectionOptions::default().request();
    let estimate = match (args.depth, report.state) {
        (Depth::Coverage, HealthState::Ok | HealthState::Degraded) if plugin.is_planner() => {
            let left = longest.saturating_sub(begun.elapsed());
            let cost = tokio::time::timeout(left, instance.estimate(&request)).await;
            Some(cost.unwrap_or(Err(Error::Limit(Limit::Health(longest)))))
        }
        _ => None,
    };
    drop(progress);
    let json = is_json.then(|| to_json(&report, estimate.as_ref()));
    if report.state != HealthState::Ok {
        reasons(is_json, report.checks.iter().filter(|check| check.state != HealthState::Ok).map(sentence));
    }
    if !is_json {
        show(&report, estimate.as_ref());
    }
    warnings::after(&target.tenant);
    target.remind(is_json);
    let expected = estimate.and_then(Result::ok).as_ref().map(Expected::from);
    Ok(Checked { code: code(&report), expected, json })
}

fn code(report: &HealthReport) -> u8 {
    match report.state {
        HealthState::Ok => exit::COMPLETE,
        HealthState::Degraded => exit::INCOMPLETE,
        HealthState::Failing => {
            let failing = report.checks.iter().find(|check| check.state == HealthState::Failing);
            failing.map_or(exit::BUG, |check| exit::check_code(&check.code))
        }
    }
}

fn word(state: HealthState) -> &'static str {
    match state {
        HealthState::Ok => "ok",
        HealthState::Degraded => "degraded",
        HealthState::Failing => "failing",
    }
}

fn show(report: &HealthReport, estimate: Option<&Result<Cost>>) {
    let account =
        report.account.as_ref().map_or("unknown account", |account| account.name.as_deref().unwrap_or(&account.id));
    let calls = count(report.usage.requests.into(), "call");
    tell(format!("{}: {} ({}, {calls})", word(report.state), plain(account), plain(&report.checked_at)));
    let mut rows = table(&["Check", "State", "What was found", "What to do"]);
    for check in &report.checks {
        let (message, remedy) = (plain(&check.message), plain(&remedy(check)));
        rows.add_row([plain(about(check)).into(), state(word(check.state)), message.into(), remedy.into()]);
    }
    say(rows);
    match estimate {
        Some(Ok(cost)) => {
            tell(format!("a collection: {}; {} (collect --plan tells more)", cost::amount(cost), cost::time(cost)))
        }
        Some(Err(error)) => {
            tell(format!("the cost of a collection could not be determined: {}", plain(&error.to_string())))
        }
        None => {}
    }
}

/// What a check is about, in a word.
fn about(check: &Check) -> &str {
    match &check.about {
        CheckSubject::Credential => "credential",
        CheckSubject::Kind(kind) => kind,
    }
}

/// What is wrong with what was checked.
fn sentence(check: &Check) -> String {
    plain(&format!("{}: {}: {} → {}", word(check.state), about(check), check.message, remedy(check)))
}

fn remedy(check: &Check) -> String {
    let mut out = check.remedy.clone().unwrap_or_else(|| "–".into());
    if let Some(seconds) = check.retry_after_seconds {
        out.push_str(&format!(" Come back in {seconds} s."));
    }
    out
}

fn to_json(report: &HealthReport, estimate: Option<&Result<Cost>>) -> serde_json::Value {
    let checks = report.checks.iter().map(|check| {
        json!({
            "about": about(check),
            "state": word(check.state),
            "code": check.code,
            "message": check.message,
            "remedy": check.remedy,
            "retry_after_seconds": check.retry_after_seconds,
            "missing_permission": check.missing_permission,
            "coverage": check.coverage.map(source_host::records::state_word),
        })
    });
    let principal = report.principal.as_ref().map(|principal| {
        let kind = match principal.kind {
            PrincipalKind::User => "user",
            PrincipalKind::SystemKey => "system_key",
            PrincipalKind::Unknown => "unknown",
        };
        json!({"kind": kind, "id": principal.id, "role": principal.role})
    });
    json!({
        "state": word(report.state),
        "checked_at": report.checked_at,
        "account": report.account.as_ref().map(|account| json!({"id": account.id, "name": account.name})),
        "principal": principal,
        "checks": checks.collect::<Vec<_>>(),
        "cost": estimate.and_then(|cost| cost.as_ref().ok()).map(cost::to_json),
        "usage": cost::usage_json(&report.usage),
    })
}

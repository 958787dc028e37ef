//! `health`: whether evidence can be collected, and what to do if not.

use super::text::{plain, say, table};
use super::{Depth, Format, HealthArgs, exit, plan};
use host_test::bindings::compliance::source::types::Usage;
use host_test::bindings::exports::compliance::source::source::{
    Check, Cost, HealthDepth, HealthReport, HealthState, PrincipalKind,
};
use host_test::collection::Order;
use host_test::error::Result;
use host_test::instance::Instance;
use serde_json::json;

/// Checks and shows it.
pub async fn run(args: &HealthArgs) -> Result<u8> {
    let plugin = args.component.load().await?;
    let target = args.target.resolve().await?;
    let (mut instance, _) = Instance::configured(&plugin, &target.tenant).await?;
    let depth = match args.depth {
        Depth::Credential => HealthDepth::Credential,
        Depth::Coverage => HealthDepth::Coverage,
    };
    let report = instance.health(depth).await?;
    // The cost of a collection of all that is on by default; what a key may not read costs little.
    let cost = match (args.depth, report.state) {
        (Depth::Coverage, HealthState::Ok | HealthState::Degraded) => {
            Some(instance.estimate(&Order::default().request()).await)
        }
        _ => None,
    };
    match args.format {
        Format::Table => show(&report, cost.as_ref()),
        Format::Json => say(format!("{:#}", to_json(&report, cost.as_ref()))),
    }
    for why in target.tenant.meter.denied() {
        super::text::note(format!("denied: {}", plain(&why)));
    }
    Ok(code(&report))
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

fn show(report: &HealthReport, cost: Option<&Result<Cost>>) {
    let account =
        report.account.as_ref().map_or("unknown account", |account| account.name.as_deref().unwrap_or(&account.id));
    say(format!("{}: {} ({}, {} calls)", word(report.state), plain(account), report.checked_at, report.usage.requests));
    let mut rows = table(&["Check", "State", "What is the case", "What to do"]);
    for check in &report.checks {
        rows.add_row(vec![plain(&check.id), word(check.state).into(), plain(&check.message), plain(&remedy(check))]);
    }
    say(rows);
    match cost {
        Some(Ok(cost)) => {
            say(format!("a collection: {}; {} (collect --plan tells more)", plan::amount(cost), plan::time(cost)))
        }
        Some(Err(error)) => say(format!("what a collection costs could not be counted: {}", plain(&error.to_string()))),
        None => {}
    }
}

fn remedy(check: &Check) -> String {
    let mut out = check.remedy.clone().unwrap_or_else(|| "–".into());
    if let Some(seconds) = check.retry_after_seconds {
        out.push_str(&format!(" Come back in {seconds} s."));
    }
    out
}

/// What a call has spent, for scripts.
pub fn usage_json(usage: &Usage) -> serde_json::Value {
    let Usage { requests, retries, bytes_received, milliseconds } = usage;
    json!({"requests": requests, "retries": retries, "bytes_received": bytes_received, "milliseconds": milliseconds})
}

fn to_json(report: &HealthReport, cost: Option<&Result<Cost>>) -> serde_json::Value {
    let checks = report.checks.iter().map(|check| {
        json!({
            "id": check.id,
            "state": word(check.state),
            "code": check.code,
            "message": check.message,
            "remedy": check.remedy,
            "retry_after_seconds": check.retry_after_seconds,
            "missing_permission": check.missing_permission,
            "coverage": check.coverage.map(host_test::summary::state_word),
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
        "cost": cost.and_then(|cost| cost.as_ref().ok()).map(plan::to_json),
        "usage": usage_json(&report.usage),
    })
}

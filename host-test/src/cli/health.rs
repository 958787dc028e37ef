//! `health`: whether evidence can be collected, and what to do if not.

use super::text::{plain, say, table};
use super::{Depth, Format, HealthArgs, exit};
use host_test::bindings::exports::compliance::source::source::{
    Check, HealthDepth, HealthReport, HealthState, PrincipalKind,
};
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
    match args.format {
        Format::Table => show(&report),
        Format::Json => say(format!("{:#}", to_json(&report))),
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

fn show(report: &HealthReport) {
    let account =
        report.account.as_ref().map_or("unknown account", |account| account.name.as_deref().unwrap_or(&account.id));
    say(format!("{}: {} ({}, {} calls)", word(report.state), plain(account), report.checked_at, report.usage.requests));
    let mut rows = table(&["Check", "State", "What is the case", "What to do"]);
    for check in &report.checks {
        rows.add_row(vec![plain(&check.id), word(check.state).into(), plain(&check.message), plain(&remedy(check))]);
    }
    say(rows);
}

fn remedy(check: &Check) -> String {
    let mut out = check.remedy.clone().unwrap_or_else(|| "–".into());
    if let Some(seconds) = check.retry_after_seconds {
        out.push_str(&format!(" Come back in {seconds} s."));
    }
    out
}

fn to_json(report: &HealthReport) -> serde_json::Value {
    let checks = report.checks.iter().map(|check| {
        json!({
            "id": check.id,
            "state": word(check.state),
            "code": check.code,
            "message": check.message,
            "remedy": check.remedy,
            "retry_after_seconds": check.retry_after_seconds,
            "missing_permission": check.missing_permission,
            "coverage": check.coverage.map(super::collect::state_word),
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
        "usage": {"requests": report.usage.requests, "retries": report.usage.retries, "bytes_received": report.usage.bytes_received, "milliseconds": report.usage.milliseconds},
    })
}

//! How a fleet ended: tables for people, JSON for programs.

use crate::warnings;
use host_test::exit;
use host_test::process::{mib, peak_bytes};
use host_test::text::{count, plain, reasons, say, state, table};
use serde_json::{Value, json};
use source_evidence::digest::sha256_of_file;
use source_evidence::files::SEAL;
use source_evidence::line_file::{LineFile, refuse_existing};
use source_fleet::{Outcome, Report, TenantReport};
use source_host::error::Result;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// Tenants that a table names one by one.
const SHOWN: usize = 5;

/// The exit code of a fleet: that of the tenant that calls for a person first.
pub fn exit_code(report: &Report) -> u8 {
    exit::worst(report.tenants.iter().map(|tenant| code(&tenant.outcome)))
}

/// The exit code that a tenant would have had alone.
fn code(outcome: &Outcome) -> u8 {
    match outcome {
        Outcome::Complete => exit::COMPLETE,
        Outcome::Incomplete(_) => exit::INCOMPLETE,
        Outcome::Failed(error) => exit::code(error),
        Outcome::Interrupted => exit::INTERRUPTED,
    }
}

/// Shows it.
pub fn show(report: &Report, out: &Path) {
    let open = report.tenants.iter().filter(|tenant| !matches!(tenant.outcome, Outcome::Complete));
    reasons(false, open.map(|tenant| format!("{}: {}", tenant.outcome.word(), example(tenant))));
    outcomes(report);
    slowest(report);
    let tenants = &report.tenants;
    let before = tenants.iter().filter(|tenant| tenant.finished_before).count();
    let is_finished = |outcome: &Outcome| matches!(outcome, Outcome::Complete | Outcome::Incomplete(_));
    let finished = tenants.iter().filter(|tenant| is_finished(&tenant.outcome)).count();
    let now = finished.saturating_sub(before);
    let seconds = report.took.as_secs_f64();
    let rate = |count: u64| count as f64 / seconds.max(0.001);
    let were = if before == 1 { "was" } else { "were" };
    let not = tenants.len() - finished;
    let are = if not == 1 { "is" } else { "are" };
    say(format!(
        "{} finished, {before} {were} before, {not} {are} not: {}, {} in {seconds:.1} s",
        count(now as u64, "tenant"),
        count(report.records, "record"),
        count(report.requests, "call")
    ));
    say(format!(
        "{:.1} tenants/s, {:.0} records/s, {:.0} calls/s, at most {} MiB",
        rate(now as u64),
        rate(report.records),
        rate(report.requests),
        mib(peak_bytes())
    ));
    say(format!("evidence: {}", out.display()));
    let obstacles: BTreeSet<String> =
        tenants.iter().filter_map(|tenant| tenant.obstacle.as_ref()).map(warnings::network).collect();
    obstacles.iter().take(SHOWN).for_each(say);
    if finished < tenants.len() {
        say("to resume those that are not finished, repeat the command with --resume");
    }
}

fn outcomes(report: &Report) {
    let mut outcomes: BTreeMap<(u8, &str), Vec<&TenantReport>> = BTreeMap::new();
    for tenant in &report.tenants {
        outcomes.entry((code(&tenant.outcome), tenant.outcome.word())).or_default().push(tenant);
    }
    let mut rows = table(&["Outcome", "Tenants", "Records", "Calls", "For example"]);
    for ((_, word), tenants) in &outcomes {
        rows.add_row(vec![
            state(word),
            tenants.len().into(),
            tenants.iter().map(|tenant| tenant.records).sum::<u64>().into(),
            tenants.iter().map(|tenant| tenant.requests).sum::<u64>().into(),
            tenants.first().map(|tenant| example(tenant)).unwrap_or_default().into(),
        ]);
    }
    say(rows);
}

fn example(tenant: &TenantReport) -> String {
    let more = match &tenant.outcome {
        Outcome::Complete | Outcome::Interrupted => String::new(),
        Outcome::Incomplete(missing) => format!(": {}", missing.join(", ")),
        Outcome::Failed(error) => format!(": {error}"),
    };
    plain(&format!("{}{more}", tenant.name))
}

fn slowest(report: &Report) {
    let mut by_time: Vec<&TenantReport> = report.tenants.iter().filter(|tenant| tenant.turns > 0).collect();
    by_time.sort_by_key(|tenant| std::cmp::Reverse(tenant.took));
    let mut rows = table(&["Slowest", "Seconds", "Of these waiting", "Turns", "Calls", "Outcome"]);
    for tenant in by_time.iter().take(SHOWN) {
        rows.add_row(vec![
            plain(&tenant.name),
            format!("{:.1}", tenant.took.as_secs_f64()),
            format!("{:.1}", tenant.waited.as_secs_f64()),
            tenant.turns.to_string(),
            tenant.requests.to_string(),
            tenant.outcome.word().into(),
        ]);
    }
    if by_time.len() > 1 {
        say(rows);
    }
}

/// Whether a summary may be written there: to a new file, or in place of a summary where the fleet is resumed.
///
/// # Errors
/// A local error that names the file.
pub fn may_write(path: &Path, resume: bool) -> Result<()> {
    let is_summary = || {
        let is_file = path.symlink_metadata().is_ok_and(|found| found.is_file());
        let text = is_file.then(|| std::fs::read_to_string(path).ok()).flatten();
        let value: Value = serde_json::from_str(&text.unwrap_or_default()).unwrap_or_default();
        let of = |name: &str| value.get(name).unwrap_or(&Value::Null);
        *of("version") == VERSION && of("outcomes").is_object() && of("tenants").is_array()
    };
    if resume && is_summary() { Ok(()) } else { Ok(refuse_existing(path)?) }
}

/// Writes the same for programs: `--summary`.
///
/// # Errors
/// When it cannot be written.
pub fn write(report: &Report, out: &Path, path: &Path, resume: bool) -> Result<()> {
    may_write(path, resume)?;
    let mut file = if resume { LineFile::replace(path) } else { LineFile::create(path) }?;
    file.write(&format!("{:#}", summary(report, out)))?;
    Ok(file.finish()?)
}

/// Format of the summary.
const VERSION: u32 = 1;

/// The summary, with the seal of each collection that is finished in `out`.
pub fn summary(report: &Report, out: &Path) -> Value {
    let mut outcomes: BTreeMap<&str, usize> = BTreeMap::new();
    for tenant in &report.tenants {
        *outcomes.entry(tenant.outcome.word()).or_default() += 1;
    }
    json!({
        "version": VERSION,
        "exit_code": exit_code(report),
        "interrupted": report.interrupted,
        "seconds": report.took.as_secs_f64(),
        "records": report.records,
        "requests": report.requests,
        "peak_bytes": peak_bytes(),
        "outcomes": outcomes,
        "tenants": report.tenants.iter().map(|tenant| tenant_summary(tenant, out)).collect::<Vec<_>>(),
    })
}

fn tenant_summary(tenant: &TenantReport, out: &Path) -> Value {
    let (missing, error) = match &tenant.outcome {
        Outcome::Incomplete(missing) => (missing.clone(), None),
        Outcome::Failed(error) => (Vec::new(), Some(plain(&error.to_string()))),
        Outcome::Complete | Outcome::Interrupted => (Vec::new(), None),
    };
    json!({
        "name": tenant.name,
        "outcome": tenant.outcome.word(),
        "exit_code": code(&tenant.outcome),
        "missing": missing,
        "error": error,
        "finished_before": tenant.finished_before,
        "records": tenant.records,
        "requests": tenant.requests,
        "turns": tenant.turns,
        "seconds": tenant.took.as_secs_f64(),
        "waited_seconds": tenant.waited.as_secs_f64(),
        "denied": tenant.denied,
        "seal": sha256_of_file(&out.join(&tenant.name).join(SEAL)).ok(),
    })
}

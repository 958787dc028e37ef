//! `reconcile`: an account compared with its audit trail.

use super::output::Format;
use clap::Args;
use host_test::exit;
use host_test::text::{count, plain, reasons, say, say_json, table, tell};
use source_evidence::reconcile::{Check, Reconciliation, TOLERANCE_SECONDS, Verdict, reconcile};
use source_host::error::Result;
use source_report::names::Names;
use std::path::PathBuf;

#[derive(Args)]
#[command(after_help = "Examples:
  host-test reconcile evidence trail
  host-test reconcile evidence trail --tolerance-seconds 60 --format json")]
pub struct ReconcileArgs {
    /// Folder of the account's collection.
    #[arg(value_name = "DIR_OF_ACCOUNT")]
    account: PathBuf,
    /// Folder of its audit trail's collection.
    #[arg(value_name = "DIR_OF_TRAIL")]
    trail: PathBuf,
    /// How far a creation stamp and its entry may lie apart.
    #[arg(long, value_name = "N", default_value_t = TOLERANCE_SECONDS, value_parser = clap::value_parser!(u64).range(..=86_400))]
    tolerance_seconds: u64,
    /// Output format: a table of the first findings, or everything.
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

/// Findings of a check, and things, that the table shows.
const SHOWN: usize = 20;

/// Compares and shows it.
pub fn run(args: &ReconcileArgs) -> Result<u8> {
    let found = reconcile(&args.account, &args.trail, args.tolerance_seconds)?;
    match args.format {
        Format::Json => say_json(&serde_json::to_value(&found).unwrap_or_default()),
        Format::Table => show(&found, &Names::read(&args.account)?),
    }
    if found.verdict != Verdict::Match {
        reasons(args.format == Format::Json, [format!("account {}: {}", plain(&found.account_id), sentence(&found))]);
    }
    Ok(match found.verdict {
        Verdict::Match => exit::COMPLETE,
        Verdict::Mismatch => exit::MISMATCH,
        Verdict::Incomplete => exit::INCOMPLETE,
    })
}

fn show(found: &Reconciliation, names: &Names) {
    let checks = [
        ("a creation stamp meets an entry", &found.stamps),
        ("what was deleted is not there", &found.deletions),
        ("what was created is there", &found.creations),
    ];
    let mut rows = table(&["Check", "Agree", "Do not agree", "Not judged", "Remark"]);
    for (name, check) in checks {
        let remark = check.doubt.as_ref().map(|why| format!("shows nothing: {why}")).unwrap_or_default();
        let counts = [check.agreed, check.disagreed.len() as u64, check.not_judged].map(|count| count.to_string());
        rows.add_row([name.to_string()].into_iter().chain(counts).chain([plain(&remark)]).collect::<Vec<_>>());
    }
    say(rows);
    match &found.window {
        Some((first, last)) => {
            let synced = found.synced.as_deref().map(|at| format!(", last synced at {}", plain(at)));
            tell(format!("trail: {} to {}{}", plain(first), plain(last), synced.unwrap_or_default()));
        }
        None => say("trail: no entries"),
    }
    checks.iter().for_each(|(_, check)| show_findings(check, names));
    show_changed(found, names);
    for one in &found.not_compared {
        let entries = if one.entries == 1 { "1 entry".into() } else { format!("{} entries", one.entries) };
        let size = format!("{entries}, {}", count(one.stamps, "stamp"));
        tell(format!("not compared: {} ({size}): {}", plain(&one.what), plain(&one.why)));
    }
    found.caveats.iter().for_each(|caveat| tell(format!("note: {}", plain(caveat))));
    tell(format!("account {}: {}", plain(&found.account_id), sentence(found)));
}

fn sentence(found: &Reconciliation) -> String {
    let checks = [&found.stamps, &found.deletions, &found.creations];
    let agreed: u64 = checks.iter().map(|check| check.agreed).sum();
    let told = checks.iter().filter(|check| check.doubt.is_none());
    let disagreed: u64 = told.map(|check| check.disagreed.len() as u64).sum();
    match found.verdict {
        Verdict::Match => {
            format!("the account and its audit trail agree wherever they could be compared ({})", count(agreed, "time"))
        }
        Verdict::Mismatch => {
            format!("the account and its audit trail do not agree: {}", count(disagreed, "finding"))
        }
        Verdict::Incomplete => "not all could be compared: collect what is missing, and compare again".into(),
    }
}

fn show_findings(check: &Check, names: &Names) {
    for one in check.disagreed.iter().take(SHOWN) {
        let by = one.user_id.as_ref().map(|user| format!(" by {}", names.shown("user", user)));
        let (kind, thing) = (&one.resource_type, names.shown(&one.resource_type, &one.resource_id));
        tell(plain(&format!("{kind} {thing}: at {}{}: {}", one.at, by.unwrap_or_default(), one.what)));
    }
    more(check.disagreed.len());
}

fn show_changed(found: &Reconciliation, names: &Names) {
    for one in found.changed.iter().take(SHOWN) {
        let by = one.by.iter().map(|by| {
            let who = by.user_id.as_ref().map(|user| names.shown("user", user));
            let who = who.unwrap_or_else(|| "someone the trail does not name".into());
            format!("{who} ({}, last at {})", count(by.times, "time"), by.last_at)
        });
        let by = by.collect::<Vec<_>>().join(", ");
        tell(plain(&format!(
            "changed: {} {} by {by}: {}",
            one.resource_type,
            one.resource_id,
            names.readable(&one.title)
        )));
    }
    more(found.changed.len());
}

fn more(count: usize) {
    if count > SHOWN {
        say(format!("… and {} more; --format json has all", count - SHOWN));
    }
}

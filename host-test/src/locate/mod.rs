//! `locate`: where an account's audit trail is, according to what its collection says of Platform Connectors.

mod connector;
mod place;

use super::output::Format;
use clap::Args;
use connector::{Connector, find};
use host_test::exit;
use host_test::text::{marked, plain, reasons, say, say_json, tell};
use place::{Located, located};
use serde_json::{Value, json};
use source_evidence::checked::Checked;
use source_host::error::{Error, Result};
use std::path::PathBuf;

/// Finds where an account's audit trail is: reads the collection of an account, and prints for each of its Platform
/// Connectors the settings for `--source audit-trail` and the rights to grant, or what is missing. Exit code 5 when
/// the settings of none are complete.
#[derive(Args)]
#[command(after_help = "Examples:
  host-test locate evidence
  host-test locate evidence --format json")]
pub struct LocateArgs {
    /// Folder of the account's collection.
    #[arg(value_name = "DIR")]
    dir: PathBuf,
    /// Output format.
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

/// What to say where there is none.
const NONE: &str =
    "no Platform Connector was found: Fivetran may send its logs to a log service instead, or the account has neither";

/// Reads and shows it.
pub fn run(args: &LocateArgs) -> Result<u8> {
    let account = Checked::open(&args.dir)?;
    let source = &account.summary().component.id;
    if source != "fivetran" {
        let what = format!("{} is a collection of the source {source:?}", args.dir.display());
        return Err(Error::usage(what, "name the collection of an account, of the source \"fivetran\""));
    }
    if account.coverage("audit_logging").is_none() || account.coverage("connection").is_none() {
        let what = format!("{} was collected without audit_logging or connection", args.dir.display());
        return Err(Error::usage(what, "collect audit_logging, connection, group and destination"));
    }
    let connectors = find(&account)?;
    let all: Vec<(Connector, Located)> = connectors
        .into_iter()
        .map(|connector| {
            let located = located(&account.closing().account_id, &connector);
            (connector, located)
        })
        .collect();
    match args.format {
        Format::Json => {
            let rows: Vec<_> = all.iter().map(|(connector, located)| to_json(connector, located)).collect();
            say_json(&Value::from(rows));
        }
        Format::Table => show(&account, &all),
    }
    let is_json = args.format == Format::Json;
    let is_ready = |(_, located): &(Connector, Located)| located.settings.is_some() && located.missing.is_empty();
    if all.iter().any(is_ready) {
        return Ok(exit::COMPLETE);
    }
    let named = |connector: &Connector, what: &str| plain(&format!("missing: {}: {what}", connector.sentence()));
    let missing = all.iter().flat_map(|(one, located)| located.missing.iter().map(move |what| named(one, what)));
    reasons(is_json, missing.chain(all.is_empty().then(|| format!("missing: {NONE}"))));
    Ok(exit::INCOMPLETE)
}

fn to_json(connector: &Connector, located: &Located) -> Value {
    json!({
        "connection_id": connector.id, "destination_id": connector.group_id, "destination_name": connector.group_name,
        "service": connector.service(), "scope": connector.scope, "enabled": connector.enabled,
        "fresh": connector.fresh, "last_success": connector.last_success, "settings": located.settings,
        "grants": located.grants, "missing": located.missing, "remarks": connector.remarks(),
    })
}

fn show(account: &Checked, all: &[(Connector, Located)]) {
    for (connector, located) in all {
        tell(plain(&connector.sentence()));
        connector.remarks().iter().for_each(|remark| tell(plain(&format!("  note: {remark}"))));
        for what in &located.missing {
            tell(plain(&format!("  missing: {what}")));
        }
        if let Some(settings) = &located.settings {
            say(if located.missing.is_empty() { "  settings:" } else { "  settings, with what is missing in <>:" });
            let text = format!("{settings:#}");
            text.lines().for_each(|line| say(plain(&format!("    {line}"))));
        }
        if !located.grants.is_empty() {
            say("  rights to grant, to a principal of its own that can do nothing else:");
            located.grants.iter().for_each(|line| say(plain(&format!("    {line}"))));
        }
        say("");
    }
    if all.is_empty() {
        tell(NONE);
    }
    for kind in ["audit_logging", "connection", "group", "destination"] {
        let state = account.coverage(kind).map_or("not asked for", |coverage| coverage.state.as_str());
        if state != "complete" {
            tell(format!("note: the kind {kind} is not complete ({}): there may be more to find", plain(state)));
        }
    }
    account.summary().caveats().map(marked).for_each(tell);
}

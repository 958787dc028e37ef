//! `watch`: where all tenants stand, as it changes.

use super::NatsArgs;
use crate::args::Format;
use crate::signals;
use clap::Args;
use futures_util::StreamExt;
use host_test::exit;
use host_test::text::{plain, plain_json, say};
use serde_json::json;
use source_host::error::Result;
use source_scale::broker::{Connection, Entry};
use source_scale::job::State;
use std::collections::BTreeMap;
use std::time::Duration;

#[derive(Args)]
#[command(after_help = "Examples:
  host-test watch --nats nats://broker.example.com:4222
  host-test watch --nats nats://broker.example.com:4222 --once --format json")]
pub struct WatchArgs {
    #[command(flatten)]
    nats: NatsArgs,
    /// Show it once, and end: with 0 if every tenant is done and none failed, else with 5.
    #[arg(long)]
    once: bool,
    /// Output format.
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

/// Between two lines.
const EVERY: Duration = Duration::from_secs(1);
/// So many of them without a connection, and it is given up.
const GIVEN_UP: u32 = 30;

/// Shows it until a signal.
pub async fn run(args: &WatchArgs) -> Result<u8> {
    let broker = args.nats.connect().await?;
    let mut watched = broker.tenants.watch_with_history(">").await.map_err(|error| broker.trouble(&error))?;
    let mut tenants = BTreeMap::new();
    // What is known already: the last of it says that nothing is behind it. Where nothing is known, nothing comes.
    while let Ok(Some(entry)) = tokio::time::timeout(EVERY, watched.next()).await {
        if note(&mut tenants, entry.map_err(|error| broker.trouble(&error))?) == 0 {
            break;
        }
    }
    let mut shown = line(args, &tenants);
    say(&shown);
    if args.once {
        return Ok(ended(&tenants));
    }
    let mut ticks = tokio::time::interval(EVERY);
    let mut alone = 0;
    let stop = signals::interrupted();
    tokio::pin!(stop);
    loop {
        tokio::select! {
            () = &mut stop => return Ok(exit::COMPLETE),
            Some(entry) = watched.next() => {
                note(&mut tenants, entry.map_err(|error| broker.trouble(&error))?);
                continue;
            }
            _ = ticks.tick() => {}
        }
        alone = if broker.client.connection_state() == Connection::Connected { 0 } else { alone + 1 };
        if alone > GIVEN_UP {
            return Err(broker.trouble(&"it has not been reached any more").into());
        }
        let now = line(args, &tenants);
        if now != shown {
            say(&now);
            shown = now;
        }
    }
}

/// Notes where a tenant stands, and says how many are behind that.
fn note(tenants: &mut BTreeMap<String, State>, entry: Entry) -> u64 {
    if let Ok(state) = serde_json::from_slice(&entry.value) {
        tenants.insert(entry.key, state);
    }
    entry.delta
}

fn line(args: &WatchArgs, tenants: &BTreeMap<String, State>) -> String {
    match args.format {
        Format::Json => plain_json(&counts(tenants).to_string()),
        Format::Table => sentence(tenants),
    }
}

fn count(tenants: &BTreeMap<String, State>, which: impl Fn(&State) -> bool) -> usize {
    tenants.values().filter(|state| which(state)).count()
}

fn outcome(state: &State) -> &str {
    state.done.as_ref().map_or("", |done| done.outcome.as_str())
}

fn counts(tenants: &BTreeMap<String, State>) -> serde_json::Value {
    let pages: u64 = tenants.values().map(|state| u64::from(state.page)).sum();
    let failed: BTreeMap<&str, &str> = tenants
        .iter()
        .filter_map(|(name, state)| Some((name.as_str(), state.done.as_ref()?.detail.as_str())))
        .filter(|(name, _)| tenants.get(*name).is_some_and(|state| is_failed(state)))
        .collect();
    json!({
        "tenants": tenants.len(),
        "complete": count(tenants, |state| outcome(state) == "complete"),
        "incomplete": count(tenants, |state| outcome(state) == "incomplete"),
        "failed": failed,
        "waiting": count(tenants, is_waiting),
        "waiting_for_version": count(tenants, is_unfit),
        "begun_anew": count(tenants, State::is_anew),
        "pages": pages,
    })
}

fn is_waiting(state: &State) -> bool {
    state.done.is_none() && state.rest().is_some()
}

/// Left to a worker with the version that it began with.
fn is_unfit(state: &State) -> bool {
    state.done.is_none() && state.unfit_since.is_some()
}

fn is_failed(state: &State) -> bool {
    !matches!(outcome(state), "" | "complete" | "incomplete")
}

fn sentence(tenants: &BTreeMap<String, State>) -> String {
    let pages: u64 = tenants.values().map(|state| u64::from(state.page)).sum();
    let workers: std::collections::BTreeSet<&str> =
        tenants.values().filter(|state| state.done.is_none()).filter_map(|state| state.worker.as_deref()).collect();
    let workers: Vec<&str> = workers.into_iter().collect();
    let versions = match (count(tenants, is_unfit), count(tenants, State::is_anew)) {
        (0, 0) => String::new(),
        (unfit, anew) => format!(", {unfit} waiting for a worker with their version, {anew} begun anew"),
    };
    plain(&format!(
        "{} of {} done ({} incomplete, {} failed), {} waiting{versions}, {pages} pages; at work: {}",
        count(tenants, |state| state.done.is_some()),
        tenants.len(),
        count(tenants, |state| outcome(state) == "incomplete"),
        count(tenants, is_failed),
        count(tenants, is_waiting),
        if workers.is_empty() { "nobody".into() } else { workers.join(", ") },
    ))
}

fn ended(tenants: &BTreeMap<String, State>) -> u8 {
    let is_over = !tenants.is_empty() && tenants.values().all(|state| state.done.is_some() && !is_failed(state));
    if is_over { exit::COMPLETE } else { exit::INCOMPLETE }
}

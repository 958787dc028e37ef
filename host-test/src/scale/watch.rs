//! `watch`: where all tenants stand, as it changes.

use super::NatsArgs;
use crate::output::Format;
use crate::signals;
use clap::Args;
use futures_util::StreamExt;
use host_test::exit;
use host_test::text::{plain, plain_json, say};
use serde_json::json;
use source_host::error::Result;
use source_scale::broker::{Entry, Operation};
use source_scale::job::{Done, State, WITHDRAWN};
use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

#[derive(Args)]
#[command(after_help = "Examples:
  host-test watch --nats nats://broker.example.com:4222
  host-test watch --nats nats://broker.example.com:4222 --once --format json")]
pub struct WatchArgs {
    #[command(flatten)]
    nats: NatsArgs,
    /// Show it once and end: with 0 if every tenant is complete or withdrawn, and no job is queued, overdue, missing or given up; else with 5.
    #[arg(long)]
    once: bool,
    /// Output format.
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

/// Between two lines.
const EVERY: Duration = Duration::from_secs(1);
/// So many of them without an answer, and it is given up.
const GIVEN_UP: u32 = 30;
/// How long the broker may take for the next of the tenants that it knows.
const PATIENCE: Duration = Duration::from_secs(10);

/// Shows it until a signal.
pub async fn run(args: &WatchArgs) -> Result<u8> {
    let broker = args.nats.look().await?;
    let mut watched = broker.tenants.watch_with_history(">").await.map_err(|error| broker.trouble(&error))?;
    let mut seen = Seen::default();
    // What is known already: the last of it says that nothing is behind it. Where nothing is known, nothing comes.
    let mut is_behind = broker.is_known().await?;
    while is_behind {
        let entry = tokio::time::timeout(PATIENCE, watched.next()).await.ok().flatten();
        let entry = entry.ok_or_else(|| broker.trouble(&"it does not tell all that it knows"))?;
        is_behind = seen.note(entry.map_err(|error| broker.trouble(&error))?) > 0;
    }
    ((seen.queued, seen.jobless), seen.given_up) = (broker.queued(&seen.known()).await?, broker.given_up().await?);
    let mut shown = seen.line(args.format);
    say(&shown);
    if args.once {
        return Ok(seen.ended());
    }
    let mut ticks = tokio::time::interval(EVERY);
    let mut alone = 0;
    let stop = signals::interrupted();
    tokio::pin!(stop);
    loop {
        tokio::select! {
            () = &mut stop => return Ok(exit::COMPLETE),
            Some(entry) = watched.next() => {
                seen.note(entry.map_err(|error| broker.trouble(&error))?);
                continue;
            }
            _ = ticks.tick() => {}
        }
        let began = Instant::now();
        let counted = (broker.queued(&seen.known()).await, broker.given_up().await);
        // With very many tenants that takes a while: most of the time, the broker has other things to do.
        let is_answered = counted.0.is_ok() && counted.1.is_ok();
        ticks.reset_after(if is_answered { (20 * began.elapsed()).max(EVERY) } else { EVERY });
        alone = if let (Ok(queued), Ok(given_up)) = counted {
            ((seen.queued, seen.jobless), seen.given_up) = (queued, given_up);
            0
        } else {
            alone + 1
        };
        if alone > GIVEN_UP {
            return Err(broker.trouble(&"it has not answered any more").into());
        }
        let now = seen.line(args.format);
        if now != shown {
            say(&now);
            shown = now;
        }
    }
}

/// What is seen of the tenants.
#[derive(Default)]
struct Seen {
    /// Those that were begun, with where each stands.
    tenants: BTreeMap<String, State>,
    /// Jobs that nobody has begun.
    queued: u64,
    /// Tenants that are not at their end, and have no job in the queue.
    jobless: u64,
    /// Jobs that were given up.
    given_up: u64,
}

impl Seen {
    /// Notes where a tenant stands, and says how many are behind that.
    fn note(&mut self, entry: Entry) -> u64 {
        if entry.operation != Operation::Put {
            self.tenants.remove(&entry.key);
            return entry.delta;
        }
        let state = serde_json::from_slice::<State>(&entry.value).unwrap_or_else(|_| unreadable());
        // It was withdrawn before it was begun.
        if state.run.is_empty() && state.done.is_none() {
            return entry.delta;
        }
        // Where to resume is most of it, and not shown: with a million tenants there would be no room for it.
        self.tenants.insert(entry.key, State { checkpoint: None, ..state });
        entry.delta
    }

    fn count(&self, which: impl Fn(&State) -> bool) -> usize {
        self.tenants.values().filter(|state| which(state)).count()
    }

    /// Tenants whose job has to be in the queue.
    fn known(&self) -> BTreeSet<&str> {
        let is_one = |(_, state): &(&String, &State)| state.done.is_none() || state.is_recurring;
        self.tenants.iter().filter(is_one).map(|(name, _)| name.as_str()).collect()
    }

    fn pages(&self) -> u64 {
        self.tenants.values().map(|state| u64::from(state.page)).sum()
    }

    fn line(&self, format: Format) -> String {
        match format {
            Format::Json => plain_json(&self.counts().to_string()),
            Format::Table => self.sentence(),
        }
    }

    fn counts(&self) -> serde_json::Value {
        let failed: BTreeMap<&str, &str> = (self.tenants.iter())
            .filter(|(_, state)| is_failed(state))
            .filter_map(|(name, state)| Some((name.as_str(), state.done.as_ref()?.detail.as_str())))
            .collect();
        json!({
            "tenants": self.tenants.len(),
            "queued": self.queued,
            "complete": self.count(|state| outcome(state) == "complete"),
            "incomplete": self.count(|state| outcome(state) == "incomplete"),
            "failed": failed,
            "without_job": self.jobless,
            "overdue": self.count(State::is_overdue),
            "given_up": self.given_up,
            "withdrawn": self.count(|state| outcome(state) == WITHDRAWN),
            "waiting": self.count(is_waiting),
            "left_to_others": self.count(is_unfit),
            "begun_anew": self.count(State::is_anew),
            "pages": self.pages(),
        })
    }

    fn sentence(&self) -> String {
        let workers: BTreeSet<&str> = self
            .tenants
            .values()
            .filter(|state| state.done.is_none())
            .filter_map(|state| state.worker.as_deref())
            .collect();
        let workers: Vec<&str> = workers.into_iter().collect();
        let given_up = match self.given_up {
            0 => String::new(),
            number => format!(", {number} given up (stream SOURCE_DEAD says why)"),
        };
        let missing = match (self.jobless, self.count(State::is_overdue)) {
            (0, 0) => String::new(),
            (jobless, overdue) => format!(", {jobless} without a job (submit them again), {overdue} overdue"),
        };
        let withdrawn = match self.count(|state| outcome(state) == WITHDRAWN) {
            0 => String::new(),
            number => format!(", {number} withdrawn"),
        };
        let versions = match (self.count(is_unfit), self.count(State::is_anew)) {
            (0, 0) => String::new(),
            (unfit, anew) => format!(", {unfit} left to workers with their version or files, {anew} begun anew"),
        };
        plain(&format!(
            "{} of {} done ({} incomplete, {} failed{withdrawn}), {} waiting, {} queued{missing}{given_up}{versions}, {} pages; taken by {}",
            self.count(|state| state.done.is_some()),
            self.tenants.len(),
            self.count(|state| outcome(state) == "incomplete"),
            self.count(is_failed),
            self.count(is_waiting),
            self.queued,
            self.pages(),
            if workers.is_empty() { "no worker".into() } else { workers.join(", ") },
        ))
    }

    /// The code to end with.
    fn ended(&self) -> u8 {
        let is_over = self.queued == 0
            && self.given_up == 0
            && self.jobless == 0
            && self.count(State::is_overdue) == 0
            && !self.tenants.is_empty()
            && self.tenants.values().all(|state| ["complete", WITHDRAWN].contains(&outcome(state)));
        if is_over { exit::COMPLETE } else { exit::INCOMPLETE }
    }
}

fn outcome(state: &State) -> &str {
    state.done.as_ref().map_or("", |done| done.outcome.as_str())
}

fn is_waiting(state: &State) -> bool {
    state.done.is_none() && state.rest().is_some()
}

/// Left to a worker with the version that it began with, or that can read its files.
fn is_unfit(state: &State) -> bool {
    state.done.is_none() && state.unfit_since.is_some()
}

fn is_failed(state: &State) -> bool {
    !matches!(outcome(state), "" | "complete" | "incomplete" | WITHDRAWN)
}

/// What stands for a value that is none of this program.
fn unreadable() -> State {
    let detail = "its value in the bucket source-tenants is none of this program: delete it, and submit it again";
    State {
        done: Some(Done { outcome: "unreadable".into(), detail: detail.into(), ..Done::default() }),
        ..State::default()
    }
}

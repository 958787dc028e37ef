//! One tenant in the hands of a worker: turn after turn, until it is done, has to wait, or is somebody else's.

use crate::broker::place_of;
use crate::job::{AGAIN, Done, Job, State, now};
use crate::ledger::{self, Read};
use crate::next::{Next, next, until_due};
use crate::run::Run;
use crate::traces::TurnSpan;
use crate::worker::Worker;
use serde_json::json;
use source_fleet::{Account, Bounds, Outcome, Spec, Step, Turn, parse};
use source_host::bindings::exports::compliance::source::source::Page;
use source_host::collection::{Cause, given_up};
use source_host::connections::Connections;
use source_host::endurance::{MAX_WAIT, Pace, PageSeen, Verdict};
use source_host::error::{Error, Result};
use source_host::journal::Observer;
use source_host::meter::Meter;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::Instant;

/// A job that is taken up so often without a word of what came of it kills whoever takes it, and is given up.
const MAX_TAKEN: u32 = 50;

/// How long a worker leaves a run alone that a worker with another component has to go on with.
const UNFIT: Duration = Duration::from_secs(2);

/// A tenant whose files or variables are not there is left to other workers so often, before it fails for lack of them.
const LACKING: u32 = 10;

/// What becomes of a job.
#[derive(Debug)]
pub enum After {
    /// It is done.
    Done,
    /// It is to be delivered again after a while.
    Again(Duration),
    /// Somebody else has it.
    Lost,
    /// Something of this worker failed, and not the tenant.
    Trouble(String),
    /// It cannot be done at all.
    Dead(String),
}

/// A tenant under way.
pub struct Task<'w> {
    worker: &'w Worker,
    every_seconds: Option<u64>,
    name: String,
    spec: Arc<Spec>,
    run: Run,
    state: State,
    revision: u64,
    pace: Pace,
    meter: Arc<Meter>,
    connections: Connections,
}

impl<'w> Task<'w> {
    /// Takes up a job; `None` where it is done already.
    ///
    /// # Errors
    /// What becomes of it where it cannot be taken up now.
    pub async fn open(worker: &'w Worker, job: &Job, name: &str) -> std::result::Result<Option<Self>, After> {
        let trouble = |error: source_evidence::Error| After::Trouble(error.to_string());
        let spec = spec(worker, job)?;
        let time = &worker.counters.broker_time;
        let known = time.timed(ledger::state(&worker.broker.tenants, name)).await;
        let Read { value, revision } = known.map_err(|error| match error {
            // No worker can read it, however often.
            error @ source_evidence::Error::Usage { .. } => After::Dead(error.to_string()),
            error => trouble(error),
        })?;
        let mut state = match next(value, job) {
            Next::Run(state) => *state,
            Next::Rest(rest) => return Err(After::Again(rest)),
            Next::Done => return Ok(None),
        };
        if let Some(rest) = state.rest() {
            return Err(After::Again(rest));
        }
        if state.taken >= MAX_TAKEN {
            let why = format!("it was taken up {MAX_TAKEN} times without a word: it kills workers");
            // When it is submitted again, it gets another chance.
            state.taken = 0;
            state.done = Some(Done { outcome: "given up".into(), detail: why.clone(), records: 0, at: now() });
            ledger::write(&worker.broker.tenants, name, &state, revision).await.map_err(trouble)?;
            return Err(After::Dead(why));
        }
        state.is_recurring = job.every_seconds.is_some();
        (state.worker, state.since, state.taken) = (Some(worker.options.name.clone()), now(), state.taken + 1);
        let written =
            time.timed(ledger::write(&worker.broker.tenants, name, &state, revision)).await.map_err(trouble)?;
        let Some(revision) = written else { return Err(After::Again(Duration::from_secs(1))) };
        let is_lacking = spec.lacks_credentials();
        if is_lacking && state.taken < LACKING {
            worker.tell(name, json!({"what": "left to a worker that can read its credentials"})).await;
            return Err(After::Again(UNFIT));
        }
        let place = place_of(&worker.place, name, &state.run);
        let run = match Run::open(place, state.standing(), worker.options.signer.clone()).await {
            Ok(run) => run,
            // No worker can go on with it.
            Err(error @ source_evidence::Error::Usage { .. }) => {
                let (outcome, detail) = ("failed".into(), error.to_string());
                worker.tell(name, json!({"what": "done", "outcome": outcome, "why": detail})).await;
                state.taken = 0;
                state.done = Some(Done { outcome, detail, records: 0, at: now() });
                ledger::write(&worker.broker.tenants, name, &state, revision).await.map_err(trouble)?;
                worker.counters.done.fetch_add(1, Ordering::SeqCst);
                worker.counters.failed.fetch_add(1, Ordering::SeqCst);
                return Err(job.every_seconds.map_or(After::Done, |every| After::Again(until_due(&state, every))));
            }
            Err(error) => {
                state.taken = 0;
                let _ = ledger::write(&worker.broker.tenants, name, &state, revision).await;
                return Err(trouble(error));
            }
        };
        let (bounds, ago) = (worker.options.endurance, Duration::from_millis(now().saturating_sub(state.paced_at)));
        Ok(Some(Self {
            worker,
            every_seconds: job.every_seconds,
            name: name.into(),
            spec,
            run,
            pace: Pace::resumed(bounds, state.pace, ago, Instant::now()),
            state,
            revision,
            meter: Arc::new(Meter::of_many(Arc::clone(&worker.counters.requests))),
            connections: Connections::default(),
        }))
    }

    /// Gives it turns.
    pub async fn run(&mut self, stop: &watch::Receiver<bool>) -> After {
        loop {
            let after = match self.turn().await {
                Ok(None) => None,
                Ok(Some(after)) => Some(after),
                Err(error) => Some(After::Trouble(error.to_string())),
            };
            if let Some(after) = after {
                if matches!(after, After::Trouble(_)) {
                    // Trouble of this worker is none of the tenant, however often. Where the broker is the trouble,
                    // this is not heard.
                    (self.state.taken, self.state.worker) = (0, None);
                    let _ = self.write().await;
                }
                return after;
            }
            if *stop.borrow() {
                self.state.worker = None;
                let _ = self.write().await;
                return After::Again(Duration::ZERO);
            }
        }
    }

    /// One turn; `None` where the next may follow at once.
    async fn turn(&mut self) -> Result<Option<After>> {
        let options = &self.worker.options;
        let lapses = Duration::from_millis(options.page_milliseconds) + options.grace;
        // With the moment at which it was taken up: a worker that is started again is another holder.
        let holder = format!("{}/{}/{}/{}", options.name, self.name, self.run.standing().page, self.state.since);
        let (quotas, account) = (&self.worker.broker.quotas, &self.spec.account);
        let wanted = u64::from(options.page_requests);
        let time = &self.worker.counters.broker_time;
        let reserved = time.timed(ledger::reserve(quotas, account, &holder, wanted, options.share, lapses)).await;
        let share = match reserved? {
            Ok(share) => share,
            Err(wait) => return Ok(Some(self.wait(wait, "the account's share of requests is used up").await?)),
        };
        let sent = self.meter.requests();
        let begun = Instant::now();
        self.pace.begin(begun);
        let page = self.run.standing().page + 1;
        let span = self.worker.traces.as_ref().map(|traces| traces.turn(&self.name, &self.state.run, page));
        let outcome = self.turn_of(share, span.as_ref().map(TurnSpan::observer)).take().await;
        self.worker.counters.turns.took(begun.elapsed());
        if let Some(span) = span {
            span.end(outcome.as_ref().map(Step::records).map_err(Error::word));
        }
        let sent = self.meter.requests() - sent;
        let settle = |account: &mut Account| account.settle(&holder, sent, options.share, now());
        time.timed(ledger::change(quotas, account, settle)).await?;
        match outcome {
            Ok(Step::Finished(summary, records)) => {
                self.count(records);
                Ok(Some(self.end(Outcome::of(&summary), summary.records).await?))
            }
            Ok(Step::Page { records, seen, page, .. }) => {
                self.count(records);
                self.after_page(seen, &page).await
            }
            Err(error) => self.after_failure(error).await,
        }
    }

    fn turn_of(&self, share: u64, observer: Option<Arc<dyn Observer>>) -> Turn {
        let options = &self.worker.options;
        Turn {
            spec: Arc::clone(&self.spec),
            plugin: self.worker.plugin.clone(),
            checkpoints: Arc::new(self.run.clone()),
            bounds: Bounds::of(share, options.concurrency),
            milliseconds: options.page_milliseconds,
            bytes: options.page_bytes,
            grace: options.grace,
            meter: Arc::clone(&self.meter),
            connections: self.connections.clone(),
            observer,
        }
    }

    fn count(&self, records: u64) {
        self.worker.counters.pages.fetch_add(1, Ordering::SeqCst);
        self.worker.counters.records.fetch_add(records, Ordering::SeqCst);
    }

    async fn after_page(&mut self, seen: PageSeen, page: &Page) -> Result<Option<After>> {
        let cause = Cause::of(page);
        match self.pace.page(seen, Instant::now()) {
            Verdict::Further(Duration::ZERO) => self.save(None, None).await,
            Verdict::Further(wait) | Verdict::Again(wait) => {
                self.spec.clock.waited(seen.wait.unwrap_or_default().min(MAX_WAIT));
                if let (Some(asked), Cause::Vendor) = (seen.wait, &cause) {
                    self.block(asked).await?;
                }
                Ok(Some(self.wait(wait, &cause.to_string()).await?))
            }
            Verdict::TriedEnough => Ok(Some(self.end(Outcome::Failed(given_up(page)), 0).await?)),
            Verdict::End(error) => Ok(Some(self.end(Outcome::Failed(error), 0).await?)),
        }
    }

    async fn after_failure(&mut self, error: Error) -> Result<Option<After>> {
        // Another worker may have written the page meanwhile: then that one counts.
        if self.run.catch_up().await? > 0 {
            self.worker.counters.twice.fetch_add(1, Ordering::SeqCst);
            return self.save(None, None).await;
        }
        if is_another_component(&error) {
            return Ok(Some(self.hand_back().await?));
        }
        let is_refused = matches!(error, Error::Local(source_evidence::Error::Usage { .. }));
        if matches!(error, Error::Local(_)) && !is_refused {
            return Ok(Some(After::Trouble(error.to_string())));
        }
        if is_refused || !error.is_retryable() {
            return Ok(Some(self.end(Outcome::Failed(error), 0).await?));
        }
        let asked = error.retry_after();
        if let Some(asked) = asked {
            self.block(asked).await?;
        }
        match self.pace.failed(asked, Instant::now()) {
            Some(wait) => Ok(Some(self.wait(wait, error.word()).await?)),
            None => Ok(Some(self.end(Outcome::Failed(error), 0).await?)),
        }
    }

    /// What the vendor asks of one tenant holds for all of its account.
    async fn block(&self, wait: Duration) -> Result<()> {
        let until = now() + u64::try_from(wait.min(MAX_WAIT).as_millis()).unwrap_or_default();
        Ok(ledger::change(&self.worker.broker.quotas, &self.spec.account, |account| account.block(until)).await?)
    }

    /// A run of another version is left to a worker that has it; when there is none for long, it begins anew.
    async fn hand_back(&mut self) -> Result<After> {
        let worker = self.worker;
        if self.state.unfit_since.is_none() {
            worker.tell(&self.name, json!({"what": "left to a worker with the version that it began with"})).await;
        }
        let since = *self.state.unfit_since.get_or_insert_with(now);
        if Duration::from_millis(now().saturating_sub(since)) < worker.options.anew {
            (self.state.taken, self.state.worker) = (0, None);
            return Ok(self.write().await?.unwrap_or(After::Again(UNFIT)));
        }
        let run = format!("{}{AGAIN}", self.state.run);
        worker.tell(&self.name, json!({"what": "begins anew with another version", "run": run})).await;
        self.state = State { worker: None, ..State::begin(&run) };
        Ok(self.write().await?.unwrap_or(After::Again(Duration::ZERO)))
    }

    async fn wait(&mut self, wait: Duration, cause: &str) -> Result<After> {
        self.connections.close_idle();
        if let Some(lost) = self.save(Some(wait), None).await? {
            return Ok(lost);
        }
        let seconds = wait.as_secs_f64();
        self.worker.tell(&self.name, json!({"what": "waits", "seconds": seconds, "why": cause})).await;
        Ok(After::Again(wait))
    }

    async fn end(&mut self, outcome: Outcome, records: u64) -> Result<After> {
        let detail = match &outcome {
            Outcome::Incomplete(kinds) => kinds.join(", "),
            Outcome::Failed(error) => error.to_string(),
            _ => String::new(),
        };
        let done = Done { outcome: outcome.word().into(), detail, records, at: now() };
        let told = json!({"what": "done", "outcome": done.outcome, "why": done.detail, "records": records});
        if let Some(lost) = self.save(None, Some(done)).await? {
            return Ok(lost);
        }
        let counters = &self.worker.counters;
        counters.done.fetch_add(1, Ordering::SeqCst);
        counters.failed.fetch_add(u64::from(matches!(outcome, Outcome::Failed(_))), Ordering::SeqCst);
        self.worker.tell(&self.name, told).await;
        Ok(self.every_seconds.map_or(After::Done, |every| After::Again(until_due(&self.state, every))))
    }

    /// Writes down how far it has come, after the page is safe; tells where somebody else has it.
    async fn save(&mut self, rest: Option<Duration>, done: Option<Done>) -> Result<Option<After>> {
        let standing = self.run.standing();
        let is_further = standing.page > self.state.page;
        (self.state.page, self.state.checkpoint) = (standing.page, standing.checkpoint);
        self.state.taken = 0;
        if is_further || rest.is_some() {
            self.state.unfit_since = None;
            self.state.paced_at = now();
            self.state.pace = self.pace.state(Instant::now());
        }
        if rest.is_some() || done.is_some() {
            self.state.worker = None;
        }
        self.state.not_before = rest.map(|rest| now() + u64::try_from(rest.as_millis()).unwrap_or_default());
        self.state.done = done;
        self.write().await
    }

    async fn write(&mut self) -> Result<Option<After>> {
        let written = ledger::write(&self.worker.broker.tenants, &self.name, &self.state, self.revision);
        match self.worker.counters.broker_time.timed(written).await? {
            Some(revision) => {
                self.revision = revision;
                Ok(None)
            }
            None => Ok(Some(After::Lost)),
        }
    }
}

/// The tenant that a job describes.
fn spec(worker: &Worker, job: &Job) -> std::result::Result<Arc<Spec>, After> {
    let text = serde_json::Value::Array(vec![job.tenant.clone()]).to_string();
    let specs = parse(&text, &worker.options.folder, &worker.options.defaults);
    let mut specs = specs.map_err(|error| After::Dead(error.to_string()))?;
    let Some(mut spec) = specs.pop() else { return Err(After::Dead("no tenant in it".into())) };
    if spec.component.is_some() {
        return Err(After::Dead("a job names no component: the workers have one".into()));
    }
    if spec.granted.is_none() {
        spec.granted = worker.options.granted.clone();
    }
    Ok(Arc::new(spec))
}

fn is_another_component(error: &Error) -> bool {
    matches!(error, Error::Local(source_evidence::Error::Usage { what, .. }) if what.ends_with("another component"))
}

//! One tenant in the hands of a worker: turn after turn, until it is done, has to wait, or is somebody else's.

use crate::job::{Done, State, now};
use crate::ledger;
use crate::next::{due, until_due};
use crate::run::Run;
use crate::take_up::{After, Delivered, LEFT, TakenUp, anew, take_up, tell_anew};
use crate::traces::TurnSpan;
use crate::worker::Worker;
use serde_json::json;
use source_fleet::{Account, Bounds, Outcome, Spec, Step, Turn};
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

/// Beyond the time of a page, its writing may take so long: the libraries of object stores try for three minutes.
const WRITING: Duration = Duration::from_secs(600);

/// A run that met so many troubles in a row without a page ends as failed: other tenants' pages are written, or no job
/// would be taken.
const MOST_TROUBLES: u32 = 16;

/// Before a job that was given back in trouble is taken again: a second at first, ten minutes at last.
fn backoff(troubles: u32) -> Duration {
    Duration::from_secs(1_u64 << troubles.saturating_sub(1).min(10)).min(Duration::from_secs(600))
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
    pub(crate) async fn open(
        worker: &'w Worker,
        delivered: &Delivered<'_>,
    ) -> std::result::Result<Option<Self>, After> {
        let Some(TakenUp { spec, run, state, revision }) = take_up(worker, delivered).await? else { return Ok(None) };
        let (bounds, ago) = (worker.options.endurance, Duration::from_millis(now().saturating_sub(state.paced_at)));
        Ok(Some(Self {
            worker,
            every_seconds: delivered.job.every_seconds,
            name: delivered.name.into(),
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
        let mut after = loop {
            if *stop.borrow() {
                break After::Again(Duration::ZERO);
            }
            match self.turn().await {
                Ok(None) => {}
                Ok(Some(after @ (After::Done | After::Again(_) | After::Lost | After::Dead(_)))) => return after,
                Ok(Some(trouble)) => break trouble,
                Err(error) => break After::trouble(&error),
            }
        };
        // What is given back in mid-run is none of the tenant, however often. Where the broker is the trouble, this is
        // not heard.
        (self.state.taken, self.state.worker) = (0, None);
        if let After::Trouble(why, wait) = &mut after {
            self.state.troubles = self.state.troubles.saturating_add(1);
            *wait = backoff(self.state.troubles);
            if self.state.troubles >= MOST_TROUBLES {
                let error = Error::Local(source_evidence::Error::Output {
                    what: why.clone(),
                    remedy: format!("it was tried {MOST_TROUBLES} times without a page"),
                });
                return self.end(Outcome::Failed(error), 0).await.unwrap_or(after);
            }
        }
        match self.write().await {
            Ok(Some(lost)) => lost,
            _ => after,
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
        let page = self.run.standing().page.saturating_add(1);
        let span = self.worker.traces.as_ref().map(|traces| traces.turn(&self.name, &self.state.run, page));
        let turn = self.turn_of(share, span.as_ref().map(TurnSpan::observer)).take();
        let outcome = tokio::time::timeout(lapses + WRITING, turn).await.unwrap_or_else(|_| Err(stuck(&self.run)));
        self.worker.counters.turns.took(begun.elapsed());
        if let Some(span) = span {
            span.end(outcome.as_ref().map(Step::records).map_err(Error::word));
        }
        let sent = self.meter.requests() - sent;
        // What the vendor asks of one tenant holds for all of its account, and is written down with what was sent.
        let block = asked(&outcome);
        let settle = |account: &mut Account| {
            account.settle(&holder, sent, options.share, now());
            block.into_iter().for_each(|wait| account.block(now() + milliseconds(wait.min(MAX_WAIT))));
        };
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
        if matches!(error, Error::Local(source_evidence::Error::Other { .. })) {
            return Ok(Some(self.hand_back().await?));
        }
        // Files and places come back; what a component answers, and what somebody changed, stays so.
        let is_trouble =
            matches!(error, Error::Local(source_evidence::Error::File { .. } | source_evidence::Error::Output { .. }));
        if is_trouble {
            return Ok(Some(After::trouble(&error)));
        }
        if !error.is_retryable() {
            return Ok(Some(self.end(Outcome::Failed(error), 0).await?));
        }
        match self.pace.failed(error.retry_after(), Instant::now()) {
            Some(wait) => Ok(Some(self.wait(wait, error.word()).await?)),
            None => Ok(Some(self.end(Outcome::Failed(error), 0).await?)),
        }
    }

    /// A run that was begun with other settings is left to a worker that has them; when there is none for long, it begins
    /// anew.
    async fn hand_back(&mut self) -> Result<After> {
        let worker = self.worker;
        let is_new = self.state.unfit_since.is_none();
        let since = *self.state.unfit_since.get_or_insert_with(now);
        if Duration::from_millis(now().saturating_sub(since)) >= worker.options.leave {
            self.state = anew(&self.state);
            if let Some(lost) = self.write().await? {
                return Ok(lost);
            }
            tell_anew(worker, &self.name, &self.state.run).await;
            return Ok(After::Again(Duration::ZERO));
        }
        (self.state.taken, self.state.worker) = (0, None);
        if let Some(lost) = self.write().await? {
            return Ok(lost);
        }
        if is_new {
            worker.tell(&self.name, json!({"what": "left to a worker with the settings that it began with"})).await;
        }
        Ok(After::Again(LEFT))
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
        self.state.due = self.every_seconds.map(|every| due(&self.state, every));
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
        if is_further {
            self.state.troubles = 0;
        }
        if is_further || rest.is_some() {
            self.state.unfit_since = None;
            self.state.paced_at = now();
            self.state.pace = self.pace.state(Instant::now());
        }
        if rest.is_some() || done.is_some() {
            self.state.worker = None;
        }
        self.state.not_before = rest.map(|rest| now() + milliseconds(rest));
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

/// The error of a page that is not written for ever: its place hangs.
fn stuck(run: &Run) -> Error {
    let what = format!("{} does not take a page, and gives no error", run.place().shown());
    Error::Local(source_evidence::Error::Output { what, remedy: "check the place".into() })
}

/// How long the vendor asks to wait.
fn asked(outcome: &Result<Step>) -> Option<Duration> {
    match outcome {
        Ok(Step::Page { seen, page, .. }) if matches!(Cause::of(page), Cause::Vendor) => seen.wait,
        Ok(_) => None,
        Err(error) => error.retry_after(),
    }
}

fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

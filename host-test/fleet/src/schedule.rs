//! Gives turns until every tenant has come to its end.

use super::bounds::Bounds;
use super::event::{Event, Observer, Stop};
use super::queue::Queue;
use super::quota::Quota;
use super::report::{Outcome, Report};
use super::setup::Setup;
use super::tenant_state::TenantState;
use super::turn::{Step, Turn};
use source_evidence::folder::FolderState;
use source_host::bindings::exports::compliance::source::source::Page;
use source_host::collection::{Cause, given_up};
use source_host::endurance::{MAX_WAIT, PageSeen, Verdict};
use source_host::error::{Error, Result};
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::{Id, JoinError, JoinSet};
use tokio::time::Instant;

/// Beyond the time of a page, a turn that is begun gets this long to end when the fleet is stopped.
const GRACE: Duration = Duration::from_secs(10);

/// The loop of a fleet: queue, quota, running turns and outcomes.
pub(super) struct Schedule<'f> {
    fleet: &'f Setup,
    observer: &'f Observer<'f>,
    tenants: Vec<TenantState>,
    queue: Queue,
    quota: Quota,
    running: JoinSet<Result<Step>>,
    whose: HashMap<Id, usize>,
    /// Whose turn has just ended.
    had_turn: Option<usize>,
    began: Instant,
}

type Ended = std::result::Result<(Id, Result<Step>), JoinError>;

impl<'f> Schedule<'f> {
    pub fn new(fleet: &'f Setup, observer: &'f Observer<'f>) -> Self {
        let options = &fleet.options;
        Self {
            fleet,
            observer,
            tenants: (fleet.tenants.iter())
                .map(|(spec, _)| TenantState::new(&spec.name, &fleet.gauges, options.endurance))
                .collect(),
            queue: Queue::default(),
            quota: Quota::new(options.quota_requests, options.quota_window),
            running: JoinSet::new(),
            whose: HashMap::new(),
            had_turn: None,
            began: Instant::now(),
        }
    }

    pub async fn run(mut self, mut stop: watch::Receiver<Stop>) -> Report {
        self.admit();
        let grace = Duration::from_millis(self.fleet.options.page_milliseconds) + GRACE;
        let mut ends_at: Option<Instant> = None;
        loop {
            let stopping = *stop.borrow_and_update();
            match stopping {
                Stop::AtOnce => break,
                Stop::Gently => ends_at = ends_at.or(Some(Instant::now() + grace)),
                Stop::No => self.begin_turns(),
            }
            self.close_connections();
            self.show();
            if self.running.is_empty() && (ends_at.is_some() || self.queue.is_empty()) {
                break;
            }
            let has_room = self.running.len() < self.fleet.options.active;
            let timer = ends_at.or_else(|| self.queue.wakes_at().filter(|_| has_room));
            tokio::select! {
                Some(ended) = self.running.join_next_with_id() => self.settle(ended),
                () = tokio::time::sleep_until(timer.unwrap_or(self.began)), if timer.is_some() => {
                    if ends_at.is_some() { break; }
                }
                Ok(()) = stop.changed() => {}
            }
        }
        let interrupted = *stop.borrow() != Stop::No;
        self.report(interrupted)
    }

    /// Lets everybody in but those that are finished already.
    fn admit(&mut self) {
        for (index, (spec, _)) in self.fleet.tenants.iter().enumerate() {
            let checkpoints = &self.fleet.checkpoints;
            let holds = checkpoints.state(&spec.name);
            let summary = (holds != FolderState::Nothing).then(|| checkpoints.summary(&spec.name));
            if let (Some(Ok(summary)), Some(member)) = (&summary, self.tenants.get_mut(index)) {
                member.report.records = summary.records;
                member.report.finished_before = holds == FolderState::Finished;
            }
            match summary {
                Some(Ok(summary)) if holds == FolderState::Finished => self.end(index, Outcome::of(&summary)),
                Some(Err(error)) if holds == FolderState::Finished => self.end(index, Outcome::Failed(error.into())),
                // What is begun and cannot be read is told by its turn.
                _ => self.queue.push(index, Duration::ZERO),
            }
        }
    }

    fn begin_turns(&mut self) {
        let options = &self.fleet.options;
        while self.running.len() < options.active {
            let now = Instant::now();
            let Some(index) = self.queue.next(now) else { return };
            let Some((spec, plugin)) = self.fleet.tenants.get(index) else { continue };
            let share = match self.quota.reserve(&spec.account, &spec.name, u64::from(options.page_requests), now) {
                Ok(share) => share,
                Err(until) => {
                    self.wait(index, until.saturating_duration_since(now), Cause::Quota);
                    continue;
                }
            };
            let Some(member) = self.tenants.get_mut(index) else { continue };
            member.begin(now);
            let turn = Turn {
                spec: Arc::clone(spec),
                plugin: plugin.clone(),
                checkpoints: Arc::clone(&self.fleet.checkpoints),
                bounds: Bounds::of(share, options.concurrency),
                milliseconds: options.page_milliseconds,
                bytes: options.page_bytes,
                grace: options.grace,
                meter: Arc::clone(&member.meter),
                connections: member.connections.clone(),
                observer: None,
            };
            let task = self.running.spawn(turn.take());
            self.whose.insert(task.id(), index);
        }
    }

    /// Closes the connections of who has just had a turn, unless the next one has begun already: who waits holds
    /// none, so there are only those of the active tenants.
    fn close_connections(&mut self) {
        let waits = |member: &&TenantState| !member.runs();
        if let Some(member) = self.had_turn.take().and_then(|index| self.tenants.get(index)).filter(waits) {
            member.connections.close_idle();
        }
    }

    /// Takes what a turn came to.
    fn settle(&mut self, ended: Ended) {
        let (id, outcome) = match ended {
            Ok((id, outcome)) => (id, outcome),
            // It panicked: that must not end the others.
            Err(broken) => (broken.id(), Err(Error::Defect(broken.to_string()))),
        };
        let Some(index) = self.whose.remove(&id) else { return };
        let (Some((spec, _)), Some(member)) = (self.fleet.tenants.get(index), self.tenants.get_mut(index)) else {
            return;
        };
        self.had_turn = Some(index);
        let now = Instant::now();
        if let Some(sent) = member.settle(now) {
            self.quota.settle(&spec.account, &spec.name, sent, now);
        }
        match outcome {
            Ok(Step::Finished(summary, records)) => {
                member.report.records = summary.records;
                self.fleet.gauges.records.fetch_add(records, Ordering::SeqCst);
                self.end(index, Outcome::of(&summary));
            }
            Ok(Step::Page { records, records_in_all, seen, page }) => {
                member.report.records = records_in_all;
                self.fleet.gauges.records.fetch_add(records, Ordering::SeqCst);
                self.after_page(index, seen, &page);
            }
            Err(error) if error.is_retryable() => self.after_failure(index, error),
            Err(error) => self.end(index, Outcome::Failed(error)),
        }
    }

    /// Puts a tenant back after a page that is not its last, or ends it.
    fn after_page(&mut self, index: usize, seen: PageSeen, page: &Page) {
        let cause = Cause::of(page);
        if let (Some(wait), Cause::Vendor) = (seen.wait, cause) {
            self.block(index, wait);
        }
        let Some(member) = self.tenants.get_mut(index) else { return };
        let verdict = member.pace.page(seen, Instant::now());
        self.show_retried(index);
        match verdict {
            Verdict::Further(Duration::ZERO) => self.push(index),
            Verdict::Further(wait) | Verdict::Again(wait) => {
                // A fixed clock moves by what was asked for: chance has no say in records.
                if let Some((spec, _)) = self.fleet.tenants.get(index) {
                    spec.clock.waited(seen.wait.unwrap_or_default().min(MAX_WAIT));
                }
                self.wait(index, wait, cause);
            }
            Verdict::TriedEnough => self.end(index, Outcome::Failed(given_up(page))),
            Verdict::End(error) => self.end(index, Outcome::Failed(error)),
        }
    }

    /// Puts a tenant back whose turn failed; or ends it, when it has come no further for too long.
    fn after_failure(&mut self, index: usize, error: Error) {
        let asked = error.retry_after();
        if let Some(wait) = asked {
            self.block(index, wait);
        }
        let Some(member) = self.tenants.get_mut(index) else { return };
        let wait = member.pace.failed(asked, Instant::now());
        self.show_retried(index);
        match wait {
            Some(wait) => self.wait(index, wait, Cause::Failed(&error)),
            None => self.end(index, Outcome::Failed(error)),
        }
    }

    fn push(&mut self, index: usize) {
        if let Some(member) = self.tenants.get(index) {
            self.queue.push(index, member.had);
        }
    }

    /// What the vendor asks of one tenant holds for all of its account.
    fn block(&mut self, index: usize, wait: Duration) {
        if let Some((spec, _)) = self.fleet.tenants.get(index) {
            self.quota.block(&spec.account, Instant::now() + wait.min(MAX_WAIT));
        }
    }

    fn wait(&mut self, index: usize, wait: Duration, cause: Cause<'_>) {
        let Some(member) = self.tenants.get_mut(index) else { return };
        member.report.waited += wait;
        self.queue.wait(index, member.had, Instant::now() + wait);
        (self.observer)(&Event::Waits { name: &member.report.name, wait, cause });
    }

    fn end(&mut self, index: usize, outcome: Outcome) {
        if matches!(outcome, Outcome::Failed(_)) {
            self.fleet.gauges.failed.fetch_add(1, Ordering::SeqCst);
        }
        self.fleet.gauges.done.fetch_add(1, Ordering::SeqCst);
        let Some(member) = self.tenants.get_mut(index) else { return };
        member.ended = true;
        member.close(outcome);
        (self.observer)(&Event::Ended(&member.report));
        self.show_retried(index);
    }

    /// Counts a tenant among those that fail, or no longer.
    fn show_retried(&mut self, index: usize) {
        let Some(member) = self.tenants.get_mut(index) else { return };
        let retrying = &self.fleet.gauges.retrying;
        let is_retried = member.pace.is_failing() && !member.ended;
        match (member.is_retried, is_retried) {
            (false, true) => retrying.fetch_add(1, Ordering::SeqCst),
            (true, false) => retrying.fetch_sub(1, Ordering::SeqCst),
            _ => 0,
        };
        member.is_retried = is_retried;
    }

    fn show(&self) {
        let gauges = &self.fleet.gauges;
        gauges.running.store(self.running.len() as u64, Ordering::SeqCst);
        gauges.waiting.store(self.queue.waiting() as u64, Ordering::SeqCst);
    }

    /// Ends the turns that are left.
    fn report(mut self, interrupted: bool) -> Report {
        self.running.abort_all();
        for member in self.tenants.iter_mut().filter(|member| !member.ended) {
            member.close(Outcome::Interrupted);
        }
        let reading = self.fleet.gauges.read();
        Report {
            tenants: self.tenants.into_iter().map(|member| member.report).collect(),
            took: self.began.elapsed(),
            records: reading.records,
            requests: reading.requests,
            interrupted,
        }
    }
}

//! Gives turns until every tenant has come to its end.

use super::event::{Event, Observer, Stop};
use super::queue::Queue;
use super::quota::{Bounds, Quota};
use super::report::{Outcome, Report};
use super::retry::{backoff, held_up, is_retryable, retry_after, stuck};
use super::setup::Setup;
use super::tenant_state::TenantState;
use super::turn::{Pause, Step, Turn};
use source_evidence::folder::FolderState;
use source_host::collection::MAX_WAIT;
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
/// Who keeps its own pace and has come no further waits for so long at least: a shorter wait gives
/// turns away for nothing.
const WORTH_A_WAIT: Duration = Duration::from_secs(1);

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
            tenants: fleet.tenants.iter().map(|(spec, _)| TenantState::new(&spec.name, &fleet.gauges)).collect(),
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
            let share = match self.quota.reserve(&spec.account, u64::from(options.page_requests), now) {
                Ok(share) => share,
                Err(until) => {
                    self.wait(index, until.saturating_duration_since(now), None);
                    continue;
                }
            };
            let Some(member) = self.tenants.get_mut(index) else { continue };
            member.begin(share, now);
            let turn = Turn {
                spec: Arc::clone(spec),
                plugin: plugin.clone(),
                checkpoints: Arc::clone(&self.fleet.checkpoints),
                bounds: Bounds::of(share, options.concurrency),
                milliseconds: options.page_milliseconds,
                meter: Arc::clone(&member.meter),
                connections: member.connections.clone(),
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
        if let Some((reserved, spent)) = member.settle(now) {
            self.quota.settle(&spec.account, reserved, spent, now);
        }
        match outcome {
            Ok(Step::Finished(summary, records)) => {
                member.report.records = summary.records;
                self.fleet.gauges.records.fetch_add(records, Ordering::SeqCst);
                self.end(index, Outcome::of(&summary));
            }
            Ok(Step::Page { records, records_in_all, progress, pause }) => {
                member.report.records = records_in_all;
                self.fleet.gauges.records.fetch_add(records, Ordering::SeqCst);
                match (member.moved(progress), pause) {
                    (true, _) => {
                        self.count_failures(index, 0);
                        self.go_on(index, pause);
                    }
                    (false, Some(Pause::Own(wait))) if wait >= WORTH_A_WAIT => self.go_on(index, pause),
                    (false, Some(Pause::Vendors(wait))) => self.retry(index, held_up(), Some(wait)),
                    (false, _) => self.retry(index, stuck(), None),
                }
            }
            Err(error) if is_retryable(&error) => {
                let wait = retry_after(&error);
                self.retry(index, error, wait);
            }
            Err(error) => self.end(index, Outcome::Failed(error)),
        }
    }

    /// Puts a tenant back that has come further, or keeps its own pace.
    fn go_on(&mut self, index: usize, pause: Option<Pause>) {
        match (pause, self.tenants.get(index)) {
            (Some(Pause::Vendors(wait)), _) => {
                self.block(index, wait);
                self.wait(index, wait.min(MAX_WAIT), None);
            }
            (Some(Pause::Own(wait)), _) => self.wait(index, wait.min(MAX_WAIT), None),
            (None, Some(member)) => self.queue.push(index, member.had),
            (None, None) => {}
        }
    }

    /// Puts a tenant back that has come no further; or ends it, when that was so too often. `asked` is
    /// how long the vendor asks to wait.
    fn retry(&mut self, index: usize, error: Error, asked: Option<Duration>) {
        let options = &self.fleet.options;
        let Some(failures) = self.tenants.get(index).map(|member| member.failures + 1) else { return };
        self.count_failures(index, failures);
        if let Some(wait) = asked {
            self.block(index, wait);
        }
        if failures >= options.tries {
            return self.end(index, Outcome::Failed(error));
        }
        let asked = asked.unwrap_or_default().min(MAX_WAIT);
        self.wait(index, backoff(options.backoff, failures).max(asked), Some(&error));
    }

    /// What the vendor asks of one tenant holds for all of its account.
    fn block(&mut self, index: usize, wait: Duration) {
        if let Some((spec, _)) = self.fleet.tenants.get(index) {
            self.quota.block(&spec.account, Instant::now() + wait.min(MAX_WAIT));
        }
    }

    fn wait(&mut self, index: usize, wait: Duration, because: Option<&Error>) {
        let Some(member) = self.tenants.get_mut(index) else { return };
        member.report.waited += wait;
        self.queue.wait(index, member.had, Instant::now() + wait);
        (self.observer)(&Event::Waits { name: &member.report.name, wait, because });
    }

    fn end(&mut self, index: usize, outcome: Outcome) {
        if matches!(outcome, Outcome::Failed(_)) {
            self.fleet.gauges.failed.fetch_add(1, Ordering::SeqCst);
        }
        self.fleet.gauges.done.fetch_add(1, Ordering::SeqCst);
        self.count_failures(index, 0);
        let Some(member) = self.tenants.get_mut(index) else { return };
        member.ended = true;
        member.close(outcome);
        (self.observer)(&Event::Ended(&member.report));
    }

    fn count_failures(&mut self, index: usize, failures: u32) {
        let Some(member) = self.tenants.get_mut(index) else { return };
        let retrying = &self.fleet.gauges.retrying;
        match (member.failures > 0, failures > 0) {
            (false, true) => retrying.fetch_add(1, Ordering::SeqCst),
            (true, false) => retrying.fetch_sub(1, Ordering::SeqCst),
            _ => 0,
        };
        member.failures = failures;
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

//! Gives turns until every tenant has come to its end.

use super::queue::Queue;
use super::quota::{Quota, bounds};
use super::report::{Outcome, Report, TenantReport};
use super::turn::{Step, Turn};
use super::{Event, Fleet, MAX_BACKOFF, MAX_WAIT, Observer, Stop};
use crate::bindings::compliance::source::types::{Failure, FailureKind, FailureScope};
use crate::bindings::exports::compliance::source::source::Budget;
use crate::error::{Error, Result};
use crate::evidence_dir::{Stage, finished, stage};
use crate::meter::Meter;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::{Id, JoinError, JoinSet};
use tokio::time::Instant;

/// Beyond the time of a page, a turn that is begun gets this long to end when the fleet is stopped.
const GRACE: Duration = Duration::from_secs(10);

/// What is kept of a tenant between its turns.
struct Member {
    /// Time that its turns took.
    had: Duration,
    /// Turns without progress in a row.
    failures: u32,
    first: Option<Instant>,
    /// Of the turn under way: when it began, requests before it, requests reserved.
    turn: Option<(Instant, u64, u64)>,
    report: TenantReport,
    meter: Arc<Meter>,
    ended: bool,
}

/// See the module.
pub(super) struct Schedule<'f> {
    fleet: &'f Fleet,
    observer: &'f Observer<'f>,
    members: Vec<Member>,
    queue: Queue,
    quota: Quota,
    running: JoinSet<Result<Step>>,
    whose: HashMap<Id, usize>,
    began: Instant,
}

type Ended = std::result::Result<(Id, Result<Step>), JoinError>;

impl<'f> Schedule<'f> {
    pub fn new(fleet: &'f Fleet, observer: &'f Observer<'f>) -> Self {
        let options = &fleet.options;
        let member = |name: &str| Member {
            had: Duration::ZERO,
            failures: 0,
            first: None,
            turn: None,
            report: TenantReport {
                name: name.into(),
                outcome: Outcome::Interrupted,
                finished_before: false,
                records: 0,
                requests: 0,
                turns: 0,
                took: Duration::ZERO,
                waited: Duration::ZERO,
                denied: 0,
            },
            meter: Arc::new(Meter::of_many(Arc::clone(&fleet.gauges.requests))),
            ended: false,
        };
        Self {
            fleet,
            observer,
            members: fleet.tenants.iter().map(|(spec, _)| member(&spec.name)).collect(),
            queue: Queue::default(),
            quota: Quota::new(options.quota_requests, options.quota_window),
            running: JoinSet::new(),
            whose: HashMap::new(),
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
        for index in 0..self.members.len() {
            let Some((spec, _)) = self.fleet.tenants.get(index) else { continue };
            let folder = self.fleet.options.out.join(&spec.name);
            if stage(&folder) != Stage::Finished {
                self.queue.push(index, Duration::ZERO);
                continue;
            }
            let outcome = match finished(&folder) {
                Ok(summary) => {
                    self.with(index, |member| member.report.records = summary.records);
                    Outcome::of(&summary)
                }
                Err(error) => Outcome::Failed(error),
            };
            self.with(index, |member| member.report.finished_before = true);
            self.end(index, outcome);
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
            let Some(member) = self.members.get_mut(index) else { continue };
            member.first.get_or_insert(now);
            member.turn = Some((now, member.meter.requests(), share));
            member.report.turns += 1;
            let (requests, in_flight) = bounds(share, options.concurrency);
            let turn = Turn {
                spec: Arc::clone(spec),
                plugin: plugin.clone(),
                folder: options.out.join(&spec.name),
                budget: Budget {
                    max_records: None,
                    max_bytes: None,
                    max_requests: Some(requests),
                    max_milliseconds: Some(options.page_milliseconds),
                    max_concurrency: Some(in_flight),
                },
                meter: Arc::clone(&member.meter),
                signer: options.signer.clone(),
            };
            let task = self.running.spawn(turn.take());
            self.whose.insert(task.id(), index);
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
        let (Some((spec, _)), Some(member)) = (self.fleet.tenants.get(index), self.members.get_mut(index)) else {
            return;
        };
        let now = Instant::now();
        if let Some((began, before, reserved)) = member.turn.take() {
            member.had += now - began;
            self.quota.settle(&spec.account, reserved, member.meter.requests() - before, now);
        }
        match outcome {
            Ok(Step::Finished(summary, records)) => {
                member.report.records = summary.records;
                self.fleet.gauges.records.fetch_add(records, Ordering::SeqCst);
                self.end(index, Outcome::of(&summary));
            }
            Ok(Step::Page { records, moved, wait, records_in_all }) => {
                member.report.records = records_in_all;
                let failures = if moved { 0 } else { member.failures + 1 };
                self.count_failures(index, failures);
                self.fleet.gauges.records.fetch_add(records, Ordering::SeqCst);
                self.go_on(index, wait, (!moved).then(stuck));
            }
            Err(error) => {
                let failures = member.failures + 1;
                self.count_failures(index, failures);
                let wait = retry_after(&error);
                match is_retryable(&error) {
                    true => self.go_on(index, wait, Some(error)),
                    false => self.end(index, Outcome::Failed(error)),
                }
            }
        }
    }

    /// Puts a tenant back, to wait where the vendor asks for it or something failed; or ends it, when
    /// it has failed too often.
    fn go_on(&mut self, index: usize, asked: Option<Duration>, failed: Option<Error>) {
        let (Some((spec, _)), Some(member)) = (self.fleet.tenants.get(index), self.members.get(index)) else { return };
        let asked = asked.map(|wait| wait.min(MAX_WAIT));
        if let Some(wait) = asked {
            self.quota.block(&spec.account, Instant::now() + wait);
        }
        match (failed, asked) {
            (Some(error), _) if member.failures >= self.fleet.options.tries => self.end(index, Outcome::Failed(error)),
            (Some(error), asked) => {
                let doubled = 2_u32.saturating_pow(member.failures.saturating_sub(1));
                let backoff = self.fleet.options.backoff.saturating_mul(doubled).min(MAX_BACKOFF);
                self.wait(index, backoff.max(asked.unwrap_or_default()), Some(&error));
            }
            (None, Some(wait)) => self.wait(index, wait, None),
            (None, None) => self.queue.push(index, member.had),
        }
    }

    fn wait(&mut self, index: usize, wait: Duration, because: Option<&Error>) {
        let Some(member) = self.members.get_mut(index) else { return };
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
        let Some(member) = self.members.get_mut(index) else { return };
        member.ended = true;
        member.close(outcome);
        (self.observer)(&Event::Ended(&member.report));
    }

    fn count_failures(&mut self, index: usize, failures: u32) {
        let Some(member) = self.members.get_mut(index) else { return };
        let retrying = &self.fleet.gauges.retrying;
        match (member.failures > 0, failures > 0) {
            (false, true) => retrying.fetch_add(1, Ordering::SeqCst),
            (true, false) => retrying.fetch_sub(1, Ordering::SeqCst),
            _ => 0,
        };
        member.failures = failures;
    }

    fn with(&mut self, index: usize, change: impl FnOnce(&mut Member)) {
        if let Some(member) = self.members.get_mut(index) {
            change(member);
        }
    }

    fn show(&self) {
        let gauges = &self.fleet.gauges;
        gauges.running.store(self.running.len() as u64, Ordering::SeqCst);
        gauges.waiting.store(self.queue.waiting() as u64, Ordering::SeqCst);
    }

    /// Ends the turns that are left.
    fn report(mut self, interrupted: bool) -> Report {
        self.running.abort_all();
        for member in self.members.iter_mut().filter(|member| !member.ended) {
            member.close(Outcome::Interrupted);
        }
        let reading = self.fleet.gauges.read();
        Report {
            tenants: self.members.into_iter().map(|member| member.report).collect(),
            took: self.began.elapsed(),
            records: reading.records,
            requests: reading.requests,
            interrupted,
        }
    }
}

impl Member {
    fn close(&mut self, outcome: Outcome) {
        self.report.outcome = outcome;
        self.report.requests = self.meter.requests();
        self.report.denied = self.meter.denied().len();
        self.report.took = self.first.map(|first| first.elapsed()).unwrap_or_default();
    }
}

fn is_retryable(error: &Error) -> bool {
    matches!(error, Error::Source(failure) if failure.retryable)
}

fn retry_after(error: &Error) -> Option<Duration> {
    match error {
        Error::Source(failure) if failure.kind == FailureKind::RateLimited => {
            Some(Duration::from_secs(failure.retry_after_seconds.unwrap_or(60)))
        }
        _ => None,
    }
}

/// A page that is no further than the one before: the vendor asks to wait, time and again.
fn stuck() -> Error {
    Error::Source(Box::new(Failure {
        kind: FailureKind::RateLimited,
        scope: FailureScope::Collection,
        pointer: None,
        message: "the vendor asks to wait, again and again, and nothing is let through".into(),
        remedy: "Go on later with --resume, or ask the vendor who uses up the quota.".into(),
        retryable: true,
        retry_after_seconds: None,
        http_status: None,
        request_id: None,
    }))
}

//! Putting tenants into the queue, and taking them out of it.

use crate::broker::{Broker, DEAD, DEAD_STREAM, JOBS, JOBS_STREAM, PAUSE};
use crate::job::{Done, Job, State, WITHDRAWN, Withdrawn, now};
use crate::ledger::{self, Read};
use crate::nats::is_late;
use async_nats::jetstream::context::PublishErrorKind;
use async_nats::jetstream::message::PublishMessage;
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use source_evidence::{Error, Result};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How many were put into the queue, and how many were there already.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Submitted {
    /// New in the queue.
    pub new: u64,
    /// In it before: nothing was changed.
    pub there: u64,
}

/// Requests to the broker under way at once.
const AT_ONCE: usize = 256;

/// Puts jobs into the queue. A tenant that has a job there keeps it, so doing this twice is doing it once; with
/// `replaces`, the new one takes its place, and a worker that is at the old one ends with its page.
///
/// # Errors
/// When the broker does not take one: says how many it took. The others are tried, unless it takes nothing for long.
pub async fn submit(broker: &Broker, jobs: Vec<Job>, replaces: bool) -> Result<Submitted> {
    let answer = LastAnswer::now();
    // A tenant that gets another chance is given up no more.
    let is_another_chance = answer.patiently(async || broker.given_up().await).await? > 0;
    let (how, all) = (How { replaces, is_another_chance, answer: &answer }, jobs.len() as u64);
    let mut sent = stream::iter(jobs).map(|job| one(broker, job, how)).buffer_unordered(AT_ONCE);
    let (mut submitted, mut first) = (Submitted::default(), None);
    while let Some(sent) = sent.next().await {
        match sent {
            Ok(true) => submitted.new += 1,
            Ok(false) => submitted.there += 1,
            Err(error) => drop(first.get_or_insert(error)),
        }
        if first.is_some() && answer.is_silent() {
            break;
        }
    }
    let Some(error) = first else { return Ok(submitted) };
    let Submitted { new, there } = submitted;
    let refused = all.saturating_sub(new + there);
    // A job is taken out before another one takes its place.
    let gone = if replaces { "; their old jobs may already have been removed" } else { "" };
    Err(Error::Output {
        what: format!(
            "{refused} not known to be submitted ({new} were submitted, {there} in the queue before){gone}: {error}"
        ),
        remedy: "submit all of them again".into(),
    })
}

/// How long the broker may be silent: a stream that was just made is not known to every server of a cluster at once, and a
/// leader may have to be chosen.
const PATIENCE: Duration = Duration::from_secs(30);

/// When the broker last answered.
struct LastAnswer(Mutex<Instant>);

impl LastAnswer {
    fn now() -> Self {
        Self(Mutex::new(Instant::now()))
    }

    /// Asks until there is an answer, or something else than its lateness is wrong.
    async fn patiently<T>(&self, ask: impl AsyncFn() -> Result<T>) -> Result<T> {
        loop {
            let answer = ask().await;
            match &answer {
                Err(error) if is_late(error) && !self.is_silent() => tokio::time::sleep(PAUSE).await,
                Err(_) => return answer,
                Ok(_) => {
                    self.note();
                    return answer;
                }
            }
        }
    }

    /// Takes out what a subject holds; answers whether there was something, or may have been before an answer was lost.
    async fn out(&self, broker: &Broker, stream: &str, subject: String) -> Result<bool> {
        let asked = AtomicU32::new(0);
        let purge = async || {
            asked.fetch_add(1, Ordering::SeqCst);
            broker.take_out(stream, subject.clone()).await
        };
        Ok(self.patiently(purge).await? || asked.load(Ordering::SeqCst) > 1)
    }

    fn note(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }

    fn is_silent(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).elapsed() > PATIENCE
    }
}

/// What is done beside putting a job into the queue.
#[derive(Clone, Copy)]
struct How<'t> {
    replaces: bool,
    is_another_chance: bool,
    answer: &'t LastAnswer,
}

/// Whether it is new.
async fn one(broker: &Broker, job: Job, how: How<'_>) -> Result<bool> {
    let name = job.name()?.to_string();
    if how.replaces {
        how.answer.out(broker, JOBS_STREAM, format!("{JOBS}{name}")).await?;
    }
    let is_new = put(broker, &name, &job, how.answer).await?;
    if is_new && how.is_another_chance {
        how.answer.out(broker, DEAD_STREAM, format!("{DEAD}{name}")).await?;
    }
    Ok(is_new)
}

/// Puts a job into the queue, unless there is one for its tenant.
async fn put(broker: &Broker, name: &str, job: &Job, answer: &LastAnswer) -> Result<bool> {
    let text = Bytes::from(serde_json::to_vec(job).unwrap_or_default());
    // By its id the broker knows what it has taken already: an answer may have been lost.
    let id = broker.client.new_inbox();
    let put = async || {
        let message = PublishMessage::build().payload(text.clone()).message_id(&id);
        put_once(broker, format!("{JOBS}{name}"), message).await
    };
    answer.patiently(put).await
}

async fn put_once(broker: &Broker, subject: String, message: PublishMessage) -> Result<bool> {
    let sent = match broker.jetstream.send_publish(subject, message).await {
        Ok(answer) => answer.await,
        Err(error) => Err(error),
    };
    match sent {
        Ok(_) => Ok(true),
        Err(error) if error.kind() == PublishErrorKind::Other && error.to_string().contains("maximum messages") => {
            Ok(false)
        }
        Err(error) => Err(broker.trouble(&error)),
    }
}

/// Takes the jobs of these tenants out of the queue, and ends their runs where they stand: a worker that is at one
/// finishes its page and begins no other. Answers how many had a job, at most: an answer may get lost.
///
/// # Errors
/// When the broker does not answer. Doing it again does the rest.
pub async fn withdraw(broker: &Broker, names: Vec<String>) -> Result<u64> {
    let answer = LastAnswer::now();
    let all = names.len();
    let mut each = stream::iter(names).map(|name| one_out(broker, name, &answer)).buffer_unordered(AT_ONCE);
    let (mut done, mut number, mut first) = (0, 0, None);
    while let Some(was_there) = each.next().await {
        match was_there {
            Ok(was_there) => (done, number) = (done + 1, number + u64::from(was_there)),
            Err(error) => drop(first.get_or_insert(error)),
        }
        if first.is_some() && answer.is_silent() {
            break;
        }
    }
    let Some(error) = first else { return Ok(number) };
    Err(Error::Output {
        what: format!("{} not known to be withdrawn ({done} are): {error}", all.saturating_sub(done)),
        remedy: "withdraw all of them again".into(),
    })
}

async fn one_out(broker: &Broker, name: String, answer: &LastAnswer) -> Result<bool> {
    // A worker may have fetched the job, and not begun with it: it is not to begin.
    let (queue, last) = answer.patiently(async || broker.last_job().await).await?;
    let was_there = answer.out(broker, JOBS_STREAM, format!("{JOBS}{name}")).await?;
    answer.out(broker, DEAD_STREAM, format!("{DEAD}{name}")).await?;
    loop {
        let Read { value, revision } = answer.patiently(async || ledger::state(&broker.tenants, &name).await).await?;
        let Some(state) = withdrawn(value, queue, if was_there { last } else { 0 }) else { return Ok(was_there) };
        // Whoever is at it may have come further meanwhile: then that is read again.
        let write = async || ledger::write(&broker.tenants, &name, &state, revision).await;
        if answer.patiently(write).await?.is_some() {
            return Ok(was_there);
        }
    }
}

/// Where a tenant stands of which the jobs up to this one are in this queue no more; `None` where it stands so already.
fn withdrawn(state: State, queue: i64, last: u64) -> Option<State> {
    let is_under_way = !state.run.is_empty() && state.done.is_none();
    let done = if is_under_way {
        let detail = format!("taken out of the queue after page {}", state.page);
        Some(Done { outcome: WITHDRAWN.into(), detail, records: 0, at: now() })
    } else {
        state.done.clone()
    };
    let before = state.taken_out.filter(|before| before.queue == queue);
    let withdrawn = Withdrawn { queue, last: before.map_or(0, |before| before.last).max(last) };
    let taken_out = if withdrawn.last == 0 { state.taken_out } else { Some(withdrawn) };
    let is_new = is_under_way || state.is_recurring || taken_out != state.taken_out;
    is_new.then_some(State { done, is_recurring: false, worker: None, taken_out, ..state })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_ended_where_it_stands_and_what_is_done_stays_done() {
        assert_eq!(withdrawn(State::default(), 1, 0), None);
        let first = withdrawn(State::default(), 1, 7).unwrap();
        assert_eq!(first.taken_out, Some(Withdrawn { queue: 1, last: 7 }));
        assert_eq!(withdrawn(first.clone(), 1, 7), None);
        // A queue that was made anew counts from the beginning.
        assert_eq!(withdrawn(first, 2, 3).unwrap().taken_out, Some(Withdrawn { queue: 2, last: 3 }));
        let ended = withdrawn(State { page: 2, ..State::begin("r") }, 1, 0).unwrap();
        assert_eq!((ended.page, ended.done.unwrap().outcome.as_str()), (2, "withdrawn"));
        let done = Some(Done { outcome: "complete".into(), ..Done::default() });
        let daily = State { done: done.clone(), is_recurring: true, ..State::begin("r") };
        let ended = withdrawn(daily, 1, 0).unwrap();
        assert_eq!((&ended.done, ended.is_recurring), (&done, false));
        assert_eq!(withdrawn(ended, 1, 0), None);
    }
}

//! The queue: jobs are taken from it, each tenant gets turns until it is done or has to wait, and the queue is told what
//! becomes of the job.

use crate::broker::{Consumer, DEAD, JOBS};
use crate::job::{Job, VERSION, now};
use crate::take_up::{After, Delivered, LEFT};
use crate::task::Task;
use crate::worker::{UNTRIED, Worker, note};
use async_nats::jetstream::AckKind;
use async_nats::jetstream::Message;
use futures_util::StreamExt;
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

/// How long a worker asks the queue at a time: what it asks while the queue has no leader is lost for so long.
const ASK: Duration = Duration::from_secs(1);
/// How long it leaves the broker alone that does not answer.
const REST: Duration = Duration::from_secs(1);
/// So many bytes of a job that is given up are kept.
const SHOWN: usize = 100 * 1024;
/// Jobs that are asked for at once, at most: what is fetched by one worker is not to be had by another.
const FETCH: usize = 16;

impl Worker {
    /// Works until it is stopped: then it takes no more jobs, and gives back those under way after their page.
    pub async fn run(self: Arc<Self>, stop: watch::Receiver<bool>) {
        let free = Arc::new(Semaphore::new(self.options.active));
        let (mut stopping, mut consumer) = (stop.clone(), None);
        // No job is taken before the place was tried: what cannot be written is not worth a vendor's quota.
        note(&self.obstacles.place, Some(UNTRIED.into()));
        while !*stop.borrow() {
            tokio::select! {
                permit = free.acquire() => drop(permit),
                _ = stopping.changed() => break,
            }
            // It ends within `ASK`, and gives back what it fetched and must not begin.
            self.take(&mut consumer, &free, &stop).await;
        }
        let all = u32::try_from(self.options.active).unwrap_or(u32::MAX);
        let _ = free.acquire_many(all).await;
        // What became of the last jobs is told before the program ends.
        let _ = tokio::time::timeout(ASK, self.broker.client.flush()).await;
    }

    /// Asks the queue, and begins with each job as it comes. A broker without a leader, or none at all, is asked again.
    async fn take(
        self: &Arc<Self>,
        consumer: &mut Option<Consumer>,
        free: &Arc<Semaphore>,
        stop: &watch::Receiver<bool>,
    ) {
        let mut stopping = stop.clone();
        let is_obstructed = tokio::select! {
            is_obstructed = self.is_obstructed() => is_obstructed,
            _ = stopping.changed() => return,
        };
        if is_obstructed {
            return tokio::time::sleep(REST).await;
        }
        let silence = self.fetch(consumer, free, stop).await.err();
        let is_silent = silence.is_some();
        note(&self.obstacles.queue, silence);
        if is_silent {
            *consumer = None;
            self.counters.broker.fetch_add(1, Ordering::SeqCst);
            tokio::time::sleep(REST).await;
        }
    }

    /// Fetches jobs for the room that there is, and begins with each as it comes.
    async fn fetch(
        self: &Arc<Self>,
        asked: &mut Option<Consumer>,
        free: &Arc<Semaphore>,
        stop: &watch::Receiver<bool>,
    ) -> Result<(), String> {
        let room = free.available_permits().clamp(1, FETCH);
        let consumer = match asked.take() {
            Some(consumer) => consumer,
            None => self.broker.consumer().await.map_err(|error| error.to_string())?,
        };
        let batch = consumer.consumer.fetch().max_messages(room).expires(ASK).messages().await;
        let mut batch = batch.map_err(|error| error.to_string())?;
        let mut is_empty = true;
        while let Some(message) = batch.next().await {
            let message = message.map_err(|error| error.to_string())?;
            is_empty = false;
            match Arc::clone(free).try_acquire_owned() {
                Ok(permit) if !*stop.borrow() => self.begin(message, consumer.queue, permit, stop.clone()),
                _ => drop(message.ack_with(AckKind::Nak(None)).await),
            }
        }
        // A broker that is away gives nothing, and no error: then it is asked anew whether it is there.
        *asked = (!is_empty).then_some(consumer);
        Ok(())
    }

    /// Whether evidence still cannot be written, where it could not: then whatever is collected would be lost.
    async fn is_obstructed(&self) -> bool {
        if self.obstacles.place.borrow().is_none() {
            return false;
        }
        self.try_place().await;
        self.obstacles.place.borrow().is_some()
    }

    /// Tries whether evidence can be written, and notes what is in the way.
    async fn try_place(&self) {
        // Another name each time, as it may have to stay.
        let trial = self.place.probe(&format!(".probe-{}-{}", self.options.name, now())).await;
        note(&self.obstacles.place, trial.err().map(|error| error.to_string()));
    }

    fn begin(
        self: &Arc<Self>,
        message: Message,
        queue: i64,
        permit: OwnedSemaphorePermit,
        stop: watch::Receiver<bool>,
    ) {
        let worker = Arc::clone(self);
        tokio::spawn(async move {
            let running = Running::begin(&worker.counters.running);
            worker.serve(message, queue, &stop).await;
            drop((running, permit));
        });
    }

    /// Does a job as far as it can be done now, and says to the queue what becomes of it.
    async fn serve(&self, message: Message, queue: i64, stop: &watch::Receiver<bool>) {
        if is_newer(&message.payload) {
            return drop(message.ack_with(AckKind::Nak(Some(LEFT))).await);
        }
        let job: Option<Job> = serde_json::from_slice(&message.payload).ok();
        let Some((job, name)) = job.and_then(|job| job.name().ok().map(String::from).map(|name| (job, name))) else {
            return self.give_up(&message, "", "this is not a job of this program").await;
        };
        if self.obstacles.place.borrow().is_some() {
            return drop(message.ack_with(AckKind::Nak(Some(REST))).await);
        }
        let alive = self.keep(&message);
        let delivered = Delivered { job: &job, name: &name, queue, sequence: sequence(&message) };
        let after = match Task::open(self, &delivered).await {
            Ok(Some(mut task)) => task.run(stop).await,
            Ok(None) => After::Done,
            Err(after) => after,
        };
        match after {
            // What is done is in the key-value bucket: should this word get lost, the job comes again and is found done.
            After::Done => drop(message.double_ack().await),
            After::Again(wait) => drop(message.ack_with(AckKind::Nak(Some(wait))).await),
            // Whoever has it now says what becomes of it.
            After::Lost => {}
            After::Trouble(why, wait) => {
                // Said before anything else, as long as the job is kept alive: later, it may be somebody else's.
                let _ = message.ack_with(AckKind::Nak(Some(wait))).await;
                drop(alive);
                return self.in_trouble(&name, why, stop.clone()).await;
            }
            After::Dead(why) => self.give_up(&message, &name, &why).await,
        }
        drop(alive);
    }

    /// Tells of a trouble, and takes no job in the place of this one for a while: another worker, which is not in
    /// trouble, does.
    async fn in_trouble(&self, name: &str, why: String, mut stop: watch::Receiver<bool>) {
        self.counters.troubles.fetch_add(1, Ordering::SeqCst);
        if self.place.was_suspect() {
            self.try_place().await;
        }
        self.tell_once(format!("the job of {name} was given back: {why}"));
        self.tell(name, json!({"what": "trouble", "why": why})).await;
        tokio::select! {
            () = tokio::time::sleep(5 * REST) => {}
            _ = stop.changed() => {}
        }
    }

    /// Tells what is wrong with a job, unless it was the last thing that was told.
    fn tell_once(&self, told: String) {
        self.obstacles.job.send_if_modified(|known| known.replace(told.clone()).is_none_or(|known| known != told));
    }

    /// Gives a job up: it is kept under another subject, for a person to look at.
    async fn give_up(&self, message: &Message, name: &str, why: &str) {
        let name = if name.is_empty() { message.subject.strip_prefix(JOBS).unwrap_or("unknown") } else { name };
        // As a text in a text it may become longer, and a message has a limit.
        let (shown, rest) = message.payload.split_at(message.payload.len().min(SHOWN));
        let text = json!({"why": why, "job": String::from_utf8_lossy(shown), "cut": rest.len()}).to_string();
        let kept = self.broker.jetstream.publish(format!("{DEAD}{name}"), text.into()).await;
        let kept = match kept {
            Ok(answer) => answer.await.map(drop),
            Err(error) => Err(error),
        };
        if let Err(error) = kept {
            return self.tell_once(format!("the job of {name} cannot be given up ({why}): {error}"));
        }
        self.counters.given_up.fetch_add(1, Ordering::SeqCst);
        self.tell(name, json!({"what": "given up", "why": why})).await;
        let _ = message.ack_with(AckKind::Term).await;
    }

    /// Tells the queue that a job is being worked on, until the answer is dropped.
    fn keep(&self, message: &Message) -> Alive {
        let every = self.broker.ack_wait() / 3;
        let message = message.clone();
        Alive(tokio::spawn(async move {
            loop {
                tokio::time::sleep(every).await;
                let _ = message.ack_with(AckKind::Progress).await;
            }
        }))
    }
}

/// Whether a job is in a format that this version of the program does not know.
fn is_newer(payload: &[u8]) -> bool {
    let job: Option<Value> = serde_json::from_slice(payload).ok();
    job.and_then(|job| job.get("version")?.as_u64()).is_some_and(|version| version > u64::from(VERSION))
}

/// The place of a job in the queue.
fn sequence(message: &Message) -> u64 {
    message.info().map_or(u64::MAX, |info| info.stream_sequence)
}

/// One more that runs, until it is dropped.
struct Running<'c>(&'c AtomicU64);

impl<'c> Running<'c> {
    fn begin(counter: &'c AtomicU64) -> Self {
        counter.fetch_add(1, Ordering::SeqCst);
        Self(counter)
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Ends with what it keeps alive.
struct Alive(tokio::task::JoinHandle<()>);

impl Drop for Alive {
    fn drop(&mut self) {
        self.0.abort();
    }
}

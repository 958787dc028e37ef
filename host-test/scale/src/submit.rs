//! Putting tenants into the queue.

use crate::broker::{Broker, JOBS};
use crate::job::Job;
use async_nats::jetstream::context::PublishErrorKind;
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use source_evidence::Result;
use std::time::Duration;

/// How many were put into the queue, and how many were there already.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Submitted {
    /// New in the queue.
    pub new: u64,
    /// In it before: nothing was changed.
    pub there: u64,
}

/// Publications under way at once.
const AT_ONCE: usize = 256;

/// Puts jobs into the queue. A tenant that has a job there keeps it: doing this twice is doing it once.
///
/// # Errors
/// When the broker does not take one. Those before it are in the queue.
pub async fn submit(broker: &Broker, jobs: Vec<Job>) -> Result<Submitted> {
    let mut sent = stream::iter(jobs).map(|job| one(broker, job)).buffer_unordered(AT_ONCE);
    let mut submitted = Submitted::default();
    while let Some(is_new) = sent.next().await {
        if is_new? {
            submitted.new += 1;
        } else {
            submitted.there += 1;
        }
    }
    Ok(submitted)
}

/// How often one is sent: a stream that was just made is not known to every server of a cluster at once.
const ATTEMPTS: u32 = 20;
/// Between two attempts.
const PAUSE: Duration = Duration::from_millis(250);

/// Whether it is new.
async fn one(broker: &Broker, job: Job) -> Result<bool> {
    let name = job.name()?.to_string();
    let text = Bytes::from(serde_json::to_vec(&job).unwrap_or_default());
    let mut attempt = 1;
    loop {
        let sent = broker.jetstream.publish(format!("{JOBS}{name}"), text.clone()).await;
        let answer = match sent {
            Ok(answer) => answer.await,
            Err(error) => Err(error),
        };
        match answer {
            Ok(_) => return Ok(true),
            Err(error) if error.kind() == PublishErrorKind::Other && error.to_string().contains("maximum messages") => {
                return Ok(false);
            }
            Err(error) if error.kind() == PublishErrorKind::StreamNotFound && attempt < ATTEMPTS => {
                attempt += 1;
                tokio::time::sleep(PAUSE).await;
            }
            Err(error) => return Err(broker.trouble(&error)),
        }
    }
}

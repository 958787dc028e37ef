//! Values in the broker that are changed by whoever read them last: a change on top of anything newer is refused.

use crate::job::{State, now};
use async_nats::jetstream::kv::{CreateErrorKind, Entry, Store, UpdateErrorKind};
use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;
use source_evidence::{Error, Result, text};
use source_fleet::{Account, Share};
use std::time::Duration;

/// A value, and the revision that it was read at; 0 where there is none.
#[derive(Clone, Debug, Default)]
pub struct Read<T> {
    /// The value.
    pub value: T,
    /// Its revision.
    pub revision: u64,
}

/// Reads a value; the default where there is none.
///
/// # Errors
/// [`Error::Output`] when the broker does not answer, which may pass; [`Error::Usage`] when the value is none of ours,
/// which will not.
pub async fn read<T: DeserializeOwned + Default>(store: &Store, key: &str) -> Result<Read<T>> {
    let entry = entry(store, key).await?;
    let Some(entry) = entry else { return Ok(Read::default()) };
    if entry.value.is_empty() {
        return Ok(Read { value: T::default(), revision: entry.revision });
    }
    let value = serde_json::from_slice(&entry.value).map_err(|_| Error::Usage {
        what: format!("NATS, bucket {}, key {}: its value is none of this program", store.name, text::plain(key)),
        remedy: format!(
            "delete it (nats kv del {} {}), and submit the tenant again with --replace and another --run",
            store.name,
            text::plain(key)
        ),
    })?;
    Ok(Read { value, revision: entry.revision })
}

/// How often a value is asked for.
const ASKED: u32 = 4;
/// How long each time: any node that has a copy may be the one to answer, and of one that a cut network hides, the others
/// do not know so for minutes.
const EACH: Duration = Duration::from_millis(1_500);

async fn entry(store: &Store, key: &str) -> Result<Option<Entry>> {
    let mut why = String::from("no answer");
    for _ in 0..ASKED {
        match tokio::time::timeout(EACH, store.entry(key)).await {
            Ok(Ok(entry)) => return Ok(entry),
            Ok(Err(error)) => why = error.to_string(),
            Err(_) => {}
        }
    }
    Err(trouble(key, &why))
}

/// Changes a value that was read at a revision; the new revision, or `None` where somebody else has changed it.
///
/// # Errors
/// When the broker does not answer.
pub async fn write<T: Serialize>(store: &Store, key: &str, value: &T, revision: u64) -> Result<Option<u64>> {
    let bytes = Bytes::from(serde_json::to_vec(value).unwrap_or_default());
    let told = if revision == 0 {
        match store.create(key, bytes.clone()).await {
            Ok(revision) => return Ok(Some(revision)),
            Err(error) if error.kind() == CreateErrorKind::AlreadyExists => "there is one".into(),
            Err(error) => error.to_string(),
        }
    } else {
        match store.update(key, bytes.clone(), revision).await {
            Ok(revision) => return Ok(Some(revision)),
            Err(error) if error.kind() == UpdateErrorKind::WrongLastRevision => "another revision".into(),
            Err(error) => error.to_string(),
        }
    };
    // What was not answered may have been done, and what is refused may be what was done before an answer got lost.
    let entry = entry(store, key).await?;
    match entry {
        Some(entry) if entry.value == bytes => Ok(Some(entry.revision)),
        Some(entry) if entry.revision != revision => Ok(None),
        _ => Err(trouble(key, &told)),
    }
}

/// The standing of a tenant.
///
/// # Errors
/// See [`read`].
pub async fn state(store: &Store, tenant: &str) -> Result<Read<State>> {
    read(store, tenant).await
}

/// Attempts to change a quota before others are let do so.
const ATTEMPTS: u32 = 50;

/// Changes the quota of an account, which all workers share.
///
/// # Errors
/// When the broker does not answer, or others always come first.
pub async fn change<A>(store: &Store, account: &str, mut how: impl FnMut(&mut Account) -> A) -> Result<A> {
    // Names of accounts are free; keys are not.
    let key = source_evidence::digest::sha256_hex(account.as_bytes());
    for attempt in 0..ATTEMPTS {
        let Read { mut value, revision } = read::<Account>(store, &key).await?;
        let before = value.clone();
        let answer = how(&mut value);
        if value == before || write(store, &key, &value, revision).await?.is_some() {
            return Ok(answer);
        }
        tokio::time::sleep(Duration::from_millis(u64::from(attempt) + now() % 17)).await;
    }
    Err(trouble(account, "50 changes of its quota in a row met another one"))
}

/// Holds the share of this worker against that of the others: the first one writes it down.
///
/// # Errors
/// [`Error::Usage`] when it is another one.
pub async fn agree(store: &Store, share: Share) -> Result<()> {
    let Read { value, revision } = read::<Option<Share>>(store, SHARE).await?;
    let other = |theirs: Share| Error::Usage {
        what: format!("the other workers share {} requests an hour, and this one {}", theirs.limit, share.limit),
        remedy: format!(
            "give --requests-per-hour {}, or stop all workers and delete it: nats kv del {} {SHARE}",
            theirs.limit, store.name
        ),
    };
    match value {
        Some(theirs) if theirs == share => Ok(()),
        Some(theirs) => Err(other(theirs)),
        None => match write(store, SHARE, &share, revision).await? {
            Some(_) => Ok(()),
            // Another worker was first: it is read again.
            None => Err(trouble(SHARE, "written by another worker at the same moment")),
        },
    }
}

/// The key of the share that all workers keep to.
const SHARE: &str = "share";

/// Reserves requests of an account, or tells how long to wait.
///
/// # Errors
/// See [`change`].
pub async fn reserve(
    store: &Store,
    account: &str,
    holder: &str,
    wanted: u64,
    share: Share,
    lapses: Duration,
) -> Result<std::result::Result<u64, Duration>> {
    let lapses = u64::try_from(lapses.as_millis()).unwrap_or(u64::MAX);
    let at = now();
    let answer =
        change(store, account, |account| account.reserve(holder, wanted, share, now(), now().saturating_add(lapses)))
            .await?;
    Ok(answer.map_err(|until| Duration::from_millis(until.saturating_sub(at).max(1))))
}

fn trouble(key: &str, why: &str) -> Error {
    Error::Output {
        what: format!("NATS, key {}: {}", text::plain(key), text::plain(why)),
        remedy: "it is tried again; if it stays so, look at the broker".into(),
    }
}

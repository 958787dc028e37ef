//! What a `collect` request asks for, judged before anything is sent.

use crate::base::model::{Budget, CollectRequest, Failure, FailureKind};
use crate::base::timestamp::Timestamp;
use crate::record::kind::{Kind, When};
use crate::record::part::Part;
use crate::record::resource::Resource;
use crate::record::source::Source;
use crate::record::vendor::Vendor;
use alloc::collections::BTreeSet;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

/// Requests in flight when the request does not say: enough to hide most of the latency, and a
/// small part of what an account's other tools need.
pub const DEFAULT_CONCURRENCY: u32 = 8;
/// More would not speed up anything that the hourly quota allows.
pub const MAX_CONCURRENCY: u32 = 64;

/// A request that makes sense.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Kinds asked for and those always included, in catalogue order.
    pub wanted: Vec<&'static Kind>,
    /// No event before this.
    pub since: Option<Timestamp>,
    /// Bounds, each above zero.
    pub budget: Budget,
    /// Requests in flight at once.
    pub concurrency: u32,
    /// Kinds that the settings allow to be short.
    pub accepted_gaps: BTreeSet<&'static str>,
}

impl Plan {
    /// Judges a request.
    ///
    /// # Errors
    /// [`FailureKind::InvalidRequest`], with the pointer of the field.
    pub fn new<S: Source>(request: &CollectRequest) -> Result<Self, Failure> {
        let budget = request.budget;
        check_budget(&budget)?;
        let concurrency = budget.max_concurrency.unwrap_or(DEFAULT_CONCURRENCY);
        if concurrency > MAX_CONCURRENCY {
            let message = format!("max_concurrency is {concurrency}");
            return Err(invalid("/budget/max_concurrency", message, "Give 1 to 64, or leave it out for 8."));
        }
        let since = match request.since.as_deref() {
            None => None,
            Some(text) => Some(Timestamp::parse_rfc3339(text).ok_or_else(|| {
                let message = String::from("since is not an RFC 3339 timestamp");
                invalid("/since", message, "Write it like 2026-01-31T00:00:00Z.")
            })?),
        };
        Ok(Self {
            wanted: wanted(S::KINDS, &request.kinds)?,
            since,
            budget,
            concurrency,
            accepted_gaps: BTreeSet::new(),
        })
    }

    /// Whether a kind is asked for.
    #[must_use]
    pub fn wants(&self, kind: &Kind) -> bool {
        self.wanted.iter().any(|wanted| wanted.id == kind.id)
    }

    /// Whether a list has to be walked.
    #[must_use]
    pub fn walks<V: Vendor>(&self, resource: &Resource<V>) -> bool {
        self.wanted.iter().any(|kind| resource.feeds(kind))
    }

    /// Whether a part has to be called.
    #[must_use]
    pub fn needs<V: Vendor>(&self, part: &Part<V>) -> bool {
        part.serves().any(|kind| self.wants(kind))
    }

    /// How many walks have to end before a kind is complete.
    #[must_use]
    pub fn walks_of<S: Source>(&self, kind: &Kind) -> u32 {
        if kind.id == S::ACCOUNT.kind.id || kind.when == When::Always {
            return 1; // The account and the closing records count as one walk.
        }
        let feeding = S::RESOURCES.iter().filter(|resource| resource.feeds(kind));
        u32::try_from(feeding.count()).unwrap_or(u32::MAX)
    }
}

fn wanted(known: &'static [&'static Kind], ids: &[String]) -> Result<Vec<&'static Kind>, Failure> {
    for (index, id) in ids.iter().enumerate() {
        if !known.iter().any(|kind| kind.id == id) {
            let shown: String = id.chars().filter(|c| !c.is_control()).take(64).collect();
            let names: Vec<&str> = known.iter().map(|kind| kind.id).collect();
            return Err(invalid(
                &format!("/kinds/{index}"),
                format!("there is no kind {shown:?}"),
                &format!("Known kinds: {}.", names.join(", ")),
            ));
        }
    }
    let asked = |kind: &Kind| match kind.when {
        When::Always => true,
        When::Default => ids.is_empty() || ids.iter().any(|id| id == kind.id),
        When::Asked => ids.iter().any(|id| id == kind.id),
    };
    Ok(known.iter().copied().filter(|kind| asked(kind)).collect())
}

fn check_budget(budget: &Budget) -> Result<(), Failure> {
    let zero = [
        ("max_records", budget.max_records == Some(0)),
        ("max_bytes", budget.max_bytes == Some(0)),
        ("max_requests", budget.max_requests == Some(0)),
        ("max_milliseconds", budget.max_milliseconds == Some(0)),
        ("max_concurrency", budget.max_concurrency == Some(0)),
    ];
    match zero.into_iter().find(|(_, is_zero)| *is_zero) {
        None => Ok(()),
        Some((name, _)) => Err(invalid(
            &format!("/budget/{name}"),
            format!("{name} is zero: nothing could be done"),
            "Give a number above zero, or leave it out.",
        )),
    }
}

/// A failure of kind [`FailureKind::InvalidRequest`] that names its field.
pub fn invalid(pointer: &str, message: String, remedy: &str) -> Failure {
    let mut failure = Failure::new(FailureKind::InvalidRequest, message, remedy);
    failure.pointer = Some(pointer.into());
    failure
}

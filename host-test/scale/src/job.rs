//! What is in a job, and what is known of a tenant.

use crate::run::Standing;
use serde::{Deserialize, Serialize};
use source_evidence::folder::Checkpoint;
use source_evidence::{Error, Result};
use source_fleet::is_name;
use source_host::endurance::PaceState;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// What the queue holds for a tenant: no secret, only where each is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Job {
    /// Format: see [`VERSION`].
    #[serde(default = "first")]
    pub version: u32,
    /// The run: a name, which is part of where its evidence goes.
    pub run: String,
    /// A new run begins so many seconds after the last began; absent for one run only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub every_seconds: Option<u64>,
    /// The tenant, as an object of a tenants file.
    pub tenant: serde_json::Value,
}

impl Job {
    /// The tenant's name.
    ///
    /// # Errors
    /// When it has none.
    pub fn name(&self) -> Result<&str> {
        let name = self.tenant.get("name").and_then(serde_json::Value::as_str).filter(|name| is_name(name));
        // A run is part of where evidence goes, and a period of nothing is no period.
        let is_sound = is_name(&self.run) && !self.run.ends_with(AGAIN) && self.every_seconds != Some(0);
        name.filter(|_| is_sound).ok_or_else(|| Error::Usage {
            what: "a job without the name of a tenant or of a run".into(),
            remedy: "submit it again with this program".into(),
        })
    }
}

/// Format of jobs and of what is known of tenants. What a newer version of this program wrote is left to it.
pub const VERSION: u32 = 1;

fn first() -> u32 {
    VERSION
}

/// What is known of a tenant: the value of its key.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct State {
    /// Format: see [`VERSION`].
    #[serde(default = "first")]
    pub version: u32,
    /// The run.
    pub run: String,
    /// Pages written.
    pub page: u32,
    /// How far the collection has come with them.
    pub checkpoint: Option<Checkpoint>,
    /// Who is at it, as far as that was said.
    pub worker: Option<String>,
    /// Since when: milliseconds since 1970.
    pub since: u64,
    /// When the run began: milliseconds since 1970.
    pub began: u64,
    /// Whether its job stays in the queue after the run, for the next.
    #[serde(default)]
    pub is_recurring: bool,
    /// How often it was taken up since a worker last said what came of it.
    pub taken: u32,
    /// How far it comes.
    pub pace: PaceState,
    /// When that was written down: milliseconds since 1970.
    pub paced_at: u64,
    /// Nobody is to go on before then: milliseconds since 1970.
    pub not_before: Option<u64>,
    /// Since when it was only taken up by workers that cannot do it, having another component than the run's or not the
    /// tenant's files: milliseconds since 1970.
    #[serde(default)]
    pub unfit_since: Option<u64>,
    /// Troubles of workers with it since its last page.
    #[serde(default)]
    pub troubles: u32,
    /// When the next run of a recurring job is due: milliseconds since 1970.
    #[serde(default)]
    pub due: Option<u64>,
    /// The jobs of this tenant that were withdrawn.
    #[serde(default)]
    pub taken_out: Option<Withdrawn>,
    /// How it ended; absent as long as it goes on.
    pub done: Option<Done>,
}

/// Jobs that are not to be begun, though a worker may hold one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Withdrawn {
    /// The queue that they were in, by when it was made: nanoseconds since 1970. One that is made anew counts anew.
    pub queue: i64,
    /// The place of the last of them.
    pub last: u64,
}

/// How a run ended.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Done {
    /// `complete`, `incomplete`, [`WITHDRAWN`], [`GIVEN_UP`], or the kind of failure.
    pub outcome: String,
    /// What is missing, or what went wrong.
    pub detail: String,
    /// Records in all.
    pub records: u64,
    /// When: milliseconds since 1970.
    pub at: u64,
}

impl State {
    /// Whether the run was begun anew, with another component or other settings.
    #[must_use]
    pub fn is_anew(&self) -> bool {
        self.run.ends_with(AGAIN)
    }

    /// Of a run that begins.
    #[must_use]
    pub fn begin(run: &str) -> Self {
        Self { version: VERSION, run: run.into(), began: now(), ..Self::default() }
    }

    /// Of the same tenant's next run.
    #[must_use]
    pub fn followed_by(&self, run: &str) -> Self {
        Self { taken_out: self.taken_out, ..Self::begin(run) }
    }

    /// Where the run stands.
    #[must_use]
    pub fn standing(&self) -> Standing {
        Standing { page: self.page, checkpoint: self.checkpoint.clone() }
    }

    /// Whether the next run should have begun, by more than a minute.
    #[must_use]
    pub fn is_overdue(&self) -> bool {
        self.is_recurring && self.done.is_some() && self.due.is_some_and(|due| due.saturating_add(60_000) < now())
    }

    /// How long nobody is to go on.
    #[must_use]
    pub fn rest(&self) -> Option<Duration> {
        let left = self.not_before?.checked_sub(now())?;
        (left > 0).then(|| Duration::from_millis(left))
    }
}

/// Outcome of a run that was taken out of the queue before its end.
pub const WITHDRAWN: &str = "withdrawn";

/// Outcome of a run whose job went to the dead letters.
pub const GIVEN_UP: &str = "given up";

/// The name of a run that is begun anew ends with it, and no other.
pub const AGAIN: &str = "-again";

/// Whether a run is this one, begun anew or not.
#[must_use]
pub fn is_of(run: &str, of: &str) -> bool {
    run.trim_end_matches(AGAIN) == of
}

/// Milliseconds since 1970, by this machine's clock.
#[must_use]
pub fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_that_should_have_begun_is_overdue_and_no_other() {
        let done =
            State { done: Some(Done::default()), is_recurring: true, due: Some(now() - 61_000), ..State::begin("r") };
        assert!(done.is_overdue());
        for other in [
            State { due: Some(now() - 30_000), ..done.clone() },
            State { is_recurring: false, ..done.clone() },
            State { done: None, ..done.clone() },
            State { due: None, ..done },
        ] {
            assert!(!other.is_overdue(), "{other:?}");
        }
    }
}

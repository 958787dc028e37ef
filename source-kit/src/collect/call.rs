//! What one call of the source has from the start: a client, a judged request, settings, a deadline, and
//! its share of the hourly quota.

use super::plan::Plan;
use crate::base::counted;
use crate::base::model::{Diagnostic, Failure, Severity};
use crate::base::timestamp::Timestamp;
use crate::base::world::World;
use crate::read::client::{Client, Limits};
use crate::read::data::Page;
use crate::read::error::GetError;
use crate::read::quota::Window;
use crate::record::config::{Config, Settings};
use crate::record::failure::failure_of;
use crate::record::source::Source;
use alloc::format;
use alloc::string::String;

/// The longest wait inside a call that has no time budget: longer ones belong to the host.
pub const DEFAULT_MAX_MS: u64 = 60_000;

/// One `collect` or `estimate` call under way.
pub struct Call<'w, S: Source, W> {
    /// Sends requests.
    pub client: Client<'w, S, W>,
    /// What is asked for.
    pub plan: &'w Plan,
    /// Settings in force.
    pub settings: &'w Settings<S>,
    /// The source's own secret in every form.
    pub own_secrets: &'w [String],
    /// By the monotonic clock: nothing is begun after it.
    pub deadline_ms: u64,
}

impl<'w, S: Source, W: World> Call<'w, S, W> {
    /// A call that begins now. `limits` are for its requests.
    pub fn new(world: &'w W, config: &'w Config<S>, plan: &'w Plan, limits: Limits, deadline_ms: u64) -> Self {
        let client = Client::new(world, config.settings.own.clone(), config.credentials.clone(), limits);
        Self { client, plan, settings: &config.settings, own_secrets: &config.own_secrets, deadline_ms }
    }

    /// A page of a list, asked for now; `None` for what has no pages.
    pub fn page<'a>(&self, limit: Option<u32>, cursor: Option<&'a str>) -> Option<Page<'a>> {
        limit.map(|limit| Page { limit, cursor, since: self.plan.since, now: self.now() })
    }

    /// The time of day.
    pub fn now(&self) -> Timestamp {
        self.client.world().now()
    }

    /// The current hour of the quota.
    pub fn window(&self) -> Window {
        self.client.window.get().at(self.now())
    }

    /// When the next hour begins, if the share of this one is used up.
    pub fn share_ends(&self) -> Option<Timestamp> {
        let window = self.window();
        window.is_full(self.settings.requests_per_hour).then(|| window.end())
    }

    /// The failure of a rate limit that struck before there was a cursor to wait with.
    pub fn rate_limited(&self, until: Timestamp) -> Failure {
        let mut failure = failure_of::<S>(&GetError::Wait(until), S::ACCOUNT.path);
        let wait_ms = until.0.saturating_sub(self.now().0);
        failure.retry_after_seconds = u64::try_from(wait_ms).ok().map(|ms| ms.div_ceil(1000));
        failure
    }

    /// Says that the share is used up, if it is.
    pub fn share_finding(&self) -> Option<Diagnostic> {
        let until = self.share_ends()?.to_rfc3339();
        let (sent, share) = (self.window().sent, self.settings.requests_per_hour);
        Some(Diagnostic {
            severity: Severity::Info,
            code: "quota-share",
            pointer: "/settings/requests_per_hour".into(),
            message: format!("{sent} of {} of this hour are used; resuming at {until}", counted(share.into(), "call")),
            remedy: "Nothing to do: it resumes by itself. A larger requests_per_hour takes more of the quota that all tools of the account share."
                .into(),
        })
    }
}

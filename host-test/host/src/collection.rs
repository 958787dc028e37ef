//! Drives `collect` from page to page, through waits, to the end.

use crate::bindings::compliance::source::types::{Diagnostic, FailureKind};
use crate::bindings::exports::compliance::source::source::{Budget, CollectRequest, Configured, Page};
use crate::error::{Error, Result};
use crate::instance::Instance;
use crate::plugin::Plugin;
use crate::tenant::{Clock, Tenant};
use std::time::Duration;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// What is collected, and in what portions.
#[derive(Clone, Debug)]
pub struct CollectionOptions {
    /// Kind ids; empty for the defaults.
    pub kinds: Vec<String>,
    /// No event before this.
    pub since: Option<String>,
    /// Bounds of each page.
    pub budget: Budget,
    /// Where to resume.
    pub cursor: Option<String>,
}

impl Default for CollectionOptions {
    fn default() -> Self {
        let budget = Budget {
            max_records: None,
            max_bytes: None,
            max_requests: None,
            max_milliseconds: None,
            max_concurrency: None,
        };
        Self { kinds: Vec::new(), since: None, budget, cursor: None }
    }
}

impl CollectionOptions {
    /// The request for the next page.
    #[must_use]
    pub fn request(&self) -> CollectRequest {
        CollectRequest {
            kinds: self.kinds.clone(),
            cursor: self.cursor.clone(),
            since: self.since.clone(),
            budget: self.budget,
        }
    }
}

/// The longest wait that is taken in one piece, whatever a component asks for: then it is asked again.
pub const MAX_WAIT: Duration = Duration::from_secs(3600);
/// A page is given up after so many answers in a row that the vendor limits the rate.
const MAX_FAILURES: u32 = 3;

/// A collection under way.
pub struct Collection {
    instance: Instance,
    configured: Configured,
    options: CollectionOptions,
    clock: Clock,
    finished: bool,
    wait: Option<Duration>,
}

impl Collection {
    /// Starts, or resumes from the cursor in the options.
    ///
    /// # Errors
    /// When the tenant's configuration is refused.
    pub async fn start(plugin: &Plugin, tenant: &Tenant, options: CollectionOptions) -> Result<Self> {
        let (instance, configured) = plugin.configured(tenant).await?;
        Ok(Self { instance, configured, options, clock: tenant.clock.clone(), finished: false, wait: None })
    }

    /// The configuration in force.
    #[must_use]
    pub fn configured(&self) -> &Configured {
        &self.configured
    }

    /// Linear memory of the component, in bytes. It never shrinks.
    pub fn memory_bytes(&self) -> usize {
        self.instance.memory_bytes()
    }

    /// How long the source asks to wait before the next page.
    #[must_use]
    pub fn wait(&self) -> Option<Duration> {
        self.wait
    }

    /// The next page; `None` after the last. Waits first, when the page before asked for it.
    ///
    /// # Errors
    /// What the source or the harness could not do. The collection may be tried again from the
    /// cursor of the page before.
    pub async fn next(&mut self) -> Result<Option<Page>> {
        if self.finished {
            return Ok(None);
        }
        if let Some(wait) = self.wait.take() {
            tokio::time::sleep(wait).await;
            self.clock.waited(wait);
        }
        let page = self.page().await?;
        self.options.cursor.clone_from(&page.cursor);
        self.finished = page.cursor.is_none();
        let wait = page.not_before.as_deref().map(|instant| until(instant, &self.clock)).transpose()?;
        self.wait = wait.map(|wait| wait.min(MAX_WAIT));
        Ok(Some(page))
    }

    async fn page(&mut self) -> Result<Page> {
        let request = self.options.request();
        let mut failures = 0;
        loop {
            match self.instance.collect(&request).await {
                Err(Error::Source(failure)) if failure.kind == FailureKind::RateLimited && failures < MAX_FAILURES => {
                    failures += 1;
                    let wait = Duration::from_secs(failure.retry_after_seconds.unwrap_or(60)).min(MAX_WAIT);
                    tokio::time::sleep(wait).await;
                    self.clock.waited(wait);
                }
                other => return other,
            }
        }
    }
}

/// Code of that finding.
pub const PACE: &str = "quota-share";

/// The finding with which a source says that it waits by itself, to keep to the share of the vendor's
/// quota that its settings give; `None` when it was the vendor who asked for it.
#[must_use]
pub fn own_pace(page: &Page) -> Option<&Diagnostic> {
    page.diagnostics.iter().find(|finding| finding.code == PACE)
}

/// How long it is until a point in time by the clock that the source sees.
///
/// # Errors
/// [`Error::BadAnswer`] when it is none.
pub fn until(not_before: &str, clock: &Clock) -> Result<Duration> {
    let at = OffsetDateTime::parse(not_before, &Rfc3339)
        .map_err(|_| Error::BadAnswer(format!("not-before is not a timestamp: {not_before:?}")))?;
    let now = OffsetDateTime::UNIX_EPOCH + Duration::from_millis(clock.now());
    Ok(Duration::try_from(at - now).unwrap_or_default())
}

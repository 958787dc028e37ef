//! Drives `collect` from page to page, through waits, to the end.

use crate::bindings::compliance::source::types::{Diagnostic, Failure, FailureKind};
use crate::bindings::exports::compliance::source::source::{Budget, CollectRequest, Configured, Page};
use crate::endurance::{Endurance, MAX_WAIT, Pace, PageSeen, Verdict};
use crate::error::{Error, Result};
use crate::instance::Instance;
use crate::meter::{Counts, Meter};
use crate::plugin::Plugin;
use crate::tenant::{Clock, Tenant};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use tokio::time::Instant;

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

/// Bytes of the records of a page, unless the host asks for another number: what it can hold for each of many
/// collections at once.
pub const PAGE_BYTES: u64 = 8 * 1024 * 1024;

/// Why a collection waits.
#[derive(Clone, Copy, Debug)]
pub enum Cause<'c> {
    /// The vendor asks for it.
    Vendor,
    /// The source keeps to the share of the quota that its settings give; its words.
    OwnPace(&'c str),
    /// The quota of the account, which several tenants share, is used up.
    Quota,
    /// An attempt failed, and a retry may help.
    Failed(&'c Error),
    /// A page came no further, and does not say why.
    NoProgress,
}

impl Cause<'_> {
    /// Why a page that came no further, or that asks for a wait, is followed by one.
    #[must_use]
    pub fn of(page: &Page) -> Cause<'_> {
        match (own_pace(page), &page.not_before) {
            (Some(finding), _) => Cause::OwnPace(&finding.message),
            (None, Some(_)) => Cause::Vendor,
            (None, None) => Cause::NoProgress,
        }
    }
}

impl fmt::Display for Cause<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Vendor => out.write_str("the vendor limits the rate of requests"),
            Self::OwnPace(message) => out.write_str(message),
            Self::Quota => out.write_str("the account's share of requests for this hour is used up"),
            Self::Failed(error) => write!(out, "{error}"),
            Self::NoProgress => out.write_str("the page made no progress"),
        }
    }
}

/// A wait that begins now.
#[derive(Clone, Copy, Debug)]
pub struct Wait<'w> {
    /// For how long.
    pub length: Duration,
    /// Why.
    pub cause: &'w str,
}

/// Hears of each wait when it begins.
pub type OnWait = Box<dyn Fn(&Wait<'_>) + Send + Sync>;

/// A collection under way.
pub struct Collection {
    /// `None` after the last page: what it left unread has ended then.
    instance: Option<Instance>,
    memory_bytes: usize,
    configured: Configured,
    options: CollectionOptions,
    clock: Clock,
    meter: Arc<Meter>,
    pace: Pace,
    on_wait: OnWait,
    /// Whether a page has come in this run.
    begun: bool,
    finished: bool,
    /// What comes before the next page.
    next: Next,
}

/// What comes before the next page.
enum Next {
    Nothing,
    /// A wait, how long the page asked for, and why.
    Wait(Duration, Option<Duration>, String),
    End(Error),
}

impl Collection {
    /// Starts, or resumes from the cursor in the options.
    ///
    /// # Errors
    /// When the tenant's configuration is refused.
    pub async fn start(plugin: &Plugin, tenant: &Tenant, options: CollectionOptions) -> Result<Self> {
        let (instance, configured) = plugin.configured(tenant).await?;
        Ok(Self {
            memory_bytes: instance.memory_bytes(),
            instance: Some(instance),
            configured,
            options,
            clock: tenant.clock.clone(),
            meter: Arc::clone(&tenant.meter),
            pace: Pace::new(Endurance::default()),
            on_wait: Box::new(|_| {}),
            begun: false,
            finished: false,
            next: Next::Nothing,
        })
    }

    /// With other bounds, and with somebody who is told of each wait when it begins.
    #[must_use]
    pub fn enduring(self, endurance: Endurance, on_wait: OnWait) -> Self {
        Self { pace: Pace::new(endurance), on_wait, ..self }
    }

    /// The configuration in force.
    #[must_use]
    pub fn configured(&self) -> &Configured {
        &self.configured
    }

    /// Linear memory of the component, in bytes. It never shrinks.
    #[must_use]
    pub fn memory_bytes(&self) -> usize {
        self.memory_bytes
    }

    /// Ends it where it is: what it had sent and not read ends too.
    pub fn end(&mut self) {
        (self.instance, self.finished) = (None, true);
    }

    /// The next page; `None` after the last. Waits first, when the page before asked for it or came no
    /// further.
    ///
    /// # Errors
    /// What the source or the harness could not do, within the collection's [`Endurance`]. The collection may
    /// be tried again from the cursor of the page before.
    pub async fn next(&mut self) -> Result<Option<Page>> {
        if self.finished {
            return Ok(None);
        }
        match std::mem::replace(&mut self.next, Next::Nothing) {
            Next::Nothing => {}
            Next::Wait(wait, asked, cause) => {
                (self.on_wait)(&Wait { length: wait, cause: &cause });
                sleep(&self.clock, wait, asked).await;
            }
            Next::End(error) => return Err(error),
        }
        let before = self.meter.counts();
        let page = self.page().await?;
        self.begun = true;
        if page.cursor.is_none() {
            self.end();
        } else {
            self.next = self.after(&page, self.meter.counts().since(before))?;
        }
        self.options.cursor.clone_from(&page.cursor);
        Ok(Some(page))
    }

    /// A page, tried again for as long as a retry may help. What fails before the first page is told at once,
    /// unless the vendor asks to wait: nothing is lost by it, and somebody may be watching.
    async fn page(&mut self) -> Result<Page> {
        let request = self.options.request();
        loop {
            self.pace.begin(Instant::now());
            let Some(instance) = &mut self.instance else {
                return Err(Error::Defect("a collection was asked for more after its end".into()));
            };
            let answer = instance.collect(&request).await;
            self.memory_bytes = instance.memory_bytes();
            let error = match answer {
                Ok(page) => return Ok(page),
                Err(error) => error,
            };
            let asked = error.retry_after();
            // After a limit, the instance is gone.
            let may_pass = matches!(error, Error::Source(_)) && error.is_retryable();
            if !may_pass || (asked.is_none() && !self.begun) {
                return Err(error);
            }
            let Some(wait) = self.pace.failed(asked, Instant::now()) else { return Err(error) };
            (self.on_wait)(&Wait { length: wait, cause: &error.to_string() });
            sleep(&self.clock, wait, asked).await;
        }
    }

    fn after(&mut self, page: &Page, sent: Counts) -> Result<Next> {
        let wait = page.not_before.as_deref().map(|instant| until(instant, &self.clock)).transpose()?;
        let seen = PageSeen {
            records: page.records.len() as u64,
            sent,
            moved: page.cursor != self.options.cursor,
            stopped: page.stopped.is_some(),
            wait,
        };
        Ok(match self.pace.page(seen, Instant::now()) {
            Verdict::Further(Duration::ZERO) => Next::Nothing,
            Verdict::Further(wait) | Verdict::Again(wait) => Next::Wait(wait, seen.wait, Cause::of(page).to_string()),
            Verdict::TriedEnough => Next::End(given_up(page)),
            Verdict::End(error) => Next::End(error),
        })
    }
}

/// A fixed clock moves by what was asked for: chance has no say in records.
async fn sleep(clock: &Clock, wait: Duration, asked: Option<Duration>) {
    tokio::time::sleep(wait).await;
    clock.waited(asked.unwrap_or_default().min(MAX_WAIT));
}

/// The error of a collection whose pages came no further for too long, by the last of them.
#[must_use]
pub fn given_up(page: &Page) -> Error {
    let failure = page.stopped.clone().unwrap_or_else(|| Failure {
        kind: FailureKind::RateLimited,
        code: "rate-limited".into(),
        pointer: None,
        message: "several pages in a row only asked to wait".into(),
        remedy: "Resume later with --resume, or find out which tool uses up the account's quota.".into(),
        retryable: true,
        retry_after_seconds: None,
        http_status: None,
        request_id: None,
    });
    Error::Source(Box::new(failure))
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

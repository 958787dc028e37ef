//! One turn of a tenant: one page, from the cursor in its folder to the cursor after it.
//!
//! Nothing outlives a turn but the folder: it is opened, read, written and closed in here, and so is
//! the instance made and dropped, which takes microseconds. A new instance asks once for the account,
//! so a page is made large enough that this does not count.

use super::quota::Bounds;
use super::spec::Spec;
use super::store::{Checkpoints, Sink};
use super::tenant_state::Progress;
use source_evidence::folder::FolderState;
use source_evidence::journal::Seen;
use source_evidence::summary::Request;
use source_evidence::summary::Summary;
use source_host::bindings::exports::compliance::source::source::{Budget, Page};
use source_host::collection::{CollectionOptions, own_pace, until};
use source_host::connections::Connections;
use source_host::error::{Error, Result};
use source_host::journal::Journal;
use source_host::limits::Limit;
use source_host::meter::Meter;
use source_host::plugin::Plugin;
use source_host::records;
use std::sync::Arc;
use std::time::Duration;

/// All that one turn needs.
pub(super) struct Turn {
    pub spec: Arc<Spec>,
    pub plugin: Plugin,
    pub checkpoints: Arc<dyn Checkpoints>,
    pub bounds: Bounds,
    /// Milliseconds of the page.
    pub milliseconds: u64,
    pub meter: Arc<Meter>,
    pub connections: Connections,
}

/// What a turn came to.
pub(super) enum Step {
    /// A page is written, and there are more.
    Page {
        /// Records of the page.
        records: u64,
        /// All records in the folder.
        records_in_all: u64,
        /// How far the collection has come.
        progress: Progress,
        /// When it may go on.
        pause: Option<Pause>,
    },
    /// The collection is finished, with so many records in this turn.
    Finished(Box<Summary>, u64),
}

/// A wait that a page asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pause {
    /// The vendor's: it holds for every tenant of the account.
    Vendors(Duration),
    /// The source's own, to keep to the share of the quota that this tenant's settings give.
    Own(Duration),
}

impl Turn {
    /// Takes it.
    pub async fn take(self) -> Result<Step> {
        let turn = Arc::new(self);
        let sink = blocking(&turn, |turn| turn.open()).await?;
        let sink = match sink {
            // Killed between the last page and the seal.
            Some(sink) if sink.is_finished() => return blocking(&turn, |_| finish(sink, 0)).await,
            other => other,
        };
        let mut options = CollectionOptions { budget: turn.budget(), ..turn.spec.options() };
        if let Some(sink) = &sink {
            let asked = Request { kinds: options.kinds, since: options.since };
            let Request { kinds, since } = sink.request(&asked)?;
            options = CollectionOptions { kinds, since, cursor: sink.cursor().map(Into::into), ..options };
        }
        let request = options.request();
        let mut tenant = turn.spec.tenant(Arc::clone(&turn.meter), turn.connections.clone())?;
        let journal = Arc::new(Journal::default());
        tenant.journal = Some(Arc::clone(&journal));
        tenant.limits.requests = tenant.limits.requests.min(turn.bounds.most);
        let (mut instance, configured) = turn.plugin.configured(&tenant).await?;
        // Before anything is asked of the vendor: a disk that is full is not worth its quota.
        let asked = Request { kinds: options.kinds, since: options.since };
        let summary = records::begin(&turn.plugin, &tenant, asked, &configured);
        let sink = match sink {
            Some(sink) => sink.resumed(&summary)?,
            None => blocking(&turn, move |turn| Ok(turn.checkpoints.create(&turn.spec.name, summary)?)).await?,
        };
        let page = instance.collect(&request).await;
        drop(instance);
        let seen = journal.take();
        blocking(&turn, move |turn| turn.write(sink, page, &seen)).await
    }

    fn budget(&self) -> Budget {
        Budget {
            max_records: None,
            max_bytes: None,
            max_requests: Some(self.bounds.requests),
            max_milliseconds: Some(self.milliseconds),
            max_concurrency: Some(self.bounds.in_flight),
        }
    }

    /// The tenant's collection, if it is begun.
    fn open(&self) -> Result<Option<Box<dyn Sink>>> {
        match self.checkpoints.state(&self.spec.name) {
            FolderState::Nothing => Ok(None),
            FolderState::Begun | FolderState::Finished => Ok(Some(self.checkpoints.resume(&self.spec.name)?)),
        }
    }

    fn write(&self, mut sink: Box<dyn Sink>, page: Result<Page>, seen: &[Seen]) -> Result<Step> {
        let page = match page {
            Ok(page) => page,
            Err(error) => {
                sink.discard();
                return Err(error);
            }
        };
        let lines = records::lines(&page)?;
        let most = self.spec.limits.evidence_bytes;
        let bytes = lines.iter().fold(sink.evidence_bytes(), |sum, line| sum + line.text.len() as u64 + 1);
        if bytes > most {
            sink.discard();
            return Err(Error::Limit(Limit::Evidence(most)));
        }
        let pause = self.pause(&page)?;
        let summary = sink.summary().clone().with(records::page_facts(&page), &lines, seen);
        let progress = (page.progress.stages_done, page.progress.items);
        sink.append(&lines, seen, page.cursor, summary)?;
        let (records, records_in_all) = (lines.len() as u64, sink.summary().records);
        if sink.is_finished() {
            finish(sink, records)
        } else {
            Ok(Step::Page { records, records_in_all, progress, pause })
        }
    }

    fn pause(&self, page: &Page) -> Result<Option<Pause>> {
        let wait = page.not_before.as_deref().map(|instant| until(instant, &self.spec.clock)).transpose()?;
        self.spec.clock.waited(wait.unwrap_or_default());
        let whose = if own_pace(page).is_some() { Pause::Own } else { Pause::Vendors };
        Ok(wait.map(whose))
    }
}

fn finish(sink: Box<dyn Sink>, records: u64) -> Result<Step> {
    Ok(Step::Finished(Box::new(sink.finish()?), records))
}

/// Does work that waits for the disk where it holds up nobody.
async fn blocking<T: Send + 'static>(
    turn: &Arc<Turn>,
    work: impl FnOnce(&Turn) -> Result<T> + Send + 'static,
) -> Result<T> {
    let turn = Arc::clone(turn);
    match tokio::task::spawn_blocking(move || work(&turn)).await {
        Ok(done) => done,
        Err(broken) => Err(Error::Defect(broken.to_string())),
    }
}

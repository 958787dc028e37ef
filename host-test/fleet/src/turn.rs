//! One turn of a tenant: one page, from the cursor in its folder to the cursor after it.
//!
//! Nothing outlives a turn but the folder: it is opened, read, written and closed in here, and so is
//! the instance made and dropped, which takes microseconds. A new instance asks once for the account,
//! so a page is made large enough that this does not count.

use super::bounds::Bounds;
use super::spec::Spec;
use super::store::{Checkpoints, Sink};
use source_evidence::folder::FolderState;
use source_evidence::journal;
use source_evidence::record::Line;
use source_evidence::summary::Request;
use source_evidence::summary::Summary;
use source_host::bindings::exports::compliance::source::source::{Budget, Page};
use source_host::collection::{CollectionOptions, until};
use source_host::connections::Connections;
use source_host::endurance::PageSeen;
use source_host::error::{Error, Result};
use source_host::journal::{JournalBuffer, Observer};
use source_host::limits::Limit;
use source_host::meter::{Counts, Meter};
use source_host::plugin::Plugin;
use source_host::records;
use std::sync::Arc;
use std::time::Duration;

/// All that one turn needs.
pub struct Turn {
    /// Whose it is.
    pub spec: Arc<Spec>,
    /// The component.
    pub plugin: Plugin,
    /// Where the tenant stands, and where its records go.
    pub checkpoints: Arc<dyn Checkpoints>,
    /// What it may send.
    pub bounds: Bounds,
    /// Milliseconds of the page.
    pub milliseconds: u64,
    /// Bytes of the page's records.
    pub bytes: u64,
    /// How long the turn may take to finish what it has begun when these are over.
    pub grace: Duration,
    /// Counts what the tenant sends.
    pub meter: Arc<Meter>,
    /// The tenant's connections.
    pub connections: Connections,
    /// Is told of each request.
    pub observer: Option<Arc<dyn Observer>>,
}

/// What a turn came to.
pub enum Step {
    /// A page is written, and there are more.
    Page {
        /// Records of the page.
        records: u64,
        /// All records in the folder.
        records_in_all: u64,
        /// What the host saw of it.
        seen: PageSeen,
        /// The page without its records, which says why it waits.
        page: Box<Page>,
    },
    /// The collection is finished, with so many records in this turn.
    Finished(Box<Summary>, u64),
}

impl Step {
    /// Records of the turn.
    #[must_use]
    pub fn records(&self) -> u64 {
        match self {
            Self::Page { records, .. } | Self::Finished(_, records) => *records,
        }
    }
}

impl Turn {
    /// Takes it.
    ///
    /// # Errors
    /// What the component, the vendor or the sink answers; what was written before stays valid.
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
        let journal = Arc::new(JournalBuffer::observed(turn.observer.clone()));
        tenant.journal = Some(Arc::clone(&journal));
        tenant.limits.requests = tenant.limits.requests.min(turn.bounds.most);
        tenant.limits.call = tenant.limits.call.min(Duration::from_millis(turn.milliseconds) + turn.grace);
        let sent_before = turn.meter.counts();
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
        let noted = journal.take_last().await;
        blocking(&turn, move |turn| turn.write(sink, page, &noted, sent_before)).await
    }

    fn budget(&self) -> Budget {
        Budget {
            max_records: None,
            max_bytes: Some(self.bytes),
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

    /// Writes the page with what the door noted; `sent_before` are the tenant's requests of the turns before.
    fn write(
        &self,
        mut sink: Box<dyn Sink>,
        page: Result<Page>,
        noted: &[journal::Seen],
        sent_before: Counts,
    ) -> Result<Step> {
        let fits = page.and_then(|page| Ok((self.lines(&page, sink.evidence_bytes())?, page)));
        let (lines, mut page) = match fits {
            Ok(fits) => fits,
            Err(error) => {
                sink.witness(noted)?;
                sink.discard();
                return Err(error);
            }
        };
        let seen = PageSeen {
            records: lines.len() as u64,
            sent: self.meter.counts().since(sent_before),
            moved: page.cursor.as_deref() != sink.cursor(),
            stopped: page.stopped.is_some(),
            wait: page.not_before.as_deref().map(|instant| until(instant, &self.spec.clock)).transpose()?,
        };
        let summary = sink.summary().clone().with(records::page_facts(&page), &lines, noted);
        page.records.clear();
        sink.append(&lines, noted, page.cursor.clone(), summary)?;
        let (records, records_in_all) = (lines.len() as u64, sink.summary().records);
        if sink.is_finished() {
            finish(sink, records)
        } else {
            Ok(Step::Page { records, records_in_all, seen, page: Box::new(page) })
        }
    }

    /// The lines of a page, after so many bytes of evidence.
    fn lines(&self, page: &Page, before: u64) -> Result<Vec<Line>> {
        let lines = records::lines(page)?;
        let most = self.spec.limits.evidence_bytes;
        let bytes = lines.iter().fold(before, |sum, line| sum + line.text.len() as u64 + 1);
        if bytes > most { Err(Error::Limit(Limit::Evidence(most))) } else { Ok(lines) }
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

//! One turn of a tenant: one page, from the cursor in its folder to the cursor after it.
//!
//! Nothing outlives a turn but the folder: it is opened, read, written and closed in here, and so is
//! the instance made and dropped, which takes microseconds. A new instance asks once for the account,
//! so a page is made large enough that this does not count.

use super::member::Progress;
use super::quota::Bounds;
use super::spec::Spec;
use crate::bindings::exports::compliance::source::source::{Budget, Configured, Page};
use crate::collection::{Order, own_pace, until};
use crate::error::{Error, Result};
use crate::evidence_dir::{EvidenceDir, Stage, refuse, stage};
use crate::instance::Instance;
use crate::limits::Limit;
use crate::meter::Meter;
use crate::plugin::Plugin;
use crate::record_json;
use crate::summary::Summary;
use crate::verify::seal::Signer;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// See the module.
pub(super) struct Turn {
    pub spec: Arc<Spec>,
    pub plugin: Plugin,
    pub folder: PathBuf,
    pub bounds: Bounds,
    /// Milliseconds of the page.
    pub milliseconds: u64,
    pub meter: Arc<Meter>,
    pub signer: Option<Arc<Signer>>,
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
        let dir = blocking(&turn, |turn| turn.open()).await?;
        let dir = match dir {
            // Killed between the last page and the seal.
            Some(dir) if dir.is_finished() => return blocking(&turn, |turn| turn.finish(dir, 0)).await,
            other => other,
        };
        let mut order = Order { budget: turn.budget(), ..turn.spec.order() };
        if let Some(dir) = &dir {
            order = dir.order(order)?;
        }
        let request = order.request();
        let mut tenant = turn.spec.tenant(Arc::clone(&turn.meter))?;
        tenant.limits.requests = tenant.limits.requests.min(turn.bounds.most);
        let (mut instance, configured) = Instance::configured(&turn.plugin, &tenant).await?;
        // Before anything is asked of the vendor: a disk that is full is not worth its quota.
        let dir = match dir {
            Some(dir) => dir,
            None => blocking(&turn, move |turn| turn.create(&order, &configured)).await?,
        };
        let page = instance.collect(&request).await;
        drop(instance);
        blocking(&turn, move |turn| turn.write(dir, page)).await
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

    /// The collection in the folder, if one is begun there.
    fn open(&self) -> Result<Option<EvidenceDir>> {
        match stage(&self.folder) {
            Stage::Begun => EvidenceDir::resume(&self.folder).map(Some),
            holds => refuse(&self.folder, holds).map(|()| None),
        }
    }

    fn create(&self, order: &Order, configured: &Configured) -> Result<EvidenceDir> {
        EvidenceDir::create(&self.folder, Summary::begin(&self.plugin, order, configured))
    }

    fn write(&self, mut dir: EvidenceDir, page: Result<Page>) -> Result<Step> {
        let page = match page {
            Ok(page) => page,
            Err(error) => {
                dir.discard();
                return Err(error);
            }
        };
        let lines = page.records.iter().map(record_json::line).collect::<Result<Vec<_>>>()?;
        let most = self.spec.limits.evidence_bytes;
        let bytes = lines.iter().fold(dir.evidence_bytes(), |sum, line| sum + line.text.len() as u64 + 1);
        if bytes > most {
            dir.discard();
            return Err(Error::Limit(Limit::Evidence(most)));
        }
        let pause = self.pause(&page)?;
        let summary = dir.summary().clone().with(&page);
        let progress = (page.progress.stages_done, page.progress.items);
        dir.append(&lines, page.cursor, summary)?;
        let (records, records_in_all) = (lines.len() as u64, dir.summary().records);
        if dir.is_finished() {
            self.finish(dir, records)
        } else {
            Ok(Step::Page { records, records_in_all, progress, pause })
        }
    }

    fn pause(&self, page: &Page) -> Result<Option<Pause>> {
        let wait = page.not_before.as_deref().map(|instant| until(instant, self.spec.clock)).transpose()?;
        let whose = if own_pace(page).is_some() { Pause::Own } else { Pause::Vendors };
        Ok(wait.map(whose))
    }

    fn finish(&self, dir: EvidenceDir, records: u64) -> Result<Step> {
        let summary = dir.finish(self.signer.as_deref())?;
        Ok(Step::Finished(Box::new(summary), records))
    }
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

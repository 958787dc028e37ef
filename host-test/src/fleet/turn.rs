//! One turn of a tenant: one page, from the cursor in its folder to the cursor after it.
//!
//! Nothing outlives a turn but the folder: it is opened, read, written and closed in here, and so is
//! the instance made and dropped, which takes microseconds. A new instance asks once for the account,
//! so a page is made large enough that this does not count.

use super::spec::Spec;
use crate::bindings::exports::compliance::source::source::{Budget, Configured, Page};
use crate::collection::{Order, until};
use crate::error::{Error, Result};
use crate::evidence_dir::{EvidenceDir, Stage, refuse, stage};
use crate::instance::Instance;
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
    pub budget: Budget,
    pub meter: Arc<Meter>,
    pub signer: Option<Arc<Signer>>,
}

/// What a turn came to.
pub(super) enum Step {
    /// A page is written, and there are more.
    Page {
        /// Records of the page.
        records: u64,
        /// Whether the cursor is another one than before.
        moved: bool,
        /// How long the source asks to wait.
        wait: Option<Duration>,
        /// All records in the folder.
        records_in_all: u64,
    },
    /// The collection is finished, with so many records in this turn.
    Finished(Box<Summary>, u64),
}

impl Turn {
    /// Takes it.
    pub async fn take(self) -> Result<Step> {
        let folder = self.folder.clone();
        let dir = blocking(move || match stage(&folder) {
            Stage::Begun => EvidenceDir::resume(&folder).map(Some),
            holds => refuse(&folder, holds).map(|()| None),
        })
        .await?;
        let dir = match dir {
            // Killed between the last page and the seal.
            Some(dir) if dir.is_finished() => return blocking(move || self.finish(dir, 0)).await,
            other => other,
        };
        let mut order = Order { budget: self.budget, ..self.spec.order() };
        if let Some(dir) = &dir {
            order = dir.order(order)?;
        }
        let (configured, page) = self.page(&order).await?;
        blocking(move || self.write(dir, &order, &configured, &page)).await
    }

    /// Makes an instance for one page.
    async fn page(&self, order: &Order) -> Result<(Configured, Page)> {
        let tenant = self.spec.tenant(Arc::clone(&self.meter))?;
        let (mut instance, configured) = Instance::configured(&self.plugin, &tenant).await?;
        let page = instance.collect(&order.request()).await?;
        Ok((configured, page))
    }

    fn write(&self, dir: Option<EvidenceDir>, order: &Order, configured: &Configured, page: &Page) -> Result<Step> {
        let lines = page.records.iter().map(record_json::line).collect::<Result<Vec<_>>>()?;
        let wait = page.not_before.as_deref().map(|instant| until(instant, self.spec.clock)).transpose()?;
        let mut dir = match dir {
            Some(dir) => dir,
            None => EvidenceDir::create(&self.folder, Summary::begin(&self.plugin, order, configured))?,
        };
        let summary = dir.summary().clone().with(page);
        dir.append(&lines, page.cursor.clone(), summary)?;
        let records = lines.len() as u64;
        if dir.is_finished() {
            return self.finish(dir, records);
        }
        let moved = page.cursor != order.cursor;
        Ok(Step::Page { records, moved, wait, records_in_all: dir.summary().records })
    }

    fn finish(&self, dir: EvidenceDir, records: u64) -> Result<Step> {
        let summary = dir.finish(self.signer.as_deref())?;
        Ok(Step::Finished(Box::new(summary), records))
    }
}

/// Does work that waits for the disk where it holds up nobody.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(broken) => Err(Error::Defect(broken.to_string())),
    }
}

//! One run of one tenant in a place: where it stands, and where the next page goes.
//!
//! A page is an object that is written if it is not there. So of two workers that are at the same page, each thinking
//! that the other is dead, one writes it and the other finds it written: it adopts that page, and its own is forgotten.

use crate::page::{Next, Page};
use crate::place::Place;
use sha2::{Digest, Sha256};
use source_evidence::chain::{Chain, INTERFACE};
use source_evidence::digest::{hex, sha256_hex};
use source_evidence::files::{ENVELOPE, EVIDENCE, HASHES, JOURNAL, MANIFEST, SEAL};
use source_evidence::folder::{Checkpoint, FolderState};
use source_evidence::journal::{self, Seen};
use source_evidence::record::{Line, Record};
use source_evidence::seal::{self, Signer};
use source_evidence::summary::{Request, Summary};
use source_evidence::{Error, Result};
use source_fleet::store::{Checkpoints, Sink};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::runtime::Handle;

/// Where a run stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// Pages written.
    pub page: u32,
    /// After the last of them; `None` before the first.
    pub checkpoint: Option<Checkpoint>,
}

/// A run, of which one turn after the other is taken.
#[derive(Clone)]
pub struct Run {
    place: Place,
    standing: Arc<Mutex<Standing>>,
    signer: Option<Arc<Signer>>,
    runtime: Handle,
}

impl Run {
    /// The run in this place, as far as is known. Pages beyond that are looked for: what another worker wrote before
    /// it could tell is not collected again.
    ///
    /// # Errors
    /// When a page cannot be read.
    pub async fn open(place: Place, known: Standing, signer: Option<Arc<Signer>>) -> Result<Self> {
        let run = Self { place, standing: Arc::new(Mutex::new(known)), signer, runtime: Handle::current() };
        run.catch_up().await?;
        Ok(run)
    }

    /// Adopts the pages that are written beyond those that are known; answers how many.
    ///
    /// # Errors
    /// When one cannot be read.
    pub async fn catch_up(&self) -> Result<u32> {
        let mut adopted = 0;
        loop {
            let number = self.lock().page.saturating_add(1);
            let Some(bytes) = self.place.get(&Page::name(number)).await? else { return Ok(adopted) };
            let page = Page::read(&bytes, number, self.place.shown())?;
            *self.lock() = Standing { page: number, checkpoint: Some(page.checkpoint) };
            adopted += 1;
        }
    }

    /// Where it is.
    #[must_use]
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// Where it stands.
    #[must_use]
    pub fn standing(&self) -> Standing {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, Standing> {
        self.standing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn sink(&self, checkpoint: Checkpoint) -> Box<dyn Sink> {
        Box::new(Pages { run: self.clone(), checkpoint })
    }

    /// Writes the page after the one that it stands at.
    fn write(&self, page: &Page) -> Result<()> {
        let name = Page::name(page.number);
        if !self.runtime.block_on(self.place.put_new(&name, page.text().into()))? {
            let theirs = self.runtime.block_on(self.place.get(&name))?;
            return Err(theirs.map_or_else(|| blocked(&name, &self.place), |_| overtaken(page.number, &self.place)));
        }
        *self.lock() = Standing { page: page.number, checkpoint: Some(page.checkpoint.clone()) };
        Ok(())
    }

    /// SHA-256 of the files that the pages are together, as a folder would hold them.
    ///
    /// What others wrote is checked on the way: what is sealed here is what was collected.
    async fn digests(&self, summary: &Summary) -> Result<[String; 3]> {
        let [mut evidence, mut hashes, mut journal] = [Sha256::new(), Sha256::new(), Sha256::new()];
        let mut heads = Heads::begin(summary);
        let last = self.lock().page;
        for number in 1..=last {
            let page = page(&self.place, number).await?;
            heads = heads.after(&page)?;
            for line in &page.evidence {
                evidence.update(format!("{line}\n"));
                hashes.update(hash_line(line)?);
            }
            page.journal.iter().for_each(|line| journal.update(format!("{line}\n")));
        }
        if !heads.are_of(summary) || !heads.is_ended {
            return Err(Error::Usage {
                what: format!("the pages of {} are not those that were collected", self.place.shown()),
                remedy: "somebody has changed this place: collect anew with another run".into(),
            });
        }
        Ok([evidence, hashes, journal].map(|digest| hex(&digest.finalize())))
    }

    async fn finish(&self, mut summary: Summary) -> Result<Summary> {
        if self.place.get(SEAL).await?.is_some() {
            return self.sealed().await;
        }
        summary.signed_by = self.signer.as_deref().map(Signer::id);
        let mut manifest = serde_json::to_string_pretty(&summary).unwrap_or_default() + "\n";
        if !self.place.put_new(MANIFEST, manifest.clone().into()).await? {
            (manifest, summary) = self.manifest(&summary).await?;
        }
        let [evidence, hashes, journal] = self.digests(&summary).await?;
        let manifest_digest = sha256_hex(manifest.as_bytes());
        let files = [(EVIDENCE, evidence), (HASHES, hashes), (JOURNAL, journal), (MANIFEST, manifest_digest)];
        let statement = seal::statement(&files, &summary);
        let signed = self.signer.as_deref().map(|signer| signer.sign(&statement).text());
        if let Some(signed) = signed {
            self.put(ENVELOPE, signed).await?;
        }
        // The seal last: with it, the collection is there whole.
        self.put(SEAL, statement).await?;
        Ok(summary)
    }

    /// What is told of a collection that is sealed already, by whomever.
    async fn sealed(&self) -> Result<Summary> {
        let bytes = self.place.get(MANIFEST).await?.unwrap_or_default();
        serde_json::from_slice(&bytes).map_err(|_| Error::Usage {
            what: format!("{}/{MANIFEST} is not the manifest of a sealed collection", self.place.shown()),
            remedy: "somebody has changed this place: restore it from a copy, or collect anew with another run".into(),
        })
    }

    /// The manifest that another worker wrote before it could seal; it names who signs.
    async fn manifest(&self, mine: &Summary) -> Result<(String, Summary)> {
        let bytes = self.place.get(MANIFEST).await?.unwrap_or_default();
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let theirs = serde_json::from_str::<Summary>(&text).ok().filter(|theirs| theirs.signed_by == mine.signed_by);
        let theirs = theirs.ok_or_else(|| Error::Usage {
            what: format!(
                "{}/{MANIFEST} is of a worker with another signing key, which did not seal it",
                self.place.shown()
            ),
            remedy: "start a worker with that key, or collect anew with another run".into(),
        })?;
        Ok((text, theirs))
    }

    /// Writes an object of the end. Who finds it written finds the same, as pages are written once.
    async fn put(&self, name: &str, text: String) -> Result<()> {
        self.place.put_new(name, text.into_bytes()).await.map(drop)
    }
}

/// What the pages of a run come to, one after the other.
pub(crate) struct Heads {
    records: u64,
    chain: Chain,
    journal: Chain,
    /// Whether the last record is the one that sums up the collection.
    is_ended: bool,
}

impl Heads {
    /// Of a collection before its first page.
    pub fn begin(summary: &Summary) -> Self {
        let chain = Chain::start(&summary.component.id, INTERFACE, &summary.settings_digest);
        Self { records: 0, chain, journal: Chain::zero(), is_ended: false }
    }

    /// After one more page.
    ///
    /// # Errors
    /// When it holds a line that is no record.
    pub fn after(mut self, page: &Page) -> Result<Self> {
        for line in &page.evidence {
            self.chain = self.chain.next(hash_of(line)?);
            self.records += 1;
            self.is_ended = Record::read(line).is_some_and(|record| record.kind == "manifest");
        }
        self.journal = page.journal.iter().fold(self.journal, |head, line| journal::next(head, line));
        Ok(self)
    }

    /// Whether a summary tells the same.
    pub fn are_of(&self, summary: &Summary) -> bool {
        let heads = (self.chain.head(), self.journal.head());
        self.records == summary.records && heads == (summary.chain_head.clone(), summary.journal_head.clone())
    }
}

/// The error of who came second.
fn overtaken(page: u32, place: &Place) -> Error {
    Error::Output {
        what: format!("page {page} of {} was written by another worker meanwhile", place.shown()),
        remedy: "nothing is lost: its page counts, and the run goes on from there".into(),
    }
}

/// The error of a page that cannot be written, because something of its name is there that cannot be read.
fn blocked(name: &str, place: &Place) -> Error {
    Error::Output {
        what: format!("{}/{name} is not an object, and no page can be written there", place.shown()),
        remedy: "remove it".into(),
    }
}

/// A page that has to be there.
///
/// # Errors
/// When it is not, or cannot be read.
pub(crate) async fn page(place: &Place, number: u32) -> Result<Page> {
    let bytes = place.get(&Page::name(number)).await?.ok_or_else(|| Error::Usage {
        what: format!("{}/{} is missing", place.shown(), Page::name(number)),
        remedy: "restore it from a copy, or collect anew with another run".into(),
    })?;
    Page::read(&bytes, number, place.shown())
}

/// The line of `evidence.sha256` for one of `evidence.jsonl`.
///
/// # Errors
/// When that is no record.
pub(crate) fn hash_line(line: &str) -> Result<String> {
    Ok(hex(&hash_of(line)?) + "\n")
}

fn hash_of(line: &str) -> Result<[u8; 32]> {
    let no_record = || Error::Usage {
        what: "a page holds a line that is not a record".into(),
        remedy: "somebody has changed this place: collect anew with another run".into(),
    };
    Record::read(line).and_then(|record| record.line().ok()).map(|line| line.hash).ok_or_else(no_record)
}

impl Checkpoints for Run {
    fn state(&self, _tenant: &str) -> FolderState {
        if self.lock().checkpoint.is_some() { FolderState::Begun } else { FolderState::Nothing }
    }

    fn summary(&self, tenant: &str) -> Result<Summary> {
        self.resume(tenant).map(|sink| sink.summary().clone())
    }

    fn create(&self, _tenant: &str, summary: Summary) -> Result<Box<dyn Sink>> {
        Ok(self.sink(Checkpoint::begin(summary)))
    }

    fn resume(&self, tenant: &str) -> Result<Box<dyn Sink>> {
        let checkpoint = self.lock().checkpoint.clone();
        let nothing = || Error::Output {
            what: format!("there is no page of {tenant} to resume from"),
            remedy: "begin a run of it".into(),
        };
        checkpoint.map(|checkpoint| self.sink(checkpoint)).ok_or_else(nothing)
    }
}

/// Takes the pages of a run.
struct Pages {
    run: Run,
    checkpoint: Checkpoint,
}

impl Sink for Pages {
    fn request(&self, asked: &Request) -> Result<Request> {
        self.checkpoint.request(asked)
    }

    fn resumed(mut self: Box<Self>, now: &Summary) -> Result<Box<dyn Sink>> {
        self.checkpoint.resumed(now, self.run.place.shown())?;
        Ok(self)
    }

    fn cursor(&self) -> Option<&str> {
        self.checkpoint.cursor.as_deref()
    }

    fn summary(&self) -> &Summary {
        &self.checkpoint.summary
    }

    fn evidence_bytes(&self) -> u64 {
        self.checkpoint.evidence_bytes
    }

    fn is_finished(&self) -> bool {
        self.checkpoint.finished
    }

    fn append(&mut self, lines: &[Line], seen: &[Seen], cursor: Option<String>, summary: Summary) -> Result<()> {
        let number = self.run.lock().page.saturating_add(1);
        let page = Page::after(number, &self.checkpoint, lines, seen, Next { cursor, summary });
        self.run.write(&page)?;
        self.checkpoint = page.checkpoint;
        Ok(())
    }

    fn witness(&mut self, seen: &[Seen]) -> Result<()> {
        if self.checkpoint.summary.pages == 0 || self.checkpoint.finished || seen.is_empty() {
            return Ok(());
        }
        let summary = self.checkpoint.summary.clone().witnessed(seen);
        self.append(&[], seen, self.checkpoint.cursor.clone(), summary)
    }

    /// Nothing is written before the first page.
    fn discard(self: Box<Self>) {}

    fn finish(self: Box<Self>) -> Result<Summary> {
        let Self { run, checkpoint } = *self;
        run.runtime.clone().block_on(run.finish(checkpoint.summary))
    }
}

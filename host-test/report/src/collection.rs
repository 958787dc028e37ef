//! A collection in memory, with what `verify` says of it.

use crate::names::Names;
use crate::record::{Record, instant};
use source_evidence::summary::{CoverageSummary, Summary};
use source_evidence::verify::{Anchors, Report, Verdict, verify};
use source_evidence::{Error, Result, records};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use time::{Duration, OffsetDateTime};

/// How far the clock of a vendor may be ahead of that of the component.
const CLOCKS_DIFFER: Duration = Duration::HOUR;

/// A finished collection, read whole: some eight times the size of its file in memory.
#[derive(Debug)]
pub struct Collection {
    /// Where it was read.
    pub folder: PathBuf,
    /// What `verify` says of it.
    pub report: Report,
    /// Why nothing that it says of its coverage can be relied on: it contradicts itself, or is not what the anchors
    /// say. `None` where nothing is wrong with it.
    pub distrust: Option<String>,
    /// Its records, in the order of the file.
    pub records: Vec<Record>,
    /// What things are called.
    pub names: Names,
    /// The account that was read: its id, and its name where the vendor tells one.
    pub account: (String, Option<String>),
    /// Places in `records`, by kind.
    kinds: BTreeMap<String, Vec<usize>>,
    /// SHA-256 of every body that the host saw.
    seen: BTreeSet<String>,
}

impl Collection {
    /// The title of a record as a person reads it: with the names of what it tells by id, and these ids.
    #[must_use]
    pub fn title(&self, record: &Record) -> String {
        self.names.readable_with_ids(&record.title)
    }

    /// Reads and verifies the collection in a folder. One that contradicts itself is read as far as it can be:
    /// `report` says what is wrong with it.
    ///
    /// # Errors
    /// When the folder holds no finished collection, or it changes while it is read.
    pub fn read(folder: &Path, anchors: Anchors<'_>) -> Result<Self> {
        let report = verify(folder, anchors, None)?;
        let distrust = distrust(folder, anchors, &report)?;
        let mut all = Vec::new();
        let digest = records::each(folder, &mut |line, record| {
            all.extend(record.map(|record| Record::of(line, record)));
            Ok(())
        })?;
        if digest != report.evidence {
            let what = format!("{} was changed while it was read", folder.display());
            return Err(Error::Output { what, remedy: "let it be read while nothing writes to it".into() });
        }
        let mut kinds: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for (place, record) in all.iter().enumerate() {
            kinds.entry(record.kind.clone()).or_default().push(place);
        }
        let names = Names::of(&all);
        let account = account(&all);
        let seen = records::bodies(folder)?;
        Ok(Self { folder: folder.into(), report, distrust, records: all, names, account, kinds, seen })
    }

    /// What it says of itself as a whole.
    #[must_use]
    pub fn summary(&self) -> &Summary {
        &self.report.manifest
    }

    /// The records of a kind, in the order of the file.
    pub fn of_kind<'c>(&'c self, kind: &str) -> impl Iterator<Item = &'c Record> + use<'c> {
        let places = self.kinds.get(kind).map_or(&[][..], Vec::as_slice);
        places.iter().filter_map(|place| self.records.get(*place))
    }

    /// Every kind that has records.
    pub fn kinds(&self) -> impl Iterator<Item = &str> {
        self.kinds.keys().map(String::as_str)
    }

    /// How completely a kind was collected; `None` when it was not asked for.
    #[must_use]
    pub fn coverage(&self, kind: &str) -> Option<&CoverageSummary> {
        self.summary().coverage.iter().find(|coverage| coverage.kind == kind)
    }

    /// Whether the whole population of a kind was read, so that what is not there does not exist.
    #[must_use]
    pub fn is_complete(&self, kind: &str) -> bool {
        self.distrust.is_none() && self.coverage(kind).is_some_and(|coverage| coverage.state == "complete")
    }

    /// Whether the host saw every response that a record names; `None` for a statement of the source itself.
    #[must_use]
    pub fn is_witnessed(&self, record: &Record) -> Option<bool> {
        let all = || record.provenance.iter().all(|origin| self.seen.contains(&origin.body_digest));
        (!record.provenance.is_empty()).then(all)
    }

    /// When the collection began, which ages are counted from: the clock of the component, RFC 3339.
    #[must_use]
    pub fn as_of(&self) -> Option<OffsetDateTime> {
        self.told_by_manifest("/started_at")
    }

    /// Whether an instant lies after the end of the collection, by more than clocks differ: what is said to have
    /// happened then has not.
    #[must_use]
    pub fn is_to_come(&self, then: OffsetDateTime) -> bool {
        let ended = self.told_by_manifest("/finished_at").or_else(|| self.as_of());
        ended.is_some_and(|ended| then - ended > CLOCKS_DIFFER)
    }

    fn told_by_manifest(&self, pointer: &str) -> Option<OffsetDateTime> {
        instant(self.of_kind("manifest").filter_map(|record| record.text(pointer)).last()?)
    }
}

/// Why a collection cannot be relied on. Whether its files agree with each other is asked once more without the anchors.
fn distrust(folder: &Path, anchors: Anchors<'_>, report: &Report) -> Result<Option<String>> {
    if report.verdict() != Verdict::Contradicted {
        return Ok(None);
    }
    let is_anchored = anchors.seal.is_some() || anchors.key.is_some();
    if !is_anchored || verify(folder, Anchors::default(), None)?.verdict() == Verdict::Contradicted {
        return Ok(Some("the collection contradicts itself, so nothing in it can be relied on".into()));
    }
    let anchor = if anchors.seal.is_some() && !report.is_kept_seal { "seal" } else { "key" };
    Ok(Some(format!("this is not the collection of the {anchor} that was given, so nothing shows what was read whole")))
}

/// Whose account it is: the manifest record says it in every source of ours.
fn account(records: &[Record]) -> (String, Option<String>) {
    let manifest = records.iter().rev().find(|record| record.kind == "manifest");
    manifest.map_or_else(Default::default, |record| (record.subject.id.clone(), record.subject.name.clone()))
}

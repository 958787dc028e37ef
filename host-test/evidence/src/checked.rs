//! A finished collection that agrees with itself, read record by record.

use crate::error::{Error, Result};
use crate::files::EVIDENCE;
use crate::summary::{CoverageSummary, Summary};
use crate::verify::{Anchors, LineReader, Next, Report, Verdict, verify};
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::path::{Path, PathBuf};

/// A finished collection in which `verify` found nothing wrong.
#[derive(Debug)]
pub struct Checked {
    folder: PathBuf,
    report: Report,
    closing: Closing,
}

/// Content of the manifest record, as far as it matters here.
#[derive(Debug, Default, Deserialize)]
pub struct Closing {
    /// The account that was read.
    pub account_id: String,
    /// When it began, by the component's clock: RFC 3339.
    pub started_at: String,
    /// When it ended.
    pub finished_at: String,
}

/// A record, as far as it matters to whoever compares.
#[derive(Debug)]
pub struct Found {
    /// Its kind.
    pub kind: String,
    /// Its title.
    pub title: String,
    /// The vendor's id of what it is about.
    pub subject_id: String,
    /// When it was read.
    pub observed_at: String,
    /// Its content.
    pub content: Value,
    /// Pointers to what was left out on purpose.
    pub withheld: Vec<String>,
}

#[derive(Deserialize)]
struct Line<'l> {
    #[serde(borrow)]
    kind: Cow<'l, str>,
    #[serde(borrow)]
    title: Cow<'l, str>,
    #[serde(borrow)]
    observed_at: Cow<'l, str>,
    #[serde(borrow)]
    content: &'l RawValue,
    #[serde(borrow)]
    subject: Subject<'l>,
    #[serde(borrow)]
    withheld: Vec<Withheld<'l>>,
}

#[derive(Deserialize)]
struct Subject<'l> {
    #[serde(borrow)]
    id: Cow<'l, str>,
}

#[derive(Deserialize)]
struct Withheld<'l> {
    #[serde(borrow)]
    pointer: Cow<'l, str>,
}

impl Checked {
    /// Verifies the collection in a folder.
    ///
    /// # Errors
    /// [`Error::Output`] when there is none, it is not finished, or it contradicts itself.
    pub fn open(folder: &Path) -> Result<Self> {
        let report = verify(folder, Anchors::default(), None)?;
        if report.verdict() == Verdict::Contradicted {
            let first = report.findings.first().map_or("", String::as_str);
            return Err(changed(folder, &format!("contradicts itself: {first}")));
        }
        let mut checked = Self { folder: folder.into(), report, closing: Closing::default() };
        let mut closing = None;
        checked.each(&["manifest"], &mut |found| {
            closing = serde_json::from_value(found.content).ok();
            Ok(())
        })?;
        checked.closing = closing.ok_or_else(|| changed(folder, "has no manifest record that names its account"))?;
        Ok(checked)
    }

    /// Its folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// What it is said to be.
    #[must_use]
    pub fn summary(&self) -> &Summary {
        &self.report.manifest
    }

    /// What it says of itself at its end.
    #[must_use]
    pub fn closing(&self) -> &Closing {
        &self.closing
    }

    /// How completely a kind was collected; `None` when it was not asked for.
    #[must_use]
    pub fn coverage(&self, kind: &str) -> Option<&CoverageSummary> {
        self.summary().coverage.iter().find(|coverage| coverage.kind == kind)
    }

    /// Hands over each record of these kinds, in the order of the file.
    ///
    /// # Errors
    /// When the file was changed since it was verified, and what `each` answers.
    pub fn each(&self, kinds: &[&str], each: &mut dyn FnMut(Found) -> Result<()>) -> Result<()> {
        let mut file = LineReader::open(&self.folder.join(EVIDENCE), u64::MAX)?;
        loop {
            let line = match file.next()? {
                Next::End => break,
                Next::Line(line) => serde_json::from_str::<Line<'_>>(line).ok(),
                Next::Bad(_) => None,
            };
            // What is no record any more shows in the digest.
            let Some(line) = line.filter(|line| kinds.contains(&&*line.kind)) else { continue };
            each(Found {
                content: serde_json::from_str(line.content.get()).unwrap_or_default(),
                kind: line.kind.into(),
                title: line.title.into(),
                subject_id: line.subject.id.into(),
                observed_at: line.observed_at.into(),
                withheld: line.withheld.into_iter().map(|withheld| withheld.pointer.into()).collect(),
            })?;
        }
        if file.digest() != self.report.evidence {
            return Err(changed(&self.folder, "was changed while it was read"));
        }
        Ok(())
    }
}

fn changed(folder: &Path, what: &str) -> Error {
    let remedy = "use it as it was collected; verify names all that was changed".into();
    Error::Output { what: format!("{} {what}", folder.display()), remedy }
}

//! A page as an object: what a turn added to a collection, and how far the collection has come with it.
//!
//! The first line is a JSON object; then come the lines of `evidence.jsonl`, and those of `journal.jsonl`. Together,
//! the pages of a run are its collection, and the last one says where to resume.

use serde::{Deserialize, Serialize};
use source_evidence::folder::Checkpoint;
use source_evidence::journal::Seen;
use source_evidence::record::Line;
use source_evidence::summary::Summary;
use source_evidence::{Error, Result};

/// Format of the object.
const VERSION: u32 = 1;

/// A page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// Which one, from 1.
    pub number: u32,
    /// How far the collection has come with it.
    pub checkpoint: Checkpoint,
    /// Lines of evidence.
    pub evidence: Vec<String>,
    /// Lines of the journal.
    pub journal: Vec<String>,
}

/// The first line.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Head {
    version: u32,
    page: u32,
    evidence_lines: usize,
    journal_lines: usize,
    checkpoint: Checkpoint,
}

/// What the first line has in every format.
#[derive(Deserialize)]
struct Version {
    version: u32,
}

/// What comes after a page.
#[derive(Clone, Debug)]
pub struct Next {
    /// Where to resume; `None` after the last page.
    pub cursor: Option<String>,
    /// What is written with it.
    pub summary: Summary,
}

impl Page {
    /// A page of these lines after a checkpoint.
    #[must_use]
    pub fn after(number: u32, before: &Checkpoint, lines: &[Line], seen: &[Seen], next: Next) -> Self {
        let evidence: Vec<String> = lines.iter().map(|line| line.text.clone()).collect();
        let journal: Vec<String> = seen.iter().map(Seen::line).collect();
        let bytes = |lines: &[String]| lines.iter().map(|line| line.len() + 1).sum();
        let checkpoint = before.after([bytes(&evidence), bytes(&journal)], next.cursor, next.summary);
        Self { number, checkpoint, evidence, journal }
    }

    /// The name of its object.
    #[must_use]
    pub fn name(number: u32) -> String {
        format!("page-{number:08}.jsonl")
    }

    /// Its text.
    #[must_use]
    pub fn text(&self) -> String {
        let head = Head {
            version: VERSION,
            page: self.number,
            evidence_lines: self.evidence.len(),
            journal_lines: self.journal.len(),
            checkpoint: self.checkpoint.clone(),
        };
        let mut text = serde_json::to_string(&head).unwrap_or_default() + "\n";
        for line in self.evidence.iter().chain(&self.journal) {
            text.push_str(line);
            text.push('\n');
        }
        text
    }

    /// Reads one.
    ///
    /// # Errors
    /// [`Error::Usage`] when it is none, or not the one that its name says.
    pub fn read(bytes: &[u8], number: u32, place: &str) -> Result<Self> {
        let wrong = || Error::Usage {
            what: format!("{place}/{} is not what a worker wrote", Self::name(number)),
            remedy: "restore it from a copy, or collect anew with another run".into(),
        };
        let text = std::str::from_utf8(bytes).map_err(|_| wrong())?;
        let mut lines = text.strip_suffix('\n').ok_or_else(wrong)?.split('\n');
        let first = lines.next();
        let version = first.and_then(|head| serde_json::from_str::<Version>(head).ok());
        if version.is_some_and(|head| head.version > VERSION) {
            return Err(Error::Output {
                what: format!("{place}/{} is of a newer version of this program", Self::name(number)),
                remedy: "bring this one up to date; meanwhile a newer worker goes on".into(),
            });
        }
        let head: Head = first.and_then(|head| serde_json::from_str(head).ok()).ok_or_else(wrong)?;
        let evidence: Vec<String> = lines.by_ref().take(head.evidence_lines).map(String::from).collect();
        let journal: Vec<String> = lines.map(String::from).collect();
        let is_whole = evidence.len() == head.evidence_lines && journal.len() == head.journal_lines;
        if !is_whole || head.version != VERSION || head.page != number {
            return Err(wrong());
        }
        Ok(Self { number, checkpoint: head.checkpoint, evidence, journal })
    }
}

//! Checks a collection offline.
//!
//! Everything is computed anew: the digest of each content, the hash of each record, the chain over them, the
//! counts, the journal, the seal. What differs is named. That the files agree with each other does not show that
//! they are the ones that were collected: whoever changes evidence can make all of them anew. That is shown by an
//! anchor only: a seal that was kept elsewhere, or a key whose owner signed.

mod counts;
mod findings;
mod journal;
mod lines;
mod links;
mod reader;
mod recorded;
mod sealed;
mod words;

pub use lines::ContentCheck;
pub(crate) use reader::{LineReader, Next};
pub use sealed::{Anchors, Signature};

use crate::chain::{Chain, INTERFACE};
use crate::digest::sha256_hex;
use crate::error::{Error, Result};
use crate::files::{EVIDENCE, HASHES, JOURNAL, MANIFEST, SEAL};
use crate::summary::Summary;
use findings::Findings;
use links::{Compared, Links};
use std::path::Path;

/// What can be said of a collection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Its files contradict each other, or an anchor.
    Contradicted,
    /// Its files agree with each other; there was no anchor to hold them against.
    Consistent,
    /// It is what every given anchor says.
    Anchored,
}

/// What was found.
#[derive(Debug)]
pub struct Report {
    /// What is wrong, most telling first; empty when nothing is.
    pub findings: Vec<String>,
    /// How many there are, shown or not.
    pub count: u64,
    /// What a reader should know and what is nobody's fault.
    pub notes: Vec<String>,
    /// Records read.
    pub records: u64,
    /// Lines of the journal.
    pub requests: u64,
    /// SHA-256 of `evidence.jsonl`.
    pub evidence: String,
    /// SHA-256 of `seal.json`.
    pub seal: String,
    /// Whether this is the seal that was kept.
    pub is_kept_seal: bool,
    /// The signature, as far as it could be checked.
    pub signature: Signature,
    /// What it is said to be.
    pub manifest: Summary,
}

impl Report {
    /// What can be said.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        if !self.findings.is_empty() {
            Verdict::Contradicted
        } else if self.is_kept_seal || matches!(self.signature, Signature::Good(_)) {
            Verdict::Anchored
        } else {
            Verdict::Consistent
        }
    }
}

/// Refuses a folder whose collection is still under way, or was interrupted.
pub(crate) fn refuse_unfinished(folder: &Path) -> Result<()> {
    if folder.join(crate::files::CURSOR).exists() {
        let what = format!("{} holds a collection that is not finished", folder.display());
        return Err(Error::Output {
            what,
            remedy: format!("resume it with: collect --resume --out {}", folder.display()),
        });
    }
    refuse_no_collection(folder)
}

/// Refuses a folder that has no manifest, and says what it may be instead: a folder of collections, as `fleet` makes.
fn refuse_no_collection(folder: &Path) -> Result<()> {
    if !folder.is_dir() || folder.join(MANIFEST).exists() {
        return Ok(());
    }
    let below = std::fs::read_dir(folder).map_err(Error::file("read", folder))?.flatten();
    let mut tenants: Vec<String> =
        below.filter(|one| one.path().join(MANIFEST).exists()).map(|one| one.path().display().to_string()).collect();
    tenants.sort();
    let what = format!("{} holds no collection: there is no {MANIFEST} in it", folder.display());
    let remedy = match tenants.first() {
        Some(first) => format!("name one of the {} in it, e.g. {first}", tenants.len()),
        None => "name the folder that collect wrote".into(),
    };
    Err(Error::Output { what, remedy })
}

/// Refuses a folder in which a file of the collection is missing.
fn refuse_incomplete(folder: &Path) -> Result<()> {
    let whole = [SEAL, EVIDENCE, HASHES, JOURNAL];
    let is_missing = |name: &&str| folder.join(MANIFEST).exists() && folder.join(name).symlink_metadata().is_err();
    let Some(name) = whole.into_iter().find(is_missing) else { return Ok(()) };
    let what = match name {
        SEAL => format!("the seal of the collection in {} is missing: there is no {SEAL}", folder.display()),
        name => format!("{name} of the collection in {} is missing", folder.display()),
    };
    Err(Error::Output {
        what,
        remedy: "fetch it anew from where the collection was kept; without it nothing can be checked".into(),
    })
}

/// Checks the files of a folder against each other and against the anchors, and their contents with `check`, where
/// one is given. Takes memory for one record and some 20 MB, however large the collection is.
///
/// # Errors
/// When the folder holds no finished collection, or a file cannot be read.
pub fn verify(folder: &Path, anchors: Anchors<'_>, check: Option<&ContentCheck<'_>>) -> Result<Report> {
    refuse_unfinished(folder)?;
    refuse_incomplete(folder)?;
    let mut findings = Findings::default();
    let text = sealed::read(&folder.join(MANIFEST))?;
    let manifest = manifest_file(&text, &mut findings);
    let mut links = Links::new(&manifest);
    let open = |name: &str| LineReader::open(&folder.join(name), u64::MAX);
    let start = Chain::start(&manifest.component.id, INTERFACE, &manifest.settings_digest);
    let walked = lines::walk(open(EVIDENCE)?, open(HASHES)?, start, &mut links, check, &mut findings)?;
    counts::check_end(&walked, &manifest, INTERFACE, &mut findings);
    counts::check_counts(&walked, &manifest, &mut findings);
    let journal = journal::walk(open(JOURNAL)?, &mut links, &mut findings)?;
    journal::check(&journal, &manifest, &mut findings);
    let compared = links.compare(&mut findings)?;
    let mut notes = notes(&manifest, &compared, &mut findings);
    notes.extend(unused(folder, &compared.unused)?);
    let digests = [
        (EVIDENCE, walked.evidence.clone()),
        (HASHES, walked.hashes.clone()),
        (JOURNAL, journal.digest.clone()),
        (MANIFEST, sha256_hex(&text)),
    ];
    let seal = sealed::check(folder, &digests, &manifest, anchors, &mut findings)?;
    Ok(Report {
        notes,
        records: walked.records,
        requests: journal.requests,
        evidence: walked.evidence,
        is_kept_seal: anchors.seal == Some(seal.sha256.as_str()),
        seal: seal.sha256,
        signature: seal.signature,
        count: findings.count(),
        findings: findings.into_list(),
        manifest,
    })
}

/// What is wrong with the files of a collection that is under way: changed since its last page was written.
pub(crate) fn so_far(folder: &Path, bytes: [u64; 3], summary: &Summary) -> Result<Vec<String>> {
    let [evidence, hashes, seen] = bytes;
    let mut findings = Findings::default();
    let mut links = Links::new(summary);
    let open = |name: &str, valid| LineReader::open(&folder.join(name), valid);
    let start = Chain::start(&summary.component.id, INTERFACE, &summary.settings_digest);
    let (evidence, hashes) = (open(EVIDENCE, evidence)?, open(HASHES, hashes)?);
    let walked = lines::walk(evidence, hashes, start, &mut links, None, &mut findings)?;
    if summary.chain_head != walked.chain.head() {
        findings.push("the chain head in the file cursor is not that of the records");
    }
    let journal = journal::walk(open(JOURNAL, seen)?, &mut links, &mut findings)?;
    if summary.journal_head != journal.head.head() {
        findings.push("the journal's head in the file cursor is not that of journal.jsonl");
    }
    Ok(findings.into_list())
}

/// Reads `manifest.json`, which has one text only.
fn manifest_file(text: &[u8], findings: &mut Findings) -> Summary {
    let Ok(manifest) = serde_json::from_slice::<Summary>(text) else {
        findings.push("manifest.json cannot be read");
        return Summary::default();
    };
    let again = serde_json::to_string_pretty(&manifest).unwrap_or_default() + "\n";
    if again.as_bytes() != text {
        findings.push("manifest.json is not in the exact form that collect writes");
    }
    if manifest.made.is_empty() {
        findings.push("manifest.json does not tell how the collection was made");
    }
    manifest
}

/// Ids that come twice: a finding where everything is said to be there once.
fn notes(manifest: &Summary, compared: &Compared, findings: &mut Findings) -> Vec<String> {
    let mut notes = Vec::new();
    for (kind, lines) in &compared.repeats {
        let coverage = manifest.coverage.iter().find(|coverage| coverage.kind == *kind);
        let is_open = coverage.is_some_and(|coverage| !matches!(coverage.state.as_str(), "complete" | "spread"));
        if is_open {
            notes.push(format!("{} of kind {kind} repeat an id; coverage of that kind is not complete", lines.count));
            continue;
        }
        for line in &lines.first {
            findings.push(format!("line {line}: an earlier record has the same id"));
        }
    }
    let unsourced = &compared.unsourced;
    notes.extend(
        unsourced
            .first
            .iter()
            .take(SHOWN)
            .map(|line| format!("line {line} cites no response: it is the component's own statement")),
    );
    notes.extend(more(unsourced.count, "records of this sort"));
    notes
}

/// Names the responses that no record was made from, although they tell something.
fn unused(folder: &Path, lines: &[u64]) -> Result<Vec<String>> {
    let wanted: Vec<u64> = lines.iter().take(SHOWN).copied().collect();
    let mut notes = Vec::new();
    let mut file = LineReader::open(&folder.join(JOURNAL), u64::MAX)?;
    while notes.len() < wanted.len() {
        let line = match file.next()? {
            Next::End => break,
            Next::Line(line) => crate::journal::Seen::read(line),
            Next::Bad(_) => None,
        };
        if let Some(seen) = line.filter(|_| wanted.contains(&file.number)) {
            let (number, bytes) = (file.number, seen.bytes);
            let request = format!("{} {}", seen.method, seen.request);
            notes.push(format!("no record names {request} ({bytes} bytes; line {number} of journal.jsonl)"));
        }
    }
    notes.extend(more(lines.len() as u64, "responses of this sort"));
    Ok(notes)
}

/// Notes shown of one sort.
const SHOWN: usize = 20;

fn more(count: u64, what: &str) -> Option<String> {
    let more = count.saturating_sub(SHOWN as u64);
    (more > 0).then(|| format!("and {more} more {what}"))
}

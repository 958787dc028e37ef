//! What belongs together: records of one id, and each record with the response in the journal that it names.

use super::findings::Findings;
use crate::error::Result;
use crate::journal::{MASKED, Seen};
use crate::spill::{Entry, Spill};
use crate::summary::Summary;
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use time::format_description::well_known::Rfc3339;
use time::{Duration, OffsetDateTime};

/// What an entry is, in the order in which a group shows them.
const SEEN: u8 = 0;
const CITED: u8 = 1;
const ID: u8 = 2;
const TOLD: u8 = 3;
const USED: u8 = 4;
const TOLD_BODY: u8 = 5;

/// Stands for a path that cannot be compared, because something in it does not leave.
const ANY_PATH: u64 = 0;
/// Marks in a record's request for what does not leave.
const MARKS: [&str; 2] = [MASKED, "hmac-sha256:"];

/// How far a time in a record may lie outside of the collection: clocks are set right while it runs.
const LEEWAY: Duration = Duration::minutes(5);

/// Collects what is to be compared.
pub(super) struct Links<'m> {
    manifest: &'m Summary,
    spill: Spill,
    /// The first and the last moment at which something can have been read.
    when: Option<(OffsetDateTime, OffsetDateTime)>,
    /// Whether the component saw the system's clock.
    by_system: bool,
    /// Responses cited last: records of one page cite the same.
    recent: Vec<[u8; 16]>,
    unsourced: LineNumbers,
    /// Kinds, by the number that stands for each.
    kinds: Vec<String>,
}

/// Line numbers, the smallest of them, and how many there are in all.
#[derive(Debug, Default)]
pub(super) struct LineNumbers {
    pub first: BTreeSet<u64>,
    pub count: u64,
}

impl LineNumbers {
    const MOST: usize = 100_000;

    fn add(&mut self, line: u64) {
        self.count += 1;
        self.first.insert(line);
        if self.first.len() > Self::MOST {
            self.first.pop_last();
        }
    }
}

/// What the comparison shows besides findings.
#[derive(Debug, Default)]
pub(super) struct Compared {
    /// Lines of the journal that tell something, and that no record was made from.
    pub unused: Vec<u64>,
    /// Records that name no response, although their kind is no statement of the source.
    pub unsourced: LineNumbers,
    /// Records whose id was there before, by their kind.
    pub repeats: BTreeMap<String, LineNumbers>,
}

const MAX_RECENT: usize = 8;
/// A source has some thirty; whoever forges more gets the last one's name.
const MAX_KINDS: usize = 1000;

impl<'m> Links<'m> {
    pub fn new(manifest: &'m Summary) -> Self {
        let instant = |text: &str| OffsetDateTime::parse(text, &Rfc3339).ok();
        let times = instant(&manifest.started_at).zip(instant(&manifest.updated_at));
        let by_system = manifest.made.iter().all(|made| made.clock == crate::made::SYSTEM);
        let when = times.map(|(from, to)| (from - LEEWAY, to + LEEWAY));
        Self {
            manifest,
            spill: Spill::default(),
            when,
            by_system,
            recent: Vec::new(),
            unsourced: LineNumbers::default(),
            kinds: Vec::new(),
        }
    }

    /// A record of the evidence.
    pub fn record(&mut self, line: u64, kind: &str, record: &Value, findings: &mut Findings) -> Result<()> {
        let text = |name: &str| record.get(name).and_then(Value::as_str).unwrap_or_default();
        let number = self.kind_number(kind);
        self.add(key(&["id", text("id")]), ID, number, line)?;
        let provenance = record.get("provenance").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        if provenance.is_empty() && !self.manifest.statements.iter().any(|statement| statement == kind) {
            self.unsourced.add(line);
        }
        let times = provenance.iter().map(|one| str_of(one, "read_at")).chain([text("observed_at")]);
        if let Some(at) = times.into_iter().find(|at| self.by_system && !self.is_meanwhile(at)) {
            findings.push(format!("line {line}: read at {at}, when the collection was not running"));
        }
        provenance.iter().try_for_each(|one| self.cite(line, one))
    }

    fn kind_number(&mut self, kind: &str) -> u64 {
        let known = self.kinds.iter().position(|known| known == kind);
        if known.is_none() && self.kinds.len() < MAX_KINDS {
            self.kinds.push(kind.into());
        }
        known.unwrap_or(self.kinds.len().saturating_sub(1)) as u64
    }

    fn is_meanwhile(&self, at: &str) -> bool {
        let Some((from, to)) = self.when else { return true };
        OffsetDateTime::parse(at, &Rfc3339).is_ok_and(|at| from <= at && at <= to)
    }

    fn cite(&mut self, line: u64, provenance: &Value) -> Result<()> {
        let request = str_of(provenance, "request");
        let status = provenance.get("status").and_then(Value::as_u64).unwrap_or_default();
        let digest = str_of(provenance, "body_digest");
        let exact = key(&["exact", request, &status.to_string(), digest]);
        if self.recent.contains(&exact) {
            return Ok(());
        }
        if self.recent.len() == MAX_RECENT {
            self.recent.remove(0);
        }
        self.recent.push(exact);
        self.add(body_key(status, digest), CITED, path_of(request), line)?;
        self.add(key(&["path", request]), USED, 0, line)
    }

    /// A line of the journal.
    pub fn seen(&mut self, line: u64, seen: &Seen, findings: &mut Findings) -> Result<()> {
        if !self.is_meanwhile(&seen.at) {
            let at = &seen.at;
            findings.push(format!("journal.jsonl, line {line}: of {at}, when the collection was not running"));
        }
        if !self.manifest.made.iter().any(|made| made.grants(seen)) {
            let (method, host) = (&seen.method, &seen.host);
            findings
                .push(format!("journal.jsonl, line {line}: {method} {host} was not granted (made in manifest.json)"));
        }
        if let (Some(status), Some(digest)) = (seen.status, &seen.sha256) {
            self.add(body_key(status.into(), digest), SEEN, path_of(&seen.request), line)?;
        }
        if seen.has_content() && path_of(&seen.request) != ANY_PATH {
            let body = body_key(seen.status.unwrap_or_default().into(), seen.sha256.as_deref().unwrap_or_default());
            self.add(body, TOLD_BODY, 0, line)?;
            self.add(key(&["path", &seen.request]), TOLD, 0, line)?;
        }
        Ok(())
    }

    fn add(&mut self, key: [u8; 16], tag: u8, detail: u64, line: u64) -> Result<()> {
        self.spill.add(Entry { key, tag, detail, line })
    }

    /// Compares.
    pub fn compare(self, findings: &mut Findings) -> Result<Compared> {
        let (mut unseen, mut never) = (LineNumbers::default(), LineNumbers::default());
        let (mut by_path, mut by_body) = (LineNumbers::default(), LineNumbers::default());
        let mut repeats = BTreeMap::<u64, LineNumbers>::new();
        self.spill.groups(|group| {
            let of = |tag: u8| group.iter().filter(move |one| one.tag == tag);
            of(ID).skip(1).for_each(|one| repeats.entry(one.detail).or_default().add(one.line));
            if of(USED).next().is_none() {
                of(TOLD).for_each(|one| by_path.add(one.line));
            }
            if of(CITED).next().is_none() {
                of(TOLD_BODY).for_each(|one| by_body.add(one.line));
            }
            for cited in of(CITED) {
                let is_it = |path: u64| path == cited.detail || path == ANY_PATH || cited.detail == ANY_PATH;
                if of(SEEN).next().is_none() {
                    never.add(cited.line);
                } else if !of(SEEN).any(|seen| is_it(seen.detail)) {
                    unseen.add(cited.line);
                }
            }
        })?;
        for line in never.first {
            findings.push(format!("line {line}: cites a response that the host never saw (journal.jsonl)"));
        }
        for line in unseen.first {
            findings
                .push(format!("line {line}: the host saw this response, but to a different request (journal.jsonl)"));
        }
        let unused = by_path.first.intersection(&by_body.first).copied().collect();
        let name = |number: u64| usize::try_from(number).ok().and_then(|at| self.kinds.get(at)).cloned();
        let repeats = repeats.into_iter().map(|(number, lines)| (name(number).unwrap_or_default(), lines));
        Ok(Compared { unused, unsourced: self.unsourced, repeats: repeats.collect() })
    }
}

fn str_of<'v>(value: &'v Value, name: &str) -> &'v str {
    value.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// A path as a number; [`ANY_PATH`] where something in it does not leave.
fn path_of(request: &str) -> u64 {
    if MARKS.iter().any(|mark| request.contains(mark)) {
        return ANY_PATH;
    }
    key(&["request", request]).iter().take(8).fold(0, |sum, byte| (sum << 8) | u64::from(*byte)).max(1)
}

fn body_key(status: u64, digest: &str) -> [u8; 16] {
    key(&["body", &status.to_string(), digest])
}

fn key(parts: &[&str]) -> [u8; 16] {
    let mut digest = Sha256::new();
    for part in parts {
        digest.update((part.len() as u64).to_le_bytes());
        digest.update(part);
    }
    let all: [u8; 32] = digest.finalize().into();
    std::array::from_fn(|at| all.get(at).copied().unwrap_or_default())
}

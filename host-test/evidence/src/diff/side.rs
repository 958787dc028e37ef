//! One side of a comparison: a finished collection, read once for an index and then here and there.
//!
//! What is kept of a record is its id, digest and place in the file, so that hundreds of thousands
//! fit. The files have to be those that the seal is of: a line that was dropped would look like a
//! deletion. Whether the seal itself is good, `verify` tells.

use crate::digest::sha256_of_file;
use crate::digest::{hex, sha256_hex};
use crate::error::{Error, Result};
use crate::files::{EVIDENCE, HASHES, JOURNAL, MANIFEST, SEAL};
use crate::seal;
use crate::summary::Summary;
use crate::verify::refuse_unfinished;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

/// A finished collection.
#[derive(Debug)]
pub struct Side {
    evidence: PathBuf,
    file: File,
    pub(super) summary: Summary,
    pub(super) closing: Closing,
    populations: BTreeMap<String, Population>,
}

/// Content of the manifest record.
#[derive(Clone, Debug, Deserialize)]
pub struct Closing {
    pub account_id: String,
    pub interface: String,
    pub principal: Principal,
    pub started_at: String,
    pub finished_at: String,
}

/// Whose key was used.
#[derive(Clone, Debug, Deserialize)]
pub struct Principal {
    pub id: Option<String>,
    pub kind: String,
    pub role: Option<String>,
}

/// The records of one kind that was asked for.
#[derive(Debug, Default)]
pub struct Population {
    /// Coverage, snake_case.
    pub state: String,
    /// When the first and the last response were read.
    pub read: Option<(String, String)>,
    /// The part of its items that was read, where a setting of the source spreads them over days.
    pub spread: Option<Spread>,
    /// Of the content's schema; `None` without records.
    pub schema_version: Option<u32>,
    /// By id.
    pub entries: Vec<Entry>,
}

/// What is kept of a record.
#[derive(Debug)]
pub struct Entry {
    pub id: Box<str>,
    pub digest: [u8; 32],
    number: u32,
    offset: u64,
    bytes: usize,
}

/// A record, read again.
#[derive(Debug)]
pub struct Record {
    pub title: String,
    /// When its first response was read.
    pub first_read_at: String,
    /// When its last one was.
    pub observed_at: String,
    /// The requests that it was read from.
    pub requests: Vec<String>,
    pub content: Value,
}

/// A record's line, as far as it matters here.
#[derive(Deserialize)]
struct Line<'l> {
    #[serde(borrow)]
    id: Cow<'l, str>,
    #[serde(borrow)]
    kind: Cow<'l, str>,
    schema_version: u32,
    #[serde(borrow)]
    title: Cow<'l, str>,
    #[serde(borrow)]
    observed_at: Cow<'l, str>,
    #[serde(borrow)]
    digest: Cow<'l, str>,
    #[serde(borrow)]
    content: &'l RawValue,
    #[serde(borrow)]
    provenance: Vec<Origin<'l>>,
}

#[derive(Deserialize)]
struct Origin<'l> {
    #[serde(borrow)]
    read_at: Cow<'l, str>,
    #[serde(borrow)]
    request: Cow<'l, str>,
}

/// Content of a coverage record, as far as it matters here.
#[derive(Deserialize)]
struct Coverage {
    kind: String,
    first_read_at: Option<String>,
    last_read_at: Option<String>,
    spread: Option<Spread>,
}

/// Part `turn` of `of`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub struct Spread {
    pub turn: u32,
    pub of: u32,
}

impl Side {
    /// Reads the folder of a finished collection.
    ///
    /// # Errors
    /// [`Error::Output`] when it holds none, or its files are not those that were sealed; where it is
    /// a line, its number is named.
    pub fn read(folder: &Path) -> Result<Self> {
        refuse_unfinished(folder)?;
        let manifest = read(folder, MANIFEST)?;
        let summary: Summary =
            serde_json::from_slice(&manifest).map_err(|_| damaged(&folder.join(MANIFEST), "cannot be read"))?;
        let evidence = folder.join(EVIDENCE);
        let file = File::open(&evidence).map_err(Error::file("read", &evidence))?;
        let mut reading = Reading::new(&evidence, &summary);
        let whole = reading.lines(&file)?;
        reading.check_counts(&summary)?;
        let of = |name: &'static str| Ok((name, sha256_of_file(&folder.join(name))?));
        let digests = [(EVIDENCE, whole), of(HASHES)?, of(JOURNAL)?, (MANIFEST, sha256_hex(&manifest))];
        if seal::statement(&digests, &summary).as_bytes() != read(folder, SEAL)? {
            return Err(damaged(&folder.join(SEAL), "is not the seal of these files"));
        }
        let closing = reading.closing.ok_or_else(|| damaged(&evidence, "does not end with the manifest record"))?;
        let populations = reading.populations;
        Ok(Self { evidence, file, summary, closing, populations })
    }

    /// The records of a kind; `None` when it was not asked for.
    pub(super) fn population(&self, kind: &str) -> Option<&Population> {
        self.populations.get(kind)
    }

    /// Reads a record again.
    ///
    /// # Errors
    /// When the file has changed since.
    pub(super) fn record(&self, entry: &Entry) -> Result<Record> {
        let failed = Error::file("read", &self.evidence);
        let mut text = vec![0; entry.bytes];
        let mut file = &self.file;
        file.seek(SeekFrom::Start(entry.offset)).and_then(|_| file.read_exact(&mut text)).map_err(failed)?;
        let bad = |why: &str| damaged_line(&self.evidence, entry.number, why);
        let (line, digest) = parse(&text).map_err(bad)?;
        if digest != entry.digest {
            return Err(bad("changed while it was compared"));
        }
        let first = line.provenance.iter().map(|origin| &origin.read_at).min().unwrap_or(&line.observed_at);
        Ok(Record {
            title: line.title.to_string(),
            first_read_at: first.to_string(),
            observed_at: line.observed_at.to_string(),
            requests: line.provenance.iter().map(|origin| origin.request.to_string()).collect(),
            content: serde_json::from_str(line.content.get()).map_err(|_| bad("not JSON"))?,
        })
    }
}

/// The first reading of `evidence.jsonl`.
struct Reading<'r> {
    path: &'r Path,
    populations: BTreeMap<String, Population>,
    counts: BTreeMap<String, u64>,
    closing: Option<Closing>,
}

impl<'r> Reading<'r> {
    fn new(path: &'r Path, summary: &Summary) -> Self {
        let population = |state: &String| Population { state: state.clone(), ..Population::default() };
        let populations = summary.coverage.iter().map(|kind| (kind.kind.clone(), population(&kind.state))).collect();
        Self { path, populations, counts: BTreeMap::new(), closing: None }
    }

    /// Reads every line; answers the SHA-256 of the file.
    fn lines(&mut self, file: &File) -> Result<String> {
        let mut reader = BufReader::with_capacity(256 * 1024, file);
        let (mut whole, mut text) = (Sha256::new(), Vec::new());
        let mut offset = 0;
        for number in 1.. {
            text.clear();
            if reader.read_until(b'\n', &mut text).map_err(Error::file("read", self.path))? == 0 {
                break;
            }
            whole.update(&text);
            let line = text.strip_suffix(b"\n").ok_or("cut off: no line break at its end");
            line.and_then(|line| self.line(line, number, offset))
                .map_err(|why| damaged_line(self.path, number, why))?;
            offset += text.len() as u64;
        }
        for population in self.populations.values_mut() {
            population.entries.sort_unstable_by(|one, other| (&one.id, one.number).cmp(&(&other.id, other.number)));
            let twice = population.entries.array_windows().find(|[one, other]| one.id == other.id);
            if let Some([_, entry]) = twice {
                return Err(damaged_line(self.path, entry.number, "a record that is there already"));
            }
        }
        Ok(hex(&whole.finalize()))
    }

    fn line(&mut self, text: &[u8], number: u32, offset: u64) -> Result<(), &'static str> {
        if self.closing.is_some() {
            return Err("there is more after the manifest record");
        }
        let (line, digest) = parse(text)?;
        *self.counts.entry(line.kind.to_string()).or_default() += 1;
        match &*line.kind {
            "coverage" => {
                let content: Coverage = serde_json::from_str(line.content.get()).map_err(|_| "no coverage record")?;
                if let Some(population) = self.populations.get_mut(&content.kind) {
                    population.spread = content.spread;
                    population.read = content.first_read_at.zip(content.last_read_at);
                }
            }
            "manifest" => {
                self.closing = Some(serde_json::from_str(line.content.get()).map_err(|_| "no manifest record")?);
            }
            kind => {
                let Some(population) = self.populations.get_mut(kind) else { return Ok(()) };
                if *population.schema_version.get_or_insert(line.schema_version) != line.schema_version {
                    return Err("not of the schema version of the records before");
                }
                population.entries.push(Entry { id: line.id.into(), digest, number, offset, bytes: text.len() });
            }
        }
        Ok(())
    }

    fn check_counts(&self, summary: &Summary) -> Result<()> {
        if self.counts != summary.records_per_kind {
            return Err(damaged(self.path, "has other numbers of records than manifest.json says"));
        }
        Ok(())
    }
}

/// Reads a line and computes the digest of its content.
fn parse(text: &[u8]) -> Result<(Line<'_>, [u8; 32]), &'static str> {
    let text = std::str::from_utf8(text).map_err(|_| "not UTF-8")?;
    let line: Line<'_> = serde_json::from_str(text).map_err(|_| "no record")?;
    let digest: [u8; 32] = Sha256::digest(line.content.get().as_bytes()).into();
    if hex(&digest) != line.digest {
        return Err("the content does not match its digest");
    }
    Ok((line, digest))
}

fn read(folder: &Path, name: &str) -> Result<Vec<u8>> {
    let path = folder.join(name);
    match std::fs::read(&path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Err(Error::Output {
            what: format!("{} holds no finished collection: there is no {name}", folder.display()),
            remedy: "name a folder that collect has written".into(),
        }),
        read => read.map_err(Error::file("read", path)),
    }
}

fn damaged_line(path: &Path, number: u32, why: &str) -> Error {
    damaged(path, &format!("line {number}: {why}"))
}

fn damaged(path: &Path, why: &str) -> Error {
    Error::Output {
        what: format!("{} {why}", path.display()),
        remedy: "compare collections as they were collected; verify names all that was changed".into(),
    }
}

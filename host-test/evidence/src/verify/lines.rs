//! The lines of `evidence.jsonl`, each checked by itself, against its recorded hash and for what it was read from.

use super::findings::Findings;
use super::links::Links;
use super::reader::{LineReader, Next};
use super::recorded::Recorded;
use crate::chain::{Chain, record_hash};
use crate::digest::{canonical, hex, sha256_hex};
use crate::error::Result;
use crate::record::is_as_written;
use serde_json::Value;
use serde_json::value::RawValue;
use std::collections::BTreeMap;

/// Judges a record's content.
pub type ContentCheck<'c> = dyn Fn(&Value) -> Result<(), String> + 'c;

/// Bytes kept of the records of a collection about itself, one for each kind and one for all: more are none of ours.
const MAX_TOLD_BYTES: usize = 8 * 1024 * 1024;
/// Kinds counted: a source has some thirty.
const MAX_KINDS: usize = 10_000;

/// What the lines came to.
pub(super) struct Walked {
    pub records: u64,
    pub per_kind: BTreeMap<String, u64>,
    /// Coverage and manifest records, with their line numbers.
    pub told: Vec<(u64, Value)>,
    /// Number of the last line that is a record.
    pub last: u64,
    pub chain: Chain,
    /// SHA-256 of both files.
    pub evidence: String,
    pub hashes: String,
}

/// Reads both files to their ends.
pub(super) fn walk(
    mut file: LineReader,
    hashes: LineReader,
    start: Chain,
    links: &mut Links<'_>,
    check: Option<&ContentCheck<'_>>,
    findings: &mut Findings,
) -> Result<Walked> {
    let mut recorded = Recorded::new(hashes);
    let (mut records, mut chain, mut last) = (0, start, 0);
    let (mut per_kind, mut told, mut told_bytes) = (BTreeMap::<String, u64>::new(), Vec::new(), 0);
    loop {
        let line = match file.next()? {
            Next::End => break,
            Next::Line(line) => read(line).map(|(record, hash)| (record, hash, line.len())),
            Next::Bad(why) => Err(why.to_string()),
        };
        let number = file.number;
        let Ok((record, hash, bytes)) = line.map_err(|why| findings.push(format!("line {number}: {why}"))) else {
            recorded.step(String::new())?;
            continue;
        };
        if let Some(why) = check.and_then(|check| check(&record).err()) {
            findings.push(format!("line {number}: {why}"));
        }
        recorded.step(hex(&hash))?;
        chain = chain.next(hash);
        (records, last) = (records + 1, number);
        let kind = record.get("kind").and_then(Value::as_str).unwrap_or_default();
        if per_kind.len() < MAX_KINDS || per_kind.contains_key(kind) {
            *per_kind.entry(kind.to_string()).or_default() += 1;
        }
        links.record(number, kind, &record, findings)?;
        if matches!(kind, "coverage" | "manifest") {
            told_bytes += bytes;
            if told_bytes > MAX_TOLD_BYTES {
                findings.push(format!("line {number}: too many records of kind {kind}"));
            } else {
                told.push((number, record));
            }
        }
    }
    let hashes = recorded.finish(findings)?;
    Ok(Walked { records, per_kind, told, last, chain, evidence: file.digest(), hashes })
}

/// Only the content, as text.
#[derive(serde::Deserialize)]
struct Content<'a> {
    #[serde(borrow)]
    content: &'a RawValue,
}

/// Reads a line and checks the content's digest.
fn read(line: &str) -> Result<(Value, [u8; 32]), String> {
    let value: Value = serde_json::from_str(line).map_err(|_| "not JSON".to_string())?;
    let content = serde_json::from_str::<Content<'_>>(line).map_err(|_| "not a record".to_string())?.content.get();
    let id = value.get("id").and_then(Value::as_str).unwrap_or("a record without id");
    let digest = value.get("digest").and_then(Value::as_str).unwrap_or_default();
    if sha256_hex(content.as_bytes()) != digest {
        return Err(format!("{id}: the content does not match its digest"));
    }
    let parsed = value.get("content").unwrap_or(&Value::Null);
    if canonical(parsed).as_deref() != Some(content.as_bytes()) {
        return Err(format!("{id}: the content is not canonical JSON"));
    }
    let hash = record_hash(&value).ok_or_else(|| format!("{id}: not a record"))?;
    if !is_as_written(line) {
        return Err(format!("{id}: the line is not in the exact form that collect writes"));
    }
    Ok((value, hash))
}

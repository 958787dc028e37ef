//! The lines of `evidence.jsonl`, each checked by itself and against its recorded hash.

use crate::chain::record_hash;
use crate::digest::{canonical, hex, sha256_hex};
use crate::record::is_as_written;
use serde_json::Value;
use serde_json::value::RawValue;
use std::collections::{BTreeMap, BTreeSet};

/// One record as it is in the file.
pub struct Line {
    /// Line number, from 1.
    pub number: usize,
    /// The record.
    pub value: Value,
    /// Its hash.
    pub hash: [u8; 32],
}

/// All records that could be read.
pub struct Lines {
    /// In the order of the file.
    pub records: Vec<Line>,
}

/// Judges a record's content.
pub type ContentCheck<'c> = dyn Fn(&Value) -> Result<(), String> + 'c;

/// Findings shown about lines; more would say nothing new.
const MAX_FINDINGS: usize = 100;

impl Lines {
    /// Reads the file.
    pub fn read(evidence: &[u8], check: Option<&ContentCheck<'_>>, findings: &mut Vec<String>) -> Self {
        let mut records = Vec::new();
        let mut ids = BTreeSet::new();
        let Ok(text) = std::str::from_utf8(evidence) else {
            let valid = std::str::from_utf8(evidence).err().map_or(0, |error| error.valid_up_to());
            let line = evidence.iter().take(valid).filter(|byte| **byte == b'\n').count() + 1;
            findings.push(format!("line {line}: not UTF-8"));
            return Self { records };
        };
        if !text.is_empty() && !text.ends_with('\n') {
            findings.push(format!("line {}: cut off: no line break at its end", text.lines().count()));
        }
        for (number, line) in (1..).zip(text.split_terminator('\n')) {
            match read(line) {
                Ok((value, hash)) => {
                    let id = value.get("id").and_then(Value::as_str).unwrap_or_default().to_string();
                    if let Some(why) = check.and_then(|check| check(&value).err()) {
                        findings.push(format!("line {number}: {why}"));
                    }
                    if !ids.insert(id.clone()) {
                        findings.push(format!("line {number}: {id} appears twice"));
                    }
                    records.push(Line { number, value, hash });
                }
                Err(why) => findings.push(format!("line {number}: {why}")),
            }
            if findings.len() > MAX_FINDINGS {
                break;
            }
        }
        Self { records }
    }

    /// Compares with the recorded hashes, one a line, and names what was changed, added or dropped.
    pub fn check_hashes(&self, recorded: &[u8], findings: &mut Vec<String>) {
        let recorded = String::from_utf8_lossy(recorded);
        let want: Vec<&str> = recorded.split_terminator('\n').collect();
        let have: Vec<String> = self.records.iter().map(|line| hex(&line.hash)).collect();
        if recorded.split_inclusive('\n').any(|line| line.len() != 65 || !line.ends_with('\n')) {
            findings.push("evidence.sha256 was changed: it is not one hash a line".into());
        }
        let Some(at) =
            (0..want.len().max(have.len())).find(|at| want.get(*at).copied() != have.get(*at).map(String::as_str))
        else {
            return;
        };
        let number = self.records.get(at).map_or(have.len() + 1, |line| line.number);
        let rest = |all: &[String], skip: usize| all.iter().skip(skip).cloned().collect::<Vec<_>>();
        let want_rest: Vec<String> = want.iter().skip(at).map(ToString::to_string).collect();
        let what = if have.len() + 1 == want.len() && rest(&want_rest, 1) == rest(&have, at) {
            "a record is missing before this line"
        } else if have.len() == want.len() + 1 && want_rest == rest(&have, at + 1) {
            "this record was added"
        } else if have.len() < want.len() {
            "records are missing from here on"
        } else if have.iter().skip(at).any(|hash| Some(hash.as_str()) == want.get(at).copied()) {
            "records are in another order from here on"
        } else {
            "not the record that was collected"
        };
        findings.push(format!("line {number}: {what}"));
    }

    /// How many there are of each kind.
    pub fn per_kind(&self) -> BTreeMap<String, u64> {
        let mut counts = BTreeMap::new();
        for line in &self.records {
            let kind = line.value.get("kind").and_then(Value::as_str).unwrap_or_default();
            *counts.entry(kind.to_string()).or_default() += 1;
        }
        counts
    }
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
        return Err(format!("{id}: the content is not the one its digest is of"));
    }
    let parsed = value.get("content").unwrap_or(&Value::Null);
    if canonical(parsed).as_deref() != Some(content.as_bytes()) {
        return Err(format!("{id}: the content is not canonical JSON"));
    }
    let hash = record_hash(&value).ok_or_else(|| format!("{id}: not a record"))?;
    if !is_as_written(line) {
        return Err(format!("{id}: the line is not written as collect writes it"));
    }
    Ok((value, hash))
}

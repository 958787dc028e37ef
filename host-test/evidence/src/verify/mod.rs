//! Checks a collection offline: is it complete, and as it was written?
//!
//! Everything is computed anew: the digest of each content, the hash of each record, the chain over
//! them, the counts, and the seal. What differs is named. What a seal alone cannot show (whoever
//! changes evidence can make a new seal) is shown by a signature, or by a chain head kept elsewhere.

mod lines;

pub use lines::ContentCheck;

use crate::chain::{Chain, INTERFACE};
use crate::digest::sha256_hex;
use crate::error::{Error, Result};
use crate::seal::{self, Envelope, PublicKey};
use crate::summary::{CoverageSummary, Summary};
use lines::Lines;
use serde_json::Value;
use std::path::Path;

/// The files of a collection, as bytes.
#[derive(Clone, Debug)]
pub struct Files {
    /// `evidence.jsonl`.
    pub evidence: Vec<u8>,
    /// `evidence.sha256`: the hash of each record, one a line.
    pub hashes: Vec<u8>,
    /// `manifest.json`.
    pub manifest: Vec<u8>,
    /// `seal.json`.
    pub seal: Vec<u8>,
    /// `seal.dsse.json`, where the host signed.
    pub envelope: Option<Vec<u8>>,
}

impl Files {
    /// Reads them.
    ///
    /// # Errors
    /// [`Error::Output`] when the folder holds no finished collection.
    pub fn read(folder: &Path) -> Result<Self> {
        refuse_unfinished(folder)?;
        let read = |name: &str| {
            let path = folder.join(name);
            std::fs::read(&path).map_err(Error::file("read", path))
        };
        let envelope = folder.join("seal.dsse.json").exists().then(|| read("seal.dsse.json")).transpose()?;
        Ok(Self {
            evidence: read("evidence.jsonl")?,
            hashes: read("evidence.sha256")?,
            manifest: read("manifest.json")?,
            seal: read("seal.json")?,
            envelope,
        })
    }

    /// Name and SHA-256 of what the seal covers.
    #[must_use]
    pub fn digests(&self) -> Vec<(&'static str, String)> {
        vec![
            ("evidence.jsonl", sha256_hex(&self.evidence)),
            ("evidence.sha256", sha256_hex(&self.hashes)),
            ("manifest.json", sha256_hex(&self.manifest)),
        ]
    }
}

/// Refuses a folder whose collection is still under way, or was interrupted.
pub(crate) fn refuse_unfinished(folder: &Path) -> Result<()> {
    if folder.join("cursor").exists() {
        let what = format!("{} holds a collection that is not finished", folder.display());
        return Err(Error::Output { what, remedy: "resume it with: collect --resume".into() });
    }
    Ok(())
}

/// What was found.
#[derive(Debug, Default)]
pub struct Report {
    /// What is wrong, most telling first; empty when nothing is.
    pub findings: Vec<String>,
    /// Records read.
    pub records: usize,
    /// Head of the chain over them, computed anew.
    pub chain_head: Option<String>,
    /// Whether a signature was checked and is good.
    pub signed: bool,
}

/// Checks the files against each other, against a key and their contents with `check`, where these are given.
#[must_use]
pub fn verify(files: &Files, key: Option<&PublicKey>, check: Option<&ContentCheck<'_>>) -> Report {
    let mut report = Report::default();
    let lines = Lines::read(&files.evidence, check, &mut report.findings);
    lines.check_hashes(&files.hashes, &mut report.findings);
    report.records = lines.records.len();
    let manifest = manifest_file(&files.manifest, &mut report.findings);
    check_chain(&lines, &manifest, &mut report);
    check_counts(&lines, &manifest, &mut report.findings);
    check_seal(files, key, &mut report);
    report
}

/// What is wrong with the files of a collection that is under way: changed since its last page was written.
#[must_use]
pub fn so_far(evidence: &[u8], hashes: &[u8], summary: &Summary) -> Vec<String> {
    let mut findings = Vec::new();
    let lines = Lines::read(evidence, None, &mut findings);
    lines.check_hashes(hashes, &mut findings);
    let start = Chain::start(&summary.component.id, INTERFACE, &summary.settings_digest);
    let head = lines.records.iter().fold(start, |chain, record| chain.next(record.hash)).head();
    if summary.chain_head != head {
        findings.push("the chain head in the file cursor is not that of the records".into());
    }
    findings
}

/// Reads `manifest.json`, which has one text only.
fn manifest_file(text: &[u8], findings: &mut Vec<String>) -> Summary {
    let Ok(manifest) = serde_json::from_slice::<Summary>(text) else {
        findings.push("manifest.json cannot be read".into());
        return Summary::default();
    };
    let again = serde_json::to_string_pretty(&manifest).unwrap_or_default() + "\n";
    if again.as_bytes() != text {
        findings.push("manifest.json was changed".into());
    }
    manifest
}

fn text<'v>(value: &'v Value, pointer: &str) -> &'v str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

/// The chain, from its start to the last record, which has to be the manifest.
fn check_chain(lines: &Lines, manifest: &Summary, report: &mut Report) {
    let Some((last, before)) = lines.records.split_last().filter(|(last, _)| text(&last.value, "/kind") == "manifest")
    else {
        report.findings.push("the last record is not the manifest: the end is missing".into());
        return;
    };
    if before.iter().any(|record| text(&record.value, "/kind") == "manifest") {
        report.findings.push("there is more than one manifest record".into());
    }
    let content = last.value.get("content").unwrap_or(&Value::Null);
    let (interface, settings_digest) = (text(content, "/interface"), text(content, "/settings_digest"));
    let start = Chain::start(&manifest.component.id, interface, settings_digest);
    let head = lines.records.iter().fold(start, |chain, record| chain.next(record.hash)).head();
    if manifest.chain_head != head {
        report.findings.push("the chain head in manifest.json is not that of the records".into());
    }
    if manifest.settings_digest != settings_digest {
        report.findings.push("the settings digest in manifest.json is not that of the manifest record".into());
    }
    if content.get("records").and_then(Value::as_u64) != Some(before.len() as u64) {
        report.findings.push("the manifest record counts other records than those before it".into());
    }
    report.chain_head = Some(head);
}

/// Counts: of the records, in manifest.json, in the manifest record, in the coverage records.
fn check_counts(lines: &Lines, manifest: &Summary, findings: &mut Vec<String>) {
    let counted = lines.per_kind();
    if counted != manifest.records_per_kind || manifest.records != lines.records.len() as u64 {
        findings.push("the counts in manifest.json are not those of the records".into());
    }
    let said = |kind: &str| counted.get(kind).copied().unwrap_or_default();
    for coverage in &manifest.coverage {
        if coverage.records != said(&coverage.kind) {
            findings.push(format!(
                "manifest.json's coverage counts {} {} records; there are {}",
                coverage.records,
                coverage.kind,
                said(&coverage.kind)
            ));
        }
    }
    for record in &lines.records {
        let content = record.value.get("content").unwrap_or(&Value::Null);
        let kinds = content.get("kinds").and_then(Value::as_array);
        let told: Vec<(&str, Option<u64>)> = match text(&record.value, "/kind") {
            "coverage" => vec![(text(content, "/kind"), content.get("records").and_then(Value::as_u64))],
            "manifest" => kinds
                .into_iter()
                .flatten()
                .map(|kind| (text(kind, "/kind"), kind.get("records").and_then(Value::as_u64)))
                .collect(),
            _ => continue,
        };
        for (kind, count) in told {
            if count != Some(said(kind)) {
                let claimed = count.map_or("no number of".to_string(), |count| count.to_string());
                let number = record.number;
                findings.push(format!("line {number}: says {claimed} {kind} records; there are {}", said(kind)));
            }
        }
        let differs = match text(&record.value, "/kind") {
            "coverage" => !is_same_coverage(content, &manifest.coverage),
            _ => !is_same_settings(content, manifest),
        };
        if differs {
            findings.push(format!("manifest.json says something else than the record in line {}", record.number));
        }
    }
}

/// Whether `manifest.json` repeats the verdict of a coverage record.
fn is_same_coverage(content: &Value, all: &[CoverageSummary]) -> bool {
    all.iter().any(|coverage| {
        coverage.kind == text(content, "/kind")
            && coverage.state == text(content, "/state")
            && coverage.reason == text(content, "/reason")
            && coverage.missing_permission.as_deref().unwrap_or_default() == text(content, "/missing_permission")
            && content.get("accepted").and_then(Value::as_bool) == Some(coverage.accepted)
            && content.get("items_failed").and_then(Value::as_u64) == Some(coverage.items_failed)
    })
}

/// Whether `manifest.json` repeats the settings that the manifest record tells.
fn is_same_settings(content: &Value, manifest: &Summary) -> bool {
    let settings = content.get("settings").and_then(Value::as_object);
    settings.into_iter().flatten().all(|(name, value)| manifest.settings.get(name) == Some(value))
}

fn check_seal(files: &Files, key: Option<&PublicKey>, report: &mut Report) {
    let manifest = serde_json::from_slice(&files.manifest).unwrap_or_default();
    let statement = seal::statement(&files.digests(), &manifest);
    if statement.as_bytes() != files.seal {
        let told: Value = serde_json::from_slice(&files.seal).unwrap_or_default();
        let subjects = told.get("subject").and_then(Value::as_array).cloned().unwrap_or_default();
        let differs = files.digests().into_iter().filter(|(name, digest)| {
            !subjects.iter().any(|subject| text(subject, "/name") == *name && text(subject, "/digest/sha256") == digest)
        });
        let names: Vec<&str> = differs.map(|(name, _)| name).collect();
        let what = if names.is_empty() { "seal.json".into() } else { names.join(", ") };
        report.findings.push(format!("the seal is broken: {what} was changed"));
    }
    let envelope = files.envelope.as_ref().map(|text| {
        let envelope = serde_json::from_slice::<Envelope>(text).ok();
        envelope.filter(|envelope| envelope.text().as_bytes() == text.as_slice())
    });
    match (key, envelope) {
        (None, None) => {}
        (Some(_), None) => report.findings.push("there is no signature: seal.dsse.json is missing".into()),
        (_, Some(None)) => report.findings.push("seal.dsse.json cannot be read".into()),
        (Some(key), Some(Some(envelope))) => match envelope.is_signed(&statement, key) {
            true => report.signed = true,
            false => {
                report.findings.push("the signature in seal.dsse.json is not that of this key over these files".into())
            }
        },
        (None, Some(Some(envelope))) if !envelope.holds(&statement) => {
            report.findings.push("seal.dsse.json signs something other than these files".into());
        }
        (None, Some(Some(_))) => {}
    }
}

//! The files of a collection, and how to make each layer of them anew.

use serde_json::Value;
use source_evidence::chain::{Chain, INTERFACE};
use source_evidence::digest::{hex, sha256_hex};
use source_evidence::files::{ENVELOPE, EVIDENCE, HASHES, JOURNAL, MANIFEST, SEAL};
use source_evidence::journal;
use source_evidence::record::Record;
use source_evidence::seal::{self, Signer};
use source_evidence::summary::Summary;
use std::collections::BTreeMap;
use std::path::Path;

/// The files of a folder.
pub type Files = BTreeMap<String, Vec<u8>>;

pub const FILES: [&str; 6] = [EVIDENCE, HASHES, JOURNAL, MANIFEST, SEAL, ENVELOPE];

pub fn read(folder: &str) -> Files {
    let file = |name: &&str| std::fs::read(Path::new(folder).join(name)).ok().map(|bytes| (name.to_string(), bytes));
    FILES.iter().filter_map(file).collect()
}

pub fn write(folder: &str, files: &Files) {
    let _ = std::fs::remove_dir_all(folder);
    std::fs::create_dir_all(folder).unwrap();
    files.iter().for_each(|(name, bytes)| std::fs::write(Path::new(folder).join(name), bytes).unwrap());
}

pub fn text(files: &Files, name: &str) -> String {
    String::from_utf8(files[name].clone()).unwrap()
}

pub fn lines(files: &Files, name: &str) -> Vec<String> {
    text(files, name).lines().map(ToString::to_string).collect()
}

pub fn set_lines(files: &mut Files, name: &str, lines: &[String]) {
    files.insert(name.into(), lines.iter().flat_map(|line| [line.as_bytes(), b"\n"].concat()).collect());
}

/// A record, with another content where `change` changes it, as `collect` would have written it.
pub fn rewritten(line: &str, change: impl FnOnce(&mut Value)) -> String {
    let mut value: Value = serde_json::from_str(line).unwrap();
    change(&mut value);
    let text = |name: &str| value[name].as_str().unwrap().to_string();
    let part = |name: &str| value[name].clone();
    let record = Record {
        id: text("id"),
        kind: text("kind"),
        schema_version: value["schema_version"].as_u64().unwrap() as u32,
        title: text("title"),
        subject: serde_json::from_value(part("subject")).unwrap(),
        observed_at: text("observed_at"),
        effective_at: value["effective_at"].as_str().map(Into::into),
        content: String::from_utf8(source_evidence::digest::canonical(&value["content"]).unwrap()).unwrap(),
        provenance: serde_json::from_value(part("provenance")).unwrap(),
        withheld: serde_json::from_value(part("withheld")).unwrap(),
        valid_until: text("valid_until"),
    };
    record.line().unwrap().text
}

pub fn hash_of(line: &str) -> [u8; 32] {
    source_evidence::chain::record_hash(&serde_json::from_str(line).unwrap()).unwrap()
}

pub fn manifest(files: &Files) -> Summary {
    serde_json::from_slice(&files[MANIFEST]).unwrap()
}

pub fn set_manifest(files: &mut Files, manifest: &Summary) {
    files.insert(MANIFEST.into(), (serde_json::to_string_pretty(manifest).unwrap() + "\n").into_bytes());
}

/// A new seal over what is there. The signature stays as it is.
pub fn reseal(files: &mut Files) {
    let digests = [EVIDENCE, HASHES, JOURNAL, MANIFEST].map(|name| (name, sha256_hex(&files[name])));
    let statement = seal::statement(&digests, &manifest(files));
    files.insert(SEAL.into(), statement.into_bytes());
}

/// Counts, hashes, chains, manifest and seal made anew, and nobody has signed.
pub fn remake(files: &mut Files, signer: Option<&Signer>) {
    let mut all = lines(files, EVIDENCE);
    let mut counts = BTreeMap::<String, u64>::new();
    let kind = |line: &str| serde_json::from_str::<Value>(line).unwrap()["kind"].as_str().unwrap().to_string();
    all.iter().for_each(|line| *counts.entry(kind(line)).or_default() += 1);
    let total = all.len() as u64;
    for line in &mut all {
        *line = rewritten(line, |record| {
            let count = |kind: &Value| counts.get(kind.as_str().unwrap_or_default()).copied().unwrap_or_default();
            if record["kind"] == "coverage" {
                record["content"]["records"] = count(&record["content"]["kind"]).into();
            } else if record["kind"] == "manifest" {
                record["content"]["records"] = (total - 1).into();
                for entry in record["content"]["kinds"].as_array_mut().unwrap() {
                    entry["records"] = count(&entry["kind"]).into();
                }
            }
        });
    }
    set_lines(files, EVIDENCE, &all);
    let hashes: Vec<[u8; 32]> = all.iter().map(|line| hash_of(line)).collect();
    set_lines(files, HASHES, &hashes.iter().map(|hash| hex(hash)).collect::<Vec<_>>());
    let mut summary = manifest(files);
    let start = Chain::start(&summary.component.id, INTERFACE, &summary.settings_digest);
    summary.chain_head = hashes.iter().fold(start, |chain, hash| chain.next(*hash)).head();
    let seen = lines(files, JOURNAL);
    summary.journal_head = seen.iter().fold(Chain::zero(), |head, line| journal::next(head, line)).head();
    summary.requests = seen.len() as u64;
    summary.bytes_received = seen.iter().map(|line| journal::Seen::read(line).unwrap().bytes).sum();
    for coverage in &mut summary.coverage {
        coverage.records = counts.get(&coverage.kind).copied().unwrap_or_default();
    }
    (summary.records, summary.records_per_kind) = (total, counts);
    summary.signed_by = signer.map(Signer::id);
    set_manifest(files, &summary);
    files.remove(ENVELOPE);
    reseal(files);
    if let Some(signer) = signer {
        files.insert(ENVELOPE.into(), signer.sign(&text(files, SEAL)).text().into_bytes());
    }
}

pub fn edit(files: &mut Files, change: impl FnOnce(&mut Vec<String>)) {
    let mut all = lines(files, EVIDENCE);
    change(&mut all);
    set_lines(files, EVIDENCE, &all);
}

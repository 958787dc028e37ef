//! Does `verify` find every change? A real collection, and thousands of single edits to its files.
#![cfg(unix)]

use crate::support::*;
use fastrand::Rng;
use source_evidence::digest::sha256_hex;
use source_evidence::files::{EVIDENCE, HASHES, JOURNAL, MANIFEST, SEAL};
use source_evidence::verify::{Anchors, verify};
use std::path::Path;

/// The files of a collection, as bytes.
#[derive(Clone)]
struct Files {
    evidence: Vec<u8>,
    hashes: Vec<u8>,
    journal: Vec<u8>,
    manifest: Vec<u8>,
    seal: Vec<u8>,
}

impl Files {
    fn read(folder: &str) -> Self {
        let read = |name: &str| std::fs::read(Path::new(folder).join(name)).unwrap();
        Self {
            evidence: read(EVIDENCE),
            hashes: read(HASHES),
            journal: read(JOURNAL),
            manifest: read(MANIFEST),
            seal: read(SEAL),
        }
    }

    fn named(&self) -> [(&'static str, &Vec<u8>); 5] {
        let (evidence, hashes, journal) =
            ((EVIDENCE, &self.evidence), (HASHES, &self.hashes), (JOURNAL, &self.journal));
        [evidence, hashes, journal, (MANIFEST, &self.manifest), (SEAL, &self.seal)]
    }

    /// What `verify` finds in them.
    fn findings(&self, folder: &str) -> Vec<String> {
        std::fs::create_dir_all(folder).unwrap();
        self.named().iter().for_each(|(name, bytes)| std::fs::write(Path::new(folder).join(name), bytes).unwrap());
        verify(Path::new(folder), Anchors::default(), None)
            .map_or_else(|error| vec![error.to_string()], |it| it.findings)
    }

    /// A new seal over them.
    fn reseal(&mut self) {
        let [evidence, hashes, journal, manifest, _] = self.named();
        let digests = [evidence, hashes, journal, manifest].map(|(name, bytes)| (name, sha256_hex(bytes)));
        let manifest = serde_json::from_slice(&self.manifest).unwrap();
        self.seal = source_evidence::seal::statement(&digests, &manifest).into_bytes();
    }
}

fn collected(scratch: &Scratch) -> (String, Files) {
    let out = scratch.path("out");
    check(&collect(&out, CLOCK), 0, "seal:");
    let files = Files::read(&out);
    (out, files)
}

fn lines(bytes: &[u8]) -> Vec<Vec<u8>> {
    bytes.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect()
}

fn flip(dice: &mut Rng, bytes: &mut [u8]) {
    let at = dice.usize(..bytes.len());
    bytes[at] ^= 1 << dice.usize(..8);
}

/// One edit. Answers what it was; `None` when it changed nothing.
fn corrupt(dice: &mut Rng, files: &mut Files) -> Option<String> {
    let before = files.clone();
    let mut all = lines(&files.evidence);
    let (one, other) = (dice.usize(..all.len()), dice.usize(..all.len()));
    let what = match dice.usize(..11) {
        0..=2 => {
            flip(dice, &mut files.evidence);
            "a bit of the evidence".into()
        }
        3 => {
            all.remove(one);
            files.evidence = all.concat();
            format!("line {} dropped", one + 1)
        }
        4 => {
            all.swap(one, other);
            files.evidence = all.concat();
            format!("lines {} and {} swapped", one + 1, other + 1)
        }
        5 => {
            let line = all[one].clone();
            all.insert(other, line);
            files.evidence = all.concat();
            format!("line {} repeated before {}", one + 1, other + 1)
        }
        6 => {
            files.evidence.truncate(dice.usize(..files.evidence.len()));
            "the evidence cut off".into()
        }
        7 => {
            flip(dice, &mut files.manifest);
            "a bit of the manifest".into()
        }
        8 => {
            flip(dice, &mut files.journal);
            "a bit of the journal".into()
        }
        9 => {
            flip(dice, &mut files.hashes);
            "a bit of the hashes".into()
        }
        _ => {
            flip(dice, &mut files.seal);
            "a bit of the seal".into()
        }
    };
    let same = before.named() == files.named();
    (!same).then_some(what)
}

fn finds_every_one(edits: usize) {
    let scratch = Scratch::new(&format!("corruptions-{edits}"));
    let (_, good) = collected(&scratch);
    let folder = scratch.path("edited");
    assert_eq!(good.findings(&folder), [""; 0]);
    let mut dice = Rng::with_seed(1);
    let mut done = 0;
    while done < edits {
        let mut files = good.clone();
        let Some(what) = corrupt(&mut dice, &mut files) else { continue };
        assert!(!files.findings(&folder).is_empty(), "not found: {what}");
        done += 1;
    }
    println!("{done} edits, every one found");
}

#[test]
fn every_single_edit_is_found() {
    finds_every_one(200);
}

#[test]
#[ignore = "minutes; .ci/run runs it"]
fn every_one_of_two_thousand_edits_is_found() {
    finds_every_one(2_000);
}

/// Someone who changes evidence and makes a new seal is found out all the same, and the line is named.
#[test]
fn a_changed_line_is_named_even_under_a_new_seal() {
    let scratch = Scratch::new("named");
    let (_, good) = collected(&scratch);
    let all = lines(&good.evidence);
    let edited = |change: &dyn Fn(&mut Vec<Vec<u8>>)| {
        let mut all = all.clone();
        change(&mut all);
        let mut files = Files { evidence: all.concat(), ..good.clone() };
        files.reseal();
        files.findings(&scratch.path("edited")).join("; ")
    };
    let replace = |all: &mut Vec<Vec<u8>>, from: &str, to: &str| {
        let line = String::from_utf8(all[6].clone()).unwrap();
        assert!(line.contains(from), "{line}");
        all[6] = line.replacen(from, to, 1).into_bytes();
    };
    for (change, want) in [
        (
            &(|all: &mut Vec<Vec<u8>>| replace(all, "\"is_custom\":false", "\"is_custom\":true"))
                as &dyn Fn(&mut Vec<Vec<u8>>),
            "line 7: urn:",
        ),
        (&|all| replace(all, "\"title\":\"", "\"title\":\"X"), "line 7: not the record"),
        // The same record for a program that takes the last of two names, another for a person.
        (&|all| replace(all, "\"title\":\"", "\"title\":\"FORGED\",\"title\":\""), "line 7: "),
        (&|all| replace(all, "\"subject\":{", "\"subject\":{\"name\":\"FORGED\","), "line 7: "),
        (&|all| replace(all, ",\"title\"", ", \"title\""), "not in the exact form that collect writes"),
        (&|all| replace(all, "\"title\":\"R", "\"title\":\"\\u0052"), "not in the exact form that collect writes"),
        (&|all| replace(all, "\n", "\r\n"), "not in the exact form that collect writes"),
        (&|all| drop(all.remove(6)), "line 7: a record is missing before this line"),
        (&|all| all.insert(6, all[2].clone()), "line 7: "),
        (&|all| all.swap(6, 7), "line 7: "),
        (&|all| all.truncate(all.len() - 1), "there is no manifest record: the end is missing"),
    ] {
        let findings = edited(change);
        assert!(findings.contains(want), "{want:?} is not in {findings}");
    }
}

/// `manifest.json` is what people read first: its verdicts are those of the records, whoever sealed it.
#[test]
fn a_manifest_that_says_more_than_the_records_is_found_under_a_new_seal() {
    let scratch = Scratch::new("verdict");
    let out = scratch.path("out");
    check(&collect(&out, &[CLOCK, &["--sim-scopes", "USER"]].concat()), 5, "seal:");
    let good = Files::read(&out);
    assert!(good.findings(&scratch.path("edited")).is_empty());
    let text = String::from_utf8(good.manifest.clone()).unwrap();
    for (from, to) in [
        ("\"state\": \"forbidden\"", "\"state\": \"complete\""),
        ("\"missing_permission\": \"", "\"missing_permission\": \"X"),
        ("\"reason\": \"", "\"reason\": \"X"),
        ("\"connection_details\": true", "\"connection_details\": false"),
    ] {
        assert!(text.contains(from), "{from}");
        let mut files = Files { manifest: text.replacen(from, to, 1).into_bytes(), ..good.clone() };
        files.reseal();
        let findings = files.findings(&scratch.path("edited")).join("; ");
        assert!(findings.contains("manifest.json disagrees"), "{from}: {findings}");
    }
}

#[test]
fn a_signature_is_good_for_its_key_and_its_files_only() {
    let scratch = Scratch::new("signed");
    let (key, other, out) = (scratch.path("key"), scratch.path("other"), scratch.path("out"));
    check(&["keygen", "--out", &key], 0, "keep");
    check(&["keygen", "--out", &key], 2, "cannot create");
    check(&["keygen", "--out", &other], 0, "keep");
    check(&collect(&out, &["--signing-key", &key]), 0, "seal:");
    check(&["verify", &out], 11, "not checked");
    check(&["verify", &out, "--public-key", &format!("{key}.pub")], 0, "signature: by the owner of key");
    check(&["verify", &out, "--public-key", &format!("{other}.pub")], 10, "is not that of key");
    check(&["verify", &out, "--public-key", &key], 2, "holds no Ed25519 public key");
    check(&["verify", &out, "--seal", &"0".repeat(64)], 10, "another collection");
    check(&["verify", &out, "--seal", "00"], 2, "64 hexadecimal digits");
    let seal = sha256_hex(&std::fs::read(Path::new(&out).join(SEAL)).unwrap());
    check(&["verify", &out, "--seal", &seal.to_uppercase()], 0, "matches the one you kept");
    let path = Path::new(&out).join(MANIFEST);
    let text = std::fs::read_to_string(&path).unwrap();
    let manifest: serde_json::Value = serde_json::from_str(&text).unwrap();
    let head = manifest["chain_head"].as_str().unwrap();
    check(&["verify", &out, "--seal", head], 10, "what you kept is the chain head");
    std::fs::write(&path, text.replacen("\"requests\": ", "\"requests\": 1", 1)).unwrap();
    check(&["verify", &out], 10, "the seal is broken: manifest.json was changed");
    std::fs::write(Path::new(&out).join(HASHES), "").unwrap();
    let both = "the seal is broken: evidence.sha256, manifest.json were changed, or seal.json was";
    check(&["verify", &out], 10, both);
}

/// Only the file that was changed is accused, and one that is missing is called that.
#[test]
fn a_seal_that_cannot_be_read_accuses_itself_and_a_file_that_is_missing_is_named() {
    let scratch = Scratch::new("seal-missing");
    let (out, files) = collected(&scratch);
    let path = Path::new(&out).join(SEAL);
    for bytes in [[&b"\xef\xbb\xbf"[..], &files.seal].concat(), Vec::new(), files.seal[1..].to_vec()] {
        std::fs::write(&path, bytes).unwrap();
        let said = check(&["verify", &out], 10, "WRONG the seal is broken: seal.json was changed: it cannot be read\n");
        assert!(!String::from_utf8_lossy(&said.stdout).contains("evidence.jsonl"));
    }
    std::fs::write(&path, [&files.seal[..], b"\n"].concat()).unwrap();
    check(&["verify", &out], 10, "WRONG the seal is broken: seal.json was changed\n");
    for (name, want) in [
        (SEAL, "the seal of the collection in"),
        (JOURNAL, "journal.jsonl of the collection in"),
        (HASHES, "evidence.sha256 of the collection in"),
        (EVIDENCE, "evidence.jsonl of the collection in"),
    ] {
        let file = Path::new(&out).join(name);
        let kept = std::fs::read(&file).unwrap();
        std::fs::remove_file(&file).unwrap();
        let said = check(&["verify", &out], 2, want);
        check_output(&said, 2, "is missing");
        check_output(&said, 2, "  → fetch it anew from where the collection was kept");
        std::fs::write(&file, kept).unwrap();
    }
}

/// Each collection of a fleet has its seal, for whoever keeps the summary.
#[test]
fn the_seals_of_a_fleet_are_in_its_summary() {
    let scratch = Scratch::new("fleet-seals");
    let (out, told) = (scratch.path("fleet"), scratch.path("summary.json"));
    let args = [&["fleet", "--simulated", "2", "--out", &out, "--summary", &told], SMALL].concat();
    check(&args, 0, "SIMULATED: this account was made up by the harness");
    let told: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(told).unwrap()).unwrap();
    for tenant in told["tenants"].as_array().unwrap() {
        let folder = format!("{out}/{}", tenant["name"].as_str().unwrap());
        check(&["verify", &folder, "--seal", tenant["seal"].as_str().unwrap()], 0, "matches the one you kept");
    }
}

/// What is believed of a collection is said with it: who made it up, which server answered, by which clock.
#[test]
fn how_it_was_made_is_said_wherever_it_is_read() {
    let scratch = Scratch::new("made");
    let (simulated, upstream) = (scratch.path("simulated"), scratch.path("upstream"));
    let text = |output: std::process::Output| String::from_utf8(output.stdout).unwrap();
    let collected = text(check(&collect(&simulated, CLOCK), 0, "seal:"));
    let server = Server::start(&[]);
    check(&server.collect(&upstream, &[]), 0, "NOT THE VENDOR'S SERVER: the answers came from http://127.0.0.1");
    let last = collected.lines().rev().take(2).collect::<Vec<_>>().join(" ");
    assert!(last.contains("SIMULATED") && last.contains("NOT THE SYSTEM'S CLOCK"), "{last}");
    let verified = text(check(&["verify", &simulated], 11, "consistent with itself"));
    assert!(verified.contains("SIMULATED") && verified.contains("NOT THE SYSTEM'S CLOCK"), "{verified}");
    for word in ["whole", "unaltered", "verified"] {
        assert!(!verified.contains(word), "{word}: {verified}");
    }
    check(&["verify", &upstream], 11, "NOT THE VENDOR'S SERVER");
    let seal = std::fs::read_to_string(Path::new(&simulated).join(SEAL)).unwrap();
    let seal: serde_json::Value = serde_json::from_str(&seal).unwrap();
    assert_eq!(seal["predicate"]["simulated"], true);
    assert_eq!(seal["predicate"]["made"][0]["clock"], "fixed");
    assert_eq!(seal["predicate"]["made"][0]["granted"], serde_json::json!(["GET api.fivetran.com"]));
}

/// What a component could send was somebody's own choice: that is said wherever its evidence is read.
#[test]
fn a_policy_that_is_not_built_in_is_said_wherever_its_evidence_is_read() {
    const WHAT: &str = "NOT THE BUILT-IN POLICY: what the component could send was set by hand (--egress, SHA-256 ";
    const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/policies/fivetran.json");
    let scratch = Scratch::new("made-policy");
    let (plain, own, fleet) = (scratch.path("plain"), scratch.path("own"), scratch.path("fleet"));
    let says = |output: std::process::Output, many: usize| {
        let text = String::from_utf8(output.stdout).unwrap();
        assert_eq!(text.matches(WHAT).count(), many, "{text}");
    };
    says(check(&collect(&plain, CLOCK), 0, "seal:"), 0);
    says(check(&["verify", &plain], 11, "SIMULATED"), 0);
    says(check(&collect(&own, &[CLOCK, &["--egress", FILE]].concat()), 0, "seal:"), 1);
    says(check(&["verify", &own], 11, "SIMULATED"), 1);
    let output = check(&["diff", &plain, &own], 0, &format!("note: after: {WHAT}"));
    says(output, 1);
    let simulated = [&["fleet", "--simulated", "2", "--out", &fleet], SMALL].concat();
    says(check(&simulated, 0, "SIMULATED"), 0);
    std::fs::remove_dir_all(&fleet).unwrap();
    says(check(&[&simulated[..], &["--egress", FILE]].concat(), 0, "SIMULATED"), 1);
    // One of two tenants has a policy of its own.
    let credentials = serde_json::json!({"key_env": "KEY", "secret_env": "KEY"});
    let nowhere = "http://127.0.0.1:1";
    let tenants = serde_json::json!([
        {"name": "a", "credentials": credentials, "upstream": nowhere},
        {"name": "b", "credentials": credentials, "upstream": nowhere, "egress": FILE},
    ]);
    let file = scratch.write("tenants.json", &tenants.to_string());
    let args = ["fleet", "--tenants", &file, "--out", &scratch.path("tenants"), "--retry-seconds", "0"];
    says(program(&args).env("KEY", "k").output().unwrap(), 1);
}

/// The source writes an instant in its own way; another text of the same one is no forgery.
#[test]
fn a_since_may_be_written_in_any_way() {
    let scratch = Scratch::new("since-text");
    let out = scratch.path("out");
    check(&collect(&out, &["--since", "2026-01-01T01:00:00.123456789+01:00"]), 0, "seal:");
    check(&["verify", &out], 11, "consistent with itself");
}

#[test]
fn what_is_no_finished_collection_is_refused() {
    let scratch = Scratch::new("unfinished");
    check(&["verify", &scratch.path("nothing")], 2, "cannot read");
    let out = scratch.path("out");
    check(&collect(&out, CLOCK), 0, "seal:");
    std::fs::write(Path::new(&out).join("cursor"), "{}").unwrap();
    check(&["verify", &out], 2, "not finished");
}

#[test]
fn contents_are_checked_against_the_schemas_when_asked() {
    let scratch = Scratch::new("schemas");
    let (out, _) = collected(&scratch);
    check(&["verify", &out, "--schemas"], 11, "consistent with itself");
}

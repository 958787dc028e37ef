//! `diff` of collections that no component made.
#![cfg(unix)]

use crate::support::*;
use serde_json::{Value, json};
use source_evidence::chain::record_hash;
use source_evidence::digest::{canonical, sha256_hex};
use source_evidence::folder::EvidenceDir;
use source_evidence::record::Line;
use source_evidence::summary::{ComponentSummary, CoverageSummary, Summary};
use std::path::Path;

const THEN: &str = "2026-01-31T12:00:00.000Z";

/// A collection of one user, made by hand: id and title as they please.
fn by_hand(out: &str, schema_version: u32, id: &str, content: &Value) {
    let record = |id: &str, kind: &str, title: &str, content: &Value| {
        let content = String::from_utf8(canonical(content).unwrap()).unwrap();
        let digest = sha256_hex(content.as_bytes());
        let text = format!(
            "{{\"id\":{},\"kind\":\"{kind}\",\"schema_version\":{schema_version},\"title\":{},\"subject\":null,\"observed_at\":\"{THEN}\",\"effective_at\":null,\"content\":{content},\"digest\":\"{digest}\",\"provenance\":[],\"withheld\":[],\"valid_until\":\"\"}}",
            json!(id),
            json!(title)
        );
        let hash = record_hash(&serde_json::from_str(&text).unwrap()).unwrap();
        Line { text, hash }
    };
    let closing = json!({
        "account_id": "a", "interface": "i", "started_at": THEN, "finished_at": THEN,
        "principal": {"id": null, "kind": "unknown", "role": null},
    });
    let lines = [record(id, "user", &format!("User {id}"), content), record("m", "manifest", "Manifest", &closing)];
    let user =
        CoverageSummary { kind: "user".into(), state: "complete".into(), records: 1, ..CoverageSummary::default() };
    let summary = Summary {
        component: ComponentSummary { id: "fivetran".into(), ..ComponentSummary::default() },
        records: 2,
        records_per_kind: [("user".to_string(), 1), ("manifest".to_string(), 1)].into(),
        coverage: vec![user],
        ..Summary::default()
    };
    let mut dir = EvidenceDir::create(Path::new(out), Summary { records: 0, ..summary.clone() }).unwrap();
    let summary = Summary { version: dir.summary().version, ..summary };
    dir.append(&lines, &[], None, summary).unwrap();
    dir.finish(None).unwrap();
}

#[test]
fn text_from_evidence_cannot_steer_a_terminal() {
    let scratch = Scratch::new("hostile");
    let (before, after) = (scratch.path("before"), scratch.path("after"));
    let evil = "urn:a:b:user:\u{1b}[2J\u{9b}31m\u{202e}\r\n";
    by_hand(&before, 2, evil, &json!({"name": "\u{1b}]0;x\u{7}", "k\u{202e}\u{85}": 1}));
    by_hand(&after, 2, evil, &json!({"name": "\u{9b}2J", "k\u{202e}\u{85}": "\u{2066}"}));
    let out = scratch.path("out.jsonl");
    for format in ["table", "json"] {
        let output = check(&["diff", &before, &after, "--format", format], 0, "k");
        let text = String::from_utf8(output.stdout).unwrap();
        let bad = |letter: char| (letter.is_control() && letter != '\n') || "\u{202e}\u{2066}".contains(letter);
        assert!(!text.contains(bad), "{text:?}");
        if format == "json" {
            let document: Value = serde_json::from_str(&text).unwrap();
            assert_eq!(document["changes"][0]["after"]["record_id"], evil, "nothing was lost");
        }
    }
    check(&["diff", &before, &after, "--out", &out], 0, "1 change:");
    let first = std::fs::read_to_string(&out).unwrap();
    let first: Value = serde_json::from_str(first.lines().next().unwrap()).unwrap();
    assert_eq!(canonical(&first).unwrap(), std::fs::read_to_string(&out).unwrap().lines().next().unwrap().as_bytes());
}

/// A role that the vendor did not tell is no role that was taken away.
#[test]
fn what_was_not_told_on_one_side_is_inconclusive() {
    let scratch = Scratch::new("untold");
    let [before, after] = ["before", "after"].map(|name| scratch.path(name));
    by_hand(&before, 2, "urn:fivetran:a:user:u", &json!({"id": "u", "role": "Account Administrator"}));
    by_hand(&after, 2, "urn:fivetran:a:user:u", &json!({"id": "u"}));
    let output = check(&["diff", &before, &after, "--format", "json"], 0, "");
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();
    let (change, kind) = (&document["changes"][0], &document["comparison"]["kinds"][0]);
    assert_eq!((&change["class"], &change["edits"][0]["class"]), (&json!("inconclusive"), &json!("inconclusive")));
    assert_eq!((&kind["edited"], &kind["inconclusive"]), (&json!(0), &json!(1)));
    check(&["diff", &before, &after], 0, "/role: \"Account Administrator\" → absent");
}

#[test]
fn another_schema_version_is_not_compared_and_an_unknown_one_is_said() {
    let scratch = Scratch::new("schema-version");
    let paths = ["one", "nine", "nine-too"].map(|name| scratch.path(name));
    for (path, version, at) in [(&paths[0], 1, 1), (&paths[1], 9, 1), (&paths[2], 9, 2)] {
        by_hand(path, version, "u", &json!({"logged_in_at": at}));
    }
    check(&["diff", &paths[0], &paths[1]], 2, "no kind in common");
    check(&["diff", &paths[1], &paths[2]], 0, "does not know schema version 9");
}

//! An account held against a trail of it that is made here, and where that trail may be read. The account is collected
//! from the simulator; the trail has an entry for each of its creation stamps.

use crate::support::*;
use serde_json::{Value, json};
use source_evidence::digest::canonical;
use source_evidence::folder::EvidenceDir;
use source_evidence::made::Made;
use source_evidence::record::{Line, Record, Subject};
use source_evidence::summary::{Asked, ComponentSummary, CoverageSummary, Page, Request, Summary};
use std::path::Path;

const DIGEST: &str = "0000000000000000000000000000000000000000000000000000000000000000";

fn line(kind: &str, number: usize, id: &str, content: &Value) -> Line {
    let at = "2026-01-31T12:00:00.000Z";
    let record = Record {
        id: format!("urn:{kind}:{number}"),
        kind: kind.into(),
        schema_version: 1,
        title: kind.into(),
        subject: Subject { id: id.into(), name: None, kind: kind.into() },
        observed_at: at.into(),
        effective_at: None,
        content: String::from_utf8(canonical(content).unwrap()).unwrap(),
        provenance: Vec::new(),
        withheld: Vec::new(),
        valid_until: at.into(),
    };
    record.line().unwrap()
}

/// Writes a trail of these entries, as a host does.
fn write_trail(folder: &str, account: &str, entries: &[Value], state: &str) {
    let ends = |pick: fn(std::slice::Iter<'_, Value>) -> Option<&Value>| {
        let mut all: Vec<Value> = entries.iter().map(|entry| entry["captured_at"].clone()).collect();
        all.sort_by_key(ToString::to_string);
        pick(all.iter()).cloned()
    };
    let table = json!({
        "table": "audit_trail", "place": "snowflake", "scope": null, "account_id": account, "last_synced_at": "2026-01-31T12:00:00Z",
        "first_captured_at": ends(|all| all.clone().next()), "last_captured_at": ends(|mut all| all.next_back()),
    });
    let mut rows: Vec<(&str, &str, Value)> =
        entries.iter().map(|entry| ("audit_trail_entry", "", entry.clone())).collect();
    rows.push(("audit_trail_source", "", table));
    write(folder, "fivetran-audit-trail", account, &rows, state);
}

/// Writes a collection of these rows (kind, id of the thing, content), of which the first kind is in this state and all
/// others are complete.
fn write(folder: &str, source: &str, account: &str, rows: &[(&str, &str, Value)], state: &str) {
    let component = ComponentSummary { id: source.into(), version: "1".into(), sha256: DIGEST.into() };
    let asked = Asked { request: Request::default(), settings: "{}", settings_digest: DIGEST };
    let made = Made { clock: "fixed".into(), simulated: Some("a test".into()), ..Made::default() };
    let statements = vec!["coverage".to_string(), "manifest".to_string()];
    let mut dir = EvidenceDir::create(Path::new(folder), Summary::begin(component, made, statements, asked)).unwrap();
    let mut rows = rows.to_vec();
    let mut counts: Vec<(&str, u64, &str)> = Vec::new();
    for (kind, _, _) in &rows {
        match counts.iter_mut().find(|(counted, _, _)| counted == kind) {
            Some((_, count, _)) => *count += 1,
            None => counts.push((kind, 1, if counts.is_empty() { state } else { "complete" })),
        }
    }
    for (kind, records, state) in &counts {
        let reason = if *state == "complete" { "" } else { "for a test" };
        rows.push(("coverage", "", json!({
            "kind": kind, "state": state, "reason": reason, "records": records, "items_failed": 0, "accepted": false,
            "missing_permission": null,
        })));
    }
    let kinds: Vec<Value> = counts.iter().map(|(kind, records, _)| json!({"kind": kind, "records": records})).collect();
    rows.push((
        "manifest",
        "",
        json!({
            "account_id": account, "started_at": "2026-01-31T12:00:00Z", "finished_at": "2026-01-31T12:00:00Z",
            "interface": "compliance:source@0.2.0", "settings_digest": DIGEST, "settings": {}, "kinds": kinds,
            "records": rows.len(),
        }),
    ));
    let coverage = counts.iter().map(|(kind, records, state)| {
        let reason = if *state == "complete" { String::new() } else { "for a test".into() };
        let (kind, state) = ((*kind).into(), (*state).into());
        CoverageSummary { kind, state, reason, records: *records, ..CoverageSummary::default() }
    });
    let coverage = coverage.collect();
    let kinds = rows.iter().map(|(kind, _, _)| (*kind).into()).collect();
    let lines: Vec<Line> =
        rows.iter().enumerate().map(|(at, (kind, id, content))| line(kind, at, id, content)).collect();
    let page = Page { kinds, coverage, ..Page::default() };
    let summary = dir.summary().clone().with(page, &lines, &[]);
    dir.append(&lines, &[], None, summary).unwrap();
    dir.finish(None).unwrap();
}

/// Nothing that was printed can steer a terminal.
fn is_harmless(output: &std::process::Output) {
    let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    let bad = |letter: char| (letter.is_control() && letter != '\n') || letter == '\u{202e}';
    assert!(!text.contains(bad), "{text:?}");
}

fn records(out: &str, kind: &str) -> Vec<Value> {
    let all = evidence(out).lines().map(|line| serde_json::from_str::<Value>(line).unwrap()).collect::<Vec<_>>();
    all.into_iter().filter(|record| record["kind"] == kind).collect()
}

/// An entry for each creation stamp.
fn entries(account: &str) -> Vec<Value> {
    let stamps = records(account, "audit_event").into_iter().map(|record| record["content"].clone());
    let created = stamps.filter(|stamp| stamp["action"] == "CREATE");
    created
        .map(|stamp| {
            json!({
                "action": "CREATE", "captured_at": stamp["captured_at"], "user_id": "someone",
                "primary_resource_type": stamp["primary_resource_type"], "primary_resource_id": stamp["primary_resource_id"],
            })
        })
        .collect()
}

#[test]
fn an_account_agrees_with_its_trail_and_what_does_not_is_named_by_exit_code_and_line() {
    let scratch = Scratch::new("reconcile");
    let account = scratch.path("account");
    check(&collect(&account, CLOCK), 0, "");
    let id = records(&account, "manifest")[0]["content"]["account_id"].as_str().unwrap().to_string();
    let mut all = entries(&account);
    let user = records(&account, "user")[0]["content"]["id"].clone();
    let edit = json!({
        "action": "EDIT", "captured_at": "2025-06-01T00:00:00Z", "user_id": "someone", "primary_resource_type": "USER",
        "primary_resource_id": user,
    });
    all.push(edit);
    let good = scratch.path("good");
    write_trail(&good, &id, &all, "complete");
    let output = check(&["reconcile", &account, &good], 0, "agree wherever they could be compared");
    let user = user.as_str().unwrap();
    check_output(&output, 0, &format!("changed: USER {user} by someone (1 time, last at 2025-06-01T00:00:00Z)"));
    check_output(&output, 0, "note: trail: SIMULATED");
    check_output(&output, 0, "note: account: SIMULATED");
    check(&["verify", &good], 11, "consistent with itself");

    // One entry less, one for what is not there, and one that deletes what is there.
    let at = all.iter().position(|entry| entry["primary_resource_type"] == "CONNECTION").unwrap();
    let lost = all.remove(at)["primary_resource_id"].as_str().unwrap().to_string();
    let more = |action: &str, kind: &str, id: &str| {
        json!({
            "action": action, "captured_at": "2025-06-01T00:00:00Z", "user_id": "mallory", "primary_resource_type": kind,
            "primary_resource_id": id,
        })
    };
    all.extend([more("CREATE", "TEAM", "nowhere"), more("DELETE", "USER", user)]);
    let bad = scratch.path("bad");
    write_trail(&bad, &id, &all, "complete");
    let output = check(&["reconcile", &account, &bad], 12, "do not agree: 3 findings");
    for text in [&format!(" ({lost}): at "), "TEAM nowhere: at ", &format!(" ({user}): at "), "by mallory"] {
        check_output(&output, 12, text);
    }
    let output = program(&["reconcile", &account, &bad, "--format", "json"]).output().unwrap();
    let found: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(found["verdict"], "mismatch");
    assert_eq!(found["stamps"]["disagreed"][0]["resource_id"], json!(lost));
    // What the trail calls things by cannot steer a terminal, and none of it is lost to a program.
    let evil = "nowhere\u{1b}[2J\r\u{9b}31m\u{202e}";
    let mut steering = all.clone();
    steering.push(json!({
        "action": "CREATE", "captured_at": "2025-06-01T00:00:00Z", "user_id": evil, "primary_resource_type": "TEAM",
        "primary_resource_id": evil,
    }));
    let hostile = scratch.path("hostile");
    write_trail(&hostile, &id, &steering, "complete");
    for format in ["table", "json"] {
        let output = check(&["reconcile", &account, &hostile, "--format", format], 12, "nowhere");
        is_harmless(&output);
        if format == "json" {
            let found: Value = serde_json::from_slice(&output.stdout).unwrap();
            let all = found["creations"]["disagreed"].as_array().unwrap();
            assert!(all.iter().any(|one| one["resource_id"] == evil && one["user_id"] == evil), "{found}");
        }
    }
    // What was not collected whole shows nothing.
    let part = scratch.path("part");
    write_trail(&part, &id, &all, "partial");
    check(&["reconcile", &account, &part], 5, "shows nothing: the trail was not collected");
    // Another account, and the wrong order.
    let other = scratch.path("other");
    write_trail(&other, "other", &all, "complete");
    check(&["reconcile", &account, &other], 2, "these are two accounts");
    check(&["reconcile", &good, &account], 2, "is a collection of the source \"fivetran-audit-trail\"");
}

/// The account of a Platform Connector whose every name means harm, made by hand.
fn write_account(folder: &str, evil: &str) {
    let connection = json!({"service": "fivetran_log", "schema": evil, "group_id": evil, "sync_frequency": 360});
    let mechanism = json!({
        "mechanism": "platform_connector", "scope": "group", "enabled": false, "fresh": false, "last_success": evil,
    });
    let settings = json!({"host": evil, "database": evil, "default_virtual_warehouse": evil});
    let rows = [
        ("audit_logging", evil, mechanism),
        ("connection", evil, connection),
        ("group", evil, json!({"name": evil})),
        ("destination", evil, json!({"service": "snowflake", "details": "read", "settings": settings})),
    ];
    write(folder, "fivetran", "acme", &rows, "partial\u{1b}[31m");
}

#[test]
fn names_in_a_located_trail_cannot_steer_a_terminal() {
    let scratch = Scratch::new("locate-hostile");
    let account = scratch.path("account");
    let evil = "x\u{1b}[2J\r\n\u{9b}31m\u{202e}";
    write_account(&account, evil);
    for format in ["table", "json"] {
        let output = check(&["locate", &account, "--format", format], 5, "snowflake");
        is_harmless(&output);
        if format == "json" {
            let found: Value = serde_json::from_slice(&output.stdout).unwrap();
            assert_eq!((&found[0]["destination_name"], &found[0]["last_success"]), (&json!(evil), &json!(evil)));
        }
    }
}

#[test]
fn the_places_of_a_trail_are_found_in_the_collection_of_its_account() {
    let scratch = Scratch::new("locate");
    let account = scratch.path("account");
    check(&["collect", "--out", &account, "--sim-users", "5"], 0, "");
    // The simulator's hosts are nobody's.
    let output = check(&["locate", &account], 5, "Platform Connector");
    check_output(&output, 5, "SIMULATED");
    check_output(&output, 5, "  note: it has never succeeded: nothing is written yet");
    assert!(!String::from_utf8_lossy(&output.stdout).contains("1970"));
    let output = program(&["locate", &account, "--format", "json"]).output().unwrap();
    let found: Value = serde_json::from_slice(&output.stdout).unwrap();
    let connectors = records(&account, "connection");
    let is_one = |record: &&Value| record["content"]["service"] == "fivetran_log";
    let mut want: Vec<&Value> = connectors.iter().filter(is_one).map(|record| &record["subject"]["id"]).collect();
    want.sort_by_key(|id| id.to_string());
    assert!(!want.is_empty());
    let ids: Vec<&Value> = found.as_array().unwrap().iter().map(|one| &one["connection_id"]).collect();
    assert_eq!(ids, want);
    check(&["locate", &scratch.path("nothing")], 2, "nothing");
    let users = scratch.path("users");
    check(&collect(&users, &["--kinds", "user"]), 0, "");
    check(&["locate", &users], 2, "collected without audit_logging or connection");
}

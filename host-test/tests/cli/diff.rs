//! Does `diff` find what changed, all of it, and nothing else? The simulator says what it changed.
#![cfg(unix)]

use crate::support::*;
use fivetran_simulator::{AccountSpec, Answers, Config, Inventory};
use serde_json::{Value, json};
use source_evidence::digest::canonical;
use std::collections::BTreeMap;
use std::path::Path;

const SIZE: &[&str] = &["--sim-users", "20", "--sim-teams", "3", "--sim-groups", "2"];
const CONNECTIONS: &[&str] = &["--sim-connections", "30"];
const THEN: &str = "2026-01-31T12:00:00.000Z";
const LATER: &str = "2026-02-28T12:00:00.000Z";

fn collect_at(out: &str, at: &str, more: &[&str], code: i32) {
    let connections = if more.contains(&CONNECTIONS[0]) { &[] } else { CONNECTIONS };
    check(&[&["collect", "--out", out, "--fixed-clock", at], SIZE, connections, more].concat(), code, "seal:");
}

/// Two collections; what is different about the later one.
struct Two {
    scratch: Scratch,
    before: String,
    after: String,
}

impl Two {
    fn collected(name: &str, before: &[&str], after: &[&str]) -> Self {
        let scratch = Scratch::new(name);
        let two = Self { before: scratch.path("before"), after: scratch.path("after"), scratch };
        // 5 where the coverage is not complete, as some tests want it.
        let code = |more: &[&str]| if more.contains(&"--sim-faults") { 5 } else { 0 };
        collect_at(&two.before, THEN, before, code(before));
        collect_at(&two.after, LATER, after, code(after));
        two
    }

    fn diff<'a>(&'a self, more: &[&'a str]) -> Vec<&'a str> {
        [&["diff", &self.before, &self.after], more].concat()
    }

    /// What `--format json` gives: the changes, and the comparison.
    fn lines(&self, more: &[&str]) -> (Vec<Value>, Value) {
        let output = check(&self.diff(&[&["--format", "json"], more].concat()), 0, "comparison");
        let mut document: Value = serde_json::from_slice(&output.stdout).unwrap();
        let (lines, comparison) = (document["changes"].take(), document["comparison"].take());
        let lines = lines.as_array().unwrap().clone();
        assert_eq!(comparison["type"], "comparison");
        assert_eq!(comparison["changes"], lines.len());
        for line in &lines {
            assert_eq!((&line["type"], &line["basis"]), (&json!("change"), &json!("derived")));
        }
        (lines, comparison)
    }
}

/// Native ids of the changes of one sort, by kind.
fn found(changes: &[Value], change: &str, class: &str) -> Inventory {
    let mut all = Inventory::new();
    for line in changes.iter().filter(|line| line["change"] == change && line["class"] == class) {
        let kind = line["kind"].as_str().unwrap();
        let side = if line["after"].is_null() { "before" } else { "after" };
        let id = line[side]["record_id"].as_str().unwrap();
        let native = id.splitn(5, ':').nth(4).unwrap();
        assert!(all.entry(kind.into()).or_default().insert(native.into()), "{id} is there twice");
    }
    all
}

fn count(changes: &[Value], kind: &str, change: &str) -> usize {
    changes.iter().filter(|line| line["kind"] == kind && line["change"] == change).count()
}

fn kind<'c>(comparison: &'c Value, kind: &str) -> &'c Value {
    comparison["kinds"].as_array().unwrap().iter().find(|row| row["kind"] == kind).unwrap()
}

#[test]
fn what_the_simulator_changed_is_found_id_by_id() {
    let two = Two::collected("exact", &[], &["--sim-changes", "8"]);
    let account = AccountSpec { seed: 1, users: 20, teams: 3, groups: 2, connections: 30 };
    let mut told = Answers::new(Config { account, changes: 8, ..Config::default() }).changed();
    for events in [&mut told.created, &mut told.deleted] {
        assert!(events.remove("audit_event").is_some(), "events come and go too, and are not compared");
    }
    let (changes, comparison) = two.lines(&[]);
    assert_eq!(found(&changes, "created", "configuration"), told.created);
    assert_eq!(found(&changes, "deleted", "configuration"), told.deleted);
    assert_eq!(found(&changes, "edited", "configuration"), told.edited);
    assert_eq!(found(&changes, "edited", "activity"), told.active);
    let all = [told.created, told.deleted, told.edited, told.active];
    let told: usize = all.iter().flat_map(BTreeMap::values).map(std::collections::BTreeSet::len).sum();
    assert!(all.iter().all(|part| !part.is_empty()) && told > 20);
    assert_eq!(changes.len(), told, "nothing else was found");
    assert_eq!(caveats(&comparison), [""; 0]);
    assert!(kind(&comparison, "audit_event")["not_compared"].is_string());
}

#[test]
fn a_change_tells_all_that_is_known_of_it_and_no_more() {
    let two = Two::collected("telling", &[], &["--sim-changes", "4"]);
    let (changes, comparison) = two.lines(&[]);
    let switched =
        changes.iter().find(|line| line["kind"] == "connection" && line["class"] == "configuration").unwrap();
    let edit = switched["edits"].as_array().unwrap().iter().find(|edit| edit["pointer"] == "/paused").unwrap();
    assert_eq!(
        (edit["before"].as_bool().unwrap(), &edit["class"]),
        (!edit["after"].as_bool().unwrap(), &json!("configuration"))
    );
    assert_eq!(switched["interval"], json!({"after": THEN, "before": LATER}));
    assert_eq!((&switched["actor"], &switched["actor_basis"]), (&json!("unknown"), &Value::Null));
    for (side, out) in [("before", &two.before), ("after", &two.after)] {
        let id = switched[side]["record_id"].as_str().unwrap();
        let text = evidence(out);
        let line = text.lines().find(|line| line.starts_with(&format!("{{\"id\":{id:?}"))).unwrap();
        let record: Value = serde_json::from_str(line).unwrap();
        for field in ["digest", "observed_at", "title"] {
            assert_eq!(switched[side][field], record[field]);
        }
    }
    let synced = changes.iter().find(|line| line["class"] == "activity").unwrap();
    assert_eq!(synced["edits"][0]["pointer"], "/succeeded_at");
    let ids: std::collections::BTreeSet<_> = changes.iter().map(|line| line["id"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), changes.len(), "every change has an id of its own");
    let manifest: Value =
        serde_json::from_slice(&std::fs::read(Path::new(&two.after).join("manifest.json")).unwrap()).unwrap();
    assert_eq!(comparison["after"]["chain_head"], manifest["chain_head"]);
}

#[test]
fn who_made_a_thing_is_told_where_the_thing_says_so() {
    let two = Two::collected("actor", &[], &["--sim-connections", "34"]);
    let (changes, _) = two.lines(&[]);
    let created: Vec<_> =
        changes.iter().filter(|line| line["kind"] == "connection" && line["change"] == "created").collect();
    assert_eq!(created.len(), 4);
    let text = evidence(&two.after);
    for line in created {
        let id = line["after"]["record_id"].as_str().unwrap();
        let record = text.lines().find(|line| line.starts_with(&format!("{{\"id\":{id:?}"))).unwrap();
        let record: Value = serde_json::from_str(record).unwrap();
        match record["content"]["connected_by"].as_str() {
            Some(user) => assert_eq!((&line["actor"], &line["actor_basis"]), (&json!(user), &json!("/connected_by"))),
            None => assert_eq!((&line["actor"], &line["actor_basis"]), (&json!("unknown"), &Value::Null)),
        }
    }
}

#[test]
fn of_what_is_spread_over_days_the_same_part_is_compared_and_another_is_not() {
    let scratch = Scratch::new("spread-settings");
    let settings = scratch.write("settings.json", r#"{"spread_days": 4}"#);
    let spread = ["--settings", settings.as_str()];
    let fewer = [&spread[..], &["--sim-connections", "20"]].concat();
    // Four weeks later it is the same part's turn, a day later still another's.
    let two = Two::collected("spread", &spread, &fewer);
    let (changes, comparison) = two.lines(&[]);
    for row in ["connection_schema", "certificate", "fingerprint"].map(|name| kind(&comparison, name)) {
        assert_eq!(row["not_compared"], Value::Null);
        let gone = row["before"].as_u64().unwrap() - row["after"].as_u64().unwrap();
        assert_eq!((&row["deleted"], &row["inconclusive"]), (&json!(gone), &json!(0)), "{row}");
    }
    assert!(count(&changes, "connection_schema", "deleted") > 0);
    assert!(count(&changes, "connection", "deleted") > count(&changes, "connection_schema", "deleted"));

    let next_day = two.scratch.path("next-day");
    collect_at(&next_day, "2026-02-01T12:00:00.000Z", &fewer, 0);
    let two = Two { scratch: Scratch::new("spread-next"), before: two.before.clone(), after: next_day };
    let (changes, comparison) = two.lines(&[]);
    let why = "spread over days, part 1 of 4 before and part 2 of 4 after: compare collections that are 4 days apart";
    for name in ["connection_schema", "certificate", "fingerprint"] {
        assert_eq!(kind(&comparison, name)["not_compared"], why);
        assert!(changes.iter().all(|line| line["kind"] != name), "nothing is said of {name}");
    }
    assert_eq!(count(&changes, "connection", "deleted"), 10);
}

/// Caveats of a comparison, but for how its two sides were made.
fn caveats(comparison: &Value) -> Vec<String> {
    let all = comparison["caveats"].as_array().unwrap().iter().map(|caveat| caveat.as_str().unwrap().to_string());
    let (made, others): (Vec<String>, Vec<String>) =
        all.partition(|caveat| caveat.starts_with("before: ") || caveat.starts_with("after: "));
    for word in ["SIMULATED", "NOT THE SYSTEM'S CLOCK"] {
        assert_eq!(made.iter().filter(|caveat| caveat.contains(word)).count(), 2, "{made:?}");
    }
    others
}

#[test]
fn the_same_account_has_no_changes() {
    let two = Two::collected("same", &[], &["--max-records-per-page", "7"]);
    let (changes, comparison) = two.lines(&[]);
    assert_eq!(changes, [] as [Value; 0]);
    assert_eq!(caveats(&comparison), [""; 0]);
    check(&two.diff(&[]), 0, "no changes");
    check(&["diff", &two.before, &two.before], 0, "no changes");
}

#[test]
fn lines_are_canonical_in_order_and_the_same_every_time() {
    let two = Two::collected("bytes", &[], &["--sim-changes", "6"]);
    let (one, other) = (two.scratch.path("one.jsonl"), two.scratch.path("other.jsonl"));
    check(&two.diff(&["--out", &one]), 0, "one.jsonl");
    let moved = two.scratch.path("moved");
    std::fs::rename(&two.after, &moved).unwrap();
    let output = check(&["diff", &two.before, &moved, "--out", &other, "--format", "json"], 0, "comparison");
    let text = std::fs::read(&one).unwrap();
    assert!(text == std::fs::read(&other).unwrap());
    let lines: Vec<Value> = text
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty())
        .map(|line| {
            let value = serde_json::from_slice(line).unwrap();
            assert_eq!(canonical(&value).unwrap(), line);
            value
        })
        .collect();
    let manifest: Value =
        serde_json::from_slice(&std::fs::read(Path::new(&moved).join("manifest.json")).unwrap()).unwrap();
    let kinds: Vec<&str> =
        manifest["coverage"].as_array().unwrap().iter().map(|row| row["kind"].as_str().unwrap()).collect();
    let (comparison, changes) = lines.split_last().unwrap();
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(document, json!({"changes": changes, "comparison": comparison}), "the same, as one document");
    let place = |line: &Value| {
        let side = if line["after"].is_null() { "before" } else { "after" };
        let kind = kinds.iter().position(|kind| line["kind"] == *kind).unwrap();
        (kind, line[side]["record_id"].as_str().unwrap().to_string())
    };
    assert!(changes.len() > 20 && changes.is_sorted_by_key(place));
    check(&["diff", &two.before, &moved, "--out", &one], 2, "exists already");
    assert_eq!(std::fs::read(&one).unwrap(), text, "nothing was overwritten");
}

#[test]
fn activity_can_be_left_out() {
    let two = Two::collected("config", &[], &["--sim-changes", "8"]);
    let (all, counted) = two.lines(&[]);
    let (some, counted_too) = two.lines(&["--config-only"]);
    assert_eq!(counted["kinds"], counted_too["kinds"], "it is counted all the same");
    assert!(some.len() < all.len());
    for change in ["created", "edited", "deleted"] {
        assert_eq!(found(&some, change, "configuration"), found(&all, change, "configuration"));
    }
    let edits = |changes: &[Value]| {
        changes.iter().flat_map(|line| line["edits"].as_array().unwrap().clone()).collect::<Vec<_>>()
    };
    assert!(edits(&all).iter().any(|edit| edit["class"] == "activity"));
    assert!(edits(&some).iter().all(|edit| edit["class"] == "configuration"));
}

#[test]
fn what_was_not_read_completely_is_neither_created_nor_deleted() {
    let forbidden = ["--sim-faults", "403@/v1/users"];
    let two = Two::collected("forbidden", &[], &forbidden);
    let (changes, comparison) = two.lines(&[]);
    assert_eq!((count(&changes, "user", "absent"), count(&changes, "user", "deleted")), (20, 0));
    assert!(count(&changes, "access_grant", "absent") > 10 && count(&changes, "access_grant", "deleted") == 0);
    let absent = changes.iter().find(|line| line["kind"] == "user").unwrap();
    assert_eq!((&absent["class"], &absent["reason"]), (&json!("inconclusive"), &json!("coverage was forbidden after")));
    assert_eq!(kind(&comparison, "user")["inconclusive"], 20);
    check(&two.diff(&[]), 0, "absent ");

    let two = Two::collected("forbidden-before", &forbidden, &[]);
    let (changes, _) = two.lines(&[]);
    assert_eq!((count(&changes, "user", "appeared"), count(&changes, "user", "created")), (20, 0));
}

#[test]
fn details_that_were_not_read_are_no_edits() {
    let two = Two::collected("details", &[], &["--sim-faults", "403@/v1/connections/"]);
    let (changes, _) = two.lines(&[]);
    let connections: Vec<_> = changes.iter().filter(|line| line["kind"] == "connection").collect();
    assert_eq!(connections.len(), 30);
    for line in connections {
        assert_eq!((&line["change"], &line["class"]), (&json!("edited"), &json!("inconclusive")));
        let pointers: Vec<_> = line["edits"].as_array().unwrap().iter().map(|edit| &edit["pointer"]).collect();
        assert_eq!(pointers, ["/details", "/settings", "/setup_tests"]);
    }
}

#[test]
fn shrinkage_is_doubted_until_someone_says_that_it_is_meant() {
    let two = Two::collected("shrunk", &[], &["--sim-connections", "12"]);
    let (changes, comparison) = two.lines(&[]);
    assert_eq!(count(&changes, "connection", "shrunk"), 1);
    assert_eq!((count(&changes, "connection", "absent"), count(&changes, "connection", "deleted")), (18, 0));
    let shrunk = changes.iter().find(|line| line["change"] == "shrunk" && line["kind"] == "connection").unwrap();
    assert_eq!(shrunk["reason"], "18 of 30 are gone at once, more than 50 %");
    assert_eq!(kind(&comparison, "connection")["shrunk"], true);
    check(&two.diff(&[]), 0, "shrunk");
    for (percent, deleted) in [("59", 0), ("60", 18), ("100", 18)] {
        let (changes, _) = two.lines(&["--max-drop", percent]);
        assert_eq!(count(&changes, "connection", "deleted"), deleted, "{percent}");
    }
    check(&two.diff(&["--max-drop", "101"]), 2, "--max-drop");
}

/// What was read through things whose deletion is doubted is no less doubtful, however few it is.
#[test]
fn what_was_read_through_something_that_is_doubted_is_not_called_deleted() {
    let scratch = Scratch::new("through");
    let two = Two { before: scratch.path("before"), after: scratch.path("after"), scratch };
    for (out, users, at) in [(&two.before, "40", THEN), (&two.after, "5", LATER)] {
        let args = ["collect", "--out", out, "--kinds", "user,api_key", "--fixed-clock", at, "--sim-users", users];
        check(&args, 0, "seal:");
    }
    let (changes, comparison) = two.lines(&[]);
    assert_eq!(kind(&comparison, "user")["shrunk"], true);
    let keys: Vec<&Value> = changes.iter().filter(|line| line["kind"] == "api_key").collect();
    assert!(!keys.is_empty());
    for key in keys {
        assert_eq!(key["change"], "absent", "{key}");
        let reason = key["reason"].as_str().unwrap();
        assert!(reason.starts_with("it was read through the user ") && reason.ends_with("whose deletion is doubted"));
    }
    let (changes, _) = two.lines(&["--max-drop", "100"]);
    assert_eq!(count(&changes, "api_key", "absent"), 0);
    assert!(count(&changes, "api_key", "deleted") > 0);
}

#[test]
fn a_few_may_all_be_gone() {
    let two = Two::collected("few", &["--sim-connections", "9"], &["--sim-connections", "0"]);
    let (changes, _) = two.lines(&[]);
    assert_eq!((count(&changes, "connection", "deleted"), count(&changes, "connection", "shrunk")), (9, 0));
}

#[test]
fn another_principal_may_see_other_things() {
    let scopes = "ACCOUNT,USER,TEAM,ROLES,DESTINATION,CONNECTOR,WEBHOOK,TRANSFORMATION,REMOTE_EXECUTION_AGENT,PRIVATE_LINK,PROXY";
    let kinds = ["--kinds", "user,team,connection"];
    let two =
        Two::collected("principal", &kinds, &[&kinds[..], &["--sim-scopes", scopes, "--sim-changes", "4"]].concat());
    let (changes, comparison) = two.lines(&[]);
    let caveats = caveats(&comparison);
    let caveat = &caveats[0];
    assert!(caveat.contains("system_key") && caveat.contains("may see different things"), "{caveat}");
    assert_eq!((count(&changes, "user", "created"), count(&changes, "user", "deleted")), (0, 0));
    assert_eq!((count(&changes, "user", "appeared"), count(&changes, "user", "absent")), (2, 2));
    assert!(count(&changes, "user", "edited") > 0);
}

#[test]
fn kinds_that_only_one_has_are_not_compared() {
    let two = Two::collected("kinds", &["--kinds", "user,team"], &["--kinds", "user,group", "--sim-changes", "2"]);
    let (changes, comparison) = two.lines(&[]);
    assert!(changes.iter().all(|line| line["kind"] == "user"));
    assert_eq!(kind(&comparison, "group")["not_compared"], "not asked for before");
    assert_eq!(kind(&comparison, "team")["not_compared"], "not asked for after");
    collect_at(&two.scratch.path("third"), LATER, &["--kinds", "role"], 0);
    check(&["diff", &two.before, &two.scratch.path("third")], 2, "no kind in common");
}

#[test]
fn what_cannot_be_compared_is_refused() {
    let two = Two::collected("refused", &["--kinds", "user"], &["--kinds", "user"]);
    let (other, hashed) = (two.scratch.path("other"), two.scratch.path("hashed"));
    collect_at(&other, LATER, &["--kinds", "user", "--sim-seed", "2"], 0);
    let settings =
        two.scratch.write("s.json", r#"{"personal_data": "hashed", "personal_data_key": "0123456789abcdef"}"#);
    collect_at(&hashed, LATER, &["--kinds", "user", "--settings", &settings], 0);
    let out = two.scratch.path("out.jsonl");
    check(&["diff", &two.before, &other, "--out", &out], 2, "different accounts");
    check(&["diff", &two.before, &hashed, "--out", &out], 2, "different settings: personal_data, personal_data_key");
    check(&["diff", &two.after, &two.before, "--out", &out], 2, "name the older one first");
    check(&["diff", &two.before, &two.scratch.path("nothing")], 2, "no manifest.json");
    let left: Vec<_> = std::fs::read_dir(&two.scratch.0).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(!left.iter().any(|name| name.to_string_lossy().contains("out.jsonl")), "{left:?}");
}

#[test]
fn what_is_damaged_is_refused_and_the_line_is_named() {
    let two = Two::collected("damaged", &["--kinds", "user"], &["--kinds", "user"]);
    let file = Path::new(&two.after).join("evidence.jsonl");
    let good = std::fs::read_to_string(&file).unwrap();
    let lines: Vec<&str> = good.split_inclusive('\n').collect();
    let edited = lines[3].replacen("\"verified\":true", "\"verified\":false", 1);
    let retold = lines[3].replacen("\"title\":\"", "\"title\":\"X", 1);
    assert!(edited != lines[3] && retold != lines[3]);
    for (text, want) in [
        ([&lines[..3], &[&edited], &lines[4..]].concat().concat(), "line 4: the content does not match"),
        ([&lines[..3], &["{}\n"], &lines[4..]].concat().concat(), "line 4: no record"),
        ([&lines[..3], &[lines[1]], &lines[3..]].concat().concat(), "line 4: a record that is there already"),
        ([&lines[..3], &lines[4..]].concat().concat(), "other numbers of records than manifest.json says"),
        ([&lines[..3], &[&retold], &lines[4..]].concat().concat(), "seal.json is not the seal of these files"),
        (good[..good.len() - 1].into(), "cut off"),
        (lines[..lines.len() - 1].concat(), "other numbers of records"),
        (good.clone() + lines[0], "more after the manifest record"),
    ] {
        std::fs::write(&file, text).unwrap();
        check(&two.diff(&[]), 2, want);
        check(&two.diff(&[]), 2, "after/");
    }
    std::fs::write(&file, good).unwrap();
    check(&two.diff(&[]), 0, "no changes");
    let manifest = Path::new(&two.after).join("manifest.json");
    let text = std::fs::read_to_string(&manifest).unwrap();
    std::fs::write(&manifest, text.replacen("\"complete\"", "\"partial\"", 1)).unwrap();
    check(&two.diff(&[]), 2, "seal.json is not the seal of these files");
    std::fs::write(&manifest, "{").unwrap();
    check(&two.diff(&[]), 2, "manifest.json cannot be read");
    std::fs::write(Path::new(&two.after).join("cursor"), "{}").unwrap();
    check(&two.diff(&[]), 2, "not finished");
}

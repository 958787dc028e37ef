//! The contract that scripts rely on: names, files, exit codes, and what bad input gets. The real
//! program against the embedded simulator, or one of its own.
#![cfg(unix)]

use crate::support::*;
use serde_json::Value;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

fn lines(out: &str) -> Vec<Value> {
    let text = evidence(out);
    assert!(text.is_empty() || text.ends_with('\n'));
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn collect_writes_evidence_and_a_manifest() {
    let scratch = Scratch::new("collect");
    let out = scratch.path("out");
    check(&collect(&out, &["--check", "--concurrency", "4"]), 0, "complete");
    let records = lines(&out);
    for field in [
        "id",
        "kind",
        "schema_version",
        "title",
        "subject",
        "observed_at",
        "effective_at",
        "content",
        "digest",
        "provenance",
        "withheld",
        "valid_until",
    ] {
        assert!(records.iter().all(|record| record.get(field).is_some()), "{field}");
    }
    assert_eq!(records.last().unwrap()["kind"], "manifest");
    let manifest: Value =
        serde_json::from_slice(&std::fs::read(Path::new(&out).join("manifest.json")).unwrap()).unwrap();
    assert_eq!(manifest["records"], records.len());
    assert!(!Path::new(&out).join("cursor").exists());
    for file in std::fs::read_dir(&out).unwrap() {
        use std::os::unix::fs::PermissionsExt;
        let file = file.unwrap();
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{:?}", file.file_name());
    }
    check(&collect(&out, &[]), 2, "holds a collection already");
    check(&collect(&out, &["--resume"]), 2, "there is nothing to resume");
    assert_eq!(lines(&out), records, "nothing was touched");
}

#[test]
fn a_fixed_clock_makes_runs_that_can_be_repeated_to_the_byte() {
    let scratch = Scratch::new("repeat");
    let (one, two) = (scratch.path("one"), scratch.path("two"));
    check(&collect(&one, CLOCK), 0, "complete");
    check(&collect(&two, &[CLOCK, &["--concurrency", "16", "--max-records-per-page", "7"]].concat()), 0, "complete");
    assert!(evidence(&one) == evidence(&two));
}

#[test]
fn kinds_and_since_narrow_a_collection() {
    let scratch = Scratch::new("narrow");
    let out = scratch.path("out");
    check(&collect(&out, &["--kinds", "user,audit_event", "--since", "2024-01-01T00:00:00Z"]), 0, "audit_event");
    let records = lines(&out);
    assert!(records.iter().any(|record| record["kind"] == "user"));
    assert!(!records.iter().any(|record| record["kind"] == "connection"));
    for event in records.iter().filter(|record| record["kind"] == "audit_event") {
        assert!(event["effective_at"].as_str().unwrap() >= "2024");
    }
}

#[test]
fn describe_works_without_credentials() {
    let output = check(&["describe", "--format", "json"], 0, "");
    let source: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&source["name"], &source["category"]), (&Value::from("Fivetran"), &Value::from("Analytics")));
    for kind in source["kinds"].as_array().unwrap() {
        assert_eq!(kind["content_schema"]["$schema"], "https://json-schema.org/draft/2020-12/schema");
    }
    check(&["describe", "--format", "table"], 0, "audit_event");
}

#[test]
fn health_tells_what_to_do() {
    check(&[&["health"], SMALL].concat(), 0, "Account Administrator");
    check(&[&["health", "--depth", "coverage"], SMALL].concat(), 0, "team_membership");
    check(&[&["health", "--depth", "coverage", "--sim-scopes", "USER,ROLES"], SMALL].concat(), 5, "CONNECTOR");
    check(&["health", "--upstream", "http://127.0.0.1:1"], 4, "connection-refused");
}

#[test]
fn a_plan_tells_the_calls_and_writes_nothing() {
    let scratch = Scratch::new("plan");
    let out = scratch.path("out");
    let plan = |more: &[&str], code, text| check(&[&["collect", "--plan"], SMALL, more].concat(), code, text);
    let output = plan(&["--format", "json"], 0, "GET /v1/users/{id}/groups");
    let cost: Value = serde_json::from_slice(&output.stdout).unwrap();
    check(&collect(&out, &[]), 0, &format!(" {} calls of at most 5000 an hour", cost["calls"]));
    let kinds: u64 = cost["kinds"].as_object().unwrap().values().filter_map(Value::as_u64).sum();
    assert_eq!(cost["calls"], kinds);
    plan(&[], 0, "% of the 5000 an hour that the settings allow");
    plan(&["--concurrency", "3"], 0, "with 3 in flight");
    plan(&["--kinds", "usr"], 2, "--kinds: there is no kind \"usr\"\n  → did you mean \"user\"? describe lists all");
    plan(&["--since", "2999-01-01T00:00:00Z"], 2, "--since 2999-01-01T00:00:00Z is in the future");
    let settings = scratch.write("settings.json", r#"{"requests_per_hour": 5}"#);
    plan(&["--settings", &settings], 5, "not counted to the end");
    plan(&["--out", &out], 2, "--out");
    plan(&["--resume"], 2, "--resume");
    plan(&["--upstream", "http://127.0.0.1:1"], 4, "connection-refused");
    let told = check(&[&["health", "--depth", "coverage", "--format", "json"], SMALL].concat(), 0, "");
    let told: Value = serde_json::from_slice(&told.stdout).unwrap();
    assert_eq!(told["cost"]["calls"], cost["calls"]);
    check(&[&["health", "--depth", "coverage"], SMALL].concat(), 0, "a collection: ");
}

#[test]
fn a_spread_collection_is_not_complete_and_ends_well_as_that_was_asked_for() {
    let scratch = Scratch::new("spread");
    let (out, settings) = (scratch.path("out"), scratch.write("settings.json", r#"{"spread_days": 7}"#));
    check(&collect(&out, &["--settings", &settings, "--check"]), 0, "spread");
    let manifest: Value =
        serde_json::from_slice(&std::fs::read(Path::new(&out).join("manifest.json")).unwrap()).unwrap();
    let coverage = manifest["coverage"].as_array().unwrap().iter();
    let spread: Vec<&str> =
        coverage.filter(|row| row["state"] == "spread").map(|row| row["kind"].as_str().unwrap()).collect();
    assert_eq!(spread, ["connection_schema", "certificate", "fingerprint", "audit_event"]);
    assert!(lines(&out).last().unwrap()["title"].as_str().unwrap().contains("4 of 26 kinds not complete"));
    check(&["verify", &out], 11, "consistent with itself");
}

#[test]
fn missing_scopes_are_incomplete_coverage() {
    let scratch = Scratch::new("scopes");
    let out = scratch.path("out");
    check(&collect(&out, &["--sim-scopes", "USER,TEAM,DESTINATION,CONNECTOR"]), 5, "ROLES:READ");
}

#[test]
fn bad_usage_is_told_apart() {
    let scratch = Scratch::new("usage");
    let out = scratch.path("out");
    check(&["frobnicate"], 2, "frobnicate");
    check(&["collect"], 2, "--out");
    for (flag, value, want) in [
        ("--kinds", "usr", "error: --kinds: there is no kind \"usr\""),
        ("--since", "yesterday", "--since \"yesterday\" is not a timestamp\n  → write it like"),
        (
            "--since",
            "2999-01-01T00:00:00Z",
            "--since 2999-01-01T00:00:00Z is in the future, and no event can be\n  → give",
        ),
        ("--max-records-per-page", "0", "'--max-records-per-page <N>'"),
        ("--max-requests-per-page", "0", "'--max-requests-per-page <N>'"),
        ("--max-milliseconds-per-page", "0", "'--max-milliseconds-per-page <N>'"),
        ("--concurrency", "0", "'--concurrency <N>': 0 is not in 1..=64"),
        ("--concurrency", "100", "'--concurrency <N>': 100 is not in 1..=64"),
        ("--upstream", "http://127.0.0.1:1/x", "--upstream"),
        ("--fixed-clock", "noon", "--fixed-clock"),
    ] {
        check(&collect(&out, &[flag, value]), 2, want);
        assert!(!Path::new(&out).exists(), "{flag} {value} left something behind");
    }
    // What the component sees for the present, nothing is later than that.
    let early = ["--fixed-clock", "2020-01-01T00:00:00Z", "--since", "2020-01-02T00:00:00Z"];
    check(&collect(&out, &early), 2, "--since 2020-01-02T00:00:00Z is in the future");
    let fleet = ["fleet", "--simulated", "1", "--out", &out, "--since", "2999-01-01T00:00:00Z"];
    check(&fleet, 2, "--since 2999-01-01T00:00:00Z is in the future");
    assert!(!Path::new(&out).exists(), "something was left behind");
    check(&["describe", "--component", &scratch.path("absent.wasm")], 2, "absent.wasm");
}

#[test]
fn bad_settings_name_the_field() {
    let scratch = Scratch::new("settings");
    let out = scratch.path("out");
    for (text, want) in [
        ("{", "/settings"),
        ("[]", "/settings"),
        (r#"{"colour": 1}"#, "/settings/colour"),
        (r#"{"connection_details": 1}"#, "/settings/connection_details"),
    ] {
        let file = scratch.write("settings.json", text);
        check(&collect(&out, &["--settings", &file]), 3, want);
        assert!(!Path::new(&out).exists(), "{text} left something behind");
    }
    check(&collect(&out, &["--settings", &scratch.path("absent.json")]), 2, "absent.json");
}

#[test]
fn bad_credentials_name_the_field() {
    let scratch = Scratch::new("credentials");
    let out = scratch.path("out");
    let key = "AbCdEfGhIjKlMnOp";
    let secret = "0123456789abcdef0123456789ABCDEF";
    for (username, password, want) in [
        ("", secret, "/credentials/username"),
        (key, " 0123456789abcdef", "/credentials/password"),
        ("QWJDZEVmR2hJaktsTW5PcDowMTIzNDU2Nzg5YWJjZGVm", secret, "joined"),
    ] {
        let mut command = program(&["collect", "--out", &out, "--upstream", "http://127.0.0.1:1"]);
        command.env("FIVETRAN_API_KEY", username).env("FIVETRAN_API_SECRET", password);
        check_output(&command.output().unwrap(), 3, want);
        assert!(!Path::new(&out).exists());
    }
    // What only looks swapped is said, and tried.
    let mut command = program(&["collect", "--out", &out, "--upstream", "http://127.0.0.1:1"]);
    command.env("FIVETRAN_API_KEY", secret).env("FIVETRAN_API_SECRET", key);
    check_output(&command.output().unwrap(), 4, "warning: API key and API secret look swapped");
    let output = program(&["health"]).env("FIVETRAN_API_KEY", key).output().unwrap();
    check_output(&output, 3, "FIVETRAN_API_SECRET");
}

#[test]
fn no_network_is_an_upstream_failure() {
    let scratch = Scratch::new("network");
    let out = scratch.path("out");
    let args = ["collect", "--out", &out, "--upstream", "http://127.0.0.1:1"];
    check(&args, 4, "connection-refused");
    assert!(!Path::new(&out).exists(), "nothing was collected, nothing is left");
}

/// Starts a collection, lets it write some pages, and ends it with a signal.
fn interrupt(out: &str, server: &Server, signal: &str) -> Option<i32> {
    let args = server.collect(out, &[CLOCK, &["--max-records-per-page", "15"]].concat());
    let mut child = program(&args).stderr(Stdio::null()).stdout(Stdio::null()).spawn().unwrap();
    let file = Path::new(out).join("evidence.jsonl");
    for _ in 0..12_000 {
        std::thread::sleep(Duration::from_millis(5));
        if std::fs::metadata(&file).is_ok_and(|file| file.len() > 20_000) {
            break;
        }
    }
    Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap();
    child.wait().unwrap().code()
}

#[test]
fn an_interrupted_collection_is_valid_and_goes_on() {
    let scratch = Scratch::new("interrupt");
    let server = Server::start(&["--sim-latency-ms", "5"]);
    let whole = scratch.path("whole");
    check(&server.collect(&whole, CLOCK), 0, "complete");
    for (name, signal, code) in [("int", "-INT", Some(130)), ("term", "-TERM", Some(130)), ("kill", "-KILL", None)] {
        let out = scratch.path(name);
        assert_eq!(interrupt(&out, &server, signal), code);
        let before = lines(&out).len();
        assert!(before > 0 && before < lines(&whole).len(), "{before} records");
        check(&server.collect(&out, &[]), 2, "--resume");
        check(&server.collect(&out, &[CLOCK, &["--resume"]].concat()), 0, "complete");
        assert!(evidence(&out) == evidence(&whole), "{name}");
    }
}

#[test]
fn a_damaged_cursor_is_refused_and_loses_nothing() {
    let scratch = Scratch::new("damaged");
    let server = Server::start(&["--sim-latency-ms", "5"]);
    let out = scratch.path("out");
    interrupt(&out, &server, "-KILL");
    let before = evidence(&out);
    let file = Path::new(&out).join("cursor");
    let good = std::fs::read_to_string(&file).unwrap();
    let at = good.find("\"cursor\": \"2.").unwrap() + 40;
    let mut bad = good.clone().into_bytes();
    bad[at] = if bad[at] == b'A' { b'B' } else { b'A' };
    std::fs::write(&file, bad).unwrap();
    check(&server.collect(&out, &["--resume"]), 2, "/cursor");
    std::fs::write(&file, "{}").unwrap();
    check(&server.collect(&out, &["--resume"]), 2, "not a cursor file");
    assert!(before.starts_with(&evidence(&out)), "nothing was changed but what the cursor does not vouch for");
    std::fs::write(&file, good).unwrap();
    check(&server.collect(&out, &["--resume"]), 0, "complete");
    check(&server.collect(&out, &["--resume"]), 2, "there is nothing to resume");
}

#[test]
fn evidence_that_was_changed_meanwhile_is_not_resumed() {
    let scratch = Scratch::new("meanwhile");
    let server = Server::start(&["--sim-latency-ms", "5"]);
    let out = scratch.path("out");
    interrupt(&out, &server, "-KILL");
    let (file, cursor) = (Path::new(&out).join("evidence.jsonl"), Path::new(&out).join("cursor"));
    let (good, good_cursor) = (evidence(&out), std::fs::read_to_string(&cursor).unwrap());
    let head = good_cursor.find("\"chain_head\": \"").unwrap() + 15;
    let other_head = format!("{}{}{}", &good_cursor[..head], "0".repeat(64), &good_cursor[head + 64..]);
    let short = good_cursor.replacen("\"evidence_bytes\": ", "\"evidence_bytes\": 5, \"was\": ", 1);
    for (text, state, want) in [
        (good.replacen("\"title\":\"", "\"title\":\"X", 1), &good_cursor, "was changed since it was written: line "),
        (good.replacen("\"title\":\"R", "\"title\":\"X", 1), &good_cursor, "was changed since it was written: line "),
        (good.clone(), &other_head, "the chain head"),
        (good.clone(), &short, "line 1"),
    ] {
        std::fs::write(&file, &text).unwrap();
        std::fs::write(&cursor, state).unwrap();
        check(&server.collect(&out, &["--resume"]), 2, want);
        assert_eq!(evidence(&out), text, "nothing was cut");
    }
    std::fs::write(&file, &good).unwrap();
    std::fs::write(&cursor, &good_cursor).unwrap();
    check(&server.collect(&out, &["--resume"]), 0, "complete");
}

#[test]
fn a_collection_that_has_no_page_yet_is_resumed_with_its_own_settings_only() {
    let scratch = Scratch::new("settings");
    let server = Server::start(&["--sim-latency-ms", "500"]);
    let out = scratch.path("out");
    let mut child = program(&server.collect(&out, &[])).stderr(Stdio::null()).stdout(Stdio::null()).spawn().unwrap();
    for _ in 0..12_000 {
        if Path::new(&out).join("cursor").exists() {
            break;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let cursor = std::fs::read_to_string(Path::new(&out).join("cursor")).unwrap();
    assert!(cursor.contains("\"cursor\": null"), "it was killed before its first page: {cursor}");
    let server = Server::start(&[]);
    let settings = scratch.path("settings.json");
    std::fs::write(&settings, r#"{"connection_details": false}"#).unwrap();
    check(&server.collect(&out, &["--resume", "--settings", &settings]), 2, "started with other settings");
    check(&server.collect(&out, &["--resume"]), 0, "complete");
}

#[test]
fn a_second_run_on_the_same_folder_is_kept_out() {
    let scratch = Scratch::new("lock");
    let server = Server::start(&["--sim-latency-ms", "20"]);
    let out = scratch.path("out");
    let mut child = program(&server.collect(&out, &["--concurrency", "1"]))
        .stderr(Stdio::null())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    while !Path::new(&out).join("cursor").exists() {
        std::thread::sleep(Duration::from_millis(5));
    }
    check(&server.collect(&out, &["--resume"]), 2, "another run is writing");
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

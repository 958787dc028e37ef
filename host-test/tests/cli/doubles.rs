//! The audit trail against servers that we did not write: doubles of BigQuery, Snowflake and Databricks. `.ci/run`
//! installs them, and names their folder in `DOUBLES`. What they do otherwise than the real service is in
//! `docs/audit-trail-doubles.md`.

use crate::support::*;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// Rows that `load.py` makes.
const ENTRIES: u64 = 25_000;
/// Rows of the log that name an actor, be it null, empty or Fivetran itself, and those that are a user's actions.
const WITH_ACTOR: u64 = 1_500;
const ACTIONS: usize = 450;
/// Of these, what happened from 2026-01-08 on.
const LATE_ENTRIES: u64 = 18_950;
const LATE_WITH_ACTOR: u64 = 366;

/// A double, which ends with the test.
struct Double {
    child: Child,
    url: String,
    /// Settings that read it.
    settings: String,
}

impl Double {
    /// Starts and loads one; `environment` is where it is installed.
    fn start(place: &str, environment: &Path, scratch: &Scratch) -> Self {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let (name, port_flag, more): (_, _, &[&str]) = match place {
            "bigquery" => ("bqemulator", "--rest-port", &["--grpc-port", "0", "--project", "acme"]),
            "snowflake" => ("snowduck", "--port", &[]),
            _ => ("minilake", "--port", &[]),
        };
        let home = scratch.0.join(place);
        std::fs::create_dir_all(&home).unwrap();
        spatial(environment, &home);
        let child = Command::new(environment.join("bin").join(name))
            .args(if place == "bigquery" { &["start"][..] } else { &[] })
            .args([port_flag, &port.to_string()])
            .args(more)
            .current_dir(&home)
            .env("HOME", &home)
            .env("MINILAKE_DATA_DIR", home.join("data"))
            .stdout(Stdio::null())
            .stderr(std::fs::File::create(home.join("log")).unwrap())
            .spawn()
            .unwrap();
        let mut double = Self { child, url: format!("http://127.0.0.1:{port}"), settings: String::new() };
        double.wait(port, &home);
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/doubles/load.py");
        let mut loader = Command::new(environment.join("bin/python"));
        let output = loader.arg(script).args([place, &double.url]).arg(&home).output().unwrap();
        check_output(&output, 0, "acme_corp");
        double.settings = scratch.write(&format!("{place}.json"), &String::from_utf8(output.stdout).unwrap());
        double
    }

    /// Waits until it listens, for a minute at most.
    fn wait(&mut self, port: u16, home: &Path) {
        for _ in 0..600 {
            if TcpStream::connect(("127.0.0.1", port)).is_ok() {
                return;
            }
            assert!(self.child.try_wait().unwrap().is_none(), "{}", std::fs::read_to_string(home.join("log")).unwrap());
            std::thread::sleep(Duration::from_millis(100));
        }
        panic!("{} does not listen", self.url);
    }

    /// What the component makes of its tables.
    fn collect(&self, out: &str, more: &[&str]) -> String {
        let common = ["collect", "--source", "audit-trail", "--settings", &self.settings, "--upstream", &self.url];
        let bounds = ["--out", out, "--fixed-clock", "2026-02-02T00:00:00Z", "--retry-seconds", "60"];
        let args = [&common[..], &bounds, more].concat();
        let output = program(&args).env("AUDIT_TRAIL_TOKEN", "none").output().unwrap();
        check_output(&output, 0, "seal:");
        // Verified, but for where the answers came from and a clock that was set.
        check(&["verify", out], 11, "NOT THE VENDOR'S SERVER");
        check_calls(out);
        evidence(out)
    }
}

impl Drop for Double {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// No call is made twice: an answer that does not fit into a page of records is asked for again.
fn check_calls(out: &str) {
    let journal = std::fs::read_to_string(Path::new(out).join("journal.jsonl")).unwrap();
    let mut seen = BTreeSet::new();
    for line in journal.lines() {
        let call: Value = serde_json::from_str(line).unwrap();
        let one = format!("{} {} {}", call["method"], call["request"], call["sent_sha256"]);
        assert!(seen.insert(one), "{out}: twice: {line}");
    }
}

/// bqemulator loads an extension of DuckDB, and would download it: the file is put where DuckDB looks for it.
fn spatial(environment: &Path, home: &Path) {
    let libraries = environment.join("lib").read_dir().unwrap().map(|entry| entry.unwrap().path());
    let file = "site-packages/duckdb_extension_spatial/extensions/v1.5.5/spatial.duckdb_extension";
    let Some(file) = libraries.map(|library| library.join(file)).find(|file| file.is_file()) else { return };
    let machine = if cfg!(target_arch = "aarch64") { "linux_arm64" } else { "linux_amd64" };
    let folder = home.join(".duckdb/extensions/v1.5.5").join(machine);
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::copy(file, folder.join("spatial.duckdb_extension")).unwrap();
}

/// Records of a kind, to the byte but for their provenance, which names the place; in the order of their ids.
fn without_provenance(evidence: &str, kind: &str) -> Vec<String> {
    // Only a record's own kind is before its version.
    let is_kind = format!("\"kind\":\"{kind}\",\"schema_version\":");
    let cut = |line: &str| {
        let (before, rest) = line.split_once(",\"provenance\":[").unwrap();
        [before, rest.split_once("],\"withheld\":").unwrap().1].concat()
    };
    let mut lines: Vec<_> = evidence.lines().filter(|line| line.contains(&is_kind)).map(cut).collect();
    lines.sort();
    lines
}

/// Contents of the records of a kind.
fn contents(evidence: &str, kind: &str) -> Vec<Value> {
    let records = evidence.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    records.filter(|record| record["kind"] == kind).map(|mut record| record["content"].take()).collect()
}

/// Rows of a table as they were counted before, read, and counted after.
fn rows(evidence: &str, table: &str) -> [Value; 3] {
    let sources = contents(evidence, "audit_trail_source");
    let source = sources.iter().find(|source| source["table"] == table).unwrap();
    ["rows_before", "rows_read", "rows_after"].map(|name| source[name].clone())
}

/// What a double gives, all of it and since an instant: entries and user actions.
fn given(place: &str, environment: &Path, scratch: &Scratch) -> [[Vec<String>; 2]; 2] {
    let double = Double::start(place, environment, scratch);
    let runs: [(&str, &[&str], u64, u64); 2] = [
        ("whole", &[], ENTRIES, WITH_ACTOR),
        ("late", &["--since", "2026-01-08T00:00:00Z"], LATE_ENTRIES, LATE_WITH_ACTOR),
    ];
    runs.map(|(name, more, entries, with_actor)| {
        let evidence = double.collect(&scratch.path(&format!("{place}-{name}")), more);
        assert_eq!(rows(&evidence, "audit_trail"), [(); 3].map(|()| Value::from(entries)), "{place}, {name}");
        assert_eq!(rows(&evidence, "log"), [(); 3].map(|()| Value::from(with_actor)), "{place}, {name}");
        let found = contents(&evidence, "audit_trail_entry");
        // Each once: as many as there are, and as many ids.
        let ids: BTreeSet<_> = found.iter().map(|entry| entry["trail_id"].as_str().unwrap()).collect();
        assert_eq!((found.len() as u64, ids.len() as u64), (entries, entries), "{place}, {name}");
        if name == "whole" {
            check_contents(&found, &contents(&evidence, "user_action"));
        }
        ["audit_trail_entry", "user_action"].map(|kind| without_provenance(&evidence, kind))
    })
}

/// What `load.py` wrote of its second entry, and who acts in its log.
fn check_contents(entries: &[Value], actions: &[Value]) {
    let second = entries.iter().find(|entry| entry["trail_id"] == "aud_0007919").unwrap();
    let want = json!({
        "action": "EDIT", "captured_at": "2026-01-01T00:00:00.000000Z", "changed": ["name", "share", "sync_frequency"],
        "interaction_method": "API", "new_values": {"paused": false, "sync_frequency": 60},
        "old_values": {"paused": false, "sync_frequency": 360}, "primary_resource_id": "thing_1",
        "primary_resource_type": "USER", "secondary_resource_id": "group_1", "secondary_resource_type": "DESTINATION",
        "source": "audit_trail", "synced_at": "2026-02-01T03:04:05.678Z", "trail_id": "aud_0007919", "user_id": "user_1"
    });
    assert_eq!(*second, want);
    assert_eq!(actions.len(), ACTIONS);
    let is_person = |who: &str| who == "ada@example.com" || who.starts_with("user_");
    assert!(actions.iter().all(|action| action["user_id"].as_str().is_some_and(is_person)));
}

#[test]
fn three_doubles_that_are_not_ours_give_the_same_entries_each_once() {
    let Some(doubles) = std::env::var_os("DOUBLES").map(PathBuf::from) else {
        return println!("skipped: DOUBLES names no folder with doubles of warehouses (.ci/run installs them)");
    };
    let scratch = Scratch::new("doubles");
    let first = given("bigquery", &doubles.join("bigquery"), &scratch);
    for place in ["snowflake", "databricks"] {
        let other = given(place, &doubles.join(place), &scratch);
        assert!(other == first, "{place} gives other records than bigquery");
    }
}

//! `fleet` as a user runs it: each tenant's folder is the one that `collect` alone would have made,
//! whatever happens to the fleet or to its other tenants. What a fleet holds and spends meanwhile is
//! tested in `tests/component/fleet.rs` of the root package.
#![cfg(unix)]

use crate::support::*;
use serde_json::{Value, json};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

const PAIR: [(&str, &str); 2] = [("ACME_KEY", "simulated-key"), ("ACME_SECRET", "simulated-secret-that-opens-nothing")];

fn fleet<'a>(out: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    [&["fleet", "--out", out], SMALL, CLOCK, more].concat()
}

/// A manifest without what the time of day and the portions have a say in.
fn manifest(out: &str) -> Value {
    let text = std::fs::read_to_string(Path::new(out).join("manifest.json")).unwrap();
    let mut manifest: Value = serde_json::from_str(&text).unwrap();
    for field in ["started_at", "updated_at", "pages", "requests", "retries", "bytes_received", "journal_head", "made"]
    {
        manifest.as_object_mut().unwrap().remove(field).unwrap();
    }
    manifest
}

/// A collection of the account of each of so many simulated tenants, by itself.
fn alone(scratch: &Scratch, tenants: usize) -> Vec<String> {
    let one = |number: usize| {
        let (out, seed) = (scratch.path(&format!("alone-{number}")), (number + 1).to_string());
        check(&collect(&out, &[CLOCK, &["--sim-seed", &seed]].concat()), 0, "complete");
        out
    };
    (0..tenants).map(one).collect()
}

fn check_same(fleet: &str, alone: &[String]) {
    for (number, want) in alone.iter().enumerate() {
        let got = format!("{fleet}/tenant-{number}");
        assert!(evidence(&got) == evidence(want), "{got}");
        assert_eq!(manifest(&got), manifest(want), "{got}");
        check(&["verify", &got], 11, "consistent with itself");
    }
}

fn outcomes(summary: &str) -> Vec<(String, String)> {
    let summary: Value = serde_json::from_str(&std::fs::read_to_string(summary).unwrap()).unwrap();
    let text = |tenant: &Value, field: &str| tenant[field].as_str().unwrap().to_string();
    summary["tenants"].as_array().unwrap().iter().map(|it| (text(it, "name"), text(it, "outcome"))).collect()
}

#[test]
fn each_tenant_gets_what_it_would_get_alone_in_portions_of_any_size() {
    let scratch = Scratch::new("fleet-same");
    let alone = alone(&scratch, 3);
    for portions in [&[][..], &["--max-requests-per-page", "20", "--active", "1"], &["--concurrency", "1"]] {
        let out = scratch.path("fleet");
        check(&fleet(&out, &[&["--simulated", "3"], portions].concat()), 0, "3 tenants finished");
        check_same(&out, &alone);
        std::fs::remove_dir_all(&out).unwrap();
    }
}

#[test]
fn the_same_output_is_neither_overwritten_nor_collected_again() {
    let scratch = Scratch::new("fleet-again");
    let (out, summary) = (scratch.path("fleet"), scratch.path("summary.json"));
    check(&fleet(&out, &["--simulated", "2"]), 0, "");
    let before = (evidence(&format!("{out}/tenant-0")), manifest(&format!("{out}/tenant-1")));
    check(&fleet(&out, &["--simulated", "2"]), 2, "tenant-0 holds a collection already");
    // A third tenant is new, the two others are left alone.
    let output = check(&fleet(&out, &["--simulated", "3", "--resume", "--summary", &summary]), 0, "2 were before");
    check_output(&output, 0, "1 tenant finished");
    assert!(outcomes(&summary).iter().all(|(_, outcome)| outcome == "complete"));
    assert!(before == (evidence(&format!("{out}/tenant-0")), manifest(&format!("{out}/tenant-1"))));
}

/// A fleet of ten that is slow enough to be stopped while tenants are between their pages.
fn slow<'a>(out: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let portions = ["--simulated", "10", "--sim-latency-ms", "10", "--max-requests-per-page", "30", "--active", "3"];
    fleet(out, &[&portions[..], more].concat())
}

fn begin(args: &[&str]) -> Child {
    program(args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

fn cursors(out: &str) -> usize {
    let folders = std::fs::read_dir(out).into_iter().flatten();
    folders.filter(|folder| folder.as_ref().is_ok_and(|folder| folder.path().join("cursor").exists())).count()
}

fn wait_until_begun(child: &mut Child, out: &str) {
    while cursors(out) < 3 {
        assert!(child.try_wait().unwrap().is_none(), "it ended by itself");
        std::thread::sleep(Duration::from_millis(2));
    }
}

#[test]
fn a_fleet_that_is_stopped_or_killed_resumes_to_the_same_bytes() {
    let scratch = Scratch::new("fleet-stop");
    let alone = alone(&scratch, 10);
    for signal in ["-INT", "-TERM", "-KILL"] {
        let out = scratch.path(&format!("fleet{signal}"));
        let mut child = begin(&slow(&out, &[]));
        wait_until_begun(&mut child, &out);
        Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap();
        let output = child.wait_with_output().unwrap();
        if signal != "-KILL" {
            check_output(&output, 130, "stopping once the pages under way are finished");
            check_output(&output, 130, "repeat the command with --resume");
        }
        assert!(cursors(&out) > 0, "{signal}: nothing was left to resume");
        check(&slow(&out, &[]), 2, "resume it with --resume");
        check(&slow(&out, &["--resume"]), 0, "0 are not");
        check_same(&out, &alone);
    }
}

#[test]
fn evidence_that_was_changed_meanwhile_ends_its_tenant_alone() {
    let scratch = Scratch::new("fleet-changed");
    let out = scratch.path("fleet");
    let file = |name: &str| Path::new(&out).join(name).join("evidence.jsonl");
    // Its first page is written, and its cursor vouches for it.
    let with_records = || {
        let vouches = |name: &String| {
            let cursor = std::fs::read_to_string(Path::new(&out).join(name).join("cursor"));
            cursor.is_ok_and(|text| !text.contains("\"evidence_bytes\": 0"))
        };
        (0..10).map(|number| format!("tenant-{number}")).find(vouches)
    };
    let mut child = begin(&slow(&out, &[]));
    while with_records().is_none() {
        assert!(child.try_wait().unwrap().is_none(), "it ended by itself");
        std::thread::sleep(Duration::from_millis(2));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let changed = with_records().unwrap();
    let text = std::fs::read_to_string(file(&changed)).unwrap();
    std::fs::write(file(&changed), text.replacen("\"title\":\"F", "\"title\":\"X", 1)).unwrap();
    let output = check(&slow(&out, &["--resume"]), 2, "was changed since it was written: line 1: ");
    check_output(&output, 2, &changed);
    check_output(&output, 2, "9 tenants finished");
}

#[test]
fn a_second_fleet_is_kept_out() {
    let scratch = Scratch::new("fleet-second");
    let out = scratch.path("fleet");
    let mut first = begin(&slow(&out, &[]));
    wait_until_begun(&mut first, &out);
    check(&slow(&out, &["--resume"]), 2, "another run is writing to");
    assert!(first.try_wait().unwrap().is_none(), "the first one goes on");
    first.kill().unwrap();
    first.wait().unwrap();
}

fn tenant(name: &str, upstream: &str, more: Value) -> Value {
    let credentials = json!({"key_env": "ACME_KEY", "secret_env": "ACME_SECRET"});
    let mut tenant = json!({"name": name, "credentials": credentials, "upstream": upstream});
    tenant.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    tenant
}

#[test]
fn whoever_fails_does_so_alone_and_is_named() {
    let scratch = Scratch::new("fleet-fails");
    let (good, limited) = (Server::start(&[]), Server::start(&["--sim-faults", "429=1@/v1/account/info"]));
    let broken = Server::start(&["--sim-faults", "500@/v1/account/info"]);
    let partly = Server::start(&["--sim-scopes", "ACCOUNT,USER"]);
    let rule = json!({"host": "api.fivetran.com", "methods": ["GET"], "path_prefixes": ["/v1/users"], "secret": true});
    scratch.write("narrow.json", &json!({"source": "fivetran", "rules": [rule]}).to_string());
    let nobody = json!({"key_env": "ACME_SECRET", "secret_env": "ACME_SECRET"});
    let tenants = json!([
        tenant("good", &good.url, json!({})),
        tenant("wrong-key", &good.url, json!({"credentials": nobody})),
        tenant("limited", &limited.url, json!({})),
        tenant("broken", &broken.url, json!({})),
        tenant("small", &good.url, json!({"limits": {"memory_bytes": 1_400_000}})),
        tenant("denied", &good.url, json!({"egress": "narrow.json"})),
        tenant("partly", &partly.url, json!({})),
        tenant("refused", &good.url, json!({"settings": {"personal_data": "hashed"}})),
        tenant(
            "host-managed",
            &good.url,
            json!({"credentials":
            {"key_env": "ACME_KEY", "secret_env": "ACME_SECRET", "host_managed": true}})
        ),
    ]);
    let file = scratch.write("tenants.json", &tenants.to_string());
    let (out, summary) = (scratch.path("fleet"), scratch.path("summary.json"));
    let options =
        ["--tenants", &file, "--summary", &summary, "--retry-seconds", "2", "--max-milliseconds-per-page", "500"];
    let args = [&["fleet", "--out", &out], CLOCK, &options].concat();
    let output = program(&args).envs(PAIR).output().unwrap();
    check_output(&output, 1, "3 tenants finished, 0 were before, 6 are not");
    check_output(&output, 1, "wrong-key: unauthorized: ");
    let want = [
        ("good", "complete"),
        ("wrong-key", "unauthorized"),
        ("limited", "rate-limited"),
        ("broken", "upstream"),
        ("small", "limit"),
        ("denied", "not-granted"),
        ("partly", "incomplete"),
        ("refused", "configuration"),
        ("host-managed", "complete"),
    ];
    assert_eq!(outcomes(&summary), want.map(|(name, outcome)| (name.to_string(), outcome.to_string())));
    let alone = scratch.path("alone");
    check(&collect(&alone, CLOCK), 0, "complete");
    for name in ["good", "host-managed"] {
        assert!(evidence(&format!("{out}/{name}")) == evidence(&alone), "{name}");
    }
    // What came to nothing left nothing behind, and succeeds once it is put right.
    let mut folders: Vec<String> =
        std::fs::read_dir(&out).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    folders.sort();
    assert_eq!(folders, [".lock", "good", "host-managed", "partly"]);
    let right = json!([tenant("wrong-key", &good.url, json!({})), tenant("small", &good.url, json!({}))]);
    scratch.write("tenants.json", &right.to_string());
    let output = program(&[&args[..], &["--resume"]].concat()).envs(PAIR).output().unwrap();
    check_output(&output, 0, "2 tenants finished");
    assert!(evidence(&format!("{out}/small")) == evidence(&alone));
}

/// All that lies in a folder.
fn everything(folder: &Path, into: &mut String) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            everything(&path, into);
        } else {
            into.push_str(&String::from_utf8_lossy(&std::fs::read(&path).unwrap()));
        }
    }
}

#[test]
fn no_secret_is_in_anything_that_a_fleet_says_or_writes() {
    let scratch = Scratch::new("fleet-canary");
    let (key, secret, hash_key) = ("KEYcanary7d1", "SECcanary9f2", "HASHcanary4c3-16-or-more");
    let server = Server::start_with(&[], &[("FIVETRAN_API_KEY", key), ("FIVETRAN_API_SECRET", secret)]);
    // Given with the line break that editors put at the end of a file.
    scratch.write("secret", &format!("{secret}\n"));
    scratch.write("settings.json", &json!({"personal_data": "hashed", "personal_data_key": hash_key}).to_string());
    let in_file = json!({"key_env": "ACME_KEY", "secret_file": "secret"});
    let wrong = json!({"key_env": "ACME_SECRET", "secret_file": "secret"});
    let tenants = json!([
        tenant("good", &server.url, json!({"credentials": in_file, "settings_file": "settings.json"})),
        tenant("wrong", &server.url, json!({"credentials": wrong})),
    ]);
    let file = scratch.write("tenants.json", &tenants.to_string());
    let (out, summary) = (scratch.path("fleet"), scratch.path("fleet/summary.json"));
    let run = |file: &str| {
        let mut run = program(&["fleet", "--tenants", file, "--out", &out, "--summary", &summary]);
        run.env("ACME_KEY", key).env("ACME_SECRET", secret).output().unwrap()
    };
    let output = run(&file);
    check_output(&output, 3, "1 tenant finished");
    std::fs::remove_file(&summary).unwrap();
    let no_file = json!({"credentials": {"key_env": "ACME_KEY", "secret_file": secret}});
    let refused = run(&scratch.write("no-file.json", &json!([tenant("no-file", &server.url, no_file)]).to_string()));
    check_output(&refused, 3, "/0/credentials/secret_file: the file cannot be read");
    let mut text = format!("{output:?}{refused:?}");
    everything(Path::new(&out), &mut text);
    assert!(text.contains("wrong: ") && text.contains("audit_event"), "it was looked where something is");
    for canary in [key, secret, hash_key] {
        assert!(!text.contains(canary), "{canary}");
    }
}

//! What a fleet takes of its machine: open files and memory, and what happens when there are none left.
#![cfg(unix)]

use crate::support::*;
use serde_json::{Value, json};
use std::process::{Command, Output};

const PAIR: [(&str, &str); 2] = [("ACME_KEY", "simulated-key"), ("ACME_SECRET", "simulated-secret-that-opens-nothing")];

/// What it asks for is granted: what it takes besides is what is tested.
fn policy(scratch: &Scratch) -> String {
    let rule = json!({"host": "acme.example", "methods": ["GET"], "path_prefixes": ["/v1"], "secret": true});
    scratch.write("policy.json", &json!({"source": "acme", "rules": [rule]}).to_string())
}

fn tenant(name: &str, upstream: &str, more: Value) -> Value {
    let credentials = json!({"key_env": "ACME_KEY", "secret_env": "ACME_SECRET"});
    let mut tenant = json!({"name": name, "credentials": credentials, "upstream": upstream});
    tenant.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    tenant
}

/// Runs with so many open files at most, soft and hard.
fn with_files(limit: u32, args: &[&str]) -> Output {
    let mut shell = Command::new("sh");
    shell.args(["-c", &format!("ulimit -n {limit}; exec \"$0\" \"$@\""), env!("CARGO_BIN_EXE_host-test")]);
    shell.args(args).envs(PAIR).env_remove("FIVETRAN_API_KEY").env_remove("FIVETRAN_API_SECRET").output().unwrap()
}

fn summary(file: &str) -> Value {
    serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap()
}

fn outcome(summary: &Value, name: &str) -> String {
    let of = summary["tenants"].as_array().unwrap().iter().find(|tenant| tenant["name"] == name).unwrap();
    format!("{} {}", of["outcome"].as_str().unwrap(), of["error"].as_str().unwrap_or_default())
}

#[test]
fn sixty_four_active_tenants_finish_with_256_open_files() {
    let scratch = Scratch::new("bounds-files");
    let out = scratch.path("fleet");
    let args = [&["fleet", "--simulated", "64", "--active", "64", "--out", &out], SMALL].concat();
    let output = with_files(256, &args);
    check_output(&output, 0, "64 tenants finished");
    check_output(&output, 0, "9 tenants at once instead of 64");
}

#[test]
fn a_soft_limit_is_raised_as_far_as_it_may_be() {
    let scratch = Scratch::new("bounds-soft");
    let out = scratch.path("fleet");
    let args = [&["fleet", "--simulated", "2", "--active", "64", "--concurrency", "1", "--out", &out], SMALL].concat();
    let text = format!("ulimit -S -n 64; exec {} {}", env!("CARGO_BIN_EXE_host-test"), args.join(" "));
    let output = Command::new("sh").args(["-c", &text]).output().unwrap();
    check_output(&output, 0, "2 tenants finished");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!said.contains("at once instead of"), "{said}");
}

#[test]
fn who_takes_all_open_files_costs_its_neighbours_nothing_but_time() {
    let scratch = Scratch::new("bounds-crowd");
    let server = Server::start(&["--sim-latency-ms", "20"]);
    // Their secret is in a file too, which is read in each turn.
    scratch.write("secret", PAIR[1].1);
    let more = json!({"credentials": {"key_env": "ACME_KEY", "secret_file": "secret"}});
    let mut tenants: Vec<Value> = (0..8).map(|n| tenant(&format!("good-{n}"), &server.url, more.clone())).collect();
    for number in 0..12 {
        let more =
            json!({"component": hostile_component(), "egress": policy(&scratch), "settings": {"probe": "crowd"}});
        tenants.push(tenant(&format!("crowd-{number}"), &server.url, more));
    }
    let file = scratch.write("tenants.json", &Value::from(tenants).to_string());
    let (out, told) = (scratch.path("fleet"), scratch.path("summary.json"));
    let args = [
        "fleet",
        "--tenants",
        &file,
        "--out",
        &out,
        "--summary",
        &told,
        "--concurrency",
        "1",
        "--max-requests-per-page",
        "20",
    ];
    let output = with_files(160, &args);
    let told = summary(&told);
    for number in 0..8 {
        let name = format!("good-{number}");
        assert_eq!(outcome(&told, &name), "complete ", "{name}: {}", String::from_utf8_lossy(&output.stderr));
    }
}

const MIB: u64 = 1024 * 1024;

/// The most memory that a fleet of these acts took, two at once.
fn peak(scratch: &Scratch, server: &Server, acts: &[&str]) -> u64 {
    let limits = json!({"memory_bytes": 64 * MIB, "page_bytes": 8 * MIB, "evidence_bytes": 40 * MIB});
    let tenants = acts.iter().enumerate().map(|(number, act)| {
        let settings = json!({"probe": act});
        let more = json!({"component": hostile_component(), "egress": policy(scratch), "settings": settings, "limits": limits});
        tenant(&format!("t{number}-{act}"), &server.url, more)
    });
    let file = scratch.write("tenants.json", &tenants.collect::<Value>().to_string());
    let (out, told) = (scratch.path("fleet"), scratch.path("summary.json"));
    let args = ["fleet", "--tenants", &file, "--out", &out, "--summary", &told, "--active", "2"];
    let output = program(&args).envs(PAIR).output().unwrap();
    let told = summary(&told);
    for (number, act) in acts.iter().enumerate().filter(|(_, act)| **act != "doze") {
        let how = outcome(&told, &format!("t{number}-{act}"));
        assert!(how.starts_with("limit "), "{act}: {how}: {}", String::from_utf8_lossy(&output.stderr));
    }
    std::fs::remove_dir_all(&out).unwrap();
    std::fs::remove_file(scratch.path("summary.json")).unwrap();
    told["peak_bytes"].as_u64().unwrap()
}

/// As `docs/fleet.md` says: for each tenant that is collected, its memory, four pages, and 128 MiB.
#[test]
fn memory_is_bounded_by_the_tenants_that_are_collected_at_once() {
    let scratch = Scratch::new("bounds-memory");
    let server = Server::start(&[]);
    let idle = peak(&scratch, &server, &["doze"]);
    let acts = ["grow", "bulk", "heap", "hoard", "hoard-headers"].repeat(4);
    let busy = peak(&scratch, &server, &acts);
    let stated = 64 * MIB + 4 * 8 * MIB + 128 * MIB;
    println!("{} MiB at rest, {} MiB with {} tenants", idle / MIB, busy / MIB, acts.len());
    assert!(busy <= idle + 2 * stated, "{} MiB", busy / MIB);
}

//! A wait as a user sees it: said when it begins, with its cause and its end, also where there is no terminal.
#![cfg(unix)]

use crate::support::*;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

/// The first line that tells of a wait, while the program still runs.
fn said(args: &[&str]) -> String {
    let pair = [("ACME_KEY", "simulated-key"), ("ACME_SECRET", "simulated-secret-that-opens-nothing")];
    let mut child = program(args).envs(pair).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines().map(Result::unwrap);
    let said = lines.find(|line| line.contains("waiting "));
    assert!(child.try_wait().unwrap().is_none(), "it still waits");
    Command::new("kill").args(["-KILL", &child.id().to_string()]).status().unwrap();
    child.wait().unwrap();
    said.unwrap()
}

#[test]
fn a_wait_is_said_when_it_begins_with_its_cause_and_its_end() {
    let scratch = Scratch::new("waits");
    let faults = |after: &'static str| Server::start(&["--sim-faults", after]);
    // The component waits by itself, within its page of a minute.
    let (within, out) = (faults("429=50@/v1/users?limit=1000#1x1"), scratch.path("within"));
    let line = said(&within.collect(&out, CLOCK));
    let (begin, end) = line.split_once(" UTC: ").unwrap();
    assert_eq!(end, "the vendor answers 429 and asks to come back later");
    // It is looked for ten times a second; a busy machine may take longer.
    let ends = (40..=50).map(|seconds| format!("waiting {seconds} s, until 12:00:{seconds}"));
    assert!(ends.into_iter().any(|text| begin == text), "{line}");
    // It is the harness that waits.
    let (beyond, out) = (faults("429=3000@/v1/teams"), scratch.path("beyond"));
    let line = said(&beyond.collect(&out, &[CLOCK, &["--max-milliseconds-per-page", "500"]].concat()));
    let seconds: u64 = line.split(' ').nth(1).unwrap().parse().unwrap();
    assert!((2_990..=3_002).contains(&seconds) && line.contains(" s, until 12:"), "{line}");
    // So it does for a tenant of a fleet.
    let tenants = r#"[{"name": "acme", "credentials": {"key_env": "ACME_KEY", "secret_env": "ACME_SECRET"}}]"#;
    let file = scratch.write("tenants.json", tenants);
    let out = scratch.path("fleet");
    let fleet = ["fleet", "--tenants", &file, "--out", &out, "--upstream", "http://127.0.0.1:1"];
    let line = said(&fleet);
    assert!(line.starts_with("acme: waiting "), "{line}");
    assert!(line.contains("connection-refused") && line.contains(" UTC: "), "{line}");
}

#[test]
fn what_fails_before_the_first_page_is_told_at_once() {
    let scratch = Scratch::new("waits-first");
    let out = scratch.path("out");
    check(&["collect", "--out", &out, "--upstream", "http://127.0.0.1:1"], 4, "connection-refused");
}

#[test]
fn the_time_that_is_left_is_told_where_it_is_asked_for_and_leaves_no_trace() {
    let scratch = Scratch::new("eta");
    let (plain, eta) = (scratch.path("plain"), scratch.path("eta"));
    let small_pages = [CLOCK, &["--max-records-per-page", "20"]].concat();
    let without = check(&collect(&plain, &small_pages), 0, "complete");
    let with = check(&collect(&eta, &[&small_pages[..], &["--eta"]].concat()), 0, "complete");
    let told = |output: &std::process::Output| {
        let text = String::from_utf8(output.stderr.clone()).unwrap();
        let lines: Vec<String> = text.lines().filter(|line| line.contains(" calls")).map(String::from).collect();
        lines.iter().map(|line| line.ends_with(" left") && line.contains(", about ")).collect::<Vec<_>>()
    };
    assert!(told(&without).iter().all(|told| !told), "{without:?}");
    let told = told(&with);
    assert!(told.contains(&true) && told.first() == Some(&false) && told.last() == Some(&false), "{with:?}");
    assert!(evidence(&plain) == evidence(&eta));
    // With pages of any size but the usual, how many calls there are is up to chance.
    let plan = check(&[&["collect", "--plan", "--format", "json"], SMALL].concat(), 0, "");
    let plan: serde_json::Value = serde_json::from_slice(&plan.stdout).unwrap();
    let usual = scratch.path("usual");
    check(&collect(&usual, &["--eta"]), 0, &format!(" {} calls of at most", plan["calls"]));
    check(&["verify", &eta], 11, "consistent with itself");
    check(&["collect", "--plan", "--eta"], 2, "cannot be used with");
}

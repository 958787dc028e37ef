//! What has to be said and cannot be missed: where the program is to be quiet, where standard output is lost, and where
//! a terminal is narrow.
#![cfg(target_os = "linux")]

use crate::support::*;
use std::fs::OpenOptions;
use std::path::Path;
use std::process::{Output, Stdio};

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// What is said of a command that is to be quiet.
fn quiet(args: &[&str], code: i32) -> String {
    let output = check(&[&["-q"], args].concat(), code, "");
    assert_eq!(text(&output.stdout), "", "{args:?}");
    text(&output.stderr)
}

#[test]
fn a_quiet_command_still_says_what_contradicts_and_why_it_is_incomplete() {
    let scratch = Scratch::new("quiet");
    let (out, other) = (scratch.path("out"), "0".repeat(64));
    let said = quiet(&collect(&out, &["--sim-scopes", "USER"]), 5);
    assert!(
        said.contains("\nincomplete: group: forbidden (GET /v1/groups was refused: DESTINATION:READ is missing)\n")
    );
    assert!(said.lines().all(|line| line.starts_with("SIMULATED: ") || line.starts_with("incomplete: ")), "{said}");
    assert!(!said.contains("incomplete: user:"), "{said}");
    let health = [&["health", "--depth", "coverage", "--sim-scopes", "USER"], SMALL].concat();
    let said = quiet(&health, 5);
    assert!(
        said.contains("\ndegraded: group: GET /v1/groups was refused: DESTINATION:READ is missing → Give "),
        "{said}"
    );
    let said = quiet(&["verify", &out, "--seal", &other], 10);
    assert!(
        said.starts_with("WRONG the seal is ") && said.contains("1 finding: it contradicts itself, or what"),
        "{said}"
    );
    assert!(said.lines().last().unwrap().starts_with("SIMULATED: "), "{said}");
    assert_eq!(quiet(&["verify", &out], 11).lines().count(), 1, "that it is simulated");
    let locate = scratch.path("locate");
    check(&collect(&locate, &[]), 0, "");
    assert!(quiet(&["locate", &locate], 5).contains("missing: no Platform Connector was found: "));
    let fleets = scratch.path("fleet");
    let fleet = [&["fleet", "--simulated", "2", "--sim-scopes", "USER", "--out", &fleets], SMALL].concat();
    let said = quiet(&fleet, 5);
    assert!(said.contains("incomplete: tenant-0: ") && said.contains("incomplete: tenant-1: "), "{said}");
    // What asks for JSON has it there.
    let json = [&health[..], &["--format", "json", "-q"]].concat();
    assert!(!text(&check(&json, 5, "").stderr).contains("degraded"));
}

/// Of a command whose standard output goes to a disk that is full.
fn full(args: &[&str]) -> Output {
    let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
    program(args).stdout(full).output().unwrap()
}

#[test]
fn output_that_is_lost_is_an_error_and_a_reader_that_has_gone_away_is_none() {
    let scratch = Scratch::new("lost");
    let (one, two) = (scratch.path("one"), scratch.path("two"));
    check(&collect(&one, &[]), 0, "");
    check(&collect(&two, &["--sim-changes", "2"]), 0, "");
    let (csv, again) = (scratch.path("csv"), scratch.path("again"));
    for args in [
        vec!["diff", &one, &two, "--format", "json"],
        vec!["completions", "bash"],
        vec!["describe"],
        vec!["verify", &one, "--format", "json"],
        vec!["export", &one, "--format", "csv", "--out", &csv, "--result", "json"],
        [collect(&again, &[]), vec!["--format", "json"]].concat(),
        vec!["--help"],
        vec!["--version"],
    ] {
        let want = "error: cannot write to standard output: No space left on device (os error 28)\n  → make room";
        check_output(&full(&args), 2, want);
    }
    // That evidence is contradicted outweighs it.
    check_output(&full(&["verify", &one, "--seal", &"0".repeat(64)]), 10, "cannot write to standard output");
    let mut gone =
        program(&["describe", "--format", "json"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(gone.stdout.take());
    let output = gone.wait_with_output().unwrap();
    assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), String::new()));
}

#[test]
fn sentences_are_as_wide_as_the_terminal() {
    let scratch = Scratch::new("sentences");
    let out = scratch.path("o");
    check(&collect(&out, &[]), 0, "");
    let narrow = |args: &[&str]| program(args).env("COLUMNS", "80").output().unwrap();
    for args in [vec!["verify", &out], [vec!["health", "--depth", "coverage"], SMALL.to_vec()].concat()] {
        let output = narrow(&args);
        for line in [text(&output.stdout), text(&output.stderr)].concat().lines().filter(|line| !line.contains(&out)) {
            assert!(line.chars().count() <= 80, "{args:?}: {line}");
        }
    }
    let wide = text(&check(&["verify", &out], 11, "").stdout);
    assert!(wide.lines().any(|line| line.len() > 80), "what a program reads stays in its lines");
}

#[test]
fn the_likeliest_command_is_shown_and_nothing_goes_into_a_sealed_folder() {
    check(&["colect"], 2, "a similar subcommand exists: 'collect'");
    check(&["exprt"], 2, "a similar subcommand exists: 'export'");
    let scratch = Scratch::new("sealed-folder");
    let (one, two) = (scratch.path("one"), scratch.path("two"));
    check(&collect(&one, &["--kinds", "user"]), 0, "");
    check(&collect(&two, &["--kinds", "user", "--sim-changes", "2"]), 0, "");
    for folder in [&one, &two] {
        let file = format!("{folder}/changes.jsonl");
        check(&["diff", &one, &two, "--out", &file], 2, "the folder of the evidence\n  → choose a place outside of it");
        assert!(!Path::new(&file).exists());
    }
    let out = scratch.path("csv");
    check(&["export", &one, "--format", "csv", "--out", &out, "--kinds", ""], 2, "give at least one kind");
}

//! How much room a command asks the system for: a one-shot command runs in 4 GiB of addresses, and a fleet that has
//! too little is told so.
#![cfg(target_os = "linux")]

use crate::support::*;
use std::path::Path;
use std::process::{Command, Output};

/// Runs the program in so many KiB of addresses.
fn within(kibibytes: u32, args: &[&str]) -> Output {
    shell(&format!("ulimit -v {kibibytes}"), args)
}

fn shell(limit: &str, args: &[&str]) -> Output {
    let program = program(args);
    let mut shell = Command::new("sh");
    shell.args(["-c", &format!("{limit}; exec \"$0\" \"$@\"")]);
    shell.arg(program.get_program()).args(program.get_args());
    for (name, value) in program.get_envs() {
        match value {
            Some(value) => shell.env(name, value),
            None => shell.env_remove(name),
        };
    }
    shell.output().unwrap()
}

/// Runs the program with so many open files at most.
fn with_files(most: u32, args: &[&str]) -> Output {
    shell(&format!("ulimit -n {most}"), args)
}

const FOUR_GIB: u32 = 4 * 1024 * 1024;

#[test]
fn a_one_shot_command_runs_in_four_gibibytes_of_addresses() {
    let scratch = Scratch::new("room");
    let out = scratch.path("out");
    // With and without compiling, which takes the most.
    for cache in [&["--no-cache"][..], &[]] {
        check_output(&within(FOUR_GIB, &[&["describe"], cache].concat()), 0, "audit_event");
    }
    check_output(&within(FOUR_GIB, &[&["health", "--depth", "coverage"], SMALL].concat()), 0, "a collection: ");
    check_output(&within(FOUR_GIB, &[&["collect", "--plan"], SMALL].concat()), 0, " calls");
    check_output(&within(FOUR_GIB, &collect(&out, CLOCK)), 0, "complete");
    check_output(&within(FOUR_GIB, &["verify", "--schemas", &out]), 11, "consistent with itself");
    let whole = scratch.path("whole");
    check(&collect(&whole, CLOCK), 0, "complete");
    assert!(evidence(&out) == evidence(&whole));
}

#[test]
fn a_fleet_without_room_is_told_what_to_do_and_a_small_one_fits() {
    let scratch = Scratch::new("room-fleet");
    let out = scratch.path("out");
    let fleet =
        |active: &'static str| [&["fleet", "--simulated", "2", "--out", &out, "--active", active], SMALL].concat();
    let output = within(64 * FOUR_GIB, &fleet("1000"));
    check_output(&output, 2, "no room for another component now");
    check_output(&output, 2, "run fewer at once, or raise the limit of memory: ulimit -v");
    assert!(!std::path::Path::new(&out).exists(), "nothing was begun");
    check_output(&within(64 * FOUR_GIB, &fleet("4")), 0, "2 tenants finished");
}

/// Whichever file is the first that cannot be opened: what to do is said with it.
#[test]
fn who_may_open_no_more_files_is_told_what_to_do() {
    let scratch = Scratch::new("room-files");
    let out = scratch.path("out");
    let args = collect(&out, &["--upstream", "http://127.0.0.1:1"]);
    let mut places = Vec::new();
    // With fewer, the runtime itself does not start. The journal is opened last, before anything is sent.
    for most in 8..40 {
        let output = with_files(most, &args);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        if let Some(line) = said.lines().find(|line| line.contains("(os error 24)")) {
            check_output(&output, 2, "raise the limit on open files (ulimit -n)");
            places.push(line.to_string());
        }
        assert!(!Path::new(&out).exists(), "{most}: {said}");
        if places.last().is_some_and(|line| line.contains("/journal.jsonl")) {
            break;
        }
    }
    assert!(places.iter().any(|line| line.contains("/lock")), "{places:#?}");
}

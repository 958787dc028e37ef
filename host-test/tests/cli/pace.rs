//! A share of the hourly quota that is used up, as a user sees it: the wait is said, an interruption
//! leaves a folder that can be resumed, and the end is the collection that never waited.
#![cfg(unix)]

use crate::support::*;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

#[test]
fn an_exhausted_share_is_waited_for_and_may_be_interrupted_and_raised() {
    let scratch = Scratch::new("pace");
    let (whole, out) = (scratch.path("whole"), scratch.path("out"));
    let settings = scratch.write("settings.json", r#"{"requests_per_hour": 60}"#);
    check(&collect(&whole, CLOCK), 0, "calls of at most 5000 an hour (0 retries");

    let slow = collect(&out, &[CLOCK, &["--settings", &settings]].concat());
    let mut child = program(&slow).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines().map(Result::unwrap);
    let said = lines.find(|line| line.starts_with("waiting")).unwrap();
    assert!(said.contains("60 calls of this hour are used; resuming at 2026-01-31T13:00:00.000Z"), "{said}");
    // Up to two seconds by chance come on top.
    let seconds: u64 = said.split(' ').nth(1).unwrap().parse().unwrap();
    assert!((3_600..=3_602).contains(&seconds) && said.contains("until 13:00:0"), "by the source's clock: {said}");
    Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    let rest: Vec<String> = lines.collect();
    assert_eq!(child.wait().unwrap().code(), Some(130), "{rest:?}");
    assert!(rest.iter().any(|line| line.ends_with("--resume")), "{rest:?}");
    assert!(Path::new(&out).join("cursor").exists() && !evidence(&out).is_empty());

    scratch.write("settings.json", r#"{"requests_per_hour": 20000}"#);
    let resumed = [CLOCK, &["--settings", &settings, "--resume"]].concat();
    check(&collect(&out, &resumed), 0, "calls of at most 20000 an hour");
    assert!(evidence(&out) == evidence(&whole), "the records know nothing of the wait");
    check(&["verify", &out], 11, "consistent with itself");
}

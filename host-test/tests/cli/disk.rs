//! What the disk does to a collection: full, read-only, or wanted by two at once. Whatever happens,
//! the error names the file and what to do, and the evidence that comes of it in the end is the same
//! to the byte.
#![cfg(unix)]

use crate::support::*;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

const PAGES: &[&str] = &["--max-records-per-page", "15"];

fn args<'a>(out: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    [&collect(out, CLOCK), PAGES, more].concat()
}

fn names(out: &str) -> Vec<String> {
    let mut names: Vec<String> =
        std::fs::read_dir(out).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// Resumes what is there, or begins where nothing is, and compares with an undisturbed run.
fn check_recovers(out: &str, whole: &str, what: &str) {
    let more: &[&str] = if Path::new(out).join("cursor").exists() { &["--resume"] } else { &[] };
    check(&args(out, more), 0, "complete");
    assert!(evidence(out) == evidence(whole), "{what}");
    check(&["verify", out], 11, "consistent with itself");
    assert_eq!(names(out), names(whole), "{what}");
}

#[test]
fn a_place_that_cannot_be_written_to_is_named() {
    let scratch = Scratch::new("no-place");
    let file = scratch.write("file", "not a folder");
    for out in [file.clone(), format!("{file}/below"), format!("{file}/far/below")] {
        let output = check(&args(&out, &[]), 2, &out);
        check_output(&output, 2, "choose another folder");
    }
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "not a folder");
}

/// A small file system of its own, where this user may mount one.
struct Mount(String);

impl Mount {
    fn new(folder: String, options: &str) -> Option<Self> {
        std::fs::create_dir_all(&folder).unwrap();
        let mounted = mount(&["-t", "tmpfs", "-o", options, "tmpfs", &folder]);
        if !mounted {
            println!("skipped: this user may not mount a file system");
        }
        mounted.then_some(Self(folder))
    }

    fn again(&self, options: &str) {
        assert!(mount(&["-o", &format!("remount,{options}"), &self.0]));
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(&self.0).status();
    }
}

fn mount(args: &[&str]) -> bool {
    Command::new("mount").args(args).stderr(Stdio::null()).status().is_ok_and(|status| status.success())
}

#[test]
fn a_file_system_that_is_full_loses_nothing() {
    let scratch = Scratch::new("mount-full");
    let whole = scratch.path("whole");
    check(&args(&whole, &[]), 0, "complete");
    let mut begun = 0;
    for kibibytes in [4, 8, 12, 16, 24, 32, 48, 80, 120, 200] {
        let Some(mount) = Mount::new(scratch.path("mount"), &format!("size={kibibytes}k")) else { return };
        let out = format!("{}/out", mount.0);
        let output = program(&args(&out, &[])).output().unwrap();
        check_output(&output, 2, "No space left on device");
        check_output(&output, 2, &out);
        check_output(&output, 2, "free some space");
        if Path::new(&out).exists() {
            begun += 1;
            check_output(&output, 2, "--resume");
            assert!(names(&out).iter().all(|name| !name.ends_with(".part")), "{:?}", names(&out));
            let text = evidence(&out);
            assert!(text.is_empty() || text.ends_with('\n'), "whole lines only");
            assert!(evidence(&whole).starts_with(&text));
        } else {
            check_output(&output, 2, "nothing was written");
        }
        mount.again("size=100m");
        check_recovers(&out, &whole, &format!("{kibibytes} KiB"));
    }
    assert!(begun > 3, "{begun} had begun");
}

#[test]
fn a_file_system_that_fills_up_again_and_again_only_takes_longer() {
    let scratch = Scratch::new("mount-full-again");
    let whole = scratch.path("whole");
    check(&args(&whole, &[]), 0, "complete");
    let Some(mount) = Mount::new(scratch.path("mount"), "size=40k") else { return };
    let out = format!("{}/out", mount.0);
    let mut records = 0;
    for kibibytes in [40, 60, 90, 130, 180] {
        mount.again(&format!("size={kibibytes}k"));
        let more: &[&str] = if Path::new(&out).exists() { &["--resume"] } else { &[] };
        let output = program(&args(&out, more)).output().unwrap();
        check_output(&output, 2, "No space left on device");
        let now = evidence(&out).lines().count();
        assert!(now >= records, "what was there is there");
        records = now;
    }
    assert!(records > 0);
    mount.again("size=100m");
    check_recovers(&out, &whole, "after five times");
}

#[test]
fn a_read_only_file_system_is_named_and_loses_nothing() {
    let scratch = Scratch::new("mount-read-only");
    let whole = scratch.path("whole");
    check(&args(&whole, &[]), 0, "complete");
    let Some(mount) = Mount::new(scratch.path("mount"), "size=100m") else { return };
    let out = format!("{}/out", mount.0);
    interrupt(&out);
    let before = evidence(&out);
    mount.again("ro");
    for (out, more) in [(out.clone(), &["--resume"][..]), (format!("{}/new", mount.0), &[])] {
        let output = check(&args(&out, more), 2, "Read-only file system");
        check_output(&output, 2, &out);
        check_output(&output, 2, "choose another folder");
    }
    assert!(evidence(&out) == before);
    mount.again("rw");
    check_recovers(&out, &whole, "writable again");
}

/// Starts a collection, and kills it once it has written something.
fn interrupt(out: &str) {
    let mut child = slow(out);
    child.kill().unwrap();
    child.wait().unwrap();
}

/// A collection that is under way, and will be for a while.
fn slow(out: &str) -> std::process::Child {
    let args = args(out, &["--sim-latency-ms", "20", "--concurrency", "1"]);
    let mut child = program(&args).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    while std::fs::metadata(Path::new(out).join("evidence.jsonl")).map_or(0, |file| file.len()) < 20_000 {
        assert!(child.try_wait().unwrap().is_none(), "it ended by itself");
        std::thread::sleep(Duration::from_millis(5));
    }
    child
}

#[test]
fn a_second_run_is_kept_out_and_can_resume_later() {
    let scratch = Scratch::new("second");
    let (whole, out) = (scratch.path("whole"), scratch.path("out"));
    check(&args(&whole, &[]), 0, "complete");
    let mut first = slow(&out);
    for more in [&[][..], &["--resume"]] {
        let output = check(&args(&out, more), 2, "another run is writing to");
        check_output(&output, 2, &out);
        check_output(&output, 2, "wait for it, or choose another folder");
    }
    assert!(first.try_wait().unwrap().is_none(), "the first run goes on");
    first.kill().unwrap();
    first.wait().unwrap();
    check(&args(&out, &[]), 2, "resume it with --resume");
    check_recovers(&out, &whole, "after the first run was killed");
}

//! `kill -9` at any moment: what is on disk can be resumed, and the end is the collection that
//! was never killed, to the byte.

use crate::support::{CLOCK, Scratch, check, evidence, program};
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

fn collect(out: &str, resume: bool) -> Vec<&str> {
    let account = ["--sim-users", "12", "--sim-teams", "3", "--sim-groups", "4", "--sim-connections", "40"];
    let pages = ["--max-records-per-page", "15", "--sim-latency-ms", "1", "--credentials", "host-managed"];
    let mut args = [&["collect", "--out", out], &account[..], &pages[..], CLOCK].concat();
    if resume {
        args.push("--resume");
    }
    args
}

/// Kills collections so often in all; each is resumed until it ends.
fn kill_times(kills: u64) {
    let scratch = Scratch::new("kill");
    let whole = scratch.path("whole");
    let began = Instant::now();
    check(&collect(&whole, false), 0, "");
    let usual = u64::try_from(began.elapsed().as_millis()).unwrap();
    let want = evidence(&whole);
    let (mut killed, mut collections) = (0, 0);
    let mut moments = fastrand::Rng::with_seed(1);
    while killed < kills {
        collections += 1;
        let out = scratch.path(&format!("cut-{collections}"));
        loop {
            let resume = Path::new(&out).join("cursor").exists();
            let mut run = program(&collect(&out, resume)).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
            // Sometimes before it does anything, mostly in the midst of it.
            std::thread::sleep(Duration::from_millis(moments.u64(..usual)));
            run.kill().unwrap();
            let output = run.wait_with_output().unwrap();
            match output.status.code() {
                None => killed += 1,
                Some(0) => break,
                Some(code) => panic!("{code}: {}", String::from_utf8_lossy(&output.stderr)),
            }
            if !Path::new(&out).join("cursor").exists() && Path::new(&out).join("manifest.json").exists() {
                break;
            }
        }
        assert!(evidence(&out) == want, "collection {collections}");
        check(&["verify", &out], 11, "consistent with itself");
        std::fs::remove_dir_all(&out).unwrap();
    }
    println!("{killed} kills in {collections} collections: each the same to the byte");
}

#[test]
fn a_killed_collection_resumes_to_the_same_bytes() {
    kill_times(10);
}

#[test]
#[ignore = "minutes; .ci/run runs it"]
fn two_hundred_kills_lose_nothing() {
    kill_times(200);
}

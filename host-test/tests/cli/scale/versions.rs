//! Another version of the component comes in mid-run.

use super::farm::Farm;
use crate::support::*;
use serde_json::Value;
use std::path::Path;

/// The component with a note in it: the same to the eye, another to the digest.
fn another_version(scratch: &Scratch) -> String {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
    let mut bytes = std::fs::read(target.join("wasm32-wasip2/release/fivetran_source.wasm")).unwrap();
    // A custom section named "note", which is empty.
    bytes.extend([0, 5, 4, b'n', b'o', b't', b'e']);
    let file = scratch.path("another.wasm");
    std::fs::write(&file, bytes).unwrap();
    file
}

const SLOW: [&str; 6] = ["--max-requests-per-page", "6", "--concurrency", "1", "--ack-wait-seconds", "600"];

/// Two tenants that are under way, with the version that is built.
fn under_way(name: &str) -> Option<(Farm, Value)> {
    let farm = Farm::start(name, &["t-0", "t-1"], &["--sim-latency-ms", "60"])?;
    check_output(&farm.submit(&[]), 0, "2 tenants submitted");
    let first = farm.worker("first", &SLOW);
    farm.until(|it| it["pages"].as_u64() >= Some(2));
    first.stop();
    let stands = farm.until(|_| true);
    assert_eq!(stands["complete"], 0, "{stands}");
    Some((farm, stands))
}

#[test]
fn runs_under_way_are_left_to_a_worker_with_their_version_and_it_is_said() {
    let Some((farm, stands)) = under_way("scale-left") else { return };
    let (other, events) = (another_version(&farm.scratch), farm.broker.listen("source.events.>"));
    let second = farm.worker("second", &["--component", &other, "--ack-wait-seconds", "600"]);
    let now = farm.until(|it| it["left_to_others"] == 2);
    assert_eq!((&now["pages"], &now["begun_anew"]), (&stands["pages"], &0.into()), "{now}");
    let line = check_output_of_watch(&farm);
    assert!(line.contains("2 left to workers with their version or files, 0 begun anew"), "{line}");
    let first = farm.worker("first", &SLOW[4..]);
    let end = farm.until(|it| it["complete"] == 2);
    assert_eq!((&end["begun_anew"], &end["left_to_others"]), (&0.into(), &0.into()), "{end}");
    for name in ["t-0", "t-1"] {
        check(&["verify", &farm.run_of(name, "r1")], 11, "consistent with itself");
    }
    events.until(|told| told.contains("left to a worker with the version that it began with"));
    assert_eq!(events.count("begins anew"), 0);
    first.stop();
    assert!(second.stop().contains("0 done"));
}

#[test]
fn runs_under_way_begin_anew_when_no_worker_has_their_version_and_it_is_said() {
    let Some((farm, _)) = under_way("scale-anew") else { return };
    let (other, events) = (another_version(&farm.scratch), farm.broker.listen("source.events.>"));
    let second = farm.worker("second", &["--component", &other, "--ack-wait-seconds", "600", "--leave-seconds", "1"]);
    let end = farm.until(|it| it["complete"] == 2);
    assert_eq!(end["begun_anew"], 2, "{end}");
    events
        .until(|told| told.contains("begins anew with another version or other settings") && told.contains("r1-again"));
    second.stop();
    for name in ["t-0", "t-1"] {
        check(&["verify", &farm.run_of(name, "r1-again")], 11, "consistent with itself");
        check(&["verify", &farm.run_of(name, "r1")], 2, "holds no finished collection");
    }
}

fn check_output_of_watch(farm: &Farm) -> String {
    let output = check(&["watch", "--nats", &farm.broker.url(), "--once"], 5, "");
    String::from_utf8(output.stdout).unwrap()
}

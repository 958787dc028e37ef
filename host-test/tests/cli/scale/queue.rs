//! What is put into the queue, changed there and taken out of it.

use super::farm::{self, Farm};
use crate::support::*;
use serde_json::json;

#[test]
fn a_tenant_that_is_withdrawn_ends_after_its_page_and_goes_on_when_it_is_submitted_again() {
    let Some(farm) = Farm::start("scale-withdraw", &["tenant-0", "tenant-1"], &["--sim-latency-ms", "60"]) else {
        return;
    };
    let slow = ["--max-requests-per-page", "6", "--concurrency", "1"];
    check_output(&farm.submit(&["--every-hours", "24", "--tenant", "tenant-0"]), 0, "1 tenant submitted");
    let worker = farm.worker("one", &slow);
    farm.until(|it| it["pages"].as_u64() >= Some(2));
    let withdraw = || farm.submit_without_run(&["--withdraw"]);
    check_output(&withdraw(), 0, "1 tenant taken out of the queue, 1 not in it before");
    let withdrawn = farm.until(|it| it["withdrawn"] == 1 && it["queued"] == 0);
    check_output(&withdraw(), 0, "0 tenants taken out of the queue, 2 not in it before");
    check_output(&farm.watch(), 0, "");
    // It has told what became of its page, and has nothing more to do.
    let said = worker.stop();
    assert!(said.contains("0 done (0 failed)"), "{said}");
    assert_eq!(farm.until(|_| true)["pages"], withdrawn["pages"]);

    check_output(&farm.submit(&["--every-hours", "24", "--tenant", "tenant-0"]), 0, "1 tenant submitted");
    let worker = farm.worker("two", &[]);
    let end = farm.until(|it| it["complete"] == 1);
    assert_eq!((&end["withdrawn"], &end["tenants"]), (&json!(0), &json!(1)), "{end}");
    check(&["verify", &farm.run_of("tenant-0", "r1")], 11, "consistent with itself");
    check_output(&farm.submit(&["--tenant", "tenant-0"]), 0, "0 tenants submitted, 1 in the queue before");
    worker.stop();
}

#[test]
fn a_tenant_that_lost_its_job_is_told_and_a_withdrawal_does_all_that_it_can() {
    let Some(farm) = Farm::start("scale-jobless", &["tenant-0", "tenant-1"], &[]) else { return };
    check_output(&farm.submit(&["--every-hours", "24"]), 0, "2 tenants submitted");
    let worker = farm.worker("one", &[]);
    farm.until(|it| it["complete"] == 2);
    check_output(&farm.watch(), 0, "");
    farm.broker.publish("$JS.API.STREAM.PURGE.SOURCE_JOBS", "");
    farm.until(|it| it["without_job"] == 2);
    check_output(&farm.watch(), 5, "");
    worker.stop();
    check_output(&farm.submit(&["--every-hours", "24"]), 0, "2 tenants submitted");
    farm.until(|it| it["without_job"] == 0);
    farm.broker.publish("$KV.source-tenants.tenant-0", "garbage");
    let withdrawn = farm.submit_without_run(&["--withdraw"]);
    check_output(&withdrawn, 2, "1 not known to be withdrawn (1 are)");
    farm.until(|it| it["queued"] == 0 && it["without_job"] == 0);
}

#[test]
fn a_job_is_replaced_on_request_only() {
    let Some(farm) = Farm::start("scale-replace", &["tenant-0"], &[]) else { return };
    check_output(&farm.submit(&["--every-hours", "24"]), 0, "1 tenant submitted");
    let worker = farm.worker("one", &[]);
    farm.until(|it| it["complete"] == 1);
    let once = |more: &[&str]| {
        let url = farm.broker.url();
        let args = ["submit", "--nats", &url, "--tenants", &farm.tenants, "--run", "at-once"];
        program(&[&args[..], more].concat()).output().unwrap()
    };
    check_output(&once(&[]), 0, "1 in the queue before, which stay as they were submitted");
    check_output(&once(&["--replace"]), 0, "run at-once: 1 tenant submitted, 0 in the queue before");
    let sealed = farm.scratch.0.join("place/tenant-0/at-once/seal.json");
    farm::wait_for("the run that was wanted at once", || sealed.exists().then_some(()));
    worker.stop();
}

#[test]
fn a_run_whose_settings_are_replaced_under_way_begins_anew_and_is_not_lost() {
    let Some(farm) = Farm::start("scale-settings", &["tenant-0"], &["--sim-latency-ms", "60"]) else { return };
    check_output(&farm.submit(&["--every-hours", "24"]), 0, "1 tenant submitted");
    let worker = farm.worker("one", &["--max-requests-per-page", "6", "--concurrency", "1"]);
    farm.until(|it| it["pages"].as_u64() >= Some(2));
    worker.stop();
    let text = std::fs::read_to_string(&farm.tenants).unwrap();
    let other = text.replacen("{", "{\"settings\": {\"connection_details\": false}, ", 1);
    std::fs::write(&farm.tenants, other).unwrap();
    check_output(&farm.submit(&["--every-hours", "24", "--replace"]), 0, "1 tenant submitted");
    let events = farm.broker.listen("source.events.tenant-0");
    let worker = farm.worker("two", &["--leave-seconds", "2"]);
    let end = farm.until(|it| it["complete"] == 1);
    assert_eq!((&end["failed"], &end["begun_anew"]), (&json!({}), &json!(1)), "{end}");
    events.until(|told| told.contains("begins anew with another version or other settings"));
    check(&["verify", &farm.run_of("tenant-0", "r1-again")], 11, "consistent with itself");
    worker.stop();
}

#[test]
fn a_standing_that_is_garbage_is_said_and_another_chance_helps_when_it_is_deleted() {
    let Some(farm) = Farm::start("scale-standing", &["tenant-0", "tenant-1"], &[]) else { return };
    check_output(&farm.submit(&[]), 0, "2 tenants submitted");
    farm.broker.publish("$KV.source-tenants.tenant-0", "garbage");
    let events = farm.broker.listen("source.events.tenant-0");
    let worker = farm.worker("one", &[]);
    let told = events.until(|told| told.contains("given up"));
    assert!(told.contains("nats kv del source-tenants tenant-0"), "{told}");
    let end = farm.until(|it| it["complete"] == 1 && it["given_up"] == 1);
    assert!(end["failed"]["tenant-0"].as_str().unwrap().contains("none of this program"), "{end}");
    check_output(&farm.watch(), 5, "");
    farm.broker.delete("$KV.source-tenants.tenant-0");
    check_output(&farm.submit(&["--tenant", "tenant-0"]), 0, "1 tenant submitted");
    farm.until(|it| it["complete"] == 2 && it["given_up"] == 0 && it["failed"] == json!({}));
    check_output(&farm.watch(), 0, "");
    worker.stop();
}

/// Places in a queue are counted from the beginning when it is made anew: what was withdrawn before says nothing of it.
#[test]
fn a_queue_that_is_made_anew_swallows_no_job_of_a_tenant_that_was_withdrawn() {
    let Some(farm) = Farm::start("scale-anew", &["tenant-0", "tenant-1"], &[]) else { return };
    check_output(&farm.submit(&["--replace"]), 0, "2 tenants submitted");
    check_output(&farm.submit_without_run(&["--withdraw"]), 0, "2 tenants taken out of the queue");
    farm.broker.publish("$JS.API.STREAM.DELETE.SOURCE_JOBS", "");
    check_output(&farm.submit(&["--tenant", "tenant-0"]), 0, "1 tenant submitted, 0 in the queue before");
    let worker = farm.worker("one", &[]);
    farm.until(|it| it["complete"] == 1);
    worker.stop();
}

/// A job that nobody has begun does not make up for one that is missing.
#[test]
fn a_tenant_without_a_job_is_told_beside_a_job_that_nobody_begins() {
    let Some(farm) = Farm::start("scale-missing", &["tenant-0"], &[]) else { return };
    check_output(&farm.submit(&["--every-hours", "24"]), 0, "or the next run when that is due: 1 tenant submitted");
    let worker = farm.worker("one", &[]);
    farm.until(|it| it["complete"] == 1);
    check_output(&farm.watch(), 0, "");
    farm.broker.publish("source.jobs.newer", "{\"version\":2}");
    farm.broker.publish("$JS.API.STREAM.PURGE.SOURCE_JOBS", "{\"filter\":\"source.jobs.tenant-0\"}");
    farm.until(|it| it["queued"] == 1 && it["without_job"] == 1);
    check_output(&farm.watch(), 5, "");
    worker.stop();
}

#[test]
fn a_worker_with_another_ack_wait_or_share_than_the_others_is_refused() {
    let Some(farm) = Farm::start("scale-ack-wait", &["tenant-0"], &[]) else { return };
    let first = farm.worker("one", &["--ack-wait-seconds", "7"]);
    first.until_said("worker one");
    let (code, said) = farm.worker("two", &["--ack-wait-seconds", "9"]).end();
    assert!(code == Some(2) && said.contains("--ack-wait-seconds 7"), "{said}");
    let (code, said) = farm.worker("three", &["--ack-wait-seconds", "7", "--requests-per-hour", "100"]).end();
    assert!(code == Some(2) && said.contains("give --requests-per-hour 5000"), "{said}");
    first.stop();
}

#[test]
fn what_looks_like_a_secret_never_goes_into_the_queue() {
    let scratch = Scratch::new("scale-inline");
    for (settings, at) in
        [(json!({"api_secret": "hunter2"}), "/api_secret"), (json!({"a": ["x://u:hunter2@h"]}), "/a/0")]
    {
        let pair = json!({"key_env": "A", "secret_env": "B"});
        let tenants = json!([{"name": "a", "settings": settings, "credentials": pair}]);
        let file = scratch.write("tenants.json", &tenants.to_string());
        let output = program(&["submit", "--nats", "nats://127.0.0.1:1", "--tenants", &file]).output().unwrap();
        check_output(&output, 2, &format!("look like a secret at {at}"));
        assert!(!String::from_utf8_lossy(&output.stderr).contains("hunter2"));
    }
}

#[test]
fn odd_options_are_refused_with_what_to_write() {
    let scratch = Scratch::new("scale-odd");
    let pair = json!({"key_env": "A", "secret_env": "B"});
    for (since, want) in [("yesterday", "this is not a timestamp"), ("2999-01-01T00:00:00Z", "this is in the future")] {
        let tenants = json!([{"name": "a", "credentials": pair, "since": since}]);
        let file = scratch.write("since.json", &tenants.to_string());
        let output = program(&["submit", "--nats", "nats://127.0.0.1:1", "--tenants", &file]).output().unwrap();
        check_output(&output, 2, &format!("\"since\" of the tenant \"a\": {want}"));
    }
    let file = scratch.write("tenants.json", &json!([{"name": "a", "credentials": pair}]).to_string());
    let out = json!([{"name": "a", "credentials": {"key_file": "/etc/hostname", "secret_env": "B"}}]);
    let outside = scratch.write("outside.json", &out.to_string());
    let output = program(&["submit", "--nats", "nats://127.0.0.1:1", "--tenants", &outside]).output().unwrap();
    check_output(&output, 2, "/credentials/key_file leads out of the folder of the workers");
    // Variables that are set to nothing, as in many a file of a deployment, are as if they were not.
    let empty = ["NATS_CREDS", "NATS_NKEY", "NATS_CA"].map(|name| (name, ""));
    let output = program(&["submit", "--nats", "nats://127.0.0.1:1", "--tenants", &file]).envs(empty).output().unwrap();
    check_output(&output, 2, "NATS at nats://127.0.0.1:1");
    let submit = ["submit", "--tenants", &file, "--nats"];
    for (more, want) in [
        (&["nats://127.0.0.1:1", "--run", "x-again"][..], "not \"-again\" at the end"),
        (&["nats://127.0.0.1:1", "--tenant", "b"], "there is no such tenant in"),
        (&["nats://127.0.0.1:1", "--withdraw", "--replace"], "cannot be used with"),
        (&[""], "--nats names no server"),
        (&["nats://127.0.0.1:1,"], "--nats names no server"),
    ] {
        check(&[&submit[..], more].concat(), 2, want);
    }
    check(&["worker", "--nats", "nats://127.0.0.1:1", "--place", ""], 2, "the place for evidence is empty");
}

//! A worker that is stopped while it works, and a broker that is not there.

use super::farm::{Broker, Farm, Worker, manifest, tenants, wait_for};
use crate::support::*;
use std::net::TcpListener;
use std::process::Stdio;
use std::time::Duration;

/// The number before a word in the last line of a worker.
fn told(said: &str, word: &str) -> u64 {
    let line = said.lines().last().unwrap();
    let before = line.split(word).next().unwrap().trim_end();
    before.rsplit(' ').next().unwrap().parse().unwrap()
}

#[test]
fn a_worker_that_is_told_to_stop_gives_back_its_jobs_after_their_pages_and_nothing_is_done_twice() {
    let names = ["t-0", "t-1", "t-2", "t-3"];
    let Some(farm) = Farm::start("scale-drain", &names, &["--sim-latency-ms", "60"]) else { return };
    check_output(&farm.submit(&[]), 0, "4 tenants submitted");
    // A job that is not given back would stay with the first worker for ten minutes.
    let slow = ["--max-requests-per-page", "6", "--concurrency", "1", "--ack-wait-seconds", "600"];
    let first = farm.worker("first", &slow);
    farm.until(|it| it["pages"].as_u64() >= Some(4));
    let first = first.stop();
    assert!(first.contains("stopping: pages under way are finished"), "{first}");
    let then = farm.until(|_| true);
    assert!(then["complete"] != 4 && then["pages"].as_u64() == Some(told(&first, "pages")), "{then}\n{first}");
    let second = farm.worker("second", &["--ack-wait-seconds", "600"]);
    farm.until(|it| it["complete"] == 4);
    let second = second.stop();
    assert!(first.contains("(0 collected twice)") && second.contains("(0 collected twice)"), "{first}{second}");
    let mut requests = 0;
    for name in names {
        let run = farm.run_of(name, "r1");
        check(&["verify", &run], 11, "consistent with itself");
        requests += manifest(&run)["requests"].as_u64().unwrap();
    }
    assert_eq!(told(&first, "calls") + told(&second, "calls"), requests, "a call is in no journal\n{first}{second}");
}

#[test]
fn a_second_signal_ends_a_worker_at_once_and_another_one_goes_on_from_its_pages() {
    let Some(farm) = Farm::start("scale-second", &["t-0", "t-1"], &["--sim-latency-ms", "400"]) else { return };
    check_output(&farm.submit(&[]), 0, "2 tenants submitted");
    let waits = ["--ack-wait-seconds", "2"];
    // Pages that take minutes.
    let mut first =
        farm.worker("first", &[&waits[..], &["--concurrency", "1", "--max-milliseconds-per-page", "600000"]].concat());
    farm.until(|it| it["tenants"] == 2);
    first.terminate();
    first.until_said("a second signal stops at once");
    first.terminate();
    assert_eq!(first.end().0, Some(130));
    let second = farm.worker("second", &waits);
    farm.until(|it| it["complete"] == 2);
    second.stop();
    for name in ["t-0", "t-1"] {
        check(&["verify", &farm.run_of(name, "r1")], 11, "consistent with itself");
    }
}

#[test]
fn without_a_broker_submit_and_watch_end_and_a_worker_says_so_and_tries_on() {
    let scratch = Scratch::new("scale-absent");
    // A port that nobody listens on.
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let url = format!("nats://somebody:hunter2-secret@{free}");
    let tenants =
        scratch.write("tenants.json", r#"[{"name": "a", "credentials": {"key_env": "A", "secret_env": "B"}}]"#);
    for args in [&["submit", "--tenants", &tenants][..], &["watch", "--once"], &["watch"]] {
        let output = check(&[args, &["--nats", &url]].concat(), 2, "NATS at nats://…@127.0.0.1");
        check_output(&output, 2, "check --nats");
        assert!(!String::from_utf8_lossy(&output.stderr).contains("hunter2"), "{output:?}");
    }
    let place = scratch.path("place");
    let worker = Worker::start(&scratch, &["worker", "--nats", &url, "--place", &place], &[]);
    let said = worker.until_said("retrying");
    assert!(said.contains("NATS at nats://…@127.0.0.1") && !said.contains("hunter2"), "{said}");
    let mut worker = worker;
    worker.terminate();
    assert_eq!(worker.end().0, Some(0));
}

#[test]
fn a_worker_that_is_there_before_its_broker_begins_when_that_comes() {
    let Some(mut farm) = Farm::start("scale-early", &["t-0"], &[]) else { return };
    farm.broker.kill();
    let worker = farm.worker("early", &[]);
    worker.until_said("retrying");
    farm.restart_broker();
    check_output(&farm.submit(&[]), 0, "1 tenant submitted");
    farm.until(|it| it["complete"] == 1);
    worker.stop();
}

#[test]
fn a_server_that_never_answers_is_given_up() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("nats://{}", silent.local_addr().unwrap());
    check(&["watch", "--once", "--nats", &url], 2, "NATS at nats://127.0.0.1");
    wait_for("a connection", || silent.accept().ok());
}

/// A cluster answers nothing about streams before it has chosen who leads it.
#[test]
fn a_cluster_that_is_still_choosing_its_leader_is_waited_for() {
    let ports = [(); 2].map(|()| TcpListener::bind("127.0.0.1:0").unwrap()).map(|free| free.local_addr().unwrap());
    let node = |number: usize| {
        let scratch = Scratch::new(&format!("scale-choosing-{number}"));
        let [own, other] = [ports[number], ports[1 - number]];
        let cluster = format!("cluster {{ name: c, listen: \"{own}\", routes: [\"nats://{other}\"] }}");
        let broker = Broker::start(&scratch, &format!("server_name: n{number}\n{cluster}"))?;
        Some((scratch, broker))
    };
    let Some((scratch, first)) = node(0) else { return };
    let args = ["submit", "--nats", &first.url(), "--tenants", &tenants(&scratch, &["t-0"])];
    let submit = program(&args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // A server says nothing of a cluster without a leader for ten seconds, and then that there is none.
    std::thread::sleep(Duration::from_secs(15));
    let _second = node(1).unwrap();
    check_output(&submit.wait_with_output().unwrap(), 0, "1 tenant submitted, 0 in the queue before");
}

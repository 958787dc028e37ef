//! What a worker tells those who run it: `/healthz` and `/metrics`.

use super::farm::{Farm, Worker, wait_for};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::{Command, Stdio};

/// The answer to GET: its head and its body.
pub fn get(address: &str, path: &str) -> Option<(String, String)> {
    let mut stream = TcpStream::connect(address).ok()?;
    stream.write_all(format!("GET {path} HTTP/1.1\r\nhost: {address}\r\n\r\n").as_bytes()).ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    let (head, body) = answer.split_once("\r\n\r\n")?;
    Some((head.into(), body.into()))
}

pub fn until(address: &str, status: &str, words: &str) {
    wait_for(words, || get(address, "/healthz").filter(|(head, body)| head.contains(status) && body.contains(words)));
}

pub fn address(worker: &Worker) -> String {
    let said = worker.until_said("/healthz says whether it works");
    said.split("http://").nth(1).unwrap().split('/').next().unwrap().to_string()
}

pub const LISTEN: [&str; 2] = ["--listen", "127.0.0.1:0"];

#[test]
fn metrics_are_what_was_done_and_a_parser_of_prometheus_reads_them() {
    let Some(farm) = Farm::start("scale-metrics", &["tenant-0", "tenant-1"], &[]) else { return };
    farm.scratch.write("tenants/secret-tenant-1", "simulated-wrong-word");
    farm.submit(&[]);
    let worker = farm.worker("one", &LISTEN);
    let address = address(&worker);
    let end = farm.until(|it| it["complete"] == 1 && it["failed"]["tenant-1"].is_string());
    let (head, text) = get(&address, "/metrics").unwrap();
    assert!(head.starts_with("HTTP/1.1 200") && head.contains("application/openmetrics-text"), "{head}");
    let value = |name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(&format!("source_worker_{name} ")));
        line.unwrap_or_else(|| panic!("no {name} in {text}")).parse::<f64>().unwrap()
    };
    assert_eq!((value("tenants_done_total"), value("tenants_failed_total"), value("tenants_running")), (2.0, 1.0, 0.0));
    assert_eq!(Some(value("pages_total")), end["pages"].as_f64());
    assert_eq!((value("pages_twice_total"), value("troubles_total"), value("broker_errors_total")), (0.0, 0.0, 0.0));
    // The tenant that failed had a turn too, and wrote no page in it.
    assert_eq!(value("turn_seconds_count"), value("pages_total") + 1.0);
    // For each tenant its standing is read and the lease written; for each turn a share reserved and settled, and the
    // standing written.
    assert_eq!(value("broker_seconds_count"), 2.0 * 2.0 + 3.0 * value("turn_seconds_count"));
    assert!(value("broker_seconds_sum") > 0.0);
    for hidden in ["tenant-0", "tenant-1", "simulated"] {
        assert!(!text.contains(hidden), "{hidden} in {text}");
    }
    assert!(get(&address, "/").unwrap().0.contains(" 404 "));
    let said = worker.stop();
    for (name, word) in [("records_total", " records"), ("requests_total", " calls")] {
        let count = value(name);
        assert!(count > 0.0 && said.contains(&format!("{count}{word}")), "{name} {count}: {said}");
    }
    parse(&text);
}

/// Reads metrics with the Prometheus project's own parser, where it is installed.
fn parse(text: &str) {
    let Some(python) = std::env::var_os("PYTHON") else {
        return eprintln!("skipped: PYTHON names no Python with prometheus_client (see .ci/run)");
    };
    let script = "import sys
try:
    from prometheus_client.openmetrics.parser import text_string_to_metric_families as read
except ImportError:
    sys.exit(print('skipped: prometheus_client is not installed'))
print('families:', *sorted(family.name for family in read(sys.stdin.read())))";
    let mut child = Command::new(python);
    let child = child.args(["-c", script]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
    let mut child = child.unwrap();
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let told = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{told}");
    if told.starts_with("skipped") {
        return eprint!("{told}");
    }
    assert_eq!(told.split_whitespace().filter(|word| word.starts_with("source_worker_")).count(), 13, "{told}");
}

#[test]
fn health_follows_the_broker_and_the_drain() {
    let Some(mut farm) = Farm::start("scale-health", &["t-0"], &["--sim-latency-ms", "300"]) else { return };
    farm.broker.kill();
    let early = [&LISTEN[..], &["--concurrency", "1", "--max-requests-per-page", "20"]].concat();
    let mut worker = farm.worker("one", &early);
    let address = address(&worker);
    until(&address, " 503 ", "the broker has not answered yet");
    assert_eq!(get(&address, "/metrics").unwrap().1, "# EOF\n");
    farm.restart_broker();
    until(&address, " 200 ", "ok");
    farm.broker.kill();
    until(&address, " 503 ", "the queue gives no jobs");
    worker.until_said("the queue gives no jobs; retrying");
    farm.restart_broker();
    until(&address, " 200 ", "ok");
    worker.until_said("the queue gives jobs again");
    farm.submit(&[]);
    farm.until(|it| it["tenants"] == 1);
    worker.terminate();
    until(&address, " 503 ", "draining");
    let (code, said) = worker.end();
    assert_eq!(code, Some(0), "{said}");
}

//! Spans that a worker sends, as a collector gets them and the OpenTelemetry project's own definitions read them.

use super::farm::{Farm, SECRET};
use super::operations::{LISTEN, address, get};
use crate::support::*;
use serde_json::Value;
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::Command;
use std::sync::{Arc, Mutex};

type Got = Arc<Mutex<Vec<(String, Vec<u8>)>>>;

/// Takes whatever comes: the head and the body of each request.
fn collector() -> (String, Got) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let got = Got::default();
    let kept = Arc::clone(&got);
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let kept = Arc::clone(&kept);
            std::thread::spawn(move || take(stream, &kept));
        }
    });
    (url, got)
}

fn take(mut stream: TcpStream, kept: &Got) -> Option<()> {
    let mut read = BufReader::new(stream.try_clone().ok()?);
    loop {
        let (mut head, mut line) = (String::new(), String::new());
        while line != "\r\n" {
            line.clear();
            if read.read_line(&mut line).ok()? == 0 {
                return None;
            }
            head.push_str(&line.to_lowercase());
        }
        let length = head.split("content-length: ").nth(1)?.lines().next()?.parse().ok()?;
        let mut body = vec![0; length];
        read.read_exact(&mut body).ok()?;
        kept.lock().unwrap().push((head, body));
        let answer = "HTTP/1.1 200 OK\r\ncontent-type: application/x-protobuf\r\ncontent-length: 0\r\n\r\n";
        stream.write_all(answer.as_bytes()).ok()?;
    }
}

/// Prints each span as JSON.
const DECODE: &str = "import json, sys
try:
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
except ImportError:
    sys.exit(print('skipped: opentelemetry-proto is not installed'))
def read(attributes):
    return {each.key: getattr(each.value, each.value.WhichOneof('value')) for each in attributes}
for file in sys.argv[1:]:
    request = ExportTraceServiceRequest.FromString(open(file, 'rb').read())
    for resource in request.resource_spans:
        for scope in resource.scope_spans:
            for span in scope.spans:
                print(json.dumps({'of': read(resource.resource.attributes), 'about': read(span.attributes), 'name': span.name,
                    'kind': span.kind, 'span': span.span_id.hex(), 'parent': span.parent_span_id.hex(),
                    'trace': span.trace_id.hex(), 'error': span.status.code == 2, 'took': span.end_time_unix_nano - span.start_time_unix_nano}))";

fn decoded(scratch: &Scratch, got: &Got) -> Option<Vec<Value>> {
    let Some(python) = std::env::var_os("PYTHON") else {
        eprintln!("skipped: PYTHON names no Python with opentelemetry-proto (see .ci/run)");
        return None;
    };
    let mut command = Command::new(python);
    command.args(["-c", DECODE]);
    for (number, (_, body)) in got.lock().unwrap().iter().enumerate() {
        let file = scratch.path(&format!("body-{number}"));
        std::fs::write(&file, body).unwrap();
        command.arg(file);
    }
    let output = command.output().unwrap();
    let told = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    if told.starts_with("skipped") {
        eprint!("{told}");
        return None;
    }
    Some(told.lines().map(|line| serde_json::from_str(line).unwrap()).collect())
}

fn counted(all: impl Iterator<Item = String>) -> BTreeMap<String, u32> {
    let mut counts = BTreeMap::new();
    all.for_each(|each| *counts.entry(each).or_default() += 1);
    counts
}

#[test]
fn there_is_one_span_for_each_turn_and_each_request_and_no_secret_in_any() {
    let log = Scratch::new("scale-traces-log");
    let log = log.path("requests");
    let simulated = ["--request-log", &log];
    let Some(farm) = Farm::start("scale-traces", &["tenant-0", "tenant-1"], &simulated) else { return };
    farm.scratch.write("tenants/secret-tenant-1", "simulated-wrong-word");
    let (url, got) = collector();
    farm.submit(&[]);
    let more = ["--traces", &url, "--max-requests-per-page", "20"];
    let worker = farm.worker("one", &[&LISTEN[..], &more].concat());
    let address = address(&worker);
    farm.until(|it| it["complete"] == 1 && it["failed"]["tenant-1"].is_string());
    let metrics = get(&address, "/metrics").unwrap().1;
    worker.stop();
    for (head, body) in got.lock().unwrap().iter() {
        assert!(head.starts_with("post /v1/traces ") && head.contains("application/x-protobuf"), "{head}");
        let body = String::from_utf8_lossy(body);
        for hidden in
            [SECRET, "simulated-wrong-word", "simulated-key", "uthorization", "OnNpbXVsYXRlZC1", "cursor", "limit="]
        {
            assert!(!body.contains(hidden) && !head.contains(hidden), "{hidden} in {body}");
        }
    }
    let Some(spans) = decoded(&farm.scratch, &got) else { return };
    let (turns, requests): (Vec<&Value>, Vec<&Value>) = spans.iter().partition(|span| span["name"] == "turn");
    assert!(
        metrics.contains(&format!("source_worker_turn_seconds_count {}\n", turns.len())),
        "{}: {metrics}",
        turns.len()
    );
    assert!(metrics.contains("source_worker_trace_errors_total 0\n"), "{metrics}");
    let log = std::fs::read_to_string(log).unwrap();
    let served = counted(log.lines().map(|line| line.split(' ').nth(2).unwrap().split('?').next().unwrap().into()));
    let told = counted(requests.iter().map(|span| span["about"]["url.path"].as_str().unwrap().into()));
    assert!(served.len() > 5);
    assert_eq!(told, served);
    for span in &requests {
        let turn =
            turns.iter().find(|turn| turn["span"] == span["parent"] && turn["trace"] == span["trace"]).expect("a turn");
        let (about, kind) = (&span["about"], &span["kind"]);
        assert_eq!(
            (&span["name"], &about["server.address"], kind),
            (&"GET".into(), &"api.fivetran.com".into(), &3.into())
        );
        let status = about["http.response.status_code"].as_i64().unwrap();
        assert_eq!(status == 401, turn["about"]["source.tenant"] == "tenant-1", "{span}");
        assert_eq!(span["error"], status >= 400, "{span}");
        assert!(span["took"].as_u64() > Some(0) && span["took"].as_u64() <= turn["took"].as_u64(), "{span} {turn}");
    }
    let mut pages: Vec<_> =
        turns.iter().map(|turn| &turn["about"]).filter(|it| it["source.tenant"] == "tenant-0").collect();
    pages.sort_by_key(|it| it["source.page"].as_u64());
    let numbers: Vec<_> = pages.iter().filter_map(|it| it["source.page"].as_u64()).collect();
    assert_eq!(numbers, (1..=numbers.len() as u64).collect::<Vec<_>>());
    assert!(pages.iter().all(|it| it["source.run"] == "r1"));
    assert_eq!(spans[0]["of"]["service.name"], "host-test-worker");
    assert_eq!(spans[0]["of"]["service.instance.id"], "one");
}

#[test]
fn without_a_collector_work_goes_on_and_the_metrics_say_so() {
    let Some(farm) = Farm::start("scale-untraced", &["tenant-0"], &[]) else { return };
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    farm.submit(&[]);
    let worker = farm.worker("one", &[&LISTEN[..], &["--traces", &format!("http://{free}")]].concat());
    let address = address(&worker);
    farm.until(|it| it["complete"] == 1);
    super::farm::wait_for("an error", || {
        let text = get(&address, "/metrics")?.1;
        let line = text.lines().find(|line| line.starts_with("source_worker_trace_errors_total "))?;
        (!line.ends_with(" 0")).then_some(())
    });
    assert!(worker.stop().contains("1 done (0 failed)"));
    let place = farm.scratch.path("other");
    let args =
        ["worker", "--nats", &farm.broker.url(), "--place", &place, "--traces", "http://me:hunter2-secret@127.0.0.1"];
    let output = check(&args, 2, "--traces: it has a user name, a password or a query in it");
    check_output(&output, 2, "OTEL_EXPORTER_OTLP_HEADERS");
    assert!(!String::from_utf8_lossy(&output.stderr).contains("hunter2"));
}

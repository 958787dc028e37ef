//! No secret is where it does not belong.

use super::farm::{Farm, SECRET};
use super::operations::{LISTEN, address, get};
use crate::support::*;
use std::process::Command;

/// Prints all that is in the streams of a broker, which hold its key-value buckets too.
const ALL: &str = "import asyncio, sys
try:
    import nats
except ImportError:
    sys.exit(print('skipped: nats-py is not installed'))
async def main():
    client = await nats.connect(sys.argv[1])
    streams = client.jetstream()
    for stream in await streams.streams_info():
        name, state = stream.config.name, stream.state
        print('stream', name)
        for number in range(max(1, state.first_seq), state.last_seq + 1):
            try:
                message = await streams.get_msg(name, number)
            except nats.js.errors.NotFoundError:
                continue
            print(message.subject, message.headers, message.data.decode())
    await client.close()
asyncio.run(main())";

/// What the broker tells a client that others wrote.
fn read_all(farm: &Farm) -> Option<String> {
    let Some(python) = std::env::var_os("PYTHON") else {
        eprintln!("skipped: PYTHON names no Python with nats-py (see .ci/run)");
        return None;
    };
    let output = Command::new(python).args(["-c", ALL, &farm.broker.url()]).output().unwrap();
    let told = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{told}{}", String::from_utf8_lossy(&output.stderr));
    if told.starts_with("skipped") {
        eprint!("{told}");
        return None;
    }
    Some(told)
}

/// What the test below looks at does hold what the broker was told.
#[test]
fn a_secret_in_the_broker_would_be_read_there() {
    let Some(farm) = Farm::start("scale-read", &["tenant-0"], &[]) else { return };
    farm.submit(&[]);
    farm.broker.publish("source.jobs.other", SECRET);
    let Some(broker) = read_all(&farm) else { return };
    assert!(broker.contains("stream KV_source-quotas") && broker.contains(SECRET), "{broker}");
}

#[test]
fn after_a_run_with_a_tenant_that_failed_no_secret_is_in_the_broker_the_evidence_or_what_a_worker_says() {
    let Some(farm) = Farm::start("scale-canary", &["tenant-0", "tenant-1", "tenant-2"], &[]) else { return };
    farm.scratch.write("tenants/secret-tenant-1", "simulated-wrong-word");
    let events = farm.broker.listen(">");
    check_output(&farm.submit(&[]), 0, "3 tenants submitted");
    // One job is given up.
    let none = r#"{"run":"r1","tenant":{"name":"none","component":"x","credentials":{"key_file":"key-0","secret_file":"secret-tenant-0"}}}"#;
    farm.broker.publish("source.jobs.none", none);
    let worker = farm.worker("one", &LISTEN);
    let address = address(&worker);
    let end = farm.until(|it| it["complete"] == 2 && it["failed"]["tenant-1"].is_string());
    events.until(|told| told.contains("given up"));
    let told = [get(&address, "/metrics").unwrap().1, get(&address, "/healthz").unwrap().1].concat();
    let said = worker.stop();
    // Jobs that are done are gone: those of another run are there to be read.
    let args = ["submit", "--nats", &farm.broker.url(), "--tenants", &farm.tenants, "--run", "r2"];
    check(&args, 0, "3 tenants submitted");
    let broker = read_all(&farm).unwrap_or_default();
    if !broker.is_empty() {
        for part in [
            "stream KV_source-tenants",
            "$KV.source-tenants.tenant-1",
            "$KV.source-quotas.",
            "source.dead.none",
            "source.jobs.tenant-1",
        ] {
            assert!(broker.contains(part), "{part} in {broker}");
        }
    }
    for secret in [SECRET, "simulated-wrong-word", "simulated-key-1", "OnNpbXVsYXRlZC1"] {
        assert!(![&told, &said, &broker, &end.to_string()].iter().any(|text| text.contains(secret)), "{secret}");
        assert_eq!(events.count(secret), 0, "{secret}");
        assert_eq!(farm.with(secret), Vec::<std::path::PathBuf>::new());
    }
    assert!(events.count("\"done\"") >= 3 && !farm.with("tenant-1").is_empty(), "nothing was looked at");
}

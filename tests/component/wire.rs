//! What goes wrong on real sockets: the component in wasmtime against a server that breaks off, cuts
//! short, runs over, or is not there. All cases run at once, since retries wait for seconds.

use crate::support::{Collected, account, block_on, collect, options, plugin, simulator, tenant};
use fivetran_simulator::faults::{Rule, Schedule};
use fivetran_simulator::{Answers, Config};
use source_host::bindings::compliance::source::types::{CoverageState, FailureKind};
use source_host::collection::CollectionOptions;
use source_host::error::Error;
use source_host::tenant::Tenant;
use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

const KINDS: [&str; 3] = ["user", "team", "team_membership"];

fn config() -> Config {
    account(1_500, 3, 1, 1)
}

fn users_and_teams() -> CollectionOptions {
    CollectionOptions { kinds: KINDS.map(String::from).to_vec(), ..options(None, Some(4)) }
}

/// Ids and contents: when and in which attempt they were read may differ.
fn contents(collected: &Collected) -> BTreeSet<(String, String)> {
    let own = ["coverage", "manifest", "not_observable"];
    let records = collected.pages.iter().flat_map(|page| &page.records);
    records.filter(|r| !own.contains(&r.kind.as_str())).map(|r| (r.id.clone(), r.content.clone())).collect()
}

async fn run(upstream: &str) -> Result<Collected, Error> {
    let quiet = simulator(config()).await;
    let tenant = Tenant { upstream: Some(upstream.parse().unwrap()), ..tenant(&quiet) };
    collect(&plugin().await, &tenant, users_and_teams()).await
}

async fn undisturbed() -> BTreeSet<(String, String)> {
    let quiet = simulator(config()).await;
    contents(&run(&quiet.url()).await.unwrap())
}

/// Collects while answers go wrong by a rule as `--sim-faults` takes it.
async fn struck(rule: &str) -> (Result<Collected, Error>, usize) {
    let faults = Schedule::new(vec![rule.parse::<Rule>().unwrap()]);
    let simulator = simulator(Config { faults: Some(Arc::new(faults)), ..config() }).await;
    (run(&simulator.url()).await, simulator.journal().len())
}

#[test]
fn what_breaks_and_passes_changes_nothing() {
    block_on(async {
        let want = undisturbed().await;
        let faults =
            ["close-before-headers", "close-after-headers", "close-mid-body", "slow-headers", "slow-body", "502"];
        let places = ["/v1/account/info", "/v1/users?limit=1000$", "/v1/users?limit=1000&cursor", "/users?limit=1000$"];
        let cases = faults.iter().flat_map(|fault| places.iter().map(move |place| format!("{fault}@{place}#1x2")));
        let cases = cases.map(|rule| async move { (struck(&rule).await, rule) });
        for ((outcome, calls), rule) in futures_util::future::join_all(cases).await {
            let collected = outcome.unwrap_or_else(|error| panic!("{rule}: {error}"));
            assert!(contents(&collected) == want, "{rule}");
            // Account, two pages of users and a look back, teams, three memberships; a fault costs a call more.
            assert!((8..=10).contains(&calls), "{rule}: {calls} calls");
            let coverage = &collected.pages.last().unwrap().coverage;
            assert!(coverage.iter().all(|kind| kind.state == CoverageState::Complete), "{rule}");
        }
    });
}

#[test]
fn what_breaks_for_good_is_named_and_can_be_resumed() {
    block_on(async {
        let cases = ["close-before-headers@/v1/users", "close-mid-body@/v1/users", "close-after-headers@/v1/account"];
        let cases = cases.map(|rule| async move { (struck(rule).await, rule) });
        for ((outcome, calls), rule) in futures_util::future::join_all(cases).await {
            let Err(Error::Source(failure)) = outcome else { panic!("{rule}: no failure") };
            assert_eq!((failure.kind, failure.retryable), (FailureKind::Network, true), "{rule}: {failure:?}");
            assert!(failure.message.contains("connection-terminated"), "{rule}: {}", failure.message);
            assert!(calls <= 9, "{rule}: {calls} calls");
        }
    });
}

#[test]
fn what_is_of_no_use_costs_that_list_and_is_said() {
    block_on(async {
        let faults = ["huge", "gzip", "redirect", "html", "html-401", "html-403", "html-404", "deep"];
        let cases = faults.map(|fault| format!("{fault}@/v1/users"));
        let cases = cases.each_ref().map(|rule| async move { (struck(rule).await, rule) });
        for ((outcome, calls), rule) in futures_util::future::join_all(cases).await {
            let collected = outcome.unwrap_or_else(|error| panic!("{rule}: {error}"));
            let coverage = &collected.pages.last().unwrap().coverage;
            let state = |kind: &str| coverage.iter().find(|c| c.kind == kind).unwrap().state;
            // It is not the vendor that refuses, or that has none.
            assert_eq!(state("user"), CoverageState::Partial, "{rule}");
            assert_eq!(state("team"), CoverageState::Complete, "{rule}");
            assert!(calls <= 9, "{rule}: {calls} calls");
        }
    });
}

/// A server that writes its answers by hand: the first to `/v1/users` as `spoil` makes it.
struct RawServer {
    url: String,
    served: Arc<AtomicUsize>,
}

type Spoil = fn(&mut TcpStream, &[u8]) -> std::io::Result<()>;

impl RawServer {
    fn start(spoil: Spoil) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let served = Arc::new(AtomicUsize::new(0));
        let (count, spoilt) = (Arc::clone(&served), Arc::new(Mutex::new(false)));
        std::thread::spawn(move || {
            let answers = Arc::new(Answers::new(config()));
            for stream in listener.incoming() {
                let (answers, spoilt, count) = (Arc::clone(&answers), Arc::clone(&spoilt), Arc::clone(&count));
                std::thread::spawn(move || {
                    count.fetch_add(1, Ordering::SeqCst);
                    let mut stream = stream.unwrap();
                    let path = read_request(&stream);
                    let body = answers.get(&path).0.body;
                    let mut spoilt = spoilt.lock().unwrap();
                    // The other side may be gone already: that is what is tested.
                    let _ = if path.starts_with("/v1/users?") && !std::mem::replace(&mut *spoilt, true) {
                        spoil(&mut stream, &body)
                    } else {
                        answer(&mut stream, body.len(), &body)
                    };
                });
            }
        });
        Self { url, served }
    }
}

/// The path of the request.
fn read_request(stream: &TcpStream) -> String {
    let mut lines = BufReader::new(stream).lines().map(Result::unwrap);
    let first = lines.next().unwrap();
    lines.find(String::is_empty).unwrap();
    first.split(' ').nth(1).unwrap().to_string()
}

fn answer(stream: &mut TcpStream, length: usize, body: &[u8]) -> std::io::Result<()> {
    write!(stream, "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n")?;
    stream.write_all(body)
}

fn chunked(stream: &mut TcpStream, body: &[u8]) -> std::io::Result<()> {
    write!(stream, "HTTP/1.1 200 OK\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n")?;
    stream.write_all(body)
}

#[test]
fn answers_that_contradict_http_are_tried_again() {
    let spoils: [(&str, Spoil, usize); 7] = [
        ("too long", |s, body| answer(s, body.len(), &[body, b"surplus".as_slice()].concat()), 8),
        ("too short", |s, body| answer(s, body.len() + 10, body), 9),
        ("bad chunk size", |s, _| chunked(s, b"zz\r\nhello\r\n0\r\n\r\n"), 9),
        ("chunks without an end", |s, _| chunked(s, b"5\r\nhello\r\n"), 9),
        ("bad status line", |s, _| s.write_all(b"HTTP/9.9 twohundred\r\n\r\n"), 9),
        ("bad length", |s, _| s.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: -5\r\n\r\n"), 9),
        ("nothing", |_, _| Ok(()), 9),
    ];
    block_on(async {
        let want = undisturbed().await;
        let cases = spoils.map(|(what, spoil, calls)| async move {
            let server = RawServer::start(spoil);
            (run(&server.url).await, server.served.load(Ordering::SeqCst), what, calls)
        });
        for (outcome, served, what, calls) in futures_util::future::join_all(cases).await {
            let collected = outcome.unwrap_or_else(|error| panic!("{what}: {error}"));
            assert!(contents(&collected) == want, "{what}");
            assert_eq!(served, calls, "{what}");
        }
    });
}

#[test]
fn a_server_that_is_not_there_is_named() {
    block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        drop(listener);
        let Err(Error::Source(failure)) = run(&url).await else { panic!("no failure") };
        assert_eq!((failure.kind, failure.retryable), (FailureKind::Network, true), "{failure:?}");
        assert!(failure.message.contains("connection-refused"), "{}", failure.message);
    });
}

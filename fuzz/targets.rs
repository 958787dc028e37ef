//! What is fuzzed: each function takes any bytes and must neither panic nor break what it asserts.
//! `cargo +nightly fuzz run NAME` runs one; `tests/core/fuzz_corpus.rs` replays the corpus on stable.
#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a panic is a finding")]

use fivetran_source::Fivetran;
use source_kit::base::digest::sha256_hex;
use source_kit::base::model::{Budget, CollectRequest, Failure, FailureKind, Page};
use source_kit::base::timestamp::Timestamp;
use source_kit::base::world::{Request, Response, TransportError, World};
use source_kit::collect::{Session, collect};
use source_kit::read::retry::{Attempt, Verdict, decide};
use source_kit::record::config::{Config, configure};
use source_kit::record::credentials::Credentials;
use std::cell::Cell;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

/// A world that answers from a function. Its clock runs only while somebody waits.
struct Fake<F> {
    answer: F,
    waited_ms: Cell<u64>,
}

impl<F: Fn(&str) -> (u16, Vec<u8>)> World for Fake<F> {
    async fn send(&self, request: Request) -> Result<Response, TransportError> {
        let (status, body) = (self.answer)(&request.ask.path_and_query);
        Ok(Response { status, retry_after: None, request_id: None, body, body_digest: None })
    }
    fn now(&self) -> Timestamp {
        Timestamp(1_769_860_800_000)
    }
    fn monotonic_ms(&self) -> u64 {
        self.waited_ms.get()
    }
    async fn wait_ms(&self, milliseconds: u64) {
        self.waited_ms.set(self.waited_ms.get() + milliseconds);
    }
}

fn session() -> Session<Fivetran> {
    Session::new(config("{}").expect("the defaults are fine"))
}

fn config(settings: &str) -> Result<Config<Fivetran>, Vec<source_kit::base::model::Diagnostic>> {
    let pair =
        Credentials::Basic { username: "KEYkeyKEYkey1234".into(), password: "s3cr3ts3cr3ts3cr3ts3cr3ts3cr3ts3".into() };
    configure(&pair, settings)
}

fn one_page(answer: impl Fn(&str) -> (u16, Vec<u8>), cursor: Option<String>) -> Result<Page, Failure> {
    let world = Fake { answer, waited_ms: Cell::new(0) };
    let session = session();
    let budget = Budget { max_requests: Some(60), max_records: Some(200), ..Budget::default() };
    let kinds = vec!["sync_run".into()];
    let kinds = if cursor.is_some() { Vec::new() } else { all_kinds(kinds) };
    let request = CollectRequest { kinds, cursor, budget, ..CollectRequest::default() };
    let mut future = pin!(collect(&world, &session, &request));
    let mut context = Context::from_waker(Waker::noop());
    for _ in 0..1_000_000 {
        if let Poll::Ready(page) = future.as_mut().poll(&mut context) {
            return page;
        }
    }
    panic!("waits for something that never comes");
}

fn all_kinds(mut kinds: Vec<String>) -> Vec<String> {
    kinds.extend(fivetran_source::table::KINDS.iter().map(|kind| kind.id.to_string()));
    kinds
}

const ACCOUNT: &[u8] = br#"{"code":"Success","data":{"account_id":"acc"}}"#;

/// Every record's content is canonical JSON; the cursor can be resumed from.
fn check(outcome: Result<Page, Failure>) {
    let Ok(page) = outcome else { return };
    for record in &page.records {
        let value: serde_json::Value = serde_json::from_str(&record.content).expect("content is JSON");
        assert!(value.is_object());
        assert!(record.id.starts_with("urn:fivetran:acc:"), "{}", record.id);
    }
    assert!(page.cursor.is_none_or(|cursor| cursor.len() <= 16 * 1024));
}

/// Any bytes as the answer to everything but the account.
pub fn envelope(data: &[u8]) {
    let (first, body) = data.split_first().unwrap_or((&0, &[]));
    let status = [200, 200, 200, 404, 403, 500, 429, 302][usize::from(first % 8)];
    check(one_page(
        |path| if path == "/v1/account/info" { (200, ACCOUNT.to_vec()) } else { (status, body.to_vec()) },
        None,
    ));
    let _ = one_page(|_| (status, body.to_vec()), None);
}

/// Any JSON as the item of every list, and as every single object.
pub fn projection(data: &[u8]) {
    let item = if serde_json::from_slice::<serde_json::Value>(data).is_ok() { data } else { b"{\"id\":\"one\"}" };
    let answer = |path: &str| {
        let around: (&[u8], &[u8]) = match path.split('?').next().unwrap_or_default().matches('/').count() {
            _ if path == "/v1/account/info" => return (200, ACCOUNT.to_vec()),
            _ if path.contains("limit=") => (b"{\"code\":\"Success\",\"data\":{\"items\":[", b"]}}"),
            _ => (b"{\"code\":\"Success\",\"data\":", b"}"),
        };
        (200, [around.0, item, around.1].concat())
    };
    check(one_page(answer, None));
}

/// Any text as a cursor: as it is, and under a good checksum.
pub fn cursor(data: &[u8]) {
    let text = String::from_utf8_lossy(data).into_owned();
    let answer = |_: &str| (200, ACCOUNT.to_vec());
    let refused = one_page(answer, Some(text.clone())).expect_err("no such cursor was ever given out");
    assert_eq!(refused.kind, FailureKind::InvalidCursor);
    let head = format!("2.{text}");
    let sum = sha256_hex(head.as_bytes());
    check(one_page(answer, Some(format!("{head}.{}", &sum[..32]))));
}

/// Any text as `Retry-After`.
pub fn retry_after(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let attempt = Attempt::Status { status: 429, retry_after: Some(&text) };
    match decide(attempt, 1, 0, Timestamp(1_769_860_800_000)) {
        Verdict::RateLimitedMs(wait) => assert!((1..=3_600_000).contains(&wait), "{wait}"),
        other => panic!("{other:?}"),
    }
}

/// Any text as settings.
pub fn settings(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    match config(&text) {
        Ok(config) => assert_eq!(config.settings_digest.len(), 64),
        Err(findings) => {
            assert!(!findings.is_empty());
            assert!(findings.iter().all(|finding| !finding.message.is_empty() && !finding.remedy.is_empty()));
        }
    }
}

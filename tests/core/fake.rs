//! A world that answers from a function and cannot dial: for tests of the core without wasm.
#![allow(dead_code, reason = "each test uses its part of it")]

use fivetran_simulator::Reply;
use fivetran_source::Fivetran;
use source_kit::base::model::{CollectRequest, Failure, Page, Record};
use source_kit::base::timestamp::Timestamp;
use source_kit::base::world::{Ask, Request, Response, TransportError, World};
use source_kit::collect::{Session, collect};
use source_kit::record::config::configure;
use source_kit::record::credentials::Credentials;
use std::cell::{Cell, RefCell};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

/// When all tests take place: 2026-01-31T12:00:00Z.
pub const NOW: Timestamp = Timestamp(1_769_860_800_000);

/// What the fake answers to a path and query.
pub type Answer = Result<Response, TransportError>;

/// A world that answers from a function, whose clock moves only with waits.
pub struct FakeWorld<F> {
    answer: F,
    /// Paths and queries, in the order they were asked for.
    pub journal: RefCell<Vec<String>>,
    /// Milliseconds waited: the clocks run only while somebody waits, or a request is under way.
    pub waited_ms: Cell<u64>,
    /// What each request takes, in milliseconds.
    pub latency_ms: u64,
}

impl<F: Fn(&str) -> Answer> FakeWorld<F> {
    pub fn new(answer: F) -> Self {
        Self { answer, journal: RefCell::default(), waited_ms: Cell::new(0), latency_ms: 0 }
    }
}

impl<F: Fn(&str) -> Answer> World for FakeWorld<F> {
    async fn send(&self, request: Request) -> Answer {
        self.journal.borrow_mut().push(request.ask.path_and_query.clone());
        self.waited_ms.set(self.waited_ms.get() + self.latency_ms);
        (self.answer)(&request.ask.path_and_query)
    }
    fn now(&self) -> Timestamp {
        Timestamp(NOW.0 + i64::try_from(self.waited_ms.get()).unwrap())
    }
    fn monotonic_ms(&self) -> u64 {
        self.waited_ms.get()
    }
    async fn wait_ms(&self, milliseconds: u64) {
        self.waited_ms.set(self.waited_ms.get() + milliseconds);
    }
}

/// A request without credentials.
pub fn request(path_and_query: &str) -> Request {
    Request { ask: Ask::get("api.fivetran.com", path_and_query), credentials: [].into() }
}

/// What the simulator says, as an answer.
pub fn answer_of(reply: &Reply) -> Answer {
    let header = |name: &str| reply.headers.get(name).and_then(|value| value.to_str().ok()).map(String::from);
    Ok(Response {
        status: reply.status.as_u16(),
        retry_after: header("retry-after"),
        request_id: header("x-request-id"),
        body: reply.body.to_vec(),
        body_digest: None,
    })
}

/// An answer with a status and a body.
pub fn reply(status: u16, body: impl Into<String>) -> Answer {
    let body = body.into().into_bytes();
    Ok(Response { status, retry_after: None, request_id: Some("req-1".into()), body, body_digest: None })
}

/// A successful answer around `data`.
pub fn success(data: &serde_json::Value) -> Answer {
    reply(200, serde_json::json!({"code": "Success", "message": "ok", "data": data}).to_string())
}

/// The answer to `/v1/account/info` that tests use.
pub fn account_info() -> Answer {
    success(&serde_json::json!({"account_id": "acc", "account_name": "Acme", "user_id": "me", "system_key_id": null}))
}

/// Whether somebody asked to be polled again.
#[derive(Default)]
struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Runs a future that never really waits. One that is pending and wakes nobody would never be polled again.
pub fn run<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    let woken = Arc::new(Woken::default());
    let waker = Waker::from(Arc::clone(&woken));
    let mut context = Context::from_waker(&waker);
    for _ in 0..1_000_000 {
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return output;
        }
        assert!(woken.0.swap(false, Ordering::Relaxed), "nobody will poll it again");
    }
    panic!("the future waits for something that never comes");
}

/// A session with default settings.
pub fn session(settings: &str) -> Session<Fivetran> {
    let credentials =
        Credentials::Basic { username: "KEYkeyKEYkey1234".into(), password: "s3cr3ts3cr3ts3cr3ts3cr3ts3cr3ts3".into() };
    Session::new(configure(&credentials, settings).unwrap())
}

/// Collects to the end, and answers every page.
pub fn collect_all<F: Fn(&str) -> Answer>(
    world: &FakeWorld<F>,
    session: &Session<Fivetran>,
    mut request: CollectRequest,
) -> Result<Vec<Page>, Failure> {
    let mut pages = Vec::new();
    loop {
        let page = run(collect(world, session, &request))?;
        request.cursor.clone_from(&page.cursor);
        let end = page.cursor.is_none();
        pages.push(page);
        if end {
            return Ok(pages);
        }
        assert!(pages.len() < 100_000, "the collection does not come to an end");
    }
}

/// The records of all pages.
pub fn records(pages: &[Page]) -> Vec<&Record> {
    pages.iter().flat_map(|page| &page.records).collect()
}

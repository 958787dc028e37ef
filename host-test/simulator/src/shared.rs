//! What a server answers: who asks, quota, faults, the journal.

use super::account::Account;
use super::config::Config;
use super::faults::{Fault, Wire};
use super::protocol::{Reply, RequestInfo, account_opened, is_acceptable};
use super::routes;
use super::trail::{Asked, History, Service, Vendor};
use bytes::Bytes;
use http::request::Parts;
use http::{HeaderValue, Method, Response, StatusCode, Uri};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, HashMap};
use std::io::Write;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// One request that was served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JournalEntry {
    /// The method.
    pub method: String,
    /// Path and query.
    pub path_and_query: String,
    /// The answer's status.
    pub status: u16,
    /// Whether the credentials were right.
    pub authorized: bool,
    /// Number of the account that they open, from 0.
    pub account: usize,
    /// The header `Accept` of the request.
    pub accept: Option<String>,
    /// Number of the connection it came on, from 1.
    pub connection: usize,
    /// The body of the request, as text; empty where there was none.
    pub body: String,
}

/// What the connections of a server share.
pub struct Shared {
    /// What to simulate.
    pub config: Config,
    /// Everything served, where that is kept.
    pub journal: Mutex<Vec<JournalEntry>>,
    /// Requests served.
    pub requests: AtomicUsize,
    /// Connections accepted.
    pub connections: AtomicUsize,
    /// Those TLS handshakes that resumed an earlier session.
    pub resumed: AtomicUsize,
    /// TLS handshakes that came to their end.
    pub handshakes: AtomicUsize,
    /// Connections that are open.
    pub open: AtomicUsize,
    /// The most that were.
    pub most_open: AtomicUsize,
    /// Requests that are served now.
    pub in_flight: AtomicUsize,
    /// The most that were at once.
    pub peak: AtomicUsize,
    quota: Mutex<BTreeMap<usize, Used>>,
    /// By account, path and query.
    kept: Mutex<HashMap<(usize, String), Reply>>,
    /// The account's trail, where that is what is served.
    service: Service,
}

/// How much of the quota is used, and since when it is exhausted.
#[derive(Default)]
struct Used {
    /// Requests served.
    pub requests: u64,
    exhausted: Option<Instant>,
}

impl Shared {
    /// For a server of this configuration.
    pub fn new(config: Config) -> Self {
        Self {
            service: Service::new(config.vendor, config.trail.clone()),
            config,
            journal: Mutex::default(),
            requests: AtomicUsize::new(0),
            connections: AtomicUsize::new(0),
            resumed: AtomicUsize::new(0),
            handshakes: AtomicUsize::new(0),
            open: AtomicUsize::new(0),
            most_open: AtomicUsize::new(0),
            in_flight: AtomicUsize::new(0),
            peak: AtomicUsize::new(0),
            quota: Mutex::default(),
            kept: Mutex::default(),
        }
    }

    /// The trail of account `number`.
    pub fn history(&self, number: usize) -> Arc<History> {
        self.service.history(number, || self.account(number))
    }

    /// Account `number`.
    pub fn account(&self, number: usize) -> Account {
        self.config.account_of(number)
    }

    /// The answer to a request, and what goes wrong with it on the wire.
    pub fn respond(&self, connection: usize, request: &Parts, body: &[u8]) -> (Response<Bytes>, Option<Wire>) {
        let path_and_query = request.uri.path_and_query().map_or("/", |path| path.as_str()).to_string();
        let accounts = self.config.accounts;
        let opened = match self.config.vendor {
            Vendor::Fivetran => account_opened(&request.headers, &self.config.pair, accounts),
            _ => self.service.account_opened(&request.headers, accounts),
        };
        let number = opened.unwrap_or_default();
        let account = self.account(number);
        let seed = account.spec.seed;
        let mut reply = match self.config.vendor {
            Vendor::Fivetran => self.judge(request, opened.is_some(), number, &account),
            _ => self.service.answer(asked(request, body), opened, || account),
        };
        let request_id = request_id(seed, &request.method, &path_and_query);
        if let Ok(value) = HeaderValue::try_from(request_id) {
            reply.headers.insert("x-request-id", value);
        }
        let method = request.method.to_string();
        let served = self.requests.fetch_add(1, Ordering::SeqCst) + 1;
        let info = RequestInfo { number: served, method: method.clone(), path_and_query: path_and_query.clone() };
        let fault = self.config.faults.as_ref().and_then(|faults| faults.strike(&info));
        if let Some(fault) = &fault {
            reply = fault.apply(reply);
        }
        if let Some(hook) = &self.config.hook {
            reply = hook(&info, reply);
        }
        let accept = request
            .headers
            .get(http::header::ACCEPT)
            .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
        self.log(number, &path_and_query);
        if self.config.journal {
            let body = String::from_utf8_lossy(body).into_owned();
            let (status, authorized) = (reply.status.as_u16(), opened.is_some());
            let entry =
                JournalEntry { method, path_and_query, status, authorized, account: number, accept, connection, body };
            self.journal.lock().unwrap_or_else(PoisonError::into_inner).push(entry);
        }
        let mut response = Response::new(reply.body);
        *response.status_mut() = reply.status;
        *response.headers_mut() = reply.headers;
        let wire = if let Some(Fault::Wire(wire)) = fault { Some(wire) } else { None };
        (response, wire)
    }

    /// A line of the log of requests. One that cannot be written is missing there, and changes no answer.
    fn log(&self, account: usize, path: &str) {
        let Some(log) = &self.config.request_log else { return };
        let at = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
        let line = format!("{at} {account} {path}\n");
        let _ = log.lock().unwrap_or_else(PoisonError::into_inner).write_all(line.as_bytes());
    }

    fn judge(&self, request: &Parts, authorized: bool, number: usize, account: &Account) -> Reply {
        if !authorized {
            return Reply::error(StatusCode::UNAUTHORIZED, "Unauthorized", "Invalid authorization credentials");
        }
        if request.method != Method::GET {
            return Reply::error(StatusCode::METHOD_NOT_ALLOWED, "MethodNotAllowed", "Method not allowed");
        }
        if !is_acceptable(&request.headers) {
            return Reply::error(StatusCode::NOT_ACCEPTABLE, "NotAcceptable", "Unsupported version");
        }
        if let Some(refusal) = self.over_quota(number) {
            return refusal;
        }
        self.answer(&request.uri, number, account)
    }

    fn answer(&self, uri: &Uri, number: usize, account: &Account) -> Reply {
        let make_up = || routes::answer(account, &self.config.principal, uri.path(), uri.query().unwrap_or_default());
        if !self.config.keep_answers {
            return make_up();
        }
        let key = (number, uri.path_and_query().map_or("/", |path| path.as_str()).to_string());
        let kept = || self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(reply) = kept().get(&key) {
            return reply.clone();
        }
        let reply = make_up();
        kept().insert(key, reply.clone());
        reply
    }

    fn over_quota(&self, number: usize) -> Option<Reply> {
        let quota = self.config.quota.as_ref()?;
        let mut all = self.quota.lock().unwrap_or_else(PoisonError::into_inner);
        let used = all.entry(number).or_default();
        if used.exhausted.is_some_and(|since| since.elapsed() >= quota.lifted_after) {
            *used = Used::default();
        }
        if used.requests < quota.requests {
            used.requests += 1;
            return None;
        }
        used.exhausted.get_or_insert_with(Instant::now);
        let message = "Max 20000 api calls allowed in one-hour rolling time period";
        let mut reply = Reply::error(StatusCode::TOO_MANY_REQUESTS, "TooManyRequests", message);
        if let Ok(value) = HeaderValue::try_from(quota.retry_after.as_str()) {
            reply.headers.insert(http::header::RETRY_AFTER, value);
        }
        Some(reply)
    }
}

fn asked<'r>(request: &'r Parts, body: &'r [u8]) -> Asked<'r> {
    let (path, query) = (request.uri.path(), request.uri.query().unwrap_or_default());
    Asked { method: &request.method, path, query, headers: &request.headers, body }
}

/// The same request, the same id: repeated runs are the same to the byte.
fn request_id(seed: u64, method: &Method, path_and_query: &str) -> String {
    let text = format!("{seed} {method} {path_and_query}");
    Sha256::digest(text.as_bytes()).iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

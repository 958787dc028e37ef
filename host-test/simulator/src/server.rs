//! The server: connections, latency, quota, journal.

use super::account::Account;
use super::config::Config;
use super::faults::{Fault, Wire};
use super::inventory::Inventory;
use super::protocol::{Reply, RequestInfo, account_opened, is_acceptable};
use super::routes;
use super::tls::Tls;
use super::wire::{SLOW, WireBody, WireError};
use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, StatusCode, Uri};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, HashMap};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};
use tokio_rustls::TlsAcceptor;

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
}

/// A running simulator. Dropping it stops it.
pub struct Simulator {
    address: SocketAddr,
    shared: Arc<Shared>,
    ca_pem: Option<String>,
    task: JoinHandle<()>,
}

struct Shared {
    config: Config,
    journal: Mutex<Vec<JournalEntry>>,
    requests: AtomicUsize,
    connections: AtomicUsize,
    handshakes: AtomicUsize,
    open: AtomicUsize,
    most_open: AtomicUsize,
    in_flight: AtomicUsize,
    peak: AtomicUsize,
    quota: Mutex<BTreeMap<usize, Used>>,
    /// By account, path and query.
    kept: Mutex<HashMap<(usize, String), Reply>>,
}

/// How much of the quota is used, and since when it is exhausted.
#[derive(Default)]
struct Used {
    requests: u64,
    exhausted: Option<Instant>,
}

impl Simulator {
    /// Starts to serve on an address; port 0 for any.
    ///
    /// # Errors
    /// When the address cannot be listened on.
    pub async fn start(config: Config, listen: SocketAddr) -> std::io::Result<Self> {
        let tls = config.tls.map(Tls::new).transpose()?;
        let listener = TcpListener::bind(listen).await?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            config,
            journal: Mutex::default(),
            requests: AtomicUsize::new(0),
            connections: AtomicUsize::new(0),
            handshakes: AtomicUsize::new(0),
            open: AtomicUsize::new(0),
            most_open: AtomicUsize::new(0),
            in_flight: AtomicUsize::new(0),
            peak: AtomicUsize::new(0),
            quota: Mutex::default(),
            kept: Mutex::default(),
        });
        let (acceptor, ca_pem) = tls.map(|tls| (tls.acceptor, tls.ca_pem)).unzip();
        let task = tokio::spawn(accept(listener, acceptor, Arc::clone(&shared)));
        Ok(Self { address, shared, ca_pem, task })
    }

    /// Where it listens.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.address
    }

    /// Its root, e.g. `http://127.0.0.1:8080`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("{}://{}", if self.ca_pem.is_some() { "https" } else { "http" }, self.address)
    }

    /// The certificate (PEM) of the authority that its clients have to trust, where it speaks TLS.
    #[must_use]
    pub fn ca_pem(&self) -> Option<&str> {
        self.ca_pem.as_deref()
    }

    /// How many requests were served so far.
    #[must_use]
    pub fn served(&self) -> usize {
        self.shared.requests.load(Ordering::SeqCst)
    }

    /// Everything served so far, where the journal is kept.
    #[must_use]
    pub fn journal(&self) -> Vec<JournalEntry> {
        self.shared.journal.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The most requests that were served at once.
    #[must_use]
    pub fn peak_in_flight(&self) -> usize {
        self.shared.peak.load(Ordering::SeqCst)
    }

    /// Connections accepted so far.
    #[must_use]
    pub fn connections_accepted(&self) -> usize {
        self.shared.connections.load(Ordering::SeqCst)
    }

    /// The most connections that were open at once.
    #[must_use]
    pub fn peak_connections(&self) -> usize {
        self.shared.most_open.load(Ordering::SeqCst)
    }

    /// TLS handshakes that came to their end so far.
    #[must_use]
    pub fn handshakes(&self) -> usize {
        self.shared.handshakes.load(Ordering::SeqCst)
    }

    /// The native id of every record that a collection of this account must have, per kind.
    #[must_use]
    pub fn inventory(&self) -> Inventory {
        self.shared.account(0).inventory()
    }

    /// Id of the account.
    #[must_use]
    pub fn account_id(&self) -> String {
        self.shared.account(0).id()
    }

    /// Stops, and waits until it has.
    pub async fn stop(mut self) {
        self.task.abort();
        let _ = (&mut self.task).await;
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn accept(listener: TcpListener, tls: Option<TlsAcceptor>, shared: Arc<Shared>) {
    let mut connections = JoinSet::new();
    loop {
        while connections.try_join_next().is_some() {}
        let Ok((stream, _)) = listener.accept().await else {
            // E.g. out of file descriptors: some will be closed.
            tokio::time::sleep(Duration::from_millis(10)).await;
            continue;
        };
        let _ = stream.set_nodelay(true);
        let number = shared.connections.fetch_add(1, Ordering::SeqCst) + 1;
        connections.spawn(connection(stream, tls.clone(), number, Arc::clone(&shared)));
    }
}

/// Serves one connection. A client that goes away is no concern of ours.
async fn connection(stream: TcpStream, tls: Option<TlsAcceptor>, number: usize, shared: Arc<Shared>) {
    let _open = Now::begin(&shared.open, &shared.most_open);
    let mut builder = Builder::new(TokioExecutor::new());
    builder.http2().max_concurrent_streams(shared.config.max_streams);
    let of = Arc::clone(&shared);
    let serve = service_fn(move |request| serve(Arc::clone(&of), number, request));
    let Some(tls) = tls else {
        let _ = builder.serve_connection(TokioIo::new(stream), serve).await;
        return;
    };
    let Ok(stream) = tls.accept(stream).await else { return };
    shared.handshakes.fetch_add(1, Ordering::SeqCst);
    let _ = builder.serve_connection(TokioIo::new(stream), serve).await;
}

async fn serve(
    shared: Arc<Shared>,
    connection: usize,
    request: Request<Incoming>,
) -> Result<Response<WireBody>, WireError> {
    let _served = Now::begin(&shared.in_flight, &shared.peak);
    if !shared.config.latency.is_zero() {
        tokio::time::sleep(shared.config.latency).await;
    }
    let (response, wire) = shared.respond(connection, &request);
    match wire {
        Some(Wire::CloseBeforeHeaders) => return Err(WireError),
        Some(Wire::SlowHeaders) => tokio::time::sleep(SLOW).await,
        _ => {}
    }
    Ok(response.map(|body| WireBody::new(body, wire)))
}

/// Something that goes on: a request that is served, or a connection. Counted by its lifetime, since a client may go
/// away at any time.
struct Now<'s>(&'s AtomicUsize);

impl<'s> Now<'s> {
    fn begin(count: &'s AtomicUsize, most: &AtomicUsize) -> Self {
        let now = count.fetch_add(1, Ordering::SeqCst) + 1;
        most.fetch_max(now, Ordering::SeqCst);
        Self(count)
    }
}

impl Drop for Now<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Shared {
    fn account(&self, number: usize) -> Account {
        self.config.account_of(number)
    }

    fn respond(&self, connection: usize, request: &Request<Incoming>) -> (Response<Bytes>, Option<Wire>) {
        let path_and_query = request.uri().path_and_query().map_or("/", |path| path.as_str()).to_string();
        let opened = account_opened(request.headers(), &self.config.pair, self.config.accounts);
        let number = opened.unwrap_or_default();
        let account = self.account(number);
        let mut reply = self.judge(request, opened.is_some(), number, &account);
        let request_id = request_id(account.spec.seed, request.method(), &path_and_query);
        if let Ok(value) = HeaderValue::try_from(request_id) {
            reply.headers.insert("x-request-id", value);
        }
        let method = request.method().to_string();
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
            .headers()
            .get(http::header::ACCEPT)
            .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
        if self.config.journal {
            let (status, authorized) = (reply.status.as_u16(), opened.is_some());
            let entry =
                JournalEntry { method, path_and_query, status, authorized, account: number, accept, connection };
            self.journal.lock().unwrap_or_else(PoisonError::into_inner).push(entry);
        }
        let mut response = Response::new(reply.body);
        *response.status_mut() = reply.status;
        *response.headers_mut() = reply.headers;
        let wire = if let Some(Fault::Wire(wire)) = fault { Some(wire) } else { None };
        (response, wire)
    }

    fn judge(&self, request: &Request<Incoming>, authorized: bool, number: usize, account: &Account) -> Reply {
        if !authorized {
            return Reply::error(StatusCode::UNAUTHORIZED, "Unauthorized", "Invalid authorization credentials");
        }
        if request.method() != Method::GET {
            return Reply::error(StatusCode::METHOD_NOT_ALLOWED, "MethodNotAllowed", "Method not allowed");
        }
        if !is_acceptable(request.headers()) {
            return Reply::error(StatusCode::NOT_ACCEPTABLE, "NotAcceptable", "Unsupported version");
        }
        if let Some(refusal) = self.over_quota(number) {
            return refusal;
        }
        self.answer(request.uri(), number, account)
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

/// The same request, the same id: repeated runs are the same to the byte.
fn request_id(seed: u64, method: &Method, path_and_query: &str) -> String {
    let text = format!("{seed} {method} {path_and_query}");
    Sha256::digest(text.as_bytes()).iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

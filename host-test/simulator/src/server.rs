//! The server: connections and latency.

use super::config::Config;
use super::faults::Wire;
use super::inventory::Inventory;
use super::shared::{JournalEntry, Shared};
use super::tls::Tls;
use super::trail::{Planted, Table};
use super::wire::{SLOW, WireBody, WireError};
use http::{Request, Response};
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use serde_json::Value;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError};
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::HandshakeKind;

/// A statement is a line of text.
const MAX_BODY_BYTES: usize = 1024 * 1024;

/// A running simulator. Dropping it stops it.
pub struct Simulator {
    address: SocketAddr,
    shared: Arc<Shared>,
    ca_pem: Option<String>,
    task: JoinHandle<()>,
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
        let shared = Arc::new(Shared::new(config));
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

    /// Those of them that resumed an earlier session.
    #[must_use]
    pub fn resumed(&self) -> usize {
        self.shared.resumed.load(Ordering::SeqCst)
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

    /// The rows of a table of the account's trail, each with all its columns: instants are microseconds since 1970.
    /// As they were before anything happened meanwhile.
    #[must_use]
    pub fn trail_rows(&self, table: Table) -> Vec<Vec<Option<String>>> {
        self.shared.history(0).rows(table, None)
    }

    /// The same once what happens meanwhile has happened.
    #[must_use]
    pub fn trail_rows_after(&self, table: Table) -> Vec<Vec<Option<String>>> {
        let meanwhile = self.shared.config.trail.meanwhile;
        self.shared.history(0).rows(table, meanwhile.map(|meanwhile| meanwhile.change))
    }

    /// The settings with which `fivetran-audit-trail` reads what is served; null where that is the REST API.
    #[must_use]
    pub fn trail_settings(&self) -> Value {
        self.shared.config.trail.settings(self.shared.config.vendor, &self.account_id())
    }

    /// The discrepancies that [`Trail::plants`](super::Trail::plants) planted in the account's trail.
    #[must_use]
    pub fn planted(&self) -> Vec<Planted> {
        self.shared.history(0).planted.clone()
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
    let is_resumed = stream.get_ref().1.handshake_kind() == Some(HandshakeKind::Resumed);
    shared.resumed.fetch_add(usize::from(is_resumed), Ordering::SeqCst);
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
    let (request, body) = request.into_parts();
    let body = Limited::new(body, MAX_BODY_BYTES).collect().await.map_err(|_| WireError)?.to_bytes();
    let (response, wire) = shared.respond(connection, &request, &body);
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

//! The connections of one tenant to one host: as many as are needed.
//!
//! hyper-util's pool makes a connection while it waits for one that is about to be free, and one for each
//! of several first requests though HTTP/2 needs one for all. Over TLS that was a connection for every fifth
//! request. Here a request waits where waiting is sure to be short: there are never more connections than
//! requests were in flight at once, and with HTTP/2 there is one.

use crate::wire::{BoxError, Dialled};
use http::{Request, Response, Uri};
use hyper::body::Incoming;
use hyper::client::conn::{TrySendError, http1, http2};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::Instant;
use wasmtime_wasi_http::WasiBody;

/// Idle connections are closed before common servers close them, which would cost a retry.
const IDLE: Duration = Duration::from_secs(30);
/// A connection whose other end is gone is found within these two.
const PING_INTERVAL: Duration = Duration::from_secs(15);
const PING_TIMEOUT: Duration = Duration::from_secs(10);
/// What is received of one body before somebody reads it.
const STREAM_WINDOW: u32 = 512 * 1024;
/// The same for all bodies of an HTTP/2 connection: four can be left unread before the others stall.
const CONNECTION_WINDOW: u32 = 4 * STREAM_WINDOW;
/// A response's header section, and what an HTTP/1.1 connection reads ahead.
const MAX_HEADER_BYTES: u32 = 64 * 1024;

/// The connections to one host. Dropping it closes those that are idle.
#[derive(Default)]
pub(crate) struct Pool {
    lot: Mutex<Lot>,
    gauge: Arc<Gauge>,
}

#[derive(Default)]
struct Gauge {
    /// HTTP/1.1 connections, and those that are being made.
    connections: AtomicUsize,
    /// A connection is free, or gone.
    changed: Notify,
}

#[derive(Default)]
struct Lot {
    /// The latest last.
    idle: Vec<(Http1, Instant)>,
    shared: Option<Http2>,
    /// HTTP/2 connections made so far.
    sessions: u64,
    /// Whether several connections may be made at once: the server speaks HTTP/1.1, or the last attempt
    /// failed and nobody has to wait for the next one.
    several: bool,
    /// In flight, from the wait for a connection to the end of the body.
    requests: usize,
    quiet_since: Option<Instant>,
    is_watched: bool,
}

struct Http1 {
    sender: http1::SendRequest<WasiBody>,
    _counted: Counted,
}

/// One HTTP/2 connection, with a number of its own: whoever finds it dead throws away this one and no later one.
#[derive(Clone)]
struct Http2 {
    sender: http2::SendRequest<WasiBody>,
    number: u64,
}

enum Sender {
    One(Http1),
    Two(Http2),
}

enum Next {
    Use(Sender),
    Make(Counted),
    Wait,
}

impl Pool {
    /// Sends a request, over a new connection if there has to be one. What comes with the response is to be
    /// dropped when its body has ended.
    pub async fn send<D>(
        self: &Arc<Self>,
        mut request: Request<WasiBody>,
        dial: impl Fn() -> D,
    ) -> Result<(Response<Incoming>, Flight), BoxError>
    where
        D: Future<Output = Result<Dialled, BoxError>>,
    {
        let flight = Flight::begin(self);
        loop {
            let (sender, is_new) = self.sender(&dial).await?;
            let (outcome, number) = match sender {
                Sender::Two(mut http2) => (http2.sender.try_send_request(request).await, Some(http2.number)),
                Sender::One(http1) => (self.send_alone(http1, request).await, None),
            };
            match outcome {
                Ok(response) => return Ok((response, flight)),
                // It had been closed: nothing of the request was sent.
                Err(mut error) => match error.take_message() {
                    Some(unsent) if !is_new => {
                        self.lot().shared.take_if(|shared| Some(shared.number) == number);
                        request = unsent;
                    }
                    _ => return Err(error.into_error().into()),
                },
            }
        }
    }

    /// Sends over a connection that carries one request at a time, and keeps it afterwards.
    async fn send_alone(
        self: &Arc<Self>,
        mut http1: Http1,
        request: Request<WasiBody>,
    ) -> Result<Response<Incoming>, TrySendError<Request<WasiBody>>> {
        let response = http1.sender.try_send_request(origin_form(request)).await?;
        let pool = Arc::clone(self);
        tokio::spawn(async move {
            // When the body has been read. One that never is ends with the connection.
            if http1.sender.ready().await.is_ok() {
                pool.keep(http1);
            }
        });
        Ok(response)
    }

    /// A connection to send over, and whether it is new.
    async fn sender<D>(self: &Arc<Self>, dial: impl Fn() -> D) -> Result<(Sender, bool), BoxError>
    where
        D: Future<Output = Result<Dialled, BoxError>>,
    {
        loop {
            let changed = self.gauge.changed.notified();
            match self.next() {
                Next::Use(sender) => return Ok((sender, false)),
                Next::Wait => changed.await,
                Next::Make(counted) => {
                    let made = self.make(counted, dial()).await;
                    if made.is_err() {
                        self.lot().several = true;
                        self.gauge.changed.notify_waiters();
                    }
                    return made.map(|sender| (sender, true));
                }
            }
        }
    }

    fn next(self: &Arc<Self>) -> Next {
        let mut lot = self.lot();
        if let Some(shared) = lot.shared.as_ref().filter(|shared| !shared.sender.is_closed()) {
            return Next::Use(Sender::Two(shared.clone()));
        }
        while let Some((http1, _)) = lot.idle.pop() {
            if http1.sender.is_ready() {
                return Next::Use(Sender::One(http1));
            }
        }
        let most = if lot.several { lot.requests } else { 1 };
        if self.gauge.connections.load(Ordering::SeqCst) < most {
            return Next::Make(Counted::new(&self.gauge));
        }
        // Some connection is being made, or has answered and is about to be free.
        Next::Wait
    }

    async fn make(
        self: &Arc<Self>,
        counted: Counted,
        dialling: impl Future<Output = Result<Dialled, BoxError>>,
    ) -> Result<Sender, BoxError> {
        let Dialled { stream, is_http2 } = dialling.await?;
        if is_http2 {
            let (sender, connection) = http2_builder().handshake(stream).await?;
            tokio::spawn(connection);
            let sender = self.share(sender);
            drop(counted);
            return Ok(Sender::Two(sender));
        }
        let (sender, connection) = http1_builder().handshake(stream).await?;
        tokio::spawn(connection);
        self.lot().several = true;
        // Whoever waited to learn what the server speaks may make one too.
        self.gauge.changed.notify_waiters();
        Ok(Sender::One(Http1 { sender, _counted: counted }))
    }

    /// Lets everybody use a connection, unless there is one already.
    fn share(self: &Arc<Self>, sender: http2::SendRequest<WasiBody>) -> Http2 {
        let mut lot = self.lot();
        lot.several = false;
        match &lot.shared {
            Some(shared) if !shared.sender.is_closed() => shared.clone(),
            _ => {
                lot.sessions += 1;
                let number = lot.sessions;
                lot.shared.insert(Http2 { sender, number }).clone()
            }
        }
    }

    /// Keeps a connection for the next request.
    fn keep(self: &Arc<Self>, http1: Http1) {
        self.lot().idle.push((http1, Instant::now()));
        self.gauge.changed.notify_waiters();
        self.watch();
    }

    /// Closes what stays idle for too long, while there is anything to close.
    fn watch(self: &Arc<Self>) {
        if std::mem::replace(&mut self.lot().is_watched, true) {
            return;
        }
        let pool = Arc::downgrade(self);
        tokio::spawn(async move {
            loop {
                tokio::time::sleep(IDLE / 2).await;
                let Some(pool) = pool.upgrade() else { return };
                if pool.forget_old(Instant::now()) {
                    return;
                }
            }
        });
    }

    /// Closes what was idle for too long; whether nothing is left to watch.
    fn forget_old(&self, now: Instant) -> bool {
        self.forget(|since| now.saturating_duration_since(since) >= IDLE);
        let mut lot = self.lot();
        lot.is_watched = !lot.idle.is_empty() || lot.shared.is_some();
        !lot.is_watched
    }

    /// Closes those idle connections for which `ends` holds, given since when they are idle.
    pub fn forget(&self, ends: impl Fn(Instant) -> bool) {
        let mut lot = self.lot();
        let (old, idle) = std::mem::take(&mut lot.idle).into_iter().partition::<Vec<_>, _>(|(_, since)| ends(*since));
        lot.idle = idle;
        let is_over = lot.requests == 0 && lot.quiet_since.is_some_and(ends);
        let shared = if is_over { lot.shared.take() } else { None };
        drop(lot);
        drop((old, shared));
    }

    /// How many there are, those that are being made included.
    pub fn open(&self) -> usize {
        let has_shared = self.lot().shared.as_ref().is_some_and(|shared| !shared.sender.is_closed());
        self.gauge.connections.load(Ordering::SeqCst) + usize::from(has_shared)
    }

    fn lot(&self) -> MutexGuard<'_, Lot> {
        self.lot.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn http1_builder() -> http1::Builder {
    let mut builder = http1::Builder::new();
    builder.max_buf_size(MAX_HEADER_BYTES as usize);
    builder
}

fn http2_builder() -> http2::Builder<TokioExecutor> {
    let mut builder = http2::Builder::new(TokioExecutor::new());
    builder
        .timer(TokioTimer::new())
        .keep_alive_interval(PING_INTERVAL)
        .keep_alive_timeout(PING_TIMEOUT)
        .keep_alive_while_idle(true)
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        // One, until the server has said how many it takes: more might be refused.
        .initial_max_send_streams(1)
        .max_header_list_size(MAX_HEADER_BYTES);
    builder
}

/// HTTP/1.1 wants the path alone.
fn origin_form(mut request: Request<WasiBody>) -> Request<WasiBody> {
    let path = request.uri().path_and_query().cloned();
    *request.uri_mut() = path.map_or_else(|| Uri::from_static("/"), Uri::from);
    request
}

/// A connection that is counted while it lives.
struct Counted(Arc<Gauge>);

impl Counted {
    fn new(gauge: &Arc<Gauge>) -> Self {
        gauge.connections.fetch_add(1, Ordering::SeqCst);
        Self(Arc::clone(gauge))
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.connections.fetch_sub(1, Ordering::SeqCst);
        self.0.changed.notify_waiters();
    }
}

/// A request in flight.
pub(crate) struct Flight(Arc<Pool>);

impl Flight {
    fn begin(pool: &Arc<Pool>) -> Self {
        pool.lot().requests += 1;
        Self(Arc::clone(pool))
    }
}

impl Drop for Flight {
    fn drop(&mut self) {
        let mut lot = self.0.lot();
        lot.requests = lot.requests.saturating_sub(1);
        if lot.requests == 0 {
            lot.quiet_since = Some(Instant::now());
        }
        let has_shared = lot.shared.is_some();
        drop(lot);
        if has_shared {
            self.0.watch();
        }
    }
}

#[cfg(test)]
mod tests;

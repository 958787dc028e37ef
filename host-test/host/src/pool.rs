//! The connections of one tenant to one host: as many as are needed.
//!
//! hyper-util's pool makes a connection while it waits for one that is about to be free, and one for each
//! of several first requests though HTTP/2 needs one for all. Over TLS that was a connection for every fifth
//! request. Here a request waits where waiting is sure to be short: there are never more connections than
//! requests were in flight at once, and with HTTP/2 there is one.

use self::protocol::{Pings, http1_builder, http2_builder, origin_form};
use crate::wire::{BoxError, Dialled};
use http::{Request, Response};
use hyper::body::Incoming;
use hyper::client::conn::{TrySendError, http1, http2};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::Instant;
use wasmtime_wasi_http::WasiBody;

/// Idle connections are closed before common servers close them, which would cost a retry.
const IDLE: Duration = Duration::from_secs(30);

/// The connections to one host. Dropping it closes those that are idle.
#[derive(Default)]
pub(crate) struct Pool {
    held: Mutex<Held>,
    gauge: Arc<Gauge>,
    pings: Pings,
}

#[derive(Default)]
struct Gauge {
    /// HTTP/1.1 connections, and those that are being made.
    connections: AtomicUsize,
    /// A connection is free, or gone.
    changed: Notify,
}

#[derive(Default)]
struct Held {
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
    /// How often all were closed: what was begun before the last time is not kept.
    era: u64,
}

struct Http1 {
    sender: http1::SendRequest<WasiBody>,
    counted: Counted,
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
                        self.held().shared.take_if(|shared| Some(shared.number) == number);
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
                        self.held().several = true;
                        self.gauge.changed.notify_waiters();
                    }
                    return made.map(|sender| (sender, true));
                }
            }
        }
    }

    fn next(self: &Arc<Self>) -> Next {
        let mut held = self.held();
        if let Some(shared) = held.shared.as_ref().filter(|shared| !shared.sender.is_closed()) {
            return Next::Use(Sender::Two(shared.clone()));
        }
        while let Some((http1, _)) = held.idle.pop() {
            if http1.sender.is_ready() {
                return Next::Use(Sender::One(http1));
            }
        }
        let most = if held.several { held.requests } else { 1 };
        if self.gauge.connections.load(Ordering::SeqCst) < most {
            return Next::Make(Counted::new(&self.gauge, held.era));
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
            let (sender, connection) = http2_builder(&self.pings).handshake(stream).await?;
            tokio::spawn(connection);
            let sender = self.share(sender, counted.era);
            drop(counted);
            return Ok(Sender::Two(sender));
        }
        let (sender, connection) = http1_builder().handshake(stream).await?;
        tokio::spawn(connection);
        self.held().several = true;
        // Whoever waited to learn what the server speaks may make one too.
        self.gauge.changed.notify_waiters();
        Ok(Sender::One(Http1 { sender, counted }))
    }

    /// Lets everybody use a connection, unless there is one already, or all were closed since it was begun.
    fn share(self: &Arc<Self>, sender: http2::SendRequest<WasiBody>, era: u64) -> Http2 {
        let mut held = self.held();
        held.several = false;
        if let Some(shared) = held.shared.as_ref().filter(|shared| !shared.sender.is_closed()) {
            return shared.clone();
        }
        held.sessions += 1;
        let made = Http2 { sender, number: held.sessions };
        if era == held.era {
            held.shared = Some(made.clone());
        }
        made
    }

    /// Keeps a connection for the next request, unless all were closed since it was begun.
    fn keep(self: &Arc<Self>, http1: Http1) {
        let mut held = self.held();
        if http1.counted.era != held.era {
            return;
        }
        held.idle.push((http1, Instant::now()));
        drop(held);
        self.gauge.changed.notify_waiters();
        self.watch();
    }

    /// Closes what stays idle for too long, while there is anything to close.
    fn watch(self: &Arc<Self>) {
        if std::mem::replace(&mut self.held().is_watched, true) {
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
        let is_old = |since: &Instant| now.saturating_duration_since(*since) >= IDLE;
        let mut held = self.held();
        let (old, idle) = std::mem::take(&mut held.idle).into_iter().partition::<Vec<_>, _>(|(_, since)| is_old(since));
        held.idle = idle;
        let is_over = held.requests == 0 && held.quiet_since.as_ref().is_some_and(is_old);
        let shared = if is_over { held.shared.take() } else { None };
        held.is_watched = !held.idle.is_empty() || held.shared.is_some();
        let is_watched = held.is_watched;
        drop(held);
        drop((old, shared));
        !is_watched
    }

    /// Closes those that no request uses, and each of the others when its last request has ended.
    pub fn close(&self) {
        let mut held = self.held();
        held.era += 1;
        let closed = (std::mem::take(&mut held.idle), held.shared.take());
        drop(held);
        drop(closed);
    }

    /// How many there are, those that are being made included.
    pub fn open(&self) -> usize {
        let has_shared = self.held().shared.as_ref().is_some_and(|shared| !shared.sender.is_closed());
        self.gauge.connections.load(Ordering::SeqCst) + usize::from(has_shared)
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection that is counted while it lives.
struct Counted {
    gauge: Arc<Gauge>,
    /// [`Held::era`] when it was begun.
    era: u64,
}

impl Counted {
    fn new(gauge: &Arc<Gauge>, era: u64) -> Self {
        gauge.connections.fetch_add(1, Ordering::SeqCst);
        Self { gauge: Arc::clone(gauge), era }
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.gauge.connections.fetch_sub(1, Ordering::SeqCst);
        self.gauge.changed.notify_waiters();
    }
}

/// A request in flight.
pub(crate) struct Flight(Arc<Pool>);

impl Flight {
    fn begin(pool: &Arc<Pool>) -> Self {
        pool.held().requests += 1;
        Self(Arc::clone(pool))
    }
}

impl Drop for Flight {
    fn drop(&mut self) {
        let mut held = self.0.held();
        held.requests = held.requests.saturating_sub(1);
        if held.requests == 0 {
            held.quiet_since = Some(Instant::now());
        }
        let has_shared = held.shared.is_some();
        drop(held);
        if has_shared {
            self.0.watch();
        }
    }
}

mod protocol;
#[cfg(test)]
mod tests;

//! `/healthz` and `/metrics` over HTTP, for whoever watches a worker. Nothing of a tenant is told there.

use crate::metrics;
use crate::worker::{UNTRIED, Worker};
use http::header::CONTENT_TYPE;
use http::{Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use std::convert::Infallible;
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};

/// Connections at once.
const MOST: usize = 64;
/// How long the broker, or whoever asks here, may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// What is asked.
pub struct Probe {
    /// The worker, once it has a broker.
    pub worker: OnceLock<Arc<Worker>>,
    /// Whether it is being stopped.
    pub stop: watch::Receiver<bool>,
}

impl Probe {
    /// Answers whoever asks, for ever.
    pub async fn serve(self: Arc<Self>, listener: TcpListener) {
        let room = Arc::new(Semaphore::new(MOST));
        loop {
            let Ok(permit) = Arc::clone(&room).acquire_owned().await else { return };
            let Ok((stream, _)) = listener.accept().await else {
                // No file is to be had: it passes.
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            };
            let probe = Arc::clone(&self);
            tokio::spawn(async move {
                let service = service_fn(move |request| {
                    let probe = Arc::clone(&probe);
                    async move { Ok::<_, Infallible>(probe.answer(&request).await) }
                });
                let mut server = http1::Builder::new();
                server.timer(TokioTimer::new()).header_read_timeout(PATIENCE).keep_alive(false);
                let _ = server.serve_connection(TokioIo::new(stream), service).await;
                drop(permit);
            });
        }
    }

    async fn answer(&self, request: &Request<Incoming>) -> Response<Full<Bytes>> {
        let (status, kind, text) = match request.uri().path() {
            "/healthz" => {
                let (status, text) = match self.trouble().await {
                    None => (StatusCode::OK, "ok"),
                    Some(trouble) => (StatusCode::SERVICE_UNAVAILABLE, trouble),
                };
                (status, "text/plain", format!("{text}\n"))
            }
            "/metrics" => {
                let text = self.worker.get().map(metrics::text).unwrap_or_else(|| "# EOF\n".into());
                (StatusCode::OK, metrics::CONTENT_TYPE, text)
            }
            _ => (StatusCode::NOT_FOUND, "text/plain", "ask for /healthz or /metrics\n".into()),
        };
        let answer = Response::builder().status(status).header(CONTENT_TYPE, kind).body(Full::new(text.into()));
        answer.unwrap_or_default()
    }

    /// Why no work is to be expected of this worker.
    async fn trouble(&self) -> Option<&'static str> {
        let Some(worker) = self.worker.get() else { return Some("the broker has not answered yet") };
        if *self.stop.borrow() {
            return Some("draining: pages under way are finished, no more are begun");
        }
        match worker.obstacles.place.borrow().as_deref() {
            Some(UNTRIED) => return Some("the place has not been tried yet: no jobs are taken until it has been"),
            Some(_) => return Some("evidence cannot be written to the place: no jobs are taken until it can"),
            None => {}
        }
        if worker.obstacles.queue.borrow().is_some() {
            return Some("the queue gives no jobs");
        }
        match tokio::time::timeout(PATIENCE, worker.broker.check()).await {
            Ok(Ok(())) => None,
            _ => Some("the broker does not answer, or has lost what it kept"),
        }
    }
}

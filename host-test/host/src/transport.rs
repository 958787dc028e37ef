//! How requests leave: over the tenant's own connections, with TLS, and to addresses that were judged after
//! DNS. Redirects are never followed, and a proxy is used only where one was asked for.

use crate::connections::Connections;
use crate::dial::Dialler;
use crate::error::Result;
use crate::http_error::classify;
use crate::network::Network;
use crate::obstacle::Obstacle;
use crate::pool::Flight;
use crate::wire::{BoxError, Dialled, Target};
use bytes::Bytes;
use http::header::{HOST, HeaderValue};
use http::{Request, Response, Uri};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::{Body, Frame, SizeHint};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::time::{Sleep, sleep, timeout};
use wasmtime_wasi_http::{Error as HttpError, RequestOptions, WasiBody};

/// Longest time to a connection, TLS included.
const MAX_CONNECT: Duration = Duration::from_secs(20);
/// Longest time to the first byte, that to a connection included.
const MAX_FIRST_BYTE: Duration = Duration::from_secs(120);
/// Longest silence within a body.
const MAX_SILENCE: Duration = Duration::from_secs(60);

/// Sends requests. Cheap to clone.
#[derive(Clone)]
pub struct Transport(Arc<Dialler>);

/// How one request is sent.
pub struct Terms {
    /// The guest's own, which can only be stricter than the host's.
    pub options: Option<RequestOptions>,
    /// A longer body is cut off with an error.
    pub max_body_bytes: usize,
    /// Lifts the judgement of addresses: for an upstream that the host itself has named.
    pub direct: bool,
    /// Dropped when the body has ended, or nobody wants it any more.
    pub in_flight: Arc<()>,
}

impl Transport {
    /// A transport that trusts Mozilla's roots, and what `network` names.
    ///
    /// # Errors
    /// When a file of certificates or the proxy's URL is of no use.
    pub fn new(network: &Network) -> Result<Self> {
        Ok(Self(Arc::new(Dialler::new(network)?)))
    }

    /// Sends a request over these connections.
    ///
    /// # Errors
    /// As `wasi:http` names them.
    pub async fn send(
        &self,
        connections: &Connections,
        mut request: Request<WasiBody>,
        terms: Terms,
    ) -> Result<Response<WasiBody>, HttpError> {
        let Terms { options, max_body_bytes, direct, in_flight } = terms;
        let Patience { connect, first_byte, silence } = Patience::of(&options.unwrap_or_default());
        let root = complete(&mut request).ok_or(HttpError::HttpRequestUriInvalid)?;
        let target = Target { root, direct };
        let dial = || self.dial(connect, &target, connections);
        let pool = connections.to(&target);
        let sent = timeout(first_byte, pool.send(request, dial)).await;
        let sent = sent.map_err(|_| HttpError::HttpResponseTimeout)?;
        let (response, flight) = sent.map_err(|error| classify(error.as_ref()))?;
        Ok(response.map(|body| {
            let limited = Limited::new(body, max_body_bytes);
            let timer = Box::pin(sleep(silence));
            let until_end = Some((flight, in_flight));
            TimedBody { body: Some(Box::pin(limited)), max_body_bytes, silence, timer, until_end }.boxed_unsync()
        }))
    }
}

impl Transport {
    /// Makes a connection in time, and notes why there is none.
    async fn dial(
        &self,
        within: Duration,
        target: &Target,
        connections: &Connections,
    ) -> std::result::Result<Dialled, BoxError> {
        let tls = connections.tls(self.0.tls());
        match timeout(within, self.0.dial(target, &tls)).await {
            Err(_) => Err(std::io::Error::from(std::io::ErrorKind::TimedOut).into()),
            Ok(Err(error)) => {
                if let Some(obstacle) = error.downcast_ref::<Obstacle>() {
                    connections.note(obstacle.clone());
                }
                Err(error)
            }
            Ok(Ok(dialled)) => {
                connections.is_well();
                Ok(dialled)
            }
        }
    }
}

/// How long a request may take.
#[derive(Debug, PartialEq, Eq)]
struct Patience {
    connect: Duration,
    first_byte: Duration,
    silence: Duration,
}

impl Patience {
    /// As the guest asks, and never more than the host has.
    fn of(options: &RequestOptions) -> Self {
        let within = |asked: Option<Duration>, most: Duration| asked.map_or(most, |asked| asked.min(most));
        Self {
            connect: within(options.connect_timeout, MAX_CONNECT),
            first_byte: within(options.first_byte_timeout, MAX_FIRST_BYTE),
            silence: within(options.between_bytes_timeout, MAX_SILENCE),
        }
    }
}

/// Names the server in the headers, as HTTP/1.1 wants it; answers its root.
fn complete(request: &mut Request<WasiBody>) -> Option<Uri> {
    let (scheme, authority) = (request.uri().scheme()?.clone(), request.uri().authority()?.clone());
    request.headers_mut().insert(HOST, HeaderValue::try_from(authority.as_str()).ok()?);
    Uri::builder().scheme(scheme).authority(authority).path_and_query("/").build().ok()
}

/// A body that must not fall silent, and that counts as in flight until it ends.
struct TimedBody<B> {
    /// Until it ends: what is left of a broken one is nobody's, and its connection with it.
    body: Option<Pin<Box<B>>>,
    max_body_bytes: usize,
    silence: Duration,
    timer: Pin<Box<Sleep>>,
    until_end: Option<(Flight, Arc<()>)>,
}

impl<B> Body for TimedBody<B>
where
    B: Body<Data = Bytes, Error = Box<dyn std::error::Error + Send + Sync>>,
{
    type Data = Bytes;
    type Error = HttpError;

    fn poll_frame(mut self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, HttpError>>> {
        let Some(body) = &mut self.body else { return Poll::Ready(None) };
        let polled = match body.as_mut().poll_frame(task) {
            Poll::Pending => self.timer.as_mut().poll(task).map(|()| Some(Err(HttpError::ConnectionReadTimeout))),
            Poll::Ready(frame) => Poll::Ready(frame.map(|frame| frame.map_err(|error| self.name(error.as_ref())))),
        };
        match &polled {
            Poll::Ready(Some(Ok(frame))) if frame.is_data() => {
                let next = tokio::time::Instant::now() + self.silence;
                self.timer.as_mut().reset(next);
            }
            Poll::Ready(_) => (self.body, self.until_end) = (None, None),
            Poll::Pending => {}
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(|body| body.is_end_stream())
    }

    fn size_hint(&self) -> SizeHint {
        self.body.as_ref().map_or_else(SizeHint::default, |body| body.size_hint())
    }
}

impl<B> TimedBody<B> {
    fn name(&self, error: &(dyn std::error::Error + Send + Sync + 'static)) -> HttpError {
        if error.is::<LengthLimitError>() {
            return HttpError::HttpResponseBodySize(Some(self.max_body_bytes as u64));
        }
        classify(error)
    }
}

#[cfg(test)]
mod tests;

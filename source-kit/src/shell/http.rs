//! The core's [`World`] over `wasi:http` and `wasi:clocks`.

use super::executor::Reactor;
use crate::base::digest::is_digest;
use crate::base::timestamp::Timestamp;
use crate::base::world::{Ask, MAX_BODY_BYTES, Request, Response, TransportError, World};
use crate::record::source::Source;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::marker::PhantomData;
use wasi::clocks::{monotonic_clock, wall_clock};
use wasi::http::outgoing_handler;
use wasi::http::types::{
    ErrorCode, Fields, FutureTrailers, IncomingBody, IncomingResponse, Method, OutgoingBody, OutgoingRequest,
    RequestOptions, Scheme,
};
use wasi::io::streams::{InputStream, StreamError};

const NANOS_PER_MS: u64 = 1_000_000;
/// Long enough for a far network; the host may clamp it.
const CONNECT_TIMEOUT_MS: u64 = 10_000;
/// Long lists have been seen to need more than 30 seconds.
const FIRST_BYTE_TIMEOUT_MS: u64 = 90_000;
/// A body that stalls for so long is broken.
const BETWEEN_BYTES_TIMEOUT_MS: u64 = 30_000;
/// The host gives no more at once.
const READ_BYTES: u64 = 64 * 1024;

/// Names the trailer in which a host may send the digest of a body: see `provenance.body-digest` in
/// the WIT.
const DIGEST_TRAILER: &str = "compliance-body-sha256";

/// The world of a source in a component.
pub struct WasiWorld<S> {
    reactor: Reactor,
    source: PhantomData<S>,
}

impl<S> Default for WasiWorld<S> {
    fn default() -> Self {
        Self { reactor: Reactor::default(), source: PhantomData }
    }
}

impl<S: Source> WasiWorld<S> {
    /// Runs a future that uses this world.
    pub fn block_on<F: Future>(&self, future: F) -> F::Output {
        self.reactor.block_on(future)
    }

    async fn exchange(&self, request: Request) -> Result<Response, TransportError> {
        let outgoing = outgoing::<S>(&request)?;
        let stream = request.ask.body.as_ref().map(|_| outgoing.body());
        let pending = outgoing_handler::handle(outgoing, Some(options())).map_err(|code| broken(&code))?;
        if let (Some(body), Some(text)) = (stream, &request.ask.body) {
            let body = body.map_err(|()| TransportError::Broken("request-refused"))?;
            self.write(body, text.as_bytes()).await?;
        }
        let response = loop {
            if let Some(outcome) = pending.get() {
                let outcome = outcome.map_err(|()| TransportError::Broken("response-taken"))?;
                break outcome.map_err(|code| broken(&code))?;
            }
            self.reactor.until(pending.subscribe()).await;
        };
        let status = response.status();
        let headers = response.headers();
        let retry_after = header(&headers, "retry-after");
        let request_id = header(&headers, "x-request-id").filter(|id| id.len() <= 128);
        drop(headers);
        let (body, body_digest) = self.read(&response).await?;
        Ok(Response { status, retry_after, request_id, body, body_digest })
    }

    /// Sends the body of a request.
    async fn write(&self, body: OutgoingBody, mut rest: &[u8]) -> Result<(), TransportError> {
        let refused = TransportError::Broken("request-incomplete");
        let stream = body.write().map_err(|()| refused.clone())?;
        while !rest.is_empty() {
            let room = stream.check_write().map_err(|_| refused.clone())?;
            let size = usize::try_from(room).unwrap_or(usize::MAX).min(rest.len());
            if size == 0 {
                self.reactor.until(stream.subscribe()).await;
                continue;
            }
            let (now, later) = rest.split_at(size);
            stream.write(now).map_err(|_| refused.clone())?;
            rest = later;
        }
        stream.flush().map_err(|_| refused.clone())?;
        drop(stream);
        OutgoingBody::finish(body, None).map_err(|code| broken(&code))
    }

    /// The body, and its digest where the host sends it.
    async fn read(&self, response: &IncomingResponse) -> Result<(Vec<u8>, Option<String>), TransportError> {
        let body = response.consume().map_err(|()| TransportError::Broken("body-taken"))?;
        let stream = body.stream().map_err(|()| TransportError::Broken("body-taken"))?;
        let read = self.drain(&stream).await;
        drop(stream);
        let trailers = IncomingBody::finish(body);
        let bytes = read?;
        Ok((bytes, self.digest_in(&trailers).await))
    }

    /// The digest in the trailers. They come with the end of the body, which has been read, so this
    /// waits for nothing but the host.
    async fn digest_in(&self, trailers: &FutureTrailers) -> Option<String> {
        let fields = loop {
            if let Some(fields) = trailers.get() {
                break fields.ok()?.ok()??;
            }
            self.reactor.until(trailers.subscribe()).await;
        };
        header(&fields, DIGEST_TRAILER).filter(|digest| is_digest(digest))
    }

    async fn drain(&self, stream: &InputStream) -> Result<Vec<u8>, TransportError> {
        let mut bytes = Vec::new();
        loop {
            match stream.read(READ_BYTES) {
                Ok(piece) if piece.is_empty() => self.reactor.until(stream.subscribe()).await,
                Ok(piece) if bytes.len() + piece.len() > MAX_BODY_BYTES => return Err(TransportError::TooLarge),
                Ok(piece) if bytes.is_empty() => bytes = piece,
                Ok(piece) => bytes.extend_from_slice(&piece),
                Err(StreamError::Closed) => return Ok(bytes),
                Err(StreamError::LastOperationFailed(error)) => {
                    let code = wasi::http::types::http_error_code(&error);
                    return Err(code.map_or(TransportError::Broken("body-broken"), |code| broken(&code)));
                }
            }
        }
    }
}

impl<S: Source> World for WasiWorld<S> {
    async fn send(&self, request: Request) -> Result<Response, TransportError> {
        self.exchange(request).await
    }

    fn now(&self) -> Timestamp {
        let now = wall_clock::now();
        let millis = now.seconds.saturating_mul(1000).saturating_add(u64::from(now.nanoseconds) / NANOS_PER_MS);
        Timestamp(i64::try_from(millis).unwrap_or(i64::MAX))
    }

    fn monotonic_ms(&self) -> u64 {
        monotonic_clock::now() / NANOS_PER_MS
    }

    async fn wait_ms(&self, milliseconds: u64) {
        let pollable = monotonic_clock::subscribe_duration(milliseconds.saturating_mul(NANOS_PER_MS));
        self.reactor.until(pollable).await;
    }
}

fn outgoing<S: Source>(request: &Request) -> Result<OutgoingRequest, TransportError> {
    let headers = Fields::new();
    let agent = format!("{}-source/{} (compliance:source)", S::ABOUT.id, S::ABOUT.version);
    set(&headers, "accept", S::ACCEPT)?;
    set(&headers, "accept-encoding", "identity")?;
    set(&headers, "user-agent", &agent)?;
    let Ask { host, path_and_query, body, headers: own } = &request.ask;
    if body.is_some() {
        set(&headers, "content-type", "application/json")?;
    }
    for (name, value) in own.iter().chain(request.credentials.iter()) {
        set(&headers, name, value)?;
    }
    let outgoing = OutgoingRequest::new(headers);
    let method = if body.is_some() { Method::Post } else { Method::Get };
    let set_all = outgoing.set_method(&method).is_ok()
        && outgoing.set_scheme(Some(&Scheme::Https)).is_ok()
        && outgoing.set_authority(Some(host)).is_ok()
        && outgoing.set_path_with_query(Some(path_and_query)).is_ok();
    if set_all { Ok(outgoing) } else { Err(TransportError::Broken("request-refused")) }
}

fn set(headers: &Fields, name: &str, value: &str) -> Result<(), TransportError> {
    let values = [value.as_bytes().to_vec()];
    headers.set(name, &values).map_err(|_| TransportError::Denied)
}

fn options() -> RequestOptions {
    let options = RequestOptions::new();
    // A host that does not support one of these keeps its own; there is nothing to do about it.
    let _ = options.set_connect_timeout(Some(CONNECT_TIMEOUT_MS * NANOS_PER_MS));
    let _ = options.set_first_byte_timeout(Some(FIRST_BYTE_TIMEOUT_MS * NANOS_PER_MS));
    let _ = options.set_between_bytes_timeout(Some(BETWEEN_BYTES_TIMEOUT_MS * NANOS_PER_MS));
    options
}

fn header(headers: &Fields, name: &str) -> Option<String> {
    let values = headers.get(name);
    let text = core::str::from_utf8(values.first()?).ok()?;
    text.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ').then(|| text.to_string())
}

fn broken(code: &ErrorCode) -> TransportError {
    match code {
        ErrorCode::HttpRequestDenied | ErrorCode::DestinationIpProhibited => TransportError::Denied,
        ErrorCode::HttpResponseBodySize(_) => TransportError::TooLarge,
        ErrorCode::DnsTimeout => TransportError::Broken("dns-timeout"),
        ErrorCode::DnsError(_) | ErrorCode::DestinationNotFound => TransportError::Broken("name-not-found"),
        ErrorCode::DestinationUnavailable | ErrorCode::DestinationIpUnroutable => {
            TransportError::Broken("destination-unavailable")
        }
        ErrorCode::ConnectionRefused => TransportError::Broken("connection-refused"),
        ErrorCode::ConnectionTerminated => TransportError::Broken("connection-terminated"),
        ErrorCode::ConnectionTimeout => TransportError::Broken("connection-timeout"),
        ErrorCode::ConnectionReadTimeout | ErrorCode::HttpResponseTimeout => TransportError::Broken("response-timeout"),
        ErrorCode::TlsCertificateError => TransportError::Broken("tls-certificate"),
        ErrorCode::TlsProtocolError | ErrorCode::TlsAlertReceived(_) => TransportError::Broken("tls-protocol"),
        ErrorCode::ConfigurationError => TransportError::Broken("proxy"),
        ErrorCode::HttpResponseIncomplete => TransportError::Broken("response-incomplete"),
        ErrorCode::HttpProtocolError => TransportError::Broken("http-protocol"),
        _ => TransportError::Broken("transport"),
    }
}

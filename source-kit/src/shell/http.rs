//! The core's [`World`] over `wasi:http` and `wasi:clocks`.

use super::executor::Reactor;
use crate::VERSION;
use crate::fivetran::HOST;
use crate::instant::Instant;
use crate::world::{MAX_BODY_BYTES, Request, Response, TransportError, World};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use wasi::clocks::{monotonic_clock, wall_clock};
use wasi::http::outgoing_handler;
use wasi::http::types::{
    ErrorCode, Fields, IncomingBody, IncomingResponse, Method, OutgoingRequest, RequestOptions, Scheme,
};
use wasi::io::streams::{InputStream, StreamError};

const NANOS_PER_MS: u64 = 1_000_000;
/// Long enough for a far network; the host may clamp it.
const CONNECT_TIMEOUT_MS: u64 = 10_000;
/// Fivetran's own clients have needed more than 30 seconds for long lists.
const FIRST_BYTE_TIMEOUT_MS: u64 = 90_000;
/// A body that stalls for so long is broken.
const BETWEEN_BYTES_TIMEOUT_MS: u64 = 30_000;
/// The host gives no more at once.
const READ_BYTES: u64 = 64 * 1024;

/// The outside.
#[derive(Default)]
pub struct Outside {
    reactor: Reactor,
}

impl Outside {
    /// Runs a future that uses this world.
    pub fn block_on<F: Future>(&self, future: F) -> F::Output {
        self.reactor.block_on(future)
    }

    async fn exchange(&self, request: Request) -> Result<Response, TransportError> {
        let outgoing = outgoing(&request)?;
        let pending = outgoing_handler::handle(outgoing, Some(options())).map_err(|code| broken(&code))?;
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
        let body = self.read(&response).await?;
        Ok(Response { status, retry_after, request_id, body })
    }

    async fn read(&self, response: &IncomingResponse) -> Result<Vec<u8>, TransportError> {
        let body = response.consume().map_err(|()| TransportError::Broken("body-taken"))?;
        let stream = body.stream().map_err(|()| TransportError::Broken("body-taken"))?;
        let read = self.drain(&stream).await;
        drop(stream);
        // Trailers say nothing here; finishing tells the host that the body is done with.
        drop(IncomingBody::finish(body));
        read
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

impl World for Outside {
    async fn send(&self, request: Request) -> Result<Response, TransportError> {
        self.exchange(request).await
    }

    fn now(&self) -> Instant {
        let now = wall_clock::now();
        let millis = now.seconds.saturating_mul(1000).saturating_add(u64::from(now.nanoseconds) / NANOS_PER_MS);
        Instant(i64::try_from(millis).unwrap_or(i64::MAX))
    }

    fn monotonic_ms(&self) -> u64 {
        monotonic_clock::now() / NANOS_PER_MS
    }

    async fn wait_ms(&self, milliseconds: u64) {
        let pollable = monotonic_clock::subscribe_duration(milliseconds.saturating_mul(NANOS_PER_MS));
        self.reactor.until(pollable).await;
    }
}

fn outgoing(request: &Request) -> Result<OutgoingRequest, TransportError> {
    let headers = Fields::new();
    let agent = format!("fivetran-source/{VERSION} (compliance:source)");
    set(&headers, "accept", "application/json;version=2")?;
    set(&headers, "user-agent", &agent)?;
    if let Some(authorization) = &request.authorization {
        set(&headers, "authorization", authorization)?;
    }
    let outgoing = OutgoingRequest::new(headers);
    let set_all = outgoing.set_method(&Method::Get).is_ok()
        && outgoing.set_scheme(Some(&Scheme::Https)).is_ok()
        && outgoing.set_authority(Some(HOST)).is_ok()
        && outgoing.set_path_with_query(Some(&request.path_and_query)).is_ok();
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
        ErrorCode::HttpResponseIncomplete => TransportError::Broken("response-incomplete"),
        ErrorCode::HttpProtocolError => TransportError::Broken("http-protocol"),
        _ => TransportError::Broken("transport"),
    }
}

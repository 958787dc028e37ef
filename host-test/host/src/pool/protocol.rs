//! How connections speak HTTP/1.1 and HTTP/2.

use http::{Request, Uri};
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use std::time::Duration;
use wasmtime_wasi_http::WasiBody;

/// What is received of one body before somebody reads it.
const STREAM_WINDOW: u32 = 512 * 1024;
/// The same for all bodies of an HTTP/2 connection: four can be left unread before the others stall.
const CONNECTION_WINDOW: u32 = 4 * STREAM_WINDOW;
/// A response's header section, and what an HTTP/1.1 connection reads ahead.
const MAX_HEADER_BYTES: u32 = 64 * 1024;

/// An HTTP/2 connection whose other end is gone is found within these two.
pub struct Pings {
    /// After so long without a word from the other end it is asked.
    pub interval: Duration,
    /// So long it may take to answer.
    pub timeout: Duration,
}

impl Default for Pings {
    fn default() -> Self {
        Self { interval: Duration::from_secs(15), timeout: Duration::from_secs(10) }
    }
}

/// What an HTTP/1.1 connection may take.
pub fn http1_builder() -> http1::Builder {
    let mut builder = http1::Builder::new();
    builder.max_buf_size(MAX_HEADER_BYTES as usize);
    builder
}

/// What an HTTP/2 connection may take.
pub fn http2_builder(pings: &Pings) -> http2::Builder<TokioExecutor> {
    let mut builder = http2::Builder::new(TokioExecutor::new());
    builder
        .timer(TokioTimer::new())
        .keep_alive_interval(pings.interval)
        .keep_alive_timeout(pings.timeout)
        .keep_alive_while_idle(true)
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        // One, until the server has said how many it takes: more might be refused.
        .initial_max_send_streams(1)
        .max_header_list_size(MAX_HEADER_BYTES);
    builder
}

/// HTTP/1.1 wants the path alone.
pub fn origin_form(mut request: Request<WasiBody>) -> Request<WasiBody> {
    let path = request.uri().path_and_query().cloned();
    *request.uri_mut() = path.map_or_else(|| Uri::from_static("/"), Uri::from);
    request
}

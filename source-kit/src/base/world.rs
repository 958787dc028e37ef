//! What the core needs from the world: one request, two clocks, one wait. Nothing else exists.

use crate::base::timestamp::Timestamp;
use alloc::borrow::Cow;
use alloc::rc::Rc;
use alloc::string::String;
use alloc::vec::Vec;
use core::future::Future;

/// A request over https: a GET, or a POST of a question that changes nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ask {
    /// The host's name. It is one of those that the source declares, or the request is denied.
    pub host: Cow<'static, str>,
    /// Path and query, from the closed table of endpoints.
    pub path_and_query: String,
    /// A JSON text that is sent by POST; absent for a GET.
    pub body: Option<String>,
    /// Further headers, by lower-case name. None of them is secret.
    pub headers: Vec<(&'static str, String)>,
}

impl Ask {
    /// A GET.
    #[must_use]
    pub fn get(host: impl Into<Cow<'static, str>>, path_and_query: &str) -> Self {
        Self { host: host.into(), path_and_query: path_and_query.into(), body: None, headers: Vec::new() }
    }

    /// A POST of a JSON text.
    #[must_use]
    pub fn post(host: impl Into<Cow<'static, str>>, path_and_query: &str, body: String) -> Self {
        Self { body: Some(body), ..Self::get(host, path_and_query) }
    }
}

/// Header lines that carry the credentials, by lower-case name; empty when the host adds them.
pub type CredentialHeaders = Rc<[(&'static str, String)]>;

/// What is sent, and on whose behalf.
#[derive(Clone, PartialEq, Eq)]
pub struct Request {
    /// What is asked.
    pub ask: Ask,
    /// Who asks.
    pub credentials: CredentialHeaders,
}

/// What came back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// HTTP status code.
    pub status: u16,
    /// `Retry-After` as sent.
    pub retry_after: Option<String>,
    /// `X-Request-Id` as sent.
    pub request_id: Option<String>,
    /// The whole body.
    pub body: Vec<u8>,
    /// SHA-256 of the body, where the host sent it along: see `provenance.body-digest` in the WIT.
    pub body_digest: Option<String>,
}

/// Why nothing came back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TransportError {
    /// The host's policy denied the request.
    Denied,
    /// The body went on beyond [`MAX_BODY_BYTES`].
    TooLarge,
    /// Name, connection, TLS, time-out or a broken transfer; holds the case, e.g. `connection-refused`.
    Broken(&'static str),
}

/// Responses beyond this are refused. The largest legitimate ones are lists of 1,000 connections,
/// of 2 to 3 MB.
pub const MAX_BODY_BYTES: usize = 32 * 1024 * 1024;

/// The core's one door to the world.
pub trait World {
    /// Sends a request and reads the whole answer.
    fn send(&self, request: Request) -> impl Future<Output = Result<Response, TransportError>>;
    /// The wall clock.
    fn now(&self) -> Timestamp;
    /// The monotonic clock, in milliseconds since any fixed moment.
    fn monotonic_ms(&self) -> u64;
    /// Waits.
    fn wait_ms(&self, milliseconds: u64) -> impl Future<Output = ()>;
}

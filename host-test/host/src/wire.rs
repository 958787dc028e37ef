//! What a connection is: where it leads, and the stream that it came to.

use http::Uri;
use hyper::rt::{Read, Write};

pub(crate) type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Where a connection leads.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Target {
    /// Scheme and authority.
    pub root: Uri,
    /// Whether any address will do: for an upstream that the host itself has named.
    pub direct: bool,
}

/// A connection, TLS included.
pub(crate) struct Dialled {
    pub stream: Box<dyn Stream>,
    pub is_http2: bool,
}

pub(crate) trait Stream: Read + Write + Send + Unpin {}
impl<S: Read + Write + Send + Unpin> Stream for S {}

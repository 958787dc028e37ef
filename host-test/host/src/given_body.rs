//! The body that a component gives for a request: taken whole before anything is sent, so that it is bounded, and so
//! that the journal says which one it was.

use http::Request;
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use source_evidence::digest::sha256_hex;
use std::time::Duration;
use tokio::time::timeout;
use wasmtime_wasi_http::{Error as HttpError, WasiBody};

/// Longest body. What reads has a statement and a few settings to send.
pub(crate) const MAX_BYTES: usize = 1024 * 1024;
/// Longest wait for it.
const MAX_WAIT: Duration = Duration::from_secs(60);

/// The request with its whole body, and the SHA-256 of that.
///
/// # Errors
/// When the body is too long, does not come in time or breaks off.
pub(crate) async fn whole(request: Request<WasiBody>) -> Result<(Request<WasiBody>, String), HttpError> {
    let (head, body) = request.into_parts();
    let collected = timeout(MAX_WAIT, Limited::new(body, MAX_BYTES).collect()).await;
    let collected = collected.map_err(|_| HttpError::ConnectionWriteTimeout)?;
    let bytes = collected.map_err(named)?.to_bytes();
    let digest = sha256_hex(&bytes);
    let body = Full::new(bytes).map_err(|never| match never {}).boxed_unsync();
    Ok((Request::from_parts(head, body), digest))
}

fn named(error: Box<dyn std::error::Error + Send + Sync>) -> HttpError {
    if error.is::<LengthLimitError>() {
        return HttpError::HttpRequestBodySize(Some(MAX_BYTES as u64));
    }
    error.downcast::<HttpError>().map_or(HttpError::HttpProtocolError, |own| *own)
}

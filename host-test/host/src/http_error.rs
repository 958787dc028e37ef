//! What went wrong with a request, as `wasi:http` names it.

use crate::dial::Prohibited;
use crate::obstacle::{Obstacle, causes};
use std::error::Error;
use wasmtime_wasi_http::Error as HttpError;

/// Names an error from whatever lies deepest in its chain of causes.
pub(crate) fn classify(error: &(dyn Error + 'static)) -> HttpError {
    let mut verdict = HttpError::HttpProtocolError;
    for cause in causes(error) {
        if cause.is::<Prohibited>() {
            return HttpError::DestinationIpProhibited;
        }
        if let Some(obstacle) = cause.downcast_ref::<Obstacle>() {
            return if obstacle.is_proxys() { HttpError::ConfigurationError } else { HttpError::TlsCertificateError };
        }
        if cause.is::<rustls::Error>() {
            return HttpError::TlsProtocolError;
        }
        if let Some(known) = named(cause) {
            verdict = known;
        }
    }
    verdict
}

fn named(cause: &(dyn Error + 'static)) -> Option<HttpError> {
    if let Some(hyper) = cause.downcast_ref::<hyper::Error>() {
        let ended = hyper.is_incomplete_message() || hyper.is_body_write_aborted() || hyper.is_canceled();
        let silent = hyper.is_timeout().then_some(HttpError::ConnectionReadTimeout);
        return silent.or(ended.then_some(HttpError::ConnectionTerminated));
    }
    if let Some(io) = cause.downcast_ref::<std::io::Error>() {
        return io_error(io);
    }
    let text = cause.to_string();
    let is_name = text.contains("dns error") || text.contains("failed to lookup address");
    is_name.then_some(HttpError::DnsError { rcode: None, info_code: None })
}

fn io_error(io: &std::io::Error) -> Option<HttpError> {
    use std::io::ErrorKind;
    Some(match io.kind() {
        ErrorKind::ConnectionRefused => HttpError::ConnectionRefused,
        ErrorKind::TimedOut => HttpError::ConnectionTimeout,
        ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable => HttpError::DestinationUnavailable,
        ErrorKind::UnexpectedEof
        | ErrorKind::ConnectionReset
        | ErrorKind::ConnectionAborted
        | ErrorKind::BrokenPipe => HttpError::ConnectionTerminated,
        _ => return None,
    })
}

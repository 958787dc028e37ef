//! What went wrong with a request, as `wasi:http` names it.

use crate::dial::Prohibited;
use crate::trouble::Trouble;
use std::error::Error;
use wasmtime_wasi_http::Error as HttpError;

/// Names an error from whatever lies deepest in its chain of causes.
pub(crate) fn classify(error: &(dyn Error + 'static)) -> HttpError {
    let mut verdict = HttpError::HttpProtocolError;
    let mut cause = Some(error);
    while let Some(error) = cause {
        if error.is::<Prohibited>() {
            return HttpError::DestinationIpProhibited;
        }
        if let Some(trouble) = error.downcast_ref::<Trouble>() {
            return if trouble.is_proxys() { HttpError::ConfigurationError } else { HttpError::TlsCertificateError };
        }
        if let Some(tls) = error.downcast_ref::<rustls::Error>() {
            return match tls {
                rustls::Error::InvalidCertificate(_) => HttpError::TlsCertificateError,
                _ => HttpError::TlsProtocolError,
            };
        }
        if let Some(hyper) = error.downcast_ref::<hyper::Error>() {
            if hyper.is_timeout() {
                return HttpError::ConnectionReadTimeout;
            }
            if hyper.is_incomplete_message() || hyper.is_body_write_aborted() || hyper.is_canceled() {
                verdict = HttpError::ConnectionTerminated;
            }
        }
        if let Some(io) = error.downcast_ref::<std::io::Error>() {
            if let Some(inner) = io.get_ref() {
                return classify_io(io, inner);
            }
            verdict = io_error(io);
        }
        let text = error.to_string();
        if text.contains("dns error") || text.contains("failed to lookup address") {
            verdict = HttpError::DnsError { rcode: None, info_code: None };
        }
        cause = error.source();
    }
    verdict
}

/// An io error may wrap what really happened where `source` does not show it.
fn classify_io(io: &std::io::Error, inner: &(dyn Error + Send + Sync + 'static)) -> HttpError {
    match classify(inner) {
        HttpError::HttpProtocolError => io_error(io),
        known => known,
    }
}

fn io_error(io: &std::io::Error) -> HttpError {
    use std::io::ErrorKind;
    match io.kind() {
        ErrorKind::ConnectionRefused => HttpError::ConnectionRefused,
        ErrorKind::TimedOut => HttpError::ConnectionTimeout,
        ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable => HttpError::DestinationUnavailable,
        ErrorKind::UnexpectedEof
        | ErrorKind::ConnectionReset
        | ErrorKind::ConnectionAborted
        | ErrorKind::BrokenPipe => HttpError::ConnectionTerminated,
        _ => HttpError::HttpProtocolError,
    }
}

//! How requests leave: one pooled client for all tenants, with keep-alive, TLS, and addresses
//! judged after DNS. Redirects are never followed, and no proxy is taken from the environment.

use crate::egress::is_public;
use crate::error::{Error, Result};
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::{Body, Frame, SizeHint};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::dns::{GaiResolver, Name};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use std::net::SocketAddr;
use std::path::Path;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::time::{Sleep, sleep, timeout};
use tower_service::Service;
use wasmtime_wasi_http::{Error as HttpError, RequestOptions, WasiBody};

/// Longest time to a connection, TLS included, and to the first byte.
const MAX_FIRST_BYTE: Duration = Duration::from_secs(120);
/// Longest silence within a body.
const MAX_SILENCE: Duration = Duration::from_secs(60);
/// Idle connections are closed before common servers close them, which would cost a retry.
const IDLE_TIMEOUT: Duration = Duration::from_secs(30);
/// Idle connections kept for each host: as many as may be in flight.
const MAX_IDLE: usize = 64;

type Connector<R> = HttpsConnector<HttpConnector<R>>;

/// Sends requests over pooled connections, to addresses that may be reached.
#[derive(Clone)]
pub struct Transport {
    guarded: Client<Connector<PublicOnly>, WasiBody>,
    direct: Client<Connector<GaiResolver>, WasiBody>,
}

impl Transport {
    /// A transport that trusts Mozilla's roots, and those in `ca_file` (PEM) too.
    ///
    /// # Errors
    /// When `ca_file` cannot be read or holds no certificate.
    pub fn new(ca_file: Option<&Path>) -> Result<Self> {
        let tls = tls_config(ca_file)?;
        Ok(Self {
            guarded: client(HttpConnector::new_with_resolver(PublicOnly(GaiResolver::new())), tls.clone()),
            direct: client(HttpConnector::new(), tls),
        })
    }

    /// Sends a request. A body longer than `max_body_bytes` is cut off with an error. `direct` lifts the judgement of addresses: for an upstream that the host
    /// itself has named.
    ///
    /// # Errors
    /// As `wasi:http` names them.
    pub async fn send(
        &self,
        request: Request<WasiBody>,
        options: Option<RequestOptions>,
        max_body_bytes: usize,
        direct: bool,
    ) -> Result<Response<WasiBody>, HttpError> {
        let options = options.unwrap_or_default();
        let first_byte = options.first_byte_timeout.map_or(MAX_FIRST_BYTE, |asked| asked.min(MAX_FIRST_BYTE));
        let silence = options.between_bytes_timeout.map_or(MAX_SILENCE, |asked| asked.min(MAX_SILENCE));
        let answer =
            async { if direct { self.direct.request(request).await } else { self.guarded.request(request).await } };
        let response = timeout(first_byte, answer).await.map_err(|_| HttpError::HttpResponseTimeout)?;
        let response = response.map_err(|error| classify(&error))?;
        Ok(response.map(|body| {
            let limited = Limited::new(body, max_body_bytes);
            let timer = Box::pin(sleep(silence));
            TimedBody { body: Box::pin(limited), max_body_bytes, silence, timer }.boxed_unsync()
        }))
    }
}

fn client<R>(mut http: HttpConnector<R>, tls: rustls::ClientConfig) -> Client<Connector<R>, WasiBody>
where
    R: Service<Name> + Clone + Send + Sync + 'static,
    HttpConnector<R>: Service<http::Uri>,
    Connector<R>: hyper_util::client::legacy::connect::Connect + Clone,
{
    http.enforce_http(false);
    http.set_nodelay(true);
    http.set_connect_timeout(Some(Duration::from_secs(10)));
    let connector =
        HttpsConnectorBuilder::new().with_tls_config(tls).https_or_http().enable_all_versions().wrap_connector(http);
    Client::builder(TokioExecutor::new())
        .pool_timer(TokioTimer::new())
        .pool_idle_timeout(IDLE_TIMEOUT)
        .pool_max_idle_per_host(MAX_IDLE)
        .build(connector)
}

fn tls_config(ca_file: Option<&Path>) -> Result<rustls::ClientConfig> {
    let mut roots = rustls::RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    if let Some(path) = ca_file {
        use rustls::pki_types::{CertificateDer, pem::PemObject};
        let unusable =
            |what: String| Error::usage(format!("{}: {what}", path.display()), "give a file of PEM certificates");
        let certificates = CertificateDer::pem_file_iter(path).map_err(|error| unusable(error.to_string()))?;
        let mut found = 0;
        for certificate in certificates {
            let certificate = certificate.map_err(|error| unusable(error.to_string()))?;
            roots.add(certificate).map_err(|error| unusable(error.to_string()))?;
            found += 1;
        }
        if found == 0 {
            return Err(unusable("no certificate in it".into()));
        }
    }
    let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
    let builder = rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let builder = builder.map_err(|error| Error::Engine(wasmtime::Error::msg(error.to_string())))?;
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}

/// A resolver that drops addresses that are not public, and fails when none is left.
#[derive(Clone)]
struct PublicOnly(GaiResolver);

/// A name that leads only to where nothing may go.
#[derive(Debug)]
struct Prohibited;

impl std::fmt::Display for Prohibited {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("the name resolves to no public address")
    }
}

impl std::error::Error for Prohibited {}

impl Service<Name> for PublicOnly {
    type Response = std::vec::IntoIter<SocketAddr>;
    type Error = std::io::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn poll_ready(&mut self, task: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.0.poll_ready(task)
    }

    fn call(&mut self, name: Name) -> Self::Future {
        let found = self.0.call(name);
        Box::pin(async move {
            let public: Vec<SocketAddr> = found.await?.filter(|address| is_public(address.ip())).collect();
            if public.is_empty() { Err(std::io::Error::other(Prohibited)) } else { Ok(public.into_iter()) }
        })
    }
}

/// A body that must not fall silent.
struct TimedBody<B> {
    body: Pin<Box<B>>,
    max_body_bytes: usize,
    silence: Duration,
    timer: Pin<Box<Sleep>>,
}

impl<B> Body for TimedBody<B>
where
    B: Body<Data = Bytes, Error = Box<dyn std::error::Error + Send + Sync>>,
{
    type Data = Bytes;
    type Error = HttpError;

    fn poll_frame(mut self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, HttpError>>> {
        match self.body.as_mut().poll_frame(task) {
            Poll::Ready(Some(Ok(frame))) => {
                let next = tokio::time::Instant::now() + self.silence;
                self.timer.as_mut().reset(next);
                Poll::Ready(Some(Ok(frame)))
            }
            Poll::Ready(Some(Err(error))) if error.is::<LengthLimitError>() => {
                Poll::Ready(Some(Err(HttpError::HttpResponseBodySize(Some(self.max_body_bytes as u64)))))
            }
            Poll::Ready(Some(Err(error))) => Poll::Ready(Some(Err(classify(error.as_ref())))),
            Poll::Ready(None) => Poll::Ready(None),
            Poll::Pending => self.timer.as_mut().poll(task).map(|()| Some(Err(HttpError::ConnectionReadTimeout))),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// Names an error as `wasi:http` does, from whatever lies deepest in its chain of causes.
fn classify(error: &(dyn std::error::Error + 'static)) -> HttpError {
    let mut verdict = HttpError::HttpProtocolError;
    let mut cause = Some(error);
    while let Some(error) = cause {
        if error.is::<Prohibited>() {
            return HttpError::DestinationIpProhibited;
        }
        if let Some(tls) = error.downcast_ref::<rustls::Error>() {
            return match tls {
                rustls::Error::InvalidCertificate(_) => HttpError::TlsCertificateError,
                _ => HttpError::TlsProtocolError,
            };
        }
        if let Some(hyper) = error.downcast_ref::<hyper::Error>()
            && (hyper.is_incomplete_message() || hyper.is_body_write_aborted() || hyper.is_canceled())
        {
            verdict = HttpError::ConnectionTerminated;
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
fn classify_io(io: &std::io::Error, inner: &(dyn std::error::Error + Send + Sync + 'static)) -> HttpError {
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

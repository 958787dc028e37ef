//! How a connection is made: the address is judged after DNS, or a proxy is asked for it; then TLS.

use crate::egress::is_public;
use crate::error::Result;
use crate::network::{Network, Proxy};
use crate::obstacle::{Obstacle, causes};
use crate::wire::{BoxError, Dialled, Target};
use http::Uri;
use hyper::rt::{Read, Write};
use hyper_rustls::{HttpsConnector, MaybeHttpsStream};
use hyper_util::client::legacy::connect::dns::{GaiResolver, Name};
use hyper_util::client::legacy::connect::proxy::Tunnel;
use hyper_util::client::legacy::connect::{Connection, HttpConnector};
use rustls::ClientConfig;
use source_evidence::error::is_out_of_files;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::time::sleep;
use tower_service::Service;

/// Longest wait for an answer to a first packet. The whole has its own bound.
const MAX_TCP: Duration = Duration::from_secs(10);
/// How soon it is tried again when this process has no file descriptor left: some will be closed.
const NO_DESCRIPTOR_PAUSE: Duration = Duration::from_millis(100);

/// Makes connections.
pub(crate) struct Dialler {
    tls: ClientConfig,
    /// For the way to a proxy that is spoken to over TLS.
    proxy_tls: Arc<ClientConfig>,
    proxy: Option<Proxy>,
}

impl Dialler {
    /// A dialler for this network.
    ///
    /// # Errors
    /// When a file of certificates or the proxy's URL is of no use.
    pub fn new(network: &Network) -> Result<Self> {
        let proxy_tls = network.tls()?;
        let mut tls = proxy_tls.clone();
        tls.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(Self { tls, proxy_tls: Arc::new(proxy_tls), proxy: network.proxy()? })
    }

    /// TLS for connections to servers.
    pub fn tls(&self) -> &ClientConfig {
        &self.tls
    }

    /// Makes a connection.
    ///
    /// # Errors
    /// Whatever went wrong, down to the deepest cause; an [`Obstacle`] where the host can say more.
    pub async fn dial(&self, target: &Target, tls: &Arc<ClientConfig>) -> Result<Dialled, BoxError> {
        with_descriptors(|| self.dial_once(target, Arc::clone(tls))).await.map_err(|error| {
            let obstacle = error.downcast_ref().cloned().or_else(|| Obstacle::of_certificate(&error, target));
            obstacle.map_or(error, Into::into)
        })
    }

    async fn dial_once(&self, target: &Target, tls: Arc<ClientConfig>) -> Result<Dialled, BoxError> {
        let root = &target.root;
        if let Some((proxy, authorization)) = self.proxy.as_ref().and_then(|proxy| proxy.to(root)) {
            let way = HttpsConnector::from((tcp(GaiResolver::new()), Arc::clone(&self.proxy_tls)));
            let tunnel = Tunnel::new(proxy.clone(), way);
            let tunnel = if let Some(value) = authorization { tunnel.with_auth(value) } else { tunnel };
            let named = |error| named(&tunnel, error, |error| Obstacle::of_tunnel(error, &proxy, target));
            return finish(HttpsConnector::from((tunnel.clone(), tls)), root).await.map_err(named);
        }
        if target.direct {
            return finish(HttpsConnector::from((tcp(GaiResolver::new()), tls)), root).await;
        }
        finish(HttpsConnector::from((tcp(PublicOnly(GaiResolver::new())), tls)), root).await
    }
}

/// An error of this very connector as the obstacle that it is; any other as it was.
fn named<C: Service<Uri>>(_: &C, error: BoxError, obstacle: impl Fn(&C::Error) -> Obstacle) -> BoxError
where
    C::Error: std::error::Error + 'static,
{
    match error.downcast_ref::<C::Error>() {
        Some(own) => obstacle(own).into(),
        None => error,
    }
}

async fn finish<C, S>(mut connector: HttpsConnector<C>, root: &Uri) -> Result<Dialled, BoxError>
where
    HttpsConnector<C>: Service<Uri, Response = MaybeHttpsStream<S>, Error = BoxError>,
    S: Connection + Read + Write + Send + Unpin + 'static,
{
    std::future::poll_fn(|task| connector.poll_ready(task)).await?;
    let stream = connector.call(root.clone()).await?;
    let is_http2 = stream.connected().is_negotiated_h2();
    Ok(Dialled { stream: Box::new(stream), is_http2 })
}

fn tcp<R>(resolver: R) -> HttpConnector<R> {
    let mut http = HttpConnector::new_with_resolver(resolver);
    http.enforce_http(false);
    http.set_nodelay(true);
    http.set_connect_timeout(Some(MAX_TCP));
    http
}

/// Tries again for as long as this process has no file descriptor left. The whole has its own bound.
async fn with_descriptors<T, F>(attempt: impl Fn() -> F) -> Result<T, BoxError>
where
    F: Future<Output = Result<T, BoxError>>,
{
    loop {
        match attempt().await {
            Err(error) if is_out_of_descriptors(error.as_ref()) => sleep(NO_DESCRIPTOR_PAUSE).await,
            done => return done,
        }
    }
}

fn is_out_of_descriptors(error: &(dyn std::error::Error + 'static)) -> bool {
    causes(error).any(|cause| cause.downcast_ref().is_some_and(is_out_of_files))
}

/// A resolver that drops addresses that are not public, and fails when none is left.
#[derive(Clone)]
struct PublicOnly<R>(R);

/// A name that leads only to where nothing may go.
#[derive(Debug)]
pub(crate) struct Prohibited;

impl std::fmt::Display for Prohibited {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("the name resolves to no public address")
    }
}

impl std::error::Error for Prohibited {}

impl<R> Service<Name> for PublicOnly<R>
where
    R: Service<Name, Error = std::io::Error, Response: Iterator<Item = SocketAddr>, Future: Send + 'static>,
{
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::{Ready, ready};
    #[cfg(unix)]
    use std::io::Error as IoError;
    #[cfg(unix)]
    use std::sync::atomic::{AtomicUsize, Ordering};

    /// Names that all lead to these addresses.
    struct LeadsTo(&'static [&'static str]);

    impl Service<Name> for LeadsTo {
        type Response = std::vec::IntoIter<SocketAddr>;
        type Error = std::io::Error;
        type Future = Ready<std::io::Result<Self::Response>>;

        fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
            Poll::Ready(Ok(()))
        }

        fn call(&mut self, _: Name) -> Self::Future {
            let found: Vec<_> = self.0.iter().map(|ip| SocketAddr::new(ip.parse().unwrap(), 0)).collect();
            ready(Ok(found.into_iter()))
        }
    }

    #[tokio::test]
    async fn a_private_address_behind_an_allowed_name_is_prohibited() {
        let dialled = async |addresses: &'static [&'static str]| {
            let name = "xy12345.snowflakecomputing.com".parse().unwrap();
            let found = PublicOnly(LeadsTo(addresses)).call(name).await;
            found.map(|found| found.map(|address| address.ip().to_string()).collect::<Vec<_>>())
        };
        let private: [&[&str]; 5] = [&["10.0.0.1"], &["127.0.0.1", "::1"], &["169.254.169.254"], &["fd00::1"], &[]];
        for addresses in private {
            let error = dialled(addresses).await.expect_err("no public address");
            assert!(error.get_ref().is_some_and(|cause| cause.is::<Prohibited>()), "{addresses:?}: {error}");
        }
        assert_eq!(dialled(&["192.168.0.1", "93.184.216.34"]).await.unwrap(), ["93.184.216.34"]);
    }

    /// Dials with an error the first two times, and answers how often it was tried.
    #[cfg(unix)]
    async fn attempts(error: fn() -> IoError) -> (bool, usize) {
        let tried = AtomicUsize::new(0);
        let attempt = || async {
            // As a connector wraps it.
            if tried.fetch_add(1, Ordering::SeqCst) < 2 { Err(IoError::other(error()).into()) } else { Ok(()) }
        };
        let done = with_descriptors(attempt).await;
        (done.is_ok(), tried.into_inner())
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn who_has_no_file_descriptor_left_tries_again() {
        // EMFILE and ENFILE.
        assert_eq!(attempts(|| IoError::from_raw_os_error(24)).await, (true, 3));
        assert_eq!(attempts(|| IoError::from_raw_os_error(23)).await, (true, 3));
        assert_eq!(attempts(|| std::io::ErrorKind::ConnectionRefused.into()).await, (false, 1));
    }
}

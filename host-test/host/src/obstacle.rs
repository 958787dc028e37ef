//! Why nothing gets through, where the host knows more than `wasi:http` can tell a component.

use crate::wire::{BoxError, Target};
use http::Uri;
use rustls::{CertificateError, Error as TlsError};
use std::error::Error as StdError;
use std::io;
use thiserror::Error;

/// What stands between this host and a server. Names no path, and no credentials of a proxy.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Obstacle {
    /// 407.
    #[error("the proxy {0} requires a user name and password, or rejected those given (407)")]
    ProxyCredentials(String),
    /// Any other answer than 200.
    #[error("the proxy {0} opens no tunnel to {1}")]
    ProxyRefuses(String, String),
    /// No connection to it.
    #[error("the proxy {0} cannot be reached ({1})")]
    ProxyAway(String, String),
    /// Nobody who is trusted here vouches for the server.
    #[error("{0} shows a certificate of an authority that is not trusted here")]
    UnknownAuthority(String),
    /// Of another name, or another time.
    #[error("{0} shows a certificate that is not valid ({1})")]
    Certificate(String, String),
}

impl Obstacle {
    /// Whether it is the proxy's.
    #[must_use]
    pub fn is_proxys(&self) -> bool {
        matches!(self, Self::ProxyCredentials(_) | Self::ProxyRefuses(..) | Self::ProxyAway(..))
    }

    /// What a proxy did instead of opening a tunnel.
    pub(crate) fn of_tunnel(error: &(dyn StdError + 'static), proxy: &Uri, target: &Target) -> Self {
        let (proxy, server) = (authority(proxy), authority(&target.root));
        // The library keeps the kinds of its errors to itself; a test holds it to this text.
        if error.to_string().contains("proxy authorization required") {
            return Self::ProxyCredentials(proxy);
        }
        match causes(error).last() {
            Some(last) if error.source().is_some() => Self::ProxyAway(proxy, last.to_string()),
            _ => Self::ProxyRefuses(proxy, server),
        }
    }

    /// What is wrong with the server's certificate, if that was it.
    pub(crate) fn of_certificate(error: &BoxError, target: &Target) -> Option<Self> {
        let tls = causes(error.as_ref()).find_map(|cause| cause.downcast_ref::<TlsError>());
        let Some(TlsError::InvalidCertificate(why)) = tls else { return None };
        let server = authority(&target.root);
        Some(match why {
            CertificateError::UnknownIssuer => Self::UnknownAuthority(server),
            other => Self::Certificate(server, other.to_string()),
        })
    }
}

fn authority(uri: &Uri) -> String {
    uri.authority().map_or_else(String::new, ToString::to_string)
}

/// An error, and what lies behind it, down to the deepest cause.
pub(crate) fn causes<'e>(error: &'e (dyn StdError + 'static)) -> impl Iterator<Item = &'e (dyn StdError + 'static)> {
    std::iter::successors(Some(error), |error| {
        // Its own `source` leaves out what it wraps.
        let wrapped = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        wrapped.map_or_else(|| (*error).source(), |wrapped| Some(wrapped as _))
    })
}

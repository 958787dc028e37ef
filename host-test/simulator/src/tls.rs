//! TLS, with a certificate authority that is made at the start and forgotten at the end.

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use std::io::{Error, Result};
use std::sync::Arc;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring::default_provider;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

/// The versions of HTTP that a server offers over TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Versions {
    /// HTTP/2, or HTTP/1.1 for clients that know no other.
    Both,
    /// HTTP/1.1 alone.
    Http1,
    /// HTTP/2 alone.
    Http2,
}

impl Versions {
    fn protocols(self) -> Vec<Vec<u8>> {
        let (one, two) = (b"http/1.1".to_vec(), b"h2".to_vec());
        match self {
            Self::Both => vec![two, one],
            Self::Http1 => vec![one],
            Self::Http2 => vec![two],
        }
    }
}

/// This machine, and the hosts that it stands in for.
const NAMES: [&str; 8] = [
    "localhost",
    "127.0.0.1",
    "::1",
    "api.fivetran.com",
    "bigquery.googleapis.com",
    "simulated.snowflakecomputing.com",
    "simulated.cloud.databricks.com",
    "api.datadoghq.com",
];

/// What a server needs to speak TLS, and its clients to trust it.
pub(super) struct Tls {
    pub acceptor: TlsAcceptor,
    /// The authority's certificate.
    pub ca_pem: String,
}

impl Tls {
    /// Makes an authority, and has it sign a certificate for [`NAMES`].
    pub fn new(versions: Versions) -> Result<Self> {
        let mut authority = CertificateParams::new(Vec::new()).map_err(Error::other)?;
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        authority.distinguished_name.push(DnType::CommonName, "Simulated authority");
        let key = KeyPair::generate().map_err(Error::other)?;
        let ca_pem = authority.self_signed(&key).map_err(Error::other)?.pem();
        let names = NAMES.map(String::from).to_vec();
        let server_key = KeyPair::generate().map_err(Error::other)?;
        let server = CertificateParams::new(names).map_err(Error::other)?;
        let server = server.signed_by(&server_key, &Issuer::new(authority, key)).map_err(Error::other)?;
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(server_key.serialize_der()));
        let config = ServerConfig::builder_with_provider(Arc::new(default_provider()));
        let config = config.with_safe_default_protocol_versions().map_err(Error::other)?.with_no_client_auth();
        let mut config = config.with_single_cert(vec![server.der().clone()], key).map_err(Error::other)?;
        config.alpn_protocols = versions.protocols();
        Ok(Self { acceptor: TlsAcceptor::from(Arc::new(config)), ca_pem })
    }
}

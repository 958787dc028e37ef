//! What the way out of this machine needs: who is trusted, and whether a proxy is between. Nothing of it is
//! taken from the environment unless that is asked for.

use crate::error::{Error, Result};
use crate::secret::Secret;
use http::{HeaderValue, Uri};
use hyper_util::client::proxy::matcher::Matcher;
use rustls::pki_types::{CertificateDer, pem::PemObject};
use std::path::{Path, PathBuf};

/// The way out of this machine.
#[derive(Clone, Debug, Default)]
pub struct Network {
    /// Certificates (PEM) to be trusted besides Mozilla's.
    pub ca_file: Option<PathBuf>,
    /// Whether those that the system trusts are trusted too.
    pub ca_system: bool,
    /// The proxy.
    pub proxy: ProxyFrom,
}

/// Where the proxy is named.
#[derive(Clone, Debug, Default)]
pub enum ProxyFrom {
    /// There is none, whatever the environment says.
    #[default]
    Nowhere,
    /// Here: a URL, which may hold a user name and a password.
    Url(Secret),
    /// In `HTTPS_PROXY` (or `ALL_PROXY`) and `NO_PROXY`.
    Environment,
}

/// A proxy that is asked for tunnels to HTTPS servers.
pub(crate) struct Proxy(Matcher);

impl Proxy {
    /// The proxy's root on the way to a server, and what it wants to see.
    pub fn to(&self, server: &Uri) -> Option<(Uri, Option<HeaderValue>)> {
        let is_https = server.scheme() == Some(&http::uri::Scheme::HTTPS);
        let found = is_https.then(|| self.0.intercept(server)).flatten()?;
        Some((found.uri().clone(), found.basic_auth().cloned()))
    }
}

impl Network {
    /// The proxy, if there is one.
    ///
    /// # Errors
    /// When its URL is none, or of a kind that is not known. The URL is not repeated: it may hold a password.
    pub(crate) fn proxy(&self) -> Result<Option<Proxy>> {
        let (matcher, whose) = match &self.proxy {
            ProxyFrom::Nowhere => return Ok(None),
            ProxyFrom::Url(url) => (Matcher::builder().all(url.expose()).build(), "the proxy"),
            ProxyFrom::Environment => {
                let value = |name: &str| std::env::var(name).or_else(|_| std::env::var(name.to_lowercase()));
                let url = value("HTTPS_PROXY").or_else(|_| value("ALL_PROXY")).unwrap_or_default();
                if url.is_empty() {
                    let what = "the environment names no proxy";
                    return Err(Error::usage(what, "set HTTPS_PROXY, or omit --proxy-from-env"));
                }
                let no = value("NO_PROXY").unwrap_or_default();
                // The library takes this for names alone.
                if no.trim() == "*" {
                    return Ok(None);
                }
                (Matcher::builder().all(url).no(no).build(), "HTTPS_PROXY")
            }
        };
        // A name that no NO_PROXY holds.
        let anywhere = Uri::from_static("https://proxy-check.invalid");
        let found = matcher.intercept(&anywhere);
        if found.is_some_and(|found| matches!(found.uri().scheme_str(), Some("http" | "https"))) {
            return Ok(Some(Proxy(matcher)));
        }
        Err(Error::usage(
            format!("{whose} is not given as the URL of an HTTP proxy"),
            "write it like http://proxy.example.com:3128, with http://USER:PASSWORD@ if it wants them",
        ))
    }

    /// TLS without a protocol chosen yet.
    ///
    /// # Errors
    /// When a certificate that is named cannot be read.
    pub(crate) fn tls(&self) -> Result<rustls::ClientConfig> {
        let mut roots = rustls::RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
        if let Some(path) = &self.ca_file {
            add_file(&mut roots, path)?;
        }
        if self.ca_system {
            add_system(&mut roots)?;
        }
        let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
        let builder = rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let builder = builder.map_err(|error| Error::Engine(wasmtime::Error::msg(error.to_string())))?;
        Ok(builder.with_root_certificates(roots).with_no_client_auth())
    }
}

fn add_file(roots: &mut rustls::RootCertStore, path: &Path) -> Result<()> {
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
    Ok(())
}

/// Some systems hold certificates that nobody can read any more: those are left out.
fn add_system(roots: &mut rustls::RootCertStore) -> Result<()> {
    let found = rustls_native_certs::load_native_certs();
    let (added, _) = roots.add_parsable_certificates(found.certs);
    if added == 0 {
        let why = found.errors.first().map_or_else(|| "there is none".into(), ToString::to_string);
        let what = format!("no certificate that the system trusts can be read: {why}");
        return Err(Error::usage(
            what,
            "install the system's certificates (ca-certificates), or give a file of certificates",
        ));
    }
    Ok(())
}

//! How to reach NATS: servers, credentials, TLS, and why it cannot be reached.

use async_nats::{ConnectError, ConnectErrorKind, ConnectOptions};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use source_evidence::{Error, Result};
use std::fmt::Display;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How often a connection is pinged, at least.
const PING: Duration = Duration::from_secs(5);

/// How to reach NATS. What is secret stays in files and in the environment.
#[derive(Clone, Debug, Default)]
pub struct Nats {
    /// One or more servers, separated by commas, e.g. `nats://a:4222,nats://b:4222` or `tls://…`.
    pub url: String,
    /// File with credentials as `nsc` makes them.
    pub creds: Option<PathBuf>,
    /// File with the seed of an nkey.
    pub nkey: Option<PathBuf>,
    /// File with the authority (PEM) to trust for TLS.
    pub ca: Option<PathBuf>,
    /// Copies that the broker keeps of everything: 1, 3 or 5.
    pub replicas: usize,
    /// After so long without a word, a worker's jobs go to another.
    pub ack_wait: Duration,
}

/// What a connection is made with.
///
/// # Errors
/// When a file cannot be read or holds something else, or a variable is missing.
pub(crate) async fn options(nats: &Nats) -> Result<ConnectOptions> {
    // The TLS library has to be told once which cryptography it uses.
    let _ = rustls::crypto::ring::default_provider().install_default();
    if nats.url.split(',').any(|server| server.trim().is_empty()) {
        return Err(Error::Usage {
            what: "--nats names no server, or an empty one".into(),
            remedy: "name one or more, separated by commas: nats://HOST:4222".into(),
        });
    }
    let mut options = ConnectOptions::new().name("host-test").connection_timeout(Duration::from_secs(5));
    // A server that a cut network hides closes no connection: after three pings without an answer, the next is tried.
    options = options.ping_interval(PING.min(nats.ack_wait / 3));
    if nats.creds.is_some() && nats.nkey.is_some() {
        return Err(Error::Usage {
            what: "--nats-creds (NATS_CREDS) and --nats-nkey (NATS_NKEY) exclude each other".into(),
            remedy: "give one of the two".into(),
        });
    }
    if let Some(file) = &nats.creds {
        options = options.credentials_file(file).await.map_err(Error::file("read", file))?;
    }
    if let Some(file) = &nats.nkey {
        let seed = std::fs::read_to_string(file).map_err(Error::file("read", file))?;
        options = options.nkey(checked_seed(file, seed.trim())?);
    }
    let variable = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
    match (variable("NATS_USER"), variable("NATS_PASSWORD")) {
        (Some(user), Some(password)) => options = options.user_and_password(user, password),
        (None, None) => {}
        _ => {
            return Err(Error::Usage {
                what: "NATS_USER and NATS_PASSWORD are not both set".into(),
                remedy: "set both, or neither".into(),
            });
        }
    }
    if let Some(file) = &nats.ca {
        check_authority(file)?;
        options = options.add_root_certificates(file.clone()).require_tls(true);
    }
    Ok(options)
}

/// The seed of an nkey of a user. What else is in the file is not repeated.
fn checked_seed(file: &Path, seed: &str) -> Result<String> {
    let is_one = nkeys::KeyPair::from_seed(seed).is_ok_and(|pair| pair.key_pair_type() == nkeys::KeyPairType::User);
    let no_seed = || Error::Usage {
        what: format!("--nats-nkey: {} holds no seed of a user's nkey", file.display()),
        remedy: "give the file that `nk -gen user` made, whose line begins with SU".into(),
    };
    is_one.then(|| seed.into()).ok_or_else(no_seed)
}

fn check_authority(file: &Path) -> Result<()> {
    let text = std::fs::read(file).map_err(Error::file("read", file))?;
    let is_one = CertificateDer::pem_slice_iter(&text).next().is_some_and(|first| first.is_ok());
    let no_authority = || Error::Usage {
        what: format!("--nats-ca: there is no certificate in {}", file.display()),
        remedy: "give a file of PEM certificates".into(),
    };
    is_one.then_some(()).ok_or_else(no_authority)
}

impl Nats {
    /// The servers, without what may be a password.
    #[must_use]
    pub fn shown(&self) -> String {
        let server = |url: &str| match (url.split_once("://"), url.rsplit_once('@')) {
            (Some((scheme, _)), Some((_, host))) => format!("{scheme}://…@{host}"),
            (None, Some((_, host))) => format!("…@{host}"),
            _ => url.to_string(),
        };
        let is_secret_cut =
            self.url.split(',').any(|url| url.contains("://") && !url.contains('@')) && self.url.contains('@');
        if is_secret_cut {
            // A comma may be within a password: then nothing before the last server is safe to show.
            return server(&self.url);
        }
        self.url.split(',').map(server).collect::<Vec<_>>().join(",")
    }
}

/// Why there is no connection. The words of the library are not shown: they may hold a server as it was named.
pub(crate) fn unconnected(nats: &Nats, error: &ConnectError) -> Error {
    let refused = |why: &str, remedy: &str| Error::Usage {
        what: format!("NATS at {} {why}", nats.shown()),
        remedy: remedy.into(),
    };
    let untrusted = || refused("does not do TLS that can be trusted", "check its certificate, and --nats-ca");
    match error.kind() {
        ConnectErrorKind::ServerParse => refused("is no address of a server", "name it as nats://HOST:4222"),
        ConnectErrorKind::Authentication | ConnectErrorKind::AuthorizationViolation => refused(
            "refuses the credentials, or asks for some",
            "check NATS_USER and NATS_PASSWORD, --nats-creds or --nats-nkey",
        ),
        ConnectErrorKind::Tls => untrusted(),
        _ if is_of_tls(error) => untrusted(),
        _ => trouble(&nats.shown(), &std::error::Error::source(error).map_or(error.to_string(), ToString::to_string)),
    }
}

/// Whether an error comes from the TLS library, which the client wraps as one of the network.
fn is_of_tls(error: &ConnectError) -> bool {
    let source = std::error::Error::source(error).and_then(|source| source.downcast_ref::<std::io::Error>());
    source.and_then(std::io::Error::get_ref).is_some_and(|inner| inner.is::<rustls::Error>())
}

/// An error of the broker, with what to look at.
pub(crate) fn trouble(servers: &str, error: &dyn Display) -> Error {
    let why = source_evidence::text::plain(&error.to_string());
    let says = |word: &str| why.to_ascii_lowercase().contains(word);
    let remedy = if says("replicas") || says("peers") {
        "check --nats-replicas: no more than the cluster has nodes with JetStream"
    } else if says("insufficient") {
        "make room in the broker's store"
    } else if says("timed out") || says("no responders") || says("temporarily unavailable") {
        "check that the broker has JetStream switched on and a quorum of its nodes, and that this user may use it"
    } else {
        "check --nats, its credentials, and that JetStream is switched on there"
    };
    Error::Output { what: format!("NATS at {servers}: {why}"), remedy: remedy.into() }
}

/// What is said where no answer came in time, where nobody leads a cluster, where not every server knows a stream yet, and
/// of what was sent again before the first was taken.
const PASSING: [&str; 5] = [
    "timed out",
    "no answer",
    "JetStream system temporarily unavailable",
    "no stream found for given subject",
    "duplicate message id is in process",
];

/// Whether an error may pass: the broker is there, and does not answer yet.
pub(crate) fn is_late(error: &Error) -> bool {
    let may_pass = |what: &str| PASSING.iter().any(|words| what.contains(words));
    matches!(error, Error::Output { what, .. } if may_pass(what))
}

#[cfg(test)]
mod tests {
    use super::Nats;

    #[test]
    fn no_part_of_a_password_is_shown() {
        for (url, shown) in [
            ("nats://a:4222,nats://b:4222", "nats://a:4222,nats://b:4222"),
            ("nats://u:secret@a:4222", "nats://…@a:4222"),
            ("nats://u:secret@a,nats://u:secret@b", "nats://…@a,nats://…@b"),
            ("nats://u:sec,ret@a:4222", "nats://…@a:4222"),
        ] {
            assert_eq!(Nats { url: url.into(), ..Nats::default() }.shown(), shown);
        }
    }
}

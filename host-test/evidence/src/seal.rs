//! The seal of a collection: an in-toto Statement over its files, and that Statement signed by the
//! host (Ed25519 in a DSSE envelope).
//!
//! <https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md>,
//! <https://github.com/secure-systems-lab/dsse/blob/master/protocol.md>, read 2026-11.

use super::hash::sha256_hex;
use crate::error::{Error, Result};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{PrivatePkcs8KeyDer, SubjectPublicKeyInfoDer};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::path::Path;

/// Type of the signed payload.
const PAYLOAD_TYPE: &str = "application/vnd.in-toto+json";
/// What an Ed25519 key's SubjectPublicKeyInfo begins with (RFC 8410).
const SPKI_PREFIX: &[u8] = &[0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];

/// The Statement over a collection's files, given as name and SHA-256.
#[must_use]
pub fn statement(files: &[(&str, String)], manifest: &Value) -> String {
    let subject: Vec<Value> =
        files.iter().map(|(name, digest)| json!({"name": name, "digest": {"sha256": digest}})).collect();
    let statement = json!({
        "_type": "https://in-toto.io/Statement/v1",
        "subject": subject,
        "predicateType": "urn:compliance:source:collection:v1",
        "predicate": {
            "chain_head": manifest.get("chain_head"),
            "component": manifest.get("component"),
            "records": manifest.get("records"),
        },
    });
    serde_json::to_string_pretty(&statement).unwrap_or_default() + "\n"
}

/// A DSSE envelope.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "the specification documents them")]
pub struct Envelope {
    pub payload: String,
    #[serde(rename = "payloadType")]
    pub payload_type: String,
    pub signatures: Vec<Signature>,
}

/// A signature of an envelope.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "the specification documents them")]
pub struct Signature {
    pub keyid: String,
    pub sig: String,
}

/// What DSSE signs: type and payload, each with its length.
fn pre_authentication(payload: &[u8]) -> Vec<u8> {
    let mut out = format!("DSSEv1 {} {PAYLOAD_TYPE} {} ", PAYLOAD_TYPE.len(), payload.len()).into_bytes();
    out.extend_from_slice(payload);
    out
}

/// A host's key.
pub struct Signer(Ed25519KeyPair);

impl Signer {
    /// Reads a PKCS #8 key in PEM, as `keygen` and `openssl genpkey -algorithm ed25519` write it.
    ///
    /// # Errors
    /// [`Error::Usage`] when the file holds none.
    pub fn read(path: &Path) -> Result<Self> {
        let unusable = || Error::Usage {
            what: format!("{} holds no Ed25519 key in PKCS #8 PEM", path.display()),
            remedy: "make one with: host-test keygen --out FILE".into(),
        };
        let text = std::fs::read(path).map_err(Error::file("read", path))?;
        let der = PrivatePkcs8KeyDer::from_pem_slice(&text).map_err(|_| unusable())?;
        let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(der.secret_pkcs8_der()).map_err(|_| unusable())?;
        Ok(Self(pair))
    }

    /// Signs a Statement.
    #[must_use]
    pub fn sign(&self, statement: &str) -> Envelope {
        let signature = self.0.sign(&pre_authentication(statement.as_bytes()));
        Envelope {
            payload: STANDARD.encode(statement),
            payload_type: PAYLOAD_TYPE.into(),
            signatures: vec![Signature {
                keyid: key_id(self.0.public_key().as_ref()),
                sig: STANDARD.encode(signature.as_ref()),
            }],
        }
    }
}

impl Envelope {
    /// The one text of an envelope: what differs from it was changed.
    #[must_use]
    pub fn text(&self) -> String {
        serde_json::to_string_pretty(self).unwrap_or_default() + "\n"
    }

    /// Whether this Statement is what it carries.
    #[must_use]
    pub fn holds(&self, statement: &str) -> bool {
        self.payload == STANDARD.encode(statement)
    }

    /// Whether it is the signature of this Statement by this key.
    #[must_use]
    pub fn is_signed(&self, statement: &str, key: &PublicKey) -> bool {
        let [signature] = self.signatures.as_slice() else { return false };
        let Ok(bytes) = STANDARD.decode(&signature.sig) else { return false };
        self.payload_type == PAYLOAD_TYPE
            && self.holds(statement)
            && signature.keyid == key_id(&key.0)
            && UnparsedPublicKey::new(&ED25519, &key.0)
                .verify(&pre_authentication(statement.as_bytes()), &bytes)
                .is_ok()
    }
}

fn key_id(public: &[u8]) -> String {
    sha256_hex(public)
}

/// The public half of a host's key.
pub struct PublicKey(Vec<u8>);

impl PublicKey {
    /// Reads a SubjectPublicKeyInfo in PEM.
    ///
    /// # Errors
    /// [`Error::Usage`] when the file holds none.
    pub fn read(path: &Path) -> Result<Self> {
        let unusable = || Error::Usage {
            what: format!("{} holds no Ed25519 public key in PEM", path.display()),
            remedy: "give the .pub file that keygen wrote beside the key".into(),
        };
        let text = std::fs::read(path).map_err(Error::file("read", path))?;
        let der = SubjectPublicKeyInfoDer::from_pem_slice(&text).map_err(|_| unusable())?;
        let key = der.strip_prefix(SPKI_PREFIX).filter(|key| key.len() == 32).ok_or_else(unusable)?;
        Ok(Self(key.to_vec()))
    }

    /// Its id in envelopes.
    #[must_use]
    pub fn id(&self) -> String {
        key_id(&self.0)
    }
}

/// Makes a key: `(PKCS #8 PEM, public PEM, id)`.
///
/// # Errors
/// [`Error::Usage`] when the system gives no randomness.
pub fn generate() -> Result<(String, String, String)> {
    let failed = |_| Error::Usage {
        what: "the system gives no randomness".into(),
        remedy: "try again, or make the key elsewhere: openssl genpkey -algorithm ed25519".into(),
    };
    let document = Ed25519KeyPair::generate_pkcs8(&ring::rand::SystemRandom::new()).map_err(failed)?;
    let pair =
        Ed25519KeyPair::from_pkcs8_maybe_unchecked(document.as_ref()).map_err(|_| failed(ring::error::Unspecified))?;
    let public = pair.public_key().as_ref().to_vec();
    let spki = [SPKI_PREFIX, &public].concat();
    Ok((pem("PRIVATE KEY", document.as_ref()), pem("PUBLIC KEY", &spki), key_id(&public)))
}

fn pem(label: &str, der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let lines: Vec<String> =
        text.as_bytes().chunks(64).map(|line| String::from_utf8_lossy(line).into_owned()).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}

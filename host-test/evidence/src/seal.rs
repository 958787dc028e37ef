//! The seal of a collection: an in-toto Statement over its files, and that Statement signed by the
//! host (Ed25519 in a DSSE envelope).
//!
//! <https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md>,
//! <https://github.com/secure-systems-lab/dsse/blob/master/protocol.md>, read 2026-11.

use crate::digest::sha256_hex;
use crate::error::{Error, Result};
use crate::summary::Summary;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::pkcs8::spki::der::pem::LineEnding;
use ed25519_dalek::pkcs8::{DecodePrivateKey, DecodePublicKey, EncodePrivateKey, EncodePublicKey};
use ed25519_dalek::{Signature as Ed25519Signature, Signer as _, SigningKey, VerifyingKey};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::path::Path;

/// Type of the signed payload.
const PAYLOAD_TYPE: &str = "application/vnd.in-toto+json";
/// The Statement over a collection's files, given as name and SHA-256, and over how they were made. Its SHA-256 is
/// the seal: whoever keeps that can show any later change to any of the files.
#[must_use]
pub fn statement(files: &[(&str, String)], manifest: &Summary) -> String {
    let subject: Vec<Value> =
        files.iter().map(|(name, digest)| json!({"name": name, "digest": {"sha256": digest}})).collect();
    let statement = json!({
        "_type": "https://in-toto.io/Statement/v1",
        "subject": subject,
        "predicateType": "urn:compliance:source:collection:v2",
        "predicate": {
            "chain_head": manifest.chain_head,
            "component": manifest.component,
            "journal_head": manifest.journal_head,
            "made": manifest.made,
            "records": manifest.records,
            "simulated": manifest.made.iter().any(|made| made.simulated.is_some()),
            "started_at": manifest.started_at,
            "updated_at": manifest.updated_at,
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
pub struct Signer(SigningKey);

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
        let text = std::fs::read_to_string(path).map_err(Error::file("read", path))?;
        SigningKey::from_pkcs8_pem(&text).map(Self).map_err(|_| unusable())
    }

    /// The id of its public half in envelopes.
    #[must_use]
    pub fn id(&self) -> String {
        key_id(&self.0.verifying_key())
    }

    /// Signs a Statement.
    #[must_use]
    pub fn sign(&self, statement: &str) -> Envelope {
        let signature = self.0.sign(&pre_authentication(statement.as_bytes()));
        Envelope {
            payload: STANDARD.encode(statement),
            payload_type: PAYLOAD_TYPE.into(),
            signatures: vec![Signature { keyid: self.id(), sig: STANDARD.encode(signature.to_bytes()) }],
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
        self.payload_type == PAYLOAD_TYPE && self.payload == STANDARD.encode(statement)
    }

    /// Whether it is the signature of this Statement by this key.
    #[must_use]
    pub fn is_signed(&self, statement: &str, key: &PublicKey) -> bool {
        let [signature] = self.signatures.as_slice() else { return false };
        let bytes = STANDARD.decode(&signature.sig).unwrap_or_default();
        let Ok(ed25519) = Ed25519Signature::from_slice(&bytes) else { return false };
        self.holds(statement)
            && signature.keyid == key.id()
            && key.0.verify_strict(&pre_authentication(statement.as_bytes()), &ed25519).is_ok()
    }
}

fn key_id(public: &VerifyingKey) -> String {
    sha256_hex(public.as_bytes())
}

/// The public half of a host's key.
pub struct PublicKey(VerifyingKey);

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
        let text = std::fs::read_to_string(path).map_err(Error::file("read", path))?;
        VerifyingKey::from_public_key_pem(&text).map(Self).map_err(|_| unusable())
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
    let mut secret = [0; 32];
    getrandom::getrandom(&mut secret).map_err(|error| Error::Usage {
        what: format!("the system gives no randomness ({error})"),
        remedy: "try again, or make the key elsewhere: openssl genpkey -algorithm ed25519".into(),
    })?;
    let key = SigningKey::from_bytes(&secret);
    let no_form = |what: String| Error::Usage { what, remedy: "try again".into() };
    let private = key.to_pkcs8_pem(LineEnding::LF).map_err(|error| no_form(error.to_string()))?;
    let public = key.verifying_key().to_public_key_pem(LineEnding::LF).map_err(|error| no_form(error.to_string()))?;
    Ok((private.to_string(), public, key_id(&key.verifying_key())))
}

//! The hash of a record and the chain over them, as `wit/source.wit` defines them, by other code
//! than the component's.

use serde_json::Value;
use sha2::{Digest, Sha256};

/// Lower-case hexadecimal of a SHA-256.
#[must_use]
pub fn sha256_hex(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// Lower-case hexadecimal.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    let digit = |value: u8| char::from(if value < 10 { b'0' + value } else { b'a' + value - 10 });
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

/// RFC 8785.
#[must_use]
pub fn canonical(value: &Value) -> Option<Vec<u8>> {
    serde_json_canonicalizer::to_vec(value).ok()
}

/// The hash of a record: over all its fields but `content`.
#[must_use]
pub fn record_hash(record: &Value) -> Option<[u8; 32]> {
    let mut rest = record.as_object()?.clone();
    rest.remove("content")?;
    Some(Sha256::digest(canonical(&Value::Object(rest))?).into())
}

/// The start of a collection's chain.
#[must_use]
pub fn chain_start(account: &str, interface: &str, settings_digest: &str) -> Option<[u8; 32]> {
    let start = serde_json::json!({"account": account, "interface": interface, "settings_digest": settings_digest});
    Some(Sha256::digest(canonical(&start)?).into())
}

/// The head after one more record.
#[must_use]
pub fn chain_next(head: [u8; 32], record: [u8; 32]) -> [u8; 32] {
    let mut joint = Sha256::new();
    joint.update(head);
    joint.update(record);
    joint.finalize().into()
}

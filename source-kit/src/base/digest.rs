//! SHA-256 digests. Digests of records and the hash chain are the host's: see `evidence-record` in
//! `wit/types.wit`.

use alloc::string::String;
use sha2::{Digest, Sha256};

/// SHA-256 of `bytes`.
#[must_use]
pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

/// SHA-256 of `bytes` as 64 lower-case hexadecimal digits.
#[must_use]
pub fn sha256_hex(bytes: &[u8]) -> String {
    hex(&sha256(bytes))
}

/// Lower-case hexadecimal.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    base16ct::lower::encode_string(bytes)
}

/// Whether a text is a digest as the interface writes it: 64 lower-case hexadecimal digits.
#[must_use]
pub fn is_digest(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// The first eight bytes of a SHA-256 as a number: enough to tell a few ids or cursors apart.
#[must_use]
pub fn short_hash(text: &str) -> u64 {
    let [a, b, c, d, e, f, g, h, ..] = sha256(text.as_bytes());
    u64::from_be_bytes([a, b, c, d, e, f, g, h])
}

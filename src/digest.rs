//! SHA-256 digests and the hash chain over records.

use crate::canonical::{push_canonical, to_canonical};
use crate::model::Record;
use alloc::string::String;
use serde::Serialize;
use sha2::{Digest, Sha256};

/// The interface version that a chain is bound to.
pub const INTERFACE: &str = "compliance:source@0.1.0";

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
    let digit = |nibble: u8| char::from(if nibble < 10 { b'0' + nibble } else { b'a' + nibble - 10 });
    let mut out = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        out.push(digit(byte >> 4));
        out.push(digit(byte & 15));
    }
    out
}

/// The 32 bytes that 64 lower-case hexadecimal digits stand for.
#[must_use]
pub fn unhex(text: &str) -> Option<[u8; 32]> {
    let value = |digit: u8| match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    };
    let mut out = [0_u8; 32];
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    if !rest.is_empty() || pairs.len() != out.len() {
        return None;
    }
    for (slot, [high, low]) in out.iter_mut().zip(pairs) {
        *slot = (value(*high)? << 4) | value(*low)?;
    }
    Some(out)
}

/// The first eight bytes of a SHA-256 as a number: enough to tell a few ids or cursors apart.
#[must_use]
pub fn fingerprint(text: &str) -> u64 {
    let [a, b, c, d, e, f, g, h, ..] = sha256(text.as_bytes());
    u64::from_be_bytes([a, b, c, d, e, f, g, h])
}

/// The hash chain of one collection. See `page.chain-head` in `wit/source.wit` for its definition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chain {
    head: [u8; 32],
    /// Taken for each record's JSON again.
    text: String,
}

#[derive(Serialize)]
struct Start<'a> {
    account: &'a str,
    interface: &'a str,
    settings_digest: &'a str,
}

impl Chain {
    /// The start of a collection's chain.
    #[must_use]
    pub fn start(account: &str, settings_digest: &str) -> Self {
        let start = Start { account, interface: INTERFACE, settings_digest };
        Self::at(sha256(to_canonical(&start).as_bytes()))
    }

    /// The chain as a cursor carries it on.
    #[must_use]
    pub fn resume(head: &str) -> Option<Self> {
        unhex(head).map(Self::at)
    }

    fn at(head: [u8; 32]) -> Self {
        Self { head, text: String::new() }
    }

    /// Appends a record.
    pub fn push(&mut self, record: &Record) {
        self.text.clear();
        push_canonical(&mut self.text, record);
        let hash = sha256(self.text.as_bytes());
        let mut joint = Sha256::new();
        joint.update(self.head);
        joint.update(hash);
        self.head = joint.finalize().into();
    }

    /// The head after the last record.
    #[must_use]
    pub fn head(&self) -> String {
        hex(&self.head)
    }
}

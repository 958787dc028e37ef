//! SHA-256 digests and the hash chain over records.

#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
mod lanes;

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

/// How many digests are computed at once.
const LANES: usize = 4;

/// SHA-256 of each message.
fn sha256_each(messages: [&[u8]; LANES]) -> [[u8; 32]; LANES] {
    #[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
    return lanes::sha256_each(messages);
    #[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
    messages.map(sha256)
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

/// The first messages; what is missing is empty.
fn each<'t>(messages: impl Iterator<Item = &'t [u8]>) -> [&'t [u8]; LANES] {
    let mut all = [&[][..]; LANES];
    all.iter_mut().zip(messages).for_each(|(one, message)| *one = message);
    all
}

/// The hash chain of one collection. See `page.chain-head` in `wit/source.wit` for its definition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chain {
    head: [u8; 32],
    /// Taken for the JSON of records again and again.
    texts: [String; LANES],
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
        Self { head, texts: Default::default() }
    }

    /// Appends records, and gives each the digest of its content.
    pub fn extend(&mut self, records: &mut [Record]) {
        for group in records.chunks_mut(LANES) {
            let contents = sha256_each(each(group.iter().map(|record| record.content.as_bytes())));
            for ((record, digest), text) in group.iter_mut().zip(contents).zip(&mut self.texts) {
                record.digest = hex(&digest);
                text.clear();
                push_canonical(text, record);
            }
            let hashes = sha256_each(each(self.texts.iter().map(String::as_bytes)));
            for hash in hashes.iter().take(group.len()) {
                let mut joint = Sha256::new();
                joint.update(self.head);
                joint.update(hash);
                self.head = joint.finalize().into();
            }
        }
    }

    /// The head after the last record.
    #[must_use]
    pub fn head(&self) -> String {
        hex(&self.head)
    }
}

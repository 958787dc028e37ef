//! The host's own journal of the requests that a component made: one line each, written beside the evidence.
//!
//! A record says which response it was read from. The journal says which responses there were: `verify` holds
//! one against the other.

use crate::chain::Chain;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// A request that was let out, and what came back. Fields in the order of RFC 8785.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Seen {
    /// When the body ended, or the request failed, by the host's own clock: RFC 3339 in UTC.
    pub at: String,
    /// Bytes of the body that came.
    pub bytes: u64,
    /// Why there is no whole body, in a word of `wasi:http`.
    pub error: Option<String>,
    /// The host that was asked for, with its port where one was named.
    pub host: String,
    /// The method.
    pub method: String,
    /// JSON objects in the body: how many opening braces it has.
    pub objects: u64,
    /// Path and query; [`MASKED`] where it may name a person.
    pub request: String,
    /// SHA-256 of the body as it came; null when it did not come whole.
    pub sha256: Option<String>,
    /// The status; null when nothing came.
    pub status: Option<u16>,
}

/// Stands for a path in which there is an e-mail address.
pub const MASKED: &str = "withheld";

/// Objects of an answer that holds nothing: an envelope and what is in it.
const EMPTY_OBJECTS: u64 = 2;

impl Seen {
    /// Its line, without a line break.
    #[must_use]
    pub fn line(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// A line, which has one text only.
    #[must_use]
    pub fn read(line: &str) -> Option<Self> {
        let seen: Self = serde_json::from_str(line).ok()?;
        (seen.line() == line).then_some(seen)
    }

    /// Whether the vendor told something that a record can be made of.
    #[must_use]
    pub fn has_content(&self) -> bool {
        self.status == Some(200) && self.sha256.is_some() && self.objects > EMPTY_OBJECTS
    }
}

/// The head of the chain over a journal's lines, as [`Chain`] has it over records: it starts with 32 zero bytes,
/// and each step is the SHA-256 of the head and of the line's SHA-256.
#[must_use]
pub fn next(head: Chain, line: &str) -> Chain {
    head.next(Sha256::digest(line.as_bytes()).into())
}

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
    /// SHA-256 of the body that the component gave for the request to be sent with; absent where its method has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sent_sha256: Option<String>,
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Journals that were written before there was a body to be noted are read as they were.
    #[test]
    fn a_line_without_a_sent_body_stays_as_it_is_and_one_with_it_has_one_text() {
        let get = r#"{"at":"2026-01-31T12:00:00Z","bytes":2,"error":null,"host":"a.example","method":"GET","objects":1,"request":"/v1","sha256":null,"status":200}"#;
        let post = get.replace("GET", "POST").replace(r#""sha256""#, r#""sent_sha256":"ab","sha256""#);
        assert_eq!(Seen::read(get).and_then(|seen| seen.sent_sha256), None);
        assert_eq!(Seen::read(&post).and_then(|seen| seen.sent_sha256).as_deref(), Some("ab"));
        assert_eq!([get, &post].map(|line| Seen::read(line).unwrap().line()), [get, &post]);
        for other in
            [post.replace(r#""ab""#, "null"), post.replace("sent_sha256", "sent"), post.replace(":\"ab", ": \"ab")]
        {
            assert_eq!(Seen::read(&other), None, "{other}");
        }
    }
}

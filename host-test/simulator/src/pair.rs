//! Credentials.

use std::fmt;

/// A key and its secret.
#[derive(Clone, PartialEq, Eq)]
pub struct Pair {
    /// API key.
    pub key: String,
    /// API secret.
    pub secret: String,
}

impl fmt::Debug for Pair {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Pair(…)")
    }
}

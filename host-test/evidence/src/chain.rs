//! The hash of a record and the chain over all records of a collection, as `wit/types.wit` defines them.

use crate::digest::{canonical, hex};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// The interface version that a chain is bound to.
pub const INTERFACE: &str = "compliance:source@0.2.0";

/// The hash of a record: over all its fields but `content`. `None` for what is not a record.
#[must_use]
pub fn record_hash(record: &Value) -> Option<[u8; 32]> {
    let mut rest = record.as_object()?.clone();
    rest.remove("content")?;
    Some(Sha256::digest(canonical(&Value::Object(rest))?).into())
}

/// The head of a chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chain([u8; 32]);

impl Chain {
    /// The start of a collection's chain.
    #[must_use]
    pub fn start(source: &str, interface: &str, settings_digest: &str) -> Self {
        let start = json!({"interface": interface, "settings_digest": settings_digest, "source": source});
        Self(Sha256::digest(canonical(&start).unwrap_or_default()).into())
    }

    /// A chain that is bound to nothing: 32 zero bytes.
    #[must_use]
    pub fn zero() -> Self {
        Self([0; 32])
    }

    /// The chain with this head, given as 64 lower-case hexadecimal digits.
    #[must_use]
    pub fn at(head: &str) -> Option<Self> {
        let mut bytes = [0; 32];
        (base16ct::lower::decode(head, &mut bytes).ok()?.len() == 32).then_some(Self(bytes))
    }

    /// The chain after one more record.
    #[must_use]
    pub fn next(self, record: [u8; 32]) -> Self {
        let mut joint = Sha256::new();
        joint.update(self.0);
        joint.update(record);
        Self(joint.finalize().into())
    }

    /// The head as 64 lower-case hexadecimal digits.
    #[must_use]
    pub fn head(self) -> String {
        hex(&self.0)
    }
}

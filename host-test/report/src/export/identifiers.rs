//! Identifiers that are the same for the same evidence.

use uuid::Uuid;

/// A UUID (version 5) of these texts.
pub fn uuid(parts: &[&str]) -> String {
    let space = Uuid::new_v5(&Uuid::NAMESPACE_URL, b"urn:compliance:source:export");
    // As a list in JSON: where one text ends and the next begins is part of it.
    Uuid::new_v5(&space, serde_json::json!(parts).to_string().as_bytes()).to_string()
}

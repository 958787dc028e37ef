//! What of a source's description is needed to judge its records.

/// One kind. Meanings: `kind-description` in `wit/catalog.wit`.
#[derive(Clone, Copy, Debug)]
pub struct KindFacts<'a> {
    /// Its id.
    pub id: &'a str,
    /// Version of its schema.
    pub schema_version: u32,
    /// JSON Schema of its contents.
    pub content_schema: &'a str,
    /// Whether its records are things that happened.
    pub is_event: bool,
    /// Whether it is about the collection itself.
    pub always: bool,
}

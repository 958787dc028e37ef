//! A record, with its content as JSON.

use serde_json::Value;
use source_evidence::record::{Provenance, Subject, Withheld};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// A record. Meanings of its fields: `evidence-record` in `wit/types.wit`.
#[derive(Debug)]
#[expect(missing_docs, reason = "each field is documented in wit/types.wit")]
pub struct Record {
    /// Its line in `evidence.jsonl`, from 1.
    pub line: u64,
    pub id: String,
    pub kind: String,
    pub schema_version: u32,
    pub title: String,
    pub subject: Subject,
    pub observed_at: String,
    pub effective_at: Option<String>,
    pub content: Value,
    /// SHA-256 of the content as it is written.
    pub digest: String,
    pub provenance: Vec<Provenance>,
    pub withheld: Vec<Withheld>,
    pub valid_until: String,
}

impl Record {
    /// A record that was read from this line.
    #[must_use]
    pub fn of(line: u64, record: source_evidence::record::Record) -> Self {
        Self {
            line,
            digest: source_evidence::digest::sha256_hex(record.content.as_bytes()),
            content: serde_json::from_str(&record.content).unwrap_or_default(),
            id: record.id,
            kind: record.kind,
            schema_version: record.schema_version,
            title: record.title,
            subject: record.subject,
            observed_at: record.observed_at,
            effective_at: record.effective_at,
            provenance: record.provenance,
            withheld: record.withheld,
            valid_until: record.valid_until,
        }
    }

    /// The text at a JSON pointer of the content; `None` where it is anything else.
    #[must_use]
    pub fn text(&self, pointer: &str) -> Option<&str> {
        self.content.pointer(pointer)?.as_str()
    }

    /// The timestamp at a JSON pointer of the content; `None` where the vendor does not say, or means never.
    #[must_use]
    pub fn time(&self, pointer: &str) -> Option<&str> {
        self.text(pointer).filter(|text| !is_never(text))
    }

    /// The truth value at a JSON pointer of the content; `None` where the vendor does not say.
    #[must_use]
    pub fn flag(&self, pointer: &str) -> Option<bool> {
        self.content.pointer(pointer)?.as_bool()
    }
}

/// A timestamp; `None` where the text is none.
#[must_use]
pub fn instant(text: &str) -> Option<OffsetDateTime> {
    OffsetDateTime::parse(text, &Rfc3339).ok()
}

/// Whether a timestamp is the beginning of 1970, by which the vendor means that it never was.
#[must_use]
pub fn is_never(text: &str) -> bool {
    instant(text).is_some_and(|then| then.unix_timestamp() == 0)
}

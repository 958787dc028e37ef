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

    /// When something that may never have happened did.
    #[must_use]
    pub fn stamp(&self, pointer: &str) -> Stamp {
        if self.withheld_at(pointer).is_some() {
            return Stamp::NotTold;
        }
        match self.content.pointer(pointer) {
            Some(Value::Null) => Stamp::Never,
            Some(Value::String(text)) if is_never(text) => Stamp::Never,
            Some(Value::String(text)) => instant(text).map_or(Stamp::NotTold, Stamp::At),
            _ => Stamp::NotTold,
        }
    }

    /// What was withheld of what stands at a JSON pointer of the content.
    #[must_use]
    pub fn withheld_at(&self, pointer: &str) -> Option<&Withheld> {
        self.withheld.iter().find(|withheld| covers(&withheld.pointer, pointer))
    }

    /// The truth value at a JSON pointer of the content; `None` where the vendor does not say.
    #[must_use]
    pub fn flag(&self, pointer: &str) -> Option<bool> {
        self.content.pointer(pointer)?.as_bool()
    }
}

/// When something that may never have happened did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stamp {
    /// Then.
    At(OffsetDateTime),
    /// Never: null, or the beginning of 1970.
    Never,
    /// Nobody says: it was withheld, is not there, or is no timestamp.
    NotTold,
}

/// Whether what was withheld at one pointer is, or holds, what stands at another. Pointers of what was withheld are
/// those of the vendor's object, in which `settings` are called `config`.
fn covers(withheld: &str, place: &str) -> bool {
    let holds = |outer: &str, inner: &str| {
        inner.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    let settings = withheld.strip_prefix("/config").zip(place.strip_prefix("/settings"));
    holds(withheld, place) || settings.is_some_and(|(outer, inner)| holds(outer, inner))
}

/// Whether there is nothing at a JSON pointer because something above it is null: of all below the vendor does not say.
#[must_use]
pub fn is_below_null(value: &Value, pointer: &str) -> bool {
    let above = pointer.match_indices('/').filter_map(|(at, _)| pointer.get(..at));
    above.filter_map(|place| value.pointer(place)).any(Value::is_null)
}

/// A timestamp; `None` where the text is none.
#[must_use]
pub fn instant(text: &str) -> Option<OffsetDateTime> {
    OffsetDateTime::parse(text, &Rfc3339).ok()
}

/// Whether a timestamp is the beginning of 1970, by which the vendor means that it never was, or before it.
#[must_use]
pub fn is_never(text: &str) -> bool {
    instant(text).is_some_and(|then| then.unix_timestamp() <= 0)
}

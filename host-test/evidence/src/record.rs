//! A record as one line of JSON: every field named as in the WIT, in snake_case, absent options as
//! null, the content embedded as it is. The digest of the content is computed here.

use crate::digest::sha256_hex;
use crate::error::{Error, Result};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};
use std::borrow::Cow;

/// A record as a source returned it. Meanings: `evidence-record` in `wit/types.wit`.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "each field is documented in wit/types.wit")]
pub struct Record {
    pub id: String,
    pub kind: String,
    pub schema_version: u32,
    pub title: String,
    pub subject: Subject,
    pub observed_at: String,
    pub effective_at: Option<String>,
    pub content: String,
    pub provenance: Vec<Provenance>,
    pub withheld: Vec<Withheld>,
    pub valid_until: String,
}

/// What a record is about. Fields in the order of RFC 8785.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[expect(missing_docs, reason = "each field is documented in wit/types.wit")]
pub struct Subject {
    pub id: String,
    pub name: Option<String>,
    #[serde(rename = "type")]
    pub kind: String,
}

/// One response that a record was read from. Fields in the order of RFC 8785.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[expect(missing_docs, reason = "each field is documented in wit/types.wit")]
pub struct Provenance {
    pub body_digest: String,
    pub page: Option<u32>,
    pub pointer: String,
    pub read_at: String,
    pub request: String,
    pub request_id: Option<String>,
    pub status: u16,
}

/// Something left out on purpose.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[expect(missing_docs, reason = "each field is documented in wit/types.wit")]
pub struct Withheld {
    pub pointer: String,
    /// snake_case.
    pub reason: Cow<'static, str>,
}

/// A record as it is written.
#[derive(Clone, Debug)]
pub struct Line {
    /// Its JSON, without a line break.
    pub text: String,
    /// The hash of the record, which the chain is made of.
    pub hash: [u8; 32],
}

/// All fields, in the order in which a person reads them.
#[derive(Serialize)]
struct Fields<'a> {
    id: &'a str,
    kind: &'a str,
    schema_version: u32,
    title: &'a str,
    subject: &'a Subject,
    observed_at: &'a str,
    effective_at: Option<&'a str>,
    content: &'a RawValue,
    digest: &'a str,
    provenance: &'a [Provenance],
    withheld: &'a [Withheld],
    valid_until: &'a str,
}

/// A line of `evidence.jsonl`, read again.
#[derive(Deserialize)]
struct Written<'a> {
    id: String,
    kind: String,
    schema_version: u32,
    title: String,
    subject: Subject,
    observed_at: String,
    effective_at: Option<String>,
    #[serde(borrow)]
    content: &'a RawValue,
    provenance: Vec<Provenance>,
    withheld: Vec<Withheld>,
    valid_until: String,
}

/// Whether a line is to the byte what [`Record::line`] writes. White space, escapes or a name that comes twice
/// would show one reader something else than another.
#[must_use]
pub fn is_as_written(line: &str) -> bool {
    Record::read(line).and_then(|record| record.line().ok()).is_some_and(|again| again.text == line)
}

impl<'a> Fields<'a> {
    fn of(hashed: &Hashed<'a>, content: &'a RawValue) -> Self {
        Self {
            id: hashed.id,
            kind: hashed.kind,
            schema_version: hashed.schema_version,
            title: hashed.title,
            subject: hashed.subject,
            observed_at: hashed.observed_at,
            effective_at: hashed.effective_at,
            content,
            digest: hashed.digest,
            provenance: hashed.provenance,
            withheld: hashed.withheld,
            valid_until: hashed.valid_until,
        }
    }
}

/// What the record's hash is taken of: all fields but the content, in the order of RFC 8785. They are
/// texts and small numbers, which serde_json writes as that prescribes; `verify` holds every hash
/// against an independent canonicaliser.
#[derive(Serialize)]
struct Hashed<'a> {
    digest: &'a str,
    effective_at: Option<&'a str>,
    id: &'a str,
    kind: &'a str,
    observed_at: &'a str,
    provenance: &'a [Provenance],
    schema_version: u32,
    subject: &'a Subject,
    title: &'a str,
    valid_until: &'a str,
    withheld: &'a [Withheld],
}

impl Record {
    /// A line of `evidence.jsonl`, read again; `None` where it is none. Whether its digest is right is for
    /// [`crate::verify`] to say.
    #[must_use]
    pub fn read(line: &str) -> Option<Self> {
        let read = serde_json::from_str::<Written<'_>>(line).ok()?;
        Some(Self {
            id: read.id,
            kind: read.kind,
            schema_version: read.schema_version,
            title: read.title,
            subject: read.subject,
            observed_at: read.observed_at,
            effective_at: read.effective_at,
            content: read.content.get().into(),
            provenance: read.provenance,
            withheld: read.withheld,
            valid_until: read.valid_until,
        })
    }

    /// Its line.
    ///
    /// # Errors
    /// [`Error::Contract`] when the content is not a JSON object on one line: what a source returns is
    /// never trusted.
    pub fn line(&self) -> Result<Line> {
        let bad = |what: &str| Error::Contract(format!("record {:?}: {what}", self.id));
        let content: &RawValue = serde_json::from_str(&self.content).map_err(|_| bad("the content is not JSON"))?;
        // A line break inside a record would make two lines of it; canonical JSON has none.
        if !self.content.starts_with('{') || self.content.contains(['\n', '\r']) {
            return Err(bad("the content is not a JSON object on one line"));
        }
        let digest = sha256_hex(self.content.as_bytes());
        let hashed = Hashed {
            digest: &digest,
            effective_at: self.effective_at.as_deref(),
            id: &self.id,
            kind: &self.kind,
            observed_at: &self.observed_at,
            provenance: &self.provenance,
            schema_version: self.schema_version,
            subject: &self.subject,
            title: &self.title,
            valid_until: &self.valid_until,
            withheld: &self.withheld,
        };
        let no_form = |_| bad("it has no JSON form");
        let hash = Sha256::digest(serde_json::to_vec(&hashed).map_err(no_form)?).into();
        let text = serde_json::to_string(&Fields::of(&hashed, content)).map_err(no_form)?;
        Ok(Line { text, hash })
    }
}

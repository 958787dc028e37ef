//! A record as one line of JSON: every field named as in the WIT, in snake_case, absent options as
//! null, the content embedded as it is.
//!
//! What a guest returns is never trusted: content that is no JSON object or does not have the
//! digest it claims is an error.

use crate::bindings::compliance::source::types::{EvidenceRecord, WithheldReason};
use crate::error::{Error, Result};
use crate::verify::hash::sha256_hex;
use serde::Serialize;
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};

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
    subject: &'a SubjectLine<'a>,
    observed_at: &'a str,
    effective_at: Option<&'a str>,
    content: &'a RawValue,
    digest: &'a str,
    provenance: &'a [ProvenanceLine<'a>],
    withheld: &'a [WithheldLine<'a>],
    valid_until: &'a str,
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
    provenance: &'a [ProvenanceLine<'a>],
    schema_version: u32,
    subject: &'a SubjectLine<'a>,
    title: &'a str,
    valid_until: &'a str,
    withheld: &'a [WithheldLine<'a>],
}

#[derive(Serialize)]
struct SubjectLine<'a> {
    id: &'a str,
    name: Option<&'a str>,
    #[serde(rename = "type")]
    kind: &'a str,
}

#[derive(Serialize)]
struct ProvenanceLine<'a> {
    body_digest: &'a str,
    page: Option<u32>,
    pointer: &'a str,
    read_at: &'a str,
    request: &'a str,
    request_id: Option<&'a str>,
    status: u16,
}

#[derive(Serialize)]
struct WithheldLine<'a> {
    pointer: &'a str,
    reason: &'static str,
}

/// The line of a record.
///
/// # Errors
/// [`Error::BadAnswer`] when the content is no JSON object or not the one its digest is of.
pub fn line(record: &EvidenceRecord) -> Result<Line> {
    let bad = |what: &str| Error::BadAnswer(format!("record {:?}: {what}", record.id));
    let content: &RawValue = serde_json::from_str(&record.content).map_err(|_| bad("the content is not JSON"))?;
    // A line break inside a record would make two lines of it; canonical JSON has none.
    if !record.content.starts_with('{') || record.content.contains(['\n', '\r']) {
        return Err(bad("the content is not a canonical JSON object"));
    }
    if sha256_hex(record.content.as_bytes()) != record.digest {
        return Err(bad("the digest is not the content's"));
    }
    let (provenance, withheld) = (provenance(record), withheld(record));
    let subject =
        SubjectLine { id: &record.subject.id, name: record.subject.name.as_deref(), kind: &record.subject.type_ };
    let hashed = Hashed {
        digest: &record.digest,
        effective_at: record.effective_at.as_deref(),
        id: &record.id,
        kind: &record.kind,
        observed_at: &record.observed_at,
        provenance: &provenance,
        schema_version: record.schema_version,
        subject: &subject,
        title: &record.title,
        valid_until: &record.valid_until,
        withheld: &withheld,
    };
    let no_form = |_| bad("it has no JSON form");
    let hash = Sha256::digest(serde_json::to_vec(&hashed).map_err(no_form)?).into();
    let text = serde_json::to_string(&Fields::of(&hashed, content)).map_err(no_form)?;
    Ok(Line { text, hash })
}

fn provenance(record: &EvidenceRecord) -> Vec<ProvenanceLine<'_>> {
    let lines = record.provenance.iter().map(|origin| ProvenanceLine {
        request: &origin.request,
        status: origin.status,
        read_at: &origin.read_at,
        request_id: origin.request_id.as_deref(),
        page: origin.page,
        body_digest: &origin.body_digest,
        pointer: &origin.pointer,
    });
    lines.collect()
}

fn withheld(record: &EvidenceRecord) -> Vec<WithheldLine<'_>> {
    let lines = record.withheld.iter().map(|withheld| WithheldLine {
        pointer: &withheld.pointer,
        reason: match withheld.reason {
            WithheldReason::Secret => "secret",
            WithheldReason::PersonalData => "personal_data",
            WithheldReason::UnknownSetting => "unknown_setting",
            WithheldReason::FreeText => "free_text",
        },
    });
    lines.collect()
}

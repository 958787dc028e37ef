//! A record as one line of JSON: every field named as in the WIT, in snake_case, absent options as
//! null, the content embedded as it is.
//!
//! What a guest returns is never trusted: content that is no JSON object or does not have the
//! digest it claims is an error.

use crate::bindings::compliance::source::types::{EvidenceRecord, WithheldReason};
use crate::error::{Error, Result};
use serde::Serialize;
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};

#[derive(Serialize)]
struct Line<'a> {
    id: &'a str,
    kind: &'a str,
    schema_version: u32,
    title: &'a str,
    subject: SubjectLine<'a>,
    observed_at: &'a str,
    effective_at: Option<&'a str>,
    content: &'a RawValue,
    digest: &'a str,
    provenance: Vec<ProvenanceLine<'a>>,
    withheld: Vec<WithheldLine<'a>>,
    valid_until: &'a str,
}

#[derive(Serialize)]
struct SubjectLine<'a> {
    #[serde(rename = "type")]
    kind: &'a str,
    id: &'a str,
    name: Option<&'a str>,
}

#[derive(Serialize)]
struct ProvenanceLine<'a> {
    request: &'a str,
    status: u16,
    read_at: &'a str,
    request_id: Option<&'a str>,
    page: Option<u32>,
    body_digest: &'a str,
    pointer: &'a str,
}

#[derive(Serialize)]
struct WithheldLine<'a> {
    pointer: &'a str,
    reason: &'static str,
}

/// The line of a record, without its line break.
///
/// # Errors
/// [`Error::BadAnswer`] when the content is no JSON object or not the one its digest is of.
pub fn line(record: &EvidenceRecord) -> Result<String> {
    let bad = |what: &str| Error::BadAnswer(format!("record {:?}: {what}", record.id));
    let content: &RawValue = serde_json::from_str(&record.content).map_err(|_| bad("the content is not JSON"))?;
    // A line break inside a record would make two lines of it; canonical JSON has none.
    if !record.content.starts_with('{') || record.content.contains(['\n', '\r']) {
        return Err(bad("the content is not a canonical JSON object"));
    }
    let digest: String = Sha256::digest(record.content.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect();
    if digest != record.digest {
        return Err(bad("the digest is not the content's"));
    }
    let line = Line {
        id: &record.id,
        kind: &record.kind,
        schema_version: record.schema_version,
        title: &record.title,
        subject: SubjectLine {
            kind: &record.subject.type_,
            id: &record.subject.id,
            name: record.subject.name.as_deref(),
        },
        observed_at: &record.observed_at,
        effective_at: record.effective_at.as_deref(),
        content,
        digest: &record.digest,
        provenance: provenance(record),
        withheld: withheld(record),
        valid_until: &record.valid_until,
    };
    serde_json::to_string(&line).map_err(|_| bad("it has no JSON form"))
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

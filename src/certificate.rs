//! `certificate`: the TLS certificates that someone declared to be trusted for a connection or
//! destination. Both resources have the same call; this file says what it gives.
//! <https://fivetran.com/docs/rest-api/api-reference/certificates>, read 2026-11.

use crate::audit_event::{self, Action, Stamp, Target};
use crate::types::{Findings, Item, Part};
use alloc::format;
use alloc::string::String;
use serde::Serialize;
use source_kit::base::digest::sha256_hex;
use source_kit::{
    Cost, DAILY, Draft, Emit, Kind, Nature, Origin, PartAnswer, Subject, Text, When, Withheld, WithheldReason, wire,
};

/// The catalogue's entry.
pub const KIND: Kind = Kind {
    id: "certificate",
    title: "Trusted certificates",
    description: "Every TLS certificate that was declared to be trusted for a connection or destination: by whom, when, and its digests. Fivetran gives no expiry date.",
    keywords: &["certificate", "tls", "encryption in transit", "trust", "key management"],
    nature: Nature::Inventory,
    personal_data: true,
    schema_version: 1,
    content_schema: include_str!("schemas/certificate.json"),
    endpoints: &["GET /v1/destinations/{id}/certificates", "GET /v1/connections/{id}/certificates"],
    permissions: &["DESTINATION:READ", "CONNECTOR:READ"],
    plan_gate: None,
    cost: Cost::PerItem,
    when: When::Default,
    valid_for_seconds: DAILY,
    spread: true,
};

/// The call for each connection.
pub const OF_CONNECTION: Part = Part {
    name: "certificates",
    path: "/v1/connections/{id}/certificates",
    permission: "CONNECTOR:READ",
    key: "hash",
    feeds: &[&KIND, &audit_event::KIND],
    spread: true,
    project: Some(|item, answer, out, findings| project(("connection", item), answer, out, findings)),
    ..Part::LIST
};

/// The call for each destination.
pub const OF_DESTINATION: Part = Part {
    path: "/v1/destinations/{id}/certificates",
    permission: "DESTINATION:READ",
    project: Some(|item, answer, out, findings| project(("destination", item), answer, out, findings)),
    ..OF_CONNECTION
};

/// A certificate that is trusted.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(deny_unknown_fields))]
pub struct CertificateContent<'a> {
    /// Fivetran's hash of it, which is its key.
    pub hash: &'a str,
    /// Name of the certificate.
    pub name: Option<&'a str>,
    /// The connection or destination.
    pub owner_id: &'a str,
    /// `connection` or `destination`.
    pub owner_type: &'a str,
    /// SHA-256 of the text that Fivetran shows of it, lower-case hexadecimal.
    pub public_key_sha256: Option<String>,
    /// Its SHA-1 digest, as Fivetran wrote it.
    pub sha1: Option<&'a str>,
    /// Its SHA-256 digest, as Fivetran wrote it.
    pub sha256: Option<&'a str>,
    /// Kind of certificate, e.g. TLS.
    #[serde(rename = "type")]
    pub kind: Option<&'a str>,
    /// Id of who declared it to be trusted.
    #[cfg_attr(feature = "schema", schemars(extend("x-change" = "actor")))]
    pub validated_by: Option<&'a str>,
    /// When that was, as Fivetran wrote it.
    pub validated_date: Option<&'a str>,
}

wire! {
    /// An item of the answer.
    pub struct Certificate<'a> {
        id: Text<'a>,
        hash: Text<'a>,
        name: Text<'a>,
        kind = "type": Text<'a>,
        sha1: Text<'a>,
        sha256: Text<'a>,
        public_key: Text<'a>,
        validated_by: Text<'a>,
        validated_date: Text<'a>,
    }
}

fn project(owner: (&'static str, &Item<'_>), answer: &PartAnswer, out: &mut Emit<'_>, findings: &mut Findings) {
    answer.for_each(|origin, json| emit(out, origin, (owner.0, owner.1.id), json, findings));
}

fn emit(
    out: &mut Emit<'_>,
    origin: &Origin<'_>,
    (owner_type, owner_id): (&'static str, &str),
    json: &str,
    findings: &mut Findings,
) {
    let path = if owner_type == "connection" { OF_CONNECTION.path } else { OF_DESTINATION.path };
    let Some(certificate) = findings.read::<Certificate<'_>>(path, json) else { return };
    let Some(hash) = findings.id(&certificate.hash) else { return };
    let public_key = certificate.public_key.text();
    let withheld = public_key.map(|_| Withheld { pointer: "/public_key".into(), reason: WithheldReason::FreeText });
    let name = certificate.name.text();
    out.record(Draft {
        kind: &KIND,
        native_id: &[owner_type, owner_id, hash],
        title: format!("Certificate {} is trusted for {owner_type} {owner_id}", name.unwrap_or(hash)),
        subject: Subject { id: owner_id.into(), name: None, kind: owner_type },
        effective_at: certificate.validated_date.text().and_then(audit_event::instant_of),
        content: &CertificateContent {
            hash,
            name,
            owner_id,
            owner_type,
            public_key_sha256: public_key.map(|text| sha256_hex(text.as_bytes())),
            sha1: certificate.sha1.text(),
            sha256: certificate.sha256.text(),
            kind: certificate.kind.text(),
            validated_by: certificate.validated_by.text(),
            validated_date: certificate.validated_date.text(),
        },
        from: &[origin],
        withheld: withheld.into_iter().collect(),
    });
    let owner = if owner_type == "connection" { "CONNECTION" } else { "DESTINATION" };
    audit_event::emit(
        out,
        origin,
        &Target {
            primary: ("CERTIFICATE", hash),
            secondary: Some((owner, owner_id)),
            on: &[KIND.id, owner_type, owner_id, hash],
        },
        &[Stamp::new(Action::Validate, &certificate.validated_date, "validated_date")
            .by(&certificate.validated_by, "/validated_by")],
    );
}

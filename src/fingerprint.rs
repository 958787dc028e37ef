//! `fingerprint`: the SSH host keys that someone declared to be trusted for a connection or
//! destination. Both resources have the same call; this file says what it gives.
//! <https://fivetran.com/docs/rest-api/api-reference/certificates>, read 2026-11.

use crate::audit_event::{self, Action, Stamp, Target};
use crate::types::{Findings, Item, Part};
use alloc::format;
use alloc::vec::Vec;
use serde::Serialize;
use source_kit::{Cost, DAILY, Draft, Emit, Kind, Nature, Origin, PartAnswer, Subject, Text, When, wire};

/// The catalogue's entry.
pub const KIND: Kind = Kind {
    id: "fingerprint",
    title: "Trusted SSH fingerprints",
    description: "Every SSH host key that was declared to be trusted for the tunnel of a connection or destination: by whom and when.",
    keywords: &["ssh", "fingerprint", "host key", "tunnel", "trust", "encryption in transit"],
    nature: Nature::Inventory,
    personal_data: true,
    schema_version: 1,
    content_schema: include_str!("schemas/fingerprint.json"),
    endpoints: &["GET /v1/destinations/{id}/fingerprints", "GET /v1/connections/{id}/fingerprints"],
    permissions: &["DESTINATION:READ", "CONNECTOR:READ"],
    plan_gate: None,
    cost: Cost::PerItem,
    when: When::Default,
    valid_for_seconds: DAILY,
    spread: true,
};

/// The call for each connection.
pub const OF_CONNECTION: Part = Part {
    name: "fingerprints",
    path: "/v1/connections/{id}/fingerprints",
    permission: "CONNECTOR:READ",
    key: "hash",
    feeds: &[&KIND, &audit_event::KIND],
    spread: true,
    project: Some(|item, answer, out, findings| project(("connection", item), answer, out, findings)),
    ..Part::LIST
};

/// The call for each destination.
pub const OF_DESTINATION: Part = Part {
    path: "/v1/destinations/{id}/fingerprints",
    permission: "DESTINATION:READ",
    project: Some(|item, answer, out, findings| project(("destination", item), answer, out, findings)),
    ..OF_CONNECTION
};

/// An SSH host key that is trusted.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(deny_unknown_fields))]
pub struct FingerprintContent<'a> {
    /// Fivetran's hash of it, which is its key.
    pub hash: &'a str,
    /// The connection or destination.
    pub owner_id: &'a str,
    /// `connection` or `destination`.
    pub owner_type: &'a str,
    /// The host's public key.
    pub public_key: Option<&'a str>,
    /// Id of who declared it to be trusted.
    #[cfg_attr(feature = "schema", schemars(extend("x-change" = "actor")))]
    pub validated_by: Option<&'a str>,
    /// When that was, as Fivetran wrote it.
    pub validated_date: Option<&'a str>,
}

wire! {
    /// An item of the answer.
    pub struct Fingerprint<'a> {
        id: Text<'a>,
        hash: Text<'a>,
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
    let Some(fingerprint) = findings.read::<Fingerprint<'_>>(path, json) else { return };
    let Some(hash) = findings.id(&fingerprint.hash) else { return };
    out.record(Draft {
        kind: &KIND,
        native_id: &[owner_type, owner_id, hash],
        title: format!("SSH fingerprint {hash} is trusted for {owner_type} {owner_id}"),
        subject: Subject { id: owner_id.into(), name: None, kind: owner_type },
        effective_at: fingerprint.validated_date.text().and_then(audit_event::instant_of),
        content: &FingerprintContent {
            hash,
            owner_id,
            owner_type,
            public_key: fingerprint.public_key.text(),
            validated_by: fingerprint.validated_by.text(),
            validated_date: fingerprint.validated_date.text(),
        },
        from: &[origin],
        withheld: Vec::new(),
    });
    let owner = if owner_type == "connection" { "CONNECTION" } else { "DESTINATION" };
    audit_event::emit(
        out,
        origin,
        &Target {
            primary: ("FINGERPRINT", hash),
            secondary: Some((owner, owner_id)),
            on: &[KIND.id, owner_type, owner_id, hash],
        },
        &[Stamp::new(Action::Validate, &fingerprint.validated_date, "validated_date")
            .by(&fingerprint.validated_by, "/validated_by")],
    );
}

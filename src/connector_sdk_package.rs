//! `connector_sdk_package`: the customer's own connector code, as deployed: its digest and who
//! deployed it. The code itself is never downloaded.
//!
//! <https://fivetran.com/docs/rest-api/api-reference/connector-sdk>, read 2026-11.

use crate::audit_event::{self, Action, Stamp, Target};
use crate::types::{Findings, Item, Resource};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use serde::Serialize;
use source_kit::{Cost, DAILY, Draft, Emit, Field, Kind, Nature, Subject, Text, When, wire};

/// No key scope is documented.
const PERMISSION: &str = "a role that may see Connector SDK packages";

/// The catalogue's entry.
pub const KIND: Kind = Kind {
    id: "connector_sdk_package",
    title: "Connector SDK packages",
    description: "Every package of custom connector code with the SHA-256 of its file, its connection, and who deployed and last changed it.",
    keywords: &["custom code", "change management", "code integrity", "deployment", "sha-256"],
    nature: Nature::Inventory,
    personal_data: true,
    schema_version: 2,
    content_schema: include_str!("schemas/connector_sdk_package.json"),
    endpoints: &["GET /v1/connector-sdk/packages"],
    permissions: &[PERMISSION],
    plan_gate: None,
    cost: Cost::PerPage,
    when: When::Default,
    valid_for_seconds: DAILY,
    spread: false,
};

/// The list.
pub const RESOURCE: Resource = Resource {
    stage: "Connector SDK packages",
    path: "/v1/connector-sdk/packages",
    permission: Some(PERMISSION),
    feeds: &[&KIND, &audit_event::KIND],
    project,
    ..Resource::LIST
};

/// A package of custom code.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(deny_unknown_fields))]
pub struct ConnectorSdkPackageContent<'a> {
    /// The connection that runs it; null when none does or Fivetran does not say.
    pub connection_id: Option<&'a str>,
    /// All connections that run it; null when Fivetran does not say.
    pub connection_ids: Option<Vec<&'a str>>,
    /// When it was first deployed, as Fivetran wrote it.
    pub created_at: Option<&'a str>,
    /// Id of who first deployed it.
    #[cfg_attr(feature = "schema", schemars(extend("x-change" = "actor")))]
    pub created_by: Option<&'a str>,
    /// SHA-256 of the deployed file, as Fivetran wrote it.
    pub file_sha256_hash: Option<&'a str>,
    /// Fivetran's id.
    pub id: &'a str,
    /// Id of who last changed it.
    pub last_updated_by: Option<&'a str>,
    /// When that was, as Fivetran wrote it.
    pub updated_at: Option<&'a str>,
}

wire! {
    /// An item of the list.
    pub struct Package<'a> {
        id: Text<'a>,
        connection_id: Text<'a>,
        connection_ids: Field<Vec<Text<'a>>>,
        created_by: Text<'a>,
        last_updated_by: Text<'a>,
        created_at: Text<'a>,
        updated_at: Text<'a>,
        file_sha256_hash: Text<'a>,
    }
}

fn project(item: &Item<'_>, out: &mut Emit<'_>, findings: &mut Findings) {
    let Some(package) = findings.read::<Package<'_>>(RESOURCE.path, item.json) else { return };
    let Some(id) = findings.id(&package.id) else { return };
    let origin = item.origin();
    let connection = package.connection_id.text();
    let connections = package.connection_ids.texts();
    let usage = usage(&package, connections.as_deref());
    if usage.is_none() {
        out.unknown(&KIND, "which connections use a package");
    }
    let usage = usage.unwrap_or_else(|| ", use unknown".into());
    out.record(Draft {
        kind: &KIND,
        native_id: &[id],
        title: format!("Custom connector code {id}{usage}"),
        subject: Subject { id: id.into(), name: None, kind: "connector_sdk_package" },
        effective_at: package.updated_at.text().and_then(audit_event::instant_of),
        content: &ConnectorSdkPackageContent {
            connection_id: connection,
            connection_ids: connections,
            created_at: package.created_at.text(),
            created_by: package.created_by.text(),
            file_sha256_hash: package.file_sha256_hash.text(),
            id,
            last_updated_by: package.last_updated_by.text(),
            updated_at: package.updated_at.text(),
        },
        from: &[&origin],
        withheld: Vec::new(),
    });
    let target = Target {
        primary: ("CONNECTOR_SDK_PACKAGE", id),
        secondary: connection.map(|connection| ("CONNECTION", connection)),
        on: &[KIND.id, id],
    };
    let stamps = [
        Stamp::new(Action::Create, &package.created_at, "created_at").by(&package.created_by, "/created_by"),
        Stamp::new(Action::Edit, &package.updated_at, "updated_at").by(&package.last_updated_by, "/last_updated_by"),
    ];
    audit_event::emit(out, &origin, &target, &stamps);
}

/// What runs a package, in words; `None` where Fivetran does not tell. Two fields tell; the list is the newer one.
fn usage(package: &Package<'_>, connections: Option<&[&str]>) -> Option<String> {
    Some(match (connections, package.connection_id.known_text()) {
        (Some([first, _, ..]), _) => format!(" of connection {first} and others"),
        (Some([one]), _) => format!(" of connection {one}"),
        (_, Some(Some(one))) => format!(" of connection {one}"),
        (None, _) if package.connection_ids.is_set() => return None,
        (Some([]), _) | (None, Some(None)) => ", not in use".into(),
        (None, None) => return None,
    })
}

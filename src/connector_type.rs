//! `connector_type`: what Fivetran says of the services that connections use: the list of third
//! parties, and whether their connectors are beta or at their end.
//!
//! The whole catalogue is one page; only services in use become records.
//! <https://fivetran.com/docs/rest-api/api-reference/connector-metadata>, read 2026-11.

use crate::types::{Findings, Item, Resource};
use alloc::format;
use alloc::vec::Vec;
use serde::Serialize;
use source_kit::{Cost, DAILY, Draft, Emit, Field, Kind, Nature, Rule, Subject, Text, Unread, When, wire};

/// The catalogue's entry.
pub const KIND: Kind = Kind {
    id: "connector_type",
    title: "Connector types in use",
    description: "What Fivetran says of every service that a connection uses: its name, kind, release stage and features. The list of third parties that data comes from.",
    keywords: &["vendor", "third party", "supplier inventory", "system inventory", "beta"],
    nature: Nature::Inventory,
    personal_data: false,
    schema_version: 2,
    content_schema: include_str!("schemas/connector_type.json"),
    endpoints: &["GET /v1/connections", "GET /v1/metadata/connector-types"],
    permissions: &["CONNECTOR:READ", "ACCOUNT:READ"],
    plan_gate: None,
    cost: Cost::PerPage,
    when: When::Default,
    valid_for_seconds: DAILY,
    spread: false,
};

/// The walk. Comes after the connections, which tell the services in use.
pub const RESOURCE: Resource = Resource {
    stage: "connector types",
    path: "/v1/metadata/connector-types",
    permission: Some("ACCOUNT:READ"),
    feeds: &[&KIND],
    project,
    ..Resource::LIST
};

/// A service that connections read from.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(deny_unknown_fields))]
pub struct ConnectorTypeContent<'a> {
    /// `standard` or `lite`.
    pub connector_class: Option<&'a str>,
    /// Fivetran's id, which connections name as their service.
    pub id: &'a str,
    /// Its name.
    pub name: Option<&'a str>,
    /// general_availability, beta, private_preview, sunset or development.
    pub service_status: Option<&'a str>,
    /// Day of the last change of that: yyyy-MM-dd.
    pub service_status_updated_at: Option<&'a str>,
    /// What it can do, e.g. COLUMN_HASHING; null when Fivetran does not say.
    pub supported_features: Option<Vec<&'a str>>,
    /// Whether its schema can be loaded again; null when Fivetran does not say.
    pub supports_schema_reload: Option<bool>,
    /// What it is, e.g. Marketing.
    #[serde(rename = "type")]
    pub kind: Option<&'a str>,
}

wire! {
    /// An item of the list.
    pub struct ConnectorType<'a> {
        id: Text<'a>,
        name: Text<'a>,
        kind = "type": Text<'a>,
        description: Field<Unread>,
        icons: Field<Unread>,
        icon_url: Field<Unread>,
        link_to_docs: Field<Unread>,
        link_to_erd: Field<Unread>,
        connector_class: Text<'a> => Rule::OneOf(&["standard", "lite"]),
        supported_features: Field<Vec<Field<Feature<'a>>>>,
        service_status: Text<'a> => Rule::OneOf(&[
            "general_availability", "beta", "private_preview", "sunset", "development",
        ]),
        service_status_updated_at: Text<'a>,
        supports_schema_reload: Field<bool>,
    }
}

wire! {
    /// An element of `supported_features`.
    pub struct Feature<'a> {
        id: Text<'a>,
        notes: Field<Unread>,
    }
}

fn project(item: &Item<'_>, out: &mut Emit<'_>, findings: &mut Findings) {
    if item.id.is_empty() {
        findings.unreadable += 1; // Whether it is in use cannot be told.
        return;
    }
    if !item.notes.uses(item.id) {
        return;
    }
    let Some(service) = findings.read::<ConnectorType<'_>>(RESOURCE.path, item.json) else { return };
    let Some(id) = findings.id(&service.id) else { return };
    let name = service.name.text();
    let stage =
        out.told(&KIND, service.service_status.text(), "release stage unknown", "the release stage of a service");
    out.record(Draft {
        kind: &KIND,
        native_id: &[id],
        title: format!("Connector type {}: {stage}", name.unwrap_or(id)),
        subject: Subject { id: id.into(), name: name.map(Into::into), kind: "connector_type" },
        effective_at: None,
        content: &ConnectorTypeContent {
            connector_class: service.connector_class.text(),
            id,
            name,
            service_status: service.service_status.text(),
            service_status_updated_at: service.service_status_updated_at.text(),
            supported_features: service.supported_features.every(|feature| feature.id.text()),
            supports_schema_reload: service.supports_schema_reload.value(),
            kind: service.kind.text(),
        },
        from: &[&item.origin()],
        withheld: Vec::new(),
    });
}

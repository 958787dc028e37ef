//! `proxy_agent`: software in the customer's network that connections and destinations are reached
//! through.
//!
//! The details may come without Fivetran's envelope, as the OpenAPI document has them.
//! <https://fivetran.com/docs/rest-api/api-reference/proxy>, read 2026-11.

use crate::audit_event::{self, Action, Stamp, Target};
use crate::types::{Findings, Item, Part, Resource};
use alloc::format;
use alloc::vec::Vec;
use serde::Serialize;
use source_kit::read::data::Shape;
use source_kit::{Cost, DAILY, Draft, Emit, Field, Kind, Nature, Origin, Rule, Subject, Text, Unread, When, wire};

/// The catalogue's entry.
pub const KIND: Kind = Kind {
    id: "proxy_agent",
    title: "Proxy agents",
    description: "Every proxy agent with its region, version, state, and the connections and destinations that are reached through it.",
    keywords: &["proxy", "agent", "network", "inventory"],
    nature: Nature::Inventory,
    personal_data: true,
    schema_version: 1,
    content_schema: include_str!("schemas/proxy_agent.json"),
    endpoints: &["GET /v1/proxy", "GET /v1/proxy/{id}"],
    permissions: &["PROXY:READ"],
    plan_gate: None,
    cost: Cost::PerItem,
    when: When::Default,
    valid_for_seconds: DAILY,
    spread: false,
};

/// The call for each agent.
pub const DETAILS: Part = Part {
    name: "details",
    path: "/v1/proxy/{id}",
    permission: "PROXY:READ",
    feeds: &[&KIND],
    shape: Shape::MaybeBare,
    ..Part::OBJECT
};

/// The walk. Who uses an agent stands only in its details.
pub const RESOURCE: Resource = Resource {
    stage: "proxy agents",
    path: "/v1/proxy",
    permission: Some("PROXY:READ"),
    item_path: DETAILS.path,
    feeds: &[&KIND, &audit_event::KIND],
    parts: &[DETAILS],
    project,
    ..Resource::LIST
};

/// A proxy agent.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(deny_unknown_fields))]
pub struct ProxyAgentContent<'a> {
    /// Connections that use it, as Fivetran counts them.
    pub connector_count: Option<i64>,
    /// Id of who made it.
    #[cfg_attr(feature = "schema", schemars(extend("x-change" = "actor")))]
    pub created_by: Option<&'a str>,
    /// Destinations that use it, as Fivetran counts them.
    pub destination_count: Option<i64>,
    /// Its name.
    pub display_name: Option<&'a str>,
    /// Fivetran's id.
    pub id: &'a str,
    /// Region it serves.
    pub region: Option<&'a str>,
    /// When it was registered, as Fivetran wrote it.
    pub registered_at: Option<&'a str>,
    /// CONNECTED, NOT_CONNECTED or NOT_FOUND.
    #[cfg_attr(feature = "schema", schemars(extend("x-change" = "activity")))]
    pub status: Option<&'a str>,
    /// What is reached through it; null when that could not be read.
    pub usage: Option<Vec<UsageContent<'a>>>,
    /// Version of its software.
    pub version: Option<&'a str>,
}

/// A connection, or a destination (which has no schema).
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(deny_unknown_fields))]
pub struct UsageContent<'a> {
    /// Its id.
    pub id: Option<&'a str>,
    /// Name of a connection; null for a destination.
    pub schema: Option<&'a str>,
    /// What it is, e.g. postgres.
    pub service: Option<&'a str>,
}

wire! {
    /// A list item, or the details.
    pub struct ProxyAgent<'a> {
        id: Text<'a>,
        account_id: Field<Unread>,
        display_name: Text<'a>,
        region: Text<'a>,
        registered_at: Text<'a>,
        created_by: Text<'a>,
        version: Text<'a>,
        status: Text<'a> => Rule::OneOf(&["CONNECTED", "NOT_CONNECTED", "NOT_FOUND"]),
        connector_count: Field<i64>,
        destination_count: Field<i64>,
        usage: Field<Vec<Field<Usage<'a>>>>,
    }
}

wire! {
    /// An element of `usage`.
    pub struct Usage<'a> {
        id: Text<'a>,
        schema: Text<'a>,
        service: Text<'a>,
    }
}

fn project(item: &Item<'_>, out: &mut Emit<'_>, findings: &mut Findings) {
    let Some(agent) = findings.read::<ProxyAgent<'_>>(RESOURCE.path, item.json) else { return };
    let Some(id) = findings.id(&agent.id) else { return };
    let body = item.part(&DETAILS).single();
    let detailed = body.and_then(|body| findings.read::<ProxyAgent<'_>>("/v1/proxy/{id}", body.data()));
    let usage = detailed.as_ref().and_then(|agent| agent.usage.every(|used| Some(content_of(used))));
    let origins: Vec<_> = core::iter::once(item.origin()).chain(body.map(Origin::of)).collect();
    let name = agent.display_name.text();
    let status = out.told(&KIND, agent.status.text(), "state unknown", "in which state a proxy agent is");
    out.record(Draft {
        kind: &KIND,
        native_id: &[id],
        title: format!("Proxy agent {}: {status}", name.unwrap_or(id)),
        subject: Subject { id: id.into(), name: name.map(Into::into), kind: "proxy_agent" },
        effective_at: agent.registered_at.text().and_then(audit_event::instant_of),
        content: &ProxyAgentContent {
            connector_count: agent.connector_count.value(),
            created_by: agent.created_by.text(),
            destination_count: agent.destination_count.value(),
            display_name: name,
            id,
            region: agent.region.text(),
            registered_at: agent.registered_at.text(),
            status: agent.status.text(),
            usage,
            version: agent.version.text(),
        },
        from: &origins.iter().collect::<Vec<_>>(),
        withheld: Vec::new(),
    });
    let target = Target { primary: ("PROXY_AGENT", id), secondary: None, on: &[KIND.id, id] };
    let registered =
        Stamp::new(Action::Create, &agent.registered_at, "registered_at").by(&agent.created_by, "/created_by");
    audit_event::emit(out, &item.origin(), &target, &[registered]);
}

fn content_of<'a>(usage: &'a Usage<'_>) -> UsageContent<'a> {
    UsageContent { id: usage.id.text(), schema: usage.schema.text(), service: usage.service.text() }
}

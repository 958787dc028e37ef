//! `hybrid_deployment_agent`: software in the customer's network that processes data there.
//!
//! <https://fivetran.com/docs/rest-api/api-reference/hybrid-deployment-agent>, read 2026-11.

use crate::audit_event::{self, Action, Stamp, Target};
use crate::types::{Findings, Item, Resource};
use alloc::format;
use alloc::vec::Vec;
use serde::Serialize;
use source_kit::{Cost, DAILY, Draft, Emit, Field, Kind, Nature, Rule, Subject, Text, Unread, When, wire};

/// The catalogue's entry.
pub const KIND: Kind = Kind {
    id: "hybrid_deployment_agent",
    title: "Hybrid deployment agents",
    description: "Every hybrid deployment agent with its version, state, last use and the connections whose data it processes.",
    keywords: &["agent", "on premises", "hybrid", "inventory", "patching"],
    nature: Nature::Inventory,
    personal_data: true,
    schema_version: 1,
    content_schema: include_str!("schemas/hybrid_deployment_agent.json"),
    endpoints: &["GET /v1/hybrid-deployment-agents"],
    permissions: &["REMOTE_EXECUTION_AGENT:READ"],
    plan_gate: Some("Enterprise or Business Critical"),
    cost: Cost::PerPage,
    when: When::Default,
    valid_for_seconds: DAILY,
    spread: false,
};

/// The list.
pub const RESOURCE: Resource = Resource {
    stage: "hybrid deployment agents",
    path: "/v1/hybrid-deployment-agents",
    permission: Some("REMOTE_EXECUTION_AGENT:READ"),
    feeds: &[&KIND, &audit_event::KIND],
    project,
    ..Resource::LIST
};

/// An agent.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(deny_unknown_fields))]
pub struct HybridDeploymentAgentContent<'a> {
    /// Connections whose data it processes; null when Fivetran does not say.
    pub connection_ids: Option<Vec<&'a str>>,
    /// Id of who made it.
    #[cfg_attr(feature = "schema", schemars(extend("x-change" = "actor")))]
    pub created_by: Option<&'a str>,
    /// DOCKER, PODMAN, KUBERNETES or SNOWPARK.
    pub deployment_type: Option<&'a str>,
    /// Its name.
    pub display_name: Option<&'a str>,
    /// Whether it may be used.
    pub enabled: Option<bool>,
    /// The group it belongs to.
    pub group_id: Option<&'a str>,
    /// Fivetran's id.
    pub id: &'a str,
    /// When it was last used, as Fivetran wrote it.
    #[cfg_attr(feature = "schema", schemars(extend("x-change" = "activity")))]
    pub last_used_at: Option<&'a str>,
    /// Whether it is in touch with Fivetran.
    #[cfg_attr(feature = "schema", schemars(extend("x-change" = "activity")))]
    pub online: Option<bool>,
    /// When it was registered, as Fivetran wrote it.
    pub registered_at: Option<&'a str>,
    /// When it was last changed, as Fivetran wrote it.
    pub updated_at: Option<&'a str>,
    /// Version of its software.
    pub version: Option<&'a str>,
}

wire! {
    /// An item of the list.
    pub struct Agent<'a> {
        id: Text<'a>,
        display_name: Text<'a>,
        group_id: Text<'a>,
        registered_at: Text<'a>,
        updated_at: Text<'a>,
        last_used_at: Text<'a>,
        created_by: Text<'a>,
        deployment_type: Text<'a> => Rule::OneOf(&["DOCKER", "PODMAN", "KUBERNETES", "SNOWPARK"]),
        version: Text<'a>,
        enabled: Field<bool>,
        online: Field<bool>,
        usage: Field<Vec<Field<Usage<'a>>>>,
    }
}

wire! {
    /// An element of `usage`.
    pub struct Usage<'a> {
        connection_id: Text<'a>,
        schema: Field<Unread>,
        service: Field<Unread>,
    }
}

fn project(item: &Item<'_>, out: &mut Emit<'_>, findings: &mut Findings) {
    let Some(agent) = findings.read::<Agent<'_>>(RESOURCE.path, item.json) else { return };
    let Some(id) = findings.id(&agent.id) else { return };
    let origin = item.origin();
    let name = agent.display_name.text();
    let state = match agent.online.value() {
        Some(true) => "online",
        Some(false) => "offline",
        None => {
            out.unknown(&KIND, "whether a hybrid deployment agent is online");
            "state unknown"
        }
    };
    let usage = agent.usage.every(|used| used.connection_id.text());
    out.record(Draft {
        kind: &KIND,
        native_id: &[id],
        title: format!("Hybrid deployment agent {}: {state}", name.unwrap_or(id)),
        subject: Subject { id: id.into(), name: name.map(Into::into), kind: "hybrid_deployment_agent" },
        effective_at: agent.registered_at.text().and_then(audit_event::instant_of),
        content: &HybridDeploymentAgentContent {
            connection_ids: usage,
            created_by: agent.created_by.text(),
            deployment_type: agent.deployment_type.text(),
            display_name: name,
            enabled: agent.enabled.value(),
            group_id: agent.group_id.text(),
            id,
            last_used_at: agent.last_used_at.text(),
            online: agent.online.value(),
            registered_at: agent.registered_at.text(),
            updated_at: agent.updated_at.text(),
            version: agent.version.text(),
        },
        from: &[&origin],
        withheld: Vec::new(),
    });
    let group = agent.group_id.text().map(|group| ("DESTINATION", group));
    let target = Target { primary: ("HYBRID_DEPLOYMENT_AGENT", id), secondary: group, on: &[KIND.id, id] };
    let stamps = [
        Stamp::new(Action::Create, &agent.registered_at, "registered_at").by(&agent.created_by, "/created_by"),
        Stamp::new(Action::Edit, &agent.updated_at, "updated_at"),
        Stamp::new(Action::Use, &agent.last_used_at, "last_used_at"),
    ];
    audit_event::emit(out, &origin, &target, &stamps);
}

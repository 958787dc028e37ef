//! `private_link`: private network paths between Fivetran and the customer's cloud.
//!
//! <https://fivetran.com/docs/rest-api/api-reference/private-links>, read 2026-11.

use crate::audit_event::{self, Action, Stamp, Target};
use crate::settings::LISTS;
use crate::types::{Findings, Item, Resource};
use alloc::format;
use alloc::vec::Vec;
use serde::Serialize;
use source_kit::base::url;
use source_kit::record::sift::Kept;
use source_kit::{
    Cost, DAILY, Draft, Emit, Field, FreeForm, Kind, Nature, Rule, Subject, Text, Unread, When, Withheld,
    WithheldReason, wire,
};

/// The catalogue's entry.
pub const KIND: Kind = Kind {
    id: "private_link",
    title: "Private links",
    description: "Every private link with its cloud, region, service, state and who made it.",
    keywords: &["private link", "network", "segregation", "private endpoint"],
    nature: Nature::Inventory,
    personal_data: true,
    schema_version: 1,
    content_schema: include_str!("schemas/private_link.json"),
    endpoints: &["GET /v1/private-links"],
    permissions: &["PRIVATE_LINK:READ"],
    plan_gate: Some("Business Critical"),
    cost: Cost::PerPage,
    when: When::Default,
    valid_for_seconds: DAILY,
    spread: false,
};

/// The list.
pub const RESOURCE: Resource = Resource {
    stage: "private links",
    path: "/v1/private-links",
    permission: Some("PRIVATE_LINK:READ"),
    feeds: &[&KIND, &audit_event::KIND],
    project,
    ..Resource::LIST
};

/// A private link.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(deny_unknown_fields))]
pub struct PrivateLinkContent<'a> {
    /// AWS, GCP or AZURE.
    pub cloud_provider: Option<&'a str>,
    /// When it came to be, as Fivetran wrote it.
    pub created_at: Option<&'a str>,
    /// Id of who made it.
    #[cfg_attr(feature = "schema", schemars(extend("x-change" = "actor")))]
    pub created_by: Option<&'a str>,
    /// Host name that it is reached by; null when Fivetran does not say, or what it says is no host.
    pub host: Option<&'a str>,
    /// Fivetran's id.
    pub id: &'a str,
    /// Its name.
    pub name: Option<&'a str>,
    /// Region it is in.
    pub region: Option<&'a str>,
    /// State of the customer's side, as Fivetran wrote it.
    pub resource_upstream_status: Option<&'a str>,
    /// What it leads to, e.g. SNOWFLAKE_AWS.
    pub service: Option<&'a str>,
    /// Settings that matter for security, by value; all others are listed as withheld.
    #[cfg_attr(
        feature = "schema",
        schemars(with = "Option<alloc::collections::BTreeMap<alloc::string::String, serde_json::Value>>")
    )]
    pub settings: Option<Kept<'a>>,
    /// CREATING, UPDATING, DESTROYING, OK or FAIL.
    pub state: Option<&'a str>,
}

wire! {
    /// An item of the list.
    pub struct PrivateLink<'a> {
        id: Text<'a>,
        name: Text<'a>,
        region: Text<'a>,
        service: Text<'a>,
        state: Text<'a> => Rule::OneOf(&["CREATING", "UPDATING", "DESTROYING", "OK", "FAIL"]),
        state_summary: Field<Unread>,
        host: Text<'a>,
        account_id: Field<Unread>,
        cloud_provider: Text<'a> => Rule::OneOf(&["AWS", "GCP", "AZURE"]),
        created_at: Text<'a>,
        created_by: Text<'a>,
        resource_upstream_status: Text<'a>,
        config: Field<FreeForm<'a>>,
    }
}

fn project(item: &Item<'_>, out: &mut Emit<'_>, findings: &mut Findings) {
    let Some(link) = findings.read::<PrivateLink<'_>>(RESOURCE.path, item.json) else { return };
    let Some(id) = findings.id(&link.id) else { return };
    let origin = item.origin();
    let name = link.name.text();
    let summary = Withheld { pointer: "/state_summary".into(), reason: WithheldReason::FreeText };
    let mut withheld: Vec<Withheld> = link.state_summary.is_set().then_some(summary).into_iter().collect();
    let settings = LISTS.sift(&link.config, out, &mut withheld);
    let host = link.host.text().filter(|host| url::is_host(host));
    if host != link.host.text() {
        withheld.push(Withheld { pointer: "/host".into(), reason: WithheldReason::UnknownSetting });
    }
    let service = out.told(&KIND, link.service.text(), "an unknown service", "what a private link leads to");
    let state = out.told(&KIND, link.state.text(), "state unknown", "in which state a private link is");
    out.record(Draft {
        kind: &KIND,
        native_id: &[id],
        title: format!("Private link {} to {service}: {state}", name.unwrap_or(id)),
        subject: Subject { id: id.into(), name: name.map(Into::into), kind: "private_link" },
        effective_at: link.created_at.text().and_then(audit_event::instant_of),
        content: &PrivateLinkContent {
            cloud_provider: link.cloud_provider.text(),
            created_at: link.created_at.text(),
            created_by: link.created_by.text(),
            host,
            id,
            name,
            region: link.region.text(),
            resource_upstream_status: link.resource_upstream_status.text(),
            service: link.service.text(),
            settings,
            state: link.state.text(),
        },
        from: &[&origin],
        withheld,
    });
    let target = Target { primary: ("PRIVATE_LINK", id), secondary: None, on: &[KIND.id, id] };
    let created = Stamp::new(Action::Create, &link.created_at, "created_at").by(&link.created_by, "/created_by");
    audit_event::emit(out, &origin, &target, &[created]);
}

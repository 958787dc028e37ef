//! `destination`: where data is written, how it is reached, and where it is processed.
//!
//! The list has no config: it takes one call per destination. A destination has no name of its own;
//! its group has.
//! <https://fivetran.com/docs/rest-api/api-reference/destinations/destination-details>, read 2026-11.

use crate::settings::LISTS;
use crate::setup_test::{self, SetupTest, SetupTestContent};
use crate::types::{Findings, Item, Part, Resource};
use alloc::format;
use alloc::vec::Vec;
use serde::Serialize;
use source_kit::record::shape::Shape;
use source_kit::record::sift::Kept;
use source_kit::{
    Cost, DAILY, Draft, Emit, Field, FreeForm, Kind, Known, Nature, Origin, Rule, Subject, Text, Unread, When,
    Withheld, WithheldReason, wire,
};

/// The catalogue's entry.
pub const KIND: Kind = Kind {
    id: "destination",
    title: "Destinations",
    description: "Every destination with its service, processing region, network path, state and the settings that matter for security. The region is where Fivetran processes data, not where the warehouse stores it.",
    keywords: &["destination", "warehouse", "data residency", "encryption in transit", "network path", "configuration"],
    nature: Nature::Inventory,
    personal_data: true,
    schema_version: 2,
    content_schema: include_str!("schemas/destination.json"),
    endpoints: &["GET /v1/destinations", "GET /v1/destinations/{id}"],
    permissions: &["DESTINATION:READ"],
    plan_gate: None,
    cost: Cost::PerItem,
    when: When::Default,
    valid_for_seconds: DAILY,
    spread: false,
};

/// The list. Its parts are in `table.rs`.
pub const RESOURCE: Resource = Resource {
    stage: "destinations",
    path: "/v1/destinations",
    permission: Some("DESTINATION:READ"),
    item_path: DETAILS.path,
    feeds: &[&KIND],
    project,
    ..Resource::LIST
};

/// The call for each destination.
pub const DETAILS: Part = Part {
    name: "details",
    path: "/v1/destinations/{id}",
    permission: "DESTINATION:READ",
    feeds: &[&KIND],
    ..Part::OBJECT
};

/// A destination.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(deny_unknown_fields))]
pub struct DestinationContent<'a> {
    /// Whether its clock follows daylight saving time.
    pub daylight_saving_time_enabled: Option<bool>,
    /// `read`, or why `settings` and `setup_tests` are null: `gone`, `forbidden`, `failed` or `off`.
    #[cfg_attr(feature = "schema", schemars(extend("x-change" = "reading")))]
    pub details: &'static str,
    /// External secrets manager that holds its credentials.
    pub external_secrets_manager_id: Option<&'a str>,
    /// Its group; the same id.
    pub group_id: Option<&'a str>,
    /// Hybrid deployment agent that processes its data; absent if Fivetran does not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hybrid_deployment_agent_id: Known<&'a str>,
    /// Fivetran's id.
    pub id: &'a str,
    /// How it is reached: Directly, PrivateLink, SshTunnel or ProxyAgent, as Fivetran wrote it.
    pub networking_method: Option<&'a str>,
    /// Private link it is reached by; absent if Fivetran does not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub private_link_id: Known<&'a str>,
    /// Proxy agent it is reached by; absent if Fivetran does not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub proxy_agent_id: Known<&'a str>,
    /// Where Fivetran processes its data, e.g. AWS_EU_CENTRAL_1.
    pub region: Option<&'a str>,
    /// What it is, e.g. snowflake.
    pub service: Option<&'a str>,
    /// Settings that matter for security, by value; all others are listed as withheld.
    #[cfg_attr(
        feature = "schema",
        schemars(with = "Option<alloc::collections::BTreeMap<alloc::string::String, serde_json::Value>>")
    )]
    pub settings: Option<Kept<'a>>,
    /// INCOMPLETE, CONNECTED or BROKEN, as Fivetran wrote it (letter case varies).
    pub setup_status: Option<&'a str>,
    /// The last setup test, as stored.
    pub setup_tests: Option<Vec<SetupTestContent<'a>>>,
    /// Hours from UTC, e.g. "-5".
    pub time_zone_offset: Option<&'a str>,
}

wire! {
    /// A list item, or `data` of the details.
    pub struct Destination<'a> {
        id: Text<'a> => Rule::Required,
        group_id: Text<'a>,
        service: Text<'a> => Rule::Required,
        region: Text<'a> => Rule::Required,
        time_zone_offset: Text<'a>,
        setup_status: Text<'a> => Rule::OneOf(&["INCOMPLETE", "CONNECTED", "BROKEN"]),
        daylight_saving_time_enabled: Field<bool>,
        networking_method: Text<'a> => Rule::OneOf(&["Directly", "SshTunnel", "PrivateLink", "ProxyAgent", "SSH_TUNNEL", "PRIVATE_LINK", "PROXY_AGENT"]),
        private_link_id: Text<'a>,
        proxy_agent_id: Text<'a>,
        hybrid_deployment_agent_id: Text<'a>,
        local_processing_agent_id: Text<'a>,
        external_secrets_manager_id: Text<'a>,
        external_secrets_keys_config: Field<Unread>,
        setup_tests: Field<Vec<Field<SetupTest<'a>>>>,
        config: Field<FreeForm<'a>>,
    }
}

fn project(item: &Item<'_>, out: &mut Emit<'_>, findings: &mut Findings) {
    let Some(listed) = findings.read::<Destination<'_>>("/v1/destinations", item.json) else { return };
    let Some(id) = findings.id(&listed.id) else { return };
    let body = item.part(&DETAILS).single();
    let detailed = body.and_then(|body| findings.read::<Destination<'_>>("/v1/destinations/{id}", body.data()));
    let destination = detailed.as_ref().unwrap_or(&listed);
    let mut withheld = Vec::new();
    let settings = LISTS.sift(&destination.config, out, &mut withheld);
    let setup_tests = setup_test::contents(&destination.setup_tests, &mut withheld);
    if destination.external_secrets_keys_config.is_set() {
        let pointer = "/external_secrets_keys_config".into();
        withheld.push(Withheld { pointer, reason: WithheldReason::UnknownSetting });
    }
    let agent = destination.hybrid_deployment_agent_id.or(&destination.local_processing_agent_id);
    let service = destination.service.text();
    let region = Shape::Region.kept(destination.region.text(), "/region", &mut withheld);
    let networking_method = Shape::Word.kept(destination.networking_method.text(), "/networking_method", &mut withheld);
    let origins: Vec<_> = core::iter::once(item.origin()).chain(body.map(Origin::of)).collect();
    let said = out.told(&KIND, service, "unknown service", "the type of a destination");
    let place = match region {
        Some(region) => region,
        None if destination.region.text().is_some() => "a region that is withheld",
        None => out.told(&KIND, None, "an unknown region", "in which region a destination's data is processed"),
    };
    out.record(Draft {
        kind: &KIND,
        native_id: &[id],
        title: format!("Destination {id}: {said} processed in {place}"),
        subject: Subject { id: id.into(), name: None, kind: "destination" },
        effective_at: None,
        content: &DestinationContent {
            daylight_saving_time_enabled: destination.daylight_saving_time_enabled.value(),
            details: item.part(&DETAILS).word(),
            external_secrets_manager_id: destination.external_secrets_manager_id.text(),
            group_id: destination.group_id.text(),
            hybrid_deployment_agent_id: agent.known_text(),
            id,
            networking_method,
            private_link_id: destination.private_link_id.known_text(),
            proxy_agent_id: destination.proxy_agent_id.known_text(),
            region,
            service,
            settings,
            setup_status: destination.setup_status.text(),
            setup_tests,
            time_zone_offset: destination.time_zone_offset.text(),
        },
        from: &origins.iter().collect::<Vec<_>>(),
        withheld,
    });
}

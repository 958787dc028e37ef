//! `group`: the container of connections that Fivetran pairs with one destination.
//!
//! A group's id is its destination's id, and the destination's human name exists only here.
//! <https://fivetran.com/docs/rest-api/api-reference/groups/list-all-groups>, read 2026-11.

use crate::audit_event::{self, Action, Stamp, Target};
use crate::audit_logging;
use crate::notes::Fact;
use crate::types::{Findings, Item, Part, Resource};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use serde::Serialize;
use source_kit::base::digest::sha256_hex;
use source_kit::{Cost, DAILY, Draft, Emit, Kind, Missing, Nature, Origin, Proof, Rule, Subject, Text, When, wire};

/// The catalogue's entry.
pub const KIND: Kind = Kind {
    id: "group",
    title: "Groups",
    description: "Every group (one destination and its connections), with the SSH public key and the service account that Fivetran uses on its behalf: what to look for in the customer's own systems.",
    keywords: &["group", "destination", "inventory", "ssh key", "service account"],
    nature: Nature::Inventory,
    personal_data: false,
    schema_version: 1,
    content_schema: include_str!("schemas/group.json"),
    endpoints: &["GET /v1/groups", "GET /v1/groups/{id}/public-key", "GET /v1/groups/{id}/service-account"],
    permissions: &["DESTINATION:READ"],
    plan_gate: None,
    cost: Cost::PerItem,
    when: When::Default,
    valid_for_seconds: DAILY,
    spread: false,
};

/// The SSH public key of a group.
pub const PUBLIC_KEY: Part = Part {
    name: "public key",
    path: "/v1/groups/{id}/public-key",
    permission: "DESTINATION:READ",
    feeds: &[&KIND],
    missing: NO_DESTINATION,
    proof: Proof::Has("public_key"),
    ..Part::OBJECT
};

/// The service account of a group.
pub const SERVICE_ACCOUNT: Part = Part {
    name: "service account",
    path: "/v1/groups/{id}/service-account",
    permission: "DESTINATION:READ",
    feeds: &[&KIND],
    missing: NO_DESTINATION,
    proof: Proof::Has("service_account"),
    ..Part::OBJECT
};

/// A group that has no destination yet has neither key nor service account.
const NO_DESTINATION: Missing = Missing::None(&["NotFound_Destination"]);

/// The list.
pub const RESOURCE: Resource = Resource {
    stage: "groups",
    path: "/v1/groups",
    permission: Some("DESTINATION:READ"),
    item_path: "/v1/groups/{id}",
    feeds: &[&KIND, &audit_event::KIND, &audit_logging::KIND],
    parts: &[PUBLIC_KEY, SERVICE_ACCOUNT],
    project,
    ..Resource::LIST
};

/// A group: one destination and its connections.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(deny_unknown_fields))]
pub struct GroupContent<'a> {
    /// When it came to be, as Fivetran wrote it.
    pub created_at: Option<&'a str>,
    /// Fivetran's id; also the id of its destination.
    pub id: &'a str,
    /// Its name.
    pub name: Option<&'a str>,
    /// The service account Fivetran uses for this group in Google Cloud; null when there is none, or it could not be read.
    pub service_account: Option<&'a str>,
    /// The SSH public key Fivetran uses for tunnels of this group; null when there is none, or it could not be read.
    pub ssh_public_key: Option<&'a str>,
    /// SHA-256 of that key's text without surrounding space, lower-case hexadecimal; null without a key.
    pub ssh_public_key_sha256: Option<String>,
}

wire! {
    /// An item of the list.
    pub struct Group<'a> {
        id: Text<'a> => Rule::Required,
        name: Text<'a> => Rule::Required,
        created_at: Text<'a> => Rule::Required,
    }
}

wire! {
    /// `data` of `/v1/groups/{id}/public-key`. The value may end with a newline.
    pub struct PublicKey<'a> {
        public_key: Text<'a>,
    }
}

wire! {
    /// `data` of `/v1/groups/{id}/service-account`.
    pub struct ServiceAccount<'a> {
        service_account: Text<'a>,
    }
}

fn project(item: &Item<'_>, out: &mut Emit<'_>, findings: &mut Findings) {
    let Some(group) = findings.read::<Group<'_>>("/v1/groups", item.json) else { return };
    let Some(id) = findings.id(&group.id) else { return };
    let key_body = item.part(&PUBLIC_KEY).single();
    let account_body = item.part(&SERVICE_ACCOUNT).single();
    let key = key_body.and_then(|body| findings.read::<PublicKey<'_>>("/v1/groups/{id}/public-key", body.data()));
    let account = account_body
        .and_then(|body| findings.read::<ServiceAccount<'_>>("/v1/groups/{id}/service-account", body.data()));
    let ssh_public_key = key.as_ref().and_then(|key| key.public_key.text()).map(str::trim);
    let name = group.name.text();
    let origins: Vec<_> =
        core::iter::once(item.origin()).chain([key_body, account_body].into_iter().flatten().map(Origin::of)).collect();
    out.record(Draft {
        kind: &KIND,
        native_id: &[id],
        title: format!("Group {}", name.unwrap_or(id)),
        subject: Subject { id: id.into(), name: name.map(Into::into), kind: "group" },
        effective_at: group.created_at.text().and_then(audit_event::instant_of),
        content: &GroupContent {
            created_at: group.created_at.text(),
            id,
            name,
            service_account: account.as_ref().and_then(|account| account.service_account.text()),
            ssh_public_key,
            ssh_public_key_sha256: ssh_public_key.map(|key| sha256_hex(key.as_bytes())),
        },
        from: &origins.iter().collect::<Vec<_>>(),
        withheld: Vec::new(),
    });
    findings.facts.push(Fact::Group(id.into()));
    audit_event::emit(
        out,
        &item.origin(),
        &Target { primary: ("DESTINATION", id), secondary: None, on: &[KIND.id, id] },
        &[Stamp::new(Action::Create, &group.created_at, "created_at")],
    );
}

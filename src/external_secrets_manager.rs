//! `external_secrets_manager`: vaults of the customer that hold credentials instead of Fivetran, and
//! which connections and destinations use them.
//!
//! <https://fivetran.com/docs/rest-api/api-reference/external-secrets-managers>, read 2026-11.

use crate::audit_event::{self, Action, Stamp, Target};
use crate::settings::LISTS;
use crate::types::{Findings, Item, Part, Resource};
use alloc::format;
use alloc::vec::Vec;
use serde::Serialize;
use source_kit::record::sift::Kept;
use source_kit::{Cost, DAILY, Draft, Emit, Field, FreeForm, Kind, Nature, Origin, Rule, Subject, Text, When, wire};

/// No key scope is documented.
const PERMISSION: &str = "a role that may see external secrets managers";

/// The catalogue's entry.
pub const KIND: Kind = Kind {
    id: "external_secrets_manager",
    title: "External secrets managers",
    description: "Every vault of the customer that Fivetran fetches credentials from, with the connections and destinations that use it.",
    keywords: &["secrets manager", "vault", "credential storage", "key management"],
    nature: Nature::Inventory,
    personal_data: true,
    schema_version: 1,
    content_schema: include_str!("schemas/external_secrets_manager.json"),
    endpoints: &["GET /v1/external-secrets-managers", "GET /v1/external-secrets-managers/{id}/entities"],
    permissions: &[PERMISSION],
    plan_gate: Some("Business Critical, private preview"),
    cost: Cost::PerItem,
    when: When::Default,
    valid_for_seconds: DAILY,
    spread: false,
};

/// What uses a secrets manager.
pub const ENTITIES: Part = Part {
    name: "entities",
    path: "/v1/external-secrets-managers/{id}/entities",
    permission: PERMISSION,
    feeds: &[&KIND],
    ..Part::LIST
};

/// The walk. The list gives all that the details do.
pub const RESOURCE: Resource = Resource {
    stage: "external secrets managers",
    path: "/v1/external-secrets-managers",
    permission: Some(PERMISSION),
    item_path: "/v1/external-secrets-managers/{id}",
    feeds: &[&KIND, &audit_event::KIND],
    parts: &[ENTITIES],
    project,
    ..Resource::LIST
};

/// A vault.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(deny_unknown_fields))]
pub struct ExternalSecretsManagerContent<'a> {
    /// When it came to be, as Fivetran wrote it.
    pub created_at: Option<&'a str>,
    /// What uses it; null when that could not be read.
    pub entities: Option<Vec<EntityContent<'a>>>,
    /// Fivetran's id.
    pub id: &'a str,
    /// Whether a hybrid deployment agent reaches it.
    pub is_hybrid_deployment: Option<bool>,
    /// Its name.
    pub name: Option<&'a str>,
    /// Settings that matter for security, by value; all others are listed as withheld.
    #[cfg_attr(
        feature = "schema",
        schemars(with = "Option<alloc::collections::BTreeMap<alloc::string::String, serde_json::Value>>")
    )]
    pub settings: Option<Kept<'a>>,
    /// AWS_SECRET_MANAGER, AZURE_KEY_VAULT or HASHICORP_VAULT.
    #[serde(rename = "type")]
    pub kind: Option<&'a str>,
    /// When it was last changed, as Fivetran wrote it.
    pub updated_at: Option<&'a str>,
}

/// A connection or destination whose credentials are in the vault.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(deny_unknown_fields))]
pub struct EntityContent<'a> {
    /// Whether it is enabled.
    pub enabled: Option<bool>,
    /// Its id.
    pub id: Option<&'a str>,
    /// Its name.
    pub name: Option<&'a str>,
    /// SOURCE (a connection) or DESTINATION.
    #[serde(rename = "type")]
    pub kind: Option<&'a str>,
}

wire! {
    /// An item of the list.
    pub struct Manager<'a> {
        id: Text<'a>,
        kind = "type": Text<'a> => Rule::OneOf(&["AWS_SECRET_MANAGER", "AZURE_KEY_VAULT", "HASHICORP_VAULT"]),
        name: Text<'a>,
        config: Field<FreeForm<'a>>,
        is_hybrid_deployment: Field<bool>,
        created_at: Text<'a>,
        updated_at: Text<'a>,
    }
}

wire! {
    /// Something that uses a vault.
    pub struct Entity<'a> {
        id: Text<'a>,
        name: Text<'a>,
        enabled: Field<bool>,
        kind = "type": Text<'a> => Rule::OneOf(&["SOURCE", "DESTINATION"]),
        secret_manager_id: Text<'a>,
        created_at: Text<'a>,
    }
}

fn project(item: &Item<'_>, out: &mut Emit<'_>, findings: &mut Findings) {
    let Some(manager) = findings.read::<Manager<'_>>(RESOURCE.path, item.json) else { return };
    let Some(id) = findings.id(&manager.id) else { return };
    let answer = item.part(&ENTITIES);
    // A list that was not read whole is not known.
    let read: Option<Vec<Entity<'_>>> =
        answer.items().map(|json| findings.read::<Entity<'_>>(ENTITIES.path, json)).collect();
    let entities = read.as_ref().filter(|_| answer.is_whole()).map(|all| all.iter().map(entity).collect());
    let origins: Vec<_> = core::iter::once(item.origin()).chain(answer.bodies().map(Origin::of_page)).collect();
    let mut withheld = Vec::new();
    let name = manager.name.text();
    let settings = LISTS.sift(&manager.config, out, &mut withheld);
    let vault = out.told(&KIND, manager.kind.text(), "type unknown", "the type of an external secrets manager");
    out.record(Draft {
        kind: &KIND,
        native_id: &[id],
        title: format!("External secrets manager {} ({vault})", name.unwrap_or(id)),
        subject: Subject { id: id.into(), name: name.map(Into::into), kind: "external_secrets_manager" },
        effective_at: manager.created_at.text().and_then(audit_event::instant_of),
        content: &ExternalSecretsManagerContent {
            created_at: manager.created_at.text(),
            entities,
            id,
            is_hybrid_deployment: manager.is_hybrid_deployment.value(),
            name,
            settings,
            kind: manager.kind.text(),
            updated_at: manager.updated_at.text(),
        },
        from: &origins.iter().collect::<Vec<_>>(),
        withheld,
    });
    let target = Target { primary: ("EXTERNAL_SECRETS_MANAGER", id), secondary: None, on: &[KIND.id, id] };
    let stamps = [
        Stamp::new(Action::Create, &manager.created_at, "created_at"),
        Stamp::new(Action::Edit, &manager.updated_at, "updated_at"),
    ];
    audit_event::emit(out, &item.origin(), &target, &stamps);
}

fn entity<'a>(entity: &'a Entity<'_>) -> EntityContent<'a> {
    EntityContent {
        enabled: entity.enabled.value(),
        id: entity.id.text(),
        name: entity.name.text(),
        kind: entity.kind.text(),
    }
}

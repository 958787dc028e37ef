//! `role`: the names that grants use, standard and custom.
//!
//! A role has no id: its name is its key. What a role permits is not in the API.
//! <https://fivetran.com/docs/rest-api/api-reference/roles/list-all-roles>, read 2026-11.

use crate::types::{Findings, Item, Resource};
use alloc::format;
use alloc::vec::Vec;
use serde::Serialize;
use source_kit::{Cost, DAILY, Draft, Emit, Field, Kind, Nature, Rule, Subject, Text, When, wire};

/// The catalogue's entry.
pub const KIND: Kind = Kind {
    id: "role",
    title: "Roles",
    description: "Every role that can be granted, with its scope, whether it is custom, and whether it is deprecated and by what replaced. What a role permits is not in Fivetran's API.",
    keywords: &["role", "rbac", "custom role", "segregation of duties"],
    nature: Nature::Inventory,
    personal_data: false,
    schema_version: 2,
    content_schema: include_str!("schemas/role.json"),
    endpoints: &["GET /v1/roles"],
    permissions: &["ROLES:READ"],
    plan_gate: None,
    cost: Cost::PerPage,
    when: When::Default,
    valid_for_seconds: DAILY,
    spread: false,
};

/// The list.
pub const RESOURCE: Resource = Resource {
    stage: "roles",
    path: "/v1/roles",
    permission: Some("ROLES:READ"),
    key: "name",
    feeds: &[&KIND],
    project,
    ..Resource::LIST
};

/// A role that can be granted.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(deny_unknown_fields))]
pub struct RoleContent<'a> {
    /// What its maker says of it; null when there is none or the settings withhold free text.
    pub description: Option<&'a str>,
    /// Whether the account made it itself; null when Fivetran does not say.
    pub is_custom: Option<bool>,
    /// Whether it should no longer be granted; null when Fivetran does not say.
    pub is_deprecated: Option<bool>,
    /// Its name, which is its key.
    pub name: &'a str,
    /// For a deprecated role: the role to grant instead.
    pub replacement_role_name: Option<&'a str>,
    /// Where it can be granted: ACCOUNT, DESTINATION, CONNECTOR or TEAM; null when Fivetran does not say.
    pub scope: Option<Vec<&'a str>>,
}

wire! {
    /// An item of the list.
    pub struct Role<'a> {
        name: Text<'a> => Rule::Required,
        description: Text<'a>,
        scope: Field<Vec<Text<'a>>>,
        is_custom: Field<bool> => Rule::Required,
        is_deprecated: Field<bool>,
        replacement_role_name: Text<'a>,
    }
}

fn project(item: &Item<'_>, out: &mut Emit<'_>, findings: &mut Findings) {
    let Some(role) = findings.read::<Role<'_>>("/v1/roles", item.json) else { return };
    let Some(name) = findings.id(&role.name) else { return };
    let (origin, standard) = match role.is_custom.value() {
        Some(true) => ("Custom role", ""),
        Some(false) => ("Role", ""),
        None => {
            out.unknown(&KIND, "whether a role is custom");
            ("Role", ", unknown whether custom")
        }
    };
    // Fivetran says it only of some roles: silence says nothing.
    let deprecated = match role.is_deprecated {
        Field::Is(true) => ", deprecated",
        Field::Odd(_) => {
            out.unknown(&KIND, "whether a role is deprecated");
            ", unknown whether deprecated"
        }
        _ => "",
    };
    let mut withheld = Vec::new();
    let description = out.free_text(role.description.text(), "/description", &mut withheld);
    out.record(Draft {
        kind: &KIND,
        native_id: &[name],
        title: format!("{origin} {name}{standard}{deprecated}"),
        subject: Subject { id: name.into(), name: Some(name.into()), kind: "role" },
        effective_at: None,
        content: &RoleContent {
            description,
            is_custom: role.is_custom.value(),
            is_deprecated: role.is_deprecated.value(),
            name,
            replacement_role_name: role.replacement_role_name.text(),
            scope: role.scope.texts(),
        },
        from: &[&item.origin()],
        withheld,
    });
}

//! `access_grant`: who may do what where: one record per grantee and resource.
//!
//! Grants come from several resources: the account role of a user or team, and the group and
//! connection memberships of each. `user.rs` and `team.rs` read them; this file
//! says what a grant is.

use crate::audit_event::{self, Action, Stamp, Target};
use crate::types::Findings;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use serde::Serialize;
use source_kit::{Cost, DAILY, Draft, Emit, Kind, Known, Nature, Origin, Subject, Text, When, wire};

/// The catalogue's entry.
pub const KIND: Kind = Kind {
    id: "access_grant",
    title: "Access grants",
    description: "Which role a user or team holds on the account, a group (destination) or a connection, as granted directly. Access that a user has through a team stands under the team; join it with team_membership.",
    keywords: &["access review", "user access", "permissions", "least privilege", "privileged access", "rbac"],
    nature: Nature::Inventory,
    personal_data: true,
    schema_version: 2,
    content_schema: include_str!("schemas/access_grant.json"),
    endpoints: &[
        "GET /v1/users",
        "GET /v1/users/{id}/groups",
        "GET /v1/users/{id}/connections",
        "GET /v1/teams",
        "GET /v1/teams/{id}/groups",
        "GET /v1/teams/{id}/connections",
    ],
    permissions: &["USER:READ", "TEAM:READ"],
    plan_gate: None,
    cost: Cost::PerItem,
    when: When::Default,
    valid_for_seconds: DAILY,
    spread: false,
};

/// One role of one grantee on one resource.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(deny_unknown_fields))]
pub struct AccessGrant<'a> {
    /// When it was granted, as Fivetran wrote it; null when it does not say (as for account roles).
    pub created_at: Option<&'a str>,
    /// Id of the user or team.
    pub grantee_id: &'a str,
    /// `user` or `team`.
    pub grantee_type: &'a str,
    /// Id of the account, group or connection.
    pub resource_id: &'a str,
    /// `account`, `group` or `connection`. A group is a destination and all its connections.
    pub resource_type: &'a str,
    /// Name of the role; null when the grant has none, absent if Fivetran does not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Known<&'a str>,
}

wire! {
    /// An item of `/v1/users/{id}/groups` and its three siblings.
    /// <https://fivetran.com/docs/rest-api/api-reference/users>, read 2026-11.
    pub struct Membership<'a> {
        id: Text<'a>,
        role: Text<'a>,
        created_at: Text<'a>,
    }
}

/// Who holds a grant.
#[derive(Clone, Copy, Debug)]
pub struct Grantee<'a> {
    /// `user` or `team`.
    pub kind: &'static str,
    /// Its id.
    pub id: &'a str,
}

const UNTOLD: &str = "which role someone holds on the account";

/// The role that a grantee of a kind has on the whole account, in words. The kind is short of one that is not told.
pub fn account_role(out: &mut Emit<'_>, kind: &'static Kind, role: &Text<'_>) -> String {
    match role.known_text() {
        Some(Some(role)) => format!("account role {role}"),
        Some(None) => "no account role".into(),
        None => {
            out.unknown(kind, UNTOLD);
            "account role unknown".into()
        }
    }
}

/// Emits the role that a grantee has on the whole account, if any.
pub fn emit_account_role(out: &mut Emit<'_>, origin: &Origin<'_>, grantee: Grantee<'_>, role: &Text<'_>) {
    let account = out.account;
    match role.known_text() {
        Some(Some(_)) => emit_grant(out, origin, grantee, ("account", account), role, None),
        Some(None) => {}
        None => out.unknown(&KIND, UNTOLD),
    }
}

/// Emits the grant of one membership item, and its audit event.
pub fn emit_membership(
    out: &mut Emit<'_>,
    origin: &Origin<'_>,
    grantee: Grantee<'_>,
    resource_type: &'static str,
    json: &str,
    findings: &mut Findings,
) {
    let endpoint = match (grantee.kind, resource_type) {
        ("team", "group") => "/v1/teams/{id}/groups",
        ("team", _) => "/v1/teams/{id}/connections",
        (_, "group") => "/v1/users/{id}/groups",
        _ => "/v1/users/{id}/connections",
    };
    let Some(item) = findings.read::<Membership<'_>>(endpoint, json) else { return };
    let Some(id) = findings.id(&item.id) else { return };
    let resource = (resource_type, id);
    emit_grant(out, origin, grantee, resource, &item.role, item.created_at.text());
    let (primary, secondary) = match (grantee.kind, resource_type) {
        ("team", "group") => ("TEAM", "DESTINATION"),
        ("team", _) => ("TEAM", "CONNECTION"),
        (_, "group") => ("USER", "DESTINATION"),
        _ => ("USER", "CONNECTION"),
    };
    audit_event::emit(
        out,
        origin,
        &Target {
            primary: (primary, grantee.id),
            secondary: Some((secondary, id)),
            on: &[KIND.id, grantee.kind, grantee.id, resource_type, id],
        },
        &[Stamp::new(Action::Edit, &item.created_at, "created_at")],
    );
}

fn emit_grant(
    out: &mut Emit<'_>,
    origin: &Origin<'_>,
    grantee: Grantee<'_>,
    (resource_type, resource_id): (&'static str, &str),
    role: &Text<'_>,
    created_at: Option<&str>,
) {
    let what = match role.known_text() {
        Some(Some(role)) => role,
        Some(None) => "no named role",
        None => {
            out.unknown(&KIND, "which role someone holds on a group or connection");
            "an unknown role"
        }
    };
    out.record(Draft {
        kind: &KIND,
        native_id: &[grantee.kind, grantee.id, resource_type, resource_id],
        title: format!("{} {} holds {what} on {resource_type} {resource_id}", capital(grantee.kind), grantee.id),
        subject: Subject { id: grantee.id.into(), name: None, kind: grantee.kind },
        effective_at: created_at.and_then(audit_event::instant_of),
        content: &AccessGrant {
            created_at,
            grantee_id: grantee.id,
            grantee_type: grantee.kind,
            resource_id,
            resource_type,
            role: role.known_text(),
        },
        from: &[origin],
        withheld: Vec::new(),
    });
}

fn capital(grantee: &str) -> &'static str {
    if grantee == "team" { "Team" } else { "User" }
}

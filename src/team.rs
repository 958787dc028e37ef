//! `team` and `team_membership`: teams, who is in them, and what is granted to them.
//!
//! Memberships stand under the team only: no call tells a user's teams.
//! <https://fivetran.com/docs/rest-api/api-reference/teams/list-all-teams>, read 2026-11.

use crate::access_grant::{self, Grantee};
use crate::audit_event::{self, Action, Stamp, Target};
use crate::types::{Findings, Item, Part, Resource};
use alloc::format;
use alloc::vec::Vec;
use serde::Serialize;
use source_kit::read::wire;
use source_kit::{Cost, DAILY, Draft, Emit, Kind, Known, Nature, Origin, PartAnswer, Subject, Text, When, wire};

/// The catalogue's entry for teams.
pub const KIND: Kind = Kind {
    id: "team",
    title: "Teams",
    description: "Every team with its account role. Members hold what is granted to their team.",
    keywords: &["team", "group of users", "access review"],
    nature: Nature::Inventory,
    personal_data: false,
    schema_version: 2,
    content_schema: include_str!("schemas/team.json"),
    endpoints: &["GET /v1/teams"],
    permissions: &["TEAM:READ"],
    plan_gate: None,
    cost: Cost::PerPage,
    when: When::Default,
    valid_for_seconds: DAILY,
    spread: false,
};

/// The catalogue's entry for memberships.
pub const MEMBERSHIP_KIND: Kind = Kind {
    id: "team_membership",
    title: "Team memberships",
    description: "Which user is in which team, as member or manager: the path by which access reaches a user indirectly.",
    keywords: &["team", "membership", "access review", "joiner", "leaver"],
    nature: Nature::Inventory,
    personal_data: true,
    schema_version: 2,
    content_schema: include_str!("schemas/team_membership.json"),
    endpoints: &["GET /v1/teams", "GET /v1/teams/{id}/users"],
    permissions: &["TEAM:READ"],
    plan_gate: None,
    cost: Cost::PerItem,
    when: When::Default,
    valid_for_seconds: DAILY,
    spread: false,
};

/// The users in a team.
pub const MEMBERS: Part = Part {
    name: "members",
    path: "/v1/teams/{id}/users",
    permission: "TEAM:READ",
    key: "user_id",
    feeds: &[&MEMBERSHIP_KIND, &audit_event::KIND],
    project: Some(members),
    ..Part::LIST
};

/// The groups that a team was granted a role on.
pub const GROUPS: Part = Part {
    name: "group grants",
    path: "/v1/teams/{id}/groups",
    permission: "TEAM:READ",
    feeds: &[&access_grant::KIND, &audit_event::KIND],
    project: Some(|item, answer, out, findings| grants("group", item, answer, out, findings)),
    ..Part::LIST
};

/// The connections that a team was granted a role on.
pub const CONNECTIONS: Part = Part {
    name: "connection grants",
    path: "/v1/teams/{id}/connections",
    permission: "TEAM:READ",
    feeds: &[&access_grant::KIND, &audit_event::KIND],
    project: Some(|item, answer, out, findings| grants("connection", item, answer, out, findings)),
    ..Part::LIST
};

/// The list.
pub const RESOURCE: Resource = Resource {
    stage: "teams",
    path: "/v1/teams",
    permission: Some("TEAM:READ"),
    item_path: "/v1/teams/{id}",
    feeds: &[&KIND, &MEMBERSHIP_KIND, &access_grant::KIND, &audit_event::KIND],
    parts: &[MEMBERS, GROUPS, CONNECTIONS],
    project,
    ..Resource::LIST
};

/// A team.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(deny_unknown_fields))]
pub struct TeamContent<'a> {
    /// What the account says it is for; null when there is none or the settings withhold free text.
    pub description: Option<&'a str>,
    /// Fivetran's id.
    pub id: &'a str,
    /// Its name.
    pub name: Option<&'a str>,
    /// Role on the whole account that each member holds through the team; null when none, absent if Fivetran does
    /// not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Known<&'a str>,
}

/// A user's place in a team.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(deny_unknown_fields))]
pub struct TeamMembership<'a> {
    /// When the user was added, as Fivetran wrote it; null when it does not say.
    pub created_at: Option<&'a str>,
    /// `Team Member` or `Team Manager`; absent if Fivetran does not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Known<&'a str>,
    /// Id of the team.
    pub team_id: &'a str,
    /// Name of the team.
    pub team_name: Option<&'a str>,
    /// Id of the user.
    pub user_id: &'a str,
}

wire! {
    /// An item of the list.
    pub struct Team<'a> {
        id: Text<'a>,
        name: Text<'a>,
        description: Text<'a>,
        role: Text<'a>,
    }
}

wire! {
    /// An item of `/v1/teams/{id}/users`: note `user_id`, not `id`.
    pub struct Member<'a> {
        user_id: Text<'a>,
        role: Text<'a>,
        created_at: Text<'a>,
    }
}

fn project(item: &Item<'_>, out: &mut Emit<'_>, findings: &mut Findings) {
    let Some(team) = findings.read::<Team<'_>>("/v1/teams", item.json) else { return };
    let Some(id) = findings.id(&team.id) else { return };
    let name = team.name.text();
    let origin = item.origin();
    let mut withheld = Vec::new();
    let description = out.free_text(team.description.text(), "/description", &mut withheld);
    let role = access_grant::account_role(out, &KIND, &team.role);
    out.record(Draft {
        kind: &KIND,
        native_id: &[id],
        title: format!("Team {}: {role}", name.unwrap_or(id)),
        subject: Subject { id: id.into(), name: name.map(Into::into), kind: "team" },
        effective_at: None,
        content: &TeamContent { description, id, name, role: team.role.known_text() },
        from: &[&origin],
        withheld,
    });
    access_grant::emit_account_role(out, &origin, Grantee { kind: "team", id }, &team.role);
}

fn members(item: &Item<'_>, answer: &PartAnswer, out: &mut Emit<'_>, findings: &mut Findings) {
    let team = wire::read::<Team<'_>>(item.json).unwrap_or_default();
    answer.for_each(|origin, json| emit_member(out, origin, (item.id, team.name.text()), json, findings));
}

fn grants(resource: &'static str, item: &Item<'_>, answer: &PartAnswer, out: &mut Emit<'_>, findings: &mut Findings) {
    let grantee = Grantee { kind: "team", id: item.id };
    answer.for_each(|origin, json| access_grant::emit_membership(out, origin, grantee, resource, json, findings));
}

fn emit_member(
    out: &mut Emit<'_>,
    origin: &Origin<'_>,
    (team_id, team_name): (&str, Option<&str>),
    json: &str,
    findings: &mut Findings,
) {
    let Some(member) = findings.read::<Member<'_>>("/v1/teams/{id}/users", json) else { return };
    let Some(user_id) = findings.id(&member.user_id) else { return };
    let created_at = member.created_at.text();
    let role = member.role.known_text();
    if role.flatten().is_none() {
        out.unknown(&MEMBERSHIP_KIND, "which role someone has in a team");
    }
    out.record(Draft {
        kind: &MEMBERSHIP_KIND,
        native_id: &[team_id, user_id],
        title: match role.flatten() {
            Some(role) => format!("User {user_id} is {role} of team {}", team_name.unwrap_or(team_id)),
            None => format!("User {user_id} is in team {}, role unknown", team_name.unwrap_or(team_id)),
        },
        subject: Subject { id: user_id.into(), name: None, kind: "user" },
        effective_at: created_at.and_then(audit_event::instant_of),
        content: &TeamMembership { created_at, role, team_id, team_name, user_id },
        from: &[origin],
        withheld: Vec::new(),
    });
    audit_event::emit(
        out,
        origin,
        &Target {
            primary: ("TEAM", team_id),
            secondary: Some(("USER", user_id)),
            on: &[MEMBERSHIP_KIND.id, team_id, user_id],
        },
        &[Stamp::new(Action::Edit, &member.created_at, "created_at").optional()],
    );
}

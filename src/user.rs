//! `user`: everyone who can log in, with the account role and the direct grants of each.
//!
//! Lists give enabled and suspended users alike. The single-user call has nothing more. Grants are not
//! read from `/v1/groups/{id}/users`, for fewer calls: it tells no instant of a grant, and its `role`
//! may be that on the account; connections have no such list.
//! <https://fivetran.com/docs/rest-api/api-reference/users/list-all-users>, read 2026-11.

use crate::access_grant::{self, Grantee};
use crate::audit_event::{self, Action, Stamp, Target};
use crate::types::{Findings, Fivetran, Item, Part, Resource};
use alloc::borrow::Cow;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use serde::Serialize;
use source_kit::read::request::request_for;
use source_kit::read::wire;
use source_kit::record::identity::Identity;
use source_kit::record::people::{Person, filled};
use source_kit::{
    Cost, DAILY, Draft, Emit, Field, Kind, Known, Nature, PartAnswer, Rule, Subject, Text, Unread, When, Withheld,
    WithheldReason, wire,
};

/// The catalogue's entry.
pub const KIND: Kind = Kind {
    id: "user",
    title: "Users",
    description: "Every user of the account, enabled or suspended, with account role, state, last login and whether there is an API key: the population for an access review. Whether a user has a second factor or logs in by single sign-on is not in Fivetran's API.",
    keywords: &["user", "access review", "joiner", "leaver", "last login", "dormant", "identity"],
    nature: Nature::Inventory,
    personal_data: true,
    schema_version: 3,
    content_schema: include_str!("schemas/user.json"),
    endpoints: &["GET /v1/users"],
    permissions: &["USER:READ"],
    plan_gate: None,
    cost: Cost::PerPage,
    when: When::Default,
    valid_for_seconds: DAILY,
    spread: false,
};

/// The list. Its parts are in `table.rs`.
pub const RESOURCE: Resource = Resource {
    stage: "users",
    path: "/v1/users",
    permission: Some("USER:READ"),
    item_path: "/v1/users/{id}",
    feeds: &[&KIND, &access_grant::KIND, &audit_event::KIND],
    project,
    ..Resource::LIST
};

/// The groups that a user was granted a role on.
pub const GROUPS: Part = Part {
    name: "group grants",
    path: "/v1/users/{id}/groups",
    permission: "USER:READ",
    feeds: &[&access_grant::KIND, &audit_event::KIND],
    project: Some(|item, answer, out, findings| grants("group", item, answer, out, findings)),
    ..Part::LIST
};

/// The connections that a user was granted a role on.
pub const CONNECTIONS: Part = Part {
    name: "connection grants",
    path: "/v1/users/{id}/connections",
    permission: "USER:READ",
    feeds: &[&access_grant::KIND, &audit_event::KIND],
    project: Some(|item, answer, out, findings| grants("connection", item, answer, out, findings)),
    ..Part::LIST
};

/// A user of the account.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(deny_unknown_fields))]
pub struct UserContent<'a> {
    /// False when an administrator has suspended the user; absent if Fivetran does not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub active: Known<bool>,
    /// When the user came to be, as Fivetran wrote it.
    pub created_at: Option<&'a str>,
    /// E-mail address, or its keyed hash; service accounts may have none.
    pub email: Option<Cow<'a, str>>,
    /// Family name, or its keyed hash.
    pub family_name: Option<Cow<'a, str>>,
    /// Given name, or its keyed hash.
    pub given_name: Option<Cow<'a, str>>,
    /// Whether the user holds an API key; null when Fivetran does not say.
    pub has_api_key: Option<bool>,
    /// Fivetran's id.
    pub id: &'a str,
    /// True while an invitation is not accepted.
    pub invited: Option<bool>,
    /// Last login, as Fivetran wrote it; null when there was none, absent if Fivetran does not say.
    #[cfg_attr(feature = "schema", schemars(extend("x-change" = "activity")))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub logged_in_at: Known<&'a str>,
    /// Role on the whole account; null for users with grants on destinations or connections
    /// only, absent if Fivetran does not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Known<&'a str>,
    /// REGULAR_USER or SERVICE_ACCOUNT; null when Fivetran does not say.
    pub user_type: Option<&'a str>,
    /// Whether the user has finished activation.
    pub verified: Option<bool>,
}

wire! {
    /// An item of the list.
    pub struct User<'a> {
        id: Text<'a> => Rule::Required,
        email: Text<'a>,
        given_name: Text<'a>,
        family_name: Text<'a>,
        verified: Field<bool> => Rule::Required,
        invited: Field<bool>,
        picture: Field<Unread>,
        phone: Field<Unread>,
        role: Text<'a>,
        logged_in_at: Text<'a>,
        created_at: Text<'a> => Rule::Required,
        active: Field<bool> => Rule::Required,
        has_api_key: Field<bool>,
        user_type: Text<'a> => Rule::OneOf(&["REGULAR_USER", "SERVICE_ACCOUNT"]),
    }
}

/// Whose names an item of the list has.
#[must_use]
pub fn person(item: &str) -> Option<Person> {
    let user = wire::read::<User<'_>>(item)?;
    let [email, given_name, family_name] =
        [&user.email, &user.given_name, &user.family_name].map(|text| filled(text.text()));
    Some(Person { email, given_name, family_name })
}

/// The request for the user whose key is used.
#[must_use]
pub fn role_request(identity: &Identity) -> Option<String> {
    let id = identity.user.as_deref()?;
    Some(request_for::<Fivetran>("/v1/users/{id}", id, None))
}

/// The account role in its answer.
#[must_use]
pub fn role_of(data: &str) -> Option<String> {
    wire::read::<User<'_>>(data)?.role.text().map(Into::into)
}

fn project(item: &Item<'_>, out: &mut Emit<'_>, findings: &mut Findings) {
    let Some(user) = findings.read::<User<'_>>("/v1/users", item.json) else { return };
    let Some(id) = findings.id(&user.id) else { return };
    if findings.principal.as_deref() == Some(id) {
        findings.principal_role = user.role.text().map(Into::into);
    }
    emit_user(item, out, &user, id);
    let origin = item.origin();
    audit_event::emit(
        out,
        &origin,
        &Target { primary: ("USER", id), secondary: None, on: &[KIND.id, id] },
        &[
            Stamp::new(Action::Create, &user.created_at, "created_at"),
            Stamp::new(Action::Login, &user.logged_in_at, "logged_in_at").by(&user.id, "/id"),
        ],
    );
    access_grant::emit_account_role(out, &origin, Grantee { kind: "user", id }, &user.role);
}

fn grants(resource: &'static str, item: &Item<'_>, answer: &PartAnswer, out: &mut Emit<'_>, findings: &mut Findings) {
    let grantee = Grantee { kind: "user", id: item.id };
    answer.for_each(|origin, json| access_grant::emit_membership(out, origin, grantee, resource, json, findings));
}

fn emit_user(item: &Item<'_>, out: &mut Emit<'_>, user: &User<'_>, id: &str) {
    if !out.wants(&KIND) {
        return;
    }
    let email = user.email.text();
    let shown = if out.privacy.shows_people() { display_name(user) } else { None };
    let content = UserContent {
        active: user.active.known_value(),
        created_at: user.created_at.text(),
        email: email.map(|text| out.person(text)),
        family_name: user.family_name.text().map(|text| out.person(text)),
        given_name: user.given_name.text().map(|text| out.person(text)),
        has_api_key: user.has_api_key.value(),
        id,
        invited: user.invited.value(),
        logged_in_at: user.logged_in_at.known_stamp(),
        role: user.role.known_text(),
        user_type: user.user_type.text(),
        verified: user.verified.value(),
    };
    let state = match user.active.value() {
        Some(true) => "",
        Some(false) => "suspended, ",
        None => "state unknown, ",
    };
    if user.active.value().is_none() {
        out.unknown(&KIND, "whether a user is suspended");
    }
    let role = access_grant::account_role(out, &KIND, &user.role);
    out.record(Draft {
        kind: &KIND,
        native_id: &[id],
        title: format!("User {}: {state}{role}", shown.as_deref().unwrap_or(id)),
        subject: Subject { id: id.into(), name: shown, kind: "user" },
        effective_at: user.created_at.text().and_then(audit_event::instant_of),
        content: &content,
        from: &[&item.origin()],
        withheld: withheld(user),
    });
}

fn withheld(user: &User<'_>) -> Vec<Withheld> {
    [("/phone", &user.phone), ("/picture", &user.picture)]
        .into_iter()
        .filter(|(_, field)| field.is_set())
        .map(|(pointer, _)| Withheld { pointer: pointer.into(), reason: WithheldReason::PersonalData })
        .collect()
}

/// "Ada Byron", or the e-mail address where there is no name.
fn display_name(user: &User<'_>) -> Option<String> {
    match (user.given_name.text(), user.family_name.text()) {
        (Some(given), Some(family)) => Some(format!("{given} {family}")),
        (Some(one), None) | (None, Some(one)) => Some(one.into()),
        (None, None) => user.email.text().map(Into::into),
    }
}

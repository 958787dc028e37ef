//! `system_key`: the keys of the account itself: what each may do, since when, until when, and when
//! it was last used.
//!
//! Only a user's key of an Account Administrator may list them: a system key may not.
//! <https://fivetran.com/docs/rest-api/api-reference/system-keys>, read 2026-11.

use crate::audit_event::{self, Action, Stamp, Target};
use crate::types::{Findings, Item, Part, Resource};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use serde::Serialize;
use source_kit::record::shape::Shape;
use source_kit::{
    Cost, DAILY, Draft, Emit, Field, Kind, Known, Nature, Origin, Rule, Subject, Text, Unread, When, Withheld,
    WithheldReason, wire,
};

/// Who may list system keys.
const PERMISSION: &str = "a user's key of an Account Administrator";

/// The catalogue's entry.
pub const KIND: Kind = Kind {
    id: "system_key",
    title: "System keys",
    description: "Every system key with its permissions, age, expiry and last use; never the key or its secret.",
    keywords: &["api key", "service credential", "key rotation", "least privilege", "expiry"],
    nature: Nature::Inventory,
    personal_data: true,
    schema_version: 2,
    content_schema: include_str!("schemas/system_key.json"),
    endpoints: &["GET /v1/system-keys", "GET /v1/system-keys/{id}"],
    permissions: &[PERMISSION],
    plan_gate: None,
    cost: Cost::PerItem,
    when: When::Default,
    valid_for_seconds: DAILY,
    spread: false,
};

/// The call for each key.
pub const DETAILS: Part =
    Part { name: "details", path: "/v1/system-keys/{id}", permission: PERMISSION, feeds: &[&KIND], ..Part::OBJECT };

/// The walk. The list shows no permissions.
pub const RESOURCE: Resource = Resource {
    stage: "system keys",
    path: "/v1/system-keys",
    permission: Some(PERMISSION),
    item_path: DETAILS.path,
    feeds: &[&KIND, &audit_event::KIND],
    parts: &[DETAILS],
    project,
    ..Resource::LIST
};

/// A system key.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(deny_unknown_fields))]
pub struct SystemKeyContent<'a> {
    /// When it came to be, as Fivetran wrote it.
    pub created_at: Option<&'a str>,
    /// When it expires, as Fivetran wrote it; null for one that never does, absent if Fivetran does not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expired_at: Known<&'a str>,
    /// Fivetran's id.
    pub id: &'a str,
    /// When it was last used, as Fivetran wrote it; null when it never was, absent if Fivetran does not say.
    #[cfg_attr(feature = "schema", schemars(extend("x-change" = "activity")))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_used_at: Known<&'a str>,
    /// Its name, which anybody may choose: null when the settings withhold free text.
    pub name: Option<&'a str>,
    /// What it may do; null when that could not be read.
    pub permissions: Option<Vec<PermissionContent<'a>>>,
    /// When it was last changed, as Fivetran wrote it.
    pub updated_at: Option<&'a str>,
}

/// One permission of a key.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(deny_unknown_fields))]
pub struct PermissionContent<'a> {
    /// NONE, READ or MANAGE.
    pub access_level: Option<&'a str>,
    /// Groups it is limited to; null when it is not, or that could not be read.
    pub group_ids: Option<Vec<&'a str>>,
    /// Resources it is limited to; null when it is not, or that could not be read.
    pub ids: Option<Vec<&'a str>>,
    /// What it is about, e.g. CONNECTOR.
    pub resource_type: Option<&'a str>,
}

wire! {
    /// A list item, or `data` of the details, which name the key `key_value`.
    pub struct SystemKey<'a> {
        id: Text<'a>,
        name: Text<'a>,
        key: Field<Unread>,
        key_value: Field<Unread>,
        secret: Field<Unread>,
        permissions: Field<Vec<Field<Permission<'a>>>>,
        created_at: Text<'a>,
        updated_at: Text<'a>,
        expired_at: Text<'a>,
        last_used_at: Text<'a>,
    }
}

wire! {
    /// An element of `permissions`.
    pub struct Permission<'a> {
        resource_type: Text<'a>,
        access_level: Text<'a> => Rule::OneOf(&["NONE", "READ", "MANAGE"]),
        resource_filter: Field<Filter<'a>>,
    }
}

wire! {
    /// `resource_filter` of a permission.
    pub struct Filter<'a> {
        ids: Field<Vec<Text<'a>>>,
        group_ids: Field<Vec<Text<'a>>>,
    }
}

fn project(item: &Item<'_>, out: &mut Emit<'_>, findings: &mut Findings) {
    let Some(listed) = findings.read::<SystemKey<'_>>(RESOURCE.path, item.json) else { return };
    let Some(id) = findings.id(&listed.id) else { return };
    let body = item.part(&DETAILS).single();
    let detailed = body.and_then(|body| findings.read::<SystemKey<'_>>("/v1/system-keys/{id}", body.data()));
    let key = detailed.as_ref().unwrap_or(&listed);
    let origins: Vec<_> = core::iter::once(item.origin()).chain(body.map(Origin::of)).collect();
    let mut withheld = withheld(key);
    let name = out.free_text(key.name.text(), "/name", &mut withheld);
    let mut permissions = key.permissions.every(|one| Some(permission(one)));
    for (at, one) in permissions.iter_mut().flatten().enumerate() {
        one.access_level =
            Shape::Word.kept(one.access_level, &format!("/permissions/{at}/access_level"), &mut withheld);
    }
    let is_short =
        permissions.is_none() || key.permissions.get().into_iter().flatten().filter_map(Field::get).any(is_short);
    if detailed.is_some() && is_short {
        out.unknown(&KIND, "what a system key may do");
    }
    // The details need not repeat every stamp of the list, and do not take one back.
    let expired_at = audit_event::known_instant(key.expired_at.or(&listed.expired_at));
    if expired_at.is_none() {
        out.unknown(&KIND, "when a system key expires (one made in the dashboard never does)");
    }
    let last_used_at = key.last_used_at.or(&listed.last_used_at);
    out.record(Draft {
        kind: &KIND,
        native_id: &[id],
        title: format!("System key {}: {}", name.unwrap_or(id), expiry(expired_at)),
        subject: Subject { id: id.into(), name: name.map(Into::into), kind: "system_key" },
        effective_at: key.created_at.text().and_then(audit_event::instant_of),
        content: &SystemKeyContent {
            created_at: key.created_at.text(),
            expired_at,
            id,
            last_used_at: last_used_at.known_stamp(),
            name,
            permissions,
            updated_at: key.updated_at.text(),
        },
        from: &origins.iter().collect::<Vec<_>>(),
        withheld,
    });
    let target = Target { primary: ("SYSTEM_KEY", id), secondary: None, on: &[KIND.id, id] };
    let stamps = [
        Stamp::new(Action::Create, &listed.created_at, "created_at"),
        Stamp::new(Action::Edit, &listed.updated_at, "updated_at"),
        Stamp::new(Action::Use, &listed.last_used_at, "last_used_at"),
    ];
    audit_event::emit(out, &item.origin(), &target, &stamps);
}

/// When a key expires, in words.
fn expiry(at: Known<&str>) -> String {
    match at {
        Some(Some(at)) => format!("expires at {at}"),
        Some(None) => "never expires".into(),
        None => "expiry unknown".into(),
    }
}

fn permission<'a>(permission: &'a Permission<'_>) -> PermissionContent<'a> {
    let filter = permission.resource_filter.get();
    PermissionContent {
        access_level: permission.access_level.text(),
        group_ids: filter.and_then(|filter| filter.group_ids.texts()),
        ids: filter.and_then(|filter| filter.ids.texts()),
        resource_type: permission.resource_type.text(),
    }
}

/// Whether Fivetran does not say what a permission is for, or what it is limited to.
fn is_short(permission: &Permission<'_>) -> bool {
    let is_odd = |ids: &Field<Vec<Text<'_>>>| ids.is_set() && ids.texts().is_none();
    let is_unreadable = match &permission.resource_filter {
        Field::Is(Filter { ids, group_ids, .. }) => {
            is_odd(ids) || is_odd(group_ids) || !(ids.is_set() || group_ids.is_set())
        }
        filter => filter.is_set(),
    };
    is_unreadable || permission.access_level.text().is_none() || permission.resource_type.text().is_none()
}

fn withheld(key: &SystemKey<'_>) -> Vec<Withheld> {
    [("/key", &key.key), ("/key_value", &key.key_value), ("/secret", &key.secret)]
        .into_iter()
        .filter(|(_, field)| field.is_set())
        .map(|(pointer, _)| Withheld { pointer: pointer.into(), reason: WithheldReason::Secret })
        .collect()
}

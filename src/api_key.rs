//! `api_key`: the keys of service accounts: state, age, expiry and rotation. Keys of people are not
//! in the API.
//!
//! Private preview: where it is off, Fivetran answers 403 or 404.
//! <https://fivetran.com/docs/rest-api/api-reference/users/retrieve-user-api-key>, read 2026-11.

use crate::audit_event::{self, Action, Stamp, Target};
use crate::types::{Findings, Item, Part};
use alloc::format;
use alloc::vec::Vec;
use serde::Serialize;
use source_kit::read::wire;
use source_kit::{
    Cost, DAILY, Draft, Emit, Field, Kind, Known, Nature, Need, Origin, PartAnswer, Proof, Rule, Subject, Text, Unread,
    When, Withheld, WithheldReason, wire,
};

/// The catalogue's entry.
pub const KIND: Kind = Kind {
    id: "api_key",
    title: "API keys of service accounts",
    description: "The API key of every service account: its state, age, expiry and last rotation; never the key. Fivetran does not tell of the keys of people.",
    keywords: &["api key", "service account", "key rotation", "expiry", "credential"],
    nature: Nature::Inventory,
    personal_data: true,
    schema_version: 2,
    content_schema: include_str!("schemas/api_key.json"),
    endpoints: &["GET /v1/users/{id}/api-keys"],
    permissions: &["USER:READ"],
    plan_gate: Some("Private preview of service accounts"),
    cost: Cost::PerItem,
    when: When::Default,
    valid_for_seconds: DAILY,
    spread: false,
};

/// The call for each user that is a service account.
pub const PART: Part = Part {
    name: "API key",
    path: "/v1/users/{id}/api-keys",
    permission: "USER:READ",
    feeds: &[&KIND, &audit_event::KIND],
    proof: Proof::Id("user_id"),
    need: |_, user| need(user),
    project: Some(project),
    ..Part::OBJECT
};

/// The API key of a service account.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(deny_unknown_fields))]
pub struct ApiKeyContent<'a> {
    /// When it came to be, as Fivetran wrote it.
    pub created_at: Option<&'a str>,
    /// When it expires, as Fivetran wrote it; absent if Fivetran does not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_at: Known<&'a str>,
    /// When it was last rotated, as Fivetran wrote it; null when it never was, absent if Fivetran does not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_rotated_at: Known<&'a str>,
    /// Until when the key before it works too, as Fivetran wrote it; null when it does not.
    pub overlap_expires_at: Option<&'a str>,
    /// ACTIVE, ACTIVE_GRACE or EXPIRED.
    pub status: Option<&'a str>,
    /// The service account.
    pub user_id: &'a str,
}

wire! {
    /// `data` of the answer.
    pub struct ApiKey<'a> {
        user_id: Text<'a>,
        user_type: Field<Unread>,
        key_value: Field<Unread>,
        created_at: Text<'a>,
        key_status: Text<'a> => Rule::OneOf(&["ACTIVE", "ACTIVE_GRACE", "EXPIRED"]),
        expires_at: Text<'a>,
        overlap_expires_at: Text<'a>,
        last_rotated_at: Text<'a>,
    }
}

wire! {
    /// What of a user tells whether it is a service account.
    struct Typed<'a> {
        user_type: Text<'a>,
        has_api_key: Field<bool>,
    }
}

fn need(user: &str) -> Need {
    let user = wire::read::<Typed<'_>>(user).unwrap_or_default();
    match user.user_type.text() {
        _ if user.has_api_key.value() == Some(false) => Need::Nothing,
        Some(kind) if kind.eq_ignore_ascii_case("SERVICE_ACCOUNT") => Need::Called,
        Some(kind) if kind.eq_ignore_ascii_case("REGULAR_USER") => Need::Nothing,
        _ => Need::Unknown,
    }
}

fn project(item: &Item<'_>, answer: &PartAnswer, out: &mut Emit<'_>, findings: &mut Findings) {
    let Some(body) = answer.single() else { return };
    let Some(key) = findings.read::<ApiKey<'_>>(PART.path, body.data()) else { return };
    let (user_id, origin) = (item.id, Origin::of(body));
    let secret = Withheld { pointer: "/key_value".into(), reason: WithheldReason::Secret };
    let status = out.told(&KIND, key.key_status.text(), "state unknown", "in which state an API key is");
    out.record(Draft {
        kind: &KIND,
        native_id: &[user_id],
        title: format!("API key of service account {user_id}: {status}"),
        subject: Subject { id: user_id.into(), name: None, kind: "user" },
        effective_at: key.created_at.text().and_then(audit_event::instant_of),
        content: &ApiKeyContent {
            created_at: key.created_at.text(),
            expires_at: audit_event::known_instant(&key.expires_at),
            last_rotated_at: key.last_rotated_at.known_stamp(),
            overlap_expires_at: key.overlap_expires_at.text(),
            status: key.key_status.text(),
            user_id,
        },
        from: &[&origin],
        withheld: key.key_value.is_set().then_some(secret).into_iter().collect::<Vec<_>>(),
    });
    let target = Target { primary: ("API_KEY", user_id), secondary: Some(("USER", user_id)), on: &[KIND.id, user_id] };
    let stamps = [
        Stamp::new(Action::Create, &key.created_at, "created_at"),
        Stamp::new(Action::Edit, &key.last_rotated_at, "last_rotated_at"),
    ];
    audit_event::emit(out, &origin, &target, &stamps);
}

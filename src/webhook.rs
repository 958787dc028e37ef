//! `webhook`: where Fivetran pushes events of syncs and connections: alerting, and a small part of
//! an audit trail.
//!
//! <https://fivetran.com/docs/rest-api/api-reference/webhooks>, read 2026-11.

use crate::audit_event::{self, Action, Stamp, Target};
use crate::audit_logging::{self, Mechanism};
use crate::types::{Findings, Item, Resource};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use serde::Serialize;
use source_kit::base::{counted, url};
use source_kit::record::secrets::WITHHELD;
use source_kit::record::shape::Shape;
use source_kit::{
    Cost, DAILY, Draft, Emit, Field, Hidden, Kind, Nature, Rule, Subject, Text, When, Withheld, WithheldReason, wire,
};

/// The catalogue's entry.
pub const KIND: Kind = Kind {
    id: "webhook",
    title: "Webhooks",
    description: "Every webhook with the events it is subscribed to, whether it is active (Fivetran switches off one that fails for a day), and the host it goes to; never its secret or the rest of its URL.",
    keywords: &["webhook", "alerting", "monitoring", "notification", "incident detection"],
    nature: Nature::Inventory,
    personal_data: true,
    schema_version: 2,
    content_schema: include_str!("schemas/webhook.json"),
    endpoints: &["GET /v1/webhooks"],
    permissions: &["WEBHOOK:READ"],
    plan_gate: None,
    cost: Cost::PerPage,
    when: When::Default,
    valid_for_seconds: DAILY,
    spread: false,
};

/// The list.
pub const RESOURCE: Resource = Resource {
    stage: "webhooks",
    path: "/v1/webhooks",
    permission: Some("WEBHOOK:READ"),
    feeds: &[&KIND, &audit_event::KIND, &audit_logging::KIND],
    project,
    ..Resource::LIST
};

/// A webhook.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(deny_unknown_fields))]
pub struct WebhookContent<'a> {
    /// Whether events are sent; null when Fivetran does not say.
    pub active: Option<bool>,
    /// When it came to be, as Fivetran wrote it.
    pub created_at: Option<&'a str>,
    /// Id of who made it.
    #[cfg_attr(feature = "schema", schemars(extend("x-change" = "actor")))]
    pub created_by: Option<&'a str>,
    /// Events it is subscribed to, e.g. sync_end; null when Fivetran does not say.
    pub events: Option<Vec<&'a str>>,
    /// The group it is about; null for one about the account, or when Fivetran does not say.
    pub group_id: Option<&'a str>,
    /// Fivetran's id.
    pub id: &'a str,
    /// Scheme, host and port it goes to; the rest of the URL can hold a credential.
    pub origin: Option<String>,
    /// Whether what it sends is signed with a secret; null when Fivetran does not say.
    pub signed: Option<bool>,
    /// `account` or `group`.
    #[serde(rename = "type")]
    pub kind: Option<&'a str>,
}

wire! {
    /// An item of the list.
    pub struct Webhook<'a> {
        id: Text<'a>,
        kind = "type": Text<'a> => Rule::OneOf(&["account", "group"]),
        group_id: Text<'a>,
        url: Text<'a>,
        events: Field<Vec<Text<'a>>> => Rule::Required,
        active: Field<bool> => Rule::Required,
        secret: Field<Hidden>,
        created_at: Text<'a>,
        created_by: Text<'a>,
    }
}

fn project(item: &Item<'_>, out: &mut Emit<'_>, findings: &mut Findings) {
    let Some(webhook) = findings.read::<Webhook<'_>>(RESOURCE.path, item.json) else { return };
    let Some(id) = findings.id(&webhook.id) else { return };
    let origin = item.origin();
    let address = webhook.url.text().and_then(url::origin);
    let mut withheld = withheld(&webhook);
    let mut events = webhook.events.texts();
    for (at, event) in events.iter_mut().flatten().enumerate() {
        // Left out, it would not be subscribed to.
        *event = Shape::Word.kept(Some(*event), &format!("/events/{at}"), &mut withheld).unwrap_or(WITHHELD);
    }
    let count = events.as_ref().map_or("events unknown".into(), |events| counted(events.len() as u64, "event"));
    let state = match webhook.active.value() {
        Some(true) => "active",
        Some(false) => "not active",
        None => "state unknown",
    };
    note_unknown(out, &webhook);
    let host = out.told(&KIND, address.as_deref(), "an unreadable address", "where a webhook sends events");
    out.record(Draft {
        kind: &KIND,
        native_id: &[id],
        title: format!("Webhook {id} to {host}: {state}, {count}"),
        subject: Subject { id: id.into(), name: None, kind: "webhook" },
        effective_at: webhook.created_at.text().and_then(audit_event::instant_of),
        content: &WebhookContent {
            active: webhook.active.value(),
            created_at: webhook.created_at.text(),
            created_by: webhook.created_by.text(),
            events,
            group_id: webhook.group_id.text(),
            id,
            origin: address,
            signed: webhook.secret.known().map(|secret| secret.is_some()),
            kind: webhook.kind.text(),
        },
        from: &[&origin],
        withheld,
    });
    let target = Target { primary: ("WEBHOOK", id), secondary: None, on: &[KIND.id, id] };
    let created = Stamp::new(Action::Create, &webhook.created_at, "created_at").by(&webhook.created_by, "/created_by");
    audit_event::emit(out, &origin, &target, &[created]);
    let group = webhook.group_id.text();
    let mechanism = Mechanism {
        mechanism: "webhook",
        native_id: &["webhook", id],
        id,
        scope: scope(&webhook),
        scope_id: group,
        service: None,
        enabled: webhook.active.value(),
        healthy: None,
        last_success: Some(None),
        fresh: None,
    };
    audit_logging::emit(out, &[&origin], &mechanism);
}

/// Says which kinds are short of what is not told.
fn note_unknown(out: &mut Emit<'_>, webhook: &Webhook<'_>) {
    if webhook.events.texts().is_none() {
        out.unknown(&KIND, "which events a webhook is subscribed to");
    }
    if webhook.active.value().is_none() {
        out.unknown(&KIND, "whether a webhook is active");
        out.unknown(&audit_logging::KIND, "whether a webhook is active");
    }
    match scope(webhook) {
        None => out.unknown(&audit_logging::KIND, "what a webhook is about"),
        Some("group") if webhook.group_id.text().is_none() => {
            out.unknown(&audit_logging::KIND, "which group a webhook is about");
        }
        Some(_) => {}
    }
}

/// What it is about, as far as Fivetran says.
fn scope(webhook: &Webhook<'_>) -> Option<&'static str> {
    let kind = webhook.kind.text().unwrap_or_default();
    match webhook.group_id.known_text() {
        Some(Some(_)) => Some("group"),
        _ if kind.eq_ignore_ascii_case("group") => Some("group"),
        _ if kind.eq_ignore_ascii_case("account") => Some("account"),
        Some(None) => Some("account"),
        None => None,
    }
}

fn withheld(webhook: &Webhook<'_>) -> Vec<Withheld> {
    let rest_of_url = webhook.url.text().is_some_and(|text| url::origin(text).as_deref() != Some(text));
    [("/secret", webhook.secret.is_set()), ("/url", rest_of_url)]
        .into_iter()
        .filter(|(_, is_there)| *is_there)
        .map(|(pointer, _)| Withheld { pointer: pointer.into(), reason: WithheldReason::Secret })
        .collect()
}

//! `user_action`: what a user did to a connection, from the table LOG; from a log service, also what a user did to
//! users, teams, destinations and the account.
//!
//! Every plan has that table. A row is a user action when its `message_data` names an actor that is not Fivetran
//! itself; what else stands there is withheld.

use crate::json;
use crate::row::Row;
use crate::table::SYNCED;
use alloc::borrow::Cow;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use serde::Serialize;
use source_kit::read::node::Node;
use source_kit::record::secrets::{WITHHELD, is_secret};
use source_kit::{Cost, Draft, Emit, Kind, Nature, Origin, Subject, When, Withheld, WithheldReason, YEAR};

/// The catalogue's entry.
pub const KIND: Kind = Kind {
    id: "user_action",
    title: "User actions",
    description: "Actions of users that Fivetran logs: who did what, to which connection, and when; not what was set. The table LOG, which the Fivetran Platform Connector writes on every plan, has actions on connections. The logs that Fivetran sends to Datadog have those on users, teams, destinations and the account too, without saying which one.",
    keywords: &["audit log", "activity", "who did what", "change management", "connection"],
    nature: Nature::Event,
    personal_data: true,
    schema_version: 1,
    content_schema: include_str!("schemas/user_action.json"),
    endpoints: &["LOG"],
    permissions: &["SELECT on LOG"],
    plan_gate: None,
    cost: Cost::PerPage,
    when: When::Default,
    valid_for_seconds: YEAR,
    spread: false,
};

/// What a user did.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(deny_unknown_fields))]
pub struct UserAction<'a> {
    /// When it was done: RFC 3339 in UTC, cut to milliseconds.
    pub captured_at: String,
    /// The connection that the log names; null where it names none, and for an action on something else.
    pub connection_id: Option<Cow<'a, str>>,
    /// The kind of log event, e.g. INFO.
    pub event: Option<&'a str>,
    /// Id of the log event.
    pub log_id: Cow<'a, str>,
    /// What was done, e.g. `create_connection`.
    pub message_event: Option<&'a str>,
    /// Always `log`: this is a log event of Fivetran.
    pub source: &'a str,
    /// When Fivetran wrote the row: RFC 3339 in UTC, cut to milliseconds. Null for a log service.
    pub synced_at: Option<String>,
    /// Id of who did it, or, in older events, an e-mail address or its keyed hash; null where it cannot be read.
    pub user_id: Option<Cow<'a, str>>,
}

/// Makes the record of a row of the log, if it is a user action: whether it is.
///
/// # Errors
/// Why it cannot be told, or why there is no record, in words.
pub fn emit(row: &Row<'_>, from: &[&Origin<'_>], out: &mut Emit<'_>) -> Result<bool, &'static str> {
    let Some(data) = row.text("message_data") else { return Ok(false) };
    let data = match Node::read(data) {
        Some(data @ Node::Object(_)) => data,
        Some(Node::Null) => return Ok(false),
        _ => return Err("the data of a log event are no object"),
    };
    let Some(actor) = actor_of(&data) else { return Ok(false) };
    let mut withheld = Vec::new();
    let at = row.instant("time_stamp").ok_or("a log event does not say when it was")?;
    let log_id = row.id("id", out, &mut withheld).ok_or("a log event has no id")?;
    let user_id = person(actor, out);
    if user_id.is_none() {
        withheld.push(Withheld { pointer: "/message_data/actor".into(), reason: WithheldReason::PersonalData });
    }
    withhold_rest(&data, &mut withheld);
    let message_event = row.word("message_event", &mut withheld);
    let kind = message_event.and_then(kind_of);
    let is_on_connection = kind.is_none_or(|kind| kind == CONNECTION) && row.text("connection_id") != Some(DASHBOARD);
    let connection_id = if is_on_connection { row.id("connection_id", out, &mut withheld) } else { None };
    let content = UserAction {
        captured_at: at.to_rfc3339(),
        connection_id,
        event: row.word("event", &mut withheld),
        log_id,
        message_event,
        source: "log",
        synced_at: row.instant(SYNCED).map(|at| at.to_rfc3339()),
        user_id,
    };
    let connection = content.connection_id.as_deref();
    let subject = match connection {
        Some(id) => Subject { id: id.into(), name: None, kind: CONNECTION },
        // Which one is not told: the event stands for it.
        None => Subject { id: content.log_id.as_ref().into(), name: None, kind: kind.unwrap_or("unknown") },
    };
    let what = content.message_event.unwrap_or("unknown action");
    let on = connection.map(|id| format!(" on connection {id}")).unwrap_or_default();
    out.record(Draft {
        kind: &KIND,
        native_id: &[&content.log_id, row.text("time_stamp").unwrap_or_default()],
        title: format!("User action {what}{on} at {}", content.captured_at),
        subject,
        effective_at: Some(at),
        content: &content,
        from,
        withheld,
    });
    Ok(true)
}

const CONNECTION: &str = "CONNECTION";
/// What the log of a log service names in the place of a connection where there is none.
const DASHBOARD: &str = "dashboard";

/// What an action is on, in the audit trail's word, as far as the action's name says it.
fn kind_of(action: &str) -> Option<&'static str> {
    const KINDS: [(&str, &str); 6] = [
        ("_account", "ACCOUNT"),
        ("_api_secret", "API_KEY"),
        ("_connection", CONNECTION),
        ("_destination", "DESTINATION"),
        ("_team", "TEAM"),
        ("_user", "USER"),
    ];
    KINDS.into_iter().find(|(ending, _)| action.ends_with(ending)).map(|(_, kind)| kind)
}

/// The actor, if there is one and it is not Fivetran.
fn actor_of<'n, 'a>(data: &'n Node<'a>) -> Option<&'n Node<'a>> {
    let actor = json::field(data, "actor").filter(|actor| **actor != Node::Null)?;
    let is_nobody = actor.text().is_some_and(|text| text.is_empty() || text.eq_ignore_ascii_case("fivetran"));
    (!is_nobody).then_some(actor)
}

/// Who it is, as it may be kept: an id as it is, anything else as a person's name or address.
fn person<'n>(actor: &'n Node<'_>, out: &Emit<'_>) -> Option<Cow<'n, str>> {
    const LONGEST: usize = 256;
    let text = actor.text().filter(|text| text.len() <= LONGEST && !text.contains(char::is_control))?;
    let is_id =
        text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'_' | b'-'));
    Some(if is_id { Cow::Borrowed(text) } else { out.person(text) })
}

/// Everything but the actor.
fn withhold_rest(data: &Node<'_>, withheld: &mut Vec<Withheld>) {
    let Node::Object(entries) = data else { return };
    for (name, _) in entries.iter().filter(|(name, value)| name != "actor" && *value != Node::Null) {
        let is_plain = name.len() <= 64 && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        let name = if is_plain && !is_secret(name) { name } else { WITHHELD };
        withheld.push(Withheld { pointer: format!("/message_data/{name}"), reason: WithheldReason::FreeText });
    }
}

//! Datadog's log search: `/api/v2/logs/events`.

use super::entries::Entry;
use super::table::Table;
use super::visit::{Asked, Visit};
use crate::protocol::{Reply, percent_decoded};
use crate::random::{Dice, Stamp};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::{HeaderMap, Method, StatusCode};
use serde_json::{Value, json};

const PATH: &str = "/api/v2/logs/events";
const DEFAULT_LIMIT: usize = 10;
const MAX_LIMIT: usize = 1000;
/// What Fivetran sends of the trail, as type and action.
const SENT: &[(&str, &str)] = &[
    ("ACCOUNT", "EDIT"),
    ("TEAM", "CREATE"),
    ("TEAM", "DELETE"),
    ("TEAM", "EDIT"),
    ("USER", "CREATE"),
    ("USER", "DELETE"),
    ("USER", "EDIT"),
    ("DESTINATION", "CREATE"),
    ("DESTINATION", "EDIT"),
    ("CONNECTION", "CREATE"),
    ("CONNECTION", "DELETE"),
    ("CONNECTION", "EDIT"),
];

/// 401 without keys, 403 with wrong ones or ones that are revoked.
pub fn unauthorized(headers: &HeaderMap) -> Reply {
    let given = headers.contains_key("dd-api-key") && headers.contains_key("dd-application-key");
    match given {
        true => error(StatusCode::FORBIDDEN, "Forbidden"),
        false => error(StatusCode::UNAUTHORIZED, "Unauthorized"),
    }
}

/// Answers a request. What is set for the table AUDIT_TRAIL (missing, forbidden) holds for the logs.
pub fn answer(visit: &Visit<'_>, asked: Asked<'_>) -> Reply {
    if asked.path != PATH {
        return error(StatusCode::NOT_FOUND, "Not found");
    }
    if asked.method != Method::GET {
        return error(StatusCode::METHOD_NOT_ALLOWED, "Method not allowed");
    }
    if visit.trail.no_permission.contains(&Table::AuditTrail) {
        return error(StatusCode::FORBIDDEN, "Forbidden");
    }
    match Search::of(asked.query) {
        Ok(search) => search.answer(visit),
        Err(message) => error(StatusCode::BAD_REQUEST, &message),
    }
}

struct Search {
    /// Microseconds since 1970.
    from: i64,
    /// The same; excluded.
    to: i64,
    matches: bool,
    backwards: bool,
    limit: usize,
    skip: usize,
}

impl Search {
    fn of(query: &str) -> Result<Self, String> {
        let mut search = Self { from: 0, to: i64::MAX, matches: true, backwards: true, limit: DEFAULT_LIMIT, skip: 0 };
        for (name, value) in query.split('&').filter_map(|pair| pair.split_once('=')) {
            let value = percent_decoded(&value.replace('+', " "));
            let invalid = || format!("Invalid value for {}: {value}", percent_decoded(name));
            match percent_decoded(name).as_str() {
                "filter[from]" => search.from = micros(&value).ok_or_else(invalid)?,
                "filter[to]" => search.to = micros(&value).ok_or_else(invalid)?,
                "filter[query]" => search.matches = matches!(value.as_str(), "" | "*" | "source:fivetran"),
                "sort" => search.backwards = value == "-timestamp",
                "page[limit]" => {
                    let limit = value.parse().ok().filter(|limit| (1..=MAX_LIMIT).contains(limit));
                    search.limit = limit.ok_or_else(invalid)?;
                }
                "page[cursor]" => search.skip = skip_of(&value).ok_or_else(invalid)?,
                _ => {}
            }
        }
        Ok(search)
    }

    fn answer(&self, visit: &Visit<'_>) -> Reply {
        let (history, happened, table) = (&visit.history, visit.happened, Table::AuditTrail);
        let first = history.first_from(table, self.from, happened);
        let last = history.first_from(table, self.to, happened).max(first);
        // Where the table is not there, the customer sends no logs.
        let none = !self.matches || visit.trail.no_table.contains(&table);
        let there = (first..if none { first } else { last }).filter(|number| history.is_there(*number, happened));
        let mut numbers: Vec<usize> = there.collect();
        if self.backwards {
            numbers.reverse();
        }
        let size = self.limit.min(visit.trail.partition_rows.max(1));
        if visit.trail.lost_from.is_some_and(|lost| self.skip / size >= lost.max(1)) {
            return error(StatusCode::BAD_REQUEST, "Invalid cursor");
        }
        let data: Vec<Value> =
            numbers.iter().skip(self.skip).take(size).map(|number| event(visit, history.entry(*number))).collect();
        let next = self.skip + data.len();
        let mut body = json!({"data": data, "meta": {"elapsed": 12, "request_id": "simulated", "status": "done"}});
        if next < numbers.len()
            && let Some(meta) = body.get_mut("meta").and_then(Value::as_object_mut)
        {
            let cursor = URL_SAFE_NO_PAD.encode(format!("{{\"after\":{next}}}"));
            meta.insert("page".into(), json!({"after": cursor}));
        }
        Reply::json(StatusCode::OK, &body)
    }
}

/// What Fivetran sends of an entry; what it does not send is a sync instead.
fn event(visit: &Visit<'_>, entry: Entry) -> Value {
    let dice = Dice::new(0, &entry.id, 0);
    let (resource_type, resource_id) = &entry.primary;
    let sent = SENT.contains(&(*resource_type, entry.action));
    let is_connection = *resource_type == "CONNECTION";
    let name = match sent {
        true => format!("{}_{}", entry.action.to_lowercase(), resource_type.to_lowercase()),
        false => "sync_connection".into(),
    };
    let actor = entry.user.filter(|_| sent);
    let properties = json!({"old": entry.values.0, "new": entry.values.1});
    let data = match sent {
        true => json!({"actor": actor, "id": resource_id, "properties": properties}),
        false => json!({"status": "SUCCESSFUL"}),
    };
    let shown = if is_connection && sent { resource_id.as_str() } else { "dashboard" };
    let created = Stamp::text_of(entry.at);
    let attributes = json!({
        "event": name,
        "data": data,
        "created": created,
        "connector_type": if is_connection { "postgres" } else { "dashboard" },
        "connector_id": shown,
        "connector_name": shown,
        "connection_id": shown,
        "connection_name": shown,
        "sync_id": (!sent).then(|| dice.hex("sync", 16)),
        "exception_id": null,
        "account_id": visit.history.account_id(),
    });
    json!({
        "id": format!("AwAAAY{}", dice.hex("event", 40)),
        "type": "log",
        "attributes": {
            "timestamp": created, "status": "info", "service": "fivetran", "host": "fivetran",
            "tags": ["source:fivetran"], "message": name, "attributes": attributes,
        },
    })
}

/// Milliseconds since 1970, or RFC 3339.
fn micros(text: &str) -> Option<i64> {
    match text.parse::<i64>() {
        Ok(milliseconds) => milliseconds.checked_mul(1000),
        Err(_) => Stamp::micros_of(text),
    }
}

fn skip_of(cursor: &str) -> Option<usize> {
    let value: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(cursor).ok()?).ok()?;
    value.get("after")?.as_u64().and_then(|after| usize::try_from(after).ok())
}

fn error(status: StatusCode, message: &str) -> Reply {
    Reply::json(status, &json!({"errors": [message]}))
}

//! For each field that a verdict, a count or a sentence rests on: there, absent, null, of a wrong type, and for stamps
//! no instant.

use super::account::{Asked, item, page, part, world};
use super::rules::{self, Wrong};
use super::{request, row, words};
use crate::fake::{Answer, success};
use crate::templates::template;
use fivetran_source::table::{KINDS, RESOURCES};
use serde_json::{Value, json};
use source_kit::Kind;
use source_kit::base::model::CoverageState;
use std::fmt::Write;

/// A field: what it is, the path that gives it, its pointer, what it says where it is there; the kinds that rest on
/// it, and the cases in which they must not be called complete.
type Rests = (&'static str, &'static str, &'static str, Value, &'static str, &'static str);

const UNREAD: &str = "absent, null, odd";

fn fields() -> Vec<Rests> {
    let connector = "a Platform Connector";
    let group = "a Platform Connector of a group";
    let connections = "/v1/connections";
    let mut all = vec![
        (connector, connections, "/config/is_account_level_connector", json!(true), "audit_logging", UNREAD),
        (group, connections, "/paused", json!(false), "audit_logging", UNREAD),
        (group, connections, "/group_id", json!("a"), "audit_logging", UNREAD),
        (group, connections, "/service", json!("fivetran_log"), "audit_logging connection connector_type", UNREAD),
        (group, connections, "/status/setup_state", json!("connected"), "audit_logging", ""),
        ("a log service of a group", "/v1/external-logging", "/enabled", json!(true), "audit_logging", UNREAD),
        ("one that is off", "/v1/external-logging", "/enabled", json!(false), "audit_logging", UNREAD),
        ("that of the account", "/v1/external-logging/account", "/enabled", json!(true), "audit_logging", UNREAD),
        (connector, connections, "/succeeded_at", json!("2026-01-30T10:00:00Z"), "audit_logging", "absent, odd"),
        ("a webhook", "/v1/webhooks", "/active", json!(true), "audit_logging webhook", UNREAD),
        ("a webhook", "/v1/webhooks", "/events", json!(["sync_end"]), "webhook", UNREAD),
        ("a service account", "/v1/users", "/user_type", json!("SERVICE_ACCOUNT"), "api_key", UNREAD),
        ("a person", "/v1/users", "/user_type", json!("REGULAR_USER"), "api_key", UNREAD),
        ("a user", "/v1/users", "/role", json!("Account Administrator"), "access_grant user", "absent, odd"),
        ("a user", "/v1/users", "/active", json!(true), "user", UNREAD),
        ("a user", "/v1/users", "/logged_in_at", json!("2026-01-30T10:00:00Z"), "user", ""),
        ("a team", "/v1/teams", "/role", json!("Account Administrator"), "access_grant team", "absent, odd"),
        ("a member", "/v1/teams/{id}/users", "/role", json!("Team Member"), "team_membership", UNREAD),
        ("a grant", "/v1/users/{id}/groups", "/role", json!("Edit Destination"), "access_grant", "absent, odd"),
        ("a grant", "/v1/users/{id}/connections", "/role", json!("Edit Connection"), "access_grant", "absent, odd"),
        ("a grant", "/v1/teams/{id}/groups", "/role", json!("Edit Destination"), "access_grant", "absent, odd"),
        ("a key", "/v1/system-keys", "/expired_at", json!("2027-01-01T00:00:00Z"), "system_key", "absent, odd"),
        ("a key", "/v1/users/{id}/api-keys", "/key_status", json!("ACTIVE"), "api_key", UNREAD),
        ("a connection", connections, "/status/setup_state", json!("connected"), "connection", UNREAD),
        ("a connection", connections, "/paused", json!(false), "connection", UNREAD),
        ("a destination", "/v1/destinations", "/region", json!("AWS_EU_CENTRAL_1"), "destination", UNREAD),
        (
            "a table",
            "/v1/connections/{id}/schemas",
            "/schemas/s/tables/t/enabled",
            json!(true),
            "connection_schema",
            UNREAD,
        ),
        ("a schema", "/v1/connections/{id}/schemas", "/schemas/s/enabled", json!(true), "connection_schema", UNREAD),
        (
            "all tables",
            "/v1/connections/{id}/schemas",
            "/schemas/s/tables",
            json!({"t": {"enabled": true}}),
            "connection_schema",
            UNREAD,
        ),
        (
            "a column",
            "/v1/connections/{id}/schemas",
            "/schemas/s/tables/t/columns/c/hashed",
            json!(true),
            "connection_schema",
            UNREAD,
        ),
        (
            "a mode",
            "/v1/connections/{id}/schemas",
            "/schemas/s/tables/t/sync_mode",
            json!("HISTORY"),
            "connection_schema",
            "odd",
        ),
        (
            "a permission",
            "/v1/system-keys",
            "/permissions",
            json!([{"resource_type": "USER", "access_level": "READ", "resource_filter": "some"}]),
            "system_key",
            "there, absent, null, odd",
        ),
        (
            "all schemas",
            "/v1/connections/{id}/schemas",
            "/schemas",
            json!({"s": {"enabled": true, "tables": {}}}),
            "connection_schema",
            UNREAD,
        ),
    ];
    for (path, stamps) in [
        ("/v1/users", &["created_at", "logged_in_at"][..]),
        ("/v1/users/{id}/groups", &["created_at"]),
        ("/v1/users/{id}/connections", &["created_at"]),
        ("/v1/users/{id}/api-keys", &["created_at", "last_rotated_at"]),
        ("/v1/teams/{id}/users", &["created_at"]),
        ("/v1/groups", &["created_at"]),
        ("/v1/connections", &["created_at", "succeeded_at", "failed_at"]),
        ("/v1/connections/{id}/certificates", &["validated_date"]),
        ("/v1/destinations/{id}/fingerprints", &["validated_date"]),
        ("/v1/webhooks", &["created_at"]),
        ("/v1/system-keys", &["created_at"]),
        ("/v1/private-links", &["created_at"]),
    ] {
        for stamp in stamps {
            let pointer = Box::leak(format!("/{stamp}").into_boxed_str());
            // What exists was created, access as well; of what may never have happened, null says so.
            let short = match *stamp {
                // Fivetran's own examples of members have none.
                "created_at" if path.starts_with("/v1/teams/") => "odd, no instant",
                "created_at" => "absent, null, odd, no instant",
                "logged_in_at" | "validated_date" => "absent, odd, no instant",
                _ => "odd, no instant",
            };
            all.push(("a stamp", path, pointer, json!("2026-01-30T10:00:00Z"), "audit_event", short));
        }
    }
    all
}

/// An item, or the object, with the field as it is in a case.
fn changed(mut item: Value, pointer: &str, value: Option<&Value>) -> Value {
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    if parent == "/config" {
        item["config"] = json!({});
    }
    let object = item.pointer_mut(parent).unwrap().as_object_mut().unwrap();
    match value {
        Some(value) => object.insert(name.into(), value.clone()),
        None => object.remove(name),
    };
    item
}

fn twist(
    what: &str,
    path: &'static str,
    pointer: &'static str,
    value: Option<Value>,
) -> impl Fn(&Asked<'_>) -> Option<Answer> {
    let what = what.to_string();
    move |asked| {
        let list = RESOURCES.iter().find(|list| list.path == path);
        let own = list.map_or(String::new(), |list| template(list.item_path));
        if what == "a table"
            || what == "a log service of a group"
            || what == "one that is off"
            || what.starts_with("a Platform")
        {
            // Nothing else exports the trail.
            if asked.at == "/v1/external-logging/account" {
                return Some(super::account::error(404, "NotFound"));
            }
        }
        let groups_have_none = what.starts_with("a Platform") || what == "that of the account";
        if groups_have_none && asked.at == "/v1/external-logging" {
            return Some(page(&[], None));
        }
        let is_list = asked.at == path && list.is_some_and(|list| list.page_limit.is_some());
        if !(asked.at == template(path) || asked.at == own) {
            return None;
        }
        let mut one = match list {
            Some(list) => item(list.path, if list.page_limit.is_none() { "acc" } else { "a" }),
            None => part(&asked.at, asked.id),
        };
        if what.starts_with("a Platform") {
            one["service"] = "fivetran_log".into();
            one["config"] = json!({"is_account_level_connector": false});
        }
        Some(match one {
            Value::Array(mut all) => {
                all[0] = changed(all[0].clone(), pointer, value.as_ref());
                page(&all, None)
            }
            one if is_list => page(&[changed(one, pointer, value.as_ref())], None),
            one => success(&changed(one, pointer, value.as_ref())),
        })
    }
}

/// The rows of all fields, judged and in words.
pub fn table(wrong: &mut Wrong) -> String {
    let mut out = String::new();
    for (what, path, pointer, value, kinds, short) in fields() {
        let wanted: Vec<&Kind> =
            KINDS.iter().copied().filter(|kind| kinds.split(' ').any(|one| one == kind.id)).collect();
        writeln!(out, "FIELD {pointer} of GET {path}: {what}").unwrap();
        let odd = if value.is_object() { json!("odd") } else { json!([[]]) };
        let is_text = value.is_string();
        let mut cases = vec![("there", Some(value)), ("absent", None), ("null", Some(Value::Null)), ("odd", Some(odd))];
        if is_text {
            cases.push(("empty", Some(json!(""))));
        }
        if what == "a stamp" {
            cases.push(("no instant", Some(json!("soon"))));
            cases.push(("to come", Some(json!("2031-01-01T00:00:00Z"))));
        }
        for (case, value) in cases {
            let name = format!("{pointer} of GET {path}, {case}");
            let row = row(&world(1, twist(what, path, pointer, value)), "{}", request(&wanted, None, None));
            // An empty text tells as little as one that is none, and what is to come has not happened.
            let as_if = if case == "empty" { "odd" } else { case };
            let must_be_short = as_if == "to come" || short.split(", ").any(|one| one == as_if);
            for coverage in &row.coverage {
                let is_whole = coverage.state == CoverageState::Complete;
                wrong.unless(is_whole != must_be_short, || format!("{name}: {coverage:?}"));
            }
            rules::words(wrong, &name, &row);
            writeln!(out, "  {case}\n{}", words(&row).trim_end_matches('\n')).unwrap();
            for (_, title) in row
                .titles
                .iter()
                .filter(|(kind, title)| *kind == "audit_logging" && title.starts_with("Audit logging by"))
            {
                writeln!(out, "      {title}").unwrap();
            }
        }
    }
    out
}

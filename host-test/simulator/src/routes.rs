//! Which path answers what, and which scope it needs. Adding a resource is a line here.

use super::account::Account;
use super::config::Principal;
use super::protocol::{End, Reply, page, parameter, percent_decoded};
use super::things::Thing;
use super::{keys, logging, network, trust};
use http::StatusCode;
use serde_json::{Value, json};

/// Answers a GET.
pub fn answer(account: &Account, principal: &Principal, path: &str, query: &str) -> Reply {
    let decoded: Vec<String> = path.trim_start_matches('/').split('/').map(percent_decoded).collect();
    let parts: Vec<&str> = decoded.iter().map(String::as_str).collect();
    let below = path.trim_start_matches('/').strip_prefix("v1/").unwrap_or_default();
    let thing = Thing::of(below);
    if let Principal::SystemKey { scopes } = principal {
        if thing.is_some_and(|(thing, _)| thing.users_only) {
            return Reply::error(StatusCode::FORBIDDEN, "Forbidden", "Access denied.");
        }
        let scope = scope_of(&parts).or(thing.and_then(|(thing, _)| thing.scope));
        if let Some(scope) = scope.filter(|scope| !scopes.contains(*scope)) {
            return Reply::forbidden(scope);
        }
    }
    let spec = &account.spec;
    match parts.as_slice() {
        ["v1", "account", "info"] => Reply::success(account.info(matches!(principal, Principal::SystemKey { .. }))),
        ["v1", "roles"] => page(query, account.roles(), End::Null, |index| account.role(index)),
        ["v1", "users"] => page(query, spec.users, End::Absent, |position| account.user(account.user_index(position))),
        ["v1", "teams"] => page(query, spec.teams, End::Null, |index| account.team(index)),
        ["v1", "groups"] => page(query, spec.groups, End::Absent, |index| account.group(index)),
        ["v1", "destinations"] => page(query, account.destinations(), End::Null, |index| account.destination(index)),
        ["v1", "connections"] => page(query, spec.connections, End::Absent, |index| account.connection(index)),
        ["v1", list @ ("users" | "teams" | "groups" | "destinations" | "connections"), id, rest @ ..] => {
            let (what, thing) = match *list {
                "users" => ("user", "User"),
                "teams" => ("team", "Team"),
                "groups" => ("group", "Group"),
                "destinations" => ("destination", "Destination"),
                _ => ("connection", "Connection"),
            };
            match account.find(what, id) {
                Some(index) => item(account, what, index, rest, query),
                None => Reply::not_found(thing, id),
            }
        }
        ["v1", "external-logging", "account"] => match logging::account_log_service(account) {
            Some(service) => Reply::success(service),
            None => Reply::not_found("LogService", "account"),
        },
        ["v1", "external-secrets-managers-entities"] => {
            entities((0..keys::MANAGERS).flat_map(|manager| keys::entities(account, manager)).collect())
        }
        _ => match thing {
            Some((thing, "")) => thing.page(account, query),
            Some((thing, rest)) => below_thing(account, thing, rest, query),
            None => Reply::error(StatusCode::NOT_FOUND, "NotFound", "No such resource."),
        },
    }
}

/// Answers about one item of a thing.
fn below_thing(account: &Account, thing: &Thing, rest: &str, query: &str) -> Reply {
    let (id, more) = rest.split_once('/').unwrap_or((rest, ""));
    let id = percent_decoded(id);
    let (Some(index), details) = thing.find(account, &id) else { return Reply::not_found("Resource", &id) };
    match (thing.path, more) {
        _ if details.is_null() => Reply::not_found("LogService", &id),
        // As documented: without the envelope.
        ("proxy", "") => Reply::json(StatusCode::OK, &details),
        (_, "") => Reply::success(details),
        ("proxy", "connections") => {
            let all = network::proxy_connections(account, index);
            page(query, all.len(), End::Null, |at| all.get(at).cloned().unwrap_or_default())
        }
        ("external-secrets-managers", "entities") => entities(keys::entities(account, index)),
        _ => Reply::error(StatusCode::NOT_FOUND, "NotFound", "No such resource."),
    }
}

/// Entities of vaults come in one page, whose cursor says nothing.
fn entities(items: Vec<Value>) -> Reply {
    Reply::success(json!({"items": items, "next_cursor": null}))
}

/// Past syncs, in the window that the query names.
fn sync_history(account: &Account, index: usize, query: &str) -> Reply {
    let (start, end) = (parameter(query, "start_time"), parameter(query, "end_time"));
    match trust::window(start.as_deref(), end.as_deref()) {
        Ok((from, to)) => {
            let all = trust::syncs(account, index, from, to);
            page(query, all.len(), End::Empty, |at| all.get(at).cloned().unwrap_or_default())
        }
        Err(reply) => reply,
    }
}

/// Answers below one item.
fn item(account: &Account, what: &str, index: usize, rest: &[&str], query: &str) -> Reply {
    let list = |items: Vec<Value>| page(query, items.len(), End::Null, |at| items.get(at).cloned().unwrap_or_default());
    match (what, rest) {
        ("user", []) => Reply::success(account.user(index)),
        ("team", []) => Reply::success(account.team(index)),
        ("group", []) => Reply::success(account.group(index)),
        ("destination", []) => Reply::success(account.destination_details(index)),
        ("connection", []) => Reply::success(account.connection_details(index)),
        ("user" | "team", ["groups"]) => {
            list(account.group_grants(what, index).iter().map(|grant| grant.json()).collect())
        }
        ("user" | "team", ["connections"]) => {
            list(account.connection_grants(what, index).iter().map(|grant| grant.json()).collect())
        }
        ("team", ["users"]) => list(account.members(index).iter().map(|member| member.json()).collect()),
        ("user", ["api-keys"]) => match account.api_key(index) {
            Some(key) => Reply::success(key),
            None => Reply::not_found("ApiKey", &account.user_id(index)),
        },
        ("destination" | "connection", ["certificates"]) => list(trust::certificates(account, what, index)),
        ("destination" | "connection", ["fingerprints"]) => list(trust::fingerprints(account, what, index)),
        ("connection", ["schemas"]) => match trust::schema(account, index) {
            Some(schema) => Reply::success(schema),
            None => Reply::not_found("SchemaConfig", &account.connection_id(index)),
        },
        ("connection", ["errors"]) if account.has_errors => list(account.connection_errors(index)),
        ("connection", ["sync-history"]) => sync_history(account, index, query),
        ("group", ["public-key"]) => Reply::success(account.public_key(index)),
        ("group", ["service-account"]) => Reply::success(account.service_account(index)),
        _ => Reply::error(StatusCode::NOT_FOUND, "NotFound", "No such resource."),
    }
}

/// The scopes that a system key may have here.
pub const SCOPES: [&str; 11] = [
    "ACCOUNT",
    "CONNECTOR",
    "DESTINATION",
    "PRIVATE_LINK",
    "PROXY",
    "REMOTE_EXECUTION_AGENT",
    "ROLES",
    "TEAM",
    "TRANSFORMATION",
    "USER",
    "WEBHOOK",
];

/// The scope that a system key needs; `None` where every key will do.
fn scope_of(parts: &[&str]) -> Option<&'static str> {
    match parts {
        ["v1", "users", ..] => Some("USER"),
        ["v1", "teams", ..] => Some("TEAM"),
        ["v1", "roles"] => Some("ROLES"),
        ["v1", "groups" | "destinations", ..] => Some("DESTINATION"),
        ["v1", "connections", ..] => Some("CONNECTOR"),
        _ => None,
    }
}

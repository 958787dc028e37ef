//! Which path answers what, and which scope it needs. Adding a resource is a line here.

use super::Principal;
use super::account::Account;
use super::protocol::{End, Reply, page, percent_decoded};
use http::StatusCode;
use serde_json::Value;

/// Answers a GET.
pub fn answer(account: &Account, principal: &Principal, path: &str, query: &str) -> Reply {
    let decoded: Vec<String> = path.trim_start_matches('/').split('/').map(percent_decoded).collect();
    let parts: Vec<&str> = decoded.iter().map(String::as_str).collect();
    if let (Some(scope), Principal::SystemKey { scopes }) = (scope_of(&parts), principal)
        && !scopes.contains(scope)
    {
        return Reply::forbidden(scope);
    }
    let spec = &account.spec;
    match parts.as_slice() {
        ["v1", "account", "info"] => Reply::success(account.info(matches!(principal, Principal::SystemKey { .. }))),
        ["v1", "roles"] => page(query, account.roles(), End::Null, |index| account.role(index)),
        ["v1", "users"] => page(query, spec.users, End::Absent, |index| account.user(index)),
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
        _ => Reply::error(StatusCode::NOT_FOUND, "NotFound", "No such resource."),
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
        ("group", ["public-key"]) => Reply::success(account.public_key(index)),
        ("group", ["service-account"]) => Reply::success(account.service_account(index)),
        _ => Reply::error(StatusCode::NOT_FOUND, "NotFound", "No such resource."),
    }
}

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

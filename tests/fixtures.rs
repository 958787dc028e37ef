//! Every body in `../shared/fivetran/fixtures` of an endpoint that is collected becomes evidence.
//! Skipped where that folder is absent: a clone does not have it.
#![cfg(test)] // All of it is test code: what clippy.toml gives to tests holds for helpers too.

mod fake;

use fake::{Answer, FakeWorld, account_info, collect_all, records, reply, session, success};
use fivetran_source::model::{CollectRequest, CoverageState};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// Endpoint as the index writes it, and the kinds that its items become. `{}` is any id.
const COLLECTED: &[(&str, &[&str])] = &[
    ("/v1/account/info", &["account"]),
    ("/v1/roles", &["role"]),
    ("/v1/users", &["user", "audit_event"]),
    ("/v1/users/{}/groups", &["access_grant", "audit_event"]),
    ("/v1/users/{}/connections", &["access_grant", "audit_event"]),
    ("/v1/teams", &["team", "access_grant"]),
    ("/v1/teams/{}/users", &["team_membership"]),
    ("/v1/teams/{}/groups", &["access_grant", "audit_event"]),
    ("/v1/teams/{}/connections", &["access_grant", "audit_event"]),
    ("/v1/groups", &["group", "audit_event"]),
    ("/v1/groups/{}/public-key", &["group"]),
    ("/v1/groups/{}/service-account", &["group"]),
    ("/v1/destinations", &["destination"]),
    ("/v1/destinations/{}", &["destination"]),
    ("/v1/connections", &["connection", "audit_event"]),
    ("/v1/connections/{}", &["connection", "audit_event"]),
];

/// Examples that the OpenAPI document shows under another endpoint than theirs.
const MISPLACED: &[(&str, &str)] = &[("GET_v1__destinations.openapi_example.json", "/v1/destinations/{}")];

fn folder() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/fivetran/fixtures");
    if folder.is_dir() {
        return Some(folder);
    }
    println!("skipped: ../shared/fivetran/fixtures is not here");
    None
}

/// `/v1/users/{userId}/groups` and `/v1/users/x/groups` alike become `/v1/users/{}/groups`.
fn pattern(endpoint: &str) -> String {
    let path = endpoint.trim_start_matches("GET ").split('?').next().unwrap();
    let fixed = [
        "v1",
        "account",
        "info",
        "roles",
        "users",
        "teams",
        "groups",
        "destinations",
        "connections",
        "public-key",
        "service-account",
    ];
    let parts = path.trim_start_matches('/').split('/').map(|part| if fixed.contains(&part) { part } else { "{}" });
    format!("/{}", parts.collect::<Vec<_>>().join("/"))
}

/// A world of one item per list, in which `endpoint` answers with `body`.
fn world(endpoint: String, body: Value) -> FakeWorld<impl Fn(&str) -> Answer> {
    FakeWorld::new(move |request: &str| {
        let pattern = pattern(request);
        if pattern == endpoint {
            return reply(200, body.to_string());
        }
        match pattern.as_str() {
            "/v1/account/info" => account_info(),
            list if list.matches('/').count() == 2 => success(
                &json!({"items": [if list == "/v1/roles" { json!({"name": "one"}) } else { json!({"id": "one"}) }]}),
            ),
            "/v1/groups/{}/public-key" | "/v1/groups/{}/service-account" => success(&json!({})),
            "/v1/destinations/{}" | "/v1/connections/{}" => reply(404, json!({"code": "NotFound"}).to_string()),
            _ => success(&json!({"items": []})),
        }
    })
}

/// The body as Fivetran would send it: with its envelope, and as the last page.
fn enveloped(mut body: Value, enveloped: bool) -> Value {
    if !enveloped {
        body = json!({"code": "Success", "data": body});
    }
    if let Some(data) = body["data"].as_object_mut()
        && data.contains_key("items")
    {
        data.insert("next_cursor".into(), Value::Null);
    }
    body
}

#[test]
fn every_body_of_a_collected_endpoint_becomes_evidence() {
    let Some(folder) = folder() else { return };
    let index: Value = serde_json::from_slice(&std::fs::read(folder.join("INDEX.json")).unwrap()).unwrap();
    let mut seen = Vec::new();
    for entry in index.as_array().unwrap() {
        let (Some(file), Some(endpoint)) = (entry["file"].as_str(), entry["endpoint"].as_str()) else { continue };
        let misplaced = MISPLACED.iter().find(|(known, _)| *known == file).map(|(_, endpoint)| *endpoint);
        let pattern = pattern(misplaced.unwrap_or(endpoint));
        let Some((_, kinds)) = COLLECTED.iter().find(|(known, _)| *known == pattern) else { continue };
        if entry["kind"] != "ok" || !endpoint.starts_with("GET ") {
            continue;
        }
        let raw: Value = serde_json::from_slice(&std::fs::read(folder.join(file)).unwrap()).unwrap();
        let has_envelope = raw.get("data").is_some();
        let body = enveloped(raw, has_envelope);
        let items = body["data"]["items"].as_array().map_or(1, Vec::len);
        let world = world(pattern.clone(), body);
        let pages = collect_all(&world, &session("{}"), CollectRequest::default()).unwrap();
        for kind in *kinds {
            let from_here = records(&pages).into_iter().filter(|record| {
                record.kind == *kind && record.provenance.iter().any(|origin| self::pattern(&origin.request) == pattern)
            });
            assert!(from_here.count() >= items, "{file}: {items} items give fewer {kind} records");
        }
        for coverage in &pages.last().unwrap().coverage {
            assert_eq!(coverage.state, CoverageState::Complete, "{file}: {} {}", coverage.kind, coverage.reason);
        }
        println!(
            "{file}: {} records, drift: {:?}",
            records(&pages).len(),
            pages.iter().flat_map(|page| &page.diagnostics).map(|d| d.message.as_str()).collect::<Vec<_>>()
        );
        seen.push(pattern);
    }
    for (endpoint, _) in COLLECTED {
        assert!(seen.iter().any(|seen| seen == endpoint), "no fixture for {endpoint}");
    }
}

#[test]
fn error_bodies_become_coverage_that_names_what_is_missing() {
    let Some(folder) = folder() else { return };
    let forbidden = std::fs::read_to_string(folder.join("error_403_Forbidden.json")).unwrap();
    let world = FakeWorld::new(move |request: &str| match pattern(request).as_str() {
        "/v1/account/info" => account_info(),
        "/v1/roles" => reply(403, forbidden.clone()),
        _ => success(&json!({"items": []})),
    });
    let pages = collect_all(&world, &session("{}"), CollectRequest::default()).unwrap();
    let role = pages.last().unwrap().coverage.iter().find(|coverage| coverage.kind == "role").unwrap();
    assert_eq!(role.state, CoverageState::Forbidden);
    assert_eq!(role.missing_permission.as_deref(), Some("ROLES:READ"));
}

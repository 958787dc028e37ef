//! Is every GET of Fivetran's API collected, or is it said why not? Does every real body become
//! evidence? Skipped where `../shared/fivetran` is absent: a clone does not have it.

use crate::fake::{Answer, FakeWorld, account_info, collect_all, records, reply, session, success};
use crate::templates::{asked, collected, template as template_of};
use fivetran_source::account;
use fivetran_source::table::RESOURCES;
use fivetran_source::types::Part;
use serde_json::{Value, json};
use source_kit::Proof;
use source_kit::base::model::{CollectRequest, CoverageState};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

const NOT_COLLECTED: &str = include_str!("../../docs/not-collected.md");

/// Newer than the document.
const UNDOCUMENTED: &[&str] =
    &["/v1/connections/{}/errors", "/v1/connections/{}/sync-history", "/v1/users/{}/api-keys"];

/// Examples that the OpenAPI document shows under another endpoint than theirs.
const MISPLACED: &[(&str, &str)] = &[("GET_v1__destinations.openapi_example.json", "/v1/destinations/{}")];

fn shared(name: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/fivetran").join(name);
    if path.exists() {
        return Some(path);
    }
    println!("skipped: ../shared/fivetran/{name} is not here");
    None
}

/// The operations of docs/not-collected.md.
fn excluded() -> BTreeSet<String> {
    let rows = NOT_COLLECTED.lines().filter_map(|line| line.strip_prefix("| `")?.split_once('`'));
    rows.map(|(operation, why)| {
        assert!(why.trim_matches([' ', '|']).len() > 10, "{operation} has no reason");
        template_of(operation)
    })
    .collect()
}

#[test]
fn every_get_of_the_document_is_collected_or_it_is_said_why_not() {
    let Some(file) = shared("openapi.json") else { return };
    let document: Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
    let paths = document["paths"].as_object().unwrap();
    let gets: BTreeSet<String> = paths
        .iter()
        .filter(|(_, operations)| operations.get("get").is_some())
        .map(|(path, _)| template_of(path))
        .collect();
    let collected: BTreeSet<String> = collected().into_iter().map(|(path, _)| path).collect();
    let excluded = excluded();
    for path in &gets {
        let ways = u8::from(collected.contains(path)) + u8::from(excluded.contains(path));
        assert_eq!(ways, 1, "{path}: collected or in docs/not-collected.md, one of the two");
    }
    for path in collected.iter().chain(&excluded) {
        assert!(gets.contains(path) || UNDOCUMENTED.contains(&path.as_str()), "{path} is not in the document");
    }
    println!("{} operations: {} collected, {} excluded", gets.len(), collected.len(), excluded.len());
}

/// What a list gives that is not looked at: one item of this id, such that every part is called.
fn one_item(list: &str, services: &[String], id: &str) -> Value {
    let connection = |service: &String| json!({"id": if service == "one" { id } else { service }, "service": service});
    match list {
        "/v1/roles" => json!({"items": [{"name": id}]}),
        "/v1/users" => json!({"items": [{"id": id, "user_type": "SERVICE_ACCOUNT"}]}),
        "/v1/connections" => json!({"items": services.iter().map(connection).collect::<Vec<_>>()}),
        "/v1/external-logging" => json!({"items": [{"id": id, "enabled": true}]}),
        _ => json!({"items": [{"id": id}]}),
    }
}

fn parts() -> impl Iterator<Item = &'static Part> {
    RESOURCES.iter().flat_map(|resource| resource.parts)
}

/// A world of one item per list, in which `endpoint` answers with `body`.
fn world(endpoint: String, body: Value) -> FakeWorld<impl Fn(&str) -> Answer> {
    let mut services: Vec<String> = vec!["one".into()];
    if endpoint == "/v1/metadata/connector-types" {
        let items = body["data"]["items"].as_array().unwrap();
        services = items.iter().map(|item| item["id"].as_str().unwrap().into()).collect();
    }
    let id = ["id", "user_id"].iter().find_map(|field| body["data"][field].as_str()).unwrap_or("one").to_string();
    FakeWorld::new(move |request: &str| {
        let template = asked(request);
        if template == endpoint {
            return reply(200, body.to_string());
        }
        match RESOURCES.iter().find(|resource| resource.path == template) {
            _ if template == account::PATH => account_info(),
            Some(resource) if resource.page_limit.is_some() => success(&one_item(&template, &services, &id)),
            Some(_) => reply(404, json!({"code": "NotFound_LogService"}).to_string()),
            None if parts().any(|part| template_of(part.path) == template && part.page_limit.is_some()) => {
                success(&json!({"items": []}))
            }
            None => {
                let asked_for = request.split(['/', '?']).nth(3).unwrap();
                match parts().find(|part| template_of(part.path) == template).map(|part| part.proof) {
                    Some(Proof::Has(field)) => success(&json!({field: "x"})),
                    Some(Proof::Id(field)) => success(&json!({field: asked_for, "service": asked_for})),
                    _ => success(&json!({"id": asked_for})),
                }
            }
        }
    })
}

/// The body as Fivetran would send it: with its envelope, and as the last page.
fn enveloped(mut body: Value) -> Value {
    if body.get("data").is_none() {
        body = json!({"code": "Success", "data": body});
    }
    if let Some(data) = body["data"].as_object_mut()
        && data.contains_key("items")
    {
        data.insert("next_cursor".into(), Value::Null);
    }
    body
}

fn check_body(file: &str, template: &str, kind: &str, body: Value) -> usize {
    let items = body["data"]["items"].as_array().map_or(1, Vec::len);
    let world = world(template.into(), body);
    let request = CollectRequest {
        kinds: if kind == "sync_run" { vec!["sync_run".into()] } else { Vec::new() },
        ..CollectRequest::default()
    };
    let pages = collect_all(&world, &session("{}"), request).unwrap();
    let from_here = records(&pages).into_iter().filter(|record| {
        record.kind == kind && record.provenance.iter().any(|origin| asked(&origin.request) == template)
    });
    let found = from_here.count();
    let wanted = if template.ends_with("/entities") { 1 } else { items };
    assert!(found >= wanted, "{file}: {items} items give {found} {kind} records");
    for coverage in &pages.last().unwrap().coverage {
        // Some documented examples leave out what a verdict rests on, which then is said.
        let is_told = coverage.code == "not-told";
        let is_whole = coverage.state == CoverageState::Complete;
        assert!(is_whole || is_told, "{file}: {} {}", coverage.kind, coverage.reason);
    }
    found
}

#[test]
fn every_real_body_becomes_evidence_or_it_is_said_why_not() {
    let Some(folder) = shared("fixtures") else { return };
    let index: Value = serde_json::from_slice(&std::fs::read(folder.join("INDEX.json")).unwrap()).unwrap();
    let (collected, excluded) = (collected(), excluded());
    let mut seen = BTreeSet::new();
    for entry in index.as_array().unwrap() {
        let (Some(file), Some(endpoint)) = (entry["file"].as_str(), entry["endpoint"].as_str()) else { continue };
        let Some(path) = endpoint.strip_prefix("GET ").filter(|_| entry["kind"] == "ok") else { continue };
        let misplaced = MISPLACED.iter().find(|(known, _)| *known == file).map(|(_, endpoint)| *endpoint);
        let template = template_of(misplaced.unwrap_or(path).split('?').next().unwrap());
        let Some((_, kind)) = collected.iter().find(|(known, _)| *known == template) else {
            assert!(excluded.contains(&template), "{file} ({template}) is neither collected nor excluded");
            continue;
        };
        let raw: Value = serde_json::from_slice(&std::fs::read(folder.join(file)).unwrap()).unwrap();
        let found = check_body(file, &template, kind, enveloped(raw));
        println!("{file}: {found} records");
        seen.insert(template);
    }
    for (path, _) in &collected {
        let known = seen.contains(path) || ["errors", "sync-history"].iter().any(|end| path.ends_with(end));
        assert!(known, "no fixture for {path}");
    }
}

#[test]
fn error_bodies_become_coverage_that_names_what_is_missing() {
    let Some(folder) = shared("fixtures") else { return };
    let forbidden = std::fs::read_to_string(folder.join("error_403_Forbidden.json")).unwrap();
    let world = FakeWorld::new(move |request: &str| match asked(request).as_str() {
        "/v1/account/info" => account_info(),
        "/v1/roles" => reply(403, forbidden.clone()),
        _ => success(&json!({"items": []})),
    });
    let pages = collect_all(&world, &session("{}"), CollectRequest::default()).unwrap();
    let role = pages.last().unwrap().coverage.iter().find(|coverage| coverage.kind == "role").unwrap();
    assert_eq!(role.state, CoverageState::Forbidden);
    assert_eq!(role.missing_permission.as_deref(), Some("ROLES:READ"));
}

//! Is what is served what the inventory says, does a default account show every case that a real one
//! does, and is a large one served without being held?

use crate::client::{Client, serve, small};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use fivetran_simulator::{AccountSpec, Config};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet, HashSet};

/// Native ids per kind, read off the answers alone.
#[derive(Default)]
struct Population(BTreeMap<String, BTreeSet<String>>);

impl Population {
    fn add(&mut self, kind: &str, parts: &[&str]) {
        let encode = |part: &&str| part.bytes().map(encoded).collect::<String>();
        let id = parts.iter().map(encode).collect::<Vec<_>>().join(":");
        assert!(self.0.entry(kind.into()).or_default().insert(id.clone()), "{kind} {id} is there twice");
    }

    fn events(&mut self, on: &[&str], item: &Value, fields: &[&str]) {
        for field in fields {
            let stamp = item[field].as_str().filter(|stamp| !stamp.starts_with("1970"));
            if let Some(stamp) = stamp {
                let instant = three_digits(stamp);
                self.add("audit_event", &[on, &[field, &instant]].concat());
            }
        }
    }
}

fn encoded(byte: u8) -> String {
    if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
        char::from(byte).to_string()
    } else {
        format!("%{byte:02X}")
    }
}

/// `…:05Z` and `…:05.123456Z` become `…:05.000Z` and `…:05.123Z`.
fn three_digits(stamp: &str) -> String {
    let (seconds, fraction) =
        stamp.trim_end_matches('Z').split_once('.').unwrap_or((stamp.trim_end_matches('Z'), "000"));
    format!("{seconds}.{}Z", &fraction[..3])
}

fn text<'v>(item: &'v Value, field: &str) -> &'v str {
    item[field].as_str().unwrap()
}

async fn population(client: &Client) -> BTreeMap<String, BTreeSet<String>> {
    let mut all = Population::default();
    let info = client.get("/v1/account/info").await.data();
    let account = text(&info, "account_id");
    all.add("account", &[account]);
    for role in client.walk("/v1/roles", 100).await {
        all.add("role", &[text(&role, "name")]);
    }
    for (list, kind) in [("users", "user"), ("teams", "team")] {
        for item in client.walk(&format!("/v1/{list}"), 100).await {
            let id = text(&item, "id");
            all.add(kind, &[id]);
            all.events(&[kind, id], &item, &["created_at", "logged_in_at"]);
            if !item["role"].is_null() {
                all.add("access_grant", &[kind, id, "account", account]);
            }
            for (below, resource) in [("groups", "group"), ("connections", "connection")] {
                for grant in client.walk(&format!("/v1/{list}/{id}/{below}"), 2).await {
                    let on = [kind, id, resource, text(&grant, "id")];
                    all.add("access_grant", &on);
                    all.events(&[&["access_grant"], &on[..]].concat(), &grant, &["created_at"]);
                }
            }
            if kind == "team" {
                for member in client.walk(&format!("/v1/teams/{id}/users"), 3).await {
                    all.add("team_membership", &[id, text(&member, "user_id")]);
                    all.events(&["team_membership", id, text(&member, "user_id")], &member, &["created_at"]);
                }
            }
        }
    }
    for (list, kind, stamps) in [
        ("/v1/groups", "group", &["created_at"][..]),
        ("/v1/destinations", "destination", &[]),
        ("/v1/connections", "connection", &["created_at", "succeeded_at", "failed_at"]),
    ] {
        for item in client.walk(list, 100).await {
            all.add(kind, &[text(&item, "id")]);
            all.events(&[kind, text(&item, "id")], &item, stamps);
        }
    }
    below_owners(client, &mut all).await;
    small_lists(client, &mut all).await;
    all.0
}

/// Certificates, fingerprints, schemas, platform connectors, keys of service accounts.
async fn below_owners(client: &Client, all: &mut Population) {
    for (list, owner) in [("destinations", "destination"), ("connections", "connection")] {
        for item in client.walk(&format!("/v1/{list}"), 1000).await {
            let id = text(&item, "id");
            for (below, kind) in [("certificates", "certificate"), ("fingerprints", "fingerprint")] {
                for trusted in client.walk(&format!("/v1/{list}/{id}/{below}"), 1).await {
                    let on = [kind, owner, id, text(&trusted, "hash")];
                    all.add(kind, &on[1..]);
                    all.events(&on, &trusted, &["validated_date"]);
                }
            }
            if owner == "connection" {
                all.add("connection_schema", &[id]);
                if item["service"] == "fivetran_log" {
                    all.add("audit_logging", &["platform_connector", id]);
                }
                let schema = client.get(&format!("/v1/connections/{id}/schemas")).await;
                assert!(schema.status == 200 || schema.code() == "NotFound_SchemaConfig");
            }
        }
    }
    for user in client.walk("/v1/users", 1000).await {
        let id = text(&user, "id");
        let key = client.get(&format!("/v1/users/{id}/api-keys")).await;
        if key.status == 200 {
            assert_eq!(user["user_type"], "SERVICE_ACCOUNT");
            all.add("api_key", &[id]);
            all.events(&["api_key", id], &key.data(), &["created_at", "last_rotated_at"]);
        }
    }
}

async fn small_lists(client: &Client, all: &mut Population) {
    all.add("audit_logging", &["groups"]);
    let of_account = client.get("/v1/external-logging/account").await;
    if of_account.status == 200 {
        let data = of_account.data();
        all.add("log_service", &["account", text(&data, "id")]);
        all.add("audit_logging", &["log_service", "account", text(&data, "id")]);
    }
    for service in client.walk("/v1/external-logging", 2).await {
        all.add("log_service", &["group", text(&service, "id")]);
        all.add("audit_logging", &["log_service", "group", text(&service, "id")]);
    }
    let connections = client.walk("/v1/connections", 1000).await;
    let used: HashSet<&str> = connections.iter().map(|connection| text(connection, "service")).collect();
    for service in client.walk("/v1/metadata/connector-types", 7).await {
        if used.contains(text(&service, "id")) {
            all.add("connector_type", &[text(&service, "id")]);
        }
    }
    for (list, kind, stamps) in [
        ("webhooks", "webhook", &["created_at"][..]),
        ("system-keys", "system_key", &["created_at", "updated_at", "last_used_at"]),
        ("external-secrets-managers", "external_secrets_manager", &["created_at", "updated_at"]),
        ("private-links", "private_link", &["created_at"]),
        ("proxy", "proxy_agent", &["registered_at"]),
        ("hybrid-deployment-agents", "hybrid_deployment_agent", &["registered_at", "updated_at", "last_used_at"]),
        ("connector-sdk/packages", "connector_sdk_package", &["created_at", "updated_at"]),
        ("transformations", "transformation", &["created_at", "last_started_at"]),
        ("transformation-projects", "transformation_project", &["created_at"]),
    ] {
        for item in client.walk(&format!("/v1/{list}"), 2).await {
            let id = text(&item, "id");
            all.add(kind, &[id]);
            all.events(&[kind, id], &item, stamps);
            if kind == "webhook" {
                all.add("audit_logging", &["webhook", id]);
            }
        }
    }
}

#[tokio::test]
async fn the_inventory_is_what_is_served() {
    for account in [
        small().account,
        AccountSpec { seed: 9, ..AccountSpec::default() },
        AccountSpec { seed: 5, users: 1, teams: 1, groups: 1, connections: 1 },
    ] {
        let (simulator, client) = serve(Config { account, ..small() }).await;
        assert_eq!(population(&client).await, simulator.inventory());
    }
}

#[tokio::test]
async fn errors_of_connections_are_served_where_the_account_takes_part_in_the_preview() {
    for takes_part in [false, true] {
        let (simulator, client) = serve(Config { connection_errors: takes_part, ..small() }).await;
        let mut served = Population::default();
        for connection in client.walk("/v1/connections", 100).await {
            let id = text(&connection, "id");
            let path = format!("/v1/connections/{id}/errors");
            if !takes_part {
                assert_eq!(client.get(&path).await.status, 404);
                continue;
            }
            let status = &connection["status"];
            let mut codes: Vec<&str> = Vec::new();
            for list in ["tasks", "warnings"] {
                codes.extend(status[list].as_array().unwrap().iter().map(|alert| text(alert, "code")));
            }
            let all = client.walk(&path, 1).await;
            assert_eq!(all.iter().map(|error| text(error, "type")).collect::<Vec<_>>(), codes);
            all.iter().for_each(|error| served.add("connection_error", &[id, text(error, "type")]));
        }
        assert_eq!(served.0.get("connection_error"), simulator.inventory().get("connection_error"));
        assert_eq!(served.0.is_empty(), !takes_part);
    }
}

#[tokio::test]
async fn an_empty_account_has_empty_lists() {
    let account = AccountSpec { seed: 1, users: 0, teams: 0, groups: 0, connections: 0 };
    let (simulator, client) = serve(Config { account, ..small() }).await;
    let population = population(&client).await;
    for list in ["user", "team", "access_grant", "group", "destination", "connection", "connector_type"] {
        assert!(!population.contains_key(list), "{list}");
    }
    assert_eq!(simulator.inventory(), population);
}

/// Fails unless some items do and, but for `always`, some do not.
fn check_some(items: &[Value], what: &str, holds: impl Fn(&Value) -> bool) {
    let count = items.iter().filter(|item| holds(item)).count();
    assert!(count > 0 && count < items.len(), "{count} of {} {what}", items.len());
}

fn is(field: &str, value: impl Into<Value>) -> impl Fn(&Value) -> bool {
    let value = value.into();
    move |item| item.pointer(field).unwrap_or(&Value::Null) == &value
}

#[tokio::test]
async fn a_default_account_has_people_and_roles_of_every_sort() {
    let (_simulator, client) = serve(Config::default()).await;
    let users = client.walk("/v1/users", 1000).await;
    check_some(&users, "users are suspended", is("/active", false));
    check_some(&users, "users are invited", is("/invited", true));
    check_some(&users, "users are not verified", is("/verified", false));
    check_some(&users, "users have no account role", is("/role", Value::Null));
    check_some(&users, "users never logged in", is("/logged_in_at", Value::Null));
    check_some(&users, "users are service accounts", is("/user_type", "SERVICE_ACCOUNT"));
    check_some(&users, "users have no e-mail", is("/email", Value::Null));
    check_some(&users, "users have no phone", is("/phone", Value::Null));
    check_some(&users, "users have no picture", is("/picture", Value::Null));
    for digits in [0, 4, 7] {
        check_some(&users, "stamps have so many digits", |user| text(user, "created_at").len() == 20 + digits);
    }
    for user in &users {
        let is_example =
            |email: &str| [".com", ".org", ".net"].iter().any(|end| email.ends_with(&format!("@example{end}")));
        assert!(user["email"].as_str().is_none_or(is_example));
        assert!(
            user["logged_in_at"].as_str().is_none_or(|at| three_digits(at) >= three_digits(text(user, "created_at")))
        );
    }
    let teams = client.walk("/v1/teams", 1000).await;
    check_some(&teams, "teams have no account role", is("/role", Value::Null));
    let mut members = Vec::new();
    for team in &teams {
        members.extend(client.walk(&format!("/v1/teams/{}/users", text(team, "id")), 1000).await);
    }
    check_some(&members, "members have no stamp", |member| member.get("created_at").is_none());
    check_some(&members, "members are managers", is("/role", "Team Manager"));
    let roles = client.walk("/v1/roles", 1000).await;
    check_some(&roles, "roles are custom", is("/is_custom", true));
    check_some(&roles, "roles are deprecated", is("/is_deprecated", true));
    check_some(&roles, "roles are perhaps deprecated", is("/is_deprecated", Value::Null));
    check_some(&roles, "roles are not replaced", is("/replacement_role_name", Value::Null));
}

/// A list with the details of each item.
async fn details(client: &Client, list: &str) -> Vec<Value> {
    let mut all = Vec::new();
    for item in client.walk(list, 1000).await {
        all.push(client.get(&format!("{list}/{}", text(&item, "id"))).await.data());
    }
    all
}

#[tokio::test]
async fn a_default_account_has_connections_and_destinations_in_every_state() {
    let (_simulator, client) =
        serve(Config { account: AccountSpec { groups: 60, ..AccountSpec::default() }, ..Config::default() }).await;
    let connections = details(&client, "/v1/connections").await;
    for (field, values) in [
        ("/status/setup_state", &["connected", "broken", "incomplete"][..]),
        ("/status/sync_state", &["scheduled", "syncing", "paused", "rescheduled"]),
        ("/status/update_state", &["on_schedule", "delayed"]),
        ("/networking_method", &["Directly", "SshTunnel", "PrivateLink", "ProxyAgent"]),
        ("/schedule_type", &["auto", "manual"]),
        ("/succeeded_at", &["1970-01-01T00:00:00.000000Z"]),
        ("/setup_tests/0/status", &["PASSED", "FAILED"]),
        ("/service", &["postgres", "salesforce", "s3", "github", "connector_sdk", "fivetran_log", "stripe"]),
    ] {
        values.iter().for_each(|value| {
            check_some(&connections, &format!("connections have {field} {value}"), is(field, *value))
        });
    }
    check_some(&connections, "connections are paused", is("/paused", true));
    check_some(&connections, "connections never synced", is("/succeeded_at", Value::Null));
    check_some(&connections, "connections never failed", is("/failed_at", Value::Null));
    check_some(&connections, "connections have tasks", |item| item.pointer("/status/tasks/0/code").is_some());
    check_some(&connections, "connections were connected by nobody", is("/connected_by", Value::Null));
    check_some(&connections, "connections have a connect card", |item| {
        item["connect_card"]["token"].as_str().is_some_and(|token| token.starts_with("eyJ"))
    });
    check_some(&connections, "configs hide something", |item| item["config"].to_string().contains("\"******\""));
    let users: HashSet<String> =
        client.walk("/v1/users", 1000).await.iter().map(|user| text(user, "id").into()).collect();
    check_some(&connections, "connections were connected by a deleted user", |item| {
        item["connected_by"].as_str().is_some_and(|id| !users.contains(id))
    });
    let destinations = details(&client, "/v1/destinations").await;
    check_some(&destinations, "destinations are connected", is("/setup_status", "CONNECTED"));
    check_some(&destinations, "destinations are connected", is("/setup_status", "connected"));
    check_some(&destinations, "destinations do not say how they are reached", is("/networking_method", Value::Null));
    check_some(&destinations, "ports are texts", |item| item["config"]["port"].is_string());
    check_some(&destinations, "destinations show a secret", |item| item["config"]["storage_account_key"].is_string());
    check_some(&destinations, "destinations are behind a private link", |item| item["private_link_id"].is_string());
}

#[tokio::test]
async fn three_hundred_thousand_connections_are_served_without_being_held() {
    const CONNECTIONS: usize = 300_000;
    let account = AccountSpec { connections: CONNECTIONS, ..AccountSpec::default() };
    let (simulator, client) = serve(Config { account, ..Config::default() }).await;
    let inventory = simulator.inventory();
    assert_eq!(inventory["connection"].len(), CONNECTIONS);
    let mut ids = BTreeSet::new();
    for skip in [0, 1_000, 150_000, 298_000, 299_000] {
        let cursor = URL_SAFE_NO_PAD.encode(format!("{{\"skip\":{skip}}}"));
        let data = client.get(&format!("/v1/connections?limit=1000&cursor={cursor}")).await.data();
        assert_eq!(data["next_cursor"].is_string(), skip + 1_000 < CONNECTIONS);
        ids.extend(data["items"].as_array().unwrap().iter().map(|item| text(item, "id").to_string()));
    }
    assert_eq!(ids.len(), 5_000);
    assert!(ids.is_subset(&inventory["connection"]));
    for id in ids.iter().step_by(500) {
        assert_eq!(client.get(&format!("/v1/connections/{id}")).await.data()["id"], id.as_str());
    }
}

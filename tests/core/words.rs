//! What a record says of a field that is absent, null or of a wrong type. Null may mean "none" where
//! Fivetran documents it so; absent and odd mean that nothing is known, and no sentence and no content
//! may say more than that.

use crate::fake::{Answer, FakeWorld, account_info, collect_all, records, session, success};
use crate::templates::asked;
use serde_json::{Value, json};
use source_kit::base::model::{CollectRequest, Record};

/// One field of one kind.
struct Row {
    kind: &'static str,
    /// The list that holds the item, as a template.
    endpoint: &'static str,
    /// The item with every field.
    item: fn() -> Value,
    /// JSON pointer of the field in it.
    field: &'static str,
    /// Titles: as the item is, without the field, with null, and with something of a wrong type.
    titles: [&'static str; 4],
    /// Pointer in the content, and what is there in these four cases.
    content: (&'static str, fn() -> [Value; 4]),
}

fn user() -> Value {
    json!({"id": "one", "role": "Admin", "active": true, "has_api_key": true, "logged_in_at": "2026-01-01T00:00:00Z"})
}

fn team() -> Value {
    json!({"id": "one", "role": "Admin"})
}

fn member() -> Value {
    json!({"user_id": "ada", "role": "Team Manager"})
}

fn grant() -> Value {
    json!({"id": "warehouse", "role": "Analyst"})
}

fn role() -> Value {
    json!({"name": "one", "scope": ["ACCOUNT"], "is_custom": true, "is_deprecated": true})
}

fn connection() -> Value {
    json!({"id": "one", "service": "s3", "paused": true, "succeeded_at": "2026-01-01T00:00:00Z", "failed_at": "2026-01-01T00:00:00Z",
        "status": {"setup_state": "connected", "tasks": [{"code": "a"}], "warnings": [{"code": "b"}]}})
}

fn log_service() -> Value {
    json!({"id": "one", "service": "loki", "enabled": true, "status": {"setup_state": "connected", "tasks": []}})
}

fn webhook() -> Value {
    json!({"id": "one", "url": "https://a.example", "active": true, "events": ["sync_end"], "secret": "******", "type": "group",
        "group_id": "warehouse"})
}

/// As it was before `type` told what a webhook is about.
fn untyped_webhook() -> Value {
    json!({"id": "one", "active": true, "group_id": "warehouse"})
}

fn system_key() -> Value {
    json!({"id": "one", "expired_at": "2027-01-01T00:00:00Z", "permissions": [{"resource_type": "USER", "access_level": "READ"}]})
}

fn package() -> Value {
    json!({"id": "one", "connection_id": "c"})
}

fn shared_package() -> Value {
    json!({"id": "one", "connection_id": null, "connection_ids": ["c", "d"]})
}

fn connector_type() -> Value {
    json!({"id": "s3", "service_status": "beta", "supported_features": [{"id": "HASHING"}], "supports_schema_reload": true})
}

fn proxy() -> Value {
    json!({"id": "one", "status": "CONNECTED", "usage": [{"id": "c"}]})
}

fn hybrid() -> Value {
    json!({"id": "one", "online": true, "usage": [{"connection_id": "c"}]})
}

fn sync_run() -> Value {
    json!({"sync_id": "s", "start_time": "2026-01-30T00:00:00Z", "end_time": "2026-01-30T01:00:00Z", "status": "SUCCESSFUL"})
}

fn transformation() -> Value {
    json!({"id": "one", "status": "SUCCEEDED", "paused": true})
}

fn schema() -> Value {
    json!({"schemas": {"a": {"enabled": true, "tables": {}}}})
}

fn project() -> Value {
    json!({"id": "one", "status": "READY", "errors": [{"message": "m"}], "project_config": {"environment_vars": ["A=b"]}})
}

fn nulls_but(value: Value) -> [Value; 4] {
    [value, Value::Null, Value::Null, Value::Null]
}

const ROWS: &[Row] = &[
    Row {
        kind: "user",
        endpoint: "/v1/users",
        item: user,
        field: "/role",
        titles: [
            "User one: account role Admin",
            "User one: account role unknown",
            "User one: no account role",
            "User one: account role unknown",
        ],
        content: ("/role", || nulls_but(json!("Admin"))),
    },
    Row {
        kind: "user",
        endpoint: "/v1/users",
        item: user,
        field: "/active",
        titles: [
            "User one: account role Admin",
            "User one: state unknown, account role Admin",
            "User one: state unknown, account role Admin",
            "User one: state unknown, account role Admin",
        ],
        content: ("/active", || nulls_but(json!(true))),
    },
    Row {
        kind: "user",
        endpoint: "/v1/users",
        item: user,
        field: "/has_api_key",
        titles: ["User one: account role Admin"; 4],
        content: ("/has_api_key", || nulls_but(json!(true))),
    },
    Row {
        kind: "team",
        endpoint: "/v1/teams",
        item: team,
        field: "/role",
        titles: [
            "Team one: account role Admin",
            "Team one: account role unknown",
            "Team one: no account role",
            "Team one: account role unknown",
        ],
        content: ("/role", || nulls_but(json!("Admin"))),
    },
    Row {
        kind: "team_membership",
        endpoint: "/v1/teams/{}/users",
        item: member,
        field: "/role",
        titles: [
            "User ada is Team Manager of team one",
            "User ada is in team one, role unknown",
            "User ada is in team one, role unknown",
            "User ada is in team one, role unknown",
        ],
        content: ("/role", || nulls_but(json!("Team Manager"))),
    },
    Row {
        kind: "access_grant",
        endpoint: "/v1/users/{}/groups",
        item: grant,
        field: "/role",
        titles: [
            "User one holds Analyst on group warehouse",
            "User one holds an unknown role on group warehouse",
            "User one holds no named role on group warehouse",
            "User one holds an unknown role on group warehouse",
        ],
        content: ("/role", || nulls_but(json!("Analyst"))),
    },
    Row {
        kind: "role",
        endpoint: "/v1/roles",
        item: role,
        field: "/is_custom",
        titles: [
            "Custom role one, deprecated",
            "Role one, custom or not unknown, deprecated",
            "Role one, custom or not unknown, deprecated",
            "Role one, custom or not unknown, deprecated",
        ],
        content: ("/is_custom", || nulls_but(json!(true))),
    },
    Row {
        kind: "role",
        endpoint: "/v1/roles",
        item: role,
        field: "/is_deprecated",
        titles: [
            "Custom role one, deprecated",
            "Custom role one",
            "Custom role one",
            "Custom role one, deprecated or not unknown",
        ],
        content: ("/is_deprecated", || nulls_but(json!(true))),
    },
    Row {
        kind: "role",
        endpoint: "/v1/roles",
        item: role,
        field: "/scope",
        titles: ["Custom role one, deprecated"; 4],
        content: ("/scope", || nulls_but(json!(["ACCOUNT"]))),
    },
    Row {
        kind: "connection",
        endpoint: "/v1/connections",
        item: connection,
        field: "/paused",
        titles: [
            "Connection one (s3): connected, paused",
            "Connection one (s3): connected, paused or not unknown",
            "Connection one (s3): connected, paused or not unknown",
            "Connection one (s3): connected, paused or not unknown",
        ],
        content: ("/paused", || nulls_but(json!(true))),
    },
    Row {
        kind: "connection",
        endpoint: "/v1/connections",
        item: connection,
        field: "/status",
        titles: [
            "Connection one (s3): connected, paused",
            "Connection one (s3): state unknown, paused",
            "Connection one (s3): state unknown, paused",
            "Connection one (s3): state unknown, paused",
        ],
        content: ("/status/setup_state", || nulls_but(json!("connected"))),
    },
    Row {
        kind: "connection",
        endpoint: "/v1/connections",
        item: connection,
        field: "/status/tasks",
        titles: ["Connection one (s3): connected, paused"; 4],
        content: ("/status/tasks", || nulls_but(json!(["a"]))),
    },
    Row {
        kind: "connection",
        endpoint: "/v1/connections",
        item: connection,
        field: "/status/warnings",
        titles: ["Connection one (s3): connected, paused"; 4],
        content: ("/status/warnings", || nulls_but(json!(["b"]))),
    },
    Row {
        kind: "log_service",
        endpoint: "/v1/external-logging",
        item: log_service,
        field: "/enabled",
        titles: [
            "Log service loki of group one: enabled",
            "Log service loki of group one: state unknown",
            "Log service loki of group one: state unknown",
            "Log service loki of group one: state unknown",
        ],
        content: ("/enabled", || nulls_but(json!(true))),
    },
    Row {
        kind: "log_service",
        endpoint: "/v1/external-logging",
        item: log_service,
        field: "/status/tasks",
        titles: ["Log service loki of group one: enabled"; 4],
        content: ("/tasks", || nulls_but(json!([]))),
    },
    Row {
        kind: "audit_logging",
        endpoint: "/v1/external-logging",
        item: log_service,
        field: "/enabled",
        titles: [
            "Audit logging by log service one of the group: enabled, healthy",
            "Audit logging by log service one of the group: state unknown, healthy",
            "Audit logging by log service one of the group: state unknown, healthy",
            "Audit logging by log service one of the group: state unknown, healthy",
        ],
        content: ("/enabled", || nulls_but(json!(true))),
    },
    Row {
        kind: "audit_logging",
        endpoint: "/v1/external-logging",
        item: log_service,
        field: "/status/tasks",
        titles: [
            "Audit logging by log service one of the group: enabled, healthy",
            "Audit logging by log service one of the group: enabled",
            "Audit logging by log service one of the group: enabled",
            "Audit logging by log service one of the group: enabled",
        ],
        content: ("/healthy", || nulls_but(json!(true))),
    },
    Row {
        kind: "audit_logging",
        endpoint: "/v1/webhooks",
        item: untyped_webhook,
        field: "/group_id",
        titles: [
            "Audit logging by webhook one of the group: enabled, healthy",
            "Audit logging by webhook one of the unknown scope: enabled, healthy",
            "Audit logging by webhook one of the account: enabled, healthy",
            "Audit logging by webhook one of the unknown scope: enabled, healthy",
        ],
        content: ("/scope", || [json!("group"), Value::Null, json!("account"), Value::Null]),
    },
    Row {
        kind: "webhook",
        endpoint: "/v1/webhooks",
        item: webhook,
        field: "/active",
        titles: [
            "Webhook one to https://a.example: active, 1 events",
            "Webhook one to https://a.example: state unknown, 1 events",
            "Webhook one to https://a.example: state unknown, 1 events",
            "Webhook one to https://a.example: state unknown, 1 events",
        ],
        content: ("/active", || nulls_but(json!(true))),
    },
    Row {
        kind: "webhook",
        endpoint: "/v1/webhooks",
        item: webhook,
        field: "/events",
        titles: [
            "Webhook one to https://a.example: active, 1 events",
            "Webhook one to https://a.example: active, events unknown",
            "Webhook one to https://a.example: active, events unknown",
            "Webhook one to https://a.example: active, events unknown",
        ],
        content: ("/events", || nulls_but(json!(["sync_end"]))),
    },
    Row {
        // Whatever stands there, something does.
        kind: "webhook",
        endpoint: "/v1/webhooks",
        item: webhook,
        field: "/secret",
        titles: ["Webhook one to https://a.example: active, 1 events"; 4],
        content: ("/signed", || [json!(true), Value::Null, json!(false), json!(true)]),
    },
    Row {
        kind: "webhook",
        endpoint: "/v1/webhooks",
        item: webhook,
        field: "/url",
        titles: [
            "Webhook one to https://a.example: active, 1 events",
            "Webhook one to an unreadable address: active, 1 events",
            "Webhook one to an unreadable address: active, 1 events",
            "Webhook one to an unreadable address: active, 1 events",
        ],
        content: ("/origin", || nulls_but(json!("https://a.example"))),
    },
    Row {
        kind: "system_key",
        endpoint: "/v1/system-keys",
        item: system_key,
        field: "/expired_at",
        titles: [
            "System key one: expires at 2027-01-01T00:00:00Z",
            "System key one: expiry unknown",
            "System key one: never expires",
            "System key one: expiry unknown",
        ],
        content: ("/expired_at", || nulls_but(json!("2027-01-01T00:00:00Z"))),
    },
    Row {
        kind: "system_key",
        endpoint: "/v1/system-keys",
        item: system_key,
        field: "/permissions",
        titles: ["System key one: expires at 2027-01-01T00:00:00Z"; 4],
        content: ("/permissions/0/access_level", || nulls_but(json!("READ"))),
    },
    Row {
        kind: "connector_sdk_package",
        endpoint: "/v1/connector-sdk/packages",
        item: package,
        field: "/connection_id",
        titles: [
            "Custom connector code one of connection c",
            "Custom connector code one, use unknown",
            "Custom connector code one, not in use",
            "Custom connector code one, use unknown",
        ],
        content: ("/connection_id", || nulls_but(json!("c"))),
    },
    Row {
        // Null of the older field says "not in use" only where the newer one says nothing else.
        kind: "connector_sdk_package",
        endpoint: "/v1/connector-sdk/packages",
        item: shared_package,
        field: "/connection_ids",
        titles: [
            "Custom connector code one of connection c and others",
            "Custom connector code one, not in use",
            "Custom connector code one, not in use",
            "Custom connector code one, use unknown",
        ],
        content: ("/connection_ids", || nulls_but(json!(["c", "d"]))),
    },
    Row {
        kind: "connector_type",
        endpoint: "/v1/metadata/connector-types",
        item: connector_type,
        field: "/supported_features",
        titles: ["Connector type s3: beta"; 4],
        content: ("/supported_features", || nulls_but(json!(["HASHING"]))),
    },
    Row {
        kind: "connector_type",
        endpoint: "/v1/metadata/connector-types",
        item: connector_type,
        field: "/supports_schema_reload",
        titles: ["Connector type s3: beta"; 4],
        content: ("/supports_schema_reload", || nulls_but(json!(true))),
    },
    Row {
        kind: "proxy_agent",
        endpoint: "/v1/proxy",
        item: proxy,
        field: "/usage",
        titles: ["Proxy agent one: CONNECTED"; 4],
        content: ("/usage/0/id", || nulls_but(json!("c"))),
    },
    Row {
        kind: "proxy_agent",
        endpoint: "/v1/proxy",
        item: proxy,
        field: "/usage",
        titles: ["Proxy agent one: CONNECTED"; 4],
        content: ("/usage", || nulls_but(json!([{"id": "c", "schema": null, "service": null}]))),
    },
    Row {
        kind: "hybrid_deployment_agent",
        endpoint: "/v1/hybrid-deployment-agents",
        item: hybrid,
        field: "/online",
        titles: [
            "Hybrid deployment agent one: online",
            "Hybrid deployment agent one: state unknown",
            "Hybrid deployment agent one: state unknown",
            "Hybrid deployment agent one: state unknown",
        ],
        content: ("/online", || nulls_but(json!(true))),
    },
    Row {
        kind: "hybrid_deployment_agent",
        endpoint: "/v1/hybrid-deployment-agents",
        item: hybrid,
        field: "/usage",
        titles: ["Hybrid deployment agent one: online"; 4],
        content: ("/connection_ids", || nulls_but(json!(["c"]))),
    },
    Row {
        kind: "sync_run",
        endpoint: "/v1/connections/{}/sync-history",
        item: sync_run,
        field: "/start_time",
        titles: [
            "Sync of connection one begun at 2026-01-30T00:00:00Z: SUCCESSFUL",
            "Sync of connection one begun at an unknown time: SUCCESSFUL",
            "Sync of connection one never begun: SUCCESSFUL",
            "Sync of connection one begun at an unknown time: SUCCESSFUL",
        ],
        content: ("/start_time", || nulls_but(json!("2026-01-30T00:00:00Z"))),
    },
    Row {
        kind: "sync_run",
        endpoint: "/v1/connections/{}/sync-history",
        item: sync_run,
        field: "/status",
        titles: [
            "Sync of connection one begun at 2026-01-30T00:00:00Z: SUCCESSFUL",
            "Sync of connection one begun at 2026-01-30T00:00:00Z: outcome unknown",
            "Sync of connection one begun at 2026-01-30T00:00:00Z: outcome unknown",
            "Sync of connection one begun at 2026-01-30T00:00:00Z: outcome unknown",
        ],
        content: ("/status", || nulls_but(json!("SUCCESSFUL"))),
    },
    Row {
        kind: "transformation",
        endpoint: "/v1/transformations",
        item: transformation,
        field: "/paused",
        titles: [
            "Transformation one: SUCCEEDED, paused",
            "Transformation one: SUCCEEDED, paused or not unknown",
            "Transformation one: SUCCEEDED, paused or not unknown",
            "Transformation one: SUCCEEDED, paused or not unknown",
        ],
        content: ("/paused", || nulls_but(json!(true))),
    },
    Row {
        kind: "transformation_project",
        endpoint: "/v1/transformation-projects",
        item: project,
        field: "/errors",
        titles: ["Transformation project one: READY"; 4],
        content: ("/errors", || nulls_but(json!(1))),
    },
    Row {
        kind: "transformation_project",
        endpoint: "/v1/transformation-projects",
        item: project,
        field: "/project_config/environment_vars",
        titles: ["Transformation project one: READY"; 4],
        content: ("/environment_variables", || nulls_but(json!(["A"]))),
    },
    Row {
        kind: "connection_schema",
        endpoint: "/v1/connections/{}/schemas",
        item: schema,
        field: "/schemas",
        titles: [
            "Schema of connection one: 0 of 0 tables copied, 0 columns blocked, 0 hashed",
            "Schema of connection one: no schemas are known",
            "Schema of connection one: no schemas are known",
            "Schema of connection one: no schemas are known",
        ],
        content: ("/loaded", || [json!(true), json!(true), json!(true), json!(true)]),
    },
];

/// A world with one item in a list; its details are the same, and lists above it have an item `one`.
fn world(endpoint: &'static str, item: Value) -> FakeWorld<impl Fn(&str) -> Answer> {
    FakeWorld::new(move |request: &str| {
        let path = asked(request);
        let below = endpoint.strip_prefix(path.as_str()).is_some_and(|rest| rest.starts_with("/{}"));
        match path.as_str() {
            "/v1/account/info" => account_info(),
            "/v1/connections/{}/schemas" if path == endpoint => success(&item),
            _ if path == endpoint => success(&json!({"items": [item]})),
            _ if path.strip_suffix("/{}") == Some(endpoint) => success(&item),
            "/v1/connections" => success(&json!({"items": [{"id": "one", "service": "s3"}]})),
            _ if below => success(&json!({"items": [{"id": "one"}]})),
            _ => success(&json!({"items": []})),
        }
    })
}

/// The record of a kind that an item of a list became.
fn record(kind: &str, endpoint: &'static str, item: Value, settings: &str) -> Record {
    let request = CollectRequest { kinds: vec![kind.into()], ..CollectRequest::default() };
    let pages = collect_all(&world(endpoint, item), &session(settings), request).unwrap();
    let of_kind = |record: &&&Record| record.kind == kind && !record.id.ends_with(":groups");
    let all = records(&pages);
    let mut found = all.iter().filter(of_kind);
    let record = found.next().unwrap_or_else(|| panic!("no {kind}"));
    assert!(found.next().is_none(), "one {kind}");
    (*record).clone()
}

/// The item as it is, without the field, with null, and with something of a wrong type.
fn variants(row: &Row) -> [Value; 4] {
    let (parent, name) = row.field.rsplit_once('/').unwrap();
    let with = |value: Option<Value>| {
        let mut item = (row.item)();
        let object = item.pointer_mut(parent).unwrap().as_object_mut().unwrap();
        match value {
            Some(value) => object.insert(name.into(), value),
            None => object.remove(name),
        };
        item
    };
    // No shape of field takes an array in an array.
    let odd =
        if name == "schemas" || name == "status" && row.kind == "connection" { json!("odd") } else { json!([[]]) };
    let odd = if (row.item)().pointer(row.field).unwrap().is_array() { json!("odd") } else { odd };
    [(row.item)(), with(None), with(Some(Value::Null)), with(Some(odd))]
}

#[test]
fn nothing_is_said_of_what_was_not_read() {
    for row in ROWS {
        let want = (row.content.1)();
        for ((item, title), (want, case)) in
            variants(row).into_iter().zip(row.titles).zip(want.into_iter().zip(["there", "absent", "null", "odd"]))
        {
            let record = record(row.kind, row.endpoint, item, "{}");
            assert_eq!(record.title, title, "{} {} {case}", row.kind, row.field);
            let content: Value = serde_json::from_str(&record.content).unwrap();
            let found = content.pointer(row.content.0).cloned().unwrap_or_default();
            assert_eq!(found, want, "{} {} {case}: {}", row.kind, row.field, row.content.0);
        }
    }
}

#[test]
fn an_expiry_that_is_no_instant_is_unknown() {
    for at in ["soon", "", "1970-01-01T00:00:00Z"] {
        let key = json!({"id": "one", "expired_at": at});
        assert_eq!(record("system_key", "/v1/system-keys", key, "{}").title, "System key one: expiry unknown", "{at}");
    }
}

#[test]
fn a_package_names_what_runs_it() {
    for (ids, title) in [
        (json!([]), "Custom connector code one, not in use"),
        (json!(["c"]), "Custom connector code one of connection c"),
        (json!(["c", "d"]), "Custom connector code one of connection c and others"),
    ] {
        let package = json!({"id": "one", "connection_ids": ids});
        assert_eq!(record("connector_sdk_package", "/v1/connector-sdk/packages", package, "{}").title, title);
    }
}

#[test]
fn free_text_is_withheld_unless_the_settings_keep_it() {
    for (kind, endpoint, item, field) in [
        ("team", "/v1/teams", json!({"id": "one", "description": "pw: s3cret"}), "description"),
        ("role", "/v1/roles", json!({"name": "one", "description": "pw: s3cret"}), "description"),
        ("system_key", "/v1/system-keys", json!({"id": "one", "name": "pw: s3cret", "expired_at": null}), "name"),
    ] {
        let left_out = record(kind, endpoint, item.clone(), "{}");
        let content: Value = serde_json::from_str(&left_out.content).unwrap();
        assert_eq!(content[field], Value::Null, "{kind}");
        let withheld: Vec<_> =
            left_out.withheld.iter().map(|one| (one.pointer.clone(), format!("{:?}", one.reason))).collect();
        assert_eq!(withheld, [(format!("/{field}"), "FreeText".to_string())], "{kind}");
        assert!(!format!("{left_out:?}").contains("s3cret"), "{kind}");
        let kept = record(kind, endpoint, item.clone(), r#"{"free_text": "kept"}"#);
        let content: Value = serde_json::from_str(&kept.content).unwrap();
        assert_eq!((&content[field], kept.withheld.len()), (&item[field], 0), "{kind}");
        let mut empty = item;
        empty[field] = "".into();
        assert_eq!(record(kind, endpoint, empty, "{}").withheld, [], "{kind}: nothing was left out");
    }
}

#[test]
fn a_url_whose_password_should_have_been_escaped_does_not_come_out() {
    for url in
        ["https://user:pa55/w0rt5@a.example/x", "https://user:pa55?w0rt5@a.example/x", "https://pa55/w0rt5@a.example/x"]
    {
        let hook = record("webhook", "/v1/webhooks", json!({"id": "one", "url": url}), "{}");
        let project = json!({"id": "one", "project_config": {"git_remote_url": url}});
        let project = record("transformation_project", "/v1/transformation-projects", project, "{}");
        for (record, pointer) in [(hook, "/url"), (project, "/project_config/git_remote_url")] {
            let text = format!("{record:?}");
            assert!(!text.contains("pa55") && !text.contains("w0rt5") && !text.contains("user:"), "{url}: {text}");
            assert!(record.withheld.iter().any(|one| one.pointer == pointer), "{url}: {:?}", record.withheld);
        }
    }
}

#[test]
fn what_a_connection_is_set_to_comes_out_only_if_it_has_the_shape() {
    let config =
        json!({"host": "admin:s3cret@db", "port": 5432, "hosts": ["db1", "root:s3cret@db2"], "database": "app"});
    let connection = record("connection", "/v1/connections", json!({"id": "one", "config": config}), "{}");
    let content: Value = serde_json::from_str(&connection.content).unwrap();
    assert_eq!(content["settings"], json!({"database": "app", "hosts": ["db1"], "port": 5432}));
    let withheld: Vec<_> = connection.withheld.iter().map(|one| one.pointer.as_str()).collect();
    assert_eq!(withheld, ["/config/host", "/config/hosts/1"]);
}

/// Fields by which things are found: they stay.
const IDS: &[&str] = &["id", "name", "hash", "user_id", "sync_id", "account_id", "service", "items", "next_cursor"];

/// Takes away, or makes odd, every field that is not an id.
fn strip(value: &mut Value, odd: bool) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| strip(item, odd)),
        Value::Object(entries) => {
            if !odd {
                entries.retain(|name, _| IDS.contains(&name.as_str()));
            }
            for (name, value) in entries.iter_mut() {
                match value {
                    Value::Array(_) if name == "items" => strip(value, odd),
                    _ if IDS.contains(&name.as_str()) => {}
                    Value::Array(_) | Value::Object(_) => *value = "odd".into(),
                    _ => *value = json!([[]]),
                }
            }
        }
        _ => {}
    }
}

/// Every place in a content that claims something: `false`, zero, an empty list.
fn claims(value: &Value, at: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(entries) => {
            entries.iter().for_each(|(name, value)| claims(value, &format!("{at}/{name}"), found))
        }
        Value::Array(items) if !items.is_empty() => {
            items.iter().enumerate().for_each(|(index, item)| claims(item, &format!("{at}/{index}"), found));
        }
        Value::Null | Value::String(_) => {}
        value if *value == json!(true) => {}
        value => found.push(format!("{at} is {value}")),
    }
}

/// Of every kind: nothing but ids was read, so nothing but ids can be said.
#[test]
fn of_an_item_of_which_only_the_id_was_read_nothing_else_is_said() {
    use crate::fake::answer_of;
    use fivetran_simulator::{AccountSpec, Answers, Config};
    let spec = AccountSpec { seed: 7, users: 30, teams: 2, groups: 2, connections: 60 };
    for odd in [false, true] {
        let answers = Answers::new(Config { account: spec.clone(), ..Config::default() });
        let world = FakeWorld::new(move |path: &str| {
            let mut answer = answer_of(&answers.get(path).0)?;
            let Ok(mut body) = serde_json::from_slice::<Value>(&answer.body) else { return Ok(answer) };
            if path != "/v1/account/info" && answer.status == 200 {
                strip(&mut body["data"], odd);
            }
            answer.body = body.to_string().into_bytes();
            Ok(answer)
        });
        let kinds: Vec<String> = fivetran_source::table::KINDS.iter().map(|kind| kind.id.to_string()).collect();
        let kinds = kinds.into_iter().filter(|kind| !["coverage", "manifest"].contains(&kind.as_str())).collect();
        let pages = collect_all(&world, &session("{}"), CollectRequest { kinds, ..CollectRequest::default() }).unwrap();
        let mut seen = std::collections::BTreeSet::new();
        for record in records(&pages) {
            // Made from all that was read, or reworked elsewhere.
            if ["coverage", "manifest", "not_observable", "connection_schema"].contains(&record.kind)
                || record.id.ends_with(":groups")
            {
                continue;
            }
            seen.insert(record.kind);
            let mut found = Vec::new();
            claims(&serde_json::from_str(&record.content).unwrap(), "", &mut found);
            assert_eq!(found, Vec::<String>::new(), "odd {odd}: {}: {}", record.kind, record.content);
            let title = format!(" {} ", record.title.to_lowercase());
            for word in [" no ", " not ", " never", " none", "without", "unsigned", "inactive", "offline"] {
                let title = title.replace("or not unknown", "");
                assert!(!title.contains(word), "odd {odd}: {}: {}", record.kind, record.title);
            }
        }
        assert!(seen.len() > 18, "{seen:?}");
        println!("odd {odd}: {seen:?}");
    }
}

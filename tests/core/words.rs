//! What a record says of a field that is absent, null or of a wrong type. Null may mean "none" where
//! Fivetran documents it so; absent and odd mean that nothing is known, and no sentence and no content
//! may say more than that. `words.txt` is the table.

use crate::fake::{Answer, FakeWorld, account_info, answer_of, collect_all, records, session, success};
use crate::templates::asked;
use fivetran_simulator::{AccountSpec, Answers, Config};
use serde_json::{Value, json};
use source_kit::base::model::{CollectRequest, CoverageState, Record};

const TABLE: &str = include_str!("words.txt");

/// An item with the fields that the table is about.
fn item(name: &str) -> Value {
    match name {
        "user" => {
            json!({"id": "one", "role": "Admin", "active": true, "has_api_key": true, "logged_in_at": "2026-01-01T00:00:00Z"})
        }
        "team" => json!({"id": "one", "role": "Admin"}),
        "member" => json!({"user_id": "ada", "role": "Team Manager"}),
        "grant" => json!({"id": "warehouse", "role": "Analyst"}),
        "role" => json!({"name": "one", "scope": ["ACCOUNT"], "is_custom": true, "is_deprecated": true}),
        "connection" => {
            json!({"id": "one", "service": "s3", "paused": true, "connected_by": "ada", "private_link_id": "l",
        "proxy_agent_id": "p", "hybrid_deployment_agent_id": "h", "succeeded_at": "2026-01-01T00:00:00Z", "failed_at": "2026-01-01T00:00:00Z",
        "status": {"setup_state": "connected", "tasks": [{"code": "a"}], "warnings": [{"code": "b"}]}})
        }
        "log_service" => {
            json!({"id": "one", "service": "loki", "enabled": true, "status": {"setup_state": "connected", "tasks": []}})
        }
        "webhook" => {
            json!({"id": "one", "url": "https://a.example", "active": true, "events": ["sync_end"], "secret": "******", "type": "group",
        "group_id": "warehouse"})
        }
        "untyped_webhook" => json!({"id": "one", "active": true, "group_id": "warehouse"}),
        "system_key" => {
            json!({"id": "one", "expired_at": "2027-01-01T00:00:00Z", "last_used_at": "2026-01-01T00:00:00Z", "permissions": [{"resource_type": "USER", "access_level": "READ"}]})
        }
        "platform_connector" => {
            json!({"id": "one", "service": "fivetran_log", "group_id": "g", "paused": false, "succeeded_at": "2026-01-31T00:00:00Z",
        "status": {"setup_state": "connected"}, "config": {"is_account_level_connector": true}})
        }
        "destination" => json!({"id": "one", "service": "s3", "region": "AWS_EU_CENTRAL_1", "private_link_id": "l",
            "proxy_agent_id": "p", "hybrid_deployment_agent_id": "h"}),
        "api_key" => json!({"user_id": "one", "key_status": "ACTIVE", "expires_at": "2027-01-01T00:00:00Z"}),
        "package" => json!({"id": "one", "connection_id": "c"}),
        "shared_package" => json!({"id": "one", "connection_id": null, "connection_ids": ["c", "d"]}),
        "connector_type" => {
            json!({"id": "s3", "service_status": "beta", "supported_features": [{"id": "HASHING"}], "supports_schema_reload": true})
        }
        "proxy" => json!({"id": "one", "status": "CONNECTED", "usage": [{"id": "c"}]}),
        "hybrid" => json!({"id": "one", "online": true, "usage": [{"connection_id": "c"}]}),
        "sync_run" => {
            json!({"sync_id": "s", "start_time": "2026-01-30T00:00:00Z", "end_time": "2026-01-30T01:00:00Z", "status": "SUCCESSFUL"})
        }
        "connection_error" => json!({"type": "reconnect", "reason": "r", "created_at": "2026-01-30T00:00:00Z"}),
        "transformation" => json!({"id": "one", "status": "SUCCEEDED", "paused": true}),
        "schema" => json!({"schemas": {"a": {"enabled": true, "tables": {}}}}),
        "project" => {
            json!({"id": "one", "status": "READY", "errors": [{"message": "m"}], "project_config": {"environment_vars": ["A=b"]}})
        }
        other => panic!("there is no item {other}"),
    }
}

/// A world with one item in a list; its details are the same, and lists above it have an item `one`.
fn world(endpoint: &str, item: Value) -> FakeWorld<impl Fn(&str) -> Answer> {
    let endpoint = endpoint.to_string();
    FakeWorld::new(move |request: &str| {
        let path = asked(request);
        let below = endpoint.strip_prefix(path.as_str()).is_some_and(|rest| rest.starts_with("/{}"));
        match path.as_str() {
            "/v1/account/info" => account_info(),
            "/v1/connections/{}/schemas" | "/v1/users/{}/api-keys" if path == endpoint => success(&item),
            _ if path == endpoint => success(&json!({"items": [item]})),
            _ if path.strip_suffix("/{}") == Some(endpoint.as_str()) => success(&item),
            "/v1/connections" => success(&json!({"items": [{"id": "one", "service": "s3"}]})),
            _ if below => success(&json!({"items": [{"id": "one", "user_type": "SERVICE_ACCOUNT"}]})),
            _ => success(&json!({"items": []})),
        }
    })
}

/// The record of a kind that an item of a list became.
pub fn record(kind: &str, endpoint: &str, item: Value, settings: &str) -> Record {
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
fn variants(item: &Value, field: &str) -> [Value; 4] {
    let (parent, name) = field.rsplit_once('/').unwrap();
    let with = |value: Option<Value>| {
        let mut item = item.clone();
        let object = item.pointer_mut(parent).unwrap().as_object_mut().unwrap();
        match value {
            Some(value) => object.insert(name.into(), value),
            None => object.remove(name),
        };
        item
    };
    let there = item.pointer(field).unwrap();
    let odd = if there.is_array() || there.is_object() { json!("odd") } else { json!([[]]) };
    [item.clone(), with(None), with(Some(Value::Null)), with(Some(odd))]
}

/// The cells of a line.
fn cells<const N: usize>(line: &str) -> [&str; N] {
    let cells: Vec<&str> = line.splitn(N, '|').map(str::trim).collect();
    cells.try_into().unwrap_or_else(|_| panic!("{line}"))
}

#[test]
fn nothing_is_said_of_what_was_not_read() {
    let lines: Vec<&str> = TABLE.lines().filter(|line| !line.starts_with('#') && !line.is_empty()).collect();
    assert!(lines.len() > 150 && lines.len().is_multiple_of(5));
    for block in lines.chunks(5) {
        let [kind, name, endpoint, field, pointer] = cells(block[0]);
        let mut there = "";
        for ((item, line), case) in
            variants(&item(name), field).into_iter().zip(&block[1..]).zip(["there", "absent", "null", "odd"])
        {
            let [named, want, title] = cells(line);
            let title = if title == "=" { there } else { title };
            if case == "there" {
                there = title;
            }
            let record = record(kind, endpoint, item, "{}");
            assert_eq!((named, record.title.as_str()), (case, title), "{kind} {field}");
            let content: Value = serde_json::from_str(&record.content).unwrap();
            let want = (want != "-").then(|| serde_json::from_str::<Value>(want).unwrap());
            // What is below null or left out is not there either.
            let found = content.pointer(pointer);
            let is_below = want == Some(Value::Null) && found.is_none() && pointer.matches('/').count() > 1;
            assert!(is_below || found == want.as_ref(), "{kind} {field} {case}: {pointer} is {found:?}");
        }
    }
}

#[test]
fn an_expiry_that_is_no_instant_is_unknown() {
    for at in ["soon", "", "1970-01-01T00:00:00Z"] {
        let key = json!({"id": "one", "expired_at": at});
        let record = record("system_key", "/v1/system-keys", key, "{}");
        assert_eq!(record.title, "System key one: expiry unknown", "{at}");
        assert!(!record.content.contains("expired_at"), "{}", record.content);
    }
}

/// A stamp that is none says neither that it happened nor that it never did.
#[test]
fn a_stamp_that_is_none_is_left_out() {
    for (kind, endpoint, name, fields) in [
        ("user", "/v1/users", "user", &["logged_in_at"][..]),
        ("system_key", "/v1/system-keys", "system_key", &["last_used_at"]),
        ("api_key", "/v1/users/{}/api-keys", "api_key", &["expires_at", "last_rotated_at"]),
        ("connection", "/v1/connections", "connection", &["failed_at", "succeeded_at"]),
    ] {
        for field in fields {
            for stamp in ["soon", ""] {
                let mut item = item(name);
                item[*field] = stamp.into();
                let content = record(kind, endpoint, item, "{}").content;
                assert!(!content.contains(&format!("\"{field}\"")), "{kind} {stamp}: {content}");
            }
        }
    }
}

/// What Fivetran says of a Platform Connector is judged by when it was asked, 2026-01-31T12:00:00Z, and by clocks that
/// differ by five minutes at most.
#[test]
fn a_success_that_is_still_to_come_is_not_fresh() {
    for (at, fresh, last) in [
        (json!("2026-01-31T12:00:00Z"), json!(true), Some(json!("2026-01-31T12:00:00Z"))),
        (json!("2026-01-31T12:05:00Z"), json!(true), Some(json!("2026-01-31T12:05:00Z"))),
        (json!("2026-01-31T12:05:01Z"), Value::Null, None),
        (json!("2027-01-01T00:00:00Z"), Value::Null, None),
        (json!("soon"), Value::Null, None),
        (json!("2025-01-01T00:00:00Z"), Value::Null, Some(json!("2025-01-01T00:00:00Z"))),
        (json!("1970-01-01T00:00:00.000000Z"), json!(false), Some(json!("1970-01-01T00:00:00.000000Z"))),
        (Value::Null, json!(false), Some(Value::Null)),
    ] {
        let mut item = item("platform_connector");
        item["succeeded_at"] = at.clone();
        let record = record("audit_logging", "/v1/connections", item, "{}");
        let content: Value = serde_json::from_str(&record.content).unwrap();
        assert_eq!((&content["fresh"], content.get("last_success")), (&fresh, last.as_ref()), "{at}");
    }
}

/// A state that Fivetran documents nowhere is no bad one, and a secret is a text.
#[test]
fn what_nobody_knows_is_neither_unhealthy_nor_signed() {
    let told = |kind, name, endpoint, field: &str, value: Value, pointer: &str| {
        let mut item = item(name);
        *item.pointer_mut(field).unwrap() = value;
        let content: Value = serde_json::from_str(&record(kind, endpoint, item, "{}").content).unwrap();
        content.pointer(pointer).unwrap().clone()
    };
    for (state, healthy) in [("connected", json!(true)), ("BROKEN", json!(false)), ("verifying", json!(null))] {
        let (state, field) = (json!(state), "/status/setup_state");
        let found = told("audit_logging", "platform_connector", "/v1/connections", field, state.clone(), "/healthy");
        assert_eq!(found, healthy, "{state}");
    }
    for (secret, signed) in [(json!("***"), json!(true)), (json!(""), json!(null)), (json!(false), json!(null))] {
        assert_eq!(
            told("webhook", "webhook", "/v1/webhooks", "/secret", secret.clone(), "/signed"),
            signed,
            "{secret}"
        );
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

/// A list with an element that could not be read is not the list without it.
#[test]
fn a_list_of_which_an_element_was_not_read_is_unknown() {
    for (kind, endpoint, item, pointer) in [
        ("role", "/v1/roles", json!({"name": "one", "scope": ["ACCOUNT", []]}), "/scope"),
        ("webhook", "/v1/webhooks", json!({"id": "one", "events": [null]}), "/events"),
        (
            "connection",
            "/v1/connections",
            json!({"id": "one", "status": {"tasks": [{"message": "m"}]}}),
            "/status/tasks",
        ),
        ("connection", "/v1/connections", json!({"id": "one", "setup_tests": [[], {"title": "t"}]}), "/setup_tests"),
        (
            "audit_logging",
            "/v1/external-logging",
            json!({"id": "one", "status": {"setup_state": "connected", "tasks": [{}]}}),
            "/healthy",
        ),
        ("system_key", "/v1/system-keys", json!({"id": "one", "permissions": [[]]}), "/permissions"),
        (
            "system_key",
            "/v1/system-keys",
            json!({"id": "one", "permissions": [{"resource_filter": {"group_ids": [[]]}}]}),
            "/permissions/0/group_ids",
        ),
        (
            "connector_sdk_package",
            "/v1/connector-sdk/packages",
            json!({"id": "one", "connection_ids": [[]]}),
            "/connection_ids",
        ),
        (
            "connector_type",
            "/v1/metadata/connector-types",
            json!({"id": "s3", "supported_features": [{}]}),
            "/supported_features",
        ),
        (
            "hybrid_deployment_agent",
            "/v1/hybrid-deployment-agents",
            json!({"id": "one", "usage": [{}]}),
            "/connection_ids",
        ),
        ("proxy_agent", "/v1/proxy", json!({"id": "one", "usage": ["odd"]}), "/usage"),
        (
            "transformation",
            "/v1/transformations",
            json!({"id": "one", "output_model_names": [[]]}),
            "/output_model_names",
        ),
        (
            "transformation_project",
            "/v1/transformation-projects",
            json!({"id": "one", "project_config": {"environment_vars": [[]]}}),
            "/environment_variables",
        ),
    ] {
        let record = record(kind, endpoint, item, "{}");
        let content: Value = serde_json::from_str(&record.content).unwrap();
        assert_eq!(content.pointer(pointer), Some(&Value::Null), "{kind} {pointer}: {}", record.content);
        assert!(!record.title.contains("not in use") && !record.title.contains("0 events"), "{}", record.title);
    }
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
            let coverage = pages.last().unwrap().coverage.iter().find(|coverage| coverage.kind == record.kind).unwrap();
            let is_said = coverage.state != CoverageState::Complete || !record.title.contains("unknown");
            assert!(is_said, "odd {odd}: {} is complete: {}", record.kind, record.title);
            let mut found = Vec::new();
            claims(&serde_json::from_str(&record.content).unwrap(), "", &mut found);
            assert_eq!(found, Vec::<String>::new(), "odd {odd}: {}: {}", record.kind, record.content);
            let title = format!(" {} ", record.title.to_lowercase());
            for word in [" no ", " not ", " never", " none", "without", "unsigned", "inactive", "offline"] {
                let title = title.replace("unknown whether", "");
                assert!(!title.contains(word), "odd {odd}: {}: {}", record.kind, record.title);
            }
        }
        assert!(seen.len() > 18, "{seen:?}");
        println!("odd {odd}: {seen:?}");
    }
}

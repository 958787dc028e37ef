//! Log services and webhooks: where events go.

use super::account::Account;
use serde_json::{Value, json};

const SERVICES: &[&str] = &["datadog_log", "splunkLog", "cloudwatch", "azure_monitor_log", "grafana_loki"];

/// The log service of group `index`; null for a group without one. Its id is the group's.
pub fn log_service(account: &Account, index: usize) -> Value {
    let dice = account.dice("log-service", index);
    if !dice.chance("there", 60) {
        return Value::Null;
    }
    let broken = dice.chance("broken", 20);
    let tasks = if broken { json!([{"code": "reconnect", "message": "The token was rejected"}]) } else { json!([]) };
    json!({
        "id": account.group_id(index),
        "service": dice.word("service", SERVICES),
        "enabled": dice.chance("enabled", 80),
        "status": {"setup_state": if broken { "broken" } else { "connected" }, "tasks": tasks},
    })
}

/// The same with its settings and its last setup test.
pub fn log_service_details(account: &Account, index: usize) -> Value {
    with_settings(account, index, log_service(account, index))
}

/// The account's own: every other seed has one.
pub fn account_log_service(account: &Account) -> Option<Value> {
    let service = json!({
        "id": account.id(),
        "service": "datadog_log",
        "enabled": true,
        "status": {"setup_state": "connected", "tasks": []},
    });
    (account.spec.seed % 2 == 1 && account.spec.seed != 1).then(|| with_settings(account, usize::MAX, service))
}

fn with_settings(account: &Account, index: usize, mut service: Value) -> Value {
    let dice = account.dice("log-service", index);
    let config = match service.get("service").and_then(Value::as_str) {
        Some("datadog_log") => json!({"api_key": "******", "region": "EU"}),
        Some("splunkLog") => {
            json!({"host": "splunk.example.com", "port": 8088, "channel": dice.hex("channel", 8), "enable_ssl": true, "token": "in-the-clear-though-secret"})
        }
        Some("cloudwatch") => {
            json!({"log_group_name": "fivetran", "region": "eu-central-1", "external_id": "simulated"})
        }
        Some("azure_monitor_log") => json!({"workspace_id": dice.hex("workspace", 12), "primary_key": "******"}),
        Some(_) => {
            json!({"loki_url": "https://logs.example.com/loki", "username": "fivetran", "access_token": "******"})
        }
        None => return service,
    };
    if let Some(service) = service.as_object_mut() {
        service.insert("config".into(), config);
        service.insert("setup_tests".into(), json!([{"title": "Sending a log", "status": "PASSED", "message": ""}]));
    }
    service
}

/// A webhook: of the account, or of a group.
pub fn webhook(account: &Account, index: usize) -> Value {
    let dice = account.dice("webhook", index);
    let of_group = index >= 2 && account.spec.groups > 0;
    let url = match index % 3 {
        0 => format!("https://hooks.example.com/services/{}", dice.hex("path", 16)),
        1 => format!("https://alerts.example.com/fivetran?sig={}", dice.hex("sig", 16)),
        _ => "https://example.org:8443".to_string(),
    };
    let mut webhook = json!({
        "id": account.id_of("webhook", index),
        "type": if of_group { "group" } else { "account" },
        "url": url,
        "events": ["sync_end", "status", "connection_failure"],
        "active": index != 1,
        "created_at": dice.stamp("created_at").text(),
        "created_by": account.someone(dice),
    });
    if let Some(webhook) = webhook.as_object_mut() {
        if of_group {
            webhook.insert("group_id".into(), account.group_id(dice.below("group", account.spec.groups)).into());
        }
        if dice.chance("secret", 60) {
            webhook.insert("secret".into(), "******".into());
        }
    }
    webhook
}

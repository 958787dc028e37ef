//! Records as a kind usually is.

use super::Account;
use serde_json::{Value, json};

/// An object with fields of another.
pub fn merged(mut base: Value, patch: &Value) -> Value {
    for (name, value) in patch.as_object().unwrap() {
        base[name] = value.clone();
    }
    base
}

/// A record as a kind usually is, with some fields as told.
pub fn usual(kind: &str, patch: &Value) -> Value {
    let base = match kind {
        "user" => json!({
            "id": "it", "active": true, "role": null, "invited": false, "verified": true,
            "logged_in_at": "2026-06-29T08:00:00Z", "created_at": "2024-01-01T00:00:00Z",
        }),
        "system_key" => json!({
            "expired_at": "2026-12-31T00:00:00Z", "last_used_at": "2026-06-29T08:00:00Z",
            "created_at": "2024-01-01T00:00:00Z", "permissions": [{"access_level": "READ"}],
        }),
        "connection" => json!({
            "id": "it", "service": "postgres", "networking_method": "SshTunnel", "private_link_id": null,
            "proxy_agent_id": null, "hybrid_deployment_agent_id": null, "details": "read", "paused": false,
            "settings": {"always_encrypted": true}, "status": {"setup_state": "connected"}, "connected_by": null,
            "failed_at": null, "succeeded_at": "2026-06-30T08:00:00Z",
        }),
        "destination" => json!({
            "service": "postgres_warehouse", "networking_method": "PrivateLink", "private_link_id": null,
            "proxy_agent_id": null, "hybrid_deployment_agent_id": null, "details": "read",
            "settings": {"always_encrypted": true}, "setup_status": "CONNECTED",
        }),
        "audit_logging" => json!({
            "mechanism": "platform_connector", "enabled": true, "healthy": true, "fresh": true,
            "account_mechanisms": null, "groups_without": null, "last_success": "2026-06-30T08:00:00Z",
        }),
        _ => json!({}),
    };
    merged(base, patch)
}

/// An account with a record `it` of a kind.
pub fn record(kind: &str, patch: Value) -> Account {
    Account::new().with(kind, "it", usual(kind, &patch))
}

/// An account with a record `it` of a kind, of which the vendor did not tell what is at these places.
pub fn without(kind: &str, patch: Value, places: &[&str]) -> Account {
    let mut content = usual(kind, &patch);
    for name in places {
        content.as_object_mut().unwrap().remove(*name);
    }
    Account::new().with(kind, "it", content)
}

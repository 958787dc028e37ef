//! System keys, the keys of service accounts, and vaults.

use super::account::Account;
use super::random::Stamp;
use serde_json::{Value, json};

const NAMES: &[&str] = &["terraform", "compliance", "old script", "warehouse loader"];

/// How many vaults there are.
pub const MANAGERS: usize = 2;

/// A system key as the list shows it: without its permissions.
pub fn system_key(account: &Account, index: usize) -> Value {
    let dice = account.dice("system-key", index);
    let created = dice.stamp("created_at");
    json!({
        "id": account.id_of("system-key", index),
        "name": NAMES.get(index % NAMES.len()),
        "key": format!("ft_{}", dice.hex("key", 16)),
        "created_at": created.text(),
        "updated_at": dice.stamp_after("updated_at", created).text(),
        "expired_at": index.is_multiple_of(2).then_some("2027-06-30T00:00:00Z"),
        "last_used_at": (index != 2).then(|| dice.stamp_after("last_used_at", created).text()),
    })
}

/// A system key with its permissions. The details call the key `key_value`.
pub fn system_key_details(account: &Account, index: usize) -> Value {
    let mut key = system_key(account, index);
    let permissions = match index % 2 {
        0 => json!([
            {"resource_type": "CONNECTOR", "access_level": "MANAGE", "resource_filter": {"group_ids": [account.group_id(0)]}},
            {"resource_type": "DESTINATION", "access_level": "READ"},
        ]),
        _ => {
            json!([{"resource_type": "USER", "access_level": "READ"}, {"resource_type": "TEAM", "access_level": "NONE"}])
        }
    };
    if let Some(key) = key.as_object_mut() {
        let value = key.remove("key").unwrap_or_default();
        key.insert("key_value".into(), value);
        key.insert("permissions".into(), permissions);
    }
    key
}

impl Account {
    /// Whether a user that is a service account has a key.
    pub fn has_service_key(&self, user: usize) -> bool {
        !self.dice("api-key", user).chance("none", 20)
    }

    /// The key of a service account; `None` for other users, and for a service account without one.
    pub fn api_key(&self, user: usize) -> Option<Value> {
        let dice = self.dice("api-key", user);
        let is_service = self.user(user).get("user_type").and_then(Value::as_str) == Some("SERVICE_ACCOUNT");
        if !is_service || !self.has_service_key(user) {
            return None;
        }
        let created = dice.stamp("created_at");
        let rotated = dice.chance("rotated", 50).then(|| dice.stamp_after("last_rotated_at", created));
        let mut key = json!({
            "user_id": self.user_id(user),
            "user_type": "SERVICE_ACCOUNT",
            "key_value": format!("key_{}", dice.hex("value", 12)),
            "created_at": created.text(),
            "key_status": dice.word("status", &["ACTIVE", "ACTIVE_GRACE", "EXPIRED"]),
            "expires_at": "2026-12-31T00:00:00Z",
            "last_rotated_at": rotated.map(Stamp::text),
        });
        if dice.chance("overlap", 30)
            && let Some(key) = key.as_object_mut()
        {
            key.insert("overlap_expires_at".into(), "2026-12-01T00:00:00Z".into());
        }
        Some(key)
    }
}

/// A vault.
pub fn manager(account: &Account, index: usize) -> Value {
    let dice = account.dice("esm", index);
    let created = dice.stamp("created_at");
    let (kind, config) = match index % 2 {
        0 => (
            "AWS_SECRET_MANAGER",
            json!({"region": "eu-central-1", "role_arn": "arn:aws:iam::111122223333:role/vault"}),
        ),
        _ => (
            "HASHICORP_VAULT",
            json!({"vault_address": "https://vault.example.com", "namespace": "data", "secret_id": "******"}),
        ),
    };
    json!({
        "id": account.id_of("esm", index),
        "type": kind,
        "name": format!("Vault {index}"),
        "config": config,
        "is_hybrid_deployment": index % 2 == 1,
        "created_at": created.text(),
        "updated_at": dice.stamp_after("updated_at", created).text(),
    })
}

/// What uses a vault.
pub fn entities(account: &Account, index: usize) -> Vec<Value> {
    let connections = account.some_of("esm-users", index, account.spec.connections, 4);
    let entity = |connection: usize| {
        json!({
            "id": account.connection_id(connection),
            "name": format!("source_{connection}"),
            "enabled": !connection.is_multiple_of(5),
            "type": "SOURCE",
            "secret_manager_id": account.id_of("esm", index),
            "created_at": account.connection_created_at(connection).text(),
        })
    };
    connections.into_iter().map(entity).collect()
}

//! What the vendor writes oddly, with what must come of it.

use super::Told;
use crate::support::records::{merged, record};
use serde_json::{Value, json};

/// All of them.
pub fn traps() -> Vec<Told> {
    let epoch = "1970-01-01T00:00:00.000000Z";
    let admin = |patch: Value| record("user", merged(json!({"role": "Account Administrator"}), &patch));
    let old = json!({"logged_in_at": null, "created_at": "2026-01-01T00:00:00Z"});
    let new = json!({"logged_in_at": null, "created_at": "2026-06-29T00:00:00Z"});
    let group = json!({"mechanism": "groups", "account_mechanisms": 0, "groups_without": []});
    let direct = json!({"service": "postgres", "networking_method": "Directly", "private_link_id": "lnk"});
    let hashed = json!({"role": "Account Administrator", "logged_in_at": "2026-01-01T00:00:00Z",
        "email": "hmac-sha256:00", "given_name": "hmac-sha256:00", "family_name": "hmac-sha256:00"});
    let agents = |others: [&str; 2], own: &str| {
        let other = |version: &str| json!({"version": version});
        record("proxy_agent", json!({"version": own})).with("proxy_agent", "b", other(others[0])).with(
            "proxy_agent",
            "c",
            other(others[1]),
        )
    };
    let package = |at: &str| record("connector_sdk_package", json!({"updated_at": at}));
    vec![
        // 1970 is how the vendor writes "never".
        ("dormant-administrator", admin(merged(old.clone(), &json!({"logged_in_at": epoch}))), "true"),
        ("dormant-administrator", admin(merged(new.clone(), &json!({"logged_in_at": epoch}))), "false"),
        ("system-key-never-expires", record("system_key", json!({"expired_at": epoch})), "true"),
        ("system-key-unused", record("system_key", merged(new.clone(), &json!({"last_used_at": epoch}))), "false"),
        ("connection-failing", record("connection", json!({"failed_at": epoch})), "false"),
        ("custom-code-changed", package(epoch), "/updated_at: the vendor does not say"),
        // Who never logged in counts from the day they came.
        ("dormant-administrator", admin(old), "true"),
        ("dormant-administrator", admin(new), "false"),
        // Ninety days to the second are not more than ninety days; a second more is.
        ("dormant-administrator", admin(json!({"logged_in_at": "2026-04-01T12:00:00Z"})), "false"),
        ("dormant-administrator", admin(json!({"logged_in_at": "2026-04-01T11:59:59Z"})), "true"),
        // What lies after the collection has not happened; clocks may differ by an hour.
        (
            "dormant-administrator",
            admin(json!({"logged_in_at": "2027-01-01T00:00:00Z"})),
            "/logged_in_at: \"2027-01-01T00:00:00Z\" is after the collection",
        ),
        ("dormant-administrator", admin(json!({"logged_in_at": "2026-06-30T13:00:00Z"})), "false"),
        (
            "custom-code-changed",
            package("2999-01-01T00:00:00Z"),
            "/updated_at: \"2999-01-01T00:00:00Z\" is after the collection",
        ),
        (
            "api-key-expired",
            record("api_key", json!({"status": "ACTIVE", "expires_at": "2999-01-01T00:00:00Z"})),
            "false",
        ),
        // Names as keyed hashes say nothing about the rest.
        ("dormant-administrator", record("user", hashed).withholding("/email", "personal_data"), "true"),
        // Letter case varies.
        ("destination-broken", record("destination", json!({"setup_status": "BROKEN"})), "true"),
        ("destination-broken", record("destination", json!({"setup_status": "connected"})), "false"),
        // What the list tells is known, whether the details were read or not.
        ("connection-paused", record("connection", json!({"paused": true, "details": "off"})), "true"),
        // At once is not later.
        ("connection-failing", record("connection", json!({"failed_at": "2026-06-30T08:00:00.000Z"})), "false"),
        ("database-direct", record("connection", direct), "false"),
        ("audit-export-missing", record("audit_logging", group), "false"),
        // One that never delivered is no less stale than one that stopped, and does not work.
        ("platform-connector-stale", record("audit_logging", json!({"fresh": null, "last_success": epoch})), "true"),
        ("audit-export-unhealthy", record("audit_logging", json!({"healthy": true, "last_success": epoch})), "true"),
        // A setting of another type than the rule asks for is not understood.
        (
            "tls-off",
            record("connection", json!({"settings": {"always_encrypted": "no"}})),
            "/settings/always_encrypted: \"no\" is not of the type that the rule asks for",
        ),
        (
            "tls-off",
            record("connection", json!({"settings": {}})),
            "/settings/always_encrypted: not told: the record has no such field",
        ),
        (
            "tls-off",
            record("connection", json!({"settings": {}})).withholding("/config/always_encrypted", "unknown_setting"),
            "/settings/always_encrypted: withheld (unknown setting)",
        ),
        (
            "tls-off",
            record("connection", json!({"settings": {}})).withholding("/config", "personal_data"),
            "/settings/always_encrypted: withheld (personal data)",
        ),
        ("tls-off", record("connection", json!({})).withholding("/config/always", "unknown_setting"), "false"),
        (
            "system-key-manages",
            record("system_key", json!({"permissions": [{"access_level": null}, {"access_level": "MANAGE"}]})),
            "true",
        ),
        (
            "system-key-manages",
            record("system_key", json!({"permissions": [{"access_level": "READ"}, {"access_level": null}]})),
            "/permissions/1/access_level: the vendor does not say",
        ),
        ("custom-code-changed", package("yesterday"), "/updated_at: \"yesterday\" is no timestamp"),
        ("proxy-agent-behind", agents(["1.10", "1.2.0"], "1.9.3"), "true"),
        ("proxy-agent-behind", agents(["1.9.0", "1.2.0"], "1.9"), "false"),
        ("proxy-agent-behind", agents(["1.9", "1.2.0"], "1.9.0"), "false"),
        ("proxy-agent-behind", agents(["1.10", "latest"], "1.9"), "true"),
        (
            "proxy-agent-behind",
            agents(["1.8", "latest"], "1.9"),
            "/version: the version of another record is not known, and may be newer",
        ),
        ("proxy-agent-behind", agents(["1.8", "1.7"], "v2"), "/version: \"v2\" is no version of numbers and points"),
    ]
}

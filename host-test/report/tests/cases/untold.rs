//! What the vendor does not tell, what it tells in a word that nobody knows, and what cannot have happened: unknown to
//! every rule, and never taken for false.

use super::{Told, team};
use crate::support::Account;
use crate::support::records::{merged, record, usual, without};
use serde_json::{Value, json};

/// All of them.
pub fn untold() -> Vec<Told> {
    [absent(), odd(), to_come()].into_iter().flatten().collect()
}

/// A field that is not there.
fn absent() -> Vec<Told> {
    let dormant = "dormant-administrator";
    let old = json!({"logged_in_at": "2026-01-01T00:00:00Z", "role": "Account Administrator"});
    let whole = |account: Account| account.state("team_membership", "complete", "");
    let by = |patch: Value| record("connection", patch).state("user", "forbidden", "the key may not read it");
    let membership = json!({"team_id": "t", "user_id": "it"});
    let silent = whole(record("user", json!({"logged_in_at": "2026-01-01T00:00:00Z"})));
    let bare = record("user", json!({"logged_in_at": "2026-01-01T00:00:00Z"}));
    let bare = bare.with("team_membership", "m", membership).with("team", "t", json!({"id": "t"}));
    vec![
        (dormant, silent, "false"),
        (dormant, whole(without("user", old.clone(), &["role"])), "/role: not told: the record has no such field"),
        (dormant, bare, "/role: not told: the record has no such field"),
        (dormant, team(json!({"logged_in_at": "2026-01-01T00:00:00Z"}), Value::Null), "false"),
        (
            dormant,
            whole(without("user", old, &["logged_in_at"])),
            "/logged_in_at: not told: the record has no such field",
        ),
        (
            "system-key-never-expires",
            without("system_key", json!({}), &["expired_at"]),
            "/expired_at: not told: the record has no such field",
        ),
        (
            "system-key-unused",
            without("system_key", json!({}), &["last_used_at"]),
            "/last_used_at: not told: the record has no such field",
        ),
        (
            "connection-failing",
            without("connection", json!({}), &["failed_at", "succeeded_at"]),
            "/failed_at: not told: the record has no such field",
        ),
        (
            "connection-failing",
            without("connection", json!({"failed_at": "2026-06-30T08:00:00Z"}), &["succeeded_at"]),
            "/succeeded_at: not told: the record has no such field",
        ),
        (
            "connection-of-leaver",
            by(json!({"connected_by": "usr"})),
            "none found, and one may be missing: user: forbidden (the key may not read it)",
        ),
        ("connection-of-leaver", by(json!({"connected_by": null})), "/connected_by: the vendor does not say"),
    ]
}

/// A value that the vendor documents nowhere, and a text that is no timestamp.
fn odd() -> Vec<Told> {
    let schema = |handling: &str| {
        let content = json!({"connection_id": "con", "schema_change_handling": handling});
        let account = Account::new().with("connection_schema", "it", content);
        account.with("connection", "con", usual("connection", &json!({"id": "con", "service": "workday_hcm"})))
    };
    let state = |state: &str| record("connection", json!({"status": {"setup_state": state}}));
    let direct = json!({"networking_method": "Unknown"});
    let level = |level: &str| record("system_key", json!({"permissions": [{"access_level": level}]}));
    vec![
        (
            "private-link-failed",
            record("private_link", json!({"state": "FAILED"})),
            "/state: \"FAILED\" is a value that is not known",
        ),
        ("private-link-failed", record("private_link", json!({"state": "ok"})), "false"),
        (
            "transformation-failing",
            record("transformation", json!({"status": "ERROR"})),
            "/status: \"ERROR\" is a value that is not known",
        ),
        (
            "proxy-agent-offline",
            record("proxy_agent", json!({"status": "WAT"})),
            "/status: \"WAT\" is a value that is not known",
        ),
        (
            "schema-open",
            schema("ALLOW_EVERYTHING"),
            "/schema_change_handling: \"ALLOW_EVERYTHING\" is a value that is not known",
        ),
        ("connection-broken", state("ok"), "/status/setup_state: \"ok\" is a value that is not known"),
        (
            "database-direct",
            record("connection", direct),
            "/networking_method: \"Unknown\" is a value that is not known",
        ),
        ("system-key-manages", level("ADMIN"), "/permissions/0/access_level: \"ADMIN\" is a value that is not known"),
        ("system-key-manages", level("none"), "false"),
        (
            "system-key-never-expires",
            record("system_key", json!({"expired_at": "garbage"})),
            "/expired_at: \"garbage\" is no timestamp",
        ),
    ]
}

/// A success after the collection.
fn to_come() -> Vec<Told> {
    let later = json!({"last_success": "2027-06-30T08:00:00Z"});
    let why = "/last_success: \"2027-06-30T08:00:00Z\" is after the collection";
    let failed = json!({"failed_at": "2026-06-30T09:00:00Z", "succeeded_at": "2027-06-30T08:00:00Z"});
    vec![
        ("platform-connector-stale", record("audit_logging", later.clone()), why),
        ("platform-connector-stale", record("audit_logging", merged(later.clone(), &json!({"fresh": false}))), "true"),
        ("audit-export-unhealthy", record("audit_logging", later), why),
        (
            "connection-failing",
            record("connection", failed),
            "/succeeded_at: \"2027-06-30T08:00:00Z\" is after the collection",
        ),
    ]
}

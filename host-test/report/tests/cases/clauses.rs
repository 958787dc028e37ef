//! What else a rule must answer, so that each of its clauses decides somewhere. The collection began on 30 June 2026 at
//! noon: `EDGE_90` lies 90 days before, and is not more than that.

use super::{Told, idle, roles, team};
use crate::support::records::{merged, record, without};
use serde_json::{Value, json};

const EDGE_90: &str = "2026-04-01T12:00:00Z";
const OVER_90: &str = "2026-04-01T11:59:59Z";
const EDGE_30: &str = "2026-05-31T12:00:00Z";
const OVER_30: &str = "2026-05-31T11:59:59Z";

/// All of them.
pub fn clauses() -> Vec<Told> {
    [people(), keys(), ways(), pipelines(), logging()].into_iter().flatten().collect()
}

fn people() -> Vec<Told> {
    let admin = |patch: Value| record("user", merged(json!({"role": "Account Administrator"}), &patch));
    let never = |created: &str| admin(json!({"logged_in_at": null, "created_at": created}));
    let reviewer = record("user", merged(idle(), &json!({"role": "Account Reviewer"})));
    let member = json!({"team_id": "t", "user_id": "it"});
    let invited = |created: &str| record("user", json!({"invited": true, "created_at": created}));
    let suspended = record("user", json!({"active": false})).state("team_membership", "complete", "");
    let dormant = "dormant-administrator";
    vec![
        (dormant, reviewer.state("team_membership", "complete", ""), "false"),
        (dormant, team(idle(), Value::Null), "false"),
        (dormant, team(json!({}), json!("Account Administrator")), "false"),
        (dormant, admin(json!({})), "false"),
        (dormant, admin(json!({"logged_in_at": EDGE_90})), "false"),
        (dormant, admin(json!({"logged_in_at": OVER_90})), "true"),
        (dormant, never(EDGE_90), "false"),
        (dormant, never(OVER_90), "true"),
        ("suspended-user-with-grants", record("user", json!({})).with("team_membership", "m", member), "false"),
        (
            "suspended-user-with-grants",
            suspended.with("access_grant", "g", json!({"grantee_id": "it", "grantee_type": "team"})),
            "false",
        ),
        ("user-not-activated", record("user", json!({})), "false"),
        ("user-not-activated", record("user", json!({"verified": false})), "true"),
        ("user-not-activated", invited(EDGE_30), "false"),
        ("user-not-activated", invited(OVER_30), "true"),
        ("deprecated-role-granted", roles(record("access_grant", json!({"role": "Unlisted"}))), "false"),
    ]
}

fn keys() -> Vec<Told> {
    let used = |at: &str| record("system_key", json!({"last_used_at": at}));
    let unused = |created: &str| record("system_key", json!({"last_used_at": null, "created_at": created}));
    let rule = "system-key-unused";
    vec![
        (rule, used(EDGE_90), "false"),
        (rule, used(OVER_90), "true"),
        (rule, unused(EDGE_90), "false"),
        (rule, unused(OVER_90), "true"),
        ("api-key-expired", record("api_key", json!({"status": "ACTIVE", "expires_at": null})), "false"),
        ("api-key-expired", record("api_key", json!({"status": "EXPIRED", "expires_at": null})), "true"),
    ]
}

/// Whatever lies between keeps a database from being reached directly.
fn ways() -> Vec<Told> {
    let direct = |kind: &str, field: &str| record(kind, json!({"networking_method": "Directly", field: "x"}));
    let rules = [("database-direct", "connection"), ("destination-database-direct", "destination")];
    let fields = ["private_link_id", "proxy_agent_id", "hybrid_deployment_agent_id"];
    let between = rules.into_iter().flat_map(|(rule, kind)| fields.map(|field| (rule, direct(kind, field), "false")));
    let other = rules.map(|(rule, kind)| (rule, record(kind, json!({})), "false"));
    between.chain(other).collect()
}

fn pipelines() -> Vec<Told> {
    let failed = |patch: Value| record("connection", merged(json!({"failed_at": "2026-06-29T00:00:00Z"}), &patch));
    let changed = |at: &str| record("connector_sdk_package", json!({"updated_at": at}));
    vec![
        ("connection-failing", record("connection", json!({"failed_at": null, "succeeded_at": null})), "false"),
        ("connection-failing", failed(json!({"succeeded_at": null})), "true"),
        ("custom-code-changed", changed(EDGE_30), "true"),
        ("custom-code-changed", changed(OVER_30), "false"),
        (
            "connection-of-leaver",
            record("connection", json!({"connected_by": null})),
            "/connected_by: the vendor does not say",
        ),
        (
            "connection-of-leaver",
            without("connection", json!({}), &["connected_by"]),
            "/connected_by: not told: the record has no such field",
        ),
    ]
}

fn logging() -> Vec<Told> {
    let one = |patch: Value| record("audit_logging", patch);
    let bare = json!({"mechanism": "webhook", "account_mechanisms": 0, "groups_without": ["grp_a"]});
    vec![
        ("audit-export-missing", one(bare), "not about"),
        ("audit-export-unhealthy", one(json!({"mechanism": "webhook", "healthy": false})), "not about"),
        ("audit-export-unhealthy", one(json!({})), "false"),
        ("audit-export-unhealthy", one(json!({"mechanism": "log_service", "last_success": null})), "false"),
        ("platform-connector-stale", one(json!({"mechanism": "log_service", "fresh": false})), "not about"),
    ]
}

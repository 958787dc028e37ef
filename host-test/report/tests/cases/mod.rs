//! For each rule an account in which it is true of the record `it`, one in which it is false, one in which it is
//! unknown.

mod clauses;
mod traps;
mod untold;

use crate::support::Account;
use crate::support::records::{record, usual};
pub use clauses::clauses;
use serde_json::{Value, json};
pub use traps::traps;
pub use untold::untold;

/// A rule, an account, and what the rule must answer of the record `it`.
pub type Told = (&'static str, Account, &'static str);

/// The accounts of a rule.
pub struct Case {
    pub rule: &'static str,
    pub fires: Account,
    pub clear: Account,
    /// With the reason.
    pub unknown: (Account, &'static str),
}

/// A rule that one record decides: by what it must tell to be true, false and unknown.
fn alone(rule: &'static str, kind: &str, told: [Value; 3], reason: &'static str) -> Case {
    let [fires, clear, unknown] = told.map(|patch| record(kind, patch));
    Case { rule, fires, clear, unknown: (unknown, reason) }
}

/// All of them.
pub fn cases() -> Vec<Case> {
    [people(), keys(), connections(), destinations(), logging(), others()].into_iter().flatten().collect()
}

/// A user who has not logged in for long.
pub fn idle() -> Value {
    json!({"logged_in_at": "2026-01-01T00:00:00Z"})
}

/// A user in a team of this role.
pub fn team(user: Value, role: Value) -> Account {
    let account = record("user", user).with("team_membership", "m", json!({"team_id": "t", "user_id": "it"}));
    account.with("team", "t", json!({"id": "t", "role": role}))
}

/// With a role that is deprecated, one that is not, and one that may be.
pub fn roles(account: Account) -> Account {
    let role = |name: &str, deprecated: Value| json!({"name": name, "is_deprecated": deprecated});
    let account = account.with("role", "r1", role("Old", json!(true))).with("role", "r2", role("New", json!(false)));
    account.with("role", "r3", role("Strange", Value::Null))
}

fn people() -> Vec<Case> {
    let suspended = record("user", json!({"active": false}));
    let grant = |role: &str| {
        Account::new().with("access_grant", "it", json!({"grantee_id": "u", "grantee_type": "user", "role": role}))
    };
    vec![
        Case {
            rule: "dormant-administrator",
            fires: team(idle(), json!("Account Administrator")),
            clear: team(idle(), json!("Account Reviewer")),
            unknown: (
                record("user", idle()).state("team_membership", "partial", "cut").state("team", "complete", ""),
                "none found, and one may be missing: team_membership: partial (cut)",
            ),
        },
        Case {
            rule: "suspended-user-with-grants",
            fires: suspended.clone().with("team_membership", "m", json!({"team_id": "t", "user_id": "it"})),
            clear: suspended
                .clone()
                .with("access_grant", "g", json!({"grantee_id": "else", "grantee_type": "user"}))
                .state("team_membership", "complete", ""),
            unknown: (
                suspended.state("team_membership", "complete", ""),
                "none found, and one may be missing: access_grant: not asked for",
            ),
        },
        Case {
            rule: "deprecated-role-granted",
            fires: roles(grant("Old")),
            clear: roles(grant("New")),
            unknown: (roles(grant("Strange")), "/is_deprecated: the vendor does not say"),
        },
        alone(
            "user-not-activated",
            "user",
            [
                json!({"invited": true, "created_at": "2026-05-01T00:00:00Z"}),
                json!({"invited": true, "created_at": "2026-06-20T00:00:00Z"}),
                json!({"invited": true, "created_at": null}),
            ],
            "/created_at: the vendor does not say",
        ),
    ]
}

fn keys() -> Vec<Case> {
    let key = |patch: Value| record("system_key", patch);
    vec![
        Case {
            rule: "system-key-never-expires",
            fires: key(json!({"expired_at": null})),
            clear: key(json!({})),
            unknown: (
                key(json!({"expired_at": null})).withholding("/expired_at", "unknown_setting"),
                "/expired_at: withheld (unknown setting)",
            ),
        },
        alone(
            "system-key-unused",
            "system_key",
            [
                json!({"last_used_at": "2026-01-01T00:00:00Z"}),
                json!({}),
                json!({"last_used_at": null, "created_at": null}),
            ],
            "/created_at: the vendor does not say",
        ),
        alone(
            "system-key-manages",
            "system_key",
            [json!({"permissions": [{"access_level": "MANAGE"}]}), json!({}), json!({"permissions": null})],
            "/permissions: the vendor does not say",
        ),
        alone(
            "api-key-expired",
            "api_key",
            [
                json!({"status": "ACTIVE", "expires_at": "2026-06-30T11:00:00Z"}),
                json!({"status": "ACTIVE", "expires_at": "2026-07-30T00:00:00Z"}),
                json!({"status": null, "expires_at": "2026-07-30T00:00:00Z"}),
            ],
            "/status: the vendor does not say",
        ),
    ]
}

fn connections() -> Vec<Case> {
    let connected_by = |user: &str| record("connection", json!({"connected_by": user}));
    let users = |account: Account| {
        let here = account.with("user", "here", usual("user", &json!({"id": "here"})));
        here.with("user", "odd", usual("user", &json!({"id": "odd", "active": null})))
    };
    let types = |account: Account| {
        let sunset = account.with("connector_type", "a", json!({"id": "old", "service_status": "sunset"}));
        sunset.with("connector_type", "b", json!({"id": "postgres", "service_status": "general_availability"}))
    };
    let schema = |handling: Value, service: &str| {
        let account = Account::new().with(
            "connection_schema",
            "it",
            json!({"connection_id": "con", "schema_change_handling": handling}),
        );
        account.with("connection", "con", usual("connection", &json!({"id": "con", "service": service})))
    };
    vec![
        alone(
            "database-direct",
            "connection",
            [
                json!({"networking_method": "directly"}),
                json!({"networking_method": "Directly", "service": "salesforce"}),
                json!({"networking_method": null}),
            ],
            "/networking_method: the vendor does not say",
        ),
        alone(
            "tls-off",
            "connection",
            [
                json!({"settings": {"always_encrypted": false}}),
                json!({}),
                json!({"settings": null, "details": "not_asked"}),
            ],
            "/settings/always_encrypted: the details were not read (not asked)",
        ),
        alone(
            "connection-broken",
            "connection",
            [json!({"status": {"setup_state": "incomplete"}}), json!({}), json!({"status": null})],
            "/status/setup_state: the vendor does not say",
        ),
        alone(
            "connection-failing",
            "connection",
            [
                json!({"failed_at": "2026-06-30T08:00:00.001Z"}),
                json!({"failed_at": "2026-06-30T07:59:59Z"}),
                json!({"failed_at": "2026-06-30T07:59:59Z", "succeeded_at": "soon"}),
            ],
            "/succeeded_at: \"soon\" is no timestamp",
        ),
        alone(
            "connection-paused",
            "connection",
            [json!({"paused": true}), json!({}), json!({"paused": null})],
            "/paused: the vendor does not say",
        ),
        Case {
            rule: "connection-of-leaver",
            fires: users(connected_by("gone")),
            clear: users(connected_by("here")),
            unknown: (users(connected_by("odd")), "/active: the vendor does not say"),
        },
        Case {
            rule: "connector-not-general",
            fires: types(record("connection", json!({"service": "old"}))),
            clear: types(record("connection", json!({}))),
            unknown: (
                record("connection", json!({})).state("connector_type", "disabled", ""),
                "none found, and one may be missing: connector_type: disabled",
            ),
        },
        Case {
            rule: "schema-open",
            fires: schema(json!("ALLOW_ALL"), "workday_hcm"),
            clear: schema(json!("ALLOW_ALL"), "github"),
            unknown: (schema(Value::Null, "postgres"), "/schema_change_handling: the vendor does not say"),
        },
    ]
}

fn destinations() -> Vec<Case> {
    vec![
        alone(
            "destination-database-direct",
            "destination",
            [
                json!({"networking_method": "Directly"}),
                json!({"networking_method": "Directly", "service": "snowflake"}),
                json!({"networking_method": "Directly", "service": null}),
            ],
            "/service: the vendor does not say",
        ),
        alone(
            "destination-tls-off",
            "destination",
            [
                json!({"settings": {"always_encrypted": false}}),
                json!({}),
                json!({"settings": null, "details": "forbidden"}),
            ],
            "/settings/always_encrypted: the details were not read (forbidden)",
        ),
        alone(
            "destination-broken",
            "destination",
            [json!({"setup_status": "broken"}), json!({}), json!({"setup_status": null})],
            "/setup_status: the vendor does not say",
        ),
    ]
}

fn logging() -> Vec<Case> {
    let groups = |account: Value, without: Value| {
        json!({
            "mechanism": "groups", "account_mechanisms": account, "groups_without": without, "enabled": null,
            "healthy": null, "fresh": null,
        })
    };
    vec![
        alone(
            "audit-export-missing",
            "audit_logging",
            [groups(json!(0), json!(["grp_a"])), groups(json!(1), json!(["grp_a"])), groups(Value::Null, Value::Null)],
            "/account_mechanisms: the vendor does not say",
        ),
        alone(
            "audit-export-unhealthy",
            "audit_logging",
            [json!({"healthy": false}), json!({"healthy": false, "enabled": false}), json!({"healthy": null})],
            "/healthy: the vendor does not say",
        ),
        alone(
            "platform-connector-stale",
            "audit_logging",
            [json!({"fresh": false}), json!({}), json!({"fresh": null})],
            "/fresh: the vendor does not say",
        ),
    ]
}

fn others() -> Vec<Case> {
    let agents = |kind: &str, versions: [Value; 2]| {
        let [own, other] = versions;
        Account::new().with(kind, "it", json!({"version": own})).with(kind, "b", json!({"version": other}))
    };
    let behind = |rule: &'static str, kind: &str| Case {
        rule,
        fires: agents(kind, [json!("1.9.0"), json!("1.10.0")]),
        clear: agents(kind, [json!("1.10.0"), json!("1.9.0")]),
        unknown: (agents(kind, [Value::Null, json!("1.9.0")]), "/version: the vendor does not say"),
    };
    let field = |rule: &'static str, kind: &str, name: &str, [fires, clear]: [Value; 2], reason: &'static str| {
        alone(rule, kind, [fires, clear, Value::Null].map(|value| json!({name: value})), reason)
    };
    let (status, silent) = ("status", "/status: the vendor does not say");
    vec![
        field(
            "private-link-failed",
            "private_link",
            "state",
            [json!("FAIL"), json!("OK")],
            "/state: the vendor does not say",
        ),
        field("webhook-unsigned", "webhook", "signed", [json!(false), json!(true)], "/signed: the vendor does not say"),
        field("webhook-inactive", "webhook", "active", [json!(false), json!(true)], "/active: the vendor does not say"),
        field("transformation-failing", "transformation", status, [json!("FAILED"), json!("SUCCEEDED")], silent),
        field(
            "transformation-project-error",
            "transformation_project",
            status,
            [json!("ERROR"), json!("READY")],
            silent,
        ),
        field("proxy-agent-offline", "proxy_agent", status, [json!("NOT_CONNECTED"), json!("CONNECTED")], silent),
        alone(
            "hybrid-agent-offline",
            "hybrid_deployment_agent",
            [
                json!({"enabled": true, "online": false}),
                json!({"enabled": false, "online": false}),
                json!({"enabled": true, "online": null}),
            ],
            "/online: the vendor does not say",
        ),
        alone(
            "custom-code-changed",
            "connector_sdk_package",
            [
                json!({"updated_at": "2026-06-15T00:00:00Z"}),
                json!({"updated_at": "2026-05-15T00:00:00Z"}),
                json!({"updated_at": "lately"}),
            ],
            "/updated_at: \"lately\" is no timestamp",
        ),
        behind("hybrid-agent-behind", "hybrid_deployment_agent"),
        behind("proxy-agent-behind", "proxy_agent"),
    ]
}

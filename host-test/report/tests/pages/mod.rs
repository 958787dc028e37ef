//! Accounts that pages are made of.
#![allow(dead_code, reason = "each test file uses a part of it")]

use crate::support::Account;
use serde_json::{Value, json};

/// What must never be anything but text.
pub const CANARY: &str = "\"><img src=x onerror=alert(1)></script><script>alert(1)</script><b>{{ 7*7 }}\u{202e}\u{7}'";

/// Texts that stay as they are in a hostile account: by them the page knows what to do with a record.
pub const WORDS: [&str; 11] = [
    "usr_ada",
    "usr_gone",
    "tm_fin",
    "grp_wh",
    "con_ord",
    "user",
    "team",
    "group",
    "connection",
    "2026-01-02T03:04:05Z",
    "2027-01-02T03:04:05Z",
];

/// One record of each kind that the page looks into, and more where they are joined.
pub fn all_kinds() -> Account {
    let (then, later) = ("2026-01-02T03:04:05Z", "2027-01-02T03:04:05Z");
    let user = json!({"id": "usr_ada", "active": true, "invited": false, "email": "ada@example.com", "logged_in_at": then,
        "role": "Account Administrator", "created_at": then, "user_type": "REGULAR_USER"});
    let grant = |(who, id): (&str, &str), (what, thing): (&str, &str), role: &str| {
        json!({"grantee_type": who, "grantee_id": id, "resource_type": what, "resource_id": thing, "role": role,
            "created_at": then})
    };
    let event = json!({"action": "CREATE", "captured_at": then, "user_id": "usr_ada"});
    let connection = json!({"schema": "orders", "service": "postgres", "group_id": "grp_wh", "paused": false,
        "networking_method": "Directly", "succeeded_at": then, "status": {"setup_state": "broken", "sync_state": "scheduled"},
        "settings": {"host": "db.example.com"}});
    Account::new()
        .with("user", "usr_ada", user)
        .named("Ada Example")
        .withholding("/phone", "personal_data")
        .with("team", "tm_fin", json!({"name": "Finance", "role": "Account Reviewer"}))
        .with("team_membership", "mem", json!({"team_id": "tm_fin", "user_id": "usr_ada", "role": "Team Member"}))
        .with("access_grant", "g1", grant(("user", "usr_ada"), ("group", "grp_wh"), "Destination Administrator"))
        .with("access_grant", "g2", grant(("team", "tm_fin"), ("connection", "con_ord"), "Connection Reviewer"))
        .with("access_grant", "g3", grant(("user", "usr_gone"), ("group", "grp_wh"), "Destination Reviewer"))
        .with("group", "grp_wh", json!({"name": "Warehouse"}))
        .with("destination", "grp_wh", json!({"service": "snowflake", "region": "EU", "setup_status": "connected"}))
        .with("connection", "con_ord", connection)
        .with(
            "sync_run",
            "s1",
            json!({"connection_id": "con_ord", "start_time": then, "end_time": then, "status": "SUCCESSFUL"}),
        )
        .with(
            "system_key",
            "key",
            json!({"name": "robot", "created_at": then, "expired_at": null, "last_used_at": then}),
        )
        .with(
            "api_key",
            "usr_ada",
            json!({"user_id": "usr_ada", "created_at": then, "expires_at": later, "status": "ACTIVE"}),
        )
        .with("audit_event", "e1", event.clone())
        .with("audit_trail_entry", "e2", event)
        .with("user_action", "e3", json!({"message_event": "resync", "captured_at": then, "user_id": "usr_gone"}))
        .with("not_observable", "mfa", json!({"question": "A second factor?", "why": "No field.", "instead": "Ask."}))
}

/// The same with a canary in every text, and in every id, name and reason that is not joined by.
pub fn hostile() -> Account {
    let mut account = all_kinds();
    for (at, row) in account.rows.iter_mut().enumerate() {
        row.content = spoiled(&row.content);
        row.name = Some(format!("={at}{CANARY}"));
        row.withheld.push((CANARY.into(), CANARY.into()));
    }
    account.with("user", CANARY, json!({"email": CANARY})).state(CANARY, "forbidden", CANARY)
}

fn spoiled(value: &Value) -> Value {
    match value {
        Value::String(text) if !WORDS.contains(&text.as_str()) => format!("={text}{CANARY}").into(),
        Value::Array(items) => items.iter().map(spoiled).collect(),
        Value::Object(fields) => fields.iter().map(|(name, value)| (name.clone(), spoiled(value))).collect(),
        other => other.clone(),
    }
}

/// All texts in a value.
pub fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) => vec![text.clone()],
        Value::Array(items) => items.iter().flat_map(texts).collect(),
        Value::Object(fields) => fields.values().flat_map(texts).collect(),
        _ => Vec::new(),
    }
}

/// So many users, each with a name and a role of its own.
pub fn many(users: usize) -> Account {
    let roles = ["Account Reviewer", "Account Analyst", "Account Administrator"];
    let user = |at: usize| {
        let (month, day) = (1 + at % 5, 1 + at % 28);
        let login = format!("2026-0{month}-{day:02}T{:02}:{:02}:00Z", at % 24, at * 7 % 60);
        json!({"id": format!("usr_{:x}", at * 7919), "active": true, "email": format!("user.{at}@example.com"),
            "logged_in_at": login, "created_at": "2024-01-01T00:00:00Z", "role": roles[at % roles.len()], "user_type": "REGULAR_USER"})
    };
    let account = (0..users).fold(Account::new(), |account, at| {
        account.with("user", &format!("usr_{:x}", at * 7919), user(at)).named(&format!("Person {at} Example"))
    });
    let whole = ["team", "team_membership", "access_grant"];
    whole.iter().fold(account, |account, kind| account.state(kind, "complete", ""))
}

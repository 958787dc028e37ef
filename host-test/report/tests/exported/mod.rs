//! An account, and its exports.
#![allow(dead_code, reason = "each test file uses a part of it")]

use crate::support::Account;
use serde_json::{Value, json};
use source_report::collection::Collection;
use source_report::export::{self, Wish, choose};
use source_report::finding::Rules;

pub fn account() -> Account {
    let user = json!({"id": "usr_1", "email": "ada@example.com", "active": true, "verified": true, "role": "Account Administrator",
        "logged_in_at": "2026-06-01T00:00:00Z", "created_at": "2020-01-01T00:00:00Z"});
    let grant = |grantee: &str, resource: &str, role: &str| {
        json!({"grantee_type": grantee, "grantee_id": if grantee == "team" { "team_1" } else { "usr_1" },
            "resource_type": resource, "resource_id": "grp_1", "role": role, "created_at": null})
    };
    Account::new()
        .with("user", "usr_1", user)
        .named("Ada Lovelace")
        .with("team", "team_1", json!({"id": "team_1", "name": "Growth", "role": null}))
        .with(
            "team_membership",
            "m",
            json!({"team_id": "team_1", "user_id": "usr_1", "role": "Team Member", "created_at": null}),
        )
        .with("access_grant", "g1", grant("user", "group", "Destination Reviewer"))
        .with("access_grant", "g2", grant("team", "group", "Destination Administrator"))
        .with("group", "grp_1", json!({"id": "grp_1", "name": "Warehouse"}))
        .with("system_key", "key_1", json!({"id": "key_1", "expired_at": null, "name": null, "permissions": []}))
}

pub fn all() -> Wish {
    Wish::default()
}

pub fn told() -> Wish {
    Wish { incomplete: true, ..Wish::default() }
}

/// The CSV files by name, each with its header and its rows.
pub fn oscal(collection: &Collection, wish: &Wish) -> Value {
    oscal_by(&Rules::built_in(), collection, wish)
}

pub fn oscal_by(rules: &Rules, collection: &Collection, wish: &Wish) -> Value {
    let text = export::oscal::document(&choose(collection, wish).unwrap(), &rules.judge(collection).unwrap());
    serde_json::from_str(&text).unwrap()
}

pub fn ocsf(collection: &Collection, wish: &Wish) -> Vec<Value> {
    let rules = Rules::built_in();
    let lines = export::ocsf::events(&choose(collection, wish).unwrap(), &rules.judge(collection).unwrap());
    lines.iter().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Texts that want to be more than text.
pub const CANARIES: [&str; 16] = [
    "=HYPERLINK(\"https://example.com\",\"x\")",
    "+1",
    "-1+1",
    "@SUM(A1)",
    "\t=1+1",
    "\r\n=1+1",
    "a\nb",
    "\"quoted\", and more",
    "\u{0}=1",
    "\u{202e}=1",
    "＝1+1",
    "'=1",
    "'plain",
    "<script>alert(1)</script>",
    "[x](javascript:alert(1))",
    "\u{feff}=1",
];

pub fn canaries() -> Account {
    CANARIES.iter().enumerate().fold(account(), |account, (number, text)| {
        let content = json!({"id": text, "email": text, "name": text, "list": [text], "object": {"deep": text}, *text: text,
            "active": text, "role": text, "number": -5, "schema": text, "team_id": text, "user_id": text});
        let id = format!("{number}{text}");
        ["user", "team", "team_membership", "connection"].iter().fold(account, |account, kind| {
            account.with(kind, &id, content.clone()).named(text).withholding(text, text)
        })
    })
}

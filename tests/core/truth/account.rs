//! A small account in which everything can be read, and a world that answers for it but where it is told otherwise.

use crate::fake::{Answer, FakeWorld, account_info, reply, success};
use crate::templates::asked;
use fivetran_source::table::RESOURCES;
use serde_json::{Value, json};
use source_kit::base::timestamp::Timestamp;
use source_kit::base::world::{Request, World};
use std::future::poll_fn;
use std::task::Poll;

const STAMP: &str = "2026-01-30T10:00:00Z";
const IDS: [&str; 5] = ["a", "b", "c", "d", "e"];

/// A request, taken apart.
pub struct Asked<'r> {
    /// Its path as a template: `/v1/users/{}/groups`.
    pub at: String,
    /// What stands for `{}`; empty where nothing does.
    pub id: &'r str,
    /// The cursor that it names.
    pub cursor: Option<&'r str>,
}

impl<'r> Asked<'r> {
    pub fn of(request: &'r str) -> Self {
        let at = asked(request);
        let path = request.split('?').next().unwrap();
        let hole = at.split('/').position(|part| part == "{}");
        let id = hole.and_then(|hole| path.split('/').nth(hole)).unwrap_or_default();
        Self { at, id, cursor: request.split("cursor=").nth(1) }
    }
}

/// A world whose answers come after some others were asked for: what runs at once does so.
pub struct Slow<F>(pub FakeWorld<F>);

impl<F: Fn(&str) -> Answer> World for Slow<F> {
    async fn send(&self, request: Request) -> Answer {
        for _ in 0..8 {
            let mut is_first = true;
            poll_fn(|task| {
                task.waker().wake_by_ref();
                if std::mem::take(&mut is_first) { Poll::Pending } else { Poll::Ready(()) }
            })
            .await;
        }
        self.0.send(request).await
    }
    fn now(&self) -> Timestamp {
        self.0.now()
    }
    fn monotonic_ms(&self) -> u64 {
        self.0.monotonic_ms()
    }
    async fn wait_ms(&self, milliseconds: u64) {
        self.0.wait_ms(milliseconds).await;
    }
}

/// A world of the account with so many items in each list; `twist` may answer in its stead.
pub fn world(items: usize, twist: impl Fn(&Asked<'_>) -> Option<Answer>) -> FakeWorld<impl Fn(&str) -> Answer> {
    FakeWorld::new(move |request: &str| {
        let asked = Asked::of(request);
        twist(&asked).unwrap_or_else(|| usual(items, &asked))
    })
}

/// What the account answers.
pub fn usual(items: usize, asked: &Asked<'_>) -> Answer {
    let list = RESOURCES.iter().find(|resource| resource.path == asked.at);
    match list {
        _ if asked.at == "/v1/account/info" => account_info(),
        Some(list) if list.page_limit.is_some() => page(&entries(&asked.at, items), None),
        Some(_) => success(&item(&asked.at, "acc")),
        None => match part(&asked.at, asked.id) {
            Value::Array(entries) => page(&entries, None),
            object => success(&object),
        },
    }
}

/// The items of a list.
pub fn entries(list: &str, items: usize) -> Vec<Value> {
    IDS.iter().take(items).map(|id| item(list, id)).collect()
}

/// A page of a list.
pub fn page(items: &[Value], next: Option<&str>) -> Answer {
    success(&json!({"items": items, "next_cursor": next}))
}

/// An answer of the vendor's that is an error.
pub fn error(status: u16, code: &str) -> Answer {
    reply(status, json!({"code": code, "message": "no"}).to_string())
}

/// An item of a list.
pub fn item(list: &str, id: &str) -> Value {
    match list {
        "/v1/roles" => json!({"name": id, "is_custom": false, "scope": ["ACCOUNT"]}),
        "/v1/users" => json!({"id": id, "email": format!("{id}@example.com"), "verified": true, "active": true,
            "role": "Account Reviewer", "user_type": "SERVICE_ACCOUNT", "created_at": STAMP, "logged_in_at": STAMP}),
        "/v1/teams" => json!({"id": id, "name": id, "role": "Account Reviewer"}),
        "/v1/groups" => json!({"id": id, "name": id, "created_at": STAMP}),
        "/v1/destinations" => json!({"id": id, "group_id": id, "service": "snowflake", "region": "AWS_EU_CENTRAL_1"}),
        // A service of its own, so that each has a connector type.
        "/v1/connections" => json!({"id": id, "service": id, "schema": id, "group_id": "a", "paused": false,
            "status": {"setup_state": "connected"}, "created_at": STAMP, "succeeded_at": STAMP, "failed_at": null}),
        "/v1/external-logging" | "/v1/external-logging/account" => json!({"id": id, "service": "loki", "enabled": true,
            "status": {"setup_state": "connected", "tasks": []}}),
        "/v1/webhooks" => json!({"id": id, "type": "account", "url": "https://a.example", "events": ["sync_end"],
            "active": true, "secret": "******", "created_at": STAMP, "created_by": "a"}),
        "/v1/system-keys" => json!({"id": id, "name": id, "permissions": [], "created_at": STAMP,
            "expired_at": "2027-01-01T00:00:00Z"}),
        "/v1/external-secrets-managers" => {
            json!({"id": id, "name": id, "type": "HASHICORP_VAULT", "created_at": STAMP})
        }
        "/v1/private-links" => json!({"id": id, "name": id, "state": "OK", "service": "S", "created_at": STAMP}),
        "/v1/proxy" => json!({"id": id, "status": "CONNECTED", "usage": [], "registered_at": STAMP}),
        "/v1/hybrid-deployment-agents" => json!({"id": id, "online": true, "usage": [], "registered_at": STAMP}),
        "/v1/connector-sdk/packages" => json!({"id": id, "connection_ids": ["a"], "created_at": STAMP}),
        "/v1/transformations" => json!({"id": id, "status": "SUCCEEDED", "paused": false, "created_at": STAMP}),
        "/v1/transformation-projects" => json!({"id": id, "status": "READY", "errors": [], "created_at": STAMP}),
        "/v1/metadata/connector-types" => json!({"id": id, "name": id, "service_status": "beta"}),
        other => panic!("{other} is new: what are its items?"),
    }
}

/// The answer of a part, or of an item's own path; an array is a list.
pub fn part(at: &str, id: &str) -> Value {
    if let Some(list) = RESOURCES.iter().find(|list| list.item_path.replace("{id}", "{}") == at) {
        return item(list.path, id);
    }
    match at {
        "/v1/users/{}/groups" | "/v1/teams/{}/groups" | "/v1/users/{}/connections" | "/v1/teams/{}/connections" => {
            json!([{"id": "a", "role": "R", "created_at": STAMP}, {"id": "b", "role": "R", "created_at": STAMP}])
        }
        "/v1/teams/{}/users" => {
            json!([{"user_id": "a", "role": "R", "created_at": STAMP}, {"user_id": "b", "role": "R", "created_at": STAMP}])
        }
        "/v1/users/{}/api-keys" => json!({"user_id": id, "key_status": "ACTIVE", "created_at": STAMP}),
        "/v1/groups/{}/public-key" => json!({"public_key": "ssh-rsa AAAA"}),
        "/v1/groups/{}/service-account" => json!({"service_account": "g@example.iam"}),
        "/v1/connections/{}/schemas" => json!({"enable_new_by_default": true, "schema_change_handling": "ALLOW_ALL",
            "schemas": {"s": {"enabled": true, "tables": {"t": {"enabled": true,
                "columns": {"c": {"enabled": true, "hashed": true}}}}}}}),
        "/v1/connections/{}/certificates" | "/v1/destinations/{}/certificates" => {
            json!([{"hash": "1", "name": "x", "validated_date": STAMP}, {"hash": "2", "name": "y", "validated_date": STAMP}])
        }
        "/v1/connections/{}/fingerprints" | "/v1/destinations/{}/fingerprints" => {
            json!([{"hash": "1", "public_key": "x", "validated_date": STAMP}, {"hash": "2", "public_key": "y", "validated_date": STAMP}])
        }
        "/v1/connections/{}/errors" => {
            json!([{"type": "reconnect", "title": "x", "reason": "y", "message": "z", "created_at": STAMP},
                {"type": "sync_warning", "title": "x", "reason": "y", "message": "z", "created_at": STAMP}])
        }
        "/v1/connections/{}/sync-history" => {
            json!([{"sync_id": "1", "status": "OK", "start_time": STAMP, "end_time": STAMP},
                {"sync_id": "2", "status": "OK", "start_time": STAMP, "end_time": STAMP}])
        }
        "/v1/external-secrets-managers/{}/entities" => {
            json!([{"id": "a", "name": "a", "type": "SOURCE", "enabled": true}, {"id": "b", "name": "b", "type": "SOURCE", "enabled": true}])
        }
        other => panic!("{other} is new: what does it answer?"),
    }
}

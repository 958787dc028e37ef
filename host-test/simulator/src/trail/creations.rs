//! What the REST answers stamp as created, and what has changed since: entries whose instants are given.

use super::timeline::window;
use crate::account::Account;
use crate::random::Stamp;
use crate::things::THINGS;
use serde_json::Value;

/// An entry of the trail that hangs on something in the account.
#[derive(Clone, Debug)]
pub struct Anchor {
    /// When, in microseconds since 1970.
    pub at: i64,
    /// CREATE, EDIT or DELETE.
    pub action: &'static str,
    /// Type and id of what it is about.
    pub primary: (&'static str, String),
    /// Type and id of what else is concerned.
    pub secondary: Option<(&'static str, String)>,
    /// Who did it, where the account says so.
    pub actor: Option<String>,
    /// Values before and after; made up where there are none.
    pub values: Option<(Value, Value)>,
}

impl Anchor {
    /// Its key: the same however much else there is.
    pub fn id(&self) -> String {
        let text = format!("{} {} {} {}", self.at, self.action, self.primary.0, self.primary.1);
        let dice = crate::random::Dice::new(0, &text, 0);
        format!("aud_0{}", dice.hex("id", 15))
    }
}

/// What a discrepancy is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Plant {
    /// The stamp of a creation has no entry.
    Missing,
    /// The entry of a creation is more than a day later than the stamp.
    Moved,
    /// There is an entry for the deletion of something that is there.
    DeletedYetThere,
}

/// A discrepancy between trail and REST answers.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Planted {
    /// What it is.
    pub plant: Plant,
    /// E.g. CONNECTION.
    pub resource_type: &'static str,
    /// Id of the resource.
    pub resource_id: String,
}

/// Kind, type, field of the creation, field of the actor, field of the group.
const KINDS: &[(&str, &str, &str, &str, &str)] = &[
    ("webhook", "WEBHOOK", "created_at", "created_by", ""),
    ("system_key", "SYSTEM_KEY", "created_at", "", ""),
    ("external_secrets_manager", "EXTERNAL_SECRETS_MANAGER", "created_at", "", ""),
    ("private_link", "PRIVATE_LINK", "created_at", "created_by", ""),
    ("proxy_agent", "PROXY_AGENT", "registered_at", "created_by", ""),
    ("hybrid_deployment_agent", "HYBRID_DEPLOYMENT_AGENT", "registered_at", "created_by", "group_id"),
    ("connector_sdk_package", "CONNECTOR_SDK_PACKAGE", "created_at", "created_by", ""),
    ("transformation", "TRANSFORMATION", "created_at", "created_by_id", ""),
    ("transformation_project", "TRANSFORMATION_PROJECT", "created_at", "created_by_id", "group_id"),
];

fn text(item: &Value, field: &str) -> Option<String> {
    item.get(field).and_then(Value::as_str).map(String::from)
}

fn created(at: i64, primary: (&'static str, String)) -> Anchor {
    Anchor { at, action: "CREATE", primary, secondary: None, actor: None, values: None }
}

/// Everything that the account's answers stamp as created, as they list it.
pub fn creations(account: &Account) -> Vec<Anchor> {
    let mut all = Vec::new();
    for user in (0..account.spec.users).map(|position| account.user_index(position)) {
        let id = account.user_id(user);
        all.push(created(account.user_created_at(user).micros(), ("USER", id.clone())));
        let key = account.api_key(user).and_then(|key| text(&key, "created_at"));
        if let Some(at) = key.and_then(|at| Stamp::micros_of(&at)) {
            all.push(Anchor { secondary: Some(("USER", id.clone())), ..created(at, ("API_KEY", id)) });
        }
    }
    for group in 0..account.spec.groups {
        all.push(created(account.group_created_at(group).micros(), ("DESTINATION", account.group_id(group))));
    }
    for index in 0..account.spec.connections {
        let connection = account.connection(index);
        let at = account.connection_created_at(index).micros();
        all.push(Anchor {
            secondary: text(&connection, "group_id").map(|group| ("DESTINATION", group)),
            actor: text(&connection, "connected_by"),
            ..created(at, ("CONNECTION", account.connection_id(index)))
        });
    }
    for (kind, resource_type, field, actor, group) in KINDS {
        for item in THINGS.iter().filter(|thing| thing.kind == *kind).flat_map(|thing| thing.items(account)) {
            let at = text(&item, field).and_then(|at| Stamp::micros_of(&at));
            let (Some(at), Some(id)) = (at, text(&item, "id")) else { continue };
            all.push(Anchor {
                secondary: text(&item, group).map(|group| ("DESTINATION", group)),
                actor: text(&item, actor),
                ..created(at, (resource_type, id))
            });
        }
    }
    all
}

/// The creations inside the window and what has changed since, sorted; and the discrepancies planted among them.
pub fn anchors(account: &Account, days: u32, plants: usize) -> (Vec<Anchor>, Vec<Planted>) {
    let (start, end) = window(days);
    // What is later than the window came with the changes.
    let mut inside: Vec<Anchor> = creations(account).into_iter().filter(|one| one.at >= start).collect();
    inside.sort_by_key(|one| (one.at, one.id()));
    let mut planted = Vec::new();
    let mut all = Vec::new();
    for (number, anchor) in inside.into_iter().enumerate() {
        let plant = [Plant::Missing, Plant::Moved, Plant::DeletedYetThere].get(number % 3).filter(|_| number < plants);
        if let Some(plant) = plant {
            let (resource_type, resource_id) = anchor.primary.clone();
            planted.push(Planted { plant: *plant, resource_type, resource_id });
        }
        let later = (anchor.at + 26 * 3600 * 1_000_000).min(end);
        match plant {
            Some(Plant::Missing) => {}
            Some(Plant::Moved) => all.push(Anchor { at: later, ..anchor }),
            Some(Plant::DeletedYetThere) => {
                all.push(Anchor { at: later, action: "DELETE", ..anchor.clone() });
                all.push(anchor);
            }
            None => all.push(anchor),
        }
    }
    all.extend(changes(account, end));
    all.sort_by_key(|one| (one.at, one.id()));
    (all, planted)
}

/// What [`crate::Config::changes`] changed, in the month after the window.
fn changes(account: &Account, end: i64) -> Vec<Anchor> {
    if account.changes == 0 {
        return Vec::new();
    }
    let later = |what: &str, index: usize| {
        let hours = account.dice(what, index).below("later", 29 * 24);
        end + i64::try_from(hours).unwrap_or_default() * 3600 * 1_000_000
    };
    let mut all = Vec::new();
    let former = Account { changes: 0, ..account.clone() };
    for index in 0..account.spec.users {
        let mut one = created(later("user", index), ("USER", account.user_id(index)));
        if !account.is_user(index) {
            one.action = "DELETE";
        } else if former.user_role(index) != account.user_role(index) {
            let role = |account: &Account| serde_json::json!({"role": account.user_role(index)});
            (one.action, one.values) = ("EDIT", Some((role(&former), role(account))));
        } else {
            continue;
        }
        all.push(one);
    }
    for index in (0..account.spec.connections).filter(|index| account.is_switched(*index)) {
        let connection = account.connection(index);
        let paused = connection.get("paused").and_then(Value::as_bool).unwrap_or_default();
        let state = |paused: bool| serde_json::json!({"paused": paused});
        all.push(Anchor {
            action: "EDIT",
            secondary: text(&connection, "group_id").map(|group| ("DESTINATION", group)),
            values: Some((state(!paused), state(paused))),
            ..created(later("connection", index), ("CONNECTION", account.connection_id(index)))
        });
    }
    all
}

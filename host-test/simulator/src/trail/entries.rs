//! Rows of AUDIT_TRAIL: creations as the account stamps them, changes of what is there, and things that
//! came and went.

use super::creations::Anchor;
use super::table::Cell;
use crate::account::{Account, FORMER_USERS};
use crate::random::Dice;
use serde_json::{Value, json};

/// One of these many entries creates something that a later one deletes.
const BLOCK: usize = 20;
const CREATED_AT: usize = 3;
const DELETED_AT: usize = 15;
/// Numbers of what is gone: far from all that is there.
const GONE: usize = 1_000_000;
/// Types of what came and went, and what their ids are made from.
const GHOSTS: &[(&str, &str)] = &[
    ("CONNECTION", "connection"),
    ("USER", "user"),
    ("TEAM", "team"),
    ("DESTINATION", "group"),
    ("WEBHOOK", "webhook"),
    ("SYSTEM_KEY", "system-key"),
    ("TRANSFORMATION", "transformation"),
];

/// A row of AUDIT_TRAIL, without `_fivetran_synced`.
#[derive(Clone, Debug)]
pub struct Entry {
    /// When, in microseconds since 1970.
    pub at: i64,
    /// The key.
    pub id: String,
    /// Who; nobody for what Fivetran does by itself.
    pub user: Option<String>,
    /// CREATE, EDIT, DELETE, or a word that nobody documented.
    pub action: &'static str,
    /// WEB_UI, API or SYSTEM.
    pub method: &'static str,
    /// Type and id of what it is about.
    pub primary: (&'static str, String),
    /// Type and id of what else is concerned.
    pub secondary: Option<(&'static str, String)>,
    /// Values before, and after.
    pub values: (Option<Value>, Option<Value>),
}

impl Entry {
    /// Its cells in the order of the table's columns.
    pub fn cells(self, synced: i64) -> Vec<Cell> {
        let (secondary_type, secondary_id) = self.secondary.unzip();
        vec![
            Cell::Text(self.id),
            Cell::Instant(self.at),
            self.user.into(),
            Cell::Text(self.action.into()),
            Cell::Text(self.method.into()),
            Cell::Text(self.primary.0.into()),
            Cell::Text(self.primary.1),
            secondary_type.into(),
            secondary_id.into(),
            self.values.0.map(|value| value.to_string()).into(),
            self.values.1.map(|value| value.to_string()).into(),
            Cell::Instant(synced),
        ]
    }
}

/// The entry of an anchor.
pub fn of_anchor(account: &Account, anchor: &Anchor) -> Entry {
    let id = anchor.id();
    let dice = Dice::new(account.spec.seed, &id, 0);
    let named = json!({"name": format!("{} {}", anchor.primary.0.to_lowercase(), dice.hex("name", 4))});
    let values = match (&anchor.values, anchor.action) {
        (Some((old, new)), _) => (Some(old.clone()), Some(new.clone())),
        (None, "DELETE") => (Some(named), Some(json!({}))),
        (None, _) => (Some(json!({})), Some(named)),
    };
    let user = anchor.actor.clone().or_else(|| account.actor(dice, anchor.at));
    let method = if user.is_none() { "SYSTEM" } else { dice.word("method", &["WEB_UI", "WEB_UI", "API"]) };
    let (action, primary, secondary) = (anchor.action, anchor.primary.clone(), anchor.secondary.clone());
    Entry { at: anchor.at, id, user, action, method, primary, secondary, values }
}

/// Number `number` of the `fills` entries that fill the window; further ones are added meanwhile.
pub fn of_fill(account: &Account, number: usize, fills: usize, at: i64) -> Entry {
    let dice = account.dice("trail", number);
    let id = format!("aud_1{number:08x}{}", dice.hex("id", 7));
    let user = account.actor(dice, at);
    let method = match user {
        None => "SYSTEM",
        Some(_) => dice.word("method", &["WEB_UI", "WEB_UI", "API"]),
    };
    let (block, within) = (number / BLOCK, number % BLOCK);
    let whole = block * BLOCK + DELETED_AT < fills;
    if whole && (within == CREATED_AT || within == DELETED_AT) {
        let (resource_type, slug) = GHOSTS.get(block % GHOSTS.len()).copied().unwrap_or(("TEAM", "team"));
        let named = json!({"name": format!("temporary {block}"), "paused": true});
        let (action, values) = match within {
            CREATED_AT => ("CREATE", (json!({}), named)),
            _ => ("DELETE", (named, json!({}))),
        };
        let primary = (resource_type, account.id_of(slug, GONE + block));
        return Entry { at, id, user, action, method, primary, secondary: None, values: both(values) };
    }
    let (primary, secondary, values) = edit(account, dice, at);
    // What nobody documented occurs as well, where it leaves nothing else in doubt.
    let is_odd = primary.0 == "ACCOUNT" && dice.below("undocumented", 20) == 0;
    let action = if is_odd { "RESTORE" } else { "EDIT" };
    Entry { at, id, user, action, method, primary, secondary, values }
}

fn both((old, new): (Value, Value)) -> (Option<Value>, Option<Value>) {
    (Some(old), Some(new))
}

type Resource = (&'static str, String);

/// What was edited, what else is concerned, values before and after.
fn edit(account: &Account, dice: Dice, at: i64) -> (Resource, Option<Resource>, (Option<Value>, Option<Value>)) {
    match dice.below("subject", 20) {
        0..=10 => {
            if let Some(index) = account.connection_at(dice, at) {
                let group = account.group_id(account.dice("connection", index).below("group", account.destinations()));
                let id = account.connection_id(index);
                return (("CONNECTION", id), Some(("DESTINATION", group)), connection_values(dice));
            }
        }
        11..=14 => {
            let found = try_some(account.spec.users, dice, |position| {
                let index = account.user_index(position);
                (index, account.user_created_at(index).micros() <= at)
            });
            if let Some(index) = found {
                let (old, new) = ("Account Reviewer", dice.word("role", &["Account Administrator", "Account Analyst"]));
                let old = json!({"role": old, "phone": "+15550100200"});
                return (("USER", account.user_id(index)), None, both((old, json!({"role": new, "phone": null}))));
            }
        }
        15 | 16 => {
            let found =
                try_some(account.spec.groups, dice, |index| (index, account.group_created_at(index).micros() <= at));
            if let Some(index) = found {
                let region = |region: &str| json!({"region": region, "setup_status": "connected", "config": {"password": "******"}});
                let values = (region("AWS_US_EAST_1"), region("AWS_EU_CENTRAL_1"));
                return (("DESTINATION", account.group_id(index)), None, both(values));
            }
        }
        17 | 18 if account.spec.teams > 0 => {
            let id = account.team_id(dice.below("team", account.spec.teams));
            let named = |name: &str| json!({"name": name, "description": "People of the team"});
            return (("TEAM", id), None, both((named("Old name"), named("New name"))));
        }
        _ => {}
    }
    let values = (json!({"saml_enabled": false}), json!({"saml_enabled": true}));
    (("ACCOUNT", account.id()), None, both(values))
}

fn connection_values(dice: Dice) -> (Option<Value>, Option<Value>) {
    let paused = dice.chance("paused", 50);
    match dice.below("change", 8) {
        0..=2 => both((json!({"paused": paused}), json!({"paused": !paused}))),
        3 => both((json!({"sync_frequency": 360}), json!({"sync_frequency": 1440, "daily_sync_time": "03:00"}))),
        4 => both((json!({"schedule_type": "auto"}), json!({"schedule_type": "manual"}))),
        5 => both((json!({"networking_method": "Directly"}), json!({"networking_method": "SshTunnel"}))),
        6 => both((
            json!({"config": {"host": "db1.example.com", "password": "******"}, "schema_status": "ready"}),
            json!({"config": {"host": "db2.example.com", "password": "******"}, "schema_status": null}),
        )),
        // Sometimes there is nothing.
        _ => (None, Some(json!({"note": "Resync was asked for: \"orders\" was behind, ünd the comma, too"}))),
    }
}

/// One of `count` items for which it holds, after a few tries.
fn try_some(count: usize, dice: Dice, look: impl Fn(usize) -> (usize, bool)) -> Option<usize> {
    let tries = ["try-1", "try-2", "try-3", "try-4"].iter().filter(|_| count > 0);
    tries.map(|name| look(dice.below(name, count))).find(|(_, there)| *there).map(|(index, _)| index)
}

impl Account {
    /// A connection that was there at an instant, if a few tries find one.
    pub fn connection_at(&self, dice: Dice, at: i64) -> Option<usize> {
        try_some(self.spec.connections, dice, |index| (index, self.connection_created_at(index).micros() <= at))
    }

    /// Who did something: mostly a user who was there, sometimes one deleted since, sometimes nobody.
    pub fn actor(&self, dice: Dice, at: i64) -> Option<String> {
        if dice.chance("system", 5) {
            return None;
        }
        let former = self.user_id(self.spec.users + dice.below("actor-former", FORMER_USERS));
        if dice.chance("actor-deleted", 10) {
            return Some(former);
        }
        Some(self.user_index_at(dice, at).map_or(former, |index| self.user_id(index)))
    }

    /// A user who was there at an instant, if a few tries find one.
    pub fn user_index_at(&self, dice: Dice, at: i64) -> Option<usize> {
        let dice = self.dice("trail-actor", dice.below("actor", usize::MAX));
        try_some(self.spec.users, dice, |position| {
            let index = self.user_index(position);
            (index, self.user_created_at(index).micros() <= at)
        })
    }
}

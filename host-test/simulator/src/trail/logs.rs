//! Rows of LOG: what syncs say, which nobody did, and what users did to connections.

use super::creations::Anchor;
use super::table::Cell;
use crate::account::Account;
use crate::random::Dice;
use serde_json::{Value, json};

/// 2025-10-01: before, actors were named by e-mail address.
const IDS_SINCE_MICROS: i64 = 1_759_276_800_000_000;
const SYNC_EVENTS: &[&str] =
    &["sync_start", "sync_end", "read_start", "read_end", "write_to_table_end", "records_modified"];
const USER_EVENTS: &[&str] =
    &["edit_connection", "pause_connection", "resume_connection", "force_update_connection", "resync_connection"];

struct Row {
    id: String,
    at: i64,
    connection: String,
    event: &'static str,
    message_event: &'static str,
    data: Value,
    sync: Option<String>,
}

impl Row {
    fn cells(self, synced: i64) -> Vec<Cell> {
        vec![
            Cell::Text(self.id),
            Cell::Instant(self.at),
            Cell::Text(self.connection),
            Cell::Text(self.event.into()),
            Cell::Text(self.message_event.into()),
            Cell::Text(self.data.to_string()),
            Cell::Instant(synced),
            self.sync.into(),
        ]
    }
}

/// 20 bytes in base64 that sort as the numbers do.
fn row_id(class: char, number: usize, dice: Dice) -> String {
    format!("{class}{number:08x}{}c=", dice.hex("id", 17))
}

/// The creation of a connection.
pub fn of_anchor(account: &Account, number: usize, anchor: &Anchor, synced: i64) -> Vec<Cell> {
    let dice = account.dice("trail-log-anchor", number);
    let connection = anchor.primary.1.clone();
    let actor = match &anchor.actor {
        Some(id) => account.named(id, anchor.at),
        None => "fivetran".into(),
    };
    let data = json!({"actor": actor, "id": connection, "properties": {"service": "postgres", "password": "******"}});
    let (id, event) = (row_id('0', number, dice), "create_connection");
    Row { id, at: anchor.at, connection, event: "INFO", message_event: event, data, sync: None }.cells(synced)
}

/// Whether the data of row `number` of those that fill the window contain the word, which is quicker to tell than
/// the row.
pub fn names_actor(account: &Account, number: usize) -> bool {
    account.dice("trail-log", number).below("what", 100) < 19
}

/// Number `number` of the rows that fill the window.
pub fn of_fill(account: &Account, number: usize, at: i64, synced: i64) -> Vec<Cell> {
    let dice = account.dice("trail-log", number);
    let connection = match account.connection_at(dice, at) {
        Some(index) => account.connection_id(index),
        // One deleted since.
        None => account.id_of("connection", 2_000_000 + dice.below("gone", 50)),
    };
    let id = row_id('1', number, dice);
    let properties = json!({"schedule": "daily", "password": "******"});
    let (message_event, data) = match dice.below("what", 100) {
        0..=11 => {
            let actor = match account.user_index_at(dice, at) {
                Some(user) => account.named(&account.user_id(user), at),
                None => account.user_id(account.spec.users),
            };
            (dice.word("user-event", USER_EVENTS), json!({"actor": actor, "id": connection, "properties": properties}))
        }
        12..=14 => ("edit_connection", json!({"actor": "fivetran", "id": connection, "properties": properties})),
        15 | 16 => ("edit_connection", json!({"actor": null, "id": connection, "properties": properties})),
        // Contains the word, and has no actor.
        17 | 18 => ("write_to_table_end", json!({"table": "factory_orders", "note": "\"actor\" is a column"})),
        _ => (dice.word("sync-event", SYNC_EVENTS), json!({"table": "orders", "rows": dice.below("rows", 10_000)})),
    };
    let sync = data.get("actor").is_none().then(|| dice.hex("sync", 16));
    let event = dice.word("event", &["INFO", "INFO", "INFO", "WARNING", "SEVERE"]);
    Row { id, at, connection, event, message_event, data, sync }.cells(synced)
}

impl Account {
    /// How LOG named a user then: by e-mail address, later by id.
    fn named(&self, id: &str, at: i64) -> String {
        let user = if at < IDS_SINCE_MICROS { self.find("user", id) } else { None };
        let email = user.map(|index| self.user(index)).and_then(|user| user.get("email")?.as_str().map(String::from));
        email.unwrap_or_else(|| id.into())
    }
}

//! What is below a connection or destination: certificates, fingerprints, the schema, past syncs.

use super::account::Account;
use super::protocol::Reply;
use super::random::Dice;
use http::StatusCode;
use serde_json::{Map, Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// Fivetran answers no longer window.
const MAX_WINDOW_DAYS: i64 = 7;
const DAY_SECONDS: i64 = 24 * 3600;

/// The certificates that are trusted for an owner: none to two.
pub fn certificates(account: &Account, owner: &str, index: usize) -> Vec<Value> {
    let dice = account.dice(&format!("{owner}-certificates"), index);
    let certificate = |number: usize| {
        let dice = account.dice(&format!("{owner}-certificate-{number}"), index);
        let hash = dice.hex("hash", 32);
        json!({
            "id": hash,
            "name": format!("CN=db{index}.example.com"),
            "hash": hash,
            "type": "TLS",
            "sha1": dice.hex("sha1", 40),
            "sha256": dice.hex("sha256", 64),
            "public_key": format!("Certificate: Data: Version: 3 Serial Number: {}", dice.hex("serial", 8)),
            "validated_by": account.someone(dice),
            "validated_date": dice.stamp("validated_date").text(),
        })
    };
    (0..dice.below("count", 6).saturating_sub(3)).map(certificate).collect()
}

/// The SSH fingerprints that are trusted for an owner: none to two.
pub fn fingerprints(account: &Account, owner: &str, index: usize) -> Vec<Value> {
    let dice = account.dice(&format!("{owner}-fingerprints"), index);
    let fingerprint = |number: usize| {
        let dice = account.dice(&format!("{owner}-fingerprint-{number}"), index);
        let hash = dice.hex("hash", 32);
        json!({
            "id": hash,
            "hash": hash,
            "public_key": format!("ssh-ed25519 {}", dice.hex("key", 24)),
            "validated_by": account.someone(dice),
            "validated_date": dice.stamp("validated_date").text(),
        })
    };
    (0..dice.below("count", 6).saturating_sub(3)).map(fingerprint).collect()
}

/// The schema of a connection; `None` where it was never loaded.
pub fn schema(account: &Account, index: usize) -> Option<Value> {
    let dice = account.dice("schema", index);
    if dice.chance("never-loaded", 12) {
        return None;
    }
    let tables = (0..1 + dice.below("tables", 5)).map(|at| (format!("table_{at}"), table(dice, at)));
    let tables: Map<String, Value> = tables.collect();
    let enabled = dice.chance("schema-enabled", 90);
    Some(json!({
        "schema_change_handling": dice.word("handling", &["ALLOW_ALL", "ALLOW_COLUMNS", "BLOCK_ALL"]),
        "enable_new_by_default": true,
        "schemas": {"public": {"name_in_destination": "app_public", "enabled": enabled, "tables": tables}},
    }))
}

fn table(dice: Dice, at: usize) -> Value {
    let column = |enabled: bool, hashed: bool| json!({"name_in_destination": "c", "enabled": enabled, "hashed": hashed, "is_primary_key": false, "enabled_patch_settings": {"allowed": true}});
    let mut table = json!({
        "name_in_destination": format!("table_{at}"),
        "enabled": dice.chance(&format!("table-{at}"), 80),
        "sync_mode": dice.word(&format!("mode-{at}"), &["SOFT_DELETE", "HISTORY", "LIVE"]),
        "supports_columns_config": true,
        "supports_history_mode": true,
        "enabled_patch_settings": {"allowed": at != 1, "reason_code": "OTHER"},
    });
    let columns = match dice.below(&format!("columns-{at}"), 4) {
        0 => json!({}),
        1 => Value::Null,
        2 => return table,
        _ => json!({"email": column(true, true), "birthday": column(false, false), "note": column(true, false)}),
    };
    if let Some(table) = table.as_object_mut() {
        table.insert("columns".into(), columns);
    }
    table
}

/// The syncs of a connection that began between two instants, in seconds since 1970: one a day.
pub fn syncs(account: &Account, index: usize, from: i64, to: i64) -> Vec<Value> {
    let dice = account.dice("sync", index);
    let offset = i64::try_from(dice.below("offset", 80_000)).unwrap_or(0);
    let days = from.div_euclid(DAY_SECONDS) - 1..=to.div_euclid(DAY_SECONDS);
    let text = |seconds: i64| OffsetDateTime::from_unix_timestamp(seconds).ok()?.format(&Rfc3339).ok();
    days.map(|day| (day, day * DAY_SECONDS + offset))
        .filter(|(_, start)| (from..to).contains(start))
        .map(|(day, start)| {
            let failed = dice.chance(&format!("failed-{day}"), 10);
            json!({
                "sync_id": format!("{}-{day}", account.connection_id(index)),
                "start_time": text(start),
                "end_time": text(start + 600),
                "status": if failed { "FAILURE" } else { "SUCCESSFUL" },
                "reason": failed.then_some("The source refused the login of user admin"),
            })
        })
        .collect()
}

/// The window of a request for past syncs, in seconds since 1970.
pub fn window(start: Option<&str>, end: Option<&str>) -> Result<(i64, i64), Reply> {
    let read = |text: Option<&str>| Some(OffsetDateTime::parse(text?, &Rfc3339).ok()?.unix_timestamp());
    let bad = |what: &str| Err(Reply::error(StatusCode::BAD_REQUEST, "IllegalArgument", what));
    match (read(start), read(end)) {
        (Some(from), Some(to)) if from <= to && to - from <= MAX_WINDOW_DAYS * DAY_SECONDS => Ok((from, to)),
        (Some(_), Some(_)) => bad("the window must not be longer than 7 days"),
        _ => bad("start_time and end_time must be ISO 8601"),
    }
}

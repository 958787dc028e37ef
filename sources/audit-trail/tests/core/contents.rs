//! What records are made of, and what stays out of them in either mode.

use crate::support::{bigquery, columns, datadog, place, snowflake};
use audit_trail_source::account::{Whose, whose};
use audit_trail_source::ask::Rows;
use audit_trail_source::row::Row;
use audit_trail_source::settings::Settings;
use audit_trail_source::step::{Phase, Step};
use audit_trail_source::table::Table;
use audit_trail_source::trail_source::{Reading, is_fresh};
use audit_trail_source::{entry, trail_source, user_action, values};
use serde_json::{Value, json};
use source_kit::base::model::Record;
use source_kit::base::timestamp::Timestamp;
use source_kit::record::privacy::{FreeText, Privacy};
use source_kit::{Emit, Kind};
use std::borrow::Cow;

const KINDS: [&Kind; 3] = [&entry::KIND, &user_action::KIND, &trail_source::KIND];

fn made(privacy: &Privacy, make: impl FnOnce(&mut Emit<'_>)) -> Vec<Record> {
    let mut out = Emit {
        urn: "fivetran",
        account: "acme_corp",
        wanted: &KINDS,
        since: None,
        privacy,
        free_text: FreeText::Withheld,
        spread_days: 1,
        now: Timestamp(1_700_000_600_000),
        records: Vec::new(),
        unknown: Vec::new(),
    };
    make(&mut out);
    for record in &out.records {
        let kind = KINDS.iter().find(|kind| kind.id == record.kind).unwrap();
        let schema = serde_json::from_str(kind.content_schema).unwrap();
        let content: Value = serde_json::from_str(&record.content).unwrap();
        let errors: Vec<_> =
            jsonschema::validator_for(&schema).unwrap().iter_errors(&content).map(|e| e.to_string()).collect();
        assert!(errors.is_empty(), "{errors:?}");
        assert_eq!(serde_json::to_string(&content).unwrap(), record.content, "fields are in order");
    }
    out.records
}

fn hashed() -> Privacy {
    Privacy::hashed("kkkkkkkkkkkkkkkk")
}

/// The record of an entry with these values, whose columns are there.
fn entry_of(privacy: &Privacy, user: &str, old: Option<&str>, new: Option<&str>) -> Record {
    entry_with(privacy, user, [Some(old.unwrap_or("")), Some(new.unwrap_or(""))])
}

/// The same where a column may not be there at all.
fn entry_with(privacy: &Privacy, user: &str, [old, new]: [Option<&str>; 2]) -> Record {
    let cells = [
        Some("t1"),
        Some("1700000000123456"),
        Some(user),
        Some("EDIT"),
        Some("WEB_UI"),
        Some("CONNECTION"),
        Some("decent_dropsy"),
        Some("DESTINATION"),
        Some("exalted_salt"),
        old,
        new,
        Some("1700000100000999"),
    ];
    let row = Row { table: Table::AuditTrail, cells: &cells };
    made(privacy, |out| entry::emit(&row, &[], out).unwrap()).remove(0)
}

fn action_of(privacy: &Privacy, data: &str) -> Result<Option<Record>, &'static str> {
    let cells = [
        Some("bG9n"),
        Some("1700000000123456"),
        Some("decent_dropsy"),
        Some("INFO"),
        Some("edit_connection"),
        Some(data),
        Some("1700000100000999"),
    ];
    let row = Row { table: Table::Log, cells: &cells };
    let mut result = Ok(false);
    let mut records = made(privacy, |out| result = user_action::emit(&row, &[], out));
    result.map(|is_action| {
        assert_eq!(is_action, !records.is_empty());
        records.pop()
    })
}

fn content(record: &Record) -> Value {
    serde_json::from_str(&record.content).unwrap()
}

fn withheld(record: &Record) -> Vec<&str> {
    record.withheld.iter().map(|one| one.pointer.as_str()).collect()
}

#[test]
fn an_entry_has_what_changed_and_the_values_that_are_kept() {
    let old = r#"{"paused": false, "sync_frequency": 60, "schema": "a", "config": {"b": 1, "a": [1]}, "gone": 1, "same": null}"#;
    let new = r#"{"paused": true, "sync_frequency": "60", "schema": "b", "config": {"a": [1], "b": 1}, "new": null}"#;
    let record = entry_of(&Privacy::Full, "brave_fox", Some(old), Some(new));
    assert_eq!(
        content(&record),
        json!({
            "action": "EDIT", "captured_at": "2023-11-14T22:13:20.123456Z", "changed": ["gone", "paused", "schema", "sync_frequency"], "interaction_method": "WEB_UI",
            "new_values": {"paused": true, "sync_frequency": "60"}, "old_values": {"paused": false, "sync_frequency": 60},
            "primary_resource_id": "decent_dropsy", "primary_resource_type": "CONNECTION", "secondary_resource_id": "exalted_salt", "secondary_resource_type": "DESTINATION",
            "source": "audit_trail", "synced_at": "2023-11-14T22:15:00.000Z", "trail_id": "t1", "user_id": "brave_fox",
        })
    );
    assert_eq!(
        withheld(&record),
        ["/new_values/config", "/new_values/schema", "/old_values/config", "/old_values/gone", "/old_values/schema"]
    );
    assert_eq!(record.title, "EDIT of CONNECTION decent_dropsy at 2023-11-14T22:13:20.123Z");
    assert_eq!((record.subject.id.as_str(), record.subject.kind), ("decent_dropsy", "CONNECTION"));
    assert_eq!(record.effective_at.as_deref(), Some("2023-11-14T22:13:20.123Z"));
    assert!(record.id.starts_with("urn:fivetran:acme_corp:audit_trail_entry:t1"), "{}", record.id);
}

/// Of a column that is not there it is not known what stood in it.
#[test]
fn nothing_is_said_to_have_changed_where_a_column_is_missing() {
    let values = Some(r#"{"paused": false}"#);
    for cells in [[None, values], [values, None], [None, None]] {
        let record = entry_with(&Privacy::Full, "u", cells);
        assert_eq!(content(&record)["changed"], Value::Null, "{cells:?}");
    }
    assert_eq!(content(&entry_with(&Privacy::Full, "u", [Some(""), values]))["changed"], json!(["paused"]));
}

#[test]
fn what_is_no_object_is_withheld_whole() {
    for (old, new, changed, pointers) in [
        (None, Some(r#"{"role": "Account Reviewer"}"#), json!(["role"]), &[][..]),
        (Some(r#"{"role": "Account Reviewer"}"#), Some("null"), json!(["role"]), &[]),
        (None, None, Value::Null, &[]),
        (Some("null"), Some(""), Value::Null, &[]),
        (Some("paused"), Some("{}"), Value::Null, &["/old_values"]),
        (Some("{}"), Some("[1]"), Value::Null, &["/new_values"]),
        (Some("{\"a\": "), Some("\"text\""), Value::Null, &["/new_values", "/old_values"]),
        (Some(r#"{"a": 1, "a": 2}"#), Some(r#"{"a": 1}"#), json!([]), &["/new_values/a", "/old_values/a"]),
    ] {
        let record = entry_of(&Privacy::Full, "u", old, new);
        assert_eq!(content(&record)["changed"], changed, "{old:?} {new:?}");
        let mut found = withheld(&record);
        found.dedup();
        assert_eq!(found, pointers, "{old:?} {new:?}");
    }
}

#[test]
fn an_entry_without_id_or_instant_is_none() {
    for (place, cell) in [
        (0, None),
        (0, Some("a b")),
        (1, None),
        (1, Some("yesterday")),
        (1, Some("-1")),
        (1, Some("9223372036854775807")),
    ] {
        let mut cells = [Some("1"); 12];
        cells[place] = cell;
        let row = Row { table: Table::AuditTrail, cells: &cells };
        assert!(made(&Privacy::Full, |out| assert!(entry::emit(&row, &[], out).is_err(), "{cell:?}")).is_empty());
    }
}

#[test]
fn only_what_an_actor_did_is_a_user_action() {
    for data in [
        r#"{"actor": null}"#,
        r#"{"actor": "fivetran"}"#,
        r#"{"actor": "Fivetran"}"#,
        r#"{"actor": ""}"#,
        r#"{"note": "no actor"}"#,
        "null",
        "",
    ] {
        assert_eq!(action_of(&Privacy::Full, data), Ok(None), "{data}");
    }
    for data in ["actor", "[\"actor\"]", "{\"actor\": "] {
        assert!(action_of(&Privacy::Full, data).is_err(), "{data}");
    }
    let record = action_of(
        &Privacy::Full,
        r#"{"actor": "brave_fox", "properties": {"password": "x"}, "id": "y", "none": null}"#,
    )
    .unwrap()
    .unwrap();
    assert_eq!(
        content(&record),
        json!({
            "captured_at": "2023-11-14T22:13:20.123Z", "connection_id": "decent_dropsy", "event": "INFO", "log_id": "bG9n", "message_event": "edit_connection",
            "source": "log", "synced_at": "2023-11-14T22:15:00.000Z", "user_id": "brave_fox",
        })
    );
    assert_eq!(withheld(&record), ["/message_data/id", "/message_data/properties"]);
    let odd = action_of(&Privacy::Full, r#"{"actor": {"name": "Ada"}}"#).unwrap().unwrap();
    assert_eq!((content(&odd)["user_id"].clone(), withheld(&odd)), (Value::Null, vec!["/message_data/actor"]));
}

/// A log service tells of more than connections, and names something else in their place.
#[test]
fn an_action_on_something_else_is_not_one_on_a_connection() {
    for (action, connection, kind, is_on_it) in [
        ("edit_connection", Some("decent_dropsy"), "CONNECTION", true),
        ("resync_tables", Some("decent_dropsy"), "CONNECTION", true),
        ("resync_tables", Some("dashboard"), "unknown", false),
        ("edit_team", Some("dashboard"), "TEAM", false),
        ("edit_team", Some("decent_dropsy"), "TEAM", false),
        ("create_user", None, "USER", false),
        ("edit_destination", Some("dashboard"), "DESTINATION", false),
        ("edit_account", Some("dashboard"), "ACCOUNT", false),
        ("generate_api_secret", Some("dashboard"), "API_KEY", false),
        ("delete_connection", Some("dashboard"), "CONNECTION", false),
    ] {
        let cells =
            [Some("bG9n"), Some("1700000000123456"), connection, None, Some(action), Some(r#"{"actor": "a"}"#), None];
        let row = Row { table: Table::Log, cells: &cells };
        let record = made(&Privacy::Full, |out| assert_eq!(user_action::emit(&row, &[], out), Ok(true))).remove(0);
        let id = if is_on_it { "decent_dropsy" } else { "bG9n" };
        assert_eq!((record.subject.kind, record.subject.id.as_str()), (kind, id), "{action} {connection:?}");
        assert_eq!(content(&record)["connection_id"].is_string(), is_on_it, "{action} {connection:?}");
        assert_eq!(record.title.contains(" on connection decent_dropsy "), is_on_it, "{}", record.title);
        assert!(record.title.starts_with(&format!("User action {action} ")) && !record.title.contains("dashboard"));
    }
}

#[test]
fn an_actors_address_obeys_the_mode() {
    let data = r#"{"actor": "Ada.Byron@example.com"}"#;
    let full = action_of(&Privacy::Full, data).unwrap().unwrap();
    assert_eq!(content(&full)["user_id"], "Ada.Byron@example.com");
    for text in ["Ada.Byron@example.com", "Ada Byron", "Ada"] {
        let data = json!({"actor": text}).to_string();
        let record = action_of(&hashed(), &data).unwrap().unwrap();
        let whole = format!("{record:?}");
        assert!(!whole.contains("Ada") && !whole.contains("Byron"), "{whole}");
        assert!(content(&record)["user_id"].as_str().unwrap().starts_with("hmac-sha256:"));
        if text.contains('@') {
            let whole = format!("{:?}", entry_of(&hashed(), text, None, None));
            assert!(!whole.contains("Ada") && !whole.contains("Byron"), "{whole}");
        }
    }
    let id = action_of(&hashed(), r#"{"actor": "brave_fox"}"#).unwrap().unwrap();
    assert_eq!(content(&id)["user_id"], "brave_fox", "ids still join");
}

/// Words that must not come out, wherever they stand. The last ones look like nothing: only the lists keep them in.
const CANARIES: &[&str] = &[
    "hunter2canary",
    "-----BEGIN PRIVATE KEY-----canary",
    "eyJhbGciOiJIUzI1NiJ9.e30.canarycanary",
    "https://user:canary@example.com/",
    "ghp_canaryCanaryCanaryCanaryCanary0123",
    "canary.person@example.com",
    "Canary Person",
    "canary",
];

#[test]
fn no_canary_comes_out() {
    for privacy in [Privacy::Full, hashed()] {
        for canary in CANARIES {
            let word = canary.to_lowercase();
            let is_out = |record: &Record| format!("{record:?}").to_lowercase().contains(&word);
            // Under names that are kept, only what has the shape of the name comes through; the names that are not are not.
            let under = |name: &str| {
                json!({name: canary, "deep": {name: [canary, {"x": canary}]}, "list": [canary]}).to_string()
            };
            for name in [
                "password",
                "config",
                "name",
                "email",
                "given_name",
                "description",
                "paused",
                "sync_frequency",
                "daily_sync_time",
                "host",
                "user",
                "x",
            ] {
                let text = under(name);
                let record = entry_of(&privacy, "u", Some(&text), Some(&under("other")));
                assert!(!is_out(&record), "{name}: {record:?}");
                let data = json!({"actor": "u", "properties": {name: canary}, "id": canary, "message": canary, name: [canary]}).to_string();
                let record = action_of(&privacy, &data).unwrap().unwrap();
                assert!(!is_out(&record), "{name}: {record:?}");
            }
            for text in [
                json!(canary).to_string(),
                (*canary).to_string(),
                json!([canary]).to_string(),
                format!("{{\"a\": \"{canary}\""),
            ] {
                assert!(!is_out(&entry_of(&privacy, "u", Some(&text), Some(&text))), "{text}");
            }
        }
        // As names of settings, what does not look like one does not come out either.
        for canary in CANARIES.iter().filter(|canary| {
            canary.contains(['@', ' ', '/']) || canary.starts_with("ghp_") || canary.starts_with("eyJ")
        }) {
            let text = json!({*canary: 1}).to_string();
            let record = entry_of(&privacy, "u", None, Some(&text));
            assert!(!format!("{record:?}").contains(canary), "{record:?}");
            assert_eq!(content(&record)["changed"], json!(["withheld"]));
            let data = json!({"actor": "u", *canary: 1}).to_string();
            assert!(!format!("{:?}", action_of(&privacy, &data).unwrap().unwrap()).contains(canary));
        }
    }
}

#[test]
fn kept_settings_are_those_of_the_fivetran_source_and_none_that_is_marked_secret() {
    let schemas = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../src/schemas");
    let all: String = std::fs::read_dir(schemas)
        .unwrap()
        .map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap())
        .collect();
    let secret = include_str!("../../../../src/sensitive_settings.txt");
    for (name, _) in values::KEPT {
        assert!(all.contains(&format!("\"{name}\": {{")), "{name} is in no record of the Fivetran source");
        assert!(!secret.lines().any(|line| line == *name), "{name} is marked secret");
    }
}

#[test]
fn the_account_row_proves_whose_it_is() {
    let rows = |ids: &[&'static str]| Rows {
        rows: ids.iter().map(|id| vec![Some(Cow::Borrowed(*id)), Some("Acme".into())]).collect(),
        ..Rows::default()
    };
    assert_eq!(whose(&rows(&["acme_corp"])), Whose::Of("acme_corp".into(), Some("Acme".into())));
    assert!(matches!(whose(&rows(&[])), Whose::Unclear(_)));
    assert!(matches!(whose(&rows(&["acme_corp", "acme_corp"])), Whose::Unclear(_)));
    assert!(matches!(whose(&Rows { rows: vec![vec![None, None]], ..Rows::default() }), Whose::Unclear(_)));
}

#[test]
fn a_table_says_how_it_was_read() {
    let settings = Settings { account: Some("acme_corp".into()), sync_minutes: 5, ..snowflake() };
    let first = place(&settings).first(Table::AuditTrail, None, 0).unwrap();
    let done = Step {
        phase: Phase::Done,
        columns: columns(Table::AuditTrail, &[]),
        watermark_us: 1_700_000_100_000_999,
        at_us: 7,
        skip: 3,
        counted: Some(5),
        delivered: 5,
        recounted: Some(4),
        first_us: Some(1_600_000_000_000_000),
        last_us: Some(1_700_000_000_123_456),
        synced_us: Some(1_700_000_100_000_999),
        ..first
    };
    let emit = |done: &Step, settings: &Settings| {
        let reading = Reading::of(done, place(settings), settings);
        made(&Privacy::Full, |out| trail_source::emit(&reading, &[], out)).remove(0)
    };
    let record = emit(&done, &settings);
    let content = content(&record);
    for (field, want) in [
        ("place", json!("snowflake")),
        ("table", json!("audit_trail")),
        ("rows_before", json!(5)),
        ("rows_read", json!(5)),
        ("rows_after", json!(4)),
        ("fresh", json!(true)),
        ("scope", Value::Null),
        ("first_captured_at", json!("2020-09-13T12:26:40.000Z")),
        ("last_captured_at", json!("2023-11-14T22:13:20.123Z")),
        ("last_synced_at", json!("2023-11-14T22:15:00.000Z")),
        ("account_id", json!("acme_corp")),
        ("account_name", Value::Null),
        ("columns", json!(Table::AuditTrail.columns())),
    ] {
        assert_eq!(content[field], want, "{field}");
    }
    let statement = content["statement"].as_str().unwrap();
    assert!(
        statement.starts_with("select id, ")
            && statement.contains(">= -62135596800000000 and")
            && statement.ends_with("limit 4000 offset 0"),
        "{statement}"
    );
    let at = Timestamp(1_000_000);
    assert!(is_fresh(at, at.plus_seconds(600), 5) && !is_fresh(at, at.plus_seconds(601), 5));

    for (settings, table, start) in
        [(bigquery(), Table::AuditTrail, "GET /bigquery/v2/"), (datadog(), Table::Log, "GET /api/v2/logs/events?")]
    {
        let first = place(&settings).first(table, None, 0).unwrap();
        let done = Step { phase: Phase::Done, delivered: 9, ..first };
        let record = emit(&done, &settings);
        let content: Value = serde_json::from_str(&record.content).unwrap();
        assert!(content["statement"].as_str().unwrap().starts_with(start), "{content}");
        assert_eq!(
            (&content["fresh"], content["statement"].as_str().unwrap().contains("startIndex")),
            (&Value::Null, false)
        );
    }
}

//! Settings and steps that tests share.

use audit_trail_source::place::Place;
use audit_trail_source::settings::Settings;
use audit_trail_source::step::{Phase, Step};
use audit_trail_source::table::{Columns, Table};
use serde_json::{Value, json};
use source_kit::Setting;

/// Settings with a place; panics where they are not taken.
pub fn settings(name: &str, place: Value) -> Settings {
    let mut settings = Settings::default();
    assert_eq!(settings.set("account", &json!("acme_corp")), Setting::Taken);
    assert_eq!(settings.set(name, &place), Setting::Taken, "{place}");
    settings
}

pub fn bigquery() -> Settings {
    settings("bigquery", json!({"project": "p", "dataset": "d", "location": "EU"}))
}

pub fn snowflake() -> Settings {
    let place = json!({"host": "xy123.snowflakecomputing.com", "database": "DB", "schema": "FM", "warehouse": "WH", "role": "R"});
    settings("snowflake", place)
}

pub fn databricks() -> Settings {
    settings(
        "databricks",
        json!({"host": "dbc-1.cloud.databricks.com", "catalog": "c", "schema": "s", "warehouse_id": "w1"}),
    )
}

pub fn datadog() -> Settings {
    settings("datadog", json!({"site": "us3.datadoghq.com"}))
}

pub fn place(settings: &Settings) -> &dyn Place {
    settings.ready().unwrap().1
}

/// All columns of a table, those of `json` with that type.
pub fn columns(table: Table, json: &[&str]) -> Columns {
    let kind = |name: &&str| if json.contains(name) { "JSON" } else { "STRING" };
    let all: Vec<_> = table.columns().iter().map(|name| ((*name).into(), kind(name).into())).collect();
    Columns::of(table, &all).unwrap()
}

/// A step of a walk that knows all columns.
pub fn step(place: &dyn Place, table: Table, since_us: Option<i64>, phase: Phase) -> Step {
    Step { columns: columns(table, &[]), phase, ..place.first(table, since_us, 9_000_000).unwrap() }
}

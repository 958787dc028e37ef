//! What settings are taken, and in which words others are refused.

use crate::support::{bigquery, databricks, datadog, snowflake};
use audit_trail_source::datadog::SITES;
use audit_trail_source::settings::{SETTINGS_SCHEMA, Settings};
use audit_trail_source::source::AuditTrail;
use serde_json::{Map, Value, json};
use source_kit::{Host, Setting, Source};
use std::collections::BTreeSet;

fn set(name: &str, value: &Value) -> Setting {
    Settings::default().set(name, value)
}

fn refusal(name: &str, value: &Value) -> &'static str {
    match set(name, value) {
        Setting::Not(expected) => expected,
        other => panic!("{name} {value}: {other:?}"),
    }
}

#[test]
fn settings_are_shown_as_they_were_set() {
    for settings in [bigquery(), snowflake(), databricks(), datadog()] {
        let shown: Map<String, Value> = settings.show().into_iter().map(|(name, value)| (name.into(), value)).collect();
        let mut again = Settings::default();
        for (name, value) in &shown {
            assert_eq!(again.set(name, value), Setting::Taken, "{name}");
        }
        assert_eq!(again, settings);
        assert!(schema().is_valid(&Value::Object(shown.clone())), "{shown:?}");
    }
    assert_eq!(
        bigquery().show(),
        [
            ("account", json!("acme_corp")),
            ("bigquery", json!({"project": "p", "dataset": "d", "location": "EU"})),
            ("sync_minutes", json!(1440)),
        ]
    );
}

#[test]
fn exactly_one_place_is_taken() {
    let mut settings = bigquery();
    assert!(
        matches!(settings.set("datadog", &json!({"site": "datadoghq.com"})), Setting::Not(text) if text.contains("exactly one"))
    );
    let mut settings = Settings::default();
    assert_eq!(settings.ready().err().map(|short| short.pointer), Some("/settings/account"));
    assert_eq!(settings.set("account", &json!("a")), Setting::Taken);
    let short = settings.ready().err().unwrap();
    assert!(short.pointer == "/settings" && short.remedy.contains("one of bigquery"));
    assert_eq!(settings.set("postgres", &json!({})), Setting::Unknown);
}

#[test]
fn a_refusal_names_the_field() {
    for (name, value, field) in [
        ("bigquery", json!({"project": "p"}), "dataset"),
        ("bigquery", json!({"project": "p`", "dataset": "d"}), "project"),
        ("bigquery", json!({"project": "..", "dataset": "d"}), "project"),
        ("bigquery", json!({"project": "p", "dataset": "a.b"}), "dataset"),
        ("bigquery", json!({"project": "p", "dataset": "d", "location": "EU&x=1"}), "location"),
        ("bigquery", json!({"project": "p", "dataset": "d", "table": "t"}), "location"),
        ("bigquery", json!("p.d"), "project"),
        (
            "snowflake",
            json!({"host": "a.snowflakecomputing.com", "database": "a\"b", "schema": "s", "warehouse": "w"}),
            "database",
        ),
        (
            "snowflake",
            json!({"host": "a.snowflakecomputing.com", "database": "d", "schema": "", "warehouse": "w"}),
            "schema",
        ),
        (
            "snowflake",
            json!({"host": "a.snowflakecomputing.com", "database": "d", "schema": "s", "warehouse": 1}),
            "warehouse",
        ),
        ("databricks", json!({"host": "a.cloud.databricks.com", "catalog": "c", "schema": "s"}), "warehouse_id"),
        (
            "databricks",
            json!({"host": "a.cloud.databricks.com", "catalog": "c`", "schema": "s", "warehouse_id": "w"}),
            "catalog",
        ),
        ("datadog", json!({"site": "datadoghq.com.evil.org"}), "site"),
        ("datadog", json!({"site": "datadoghq.com", "query": "a\nb"}), "query"),
        ("account", json!("a b"), "account"),
        ("sync_minutes", json!(0), "minutes"),
        ("sync_minutes", json!(10_081), "minutes"),
        ("sync_minutes", json!("60"), "minutes"),
    ] {
        let expected = refusal(name, &value);
        assert!(expected.contains(field), "{value}: {expected}");
    }
}

#[test]
fn only_hosts_of_the_vendors_are_taken() {
    let snowflake = |host: &str| json!({"host": host, "database": "d", "schema": "s", "warehouse": "w"});
    let databricks = |host: &str| json!({"host": host, "catalog": "c", "schema": "s", "warehouse_id": "w"});
    for (name, value) in [
        ("snowflake", snowflake("xy123.snowflakecomputing.com")),
        ("snowflake", snowflake("acme-prod.eu-central-1.aws.snowflakecomputing.com")),
        ("databricks", databricks("dbc-a1b2.cloud.databricks.com")),
        ("databricks", databricks("adb-123.4.azuredatabricks.net")),
        ("databricks", databricks("123.4.gcp.databricks.com")),
    ] {
        assert_eq!(set(name, &value), Setting::Taken, "{value}");
        assert!(schema().is_valid(&json!({"account": "a", name: value})), "{value}");
    }
    for host in [
        "snowflakecomputing.com",
        ".snowflakecomputing.com",
        "x.snowflakecomputing.com.evil.org",
        "evilsnowflakecomputing.com",
        "x.evilsnowflakecomputing.com",
        "X.snowflakecomputing.com",
        "x.SNOWFLAKECOMPUTING.com",
        "x.snowflakecomputing.com.",
        "x.snowflakecomputing.com:443",
        "x..snowflakecomputing.com",
        "-x.snowflakecomputing.com",
        "x-.snowflakecomputing.com",
        "https://x.snowflakecomputing.com",
        "user@x.snowflakecomputing.com",
        "evil.org/x.snowflakecomputing.com",
        "evil.org#.snowflakecomputing.com",
        "evil.org?.snowflakecomputing.com",
        "x\n.snowflakecomputing.com",
        "ẍ.snowflakecomputing.com",
        "10.0.0.1",
        "[::1]",
        "localhost",
        "",
    ] {
        assert!(refusal("snowflake", &snowflake(host)).contains("host"), "{host}");
        assert!(!schema().is_valid(&json!({"account": "a", "snowflake": snowflake(host)})), "{host}");
        let other = host.replace("snowflakecomputing.com", "cloud.databricks.com");
        assert!(refusal("databricks", &databricks(&other)).contains("host"), "{other}");
    }
    assert!(refusal("databricks", &databricks("databricks.com")).contains("host"));
    let long = format!("{}.snowflakecomputing.com", "a".repeat(64));
    assert!(refusal("snowflake", &snowflake(&long)).contains("host"));
}

fn schema() -> jsonschema::Validator {
    jsonschema::validator_for(&serde_json::from_str(SETTINGS_SCHEMA).unwrap()).unwrap()
}

/// Description, settings and the policy that is built into the harness name the same hosts.
#[test]
fn the_hosts_are_the_same_wherever_they_stand() {
    let policy = include_str!("../../../../host-test/policies/fivetran-audit-trail.json");
    let policy: Value = serde_json::from_str(policy).unwrap();
    let granted: BTreeSet<String> =
        policy["rules"].as_array().unwrap().iter().map(|rule| rule["host"].to_string()).collect();
    let declared = AuditTrail::ABOUT.capabilities.iter().map(|capability| match capability.host {
        Host::Exact(host) => json!(host).to_string(),
        Host::Setting(setting, suffixes) => json!({"setting": setting, "suffixes": suffixes}).to_string(),
    });
    let declared: BTreeSet<String> = declared.collect();
    assert_eq!(declared, granted);
    let sites: Vec<_> = SITES.iter().map(|site| json!(format!("api.{site}")).to_string()).collect();
    assert!(sites.iter().all(|host| declared.contains(host)));
    assert_eq!(declared.len(), SITES.len() + 3, "Google's, Snowflake's and Databricks' besides");
    let schema: Value = serde_json::from_str(SETTINGS_SCHEMA).unwrap();
    assert_eq!(schema["properties"]["datadog"]["properties"]["site"]["enum"], json!(SITES));
    assert!(SITES.iter().all(|site| refusal("datadog", &json!({"site": "x"})).contains(site)));
}

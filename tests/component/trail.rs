//! The audit trail's component in wasmtime, against the simulator as each of its four places over loopback: does what
//! comes out say what the tables say? The simulator's history knows nothing of the component.

mod canaries;
mod faults;
mod fleet;
mod large;
mod lies;
mod resume;
mod watermark;

use crate::support::{NOW, account, block_on, collect, engine, guest, options, simulator};
use fivetran_simulator::{Config, Keys, Simulator, Table, Trail, Vendor};
use serde_json::{Value, json};
use source_host::bindings::compliance::source::types::CoverageState;
use source_host::bindings::exports::compliance::source::source::Page;
use source_host::grant::Grant;
use source_host::plugin::Plugin;
use source_host::tenant::{Clock, Credentials, Secret, Tenant};
use std::collections::{BTreeMap, BTreeSet};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// Places whose rows can be counted.
const WAREHOUSES: [Vendor; 3] = [Vendor::Snowflake, Vendor::Databricks, Vendor::BigQuery];
const PLACES: [Vendor; 4] = [Vendor::Snowflake, Vendor::Databricks, Vendor::BigQuery, Vendor::Datadog];
const ENTRY: &str = "audit_trail_entry";
const ACTION: &str = "user_action";
const SOURCE: &str = "audit_trail_source";

async fn plugin() -> Plugin {
    Plugin::load(&engine(), &guest("audit_trail_source")).await.unwrap()
}

fn policy() -> Grant {
    Grant::parse(include_str!("../../host-test/policies/fivetran-audit-trail.json")).unwrap()
}

/// A small trail, which still comes in several parts.
fn small() -> Trail {
    Trail { entries: 90, logs: 200, partition_rows: 40, ..Trail::default() }
}

fn config(vendor: Vendor, trail: &Trail) -> Config {
    Config { vendor, trail: trail.clone(), ..account(6, 2, 2, 10) }
}

/// What opens the trails that are simulated.
fn credentials(vendor: Vendor, keys: Keys) -> Credentials {
    let Keys { token, api_key, application_key } = keys;
    match vendor {
        Vendor::Datadog => Credentials::Fields(vec![
            ("api_key".into(), Secret::new(api_key)),
            ("application_key".into(), Secret::new(application_key)),
        ]),
        _ => Credentials::Bearer(Secret::new(token)),
    }
}

/// A tenant whose requests go to the simulator, with these settings besides those of the place.
fn tenant_with(simulator: &Simulator, vendor: Vendor, more: &Value) -> Tenant {
    let mut settings = simulator.trail_settings();
    // Small pages ask again and again.
    settings["requests_per_hour"] = 20_000.into();
    settings.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    Tenant {
        settings: settings.to_string(),
        granted: Some(policy()),
        upstream: Some(simulator.url().parse().unwrap()),
        clock: Clock::fixed(NOW),
        ..Tenant::new(credentials(vendor, Trail::default().keys))
    }
}

fn tenant(simulator: &Simulator, vendor: Vendor) -> Tenant {
    tenant_with(simulator, vendor, &json!({}))
}

fn parsed(lines: &[String]) -> Vec<Value> {
    lines.iter().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The contents of a kind's records.
fn contents(lines: &[String], kind: &str) -> Vec<Value> {
    parsed(lines)
        .into_iter()
        .filter(|record| record["kind"] == kind)
        .map(|mut record| record["content"].take())
        .collect()
}

/// The records of a kind as text without what tells where and when they were read, by id.
fn bare(lines: &[String], kind: &str) -> BTreeMap<String, String> {
    let mut out = BTreeMap::new();
    for mut record in parsed(lines).into_iter().filter(|record| record["kind"] == kind) {
        for field in ["provenance", "observed_at", "valid_until"] {
            record.as_object_mut().unwrap().remove(field).unwrap();
        }
        let id = record["id"].as_str().unwrap().to_string();
        assert!(out.insert(id.clone(), record.to_string()).is_none(), "{id} is there twice");
    }
    out
}

/// State, code and reason of a kind on the last page.
fn coverage(pages: &[Page], kind: &str) -> (CoverageState, String, String) {
    let last = &pages.last().unwrap().coverage;
    let of = last.iter().find(|one| one.kind == kind).unwrap();
    (of.state, of.code.clone(), of.reason.clone())
}

/// Milliseconds of an instant that a record shows.
fn shown_ms(stamp: &Value) -> Value {
    let Some(text) = stamp.as_str() else { return Value::Null };
    let at = OffsetDateTime::parse(text, &Rfc3339).unwrap();
    Value::from(i64::try_from(at.unix_timestamp_nanos() / 1_000_000).unwrap())
}

/// Milliseconds of the microseconds in a cell.
fn cell_ms(cell: Option<&String>) -> Value {
    cell.map(|micros| micros.parse::<i64>().unwrap().div_euclid(1000)).into()
}

type Cells = Vec<Option<String>>;

/// Names that differ between two cells of settings.
fn changed(old: Option<&String>, new: Option<&String>) -> Value {
    if old.is_none() && new.is_none() {
        return Value::Null;
    }
    let side = |cell: Option<&String>| cell.map_or(json!({}), |text| serde_json::from_str(text).unwrap());
    let (old, new): (Value, Value) = (side(old), side(new));
    let names: BTreeSet<&String> = [&old, &new].into_iter().flat_map(|side| side.as_object().unwrap().keys()).collect();
    let at = |side: &Value, name: &str| side.get(name).cloned().unwrap_or_default();
    names.into_iter().filter(|name| at(&old, name) != at(&new, name)).cloned().collect::<Vec<_>>().into()
}

/// What a row of AUDIT_TRAIL must come to, without the values that are kept.
fn entry_of(row: &Cells) -> Value {
    let cell = |at: usize| row[at].as_ref();
    json!({
        "trail_id": cell(0), "captured_at": cell_ms(cell(1)), "user_id": cell(2), "action": cell(3),
        "interaction_method": cell(4), "primary_resource_type": cell(5), "primary_resource_id": cell(6),
        "secondary_resource_type": cell(7), "secondary_resource_id": cell(8), "changed": changed(cell(9), cell(10)),
        "synced_at": cell_ms(cell(11)), "source": "audit_trail",
    })
}

/// What a row of LOG must come to; `None` where it is no user action.
fn action_of(row: &Cells) -> Option<Value> {
    let data: Value = serde_json::from_str(row[5].as_deref()?).unwrap();
    let actor = data["actor"].as_str().filter(|actor| *actor != "fivetran")?;
    Some(json!({
        "log_id": row[0], "captured_at": cell_ms(row[1].as_ref()), "connection_id": row[2], "event": row[3],
        "message_event": row[4], "user_id": actor, "synced_at": cell_ms(row[6].as_ref()), "source": "log",
    }))
}

/// What Fivetran documents that it sends to a log service, of a row of AUDIT_TRAIL.
fn sent_of(row: &Cells) -> Option<Value> {
    let (action, kind) = (row[3].as_deref()?, row[5].as_deref()?);
    let is_sent = match kind {
        "ACCOUNT" => action == "EDIT",
        "TEAM" | "USER" | "CONNECTION" => ["CREATE", "EDIT", "DELETE"].contains(&action),
        "DESTINATION" => ["CREATE", "EDIT"].contains(&action),
        _ => false,
    };
    let connection = if kind == "CONNECTION" { row[6].as_deref() } else { None };
    let actor = row[2].as_ref().filter(|_| is_sent)?;
    Some(json!({
        "captured_at": cell_ms(row[1].as_ref()), "connection_id": connection, "user_id": actor, "synced_at": null,
        "event": null, "message_event": format!("{action}_{kind}").to_lowercase(), "source": "log",
    }))
}

/// Sorted texts, with instants as milliseconds and without what `left_out` names.
fn comparable(contents: Vec<Value>, left_out: &[&str]) -> Vec<String> {
    let text = |mut content: Value| {
        for stamp in ["captured_at", "synced_at"] {
            if content[stamp].is_string() {
                content[stamp] = shown_ms(&content[stamp]);
            }
        }
        content.as_object_mut().unwrap().retain(|name, _| !left_out.contains(&name.as_str()));
        content.to_string()
    };
    let mut all: Vec<String> = contents.into_iter().map(text).collect();
    all.sort();
    all
}

#[track_caller]
fn same(got: &[String], want: &[String], what: &str) {
    let (got_set, want_set): (BTreeSet<_>, BTreeSet<_>) = (got.iter().collect(), want.iter().collect());
    let more: Vec<_> = got_set.difference(&want_set).take(2).collect();
    let less: Vec<_> = want_set.difference(&got_set).take(2).collect();
    assert!(got == want, "{what}: {} of {}\nnot wanted: {more:#?}\nmissing: {less:#?}", got.len(), want.len());
}

#[test]
fn every_row_comes_once_and_the_three_warehouses_say_the_same() {
    block_on(async {
        let plugin = plugin().await;
        for json_values in [true, false] {
            let trail = Trail { entries: 700, logs: 2_000, partition_rows: 130, json_values, ..Trail::default() };
            let mut first: Option<[BTreeMap<String, String>; 2]> = None;
            for vendor in WAREHOUSES {
                let simulator = simulator(config(vendor, &trail)).await;
                let all = collect(&plugin, &tenant(&simulator, vendor), options(None, None)).await.unwrap();
                let entries: Vec<Value> = simulator.trail_rows(Table::AuditTrail).iter().map(entry_of).collect();
                let actions: Vec<Value> = simulator.trail_rows(Table::Log).iter().filter_map(action_of).collect();
                assert!(entries.len() >= 700 && actions.len() > 150, "{} actions", actions.len());
                let kept = ["old_values", "new_values"];
                let what = format!("{vendor:?}, JSON {json_values}");
                same(&comparable(contents(&all.lines, ENTRY), &kept), &comparable(entries, &[]), &what);
                same(&comparable(contents(&all.lines, ACTION), &[]), &comparable(actions, &[]), &what);
                for kind in [ENTRY, ACTION, SOURCE] {
                    assert_eq!(coverage(&all.pages, kind).0, CoverageState::Complete, "{what}, {kind}");
                }
                let both = [ENTRY, ACTION].map(|kind| bare(&all.lines, kind));
                let first = first.get_or_insert_with(|| both.clone());
                assert!(*first == both, "{what}: not what the first place gives");
            }
        }
    });
}

#[test]
fn a_log_service_has_user_actions_and_is_never_called_complete() {
    block_on(async {
        let trail = Trail { entries: 2_300, ..Trail::default() };
        let simulator = simulator(config(Vendor::Datadog, &trail)).await;
        let all = collect(&plugin().await, &tenant(&simulator, Vendor::Datadog), options(None, None)).await.unwrap();
        let sent: Vec<Value> = simulator.trail_rows(Table::AuditTrail).iter().filter_map(sent_of).collect();
        assert!(sent.len() > 1_000 && bare(&all.lines, ACTION).len() == sent.len());
        same(&comparable(contents(&all.lines, ACTION), &["log_id"]), &comparable(sent, &[]), "Datadog");
        let (state, _, reason) = coverage(&all.pages, ACTION);
        assert_eq!(state, CoverageState::Partial, "{reason}");
        let (state, _, reason) = coverage(&all.pages, ENTRY);
        assert_eq!((state, bare(&all.lines, ENTRY).len()), (CoverageState::NotAvailable, 0), "{reason}");
        assert!(reason.contains("log service"), "{reason}");
    });
}

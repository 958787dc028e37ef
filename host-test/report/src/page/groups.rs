//! What the account holds, in groups of pictures with a table below them.

use super::cell::{AGES, LEFT, age, age_of, day, day_of, left, name_of, period, text};
use super::chart::Chart;
use super::group::Group;
use super::people;
use super::table::{MAX_LISTED, Table};
use crate::collection::Collection;
use crate::record::{Record, instant};
use std::collections::BTreeMap;

/// The groups of which anything was asked for.
pub(super) fn groups(collection: &Collection, titles: &BTreeMap<String, String>) -> Vec<Group> {
    type Make = fn(&Collection) -> (Table, Vec<Chart>);
    type Made = (&'static str, &'static str, &'static [&'static str], Make);
    let all: [Made; 6] = [
        ("users", "People", &["user"], people::users),
        ("connections", "Connections", &["connection"], connections),
        ("destinations", "Destinations", &["destination"], destinations),
        ("keys", "Keys", &["system_key", "api_key"], keys),
        ("syncs", "Syncs", &["sync_run"], syncs),
        ("events", "Audit events", &EVENTS, events),
    ];
    let asked = |kinds: &[&str]| kinds.iter().any(|kind| collection.coverage(kind).is_some());
    all.into_iter()
        .filter(|(_, _, kinds, _)| asked(kinds))
        .map(|(id, title, kinds, make)| {
            let (table, charts) = make(collection);
            let asked: Vec<&str> = kinds.iter().copied().filter(|kind| collection.coverage(kind).is_some()).collect();
            Group::new(id, title, "", table, charts, (&asked, collection, titles))
        })
        .collect()
}

fn connections(collection: &Collection) -> (Table, Vec<Chart>) {
    let columns = [
        "Connection",
        "Service*",
        "Destination*",
        "Set up*",
        "Sync*",
        "Networking*",
        "Last success",
        "Age of last success*",
    ];
    let mut table = Table::new("connections", "Connections", &columns);
    for record in collection.of_kind("connection") {
        let sync =
            if record.flag("/paused") == Some(true) { Some("paused") } else { record.text("/status/sync_state") };
        let cells = [
            name_of(collection, "connection", &record.subject.id),
            text(record, "/service"),
            name_of(collection, "group", record.text("/group_id").unwrap_or_default()),
            text(record, "/status/setup_state").to_lowercase(),
            sync.unwrap_or_default().into(),
            text(record, "/networking_method"),
            day(record, "/succeeded_at"),
            age(collection, record, "/succeeded_at").into(),
        ];
        table.row(cells, &[record]);
    }
    let charts = vec![
        table.chart("Connections by status", "Set up", &[]),
        table.chart("Connections by state of syncs", "Sync", &[]),
        table.chart("Connections by service", "Service", &[]),
        table.chart("Connections by networking", "Networking", &[]),
        table.chart("Connections by age of last success", "Age of last success", &AGES),
    ];
    (table, charts)
}

fn destinations(collection: &Collection) -> (Table, Vec<Chart>) {
    let columns = ["Destination", "Service*", "Region*", "Set up*", "Networking*"];
    let mut table = Table::new("destinations", "Destinations", &columns);
    for record in collection.of_kind("destination") {
        let name = name_of(collection, "destination", &record.subject.id);
        let more = ["/service", "/region", "/setup_status", "/networking_method"].map(|place| text(record, place));
        let [service, region, status, networking] = more;
        // The vendor writes one status in several letter cases.
        table.row([name, service, region, status.to_lowercase(), networking], &[record]);
    }
    let charts = vec![
        table.chart("Destinations by region", "Region", &[]),
        table.chart("Destinations by service", "Service", &[]),
        table.chart("Destinations by status", "Set up", &[]),
    ];
    (table, charts)
}

fn keys(collection: &Collection) -> (Table, Vec<Chart>) {
    let columns =
        ["Key", "Type*", "Status*", "Created", "Age*", "Expires", "Time left*", "Last used", "Age of last use*"];
    let mut table = Table::new("keys", "Keys", &columns);
    for (kind, word, expires, used) in [
        ("system_key", "system key", "/expired_at", "/last_used_at"),
        ("api_key", "key of a service account", "/expires_at", ""),
    ] {
        for record in collection.of_kind(kind) {
            let name = match kind {
                "api_key" => name_of(collection, "user", record.text("/user_id").unwrap_or_default()),
                _ => name_of(collection, kind, &record.subject.id),
            };
            let (last, last_age) = match used {
                "" => (String::new(), "not told by the vendor"),
                used => (day(record, used), age(collection, record, used)),
            };
            let cells = [
                name,
                word.into(),
                text(record, "/status"),
                day_of(record.time("/created_at")),
                age_of(collection, record, "/created_at").into(),
                day(record, expires),
                left(collection, record, expires).into(),
                last,
                last_age.into(),
            ];
            table.row(cells, &[record]);
        }
    }
    let charts = vec![
        table.chart("Keys by age", "Age", &AGES),
        table.chart("Keys by time until they expire", "Time left", &LEFT),
        table.chart("Keys by age of last use", "Age of last use", &AGES),
    ];
    (table, charts)
}

fn syncs(collection: &Collection) -> (Table, Vec<Chart>) {
    let mut table = Table::new("syncs", "Syncs", &["Begun", "Ended", "Connection", "Result*", "Day*"]);
    for record in collection.of_kind("sync_run") {
        let begun = text(record, "/start_time");
        let date = period(collection, record, "/start_time", 10);
        let connection = name_of(collection, "connection", record.text("/connection_id").unwrap_or_default());
        table.row([begun, text(record, "/end_time"), connection, text(record, "/status"), date], &[record]);
    }
    let charts =
        vec![table.chart("Syncs by result", "Result", &[]), table.periods("Syncs by day", "Day", "earlier day")];
    (table, charts)
}

/// Kinds whose records are things that happened to the account.
const EVENTS: [&str; 3] = ["audit_event", "audit_trail_entry", "user_action"];

fn events(collection: &Collection) -> (Table, Vec<Chart>) {
    let columns = ["Time", "Action*", "Type*", "What", "By", "Basis*", "Month*"];
    let mut table = Table::new("events", "Audit events", &columns).keeping(MAX_LISTED);
    let mut all: Vec<&Record> = EVENTS.iter().flat_map(|kind| collection.of_kind(kind)).collect();
    // The latest are kept where not all are.
    all.sort_by_cached_key(|record| std::cmp::Reverse(record.text("/captured_at").and_then(instant)));
    for record in all {
        let time = text(record, "/captured_at");
        let month = period(collection, record, "/captured_at", 7);
        let user = record.text("/user_id");
        let cells = [
            time,
            record.text("/action").or_else(|| record.text("/message_event")).unwrap_or_default().into(),
            record.subject.kind.clone(),
            name_of(collection, &record.subject.kind, &record.subject.id),
            user.map(|id| name_of(collection, "user", id)).unwrap_or_default(),
            record.kind.replace('_', " "),
            month,
        ];
        table.row(cells, &[record]);
    }
    let charts = vec![
        table.periods("Events by month", "Month", "earlier month"),
        table.chart("Events by action", "Action", &[]),
        table.chart("Events by type of thing", "Type", &[]),
    ];
    (table, charts)
}

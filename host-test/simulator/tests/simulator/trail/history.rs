//! Whether the trail agrees with the account that the REST API shows.

use super::reader::{EVER, Row, read, read_of};
use crate::client::{Client, serve, small};
use fivetran_simulator::{Change, Config, Meanwhile, Plant, Table, Trail, Vendor};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// The list, the type in the trail, the field that stamps the creation, the field of who did it.
const STAMPED: &[(&str, &str, &str, &str)] = &[
    ("/v1/users", "USER", "created_at", ""),
    ("/v1/groups", "DESTINATION", "created_at", ""),
    ("/v1/connections", "CONNECTION", "created_at", "connected_by"),
    ("/v1/webhooks", "WEBHOOK", "created_at", "created_by"),
    ("/v1/system-keys", "SYSTEM_KEY", "created_at", ""),
    ("/v1/external-secrets-managers", "EXTERNAL_SECRETS_MANAGER", "created_at", ""),
    ("/v1/private-links", "PRIVATE_LINK", "created_at", "created_by"),
    ("/v1/proxy", "PROXY_AGENT", "registered_at", "created_by"),
    ("/v1/hybrid-deployment-agents", "HYBRID_DEPLOYMENT_AGENT", "registered_at", "created_by"),
    ("/v1/connector-sdk/packages", "CONNECTOR_SDK_PACKAGE", "created_at", "created_by"),
    ("/v1/transformations", "TRANSFORMATION", "created_at", "created_by_id"),
    ("/v1/transformation-projects", "TRANSFORMATION_PROJECT", "created_at", "created_by_id"),
];

type Resource = (String, String);

/// What the REST API stamps as created, in milliseconds since 1970, and by whom; and everything that is there.
struct Shown {
    created: BTreeMap<Resource, (i64, Option<String>)>,
    there: BTreeSet<Resource>,
}

async fn shown(client: &Client) -> Shown {
    let mut shown = Shown { created: BTreeMap::new(), there: BTreeSet::new() };
    for (list, kind, stamp, actor) in STAMPED {
        for item in client.walk(list, 1000).await {
            let resource = (kind.to_string(), item["id"].as_str().unwrap().to_string());
            let by = item.get(*actor).and_then(Value::as_str).map(String::from);
            shown.created.insert(resource.clone(), (millis(item[*stamp].as_str().unwrap()), by));
            shown.there.insert(resource);
            if *kind == "USER" {
                let keys = client.get(&format!("/v1/users/{}/api-keys", item["id"].as_str().unwrap())).await;
                if keys.status == 200 {
                    let resource = ("API_KEY".to_string(), item["id"].as_str().unwrap().to_string());
                    let at = millis(keys.data()["created_at"].as_str().unwrap());
                    shown.created.insert(resource.clone(), (at, None));
                    shown.there.insert(resource);
                }
            }
        }
    }
    for team in client.walk("/v1/teams", 1000).await {
        shown.there.insert(("TEAM".into(), team["id"].as_str().unwrap().into()));
    }
    shown
}

/// Cut to milliseconds, as whoever reads them does.
fn millis(text: &str) -> i64 {
    let at = time::OffsetDateTime::parse(text, &time::format_description::well_known::Rfc3339).unwrap();
    i64::try_from(at.unix_timestamp_nanos() / 1_000_000).unwrap()
}

fn at(row: &Row) -> i64 {
    row[1].as_ref().unwrap().parse::<i64>().unwrap() / 1000
}

fn resource(row: &Row) -> Resource {
    (row[5].clone().unwrap(), row[6].clone().unwrap())
}

fn with_action<'r>(rows: &'r [Row], action: &'r str) -> impl Iterator<Item = &'r Row> {
    rows.iter().filter(move |row| row[3].as_deref() == Some(action))
}

fn trail() -> Trail {
    Trail { entries: 2_000, logs: 100, ..Trail::default() }
}

async fn both(config: Config, trail: Trail) -> (Shown, Vec<Row>) {
    let (_rest, client) = serve(config.clone()).await;
    let (_simulator, reader) = read_of(Vendor::Snowflake, trail, config).await;
    (shown(&client).await, reader.walk(Table::AuditTrail, EVER, 5_000).await)
}

#[tokio::test]
async fn every_stamp_in_the_window_has_its_entry_and_nothing_there_is_deleted() {
    for (days, changes) in [(365, 0), (30, 0), (10_000, 0), (365, 10)] {
        let (shown, rows) = both(Config { changes, ..small() }, Trail { window_days: days, ..trail() }).await;
        assert_eq!(rows.len(), 2_000);
        let (first, last) = (at(&rows[0]), at(&rows[rows.len() - 1]));
        let creates: BTreeMap<(Resource, i64), Option<String>> =
            with_action(&rows, "CREATE").map(|row| ((resource(row), at(row)), row[2].clone())).collect();
        let mut inside = 0;
        for (resource, (stamp, by)) in &shown.created {
            if (first..=last).contains(stamp) {
                inside += 1;
                let user = creates.get(&(resource.clone(), *stamp)).unwrap_or_else(|| panic!("{resource:?} {stamp}"));
                assert!(by.is_none() || user == by, "{resource:?}: {user:?}, {by:?}");
            }
        }
        assert!(inside > 0, "nothing was created in {days} days");
        if days == 10_000 {
            assert_eq!(inside, shown.created.len(), "all that there is");
        }
        // The other way: what was created is there, or was deleted later.
        let gone: BTreeMap<Resource, i64> = with_action(&rows, "DELETE").map(|row| (resource(row), at(row))).collect();
        assert!(gone.len() > 50);
        assert!(gone.keys().all(|resource| !shown.there.contains(resource)));
        for (resource, created) in creates.keys() {
            match shown.created.get(resource) {
                Some((stamp, _)) => assert_eq!(stamp, created, "{resource:?}"),
                None => assert!(gone[resource] > *created, "{resource:?}"),
            }
        }
    }
}

#[tokio::test]
async fn what_is_edited_is_there_and_was_before() {
    let (shown, rows) = both(small(), trail()).await;
    let mut kinds = BTreeSet::new();
    for row in with_action(&rows, "EDIT") {
        let resource = resource(row);
        if resource.0 != "ACCOUNT" {
            assert!(shown.there.contains(&resource), "{resource:?}");
            assert!(shown.created.get(&resource).is_none_or(|(created, _)| *created <= at(row)), "{resource:?}");
        }
        kinds.insert(resource.0);
        let values =
            [&row[9], &row[10]].map(|text| text.as_ref().map(|text| serde_json::from_str::<Value>(text).unwrap()));
        assert!(values[0] != values[1] && values.iter().flatten().all(Value::is_object), "{values:?}");
    }
    assert_eq!(kinds.len(), 5, "{kinds:?}");
    let methods: BTreeSet<_> = rows.iter().map(|row| (row[4].clone(), row[2].is_some())).collect();
    let word = |word: &str| Some(word.to_string());
    assert_eq!(methods, [(word("API"), true), (word("SYSTEM"), false), (word("WEB_UI"), true)].into());
    assert!(with_action(&rows, "RESTORE").next().is_some(), "a word that nobody documented");
}

#[tokio::test]
async fn changes_of_the_account_are_in_its_trail() {
    let config = Config { changes: 10, ..small() };
    let (before, old) = both(small(), trail()).await;
    let (after, rows) = both(config, trail()).await;
    let month: Vec<Row> = rows.iter().filter(|row| at(row) >= 1_767_225_600_000).cloned().collect();
    assert!(old.iter().all(|row| at(row) < 1_767_225_600_000), "nothing is later without changes");
    let deleted: BTreeSet<Resource> = with_action(&month, "DELETE").map(resource).collect();
    let left: BTreeSet<Resource> =
        before.there.difference(&after.there).filter(|(kind, _)| kind != "API_KEY").cloned().collect();
    assert!(!left.is_empty() && deleted == left, "{deleted:?} {left:?}");
    let edited: BTreeSet<Resource> = with_action(&month, "EDIT").map(resource).collect();
    assert!(edited.iter().any(|(kind, _)| kind == "USER") && edited.iter().any(|(kind, _)| kind == "CONNECTION"));
}

#[tokio::test]
async fn what_is_planted_is_wrong_and_nothing_else() {
    let config = small();
    let (_rest, client) = serve(config.clone()).await;
    let days = Trail { window_days: 5_000, plants: 50, ..trail() };
    let (simulator, reader) = read_of(Vendor::Databricks, days, config).await;
    let (shown, rows) = (shown(&client).await, reader.walk(Table::AuditTrail, EVER, 5_000).await);
    let creates: BTreeSet<(Resource, i64)> = with_action(&rows, "CREATE").map(|row| (resource(row), at(row))).collect();
    let created: BTreeSet<Resource> = creates.iter().map(|(resource, _)| resource.clone()).collect();
    let deleted: BTreeSet<Resource> = with_action(&rows, "DELETE").map(resource).collect();
    let mut wrong = Vec::new();
    for (resource, (stamp, _)) in &shown.created {
        let plant = match (created.contains(resource), creates.contains(&(resource.clone(), *stamp))) {
            (false, _) => Plant::Missing,
            (true, false) => Plant::Moved,
            (true, true) if deleted.contains(resource) => Plant::DeletedYetThere,
            _ => continue,
        };
        wrong.push((plant, resource.0.clone(), resource.1.clone()));
    }
    let mut planted: Vec<_> = simulator
        .planted()
        .into_iter()
        .map(|one| (one.plant, one.resource_type.to_string(), one.resource_id))
        .collect();
    wrong.sort();
    planted.sort();
    assert_eq!(planted.len(), 50);
    assert_eq!(wrong, planted);
}

#[tokio::test]
async fn the_same_seed_says_the_same_and_another_does_not() {
    let rows = async |seed: u64| {
        let mut config = small();
        config.account.seed = seed;
        let (simulator, _reader) = read_of(Vendor::BigQuery, trail(), config).await;
        (simulator.trail_rows(Table::AuditTrail), simulator.trail_rows(Table::Log))
    };
    assert_eq!(rows(7).await, rows(7).await);
    assert_ne!(rows(7).await, rows(8).await);
}

#[tokio::test]
async fn a_million_entries_are_reached_anywhere() {
    let meanwhile = Some(Meanwhile { after: 3, change: Change::Added(1) });
    let trail = Trail { entries: 1_000_000, partition_rows: 1_000, meanwhile, ..trail() };
    let (_simulator, reader) = read(Vendor::Snowflake, trail).await;
    let (count, watermark) = reader.counted(Table::AuditTrail, EVER).await;
    assert_eq!(count, 1_000_000);
    // The last hour of the window, and one row more.
    let from = 1_767_225_600_000_000 - 3_600_000_000;
    let last = reader.run(&reader.rows(Table::AuditTrail, from, watermark.unwrap(), 5_000, 0)).await.unwrap();
    assert!((50..500).contains(&last.len()), "{}", last.len());
    assert!(last.windows(2).all(|pair| (at(&pair[0]), &pair[0][0]) < (at(&pair[1]), &pair[1][0])));
}

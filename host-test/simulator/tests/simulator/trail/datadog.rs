//! Datadog: keys, pages, the window of a search, what an event shows.

use crate::client::{Answer, Client, serve, small};
use fivetran_simulator::{Config, Simulator, Table, Trail, Vendor};
use http::Method;
use serde_json::{Value, json};
use std::collections::{BTreeSet, HashSet};

const KEYS: [(&str, &str); 2] =
    [("dd-api-key", "simulated-api-key"), ("dd-application-key", "simulated-application-key")];
/// All that there is.
const EVER: &str = "filter%5Bquery%5D=source%3Afivetran&filter[from]=0&filter[to]=4102444800000&sort=timestamp";

async fn logs(trail: Trail) -> (Simulator, Client) {
    serve(Config { vendor: Vendor::Datadog, trail, ..small() }).await
}

fn trail() -> Trail {
    Trail { entries: 300, ..Trail::default() }
}

async fn search(client: &Client, query: &str) -> Answer {
    client.send(Method::GET, &format!("/api/v2/logs/events?{query}"), &KEYS).await
}

async fn walk(client: &Client, query: &str, limit: usize) -> Vec<Value> {
    let (mut events, mut cursor) = (Vec::new(), String::new());
    loop {
        let body = search(client, &format!("{query}&page[limit]={limit}{cursor}")).await.json();
        let page = body["data"].as_array().unwrap();
        assert!(page.len() <= limit && body["meta"]["status"] == "done");
        events.extend(page.iter().cloned());
        match body["meta"]["page"]["after"].as_str() {
            Some(after) => cursor = format!("&page%5Bcursor%5D={after}"),
            None => return events,
        }
    }
}

#[tokio::test]
async fn a_walk_gives_every_event_once_whatever_the_page() {
    let (simulator, client) = logs(trail()).await;
    let want = walk(&client, EVER, 1000).await;
    assert_eq!(want.len(), 300);
    for limit in [1, 7, 100] {
        assert_eq!(walk(&client, EVER, limit).await, want, "by {limit}");
    }
    let ids: HashSet<&str> = want.iter().map(|event| event["id"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), 300);
    let stamps: Vec<&str> = want.iter().map(|event| event["attributes"]["timestamp"].as_str().unwrap()).collect();
    assert!(stamps.is_sorted());
    // An event for each entry, at its instant; what is no sync names the same actor.
    let rows = simulator.trail_rows(Table::AuditTrail);
    for (row, event) in rows.iter().zip(&want) {
        let of = &event["attributes"]["attributes"];
        let millis: i64 = row[1].as_ref().unwrap().parse::<i64>().unwrap() / 1000;
        let fraction = format!(".{:03}Z", millis % 1000);
        assert!(of["created"].as_str().unwrap().ends_with(&fraction));
        if of["event"] == "sync_connection" {
            assert!(of["data"].get("actor").is_none() && of["sync_id"].is_string());
        } else {
            let name = format!("{}_{}", row[3].as_ref().unwrap(), row[5].as_ref().unwrap()).to_lowercase();
            assert_eq!((&of["event"], &of["data"]["actor"]), (&json!(name), &json!(row[2])));
        }
    }
    let names: BTreeSet<&str> =
        want.iter().map(|event| event["attributes"]["attributes"]["event"].as_str().unwrap()).collect();
    assert!(names.contains("edit_connection") && names.contains("sync_connection") && names.len() > 6, "{names:?}");
}

#[tokio::test]
async fn a_search_has_a_window_a_query_and_a_limit() {
    let (_simulator, client) = logs(trail()).await;
    let all = walk(&client, EVER, 1000).await;
    let stamp = |number: usize| all[number]["attributes"]["timestamp"].as_str().unwrap().to_string();
    let window = EVER.replace("=0", &format!("={}", stamp(100))).replace("4102444800000", &stamp(200));
    let some = walk(&client, &window, 1000).await;
    assert!(
        !some.is_empty()
            && some.iter().all(|event| {
                let at = event["attributes"]["timestamp"].as_str().unwrap().to_string();
                (stamp(100)..=stamp(200)).contains(&at)
            })
    );
    assert!((95..=105).contains(&some.len()), "{}", some.len());
    assert!(walk(&client, &EVER.replace("fivetran", "other"), 1000).await.is_empty());
    let backwards = walk(&client, &EVER.replace("sort=timestamp", "sort=-timestamp"), 1000).await;
    assert_eq!(backwards, all.iter().rev().cloned().collect::<Vec<_>>());
    assert_eq!(search(&client, EVER).await.json()["data"].as_array().unwrap().len(), 10, "ten where nothing is said");
    for wrong in ["page[limit]=0", "page[limit]=1001", "page[cursor]=x", "filter[from]=yesterday", "filter[to]="] {
        let answer = search(&client, &format!("{EVER}&{wrong}")).await;
        assert_eq!(answer.status, 400, "{wrong}");
        assert!(answer.json()["errors"][0].is_string());
    }
}

#[tokio::test]
async fn both_keys_have_to_be_right() {
    let (simulator, client) = logs(trail()).await;
    let path = format!("/api/v2/logs/events?{EVER}");
    for (headers, status) in [
        (vec![], 401),
        (vec![KEYS[0]], 401),
        (vec![KEYS[1]], 401),
        (vec![KEYS[0], ("dd-application-key", "wrong")], 403),
        (vec![("dd-api-key", "wrong"), KEYS[1]], 403),
        (vec![("dd-api-key", KEYS[1].1), ("dd-application-key", KEYS[0].1)], 403),
        (vec![("dd-api-key", "simulated-api-key-1"), KEYS[1]], 403),
    ] {
        let answer = client.send(Method::GET, &path, &headers).await;
        assert_eq!(answer.status, status, "{headers:?}");
        assert!(answer.json()["errors"][0].is_string() && answer.json().get("data").is_none());
    }
    assert!(simulator.journal().iter().all(|entry| !entry.authorized));
    assert_eq!(client.send(Method::POST, &path, &KEYS).await.status, 405);
    assert_eq!(client.send(Method::GET, "/api/v1/validate", &KEYS).await.status, 404);
}

#[tokio::test]
async fn permission_keys_and_cursors_are_lost_in_mid_run() {
    let none = Trail { no_permission: vec![Table::AuditTrail], ..trail() };
    assert_eq!(search(&logs(none).await.1, EVER).await.status, 403);
    let (_simulator, client) = logs(Trail { expires_after: Some(1), ..trail() }).await;
    let first = search(&client, EVER).await;
    let after = first.json()["meta"]["page"]["after"].as_str().unwrap().to_string();
    assert_eq!(search(&client, &format!("{EVER}&page[cursor]={after}")).await.status, 403);
    let (_simulator, client) = logs(Trail { lost_from: Some(1), ..trail() }).await;
    assert_eq!(search(&client, EVER).await.status, 200);
    assert_eq!(search(&client, &format!("{EVER}&page[cursor]={after}")).await.status, 400);
    let empty = Trail { no_table: vec![Table::AuditTrail], ..trail() };
    let answer = search(&logs(empty).await.1, EVER).await;
    assert_eq!((answer.status, answer.json()["data"].as_array().unwrap().len()), (200, 0), "no logs are sent");
}

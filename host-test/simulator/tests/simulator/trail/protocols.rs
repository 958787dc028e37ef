//! Statements, pages and types: the three warehouses, each in its own words.

use super::reader::{EVER, Reader, Row, TOKEN, WAREHOUSES, fields, read};
use fivetran_simulator::{Table, Trail, Vendor};
use http::Method;
use serde_json::{Value, json};
use std::collections::HashSet;

fn trail() -> Trail {
    Trail { entries: 900, logs: 1_200, burst: 40, partition_rows: 13, ..Trail::default() }
}

#[tokio::test]
async fn a_walk_gives_every_row_once_in_order_whatever_the_page() {
    for vendor in WAREHOUSES {
        let (simulator, reader) = read(vendor, trail()).await;
        let want = simulator.trail_rows(Table::AuditTrail);
        assert_eq!(want.len(), 900);
        // Smaller than the rows that share an instant, about as many, all at once.
        for limit in [7, 100, 5_000] {
            assert_eq!(reader.walk(Table::AuditTrail, EVER, limit).await, want, "{vendor:?} by {limit}");
        }
        let key = |row: &Row| (row[1].as_ref().unwrap().parse::<i64>().unwrap(), row[0].clone());
        assert!(want.windows(2).all(|pair| key(&pair[0]) < key(&pair[1])), "sorted, no key twice");
        let instants: HashSet<_> = want.iter().map(|row| &row[1]).collect();
        assert!(instants.len() < want.len() * 9 / 10, "many share an instant: {}", instants.len());
        let (count, watermark) = reader.counted(Table::AuditTrail, EVER).await;
        let synced = want.iter().map(|row| row[11].as_ref().unwrap().parse().unwrap()).max();
        assert_eq!((count, watermark), (900, synced));
        assert!(want.iter().all(|row| row[11].as_ref().unwrap().parse::<i64>().unwrap() > key(row).0));
    }
}

#[tokio::test]
async fn the_log_gives_the_rows_that_name_an_actor_and_no_others() {
    for vendor in WAREHOUSES {
        let (simulator, reader) = read(vendor, trail()).await;
        let all = simulator.trail_rows(Table::Log);
        assert_eq!(all.len(), 1_200);
        let with: Vec<Row> =
            all.iter().filter(|row| row[5].as_ref().unwrap().contains("actor")).map(|row| row[..7].to_vec()).collect();
        assert_eq!(reader.walk(Table::Log, EVER, 50).await, with, "{vendor:?}");
        assert_eq!(reader.counted(Table::Log, EVER).await.0, with.len());
        let data: Vec<Value> = with.iter().map(|row| serde_json::from_str(row[5].as_ref().unwrap()).unwrap()).collect();
        let actors: Vec<&str> = data.iter().filter_map(|data| data["actor"].as_str()).collect();
        let some = |what: &dyn Fn(&str) -> bool| actors.iter().any(|actor| what(actor));
        assert!(some(&|actor| actor.contains('@')) && some(&|actor| actor == "fivetran"));
        assert!(some(&|actor| actor != "fivetran" && !actor.contains('@')));
        assert!(data.iter().any(|data| data["actor"].is_null() && data.get("actor").is_some()), "null is no actor");
        assert!(data.iter().any(|data| data.get("actor").is_none()), "nor is the word in a text");
        // 20 bytes in base64.
        assert!(all.iter().all(|row| row[0].as_ref().unwrap().len() == 28));
    }
}

#[tokio::test]
async fn a_range_holds_what_is_inside_it() {
    for vendor in WAREHOUSES {
        let (simulator, reader) = read(vendor, trail()).await;
        let rows = simulator.trail_rows(Table::AuditTrail);
        let number = |row: &Row, at: usize| row[at].as_ref().unwrap().parse::<i64>().unwrap();
        let (from, upto) = (number(&rows[300], 1), number(&rows[600], 11));
        let inside = rows.iter().filter(|row| number(row, 1) >= from && number(row, 11) <= upto).cloned();
        let inside: Vec<Row> = inside.collect();
        assert_eq!(reader.run(&reader.rows(Table::AuditTrail, from, upto, 5_000, 0)).await.unwrap(), inside);
        let counted = reader.run(&reader.count(Table::AuditTrail, from, upto)).await.unwrap();
        assert_eq!(counted[0][0], Some(inside.len().to_string()));
        assert_eq!(counted[0][1..3], [inside[0][1].clone(), inside[inside.len() - 1][1].clone()]);
        // Nothing: no first and no last.
        let nothing = reader.run(&reader.count(Table::AuditTrail, EVER, EVER)).await.unwrap();
        assert_eq!(nothing, [vec![Some("0".to_string()), None, None, None]]);
        assert!(reader.run(&reader.rows(Table::AuditTrail, EVER, EVER, 5_000, 0)).await.unwrap().is_empty());
    }
}

fn names_and_types(reader: &Reader, body: &Value) -> Vec<(String, String)> {
    let (columns, name, kind) = match reader.vendor {
        Vendor::BigQuery => (&body["schema"]["fields"], "name", "type"),
        Vendor::Snowflake => (&body["resultSetMetaData"]["rowType"], "name", "type"),
        _ => (&body["manifest"]["schema"]["columns"], "name", "type_name"),
    };
    let text = |value: &Value| value.as_str().unwrap().to_string();
    columns.as_array().unwrap().iter().map(|column| (text(&column[name]), text(&column[kind]))).collect()
}

#[tokio::test]
async fn columns_are_told_without_rows_and_json_is_a_type_or_text() {
    for vendor in WAREHOUSES {
        for json_values in [true, false] {
            let (_simulator, reader) = read(vendor, Trail { json_values, ..trail() }).await;
            let (answer, _) = reader.done(&reader.columns(Table::AuditTrail)).await;
            let columns = names_and_types(&reader, &answer.json());
            assert_eq!(columns.len(), 12);
            let (id, instant, json, text) = match vendor {
                Vendor::BigQuery => ("id", "TIMESTAMP", "JSON", "STRING"),
                Vendor::Snowflake => ("ID", "timestamp_tz", "variant", "text"),
                _ => ("id", "TIMESTAMP", "VARIANT", "STRING"),
            };
            assert_eq!(columns[0], (id.into(), text.into()));
            assert_eq!(columns[1].1, instant);
            assert_eq!(columns[9].1, if json_values { json } else { text });
            assert!(reader.run(&reader.columns(Table::Account)).await.unwrap().is_empty());
            assert_eq!(reader.walk(Table::AuditTrail, EVER, 5_000).await.len(), 900);
        }
    }
}

#[tokio::test]
async fn anything_but_the_five_statements_is_a_syntax_error() {
    for vendor in WAREHOUSES {
        let (_simulator, reader) = read(vendor, trail()).await;
        let (rows, count) = (reader.rows(Table::AuditTrail, 0, 1, 2, 3), reader.count(Table::Log, 0, 1));
        let account = reader.account();
        let wrong = [
            String::new(),
            "select 1".into(),
            account.replace("limit 2", "limit 3"),
            account.replace("id, name", "id"),
            account.replace("select", "SELECT"),
            format!("{account};"),
            account.replace("select ", "select  "),
            account.replace(&reader.table(Table::Account), "account"),
            reader.columns(Table::Log).replace("limit 0", "limit 1"),
            rows.replace("offset 3", "offset -3"),
            rows.replace(", id limit", " limit"),
            rows.replace(">= 0", "> 0"),
            rows.replace("id, ", "id,"),
            rows.replace(&reader.text("new_values"), "new_values||''"),
            rows.replace(&reader.str(&reader.us("_fivetran_synced")), ""),
            format!("{rows} union all {rows}"),
            count.replace("'%actor%'", "'%'"),
            count.replace(" and ", " or "),
            reader.count(Table::AuditTrail, 0, 1).replace("audit_trail", "log").replace("AUDIT_TRAIL", "LOG"),
            format!("{} and 1=1", reader.count(Table::AuditTrail, 0, 1)),
        ];
        for statement in wrong {
            let answer = reader.run(&statement).await.expect_err(&statement);
            let body = answer.json();
            let told = match vendor {
                Vendor::BigQuery => (answer.status, body["error"]["errors"][0]["reason"].clone()),
                Vendor::Snowflake => (answer.status, body["code"].clone()),
                _ => (answer.status, body["status"]["sql_state"].clone()),
            };
            let want = match vendor {
                Vendor::BigQuery => (400, json!("invalidQuery")),
                Vendor::Snowflake => (422, json!("001003")),
                _ => (200, json!("42601")),
            };
            assert_eq!(told, want, "{vendor:?} {statement}");
        }
    }
}

#[tokio::test]
async fn only_the_right_token_opens_the_trail() {
    for vendor in WAREHOUSES {
        let (simulator, reader) = read(vendor, trail()).await;
        let kind = ("x-snowflake-authorization-token-type", "PROGRAMMATIC_ACCESS_TOKEN");
        let with = |token| vec![("authorization", token), kind];
        let mut wrong = vec![
            vec![kind],
            with("Bearer wrong"),
            with("Bearer simulated-token-1"),
            with("Bearer simulated-token-"),
            with("Bearer simulated-token-0"),
            with("simulated-token"),
            with("Basic simulated-token"),
            with("bearer simulated-token"),
        ];
        if vendor == Vendor::Snowflake {
            wrong.push(vec![("authorization", TOKEN)]);
            wrong.push(vec![("authorization", TOKEN), (kind.0, "OAUTH")]);
        }
        for headers in wrong {
            let answer = reader.client.send(Method::GET, "/", &headers).await;
            let body = answer.json();
            let told = match vendor {
                Vendor::BigQuery => body["error"]["status"].clone(),
                Vendor::Snowflake => body["code"].clone(),
                _ => body["error_code"].clone(),
            };
            let want = match vendor {
                Vendor::BigQuery => json!("UNAUTHENTICATED"),
                Vendor::Snowflake => json!("390303"),
                _ => json!(401),
            };
            assert_eq!((answer.status, told), (401, want), "{vendor:?} {headers:?}");
        }
        assert!(simulator.journal().iter().all(|entry| !entry.authorized));
        let account = reader.run(&reader.account()).await.unwrap();
        assert_eq!(account, [vec![Some(simulator.account_id()), Some("Simulated Industries".into())]]);
        let entry = simulator.journal().pop().unwrap();
        assert!(entry.authorized && entry.body.contains("select id, name from"), "{}", entry.body);
    }
}

#[tokio::test]
async fn big_query_lists_a_table_without_a_query() {
    let (simulator, reader) = read(Vendor::BigQuery, trail()).await;
    let table = "/bigquery/v2/projects/simulated/datasets/fivetran_metadata/tables/audit_trail";
    let about = reader.get(table).await.json();
    assert_eq!((&about["numRows"], about["schema"]["fields"].as_array().unwrap().len()), (&json!("900"), 12));
    let (mut rows, mut token) = (Vec::new(), String::new());
    loop {
        let path = format!("{table}/data?maxResults=5000&formatOptions.useInt64Timestamp=true{token}");
        let body = reader.get(&path).await.json();
        assert_eq!(body["totalRows"], "900");
        let page = fields(&body);
        assert!(page.len() <= 13, "{}", page.len());
        rows.extend(page);
        match body["pageToken"].as_str() {
            Some(next) => token = format!("&pageToken={next}"),
            None => break,
        }
    }
    let mut want = simulator.trail_rows(Table::AuditTrail);
    assert_ne!(rows, want, "a table has an order of its own");
    rows.sort();
    want.sort();
    assert_eq!(rows, want);
    let some = reader.get(&format!("{table}/data?maxResults=1&selectedFields=captured_at,id")).await.json();
    let row = &fields(&some)[0];
    assert!(row[0].as_ref().unwrap().starts_with("aud_"), "in the table's order: {row:?}");
    assert!(row[1].as_ref().unwrap().ends_with("E9"), "seconds, where microseconds are not asked for: {row:?}");
    let none = reader.get(&format!("{table}/data?maxResults=0")).await.json();
    assert_eq!((&none["totalRows"], none.get("rows"), none.get("pageToken")), (&json!("900"), None, None));
    for (path, status) in [
        (format!("{table}/data?pageToken=x"), 400),
        (format!("{table}/data?maxResults=x"), 400),
        (format!("{table}/data?selectedFields=id,password"), 400),
        (table.replace("audit_trail", "audit_trial"), 404),
        (table.replace("fivetran_metadata", "fivetran_log"), 404),
        (table.replace("projects/simulated", "projects/other"), 404),
    ] {
        assert_eq!(reader.get(&path).await.status, status, "{path}");
    }
}

#[tokio::test]
async fn a_handle_is_nobody_elses() {
    for vendor in WAREHOUSES {
        let config = fivetran_simulator::Config { accounts: 2, ..crate::client::small() };
        let (simulator, reader) = super::reader::read_of(vendor, Trail { pending: 1, ..trail() }, config).await;
        let path = reader.pending(&reader.submit(&reader.account()).await).unwrap();
        let other = [
            ("authorization", "Bearer simulated-token-1"),
            ("x-snowflake-authorization-token-type", "PROGRAMMATIC_ACCESS_TOKEN"),
        ];
        let refused = reader.client.send(Method::GET, &path, &other).await.status;
        assert_eq!(refused, if vendor == Vendor::Snowflake { 422 } else { 404 });
        assert_eq!(simulator.journal().pop().unwrap().account, 1);
        assert_eq!(reader.get(&path).await.status, 200);
    }
}

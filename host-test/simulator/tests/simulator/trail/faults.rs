//! What goes wrong, in each vendor's own words.

use super::reader::{EVER, Reader, WAREHOUSES, read};
use crate::client::Answer;
use fivetran_simulator::{AccountRows, Knob, Table, Trail, Vendor};
use serde_json::{Value, json};

fn short() -> Trail {
    Trail { entries: 60, logs: 60, partition_rows: 10, ..Trail::default() }
}

/// Status and code of a refusal: as each vendor shows it.
fn told(reader: &Reader, answer: &Answer) -> (u16, Value) {
    let body = answer.json();
    let code = match reader.vendor {
        Vendor::BigQuery => &body["error"]["errors"][0]["reason"],
        Vendor::Snowflake => &body["code"],
        _ if answer.status == 200 => &body["status"]["error"]["message"],
        _ => &body["error_code"],
    };
    match code.as_str().and_then(|text| text.split_once("] ")) {
        // Databricks: the word in brackets.
        Some((word, _)) => (answer.status, json!(word.trim_start_matches('['))),
        None => (answer.status, code.clone()),
    }
}

#[tokio::test]
async fn a_statement_is_done_after_as_many_answers_as_asked_for() {
    for vendor in WAREHOUSES {
        for pending in [0, 1, 3] {
            let (_simulator, reader) = read(vendor, Trail { pending, ..short() }).await;
            let (answer, asked) = reader.done(&reader.account()).await;
            assert_eq!((answer.status, asked), (200, pending + 1), "{vendor:?}");
            assert_eq!(reader.walk(Table::AuditTrail, EVER, 25).await.len(), 60);
        }
        let (_simulator, reader) = read(vendor, Trail { pending: usize::MAX, ..short() }).await;
        let path = reader.pending(&reader.submit(&reader.account()).await).unwrap();
        for _ in 0..50 {
            assert!(reader.pending(&reader.get(&path).await).is_some(), "{vendor:?} ends");
        }
    }
}

#[tokio::test]
async fn a_lost_partition_is_lost_after_others_came() {
    for vendor in WAREHOUSES {
        let (simulator, reader) = read(vendor, Trail { lost_from: Some(2), ..short() }).await;
        let lost = reader.run(&reader.rows(Table::AuditTrail, 0, EVER, 5_000, 0)).await.unwrap_err();
        let want = match vendor {
            Vendor::BigQuery => (404, json!("notFound")),
            Vendor::Snowflake => (422, json!("000709")),
            _ => (404, json!("NOT_FOUND")),
        };
        assert_eq!(told(&reader, &lost), want);
        assert_eq!(simulator.journal().len(), 3, "the first two came");
        assert_eq!(reader.run(&reader.rows(Table::AuditTrail, 0, EVER, 20, 0)).await.unwrap().len(), 20);
    }
}

#[tokio::test]
async fn a_token_expires_in_mid_run() {
    for vendor in WAREHOUSES {
        let (_simulator, reader) = read(vendor, Trail { expires_after: Some(3), ..short() }).await;
        let expired = reader.run(&reader.rows(Table::AuditTrail, 0, EVER, 5_000, 0)).await.unwrap_err();
        assert_eq!(expired.status, 401);
        assert_eq!(reader.submit(&reader.account()).await.status, 401, "and stays so");
    }
}

#[tokio::test]
async fn what_is_not_there_or_not_allowed_is_told_as_the_vendor_does() {
    for vendor in WAREHOUSES {
        let (missing, forbidden) = match vendor {
            Vendor::BigQuery => ((404, json!("notFound")), (403, json!("accessDenied"))),
            Vendor::Snowflake => ((422, json!("002003")), (422, json!("003001"))),
            _ => ((200, json!("TABLE_OR_VIEW_NOT_FOUND")), (200, json!("PERMISSION_DENIED"))),
        };
        let tables = vec![Table::AuditTrail];
        for (trail, want) in [
            (Trail { no_table: tables.clone(), ..short() }, missing.clone()),
            (Trail { no_permission: tables, ..short() }, forbidden),
        ] {
            let (_simulator, reader) = read(vendor, trail).await;
            for statement in [
                reader.columns(Table::AuditTrail),
                reader.count(Table::AuditTrail, 0, EVER),
                reader.rows(Table::AuditTrail, 0, EVER, 5_000, 0),
            ] {
                assert_eq!(told(&reader, &reader.run(&statement).await.unwrap_err()), want, "{vendor:?} {statement}");
            }
            assert_eq!(reader.run(&reader.account()).await.unwrap().len(), 1);
            assert!(!reader.walk(Table::Log, EVER, 50).await.is_empty(), "the log is there");
            if vendor == Vendor::BigQuery {
                let table = "/bigquery/v2/projects/simulated/datasets/fivetran_metadata/tables/audit_trail";
                for path in [table.to_string(), format!("{table}/data")] {
                    assert_eq!(told(&reader, &reader.get(&path).await), want);
                }
            }
        }
        // A name that is right but for one letter.
        let (_simulator, reader) = read(vendor, short()).await;
        let elsewhere = reader.account().replace("fivetran", "livetran").replace("FIVETRAN", "LIVETRAN");
        assert_eq!(told(&reader, &reader.run(&elsewhere).await.unwrap_err()), missing);
    }
}

#[tokio::test]
async fn a_column_that_is_not_there_is_null_or_refused() {
    let trail = Trail { no_column: vec!["interaction_method".into(), "new_values".into()], ..short() };
    for vendor in WAREHOUSES {
        let (_simulator, reader) = read(vendor, trail.clone()).await;
        let rows = reader.walk(Table::AuditTrail, EVER, 50).await;
        assert!(rows.len() == 60 && rows.iter().all(|row| row[4].is_none() && row[10].is_none()));
        let whole = Reader { trail: short(), client: reader.client.clone(), vendor };
        let refused = whole.run(&whole.rows(Table::AuditTrail, 0, EVER, 5, 0)).await.unwrap_err();
        let want = match vendor {
            Vendor::BigQuery => (400, json!("invalidQuery")),
            Vendor::Snowflake => (422, json!("000904")),
            _ => (200, json!("UNRESOLVED_COLUMN.WITH_SUGGESTION")),
        };
        assert_eq!(told(&reader, &refused), want);
        let (answer, _) = reader.done(&reader.columns(Table::AuditTrail)).await;
        assert!(!String::from_utf8_lossy(&answer.body).to_lowercase().contains("interaction_method"));
    }
}

#[tokio::test]
async fn the_account_may_be_another_or_two_or_none() {
    for vendor in WAREHOUSES {
        for (account_rows, count, own) in [
            (AccountRows::Own, 1, true),
            (AccountRows::Other, 1, false),
            (AccountRows::Two, 2, true),
            (AccountRows::None, 0, false),
        ] {
            let (simulator, reader) = read(vendor, Trail { account_rows, ..short() }).await;
            let rows = reader.run(&reader.account()).await.unwrap();
            let id = Some(simulator.account_id());
            assert_eq!((rows.len(), rows.iter().any(|row| row[0] == id)), (count, own), "{vendor:?} {account_rows:?}");
        }
    }
}

#[tokio::test]
async fn a_wrong_place_is_refused() {
    let (_simulator, reader) = read(Vendor::Snowflake, short()).await;
    let body = json!({"statement": reader.account(), "warehouse": "OTHER"});
    let answer = reader.send(http::Method::POST, "/api/v2/statements", body).await;
    assert_eq!(told(&reader, &answer), (422, json!("000606")));
    let (_simulator, reader) = read(Vendor::Databricks, short()).await;
    let body = json!({"statement": reader.account(), "warehouse_id": "other"});
    let answer = reader.send(http::Method::POST, "/api/2.0/sql/statements", body).await;
    assert_eq!(told(&reader, &answer), (400, json!("INVALID_PARAMETER_VALUE")));
    let (_simulator, reader) = read(Vendor::BigQuery, short()).await;
    for (body, status) in [
        (json!({"query": reader.account(), "useLegacySql": false, "location": "US"}), 404),
        (json!({"query": reader.account(), "useLegacySql": false}), 200),
        (json!({"query": reader.account()}), 400),
    ] {
        let path = "/bigquery/v2/projects/simulated/queries";
        assert_eq!(reader.send(http::Method::POST, path, body.clone()).await.status, status, "{body}");
    }
}

#[tokio::test]
async fn partitions_after_the_first_may_come_gzipped() {
    let (_simulator, reader) = read(Vendor::Snowflake, Trail { gzip_partitions: true, ..short() }).await;
    let first = reader.submit(&reader.rows(Table::AuditTrail, 0, EVER, 5_000, 0)).await;
    assert!(first.header("content-encoding").is_none() && first.json()["data"].is_array());
    let handle = first.json()["statementHandle"].as_str().unwrap().to_string();
    let packed = reader.get(&format!("/api/v2/statements/{handle}?partition=1")).await;
    assert_eq!(packed.header("content-encoding"), Some("gzip"));
    // One stored block: ten bytes of header, five of the block's, eight at the end.
    assert!(packed.body.starts_with(&[0x1f, 0x8b, 8]));
    let inside: Value = serde_json::from_slice(&packed.body[15..packed.body.len() - 8]).unwrap();
    assert_eq!(inside["data"].as_array().unwrap().len(), 10);
}

#[test]
fn each_word_turns_its_knob() {
    let whole = Trail::default();
    for text in [
        "pending=2",
        "endless",
        "lost=1",
        "expires=9",
        "no-table=audit_trail",
        "no-permission=log",
        "no-column=action",
        "resynced=7@3",
        "added=5",
        "added-late=5@2",
        "deleted=9@1",
        "other-account",
        "two-accounts",
        "no-account",
        "text",
        "gzip",
        "partition=10",
        "burst=100",
        "hours=6",
        "days=30",
        "logs=5",
        "plants=50",
    ] {
        let mut trail = whole.clone();
        text.parse::<Knob>().unwrap().turn(&mut trail);
        assert_ne!(trail, whole, "{text}");
    }
    for text in ["", "pending", "pending=x", "endless=1", "no-table=logs", "no-column=", "added=1@", "lost=-1", "fast"]
    {
        assert!(text.parse::<Knob>().is_err(), "{text}");
    }
    assert!(!format!("{whole:?}").contains("simulated-token"), "tokens do not show");
}

//! Tables that change while they are read.

use super::reader::{EVER, Reader, Row, WAREHOUSES, read};
use fivetran_simulator::{Change, Meanwhile, Simulator, Table, Trail, Vendor};
use std::collections::HashSet;

/// A reader that has counted; then the change happened. With the watermark.
async fn counted(vendor: Vendor, change: Change) -> (Simulator, Reader, i64) {
    let meanwhile = Some(Meanwhile { after: 1, change });
    let (simulator, reader) = read(vendor, Trail { entries: 200, logs: 10, meanwhile, ..Trail::default() }).await;
    let (count, watermark) = reader.counted(Table::AuditTrail, EVER).await;
    assert_eq!(count, 200);
    (simulator, reader, watermark.unwrap())
}

fn ids(rows: &[Row]) -> HashSet<Option<String>> {
    rows.iter().map(|row| row[0].clone()).collect()
}

#[tokio::test]
async fn rows_of_a_later_sync_are_beyond_the_watermark() {
    for vendor in WAREHOUSES {
        let (simulator, reader, watermark) = counted(vendor, Change::Added(30)).await;
        assert_eq!(reader.walk(Table::AuditTrail, watermark, 50).await, simulator.trail_rows(Table::AuditTrail));
        assert_eq!(reader.counted(Table::AuditTrail, watermark).await.0, 200);
        let (all, later) = reader.counted(Table::AuditTrail, EVER).await;
        assert!(all == 230 && later.unwrap() > watermark, "{all}");
        let rows = reader.walk(Table::AuditTrail, EVER, 50).await;
        assert_eq!((rows.len(), ids(&rows).len()), (230, 230));
        assert_eq!(rows[..200], simulator.trail_rows(Table::AuditTrail));
    }
}

#[tokio::test]
async fn rows_of_a_sync_that_had_not_ended_are_not() {
    for vendor in WAREHOUSES {
        let (_simulator, reader, watermark) = counted(vendor, Change::AddedLate(30)).await;
        assert_eq!(reader.counted(Table::AuditTrail, watermark).await, (230, Some(watermark)));
        assert_eq!(reader.walk(Table::AuditTrail, watermark, 50).await.len(), 230);
    }
}

#[tokio::test]
async fn rows_that_are_synced_again_are_beyond_the_watermark() {
    for vendor in WAREHOUSES {
        let (simulator, reader, watermark) = counted(vendor, Change::Resynced(10)).await;
        let (count, _) = reader.counted(Table::AuditTrail, watermark).await;
        assert_eq!(count, 180, "{vendor:?}");
        let before = reader.walk(Table::AuditTrail, watermark, 50).await;
        let all = reader.walk(Table::AuditTrail, EVER, 50).await;
        assert_eq!((before.len(), ids(&all)), (180, ids(&simulator.trail_rows(Table::AuditTrail))));
    }
}

#[tokio::test]
async fn rows_that_are_deleted_are_gone() {
    for vendor in WAREHOUSES {
        let (simulator, reader, watermark) = counted(vendor, Change::Deleted(4)).await;
        assert_eq!(reader.counted(Table::AuditTrail, watermark).await.0, 150);
        let left = ids(&reader.walk(Table::AuditTrail, watermark, 50).await);
        assert!(left.len() == 150 && left.is_subset(&ids(&simulator.trail_rows(Table::AuditTrail))));
    }
}

#[tokio::test]
async fn a_list_of_a_table_shows_what_has_changed() {
    for (change, total) in [
        (Change::Added(30), "230"),
        (Change::AddedLate(30), "230"),
        (Change::Deleted(4), "150"),
        (Change::Resynced(4), "200"),
    ] {
        let meanwhile = Some(Meanwhile { after: 1, change });
        let trail = Trail { entries: 200, meanwhile, ..Trail::default() };
        let (_simulator, reader) = read(Vendor::BigQuery, trail).await;
        let path = "/bigquery/v2/projects/simulated/datasets/fivetran_metadata/tables/audit_trail/data?maxResults=0";
        assert_eq!(reader.get(path).await.json()["totalRows"], "200");
        assert_eq!(reader.get(path).await.json()["totalRows"], total, "{change:?}");
    }
}

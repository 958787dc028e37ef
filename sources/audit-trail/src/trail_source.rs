//! `audit_trail_source`: what a table had when it was read, so that a reader can tell whether the entries are all.

use crate::place::Place;
use crate::row::millis;
use crate::step::{Phase, Step};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use serde::Serialize;
use source_kit::base::timestamp::Timestamp;
use source_kit::{Cost, Draft, Emit, Kind, Nature, Origin, Subject};

/// The catalogue's entry.
pub const KIND: Kind = Kind {
    id: "audit_trail_source",
    title: "Where the audit trail was read",
    description: "For each table that was read: where it is, whose it is, which columns it has, how many rows there were before, in and after the reading, the first and the last instant, when Fivetran last wrote to it, and the statement that read it.",
    keywords: &["audit log", "audit trail", "completeness", "population", "log retention"],
    endpoints: &["ACCOUNT", "AUDIT_TRAIL", "LOG"],
    permissions: &["SELECT on ACCOUNT", "SELECT on AUDIT_TRAIL", "SELECT on LOG"],
    content_schema: include_str!("schemas/audit_trail_source.json"),
    cost: Cost::PerPage,
    nature: Nature::Inventory,
    ..Kind::INVENTORY
};

/// Syncs that may be due before what was read is called stale.
const RHYTHMS: u64 = 2;

/// A table that was read.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(deny_unknown_fields))]
pub struct AuditTrailSource<'a> {
    /// Id of the account, as the table ACCOUNT names it; null where there is no such table.
    pub account_id: Option<&'a str>,
    /// Name of the account, as the table ACCOUNT has it.
    pub account_name: Option<&'a str>,
    /// Columns that were found, of those that are read; in the order of the table.
    pub columns: Vec<&'a str>,
    /// Instant of the first row that was counted: RFC 3339 in UTC, cut to milliseconds.
    pub first_captured_at: Option<String>,
    /// Whether Fivetran wrote to the table within twice the rhythm of the Platform Connector; null where nothing says
    /// when it did.
    #[cfg_attr(feature = "schema", schemars(extend("x-change" = "activity")))]
    pub fresh: Option<bool>,
    /// Instant of the last row that was counted.
    #[cfg_attr(feature = "schema", schemars(extend("x-change" = "activity")))]
    pub last_captured_at: Option<String>,
    /// When Fivetran last wrote to the table; rows that it wrote later were not read.
    #[cfg_attr(feature = "schema", schemars(extend("x-change" = "activity")))]
    pub last_synced_at: Option<String>,
    /// `bigquery`, `snowflake`, `databricks` or `datadog`.
    pub place: &'a str,
    /// Rows when counted after the reading; null where they cannot be counted.
    #[cfg_attr(feature = "schema", schemars(extend("x-change" = "activity")))]
    pub rows_after: Option<u64>,
    /// Rows when counted before the reading.
    #[cfg_attr(feature = "schema", schemars(extend("x-change" = "activity")))]
    pub rows_before: Option<u64>,
    /// Rows that were read. All of them are delivered only where the three numbers are the same.
    #[cfg_attr(feature = "schema", schemars(extend("x-change" = "activity")))]
    pub rows_read: u64,
    /// Whose entries it has: those of the `account` or of one `destination`; null where it cannot be told.
    pub scope: Option<&'a str>,
    /// What read the rows, from the first one on: a statement, or a method and a path.
    #[cfg_attr(feature = "schema", schemars(extend("x-change" = "activity")))]
    pub statement: String,
    /// `audit_trail` or `log`.
    pub table: &'a str,
}

/// What is known besides the walk.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    /// The row of the table ACCOUNT: id and name.
    pub account: Option<(&'a str, Option<&'a str>)>,
    /// `account` or `destination`.
    pub scope: Option<&'a str>,
    /// Minutes between two syncs.
    pub sync_minutes: u32,
}

/// Makes the record of a table. `done` is the last step of its walk.
pub fn emit(done: &Step, place: &dyn Place, facts: &Facts<'_>, from: &[&Origin<'_>], out: &mut Emit<'_>) {
    let instant = |micros: Option<i64>| micros.and_then(millis).map(Timestamp::to_rfc3339);
    let synced = done.synced_us.and_then(millis);
    let name = done.table.name();
    let content = AuditTrailSource {
        account_id: facts.account.map(|account| account.0),
        account_name: facts.account.and_then(|account| account.1),
        columns: done.columns.names(done.table).collect(),
        first_captured_at: instant(done.first_us),
        fresh: synced.map(|synced| is_fresh(synced, out.now, facts.sync_minutes)),
        last_captured_at: instant(done.last_us),
        last_synced_at: instant(done.synced_us),
        place: place.name(),
        rows_after: done.recounted,
        rows_before: done.counted,
        rows_read: done.delivered,
        scope: facts.scope,
        statement: place.statement(&first_page(done)),
        table: name,
    };
    let rows = match content.rows_before {
        Some(before) => format!("{} of {before} rows read", content.rows_read),
        None => format!("{} rows read", content.rows_read),
    };
    let subject = Subject { id: name.into(), name: None, kind: "table" };
    out.record(Draft::new(
        &KIND,
        &[name],
        format!("Table {name} in {}: {rows}", content.place),
        subject,
        &content,
        from,
    ));
}

/// Whether Fivetran wrote within two rhythms.
#[must_use]
pub fn is_fresh(synced: Timestamp, now: Timestamp, sync_minutes: u32) -> bool {
    synced.plus_seconds(u64::from(sync_minutes) * 60 * RHYTHMS) >= now
}

/// The step that asked for the first rows.
fn first_page(done: &Step) -> Step {
    Step { phase: Phase::Rows(None), at_us: done.since_us.unwrap_or(0), skip: 0, delivered: 0, ..done.clone() }
}

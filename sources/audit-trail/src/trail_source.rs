//! `audit_trail_source`: what a table had when it was read, so that a reader can tell whether the entries are all.

use crate::place::Place;
use crate::row::millis;
use crate::settings::Settings;
use crate::step::{FIRST_INSTANT, Phase, Step};
use alloc::borrow::Cow;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};
use source_kit::base::counted;
use source_kit::base::timestamp::Timestamp;
use source_kit::{Cost, Draft, Emit, Kind, Nature, Origin, Subject};

/// The catalogue's entry.
pub const KIND: Kind = Kind {
    id: "audit_trail_source",
    title: "Tables of the audit trail",
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
pub const RHYTHMS: u32 = 2;

/// A table that was read.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(deny_unknown_fields))]
pub struct AuditTrailSource<'a> {
    /// Id of the account, which the settings name and, but for a log service, the table ACCOUNT too.
    pub account_id: Option<&'a str>,
    /// Name of the account, in the record of the table ACCOUNT; null in the others.
    pub account_name: Option<&'a str>,
    /// Columns that were found, of those that are read; in the order of the table.
    pub columns: Vec<&'a str>,
    /// Instant of the first row that was counted: RFC 3339 in UTC, cut to milliseconds.
    pub first_captured_at: Option<String>,
    /// Whether the newest row that was counted was written within twice the rhythm of the Platform Connector. False
    /// also when nothing happened for that long, and when it says that it was written in the future; null where nothing
    /// says when.
    #[cfg_attr(feature = "schema", schemars(extend("x-change" = "activity")))]
    pub fresh: Option<bool>,
    /// Instant of the last row that was counted.
    #[cfg_attr(feature = "schema", schemars(extend("x-change" = "activity")))]
    pub last_captured_at: Option<String>,
    /// When Fivetran wrote the newest row that was counted. Where statements read the table, later rows were not read.
    #[cfg_attr(feature = "schema", schemars(extend("x-change" = "activity")))]
    pub last_synced_at: Option<String>,
    /// `bigquery`, `snowflake`, `databricks` or `datadog`.
    pub place: &'a str,
    /// The same as `rows_before`, counted after the reading; null where they cannot be counted.
    #[cfg_attr(feature = "schema", schemars(extend("x-change" = "activity")))]
    pub rows_after: Option<u64>,
    /// Rows that match, counted before the reading: of LOG only those that may name an actor, and with since only later
    /// ones.
    #[cfg_attr(feature = "schema", schemars(extend("x-change" = "activity")))]
    pub rows_before: Option<u64>,
    /// Rows that were read. All of them are delivered only where the three numbers are the same.
    #[cfg_attr(feature = "schema", schemars(extend("x-change" = "activity")))]
    pub rows_read: u64,
    /// Whose entries it has: those of the `account` or of one `destination`; null where it cannot be told.
    pub scope: Option<&'a str>,
    /// What read the rows, from the first one on: a statement, or a method and a path.
    #[cfg_attr(feature = "schema", schemars(extend("x-change" = "activity")))]
    pub statement: Option<&'a str>,
    /// `account`, `audit_trail` or `log`.
    pub table: &'a str,
}

/// How a table was read: all that a record of it says, with instants in microseconds.
#[derive(Debug, Serialize, Deserialize)]
#[expect(missing_docs, reason = "each field is documented at [`AuditTrailSource`]")]
pub struct Reading<'a> {
    #[serde(borrow)]
    pub account_id: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pub columns: Vec<Cow<'a, str>>,
    pub first_us: Option<i64>,
    pub last_us: Option<i64>,
    #[serde(borrow)]
    pub place: Cow<'a, str>,
    pub rows_after: Option<u64>,
    pub rows_before: Option<u64>,
    pub rows_read: u64,
    #[serde(borrow)]
    pub statement: Cow<'a, str>,
    pub sync_minutes: u32,
    pub synced_us: Option<i64>,
    #[serde(borrow)]
    pub table: Cow<'a, str>,
}

impl<'a> Reading<'a> {
    /// What the last step of a walk knows.
    #[must_use]
    pub fn of(done: &Step, place: &'a dyn Place, settings: &'a Settings) -> Self {
        Self {
            account_id: settings.account.as_deref().map(Cow::Borrowed),
            columns: done.columns.names(done.table).map(Cow::Borrowed).collect(),
            first_us: done.first_us,
            last_us: done.last_us,
            place: place.name().into(),
            rows_after: done.recounted,
            rows_before: done.counted,
            rows_read: done.delivered,
            statement: place.statement(&first_page(done)).into(),
            sync_minutes: settings.sync_minutes,
            synced_us: done.synced_us,
            table: done.table.name().into(),
        }
    }
}

/// Whose tables they are.
#[derive(Debug, Serialize, Deserialize)]
pub struct AccountItem<'a> {
    /// Fivetran's id of the account.
    #[serde(borrow)]
    pub id: Cow<'a, str>,
    /// Its name.
    #[serde(borrow)]
    pub name: Option<Cow<'a, str>>,
    /// Where the tables are.
    #[serde(borrow)]
    pub place: Cow<'a, str>,
    /// What read the table ACCOUNT; null where only the settings say whose account it is.
    #[serde(borrow)]
    pub statement: Option<Cow<'a, str>>,
}

/// Makes the record of a table that was read.
pub fn emit(reading: &Reading<'_>, from: &[&Origin<'_>], out: &mut Emit<'_>) {
    let instant = |micros: Option<i64>| micros.and_then(millis).map(Timestamp::to_rfc3339);
    let synced = reading.synced_us.and_then(millis);
    let content = AuditTrailSource {
        account_id: reading.account_id.as_deref(),
        account_name: None,
        columns: reading.columns.iter().map(|name| &**name).collect(),
        first_captured_at: instant(reading.first_us),
        fresh: synced.map(|synced| is_fresh(synced, out.now, reading.sync_minutes)),
        last_captured_at: instant(reading.last_us),
        last_synced_at: instant(reading.synced_us),
        place: &reading.place,
        rows_after: reading.rows_after,
        rows_before: reading.rows_before,
        rows_read: reading.rows_read,
        scope: None,
        statement: Some(&reading.statement),
        table: &reading.table,
    };
    let rows = match content.rows_before {
        Some(before) => format!("{} of {} read", content.rows_read, counted(before, "matching row")),
        None => format!("{} read, and nothing says how many there are", counted(content.rows_read, "row")),
    };
    record(&content, format!("Table {} in {}: {rows}", reading.table, reading.place), from, out);
}

/// Makes the record of the table ACCOUNT, which was read first: whose tables they are.
pub fn emit_account(account: &AccountItem<'_>, from: &[&Origin<'_>], out: &mut Emit<'_>) {
    let content = AuditTrailSource {
        account_id: Some(&account.id),
        account_name: account.name.as_deref().filter(|name| is_name(name)),
        columns: Vec::from(["id", "name"]),
        first_captured_at: None,
        fresh: None,
        last_captured_at: None,
        last_synced_at: None,
        place: &account.place,
        rows_after: None,
        rows_before: None,
        rows_read: 1,
        scope: None,
        statement: account.statement.as_deref(),
        table: "account",
    };
    let name = content.account_name.unwrap_or(&account.id);
    record(&content, format!("The tables are those of account {name}"), from, out);
}

/// Whether a text may be a name: not long, and without characters that a terminal would obey.
fn is_name(text: &str) -> bool {
    let is_odd = |c: char| {
        c.is_control() || matches!(c, '\u{200e}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    text.len() <= 256 && !text.contains(is_odd)
}

fn record(content: &AuditTrailSource<'_>, title: String, from: &[&Origin<'_>], out: &mut Emit<'_>) {
    let subject = Subject { id: content.table.into(), name: None, kind: "table" };
    out.record(Draft::new(&KIND, &[content.table], title, subject, content, from));
}

/// Whether Fivetran wrote within two rhythms.
#[must_use]
pub fn is_fresh(synced: Timestamp, now: Timestamp, sync_minutes: u32) -> bool {
    // What is said to be written in the future says nothing of the present.
    let is_past = synced <= now.plus_seconds(3600);
    is_past && synced.plus_seconds(u64::from(sync_minutes) * 60 * u64::from(RHYTHMS)) >= now
}

/// The step that asked for the first rows.
fn first_page(done: &Step) -> Step {
    Step {
        phase: Phase::Rows(None),
        at_us: done.since_us.unwrap_or(FIRST_INSTANT),
        skip: 0,
        delivered: 0,
        ..done.clone()
    }
}

//! Where the trail stands, how long it is, and what goes wrong with it.

use super::table::Table;
use serde_json::{Value, json};
use std::fmt;

/// Whose protocol a simulator speaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names of the vendors say it")]
pub enum Vendor {
    #[default]
    Fivetran,
    BigQuery,
    Snowflake,
    Databricks,
    Datadog,
}

/// What opens the trail of the first account; see [`super::token_of`] for further ones.
#[derive(Clone, PartialEq, Eq)]
pub struct Keys {
    /// The bearer token of BigQuery, Snowflake and Databricks.
    pub token: String,
    /// Datadog's API key.
    pub api_key: String,
    /// Datadog's application key.
    pub application_key: String,
}

impl fmt::Debug for Keys {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Keys(…)")
    }
}

/// The names of the place. Snowflake has them in upper case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Project, database or catalog.
    pub database: String,
    /// Dataset or schema.
    pub schema: String,
    /// Warehouse of Snowflake, id of Databricks' warehouse.
    pub warehouse: String,
    /// Location of BigQuery's dataset.
    pub location: String,
}

/// What table ACCOUNT holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AccountRows {
    /// The account's own row, as Fivetran writes it.
    #[default]
    Own,
    /// The row of another account.
    Other,
    /// Both.
    Two,
    /// No row.
    None,
}

/// What becomes of the tables while they are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// So many rows are new at the end, brought by a later sync.
    Added(usize),
    /// The same, but by the last sync that was there before: it had not ended.
    AddedLate(usize),
    /// A later sync brings one row in this many again.
    Resynced(usize),
    /// One row in this many is gone.
    Deleted(usize),
}

/// A change, and when it happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Meanwhile {
    /// Requests that are answered before it.
    pub after: usize,
    /// What happens.
    pub change: Change,
}

/// The trail of an account, and what goes wrong with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trail {
    /// Rows of AUDIT_TRAIL, or events of Datadog. There are never fewer than stamps in the window ask for.
    pub entries: usize,
    /// Rows of LOG.
    pub logs: usize,
    /// Days before 2026-01-01 that it reaches back.
    pub window_days: u32,
    /// Hours between two syncs of the Platform Connector.
    pub sync_hours: u32,
    /// Rows that share an instant, in a third of the cases.
    pub burst: usize,
    /// What opens it.
    pub keys: Keys,
    /// Where it stands.
    pub place: Place,
    /// Rows of a partition, chunk or page at most.
    pub partition_rows: usize,
    /// Whether partitions after the first come gzipped (Snowflake), asked for or not.
    pub gzip_partitions: bool,
    /// Whether `old_values`, `new_values` and `message_data` have a JSON type, instead of text.
    pub json_values: bool,
    /// What table ACCOUNT holds.
    pub account_rows: AccountRows,
    /// Tables that are not there.
    pub no_table: Vec<Table>,
    /// Tables that must not be read.
    pub no_permission: Vec<Table>,
    /// Columns that are not there.
    pub no_column: Vec<String>,
    /// Answers "not done yet" to each statement; `usize::MAX` for one that never ends.
    pub pending: usize,
    /// The first partition (chunk, page) that is lost, from 1.
    pub lost_from: Option<usize>,
    /// Requests until the token has expired.
    pub expires_after: Option<usize>,
    /// What happens while it is read.
    pub meanwhile: Option<Meanwhile>,
    /// So many discrepancies between trail and REST answers: a third each of [`super::Plant`].
    pub plants: usize,
}

impl Default for Trail {
    fn default() -> Self {
        Self {
            entries: 500,
            logs: 1_000,
            window_days: 365,
            sync_hours: 24,
            burst: 4,
            keys: Keys {
                token: "simulated-token".into(),
                api_key: "simulated-api-key".into(),
                application_key: "simulated-application-key".into(),
            },
            place: Place {
                database: "simulated".into(),
                schema: "fivetran_metadata".into(),
                warehouse: "simulated_wh".into(),
                location: "EU".into(),
            },
            partition_rows: 2_000,
            gzip_partitions: false,
            json_values: true,
            account_rows: AccountRows::Own,
            no_table: Vec::new(),
            no_permission: Vec::new(),
            no_column: Vec::new(),
            pending: 0,
            lost_from: None,
            expires_after: None,
            meanwhile: None,
            plants: 0,
        }
    }
}

impl Trail {
    /// The settings with which `fivetran-audit-trail` reads this trail of an account; null for Fivetran itself.
    #[must_use]
    pub fn settings(&self, vendor: Vendor, account: &str) -> Value {
        let Place { database, schema, warehouse, location } = &self.place;
        let minutes = u64::from(self.sync_hours) * 60;
        let (name, place) = match vendor {
            Vendor::Fivetran => return Value::Null,
            Vendor::BigQuery => ("bigquery", json!({"project": database, "dataset": schema, "location": location})),
            Vendor::Snowflake => {
                let (database, schema, warehouse) =
                    (database.to_uppercase(), schema.to_uppercase(), warehouse.to_uppercase());
                let host = "simulated.snowflakecomputing.com";
                ("snowflake", json!({"host": host, "database": database, "schema": schema, "warehouse": warehouse}))
            }
            Vendor::Databricks => {
                let host = "simulated.cloud.databricks.com";
                ("databricks", json!({"host": host, "catalog": database, "schema": schema, "warehouse_id": warehouse}))
            }
            Vendor::Datadog => ("datadog", json!({"site": "datadoghq.com"})),
        };
        json!({"account": account, name: place, "sync_minutes": minutes})
    }
}

//! What to do about an answer that is of no use, where trying again later is no remedy.

use crate::account::{MANY_ROWS, NO_ID, NO_ROW};
use crate::bigquery::{NO_BILLING, NOT_ENABLED};
use crate::{bigquery, databricks, datadog, snowflake};

/// The statement that reads whose tables they are cannot be run.
pub const ACCOUNT_NOT_RUN: &str = "the statement that reads id and name of the table ACCOUNT could not be run";

const ACCOUNT: &str = "Point the settings to the schema that the Platform Connector of this account writes: the table ACCOUNT has one row there, with the account's id.";

const REMEDIES: [(&str, &str); 8] = [
    (NO_ROW, ACCOUNT),
    (NO_ID, ACCOUNT),
    (MANY_ROWS, ACCOUNT),
    (
        ACCOUNT_NOT_RUN,
        "Check that ACCOUNT has the columns id and name, none of them deselected in the Platform Connector, and that the settings are those of its schema; the place's own list of queries has the reason.",
    ),
    (NOT_ENABLED, "Enable the BigQuery API in the project that the settings name."),
    (NO_BILLING, "Enable billing for the project that the settings name."),
    (databricks::NO_WAREHOUSE, "Set warehouse_id to the id of a SQL warehouse, from its connection details."),
    (
        datadog::PERMISSION,
        "Check that both keys are of this site and still valid, for Datadog answers the same to keys that it does not know, and that the application key has the permission logs_read_data.",
    ),
];

/// What to do, where that is a matter of the settings, the credentials or the place.
#[must_use]
pub fn of(what: &str) -> Option<&'static str> {
    REMEDIES.into_iter().find(|(known, _)| *known == what).map(|(_, remedy)| remedy)
}

/// The reason why the account cannot be read, in the words that have a remedy.
#[must_use]
pub fn of_account(what: &'static str) -> &'static str {
    let is_not_run = [bigquery::NOT_RUN, snowflake::NOT_RUN, databricks::NOT_RUN].contains(&what);
    if is_not_run { ACCOUNT_NOT_RUN } else { what }
}

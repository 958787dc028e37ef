//! The four places, one of which the settings name.

use crate::bigquery::BigQuery;
use crate::databricks::Databricks;
use crate::datadog::Datadog;
use crate::place::Place;
use crate::snowflake::Snowflake;
use alloc::vec::Vec;

/// One of the places.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is documented where it is defined")]
pub enum AnyPlace {
    BigQuery(BigQuery),
    Snowflake(Snowflake),
    Databricks(Databricks),
    Datadog(Datadog),
}

impl AnyPlace {
    /// What it can do, whichever it is.
    #[must_use]
    pub fn as_dyn(&self) -> &dyn Place {
        match self {
            Self::BigQuery(place) => place,
            Self::Snowflake(place) => place,
            Self::Databricks(place) => place,
            Self::Datadog(place) => place,
        }
    }

    /// Its settings; `None` for what is not set.
    #[must_use]
    pub fn fields(&self) -> Vec<(&'static str, Option<&str>)> {
        match self {
            Self::BigQuery(place) => Vec::from([
                ("project", Some(place.project.as_str())),
                ("dataset", Some(&place.dataset)),
                ("location", place.location.as_deref()),
            ]),
            Self::Snowflake(place) => Vec::from([
                ("host", Some(place.host.as_str())),
                ("database", Some(&place.database)),
                ("schema", Some(&place.schema)),
                ("warehouse", Some(&place.warehouse)),
                ("role", place.role.as_deref()),
            ]),
            Self::Databricks(place) => Vec::from([
                ("host", Some(place.host.as_str())),
                ("catalog", Some(&place.catalog)),
                ("schema", Some(&place.schema)),
                ("warehouse_id", Some(&place.warehouse_id)),
            ]),
            Self::Datadog(place) => Vec::from([("site", Some(place.site.as_str())), ("query", place.query.as_deref())]),
        }
    }
}

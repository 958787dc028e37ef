//! The services that connections are of.

/// Every service that connections are of.
pub const SERVICES: &[&str] = &[
    "postgres",
    "mysql_rds",
    "salesforce",
    "google_analytics_4",
    "s3",
    "github",
    "stripe",
    "netsuite_suiteanalytics",
    "connector_sdk",
    "fivetran_log",
    "google_sheets",
    "sql_server_rds",
];

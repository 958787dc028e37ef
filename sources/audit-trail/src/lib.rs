//! A source of compliance evidence that reads Fivetran's audit trail where the Fivetran Platform Connector
//! writes it: BigQuery, Snowflake, Databricks, or the logs that Fivetran sends to Datadog.
//!
//! `place` has the requests of each place and what their answers mean, `step` the walk of a table, `protocol` joins
//! the two with the kit; `entry`, `user_action` and `trail_source` make records; `source` has the texts.

#![cfg_attr(target_arch = "wasm32", no_std)]

extern crate alloc;

pub mod account;
pub mod ask;
pub mod bigquery;
pub mod cursor;
pub mod databricks;
pub mod datadog;
pub mod entry;
pub mod item;
pub mod json;
pub mod place;
pub mod places;
pub mod protocol;
pub mod remedy;
pub mod row;
pub mod settings;
pub mod snowflake;
pub mod source;
pub mod statement;
pub mod step;
pub mod table;
pub mod trail_source;
pub mod user_action;
pub mod values;

#[cfg(target_arch = "wasm32")]
source_kit::export!(source::AuditTrail);

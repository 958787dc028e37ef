//! The same account's audit trail, in the places where Fivetran writes it: the tables of its Platform
//! Connector in BigQuery, Snowflake and Databricks, and its events in Datadog.
//!
//! The history agrees with the REST answers: what they stamp as created inside the window has its entry
//! at that instant, and what was deleted is not in the inventory. An entry follows from its number, so
//! that a history of any length needs no memory. Protocols as read in 2026-11; nothing here was compared
//! with a live service.

mod bigquery;
mod creations;
mod databricks;
mod datadog;
mod entries;
mod gzip;
mod history;
mod knobs;
mod logs;
mod service;
mod snowflake;
mod spec;
mod sql;
mod table;
mod timeline;
mod visit;
mod warehouse;

pub use creations::{Plant, Planted};
pub use history::History;
pub use knobs::Knob;
pub use service::{Service, token_of};
pub use spec::{AccountRows, Change, Keys, Meanwhile, Place, Trail, Vendor};
pub use table::Table;
pub use visit::Asked;

//! A stand-in for the Fivetran REST API: a real HTTP server that speaks its protocol and serves a
//! simulated account of any size, generated from a seed.
//!
//! It follows <https://fivetran.com/docs/rest-api> as read in 2026-11: the envelope, cursors and
//! limits, Basic authentication, versions in `Accept`, scopes of system keys, and the bodies of its
//! errors. Everything it says is invented; the same seed says the same.
//! The same account's audit trail is served as BigQuery, Snowflake, Databricks and Datadog would: see
//! [`Vendor`].

mod account;
mod answers;
mod changes;
mod code;
pub mod config;
mod connection_config;
mod connections;
mod destinations;
pub mod faults;
mod inventory;
mod keys;
mod logging;
mod network;
mod pair;
mod people;
mod protocol;
mod random;
mod routes;
mod server;
mod services;
mod shared;
mod things;
mod tls;
mod trail;
mod trust;
mod wire;

pub use account::AccountSpec;
pub use answers::Answers;
pub use changes::Changes;
pub use config::{Config, DEFAULT_KEY, DEFAULT_SECRET, Hook, Principal, Quota, default_pair, pair_of};
pub use inventory::Inventory;
pub use pair::Pair;
pub use protocol::{Reply, RequestInfo};
pub use routes::SCOPES;
pub use server::Simulator;
pub use shared::JournalEntry;
pub use tls::Versions;
pub use trail::{AccountRows, Change, Keys, Knob, Meanwhile, Place, Plant, Planted, Table, Trail, Vendor, token_of};

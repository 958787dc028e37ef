//! A source of compliance evidence that reads a Fivetran account.
//!
//! Built for `wasm32-wasip2` this is a WASI component that exports `compliance:source`; built
//! natively it is the same core, for tests. Here is everything that knows Fivetran, one file for each
//! resource of its API; [`source_kit`] has everything else.

#![cfg_attr(target_arch = "wasm32", no_std)]

extern crate alloc;

pub mod access_grant;
pub mod account;
pub mod alert;
pub mod api_key;
pub mod audit_event;
pub mod audit_logging;
pub mod certificate;
pub mod connection;
pub mod connection_error;
pub mod connection_schema;
pub mod connector_sdk_package;
pub mod connector_type;
pub mod controls;
pub mod destination;
pub mod envelope;
pub mod external_secrets_manager;
pub mod fingerprint;
pub mod group;
pub mod hybrid_deployment_agent;
pub mod log_service;
pub mod notes;
pub mod platform_connector;
pub mod private_link;
pub mod proxy_agent;
pub mod role;
pub mod settings;
pub mod setup_test;
pub mod source;
pub mod sync_run;
pub mod system_key;
pub mod table;
pub mod team;
pub mod topics;
pub mod transformation;
pub mod transformation_project;
pub mod types;
pub mod user;
pub mod webhook;

pub use types::Fivetran;

/// Version of this component, as in its package.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

#[cfg(target_arch = "wasm32")]
source_kit::export!(Fivetran);

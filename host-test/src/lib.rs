//! A wasmtime harness for components that export `compliance:source`.
//!
//! Library first: the CLI in `main.rs` is a thin front on it. An [`engine::Engine`] compiles a
//! [`plugin::Plugin`]; a [`tenant::Tenant`] says with which credentials, settings and egress it
//! runs; an [`instance::Instance`] is one store in which it does. Nothing here knows Fivetran but
//! [`simulator`].

pub mod bindings;
pub mod check;
pub mod code_cache;
pub mod collection;
pub mod diff;
pub mod egress;
pub mod engine;
pub mod error;
pub mod evidence_dir;
pub mod fleet;
pub mod instance;
pub mod limits;
pub mod meter;
mod outgoing;
pub mod plugin;
pub mod record_json;
pub mod simulator;
pub mod state;
pub mod summary;
pub mod tenant;
pub mod transport;
pub mod verify;
mod waiting;

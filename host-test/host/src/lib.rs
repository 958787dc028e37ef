//! Embeds components that export `compliance:source` in wasmtime.
//!
//! An [`engine::Engine`] compiles; a [`plugin::Plugin`] is a component that was reviewed and described
//! itself; a [`tenant::Tenant`] says with which credentials, settings and [`grant::Grant`] it runs; an
//! [`instance::Instance`] is one store in which it does; a [`collection::Collection`] drives it from page
//! to page.

mod address;
pub mod bindings;
pub mod code_cache;
pub mod collection;
mod compute;
pub mod connections;
mod dial;
pub mod egress;
pub mod endurance;
pub mod engine;
pub mod error;
mod given_body;
pub mod grant;
mod http_error;
pub mod instance;
pub mod journal;
pub mod limits;
pub mod meter;
pub mod network;
pub mod obstacle;
mod outgoing;
pub mod pin;
pub mod plugin;
mod pool;
pub mod records;
pub mod reviewed;
mod secret;
pub mod state;
pub mod tenant;
mod trailer;
pub mod transport;
mod waiting;
mod wire;

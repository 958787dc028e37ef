//! Embeds components that export `compliance:source` in wasmtime.
//!
//! An [`engine::Engine`] compiles; a [`plugin::Plugin`] is a component that was reviewed and described
//! itself; a [`tenant::Tenant`] says with which credentials, settings and egress it runs; an
//! [`instance::Instance`] is one store in which it does; a [`collection::Collection`] drives it from page
//! to page.

pub mod bindings;
pub mod code_cache;
pub mod collection;
mod compute;
pub mod egress;
pub mod endurance;
pub mod engine;
pub mod error;
pub mod instance;
pub mod limits;
pub mod meter;
mod outgoing;
pub mod pin;
pub mod plugin;
pub mod records;
pub mod reviewed;
pub mod state;
pub mod tenant;
mod trailer;
pub mod transport;
mod waiting;

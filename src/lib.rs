//! A source of compliance evidence that reads a Fivetran account.
//!
//! Built for `wasm32-wasip2` this is a WASI component that exports `compliance:source`; built
//! natively it is the same core, for tests. The core is pure: all it needs of the outside is a
//! [`world::World`]. Only `shell/` knows generated types and `wasi:*`.

#![cfg_attr(target_arch = "wasm32", no_std)]

extern crate alloc;

pub mod canonical;
pub mod catalog;
pub mod collect;
pub mod config;
pub mod digest;
pub mod evidence;
pub mod fivetran;
pub mod health;
pub mod instant;
pub mod model;
pub mod world;

#[cfg(target_arch = "wasm32")]
mod shell;

/// Version of this component, as in its package.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

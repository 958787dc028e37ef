//! The component: the only code that knows generated types and `wasi:*`.

pub mod bindings;
mod component;
mod convert;
mod executor;
mod http;
mod runtime;

pub use component::{Component, Exported, Memory};

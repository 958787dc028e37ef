//! A wasmtime harness for components that export `compliance:source`.
//!
//! Library first: the CLI in `main.rs` is a thin front on it.

pub mod simulator;

//! The shell: all that knows generated types and `wasi:*`. It has no opinion about Fivetran or
//! evidence.

mod bindings;
mod component;
mod convert;
mod executor;
mod http;
mod runtime;

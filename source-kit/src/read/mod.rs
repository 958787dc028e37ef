//! Reading an API: one GET with its retries, what an answer looks like, and JSON read leniently.

pub mod body;
pub mod client;
pub mod data;
pub mod error;
pub mod field;
pub mod node;
pub mod protocol;
pub mod quota;
pub mod request;
pub mod retry;
pub mod wire;

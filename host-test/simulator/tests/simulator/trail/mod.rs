//! The places where the account's audit trail stands.

mod datadog;
mod faults;
mod history;
mod meanwhile;
mod protocols;
mod reader;

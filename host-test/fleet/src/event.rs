//! What a fleet is told and tells while it runs.

use crate::report::TenantReport;
use source_host::collection::Cause;
use std::time::Duration;

/// Whether a fleet continues.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Stop {
    /// It does.
    #[default]
    No,
    /// Turns that are begun come to their end, within the time of a page and a little more.
    Gently,
    /// At once. What was written stays valid.
    AtOnce,
}

/// What a fleet tells while it runs.
#[derive(Debug)]
pub enum Event<'e> {
    /// A tenant waits, holding nothing.
    Waits {
        /// Its name.
        name: &'e str,
        /// For how long.
        wait: Duration,
        /// Why.
        cause: Cause<'e>,
    },
    /// A tenant has come to its end.
    Ended(&'e TenantReport),
}

/// Hears what a fleet tells.
pub type Observer<'o> = dyn Fn(&Event<'_>) + Send + Sync + 'o;

//! What a source doubts about a configuration that it accepts.

use host_test::text::{note, plain};
use source_host::bindings::exports::compliance::source::source::Configured;

/// Shows it.
pub fn show(configured: &Configured) {
    for warning in &configured.diagnostics {
        note(format!("warning: {} ({})", plain(&warning.message), plain(&warning.remedy)));
    }
}

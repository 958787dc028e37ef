//! What is wrong with a tenants file, before anything is sent.

use source_host::bindings::compliance::source::types::{Diagnostic, Severity};

/// A finding.
pub(crate) fn finding(pointer: String, code: &str, message: String, remedy: &str) -> Diagnostic {
    Diagnostic { severity: Severity::Error, code: code.into(), pointer, message, remedy: remedy.into() }
}

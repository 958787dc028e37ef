//! What is wrong with a tenants file, before anything is sent.

use source_evidence::error::is_out_of_files;
use source_host::bindings::compliance::source::types::{Diagnostic, Severity};
use source_host::error::OUT_OF_FILES;

/// A finding.
pub(crate) fn finding(pointer: String, code: &str, message: String, remedy: &str) -> Diagnostic {
    Diagnostic { severity: Severity::Error, code: code.into(), pointer, message, remedy: remedy.into() }
}

/// The code of a finding about a file that cannot be read: another one where it soon may.
pub(super) fn code(error: &std::io::Error, lasting: &'static str) -> &'static str {
    if is_out_of_files(error) { OUT_OF_FILES } else { lasting }
}

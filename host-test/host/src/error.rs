//! What can go wrong when a component is run, by what the reader has to do about it.

use crate::bindings::compliance::source::types::{Diagnostic, Failure, FailureKind};
use crate::limits::Limit;
use std::path::PathBuf;
use std::time::Duration;
use thiserror::Error;

/// Code of the finding that a file of a configuration could not be opened for want of a file descriptor.
pub const OUT_OF_FILES: &str = "out-of-files";
/// Where the vendor refuses for too many requests and does not say for how long.
const UNTOLD: Duration = Duration::from_secs(60);

/// Everything that can keep a component from being loaded, configured or run.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Error {
    /// Files, folders, or what was asked for on this machine.
    #[error(transparent)]
    Local(#[from] source_evidence::Error),
    /// The engine could not be set up.
    #[error("cannot set up the engine: {0:#}")]
    Engine(wasmtime::Error),
    /// The file is no component, or none that this engine can compile.
    #[error("cannot load the component: {0:#}")]
    Component(wasmtime::Error),
    /// The component wants more than a source may have.
    #[error("the component imports what no source may have: {}", .0.join(", "))]
    ImportsDenied(Vec<String>),
    /// The component is no source.
    #[error("the component does not export {0}")]
    ExportMissing(&'static str),
    /// The configuration was refused.
    #[error("the configuration was refused: {}", diagnostics(.0))]
    Configuration(Vec<Diagnostic>),
    /// The source said that it could not do what was asked.
    #[error("{} ({})", .0.message, .0.remedy)]
    Source(Box<Failure>),
    /// The component trapped; its store is gone.
    #[error("the component trapped: {0:#}")]
    Trap(wasmtime::Error),
    /// The component wanted more than it may have; its store is gone.
    #[error("the component was stopped by the limit of its {0}")]
    Limit(Limit),
    /// The component's answer contradicts the interface.
    #[error("the component's answer is not as the interface promises: {0}")]
    BadAnswer(String),
    /// The harness itself broke.
    #[error("a defect of the harness: {0}")]
    Defect(String),
}

fn diagnostics(findings: &[Diagnostic]) -> String {
    let line = |finding: &Diagnostic| format!("{}: {} ({})", finding.pointer, finding.message, finding.remedy);
    let lines = findings.iter().map(line);
    lines.collect::<Vec<_>>().join("; ")
}

impl Error {
    /// A file error.
    pub fn file(action: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        let file = source_evidence::Error::file(action, path);
        move |source| Self::Local(file(source))
    }

    /// An error in what was asked for.
    pub fn usage(what: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self::Local(source_evidence::Error::Usage { what: what.into(), remedy: remedy.into() })
    }

    /// Whether the same may succeed later: the source says so, the vendor did not answer in the time of a
    /// call, or this machine has no file descriptor left for the moment.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Source(failure) => failure.retryable,
            Self::Limit(Limit::Call(_)) => true,
            Self::Local(source_evidence::Error::File { source, .. }) => source_evidence::error::is_out_of_files(source),
            Self::Configuration(findings) => findings.iter().any(|finding| finding.code == OUT_OF_FILES),
            _ => false,
        }
    }

    /// How long the vendor asks to wait.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Source(failure) if failure.kind == FailureKind::RateLimited => {
                Some(failure.retry_after_seconds.map_or(UNTOLD, Duration::from_secs))
            }
            _ => None,
        }
    }

    /// What it is in a word, as in the WIT where it is a source's failure.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Local(source_evidence::Error::File { .. }) => "file",
            Self::Local(source_evidence::Error::Output { .. }) => "output",
            Self::Local(source_evidence::Error::Contract(_)) => "bad-answer",
            Self::Local(_) => "usage",
            Self::Engine(_) | Self::Defect(_) => "defect",
            Self::Component(_) | Self::ExportMissing(_) => "component",
            Self::ImportsDenied(_) => "imports-denied",
            Self::Configuration(_) => "configuration",
            Self::Source(failure) => failure_word(failure.kind),
            Self::Trap(_) => "trap",
            Self::Limit(_) => "limit",
            Self::BadAnswer(_) => "bad-answer",
        }
    }
}

fn failure_word(kind: FailureKind) -> &'static str {
    match kind {
        FailureKind::NotConfigured => "not-configured",
        FailureKind::InvalidRequest => "invalid-request",
        FailureKind::InvalidCursor => "invalid-cursor",
        FailureKind::Unauthorized => "unauthorized",
        FailureKind::Forbidden => "forbidden",
        FailureKind::RateLimited => "rate-limited",
        FailureKind::Upstream => "upstream",
        FailureKind::Network => "network",
        FailureKind::ContractDrift => "contract-drift",
        FailureKind::DeniedByHost => "denied-by-host",
        FailureKind::Internal => "internal",
    }
}

/// A result with this error.
pub type Result<T, E = Error> = std::result::Result<T, E>;

//! What can go wrong when a component is run, by what the reader has to do about it.

use crate::bindings::compliance::source::types::{Diagnostic, Failure, FailureKind};
use crate::limits::Limit;
use std::path::PathBuf;
use std::time::Duration;
use thiserror::Error;
use wasmtime::PoolConcurrencyLimitError;

/// Code of the finding that a file of a configuration could not be opened for want of a file descriptor.
pub const OUT_OF_FILES: &str = "out-of-files";
/// Where the vendor refuses for too many requests and does not say for how long.
const UNTOLD: Duration = Duration::from_secs(60);

/// What to do about a component that cannot be compiled.
const ANEW: &str = "it may be damaged, cut short or for another engine: build it anew";
/// What to do where there is no room.
const ROOM: &str = "run fewer at once, or raise the limit of memory: ulimit -v";

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
    /// The file does not begin as a component does; nothing of it was read any further.
    #[error("{} is no WebAssembly component: {what}; {remedy}", file.display())]
    NotAComponent {
        /// The file.
        file: PathBuf,
        /// What it is instead.
        what: &'static str,
        /// What to do about it.
        remedy: &'static str,
    },
    /// The file is no component that this engine can compile.
    #[error("cannot load the component: {0:#} ({remedy})", remedy = ANEW)]
    Component(wasmtime::Error),
    /// The component wants more than a source may have.
    #[error("the component imports what no source may have: {}", .0.join(", "))]
    ImportsDenied(Vec<String>),
    /// The component is no source.
    #[error("the component does not export {0}: it is no source, or one for another version of the interface")]
    ExportMissing(&'static str),
    /// The component is not the one that was asked for; nothing of it ran.
    #[error("this is another component: its SHA-256 is {found}, and {wanted} was asked for")]
    OtherComponent {
        /// The SHA-256 that it should have.
        wanted: String,
        /// The one that it has.
        found: String,
    },
    /// No policy says what the component may send; nothing was sent.
    #[error("no policy says what the source {id:?} may send; it asks for: {}", .asks.join("; "))]
    NotGranted {
        /// The source's id.
        id: String,
        /// What it asks for, a line for each request.
        asks: Vec<String>,
        /// The policy that grants exactly that, as text.
        policy: String,
    },
    /// The component asks for more than the host's policy grants; nothing was sent.
    #[error("the source {id:?} asks for more than the policy grants: {}", .asks.join("; "))]
    BeyondGrant {
        /// The source's id.
        id: String,
        /// What is not granted, a line for each request.
        asks: Vec<String>,
        /// What is, likewise.
        granted: Vec<String>,
    },
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
    /// There is no room for one more component now: the pool is full, or the system gives no more memory or
    /// addresses.
    #[error("no room for another component now: {0:#} ({remedy})", remedy = ROOM)]
    Busy(wasmtime::Error),
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

    /// What is wrong, and apart from it what to do, where that is known.
    #[must_use]
    pub fn parts(&self) -> (String, Option<String>) {
        let with = |what: String, remedy: &str| (what, Some(remedy.to_string()));
        match self {
            Self::Local(error) => error.parts(),
            Self::NotAComponent { file, what, remedy } => {
                with(format!("{} is no WebAssembly component: {what}", file.display()), remedy)
            }
            Self::Component(why) => with(format!("cannot load the component: {why:#}"), ANEW),
            Self::Busy(why) => with(format!("no room for another component now: {why:#}"), ROOM),
            Self::Source(failure) => with(failure.message.clone(), &failure.remedy),
            other => (other.to_string(), None),
        }
    }

    /// [`Error::Busy`] if that is what wasmtime says, else what `other` makes of it.
    pub(crate) fn busy_or(error: wasmtime::Error, other: impl FnOnce(wasmtime::Error) -> Self) -> Self {
        if is_out_of_room(&error) { Self::Busy(error) } else { other(error) }
    }

    /// Whether the same may succeed later: the source says so, the vendor did not answer in the time of a
    /// call, or this machine has no room or no file descriptor left for the moment.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Source(failure) => failure.retryable,
            Self::Limit(Limit::Call(_)) | Self::Busy(_) => true,
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
            Self::NotAComponent { .. } | Self::Component(_) | Self::ExportMissing(_) => "component",
            Self::ImportsDenied(_) => "imports-denied",
            Self::OtherComponent { .. } => "other-component",
            Self::NotGranted { .. } | Self::BeyondGrant { .. } => "not-granted",
            Self::Busy(_) => "busy",
            Self::Configuration(_) => "configuration",
            Self::Source(failure) => failure_word(failure.kind),
            Self::Trap(_) => "trap",
            Self::Limit(_) => "limit",
            Self::BadAnswer(_) => "bad-answer",
        }
    }
}

/// Whether a pool is full, or the system gives no more memory or addresses.
fn is_out_of_room(error: &wasmtime::Error) -> bool {
    // wasmtime's own type for a refusal by the system is not public: the text is the system's.
    error.is::<PoolConcurrencyLimitError>() || error.chain().any(|cause| cause.to_string().contains("os error 12"))
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

//! What goes in and out of a source, natively: the mirror of `wit/`.
//!
//! The core speaks these types only; the shell turns them into the generated ones. Field meanings,
//! units and ranges are documented once, in the WIT.

use super::canonical::to_canonical;
use alloc::string::String;
use alloc::vec::Vec;
use serde::Serialize;

/// How grave a [`Diagnostic`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// Nothing is missing.
    Info,
    /// Something is missing or unusual.
    Warning,
    /// The call could not do what was asked.
    Error,
}

/// One finding about an input or a response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// How grave it is.
    pub severity: Severity,
    /// Stable kebab-case identifier.
    pub code: &'static str,
    /// JSON pointer to what it is about.
    pub pointer: String,
    /// What is the case.
    pub message: String,
    /// What to do.
    pub remedy: String,
}

/// What a record is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Subject {
    /// The vendor's identifier, unencoded.
    pub id: String,
    /// A name a person would recognise.
    pub name: Option<String>,
    /// The vendor's word for the resource.
    #[serde(rename = "type")]
    pub kind: &'static str,
}

/// One response that a record was read from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Provenance {
    /// SHA-256 of the response body.
    pub body_digest: String,
    /// Number of the list page, from 1.
    pub page: Option<u32>,
    /// Where in the body the item stands.
    pub pointer: String,
    /// When the response was received.
    pub read_at: String,
    /// Path and query as sent.
    pub request: String,
    /// The vendor's request id.
    pub request_id: Option<String>,
    /// HTTP status code.
    pub status: u16,
}

/// Why something is not in the content.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum WithheldReason {
    /// Marked secret by the vendor, its API description or its name.
    Secret,
    /// Personal data that no control needs.
    PersonalData,
    /// A free-form setting that no allow-list names.
    UnknownSetting,
    /// Free text, which may quote anything.
    FreeText,
}

/// Something left out on purpose.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Withheld {
    /// Where it stood in the vendor's object.
    pub pointer: String,
    /// Why it was left out.
    pub reason: WithheldReason,
}

/// One piece of evidence. Fields are in the order of RFC 8785, so that serialising the struct
/// gives the canonical form, but for `content`, which is text already: see [`Record::size`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Record {
    /// Canonical JSON of the content.
    #[serde(skip)]
    pub content: String,
    /// When the vendor says it happened.
    pub effective_at: Option<String>,
    /// Deterministic URN.
    pub id: String,
    /// Kind id.
    pub kind: &'static str,
    /// When the source read it.
    pub observed_at: String,
    /// Every response it was read from.
    pub provenance: Vec<Provenance>,
    /// Version of the kind's content schema.
    pub schema_version: u32,
    /// What it is about.
    pub subject: Subject,
    /// One plain sentence.
    pub title: String,
    /// How long to rely on it.
    pub valid_until: String,
    /// Everything left out on purpose.
    pub withheld: Vec<Withheld>,
}

impl Record {
    /// Bytes of the whole record in canonical form, `content` embedded as JSON.
    #[must_use]
    pub fn size(&self) -> u64 {
        const CONTENT_KEY: usize = "\"content\":,".len();
        (to_canonical(self).len() + CONTENT_KEY + self.content.len()) as u64
    }
}

/// How much of a kind's population was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum CoverageState {
    /// The whole population that the principal may see.
    Complete,
    /// Those items only whose turn it was, as a setting asks.
    Spread,
    /// Some of it is missing.
    Partial,
    /// The vendor refused.
    Forbidden,
    /// Not offered to this account.
    NotAvailable,
    /// Switched off by a setting.
    Disabled,
    /// Not reached yet.
    NotAttempted,
}

/// How completely one kind was collected so far.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Coverage {
    /// Kind id.
    pub kind: &'static str,
    /// The verdict.
    pub state: CoverageState,
    /// The main reason, fit for matching.
    pub code: &'static str,
    /// Records delivered so far.
    pub records: u64,
    /// Items not read, or not wholly.
    pub items_failed: u64,
    /// What is missing and why.
    pub reason: String,
    /// The permission that was missing.
    pub missing_permission: Option<String>,
    /// Whether it is short only as the settings accept.
    pub accepted: bool,
}

/// What a call spent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Requests sent, retries included.
    pub requests: u32,
    /// Of these, retries.
    pub retries: u32,
    /// Bytes of response bodies.
    pub bytes_received: u64,
    /// Time by the monotonic clock.
    pub milliseconds: u64,
}

/// What one endpoint will be asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndpointCost {
    /// Method and path.
    pub endpoint: String,
    /// The kind that its calls count for.
    pub kind: &'static str,
    /// How many.
    pub calls: u64,
    /// Whether there may be more.
    pub is_least: bool,
}

/// What a collection will cost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cost {
    /// In the order of the collection.
    pub endpoints: Vec<EndpointCost>,
    /// How long it will take.
    pub milliseconds: u64,
    /// With so many requests in flight.
    pub concurrency: u32,
    /// Requests in an hour that the settings allow.
    pub requests_per_hour: Option<u32>,
    /// Requests in an hour that the vendor allows.
    pub quota_per_hour: Option<u32>,
    /// What the numbers do not say.
    pub diagnostics: Vec<Diagnostic>,
    /// What finding it out cost.
    pub usage: Usage,
}

/// What went wrong, by what the reader has to do about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "each case is documented in wit/types.wit")]
pub enum FailureKind {
    NotConfigured,
    InvalidRequest,
    InvalidCursor,
    Unauthorized,
    Forbidden,
    RateLimited,
    Upstream,
    Network,
    ContractDrift,
    DeniedByHost,
    Internal,
}

/// Why a call returned nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// What went wrong.
    pub kind: FailureKind,
    /// The same as finely as is known, fit for matching.
    pub code: &'static str,
    /// The field of the request.
    pub pointer: Option<String>,
    /// What happened.
    pub message: String,
    /// What to do.
    pub remedy: String,
    /// Whether the same call can succeed later.
    pub retryable: bool,
    /// When to come back.
    pub retry_after_seconds: Option<u64>,
    /// HTTP status, if there was an answer.
    pub http_status: Option<u16>,
    /// The vendor's request id.
    pub request_id: Option<String>,
}

impl FailureKind {
    /// The code of a failure of which no more is known than its kind.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::NotConfigured => "not-configured",
            Self::InvalidRequest => "invalid-request",
            Self::InvalidCursor => "invalid-cursor",
            Self::Unauthorized => "unauthorized",
            Self::Forbidden => "forbidden",
            Self::RateLimited => "rate-limited",
            Self::Upstream => "upstream",
            Self::Network => "network",
            Self::ContractDrift => "contract-drift",
            Self::DeniedByHost => "denied-by-host",
            Self::Internal => "internal",
        }
    }
}

impl Failure {
    /// A failure that nothing but its kind, message and remedy describes.
    #[must_use]
    pub fn new(kind: FailureKind, message: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self {
            kind,
            code: kind.code(),
            pointer: None,
            message: message.into(),
            remedy: remedy.into(),
            retryable: false,
            retry_after_seconds: None,
            http_status: None,
            request_id: None,
        }
    }
}

/// Bounds of one `collect` call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Budget {
    /// Records in the page, at most.
    pub max_records: Option<u32>,
    /// Bytes of whole records in canonical form.
    pub max_bytes: Option<u64>,
    /// Requests.
    pub max_requests: Option<u32>,
    /// Time by the monotonic clock.
    pub max_milliseconds: Option<u64>,
    /// Requests in flight at once.
    pub max_concurrency: Option<u32>,
}

/// What to collect next.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CollectRequest {
    /// Kind ids; empty for the defaults.
    pub kinds: Vec<String>,
    /// The cursor of the page before.
    pub cursor: Option<String>,
    /// No event before this instant.
    pub since: Option<String>,
    /// Bounds.
    pub budget: Budget,
}

/// How far a collection has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Progress {
    /// What is being read.
    pub stage: &'static str,
    /// Stages finished.
    pub stages_done: u32,
    /// Stages in all.
    pub stages_total: u32,
    /// Items read so far.
    pub items: u64,
}

/// A part of a collection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// Records, in fixed order.
    pub records: Vec<Record>,
    /// Every kind asked for.
    pub coverage: Vec<Coverage>,
    /// Findings about responses.
    pub diagnostics: Vec<Diagnostic>,
    /// Of this call alone.
    pub usage: Usage,
    /// How far the collection has come.
    pub progress: Progress,
    /// Absent when finished.
    pub cursor: Option<String>,
    /// Do not resume before.
    pub not_before: Option<String>,
    /// Why it ended early.
    pub stopped: Option<Failure>,
    /// Where the next collection's events begin; on the last page.
    pub next_since: Option<String>,
}

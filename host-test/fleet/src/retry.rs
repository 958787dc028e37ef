//! When a tenant that came no further is tried again.

use super::options::MAX_BACKOFF;
use source_host::bindings::compliance::source::types::{Failure, FailureKind};
use source_host::error::Error;
use std::time::Duration;

/// Where the vendor refuses for too many requests and does not say for how long.
const UNTOLD: Duration = Duration::from_secs(60);

pub(super) fn is_retryable(error: &Error) -> bool {
    matches!(error, Error::Source(failure) if failure.retryable)
}

/// How long the vendor asks to wait.
pub(super) fn retry_after(error: &Error) -> Option<Duration> {
    match error {
        Error::Source(failure) if failure.kind == FailureKind::RateLimited => {
            Some(failure.retry_after_seconds.map_or(UNTOLD, Duration::from_secs))
        }
        _ => None,
    }
}

/// The wait after so many failures in a row: doubled each time.
pub(super) fn backoff(first: Duration, failures: u32) -> Duration {
    first.saturating_mul(2_u32.saturating_pow(failures.saturating_sub(1))).min(MAX_BACKOFF)
}

/// A page that is no further than those before, and no wait explains it.
pub(super) fn stuck() -> Error {
    Error::BadAnswer("page after page without progress".into())
}

/// A page that is no further than those before: the vendor asks to wait, time and again.
pub(super) fn held_up() -> Error {
    Error::Source(Box::new(Failure {
        kind: FailureKind::RateLimited,
        code: "rate-limited".into(),
        pointer: None,
        message: "the vendor keeps asking to wait, and answers nothing else".into(),
        remedy: "Resume later with --resume, or find out which tool uses up the account's quota.".into(),
        retryable: true,
        retry_after_seconds: None,
        http_status: None,
        request_id: None,
    }))
}

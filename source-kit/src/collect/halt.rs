//! What ends a call before its work is done, in the words of the interface.

use crate::fivetran::client::GetError;
use crate::instant::Instant;
use crate::model::{Failure, FailureKind};
use alloc::boxed::Box;
use alloc::format;

/// Why a call has to end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Halt {
    /// Fivetran asks to come back at this instant.
    Wait(Instant),
    /// A failure.
    Fail(Box<Failure>),
}

/// How long to stay away from a service that is not to be reached.
const OUTAGE_RETRY_SECONDS: u64 = 60;

/// Turns an error of a GET that concerns everything into the end of the call. `path` is the
/// endpoint, without ids.
#[must_use]
pub fn halt_of(error: &GetError, path: &str) -> Halt {
    if let GetError::Wait(until) = error {
        return Halt::Wait(*until);
    }
    Halt::Fail(Box::new(failure_of(error, path)))
}

/// The failure that an error of a GET is.
#[must_use]
pub fn failure_of(error: &GetError, path: &str) -> Failure {
    match error {
        GetError::Unauthorized => unauthorized(),
        GetError::Forbidden(permission) => forbidden(path, permission.as_deref()),
        GetError::Wait(until) => {
            let message = format!("Fivetran's rate limit is reached until {}", until.to_rfc3339());
            let mut failure = Failure::new(
                FailureKind::RateLimited,
                message,
                "Come back after that time. The limit is the account's: other tools that use its API share it.",
            );
            failure.retryable = true;
            failure.http_status = Some(429);
            failure
        }
        GetError::NotFound(code, _) => {
            let code = if code.is_empty() { "none" } else { code };
            let mut failure = Failure::new(
                FailureKind::ContractDrift,
                format!("GET {path} answered 404, code {code}"),
                "Check that api.fivetran.com is what answers; if so, Fivetran has changed its API: update this component.",
            );
            failure.http_status = Some(404);
            failure
        }
        GetError::Outage(status, case) => {
            let (kind, remedy) = match status {
                Some(_) => (FailureKind::Upstream, "Try again later; see status.fivetran.com."),
                None => (
                    FailureKind::Network,
                    "Check that the host may reach api.fivetran.com on port 443, then try again.",
                ),
            };
            let mut failure = Failure::new(kind, format!("GET {path} failed: {case}"), remedy);
            failure.retryable = true;
            failure.retry_after_seconds = Some(OUTAGE_RETRY_SECONDS);
            failure.http_status = *status;
            failure
        }
        GetError::Broken(status, request_id, what) => {
            let kind = if *status == 200 { FailureKind::ContractDrift } else { FailureKind::Upstream };
            let mut failure = Failure::new(
                kind,
                format!("GET {path}: {what}"),
                "Try again later. If it stays, give Fivetran's support the request id, or update this component.",
            );
            failure.retryable = *status >= 500;
            failure.http_status = Some(*status);
            failure.request_id.clone_from(request_id);
            failure
        }
        GetError::Denied => Failure::new(
            FailureKind::DeniedByHost,
            format!("the host's policy denied GET {path}"),
            "Allow what describe lists as capabilities: GET https://api.fivetran.com/v1/.",
        ),
    }
}

fn unauthorized() -> Failure {
    let remedy = "Copy API key and API secret exactly as Fivetran shows them (Settings > API Configuration). Was the pair regenerated elsewhere? Then the old one is dead at once: enter the new one here. A lost secret cannot be shown again: regenerate the pair and update it here and in every other tool at once.";
    let mut failure =
        Failure::new(FailureKind::Unauthorized, "Fivetran does not accept the API key and secret", remedy);
    failure.http_status = Some(401);
    failure
}

fn forbidden(path: &str, permission: Option<&str>) -> Failure {
    let named = permission.unwrap_or("a permission that Fivetran did not name");
    let remedy = format!("Give the system key the scope, or the key's user a role, that includes {named}.");
    let mut failure =
        Failure::new(FailureKind::Forbidden, format!("GET {path} was refused: {named} is missing"), remedy);
    failure.http_status = Some(403);
    failure
}

//! Errors of a GET in the words of the interface.

use super::identity::Identity;
use super::problem::reading;
use super::source::Source;
use crate::base::model::{Failure, FailureKind};
use crate::read::body::HTML_PAGE;
use crate::read::error::{GetError, NOT_READY};
use alloc::format;
use alloc::string::{String, ToString};

/// How long to stay away from a service that cannot be reached.
const OUTAGE_RETRY_SECONDS: u64 = 60;

/// The failure that an error of a GET is.
#[must_use]
pub fn failure_of<S: Source>(error: &GetError, path: &str) -> Failure {
    if let (GetError::NotFound(..), Some((message, remedy)), true) = (error, S::NO_ACCOUNT, path == S::ACCOUNT.path) {
        let mut failure = Failure::new(FailureKind::NotConfigured, String::from(message), String::from(remedy));
        failure.code = "no-account";
        failure.pointer = Some("/settings".into());
        return failure;
    }
    let (kind, code, status) = match error {
        GetError::Broken(_, _, what) if S::remedy(what).is_some() => (FailureKind::NotConfigured, "not-usable", None),
        _ => classify(error),
    };
    let (message, remedy) = words::<S>(error, path);
    let mut failure = Failure::new(kind, message, remedy);
    failure.code = code;
    failure.http_status = status;
    match error {
        GetError::Wait(_) => failure.retryable = true,
        GetError::Outage(..) => {
            failure.retryable = true;
            failure.retry_after_seconds = Some(OUTAGE_RETRY_SECONDS);
        }
        GetError::Broken(status, request_id, _) => {
            failure.retryable = *status >= 500 && kind != FailureKind::NotConfigured;
            failure.request_id.clone_from(request_id);
        }
        _ => {}
    }
    failure
}

/// Kind, code and HTTP status.
fn classify(error: &GetError) -> (FailureKind, &'static str, Option<u16>) {
    match error {
        GetError::Unauthorized => (FailureKind::Unauthorized, "unauthorized", Some(401)),
        GetError::Forbidden(_) => (FailureKind::Forbidden, "forbidden", Some(403)),
        GetError::Wait(_) => (FailureKind::RateLimited, "rate-limited", Some(429)),
        GetError::NotFound(..) => (FailureKind::ContractDrift, "not-found", Some(404)),
        GetError::Outage(Some(status), _) => (FailureKind::Upstream, "outage", Some(*status)),
        GetError::Outage(None, NOT_READY) => (FailureKind::Upstream, NOT_READY, None),
        GetError::Outage(None, case) => (FailureKind::Network, case, None),
        GetError::Broken(200, ..) => (FailureKind::ContractDrift, "unusable-answer", Some(200)),
        GetError::Broken(status, ..) => (FailureKind::Upstream, "upstream-error", Some(*status)),
        GetError::Denied => (FailureKind::DeniedByHost, "denied-by-host", None),
    }
}

/// What happened, and what to do.
fn words<S: Source>(error: &GetError, path: &str) -> (String, String) {
    let (vendor, reading) = (S::VENDOR, reading(path));
    match error {
        GetError::Unauthorized => {
            let (what, remedy) = S::ABOUT.sign_in.unaccepted();
            (format!("{vendor} does not accept the {what}"), remedy.to_string())
        }
        GetError::Forbidden(Some(permission)) if let Some(remedy) = S::remedy(permission) => {
            (format!("{reading} was refused: {permission} is missing, or the credentials are not valid"), remedy.into())
        }
        GetError::Forbidden(Some(permission)) => (
            format!("{reading} was refused: {permission} is missing"),
            format!("Give these credentials, or their user, a scope or role that includes {permission}."),
        ),
        GetError::Forbidden(None) => (
            format!("{reading} was refused, and {vendor} does not say which permission is missing"),
            "Give these credentials, or their user, a scope or role that allows this call.".into(),
        ),
        GetError::Wait(until) => (
            format!("{vendor}'s rate limit is reached until {}", until.to_rfc3339()),
            "Come back after that time. The limit is the account's: other tools that use its API share it.".into(),
        ),
        GetError::NotFound(code, _) => {
            let code = if code.is_empty() { "none" } else { code };
            (
                format!("{reading} answered 404, code {code}"),
                format!(
                    "Check that {} is what answers; if so, {vendor} has changed its API: update this component.",
                    S::HOST
                ),
            )
        }
        GetError::Outage(None, NOT_READY) => (
            format!("{reading}: {vendor} was still working on the answer when the time of the call was up"),
            "Try again when it has less to do, or give the call more time.".into(),
        ),
        GetError::Outage(status, case) => (
            format!("{reading} failed: {case}"),
            match status {
                Some(_) => format!("Try again later; see {vendor}'s status page."),
                None => network_remedy(case, S::HOST),
            },
        ),
        GetError::Broken(status, _, what) if is_foreign(*status, what) => (
            format!("{reading}: {what}"),
            format!(
                "Something between the host and {vendor} seems to have answered, such as a captive portal or a proxy: sign in to the network, or let the host reach {} through the proxy. If {vendor} itself answers so, update this component.",
                S::HOST
            ),
        ),
        GetError::Broken(_, _, what) => (
            format!("{reading}: {what}"),
            match S::remedy(what) {
                Some(remedy) => remedy.into(),
                None => format!(
                    "Try again later. If it persists, give the request id to the support of {vendor}, or update this component."
                ),
            },
        ),
        GetError::Denied => (
            format!("the host's policy denied {reading}"),
            format!("Allow requests to {} over https, as describe lists them under capabilities.", S::HOST),
        ),
    }
}

/// Whether an answer looks like that of something else than an API.
fn is_foreign(status: u16, what: &str) -> bool {
    what == HTML_PAGE || matches!(status, 300..=399 | 407 | 511)
}

/// What to do about a request that brought no answer.
fn network_remedy(case: &str, host: &str) -> String {
    match case {
        "tls-certificate" => format!(
            "Somebody else than {host} answers, or an authority vouches for it that this host does not know, such as that of a company that inspects TLS: have the host trust that authority's certificate, and check its clock."
        ),
        "proxy" => format!(
            "The proxy that the host is set to use opens no way to {host}: check its address, its user name and password, and that it allows {host} on port 443."
        ),
        _ => format!(
            "Check that the host may reach {host} on port 443, directly or through the proxy that the network wants, then try again."
        ),
    }
}

/// The failure of an answer that names another account than the settings.
#[must_use]
pub fn other_account<S: Source>(settings: &S::Settings, found: &Identity) -> Option<Failure> {
    let wanted = S::wanted_account(settings).filter(|wanted| *wanted != found.account)?;
    let message = format!("the settings name the account {wanted:?}, and what is read is that of {:?}", found.account);
    let remedy =
        "Set account to the id of the account whose data this is, or point the settings to where the other one's are.";
    let mut failure = Failure::new(FailureKind::NotConfigured, message, String::from(remedy));
    failure.code = "other-account";
    failure.pointer = Some("/settings/account".into());
    Some(failure)
}

/// The failure of an answer that names no account.
#[must_use]
pub fn no_account<S: Source>() -> Failure {
    let remedy = format!("Check that {} is what answers; if so, update this component.", S::HOST);
    let mut failure =
        Failure::new(FailureKind::ContractDrift, format!("{}'s answer names no account", S::VENDOR), remedy);
    failure.code = "no-account";
    failure
}

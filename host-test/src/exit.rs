//! Exit codes: what a script can tell apart.

use source_host::bindings::compliance::source::types::FailureKind;
use source_host::error::Error;
use source_host::limits::Limit;

/// Complete; for `diff`: compared, whatever was found; for `reconcile`: all agrees.
pub const COMPLETE: u8 = 0;
/// A defect of the component or of this program.
pub const BUG: u8 = 1;
/// The command line, a file or the output folder is not as it has to be, there is no room on this machine, or the pages
/// are too many; for `diff`: the two cannot be compared.
pub const USAGE: u8 = 2;
/// Configuration or credentials are refused.
pub const CONFIGURATION: u8 = 3;
/// The vendor or the network is not there, or asks to wait, for days even.
pub const UPSTREAM: u8 = 4;
/// Collected, but not everything that was asked for.
pub const INCOMPLETE: u8 = 5;
/// A policy denied a request, or the component asks for more than a source may have or than its policy grants, or is
/// not the one that was asked for.
pub const DENIED: u8 = 6;
/// `verify`: the files contradict each other, or what was kept elsewhere.
pub const CONTRADICTED: u8 = 10;
/// `verify`: consistent with itself, and held against nothing: no kept seal or key was given.
pub const NO_ANCHOR: u8 = 11;
/// `reconcile`: the account and its audit trail do not agree.
pub const MISMATCH: u8 = 12;
/// Interrupted by a signal; the output is valid and can be resumed.
pub const INTERRUPTED: u8 = 130;

/// The code of an error.
pub fn code(error: &Error) -> u8 {
    match error {
        Error::Local(source_evidence::Error::Contract(_)) => BUG,
        Error::Local(_) | Error::NotAComponent { .. } | Error::Component(_) => USAGE,
        Error::Configuration(_) => CONFIGURATION,
        Error::ImportsDenied(_)
        | Error::OtherComponent { .. }
        | Error::NotGranted { .. }
        | Error::BeyondGrant { .. } => DENIED,
        // Pages so small that there are a million of them are what somebody asked for.
        Error::Busy(_) | Error::Limit(Limit::Evidence(_) | Limit::Pages(_)) => USAGE,
        // Days go by in waits for the vendor.
        Error::Limit(Limit::Call(_) | Limit::Time(_)) => UPSTREAM,
        Error::Source(failure) => failure_code(failure.kind),
        Error::ExportMissing(_) => USAGE,
        _ => BUG,
    }
}

/// The code of a run that could not print its result, which is an error whatever the result; but that evidence is
/// contradicted outweighs it.
pub fn of_lost_output(code: u8) -> u8 {
    if code == CONTRADICTED { code } else { USAGE }
}

/// The code of several runs together: that of the one that calls for a person first.
pub fn worst(codes: impl Iterator<Item = u8>) -> u8 {
    const ORDER: [u8; 8] = [INTERRUPTED, BUG, DENIED, CONFIGURATION, USAGE, UPSTREAM, INCOMPLETE, COMPLETE];
    let rank = |code: &u8| ORDER.iter().position(|known| known == code).unwrap_or_default();
    codes.min_by_key(rank).unwrap_or(COMPLETE)
}

/// The code of a source's failure.
pub fn failure_code(kind: FailureKind) -> u8 {
    match kind {
        FailureKind::InvalidRequest | FailureKind::InvalidCursor => USAGE,
        FailureKind::NotConfigured | FailureKind::Unauthorized | FailureKind::Forbidden => CONFIGURATION,
        FailureKind::RateLimited | FailureKind::Upstream | FailureKind::Network | FailureKind::ContractDrift => {
            UPSTREAM
        }
        FailureKind::DeniedByHost => DENIED,
        FailureKind::Internal => BUG,
    }
}

/// The code of a health check that fails, by its own code.
pub fn check_code(code: &str) -> u8 {
    match code {
        "unauthorized" | "forbidden" | "not-configured" => CONFIGURATION,
        "denied-by-host" => DENIED,
        "internal" => BUG,
        _ => UPSTREAM,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_limit_is_a_defect_unless_somebody_else_can_do_something_about_it() {
        let week = Duration::from_secs(7 * 24 * 3600);
        for (limit, want) in [
            (Limit::Time(week), UPSTREAM),
            (Limit::Call(week), UPSTREAM),
            (Limit::Pages(1_000_000), USAGE),
            (Limit::Evidence(1), USAGE),
            (Limit::Memory(1), BUG),
            (Limit::Compute(week), BUG),
            (Limit::Requests(1), BUG),
        ] {
            assert_eq!(code(&Error::Limit(limit)), want, "{limit}");
        }
    }
}

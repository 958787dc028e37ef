//! What to do about an answer: a pure function from facts to a verdict. It knows no clock, sends
//! nothing and waits for nothing; `client.rs` obeys.

use crate::base::timestamp::Timestamp;
use crate::base::world::TransportError;

/// Attempts at one request, the first included. With the waits below a request gives up after
/// about 7 seconds: long enough for a restart of a server, short enough for a budget.
const MAX_ATTEMPTS: u32 = 4;
/// First wait; doubled for each attempt.
const FIRST_WAIT_MS: u64 = 1_000;
/// No backoff is longer.
const MAX_BACKOFF_MS: u64 = 30_000;
/// A longer Retry-After is taken as one hour: every vendor's quota is open again by then.
const MAX_RETRY_AFTER_MS: u64 = 3_600_000;
/// Rate limits of one request in a call: after the last the call ends, and says when to come back.
pub const MAX_RATE_LIMITS: u32 = 5;
/// A 429 without a usable Retry-After: come back in a minute.
const DEFAULT_RETRY_AFTER_MS: u64 = 60_000;

/// How an attempt ended, as far as retrying goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attempt<'a> {
    /// There was an answer.
    Status {
        /// HTTP status code.
        status: u16,
        /// `Retry-After` as sent.
        retry_after: Option<&'a str>,
    },
    /// There was none.
    Transport(&'a TransportError),
}

/// What to do now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The answer stands.
    Take,
    /// Try again after so many milliseconds.
    RetryAfterMs(u64),
    /// The vendor asks everybody to come back after so many milliseconds.
    RateLimitedMs(u64),
    /// The vendor asks to try again after so many milliseconds.
    ComeBackMs(u64),
    /// Trying again is no use, or has been tried enough.
    GiveUp,
}

/// Decides about attempt number `attempt` (from 1). `salt` spreads the waits of several requests;
/// it only has to differ between them.
#[must_use]
pub fn decide(outcome: Attempt<'_>, attempt: u32, salt: u64, now: Timestamp) -> Verdict {
    match outcome {
        Attempt::Status { status: 429, retry_after } => Verdict::RateLimitedMs(retry_after_ms(retry_after, now)),
        Attempt::Status { status: 503, retry_after: Some(header) } if attempt < MAX_ATTEMPTS => {
            Verdict::ComeBackMs(retry_after_ms(Some(header), now).max(backoff_ms(attempt, salt)))
        }
        Attempt::Status { status: 408 | 500 | 502 | 503 | 504, .. } | Attempt::Transport(TransportError::Broken(_)) => {
            if attempt < MAX_ATTEMPTS {
                Verdict::RetryAfterMs(backoff_ms(attempt, salt))
            } else {
                Verdict::GiveUp
            }
        }
        Attempt::Status { .. } => Verdict::Take,
        Attempt::Transport(TransportError::Denied | TransportError::TooLarge) => Verdict::GiveUp,
    }
}

/// `Retry-After` in milliseconds: seconds or an HTTP date, at most an hour; a minute where it is
/// absent, past, zero or unreadable, since coming back at once would only prolong the limit.
fn retry_after_ms(header: Option<&str>, now: Timestamp) -> u64 {
    let text = header.map_or("", str::trim);
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let wait = if digits {
        text.parse::<u64>().map_or(Some(MAX_RETRY_AFTER_MS), |seconds| seconds.checked_mul(1000))
    } else {
        Timestamp::parse_http_date(text).and_then(|at| u64::try_from(at.0.saturating_sub(now.0)).ok())
    };
    match wait {
        None if digits => MAX_RETRY_AFTER_MS,
        None | Some(0) => DEFAULT_RETRY_AFTER_MS,
        Some(wait) => wait.min(MAX_RETRY_AFTER_MS),
    }
}

/// A wait that is not over for all requests in the same moment: up to a tenth longer, and at most two seconds.
#[must_use]
pub fn spread(wait: u64, salt: u64) -> u64 {
    wait + salt % (wait / 10 + 1).min(2_000)
}

/// Exponential with a cap, and up to a quarter less as jitter.
fn backoff_ms(attempt: u32, salt: u64) -> u64 {
    let doubled = FIRST_WAIT_MS << attempt.saturating_sub(1).min(16);
    let wait = doubled.min(MAX_BACKOFF_MS);
    wait - (salt ^ u64::from(attempt)) % (wait / 4)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(status: u16, retry_after: Option<&str>, attempt: u32, want: Verdict) {
        let now = Timestamp(784_111_777_000); // Sun, 06 Nov 1994 08:49:37 GMT
        assert_eq!(decide(Attempt::Status { status, retry_after }, attempt, 0, now), want);
    }

    #[test]
    fn takes_what_no_retry_can_change() {
        for status in [200, 201, 301, 400, 401, 403, 404, 406, 418, 501] {
            check(status, None, 1, Verdict::Take);
        }
    }

    #[test]
    fn obeys_retry_after_and_caps_it_at_an_hour() {
        for (header, want) in [
            ("1", 1_000),
            (" 30 ", 30_000),
            ("3600", 3_600_000),
            ("3601", 3_600_000),
            ("99999999999999999999999", 3_600_000),
            ("18446744073709551", 3_600_000),
            ("Sun, 06 Nov 1994 08:50:07 GMT", 30_000),
            ("Sun, 06 Nov 1994 08:49:37 GMT", 60_000),
            ("Sat, 05 Nov 1994 08:49:37 GMT", 60_000),
            ("0", 60_000),
            ("-5", 60_000),
            ("soon", 60_000),
            ("", 60_000),
        ] {
            check(429, Some(header), 1, Verdict::RateLimitedMs(want));
        }
        check(429, None, 9, Verdict::RateLimitedMs(60_000));
    }

    #[test]
    fn backs_off_exponentially_and_gives_up() {
        for status in [408, 500, 502, 503, 504] {
            check(status, None, MAX_ATTEMPTS, Verdict::GiveUp);
            for attempt in 1..MAX_ATTEMPTS {
                let full = FIRST_WAIT_MS << (attempt - 1);
                let now = Timestamp(0);
                for salt in [0, 1, 77, u64::MAX] {
                    let outcome = Attempt::Status { status, retry_after: None };
                    let Verdict::RetryAfterMs(wait) = decide(outcome, attempt, salt, now) else {
                        panic!("{status} is retried");
                    };
                    assert!(wait <= full && wait > full * 3 / 4, "{wait} for attempt {attempt}");
                }
            }
        }
    }

    #[test]
    fn never_retries_what_the_host_denied() {
        let denied = Attempt::Transport(&TransportError::Denied);
        assert_eq!(decide(denied, 1, 0, Timestamp(0)), Verdict::GiveUp);
    }
}

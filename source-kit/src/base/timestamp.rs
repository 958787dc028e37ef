//! Points in time: what the host's clock gives, what a vendor writes, and what records carry.

use alloc::format;
use alloc::string::String;
use time::OffsetDateTime;
use time::format_description::well_known::{Rfc2822, Rfc3339};

/// Milliseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// `2026-11-24T09:39:00.000Z`: UTC, always three fraction digits. What lies outside of the
    /// years 0 to 9999 is shown as 1970.
    #[must_use]
    pub fn to_rfc3339(self) -> String {
        let at = OffsetDateTime::from_unix_timestamp_nanos(i128::from(self.0) * 1_000_000).ok();
        let at = at.filter(|at| at.year() >= 0).unwrap_or(OffsetDateTime::UNIX_EPOCH);
        let (year, month, day) = at.to_calendar_date();
        let (hour, minute, second, milli) = at.to_hms_milli();
        let month = u8::from(month);
        format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{milli:03}Z")
    }

    /// Reads RFC 3339 with any offset and any number of fraction digits; what is finer than a
    /// millisecond is cut off.
    #[must_use]
    pub fn parse_rfc3339(text: &str) -> Option<Self> {
        let at = OffsetDateTime::parse(text, &Rfc3339).ok()?;
        Some(Self(at.unix_timestamp() * 1000 + i64::from(at.millisecond())))
    }

    /// Reads an HTTP date in its one current form, `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110), which
    /// is one of the forms of RFC 2822.
    #[must_use]
    pub fn parse_http_date(text: &str) -> Option<Self> {
        let at = OffsetDateTime::parse(text.trim(), &Rfc2822).ok()?;
        Some(Self(at.unix_timestamp().saturating_mul(1000)))
    }

    /// This point in time plus `seconds`.
    #[must_use]
    pub fn plus_seconds(self, seconds: u64) -> Self {
        Self(self.0.saturating_add(i64::try_from(seconds).unwrap_or(i64::MAX / 1000).saturating_mul(1000)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_every_precision_that_vendors_write() {
        for (text, want) in [
            ("2019-01-03T08:44:45.369Z", "2019-01-03T08:44:45.369Z"),
            ("2018-01-15T11:00:27.329220Z", "2018-01-15T11:00:27.329Z"),
            ("2024-01-01T00:00:00Z", "2024-01-01T00:00:00.000Z"),
            ("2024-01-01T02:00:00+02:00", "2024-01-01T00:00:00.000Z"),
            ("1969-12-31T23:59:59.9999Z", "1969-12-31T23:59:59.999Z"),
        ] {
            assert_eq!(Timestamp::parse_rfc3339(text).map(Timestamp::to_rfc3339).as_deref(), Some(want));
        }
    }

    #[test]
    fn refuses_what_is_no_timestamp() {
        for text in ["", "yesterday", "2024-01-01", "2024-13-01T00:00:00Z", "1700000000"] {
            assert_eq!(Timestamp::parse_rfc3339(text), None, "{text}");
        }
    }

    #[test]
    fn reads_http_dates() {
        let at = Timestamp::parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT");
        assert_eq!(at, Some(Timestamp(784_111_777_000)));
        assert_eq!(Timestamp::parse_http_date("120"), None);
    }
}

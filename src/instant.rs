//! Instants: what the host's clock gives, what Fivetran writes, and what records carry.

use alloc::string::String;
use time::format_description::well_known::Rfc3339;
use time::macros::format_description;
use time::{OffsetDateTime, PrimitiveDateTime, UtcOffset};

/// Milliseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Instant(pub i64);

impl Instant {
    /// `2026-11-24T09:39:00.000Z`: UTC, always three fraction digits. An instant outside of the
    /// years 0 to 9999 is shown as 1970.
    #[must_use]
    pub fn to_rfc3339(self) -> String {
        let at = OffsetDateTime::from_unix_timestamp_nanos(i128::from(self.0) * 1_000_000)
            .unwrap_or(OffsetDateTime::UNIX_EPOCH);
        let mut out = String::with_capacity(24);
        let year = u32::try_from(at.year().clamp(0, 9999)).unwrap_or_default();
        let fields = [
            (year, 4, '-'),
            (u8::from(at.month()).into(), 2, '-'),
            (at.day().into(), 2, 'T'),
            (at.hour().into(), 2, ':'),
            (at.minute().into(), 2, ':'),
            (at.second().into(), 2, '.'),
            (at.millisecond().into(), 3, 'Z'),
        ];
        // By hand: every record has several, and core's formatting costs more than all else of them.
        for (number, digits, end) in fields {
            for place in (0..digits).rev() {
                let digit = number / 10_u32.pow(place) % 10;
                out.push(char::from_digit(digit, 10).unwrap_or('0'));
            }
            out.push(end);
        }
        out
    }

    /// Reads RFC 3339 with any offset and any number of fraction digits; what is finer than a
    /// millisecond is cut off.
    #[must_use]
    pub fn parse_rfc3339(text: &str) -> Option<Self> {
        let at = OffsetDateTime::parse(text, &Rfc3339).ok()?;
        let millis = at.unix_timestamp_nanos().div_euclid(1_000_000);
        i64::try_from(millis).ok().map(Self)
    }

    /// Reads an HTTP date in its one current form, `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110).
    #[must_use]
    pub fn parse_http_date(text: &str) -> Option<Self> {
        let form = format_description!(
            version = 2,
            "[weekday repr:short], [day] [month repr:short] [year] [hour]:[minute]:[second] GMT"
        );
        let at = PrimitiveDateTime::parse(text.trim(), &form).ok()?;
        Some(Self(at.assume_offset(UtcOffset::UTC).unix_timestamp().saturating_mul(1000)))
    }

    /// This instant and `seconds` more.
    #[must_use]
    pub fn plus_seconds(self, seconds: u64) -> Self {
        Self(self.0.saturating_add(i64::try_from(seconds).unwrap_or(i64::MAX / 1000).saturating_mul(1000)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_every_precision_that_fivetran_writes() {
        for (text, want) in [
            ("2019-01-03T08:44:45.369Z", "2019-01-03T08:44:45.369Z"),
            ("2018-01-15T11:00:27.329220Z", "2018-01-15T11:00:27.329Z"),
            ("2024-01-01T00:00:00Z", "2024-01-01T00:00:00.000Z"),
            ("2024-01-01T02:00:00+02:00", "2024-01-01T00:00:00.000Z"),
            ("1969-12-31T23:59:59.9999Z", "1969-12-31T23:59:59.999Z"),
        ] {
            assert_eq!(Instant::parse_rfc3339(text).map(Instant::to_rfc3339).as_deref(), Some(want));
        }
    }

    #[test]
    fn refuses_what_is_no_instant() {
        for text in ["", "yesterday", "2024-01-01", "2024-13-01T00:00:00Z", "1700000000"] {
            assert_eq!(Instant::parse_rfc3339(text), None, "{text}");
        }
    }

    #[test]
    fn reads_http_dates() {
        let at = Instant::parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT");
        assert_eq!(at, Some(Instant(784_111_777_000)));
        assert_eq!(Instant::parse_http_date("120"), None);
    }
}

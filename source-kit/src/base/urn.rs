//! Record ids: `urn:{source}:{account}:{kind}:{native id}`, each part percent-encoded.

use alloc::format;
use alloc::string::{String, ToString};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// Everything but the unreserved characters of RFC 3986.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Puts a record id together. The native id may have several parts, joined by colons.
#[must_use]
pub fn record_id(source: &str, account: &str, kind: &str, native: &[&str]) -> String {
    let mut out = format!("urn:{source}");
    for part in [account, kind].iter().chain(native) {
        out.push(':');
        out.extend(utf8_percent_encode(part, RESERVED));
    }
    out
}

/// Percent-encodes a part; fit for one segment of a path too.
#[must_use]
pub fn encoded(part: &str) -> String {
    utf8_percent_encode(part, RESERVED).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encodes_each_part_and_keeps_the_parts_apart() {
        let id = record_id("acme", "_moonbeam_acc", "role", &["Account Administrator/ä:1"]);
        assert_eq!(id, "urn:acme:_moonbeam_acc:role:Account%20Administrator%2F%C3%A4%3A1");
        assert_eq!(record_id("s", "a", "k", &["t", "u"]), "urn:s:a:k:t:u");
    }
}

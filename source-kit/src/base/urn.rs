//! Record ids: `urn:fivetran:{account}:{kind}:{native id}`, each part percent-encoded.

use alloc::string::String;

/// Puts a record id together. The native id may have several parts, joined by colons.
#[must_use]
pub fn record_id(account: &str, kind: &str, native: &[&str]) -> String {
    let mut out = String::from("urn:fivetran");
    for part in [account, kind].iter().chain(native) {
        out.push(':');
        push_encoded(&mut out, part);
    }
    out
}

/// Percent-encodes everything but the unreserved characters of RFC 3986; fit for one segment of a
/// path too.
pub fn push_encoded(out: &mut String, part: &str) {
    let digit = |nibble: u8| char::from(if nibble < 10 { b'0' + nibble } else { b'A' + nibble - 10 });
    for byte in part.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            out.push(char::from(byte));
        } else {
            out.push('%');
            out.push(digit(byte >> 4));
            out.push(digit(byte & 15));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encodes_each_part_and_keeps_the_parts_apart() {
        let id = record_id("_moonbeam_acc", "role", &["Account Administrator/ä:1"]);
        assert_eq!(id, "urn:fivetran:_moonbeam_acc:role:Account%20Administrator%2F%C3%A4%3A1");
        assert_eq!(record_id("a", "k", &["t", "u"]), "urn:fivetran:a:k:t:u");
    }
}

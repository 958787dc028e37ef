//! What may be kept of a URL: never user info, query or fragment, which can hold credentials.

use alloc::format;
use alloc::string::String;
use core::net::{Ipv4Addr, Ipv6Addr};

/// `https://hooks.example.com`: scheme, host and port. `None` for what is no such URL, and for one
/// of which it cannot be said where its user info ends: a password may hold a `/` that should have
/// been escaped, so an `@` in the path makes the host doubtful, and one in the query does where what
/// stands for the host could be user info.
#[must_use]
pub fn origin(text: &str) -> Option<String> {
    let (scheme, rest) = text.split_once("://")?;
    let (authority, more) = rest.split_at(rest.find(['/', '?', '#', '\\']).unwrap_or(rest.len()));
    let host = authority.rsplit('@').next()?;
    let (path, query) = more.split_at(more.find(['?', '#']).unwrap_or(more.len()));
    let doubtful =
        path.contains('@') || (query.contains('@') && (authority.contains(['@', ':']) || !host.contains('.')));
    let is_scheme = !scheme.is_empty() && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'+');
    (is_scheme && !doubtful && is_host(host)).then(|| format!("{scheme}://{host}"))
}

/// The same with the path: for the URL of a git repository, whose path names it. Takes
/// `git@host:owner/repository.git` too.
#[must_use]
pub fn repository(text: &str) -> Option<String> {
    let bare = text.split(['?', '#']).next()?;
    if let Some((_, rest)) = bare.split_once("://") {
        // The whole text is judged: what follows a `?` may be the rest of a password.
        let path = rest.split_once('/').map_or("", |(_, path)| path);
        return Some(format!("{}/{path}", origin(text)?));
    }
    let (_, place) = bare.rsplit_once('@')?;
    let (host, path) = place.split_once(':')?;
    let more_to_come = text.get(bare.len()..).is_some_and(|rest| rest.contains('@'));
    (!more_to_come && is_host(host)).then(|| format!("ssh://{host}/{path}"))
}

/// Whether a text is a host, with or without a port: a name, an IPv4 address, or an IPv6 address
/// (in brackets before a port).
#[must_use]
pub fn is_host(text: &str) -> bool {
    if text.parse::<Ipv6Addr>().is_ok() {
        return true;
    }
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) => (host, Some(port)),
        None => (text, None),
    };
    let port_is_one =
        port.is_none_or(|port| port.bytes().all(|byte| byte.is_ascii_digit()) && port.parse::<u16>().is_ok());
    let address = |text: &str| text.strip_prefix('[')?.strip_suffix(']')?.parse::<Ipv6Addr>().ok();
    if address(text).is_some() {
        return true;
    }
    port_is_one && (address(host).is_some() || host.parse::<Ipv4Addr>().is_ok() || is_name(host))
}

/// Longest host name, and longest part of one.
const MAX_NAME: usize = 253;
const MAX_LABEL: usize = 63;
/// Longest last part of a name, and longest name of a single part: tokens are longer.
const MAX_LAST: usize = 32;

/// Whether a text is a host name. Stricter than DNS about its last part, as the forms of tokens are
/// names to DNS: it is short, begins with a letter and does not mix upper and lower case.
fn is_name(text: &str) -> bool {
    let name = text.strip_suffix('.').unwrap_or(text);
    let is_label = |label: &str| {
        (1..=MAX_LABEL).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
    };
    let last = name.rsplit('.').next().unwrap_or_default();
    let upper = last.bytes().any(|byte| byte.is_ascii_uppercase());
    let lower = last.bytes().any(|byte| byte.is_ascii_lowercase());
    name.len() <= MAX_NAME
        && name.split('.').all(is_label)
        && last.len() <= MAX_LAST
        && last.starts_with(|first: char| first.is_ascii_alphabetic())
        && !(upper && lower)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_neither_user_info_nor_query() {
        for (text, want) in [
            ("https://hooks.example.com/T000/B000/secret?sig=x", Some("https://hooks.example.com")),
            ("https://user:pw@example.com:8443/", Some("https://example.com:8443")),
            ("https://example.com?token=x", Some("https://example.com")),
            ("https://example.com/hook?mail=a@example.com", Some("https://example.com")),
            ("https://user:p@ss@example.com/x", Some("https://example.com")),
            ("https://[2001:db8::1]:8443/x", Some("https://[2001:db8::1]:8443")),
            ("https://a\\@b.example.com/", None),
            ("no url", None),
            ("https://", None),
        ] {
            assert_eq!(origin(text).as_deref(), want, "{text}");
        }
        for (text, want) in [
            ("git@git.example.com:acme/dbt.git", Some("ssh://git.example.com/acme/dbt.git")),
            ("https://token@git.example.com/acme/dbt.git?x=y#z", Some("https://git.example.com/acme/dbt.git")),
            ("secret", None),
        ] {
            assert_eq!(repository(text).as_deref(), want, "{text}");
        }
    }

    #[test]
    fn a_password_that_should_have_been_escaped_does_not_come_out() {
        for password in
            ["s3/cret", "s3?cret", "s3#cret", "s3\\cret", "/s3cret", "s3@/cret", "123/cret", "s3:cret", "s3:cret@x"]
        {
            for text in [
                format!("https://user:{password}@git.example.com/acme/dbt.git"),
                format!("https://{password}@git.example.com/acme/dbt.git"),
                format!("user:{password}@git.example.com:acme/dbt.git"),
                format!("ssh://user:{password}@git.example.com:22/acme/dbt.git"),
            ] {
                for kept in [origin(&text), repository(&text)].into_iter().flatten() {
                    assert!(!kept.contains("s3") && !kept.contains("cret"), "{text} gives {kept}");
                    assert!(!kept.contains("user") && !kept.contains('@'), "{text} gives {kept}");
                }
            }
        }
        for text in [
            "ada@example.com:s3?cret@git.example.com:acme/dbt.git",
            "https://ada@example.com:77?cret@git.example.com/acme/dbt.git",
            "https://example.com:77/88?cret@git.example.com/acme/dbt.git",
        ] {
            assert_eq!((origin(text), repository(text)), (None, None), "{text}");
        }
        assert_eq!(origin("https://user:s3/cret@hooks.example.com/x"), None);
        assert_eq!(repository("https://user:s3/cret@git.example.com/acme/dbt.git"), None);
    }

    #[test]
    fn a_host_is_a_name_or_an_address_with_or_without_a_port() {
        for text in [
            "db",
            "db.example.com",
            "db.example.com:5432",
            "10.0.0.1",
            "10.0.0.1:22",
            "::1",
            "[::1]:5432",
            "[2001:db8::1]",
            "DBHOST",
            "db_1.corp.",
            "your-account.snowflakecomputing.com",
        ] {
            assert!(is_host(text), "{text}");
        }
        for text in [
            "",
            ":",
            "a b",
            "admin:pw@db",
            "root@db",
            "db:port",
            "db:99999",
            "db:",
            "https://db",
            "db/x",
            "db?x",
            "a..b",
            "-",
            "ghp_AbCdEfGhIjKlMnOpQrStUvWxYz0123456789",
            "SG.abc.AbCd0123",
            "db:+1",
            "1",
        ] {
            assert!(!is_host(text), "{text}");
        }
    }
}

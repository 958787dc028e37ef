//! What may be kept of a URL: never user info, query or fragment, which can hold credentials.

use alloc::format;
use alloc::string::String;

/// `https://hooks.example.com`: scheme, host and port. `None` for what is no such URL.
#[must_use]
pub fn origin(text: &str) -> Option<String> {
    let (scheme, rest) = text.split_once("://")?;
    let authority = rest.split(['/', '?', '#', '\\']).next()?;
    // A password may have a slash that nobody escaped: what looks like host and port is user and password then.
    if authority.contains(':') && !authority.contains('@') && rest.contains('@') {
        return None;
    }
    let host = authority.rsplit('@').next()?;
    let plain = |text: &str, more: &str| {
        !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || more.as_bytes().contains(&byte))
    };
    (plain(scheme, "+") && plain(host, ".-_:[]")).then(|| format!("{scheme}://{host}"))
}

/// The same with the path: for the URL of a git repository, whose path names it. Takes
/// `git@host:owner/repository.git` too.
#[must_use]
pub fn repository(text: &str) -> Option<String> {
    let bare = text.split(['?', '#']).next()?;
    match bare.split_once("://") {
        Some((_, rest)) => {
            let path = rest.split_once('/').map_or("", |(_, path)| path);
            Some(format!("{}/{path}", origin(bare)?))
        }
        None => {
            let (_, place) = bare.split_once('@')?;
            let (host, path) = place.split_once(':')?;
            Some(format!("{}/{path}", origin(&format!("ssh://{host}"))?))
        }
    }
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
            ("https://a\\@b.example.com/", Some("https://a")),
            ("https://user:12/34@example.com/", None),
            ("https://user:p/w@example.com/", None),
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
}

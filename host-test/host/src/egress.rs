//! Which requests may leave: deny by default, in two layers.
//!
//! The first layer judges the request as the component wrote it, against rules of this form:
//!
//! | part | matches |
//! |---|---|
//! | scheme | exactly, `https` |
//! | host | exactly, without regard to letter case; never a pattern, never an IP address |
//! | port | exactly; 443 when the request names none |
//! | method | exactly, e.g. `GET` |
//! | path | begins with the prefix, and has no plain `//`; no backslash, no NUL and no segment `.` or `..`, plain or encoded, with or without `;` |
//!
//! A request leaves when a rule of the component's own description and a rule of the host's policy
//! both allow it. No rules: nothing leaves. User information in a URL is always refused.
//!
//! The second layer judges the address after DNS, because a permitted name may resolve to
//! 169.254.169.254: see [`is_public`]. It lives in the connector (`transport.rs`).
//!
//! ```
//! use source_host::egress::{Policy, Rule};
//! let rule = Rule { scheme: "https".into(), host: "api.example.com".into(), port: 443, methods: vec!["GET".into()], path_prefixes: vec!["/v1/".into()] };
//! let policy = Policy { declared: vec![rule.clone()], granted: vec![rule] };
//! let check = |method: &str, url: &str| policy.check(&method.parse().unwrap(), &url.parse().unwrap());
//! assert!(check("GET", "https://api.example.com/v1/things?limit=1").is_ok());
//! assert!(check("POST", "https://api.example.com/v1/things").is_err());
//! assert!(check("GET", "https://api.example.com.evil.org/v1/things").is_err());
//! ```

use http::{Method, Uri};
use serde::Serialize;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// One kind of request that is allowed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Rule {
    /// `https`.
    pub scheme: String,
    /// A host name.
    pub host: String,
    /// A port.
    pub port: u16,
    /// Upper-case HTTP methods.
    pub methods: Vec<String>,
    /// Prefixes of paths.
    pub path_prefixes: Vec<String>,
}

/// What a component declares, and what the host grants. Both must allow a request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Policy {
    /// From the component's description.
    pub declared: Vec<Rule>,
    /// From the host.
    pub granted: Vec<Rule>,
}

impl Policy {
    /// Judges a request.
    ///
    /// # Errors
    /// Why it is denied, without the query.
    pub fn check(&self, method: &Method, uri: &Uri) -> Result<(), String> {
        let authority = uri.authority().map_or("", |authority| authority.as_str());
        let host = uri.host().unwrap_or("");
        let denied =
            |why: &str| Err(format!("{method} {}://{host}{}: {why}", uri.scheme_str().unwrap_or(""), uri.path()));
        if authority.contains('@') {
            return denied("user information in the URL");
        }
        if host.trim_matches(['[', ']']).parse::<IpAddr>().is_ok() {
            return denied("an address instead of a host name");
        }
        if !is_plain(uri.path()) {
            return denied("a path that is not in its plain form");
        }
        if !self.declared.iter().any(|rule| rule.allows(method, uri)) {
            return denied("the component does not declare it");
        }
        if !self.granted.iter().any(|rule| rule.allows(method, uri)) {
            return denied("the host does not grant it");
        }
        Ok(())
    }
}

impl Rule {
    fn allows(&self, method: &Method, uri: &Uri) -> bool {
        let scheme = uri.scheme_str().unwrap_or("");
        let default_port = if scheme == "https" { 443 } else { 80 };
        scheme == self.scheme
            && uri.host().is_some_and(|host| host.eq_ignore_ascii_case(&self.host))
            && uri.port_u16().unwrap_or(default_port) == self.port
            && self.methods.iter().any(|allowed| allowed == method.as_str())
            && self.path_prefixes.iter().any(|prefix| uri.path().starts_with(prefix.as_str()))
    }
}

/// Whether a path means the same to everyone who reads it: servers may read an encoded dot or slash as the
/// character itself, and may leave out what follows a semicolon. An encoded slash alone is let through, since
/// ids may contain one.
fn is_plain(path: &str) -> bool {
    let decoded = path.to_ascii_lowercase();
    let decoded = decoded.replace("%2e", ".").replace("%2f", "/").replace("%5c", "\\").replace("%3b", ";");
    let hidden = path.contains("//") || decoded.contains('\\') || decoded.contains("%00");
    let mut names = decoded.split('/').filter_map(|segment| segment.split(';').next());
    !hidden && !names.any(|name| name == "." || name == "..")
}

/// Whether an address may be connected to: globally reachable unicast, and nothing that leads back
/// into the host's own network. IPv6 forms that carry an IPv4 address are judged by that address.
#[must_use]
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => match embedded_v4(address) {
            Some(inner) => is_public_v4(inner),
            None => is_public_v6(address),
        },
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    !(address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_broadcast()
        || address.is_documentation()
        || address.is_multicast()
        || a == 0
        || a >= 240
        || (a == 100 && (64..128).contains(&b)) // Shared address space, RFC 6598.
        || (a == 192 && b == 0 && c == 0) // IETF protocol assignments.
        || (a == 198 && (18..20).contains(&b))) // Benchmarking.
}

/// The IPv4 address inside an IPv4-mapped, IPv4-compatible, NAT64 or 6to4 address.
fn embedded_v4(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let [s0, s1, s2, s3, s4, s5, high, low] = address.segments();
    let v4 = |high: u16, low: u16| Ipv4Addr::from((u32::from(high) << 16) | u32::from(low));
    match [s0, s1, s2, s3, s4, s5] {
        [0, 0, 0, 0, 0, 0xffff] | [0x64, 0xff9b, 0, 0, 0, 0] => Some(v4(high, low)),
        [0, 0, 0, 0, 0, 0] if high != 0 => Some(v4(high, low)),
        [0x2002, ..] => Some(v4(s1, s2)),
        _ => None,
    }
}

/// Global unicast is 2000::/3; everything else is for other purposes.
fn is_public_v6(address: Ipv6Addr) -> bool {
    let [first, second, ..] = address.segments();
    let global = (first & 0xe000) == 0x2000;
    let documentation = (first == 0x2001 && second == 0xdb8) || first == 0x3fff;
    let protocol = first == 0x2001 && second < 0x200; // Teredo, ORCHID, benchmarking.
    global && !documentation && !protocol
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy() -> Policy {
        let rule = Rule {
            scheme: "https".into(),
            host: "api.example.com".into(),
            port: 443,
            methods: vec!["GET".into()],
            path_prefixes: vec!["/v1/".into()],
        };
        Policy { declared: vec![rule.clone()], granted: vec![rule] }
    }

    fn check(method: &str, url: &str) -> bool {
        policy().check(&method.parse().unwrap(), &url.parse().unwrap()).is_ok()
    }

    #[test]
    fn allows_what_both_sides_name() {
        for url in ["https://api.example.com/v1/users?limit=1", "https://API.example.com:443/v1/a%20b"] {
            assert!(check("GET", url), "{url}");
        }
    }

    #[test]
    fn denies_everything_else() {
        for (method, url) in [
            ("POST", "https://api.example.com/v1/users"),
            ("HEAD", "https://api.example.com/v1/users"),
            ("GET", "http://api.example.com/v1/users"),
            ("GET", "https://api.example.com:8443/v1/users"),
            ("GET", "https://api.example.com/v2/users"),
            ("GET", "https://api.example.com/"),
            ("GET", "https://api.example.com/v1/../v2/users"),
            ("GET", "https://api.example.com/v1/%2E%2e/v2"),
            ("GET", "https://api.example.com/v1//x"),
            ("GET", "https://api.example.com.evil.org/v1/users"),
            ("GET", "https://evil.org/v1/users"),
            ("GET", "https://user@api.example.com/v1/users"),
            ("GET", "https://93.184.216.34/v1/users"),
            ("GET", "https://[2606:2800::1]/v1/users"),
            ("GET", "https://169.254.169.254/v1/users"),
        ] {
            assert!(!check(method, url), "{method} {url}");
        }
    }

    #[test]
    fn denies_all_when_one_side_is_empty() {
        let uri: Uri = "https://api.example.com/v1/users".parse().unwrap();
        let both = policy();
        assert!(Policy { declared: vec![], ..both.clone() }.check(&Method::GET, &uri).is_err());
        assert!(Policy { granted: vec![], ..both }.check(&Method::GET, &uri).is_err());
    }

    #[test]
    fn a_denial_never_tells_the_query() {
        let uri: Uri = "https://evil.org/v1/?token=canary".parse().unwrap();
        assert!(!policy().check(&Method::GET, &uri).unwrap_err().contains("canary"));
    }

    #[test]
    fn judges_addresses() {
        for private in [
            "127.0.0.1",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",
            "192.0.0.1",
            "192.0.2.1",
            "198.18.0.1",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "::1",
            "::",
            "fe80::1",
            "fc00::1",
            "fd00:ec2::254",
            "ff02::1",
            "2001:db8::1",
            "::ffff:127.0.0.1",
            "::ffff:169.254.169.254",
            "64:ff9b::a9fe:a9fe",
            "2002:7f00:1::",
            "::127.0.0.1",
            "2001::1",
        ] {
            assert!(!is_public(private.parse().unwrap()), "{private}");
        }
        for public in ["93.184.216.34", "8.8.8.8", "2606:2800:220:1::1", "::ffff:8.8.8.8"] {
            assert!(is_public(public.parse().unwrap()), "{public}");
        }
    }

    /// Servers read an encoded dot or slash as the character itself, so a prefix would mean nothing.
    #[test]
    fn no_path_leaves_its_prefix_in_disguise() {
        for path in [
            "/v1/../x",
            "/v1/./x",
            "/v1/.",
            "/v1/%2e%2E/x",
            "/v1/.%2e/x",
            "/v1/%2e./x",
            "/v1/%2e/x",
            "/v1/a%2f..%2f..%2fx",
            "/v1/a%2F%2e%2e%2Fx",
            "/v1/a%5c..%5cx",
            "/v1/a\\x",
            "/v1//x",
            "/v1/%00",
            "/v1/..;/x",
            "/v1/..%3b/x",
            "/v1/%2e.;a=b/x",
        ] {
            assert!(!is_plain(path), "{path}");
        }
        for path in ["/v1/things", "/v1/a.b/c..d", "/v1/a%2Fb", "/v1/a%20b", "/v1/%252e", "/v1/a;b=c/d"] {
            assert!(is_plain(path), "{path}");
        }
    }
}

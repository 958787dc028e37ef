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
//! | path | begins with the prefix, by whole segments, and means the same to every server: see [`is_plain`] |
//!
//! A request leaves when a rule of the component's own description and a rule of the host's policy
//! ([`crate::grant`]) both allow it. No rules: nothing leaves. User information in a URL is always refused, and so
//! are headers that are neither [on the list](HEADERS) nor named by the policy, credentials for requests that the policy sends without, and a
//! body where the method has none.
//!
//! The second layer judges the address after DNS, because a permitted name may resolve to
//! 169.254.169.254: see [`is_public`]. It lives in the connector (`transport.rs`).
//!
//! ```
//! use source_host::egress::{Policy, Rule};
//! let rule = Rule {
//!     scheme: "https".into(),
//!     host: "api.example.com".into(),
//!     port: 443,
//!     methods: vec!["GET".into()],
//!     path_prefixes: vec!["/v1".into()],
//!     headers: vec![],
//!     secret: true,
//! };
//! let policy = Policy { declared: vec![rule.clone()], granted: vec![rule] };
//! let check = |method: &str, url: &str| {
//!     policy.check(&http::Request::builder().method(method).uri(url).body(String::new()).unwrap())
//! };
//! assert!(check("GET", "https://api.example.com/v1/things?limit=1").is_ok());
//! assert!(check("POST", "https://api.example.com/v1/things").is_err());
//! assert!(check("GET", "https://api.example.com/v1-x/things").is_err());
//! assert!(check("GET", "https://api.example.com.evil.org/v1/things").is_err());
//! ```

pub use crate::address::is_public;
use http::header::{ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, HOST, USER_AGENT};
use http::{HeaderName, Method, Request, Uri};
use hyper::body::Body;
use std::net::IpAddr;

/// Headers that a request may have. `host` is the engine's, and has to be that of the URL.
pub static HEADERS: [HeaderName; 5] = [ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, HOST, USER_AGENT];
/// Headers that a request may have too where its method has a body.
static BODY_HEADERS: [HeaderName; 2] = [CONTENT_LENGTH, CONTENT_TYPE];

/// One kind of request that is allowed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// `https`.
    pub scheme: String,
    /// A host name.
    pub host: String,
    /// A port.
    pub port: u16,
    /// Upper-case HTTP methods.
    pub methods: Vec<String>,
    /// Prefixes of paths, by whole segments; `/` for all.
    pub path_prefixes: Vec<String>,
    /// Headers that it may have besides [`HEADERS`], in lower case. Only the host's rules have any.
    pub headers: Vec<String>,
    /// Whether the credentials may go with it. Only the host's rules decide that; a component's own say `true`.
    pub secret: bool,
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
    /// Judges a request. Answers whether the credentials may go with it.
    ///
    /// # Errors
    /// Why it is denied, without the query and without the value of a header.
    pub fn check<B: Body>(&self, request: &Request<B>) -> Result<bool, String> {
        let (method, uri) = (request.method(), request.uri());
        let host = uri.host().unwrap_or("");
        let denied =
            |why: &str| Err(format!("{method} {}://{host}{}: {why}", uri.scheme_str().unwrap_or(""), uri.path()));
        if let Some(why) = fault(uri) {
            return denied(why);
        }
        if !self.declared.iter().any(|rule| rule.allows(method, uri)) {
            return denied("the component does not declare it");
        }
        let granted: Vec<&Rule> = self.granted.iter().filter(|rule| rule.allows(method, uri)).collect();
        if granted.is_empty() {
            return denied("the host does not grant it");
        }
        if let Some(name) = unlisted(request, &granted) {
            return denied(&format!("the header {name}"));
        }
        let may_carry_secret = granted.iter().any(|rule| rule.secret);
        if request.headers().contains_key(AUTHORIZATION) && !may_carry_secret {
            return denied("the host grants it without credentials only");
        }
        if is_bodiless(method) && !request.body().is_end_stream() {
            return denied("a body");
        }
        Ok(may_carry_secret)
    }
}

/// What is wrong with a URL whatever the rules say.
fn fault(uri: &Uri) -> Option<&'static str> {
    let host = uri.host().unwrap_or("");
    if uri.authority().is_some_and(|authority| authority.as_str().contains('@')) {
        return Some("user information in the URL");
    }
    if host.trim_matches(['[', ']']).parse::<IpAddr>().is_ok() {
        return Some("an address instead of a host name");
    }
    (!is_plain(uri.path())).then_some("a path that is not in its plain form")
}

/// The first header that the request may not have under these rules.
fn unlisted<'r, B>(request: &'r Request<B>, granted: &[&Rule]) -> Option<&'r HeaderName> {
    let authority = request.uri().authority().map_or("", |authority| authority.as_str());
    let has_body = !is_bodiless(request.method());
    let is_granted = |name: &HeaderName| granted.iter().flat_map(|rule| &rule.headers).any(|own| own == name.as_str());
    let may = |name: &HeaderName| {
        HEADERS.contains(name) || (BODY_HEADERS.contains(name) && has_body) || (is_granted(name) && is_grantable(name))
    };
    let is_own_host = |name: &HeaderName, value: &[u8]| *name != HOST || value == authority.as_bytes();
    // What is packed, the journal could not look into.
    let is_unpacked = |name: &HeaderName, value: &[u8]| *name != ACCEPT_ENCODING || value == b"identity";
    let is_fine = |name: &HeaderName, value: &[u8]| may(name) && is_own_host(name, value) && is_unpacked(name, value);
    let mut headers = request.headers().iter();
    headers.find(|(name, value)| !is_fine(name, value.as_bytes())).map(|(name, _)| name)
}

/// Whether a policy may allow a header: not one that this module judges itself, nor one that means something to servers
/// and proxies on the way, such as another method, host, path or sender.
pub(crate) fn is_grantable(name: &HeaderName) -> bool {
    const NEVER: &[&str] = &[
        "connection",
        "cookie",
        "cookie2",
        "expect",
        "forwarded",
        "http2-settings",
        "keep-alive",
        "max-forwards",
        "origin",
        "range",
        "referer",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "via",
        "x-client-ip",
        "x-host",
        "x-http-method",
        "x-http-method-override",
        "x-method-override",
        "x-original-url",
        "x-real-ip",
        "x-rewrite-url",
    ];
    const NEVER_BEFORE: &[&str] = &["access-control-", "proxy-", "sec-", "x-forwarded-", "x-original-", "x-rewrite-"];
    let text = name.as_str();
    let is_judged = HEADERS.contains(name) || BODY_HEADERS.contains(name);
    !is_judged && !NEVER.contains(&text) && !NEVER_BEFORE.iter().any(|before| text.starts_with(before))
}

/// Whether requests of a method have no body: a server may read one all the same, as another request.
pub(crate) fn is_bodiless(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS | Method::TRACE)
}

impl Rule {
    fn allows(&self, method: &Method, uri: &Uri) -> bool {
        let scheme = uri.scheme_str().unwrap_or("");
        let default_port = if scheme == "https" { 443 } else { 80 };
        scheme == "https"
            && scheme == self.scheme
            && uri.host().is_some_and(|host| host.eq_ignore_ascii_case(&self.host))
            && uri.port_u16().unwrap_or(default_port) == self.port
            && self.methods.iter().any(|allowed| allowed == method.as_str())
            && self.path_prefixes.iter().any(|prefix| is_below(uri.path(), prefix))
    }

    /// Each method with each prefix.
    pub(crate) fn each(&self) -> impl Iterator<Item = (&String, &String)> {
        self.methods.iter().flat_map(|method| self.path_prefixes.iter().map(move |prefix| (method, prefix)))
    }

    /// One method and prefix of it, for people.
    pub(crate) fn line(&self, method: &str, prefix: &str) -> String {
        format!("{method} {}://{}:{} {prefix}", self.scheme, self.host, self.port)
    }

    /// All of it, for people: a line for each method and prefix.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        self.each().map(|(method, prefix)| self.line(method, prefix)).collect()
    }
}

/// A DNS name of several labels in lower case, and no address.
pub(crate) fn is_name(host: &str) -> bool {
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'))
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let is_number = |label: &str| label.bytes().all(|byte| byte.is_ascii_digit()) || label.starts_with("0x");
    host.len() <= 253
        && host.contains('.')
        && host.split('.').all(is_label)
        && !host.rsplit('.').next().is_some_and(is_number)
}

/// Whether a path is a prefix or lies below it, by whole segments.
pub(crate) fn is_below(path: &str, prefix: &str) -> bool {
    let bare = prefix.strip_suffix('/').unwrap_or(prefix);
    let rest = path.strip_prefix(bare).filter(|_| prefix.starts_with('/'));
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Whether a path means the same to everyone who reads it. Servers and proxies may read an encoded dot, slash or
/// backslash as the character itself, decode twice, leave out what follows a semicolon, or end at a NUL: nothing of
/// that is let through, nor an empty segment, `.` and `..`, or what decodes to no UTF-8.
#[must_use]
pub fn is_plain(path: &str) -> bool {
    let mut decoded = Vec::with_capacity(path.len());
    let mut rest = path.bytes();
    while let Some(byte) = rest.next() {
        let plain = match byte {
            b'%' => {
                let digit = |byte: Option<u8>| char::from(byte.unwrap_or_default()).to_digit(16);
                let (Some(high), Some(low)) = (digit(rest.next()), digit(rest.next())) else { return false };
                let byte = u8::try_from(high * 16 + low).unwrap_or_default();
                if b"./\\;%".contains(&byte) {
                    return false;
                }
                byte
            }
            b'\\' | b';' => return false,
            byte => byte,
        };
        if plain.is_ascii_control() {
            return false;
        }
        decoded.push(plain);
    }
    let mut segments = path.strip_prefix('/').unwrap_or_default().split('/');
    path.starts_with('/')
        && !path.contains("//")
        && !segments.any(|segment| segment == "." || segment == "..")
        && std::str::from_utf8(&decoded).is_ok()
}

#[cfg(test)]
mod tests;

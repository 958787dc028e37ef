//! What leaves, and what does not.

use super::*;
use bytes::Bytes;
use http_body_util::{Empty, Full};
use hyper::body::Frame;
use std::pin::Pin;
use std::task::{Context, Poll};

fn rule(secret: bool, prefixes: &[&str]) -> Rule {
    Rule {
        scheme: "https".into(),
        host: "api.example.com".into(),
        port: 443,
        methods: vec!["GET".into()],
        path_prefixes: prefixes.iter().map(ToString::to_string).collect(),
        headers: Vec::new(),
        secret,
    }
}

fn policy() -> Policy {
    Policy { declared: vec![rule(true, &["/v1/"])], granted: vec![rule(true, &["/v1"])] }
}

fn request(method: &str, url: &str) -> Request<Empty<Bytes>> {
    Request::builder().method(method).uri(url).body(Empty::new()).unwrap()
}

fn check(method: &str, url: &str) -> bool {
    policy().check(&request(method, url)).is_ok()
}

#[test]
fn allows_what_both_sides_name() {
    for url in [
        "https://api.example.com/v1/users?limit=1",
        "https://API.example.com:443/v1/a%20b",
        "https://api.example.com/v1",
        "https://api.example.com/v1/users?cursor=%2F..%2F;%25",
    ] {
        assert!(check("GET", url), "{url}");
    }
}

#[test]
fn denies_everything_else() {
    for (method, url) in [
        ("POST", "https://api.example.com/v1/users"),
        ("HEAD", "https://api.example.com/v1/users"),
        ("get", "https://api.example.com/v1/users"),
        ("GET", "http://api.example.com/v1/users"),
        ("GET", "http://api.example.com:443/v1/users"),
        ("GET", "https://api.example.com:8443/v1/users"),
        ("GET", "https://api.example.com/v2/users"),
        ("GET", "https://api.example.com/v1-x"),
        ("GET", "https://api.example.com/v10"),
        ("GET", "https://api.example.com/"),
        ("GET", "https://api.example.com/v1/../v2/users"),
        ("GET", "https://api.example.com/v1/%2E%2e/v2"),
        ("GET", "https://api.example.com/v1//x"),
        ("GET", "https://api.example.com.evil.org/v1/users"),
        ("GET", "https://api.example.com./v1/users"),
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
fn an_address_is_no_host_whatever_the_rules_say() {
    for host in ["93.184.216.34", "[2606:2800::1]"] {
        let rule = Rule { host: host.into(), ..rule(true, &["/v1"]) };
        let policy = Policy { declared: vec![rule.clone()], granted: vec![rule] };
        assert!(policy.check(&request("GET", &format!("https://{host}/v1/users"))).is_err(), "{host}");
    }
}

#[test]
fn prefixes_are_whole_segments_on_either_side() {
    let url = "https://api.example.com/v1/groups-x";
    for (declared, granted, want) in [
        ("/v1/groups-x", "/v1", true),
        ("/v1/groups", "/v1", false),
        ("/v1", "/v1/groups", false),
        ("/v1", "/v1/groups/", false),
        ("/", "/", true),
        ("/", "", false),
        ("v1", "/", false),
    ] {
        let policy = Policy { declared: vec![rule(true, &[declared])], granted: vec![rule(true, &[granted])] };
        assert_eq!(policy.check(&request("GET", url)).is_ok(), want, "{declared} {granted}");
    }
}

#[test]
fn denies_all_when_one_side_is_empty() {
    let request = request("GET", "https://api.example.com/v1/users");
    assert!(policy().check(&request).is_ok());
    assert!(Policy { declared: vec![], ..policy() }.check(&request).is_err());
    assert!(Policy { granted: vec![], ..policy() }.check(&request).is_err());
}

#[test]
fn a_denial_tells_neither_query_nor_value() {
    let why = policy().check(&request("GET", "https://evil.org/v1/?token=canary")).unwrap_err();
    assert!(why.contains("evil.org") && !why.contains("canary"), "{why}");
    let mut cookie = request("GET", "https://api.example.com/v1/?token=canary");
    cookie.headers_mut().insert("cookie", "canary".parse().unwrap());
    let why = policy().check(&cookie).unwrap_err();
    assert!(why.contains("cookie") && !why.contains("canary"), "{why}");
}

#[test]
fn headers_are_those_on_the_list() {
    let with = |method: &str, name: &str, value: &str| {
        let mut request = request(method, "https://api.example.com/v1/users");
        request.headers_mut().append(HeaderName::from_bytes(name.as_bytes()).unwrap(), value.parse().unwrap());
        let post = Rule { methods: vec!["GET".into(), "POST".into()], ..rule(true, &["/v1"]) };
        Policy { declared: vec![post.clone()], granted: vec![post] }.check(&request).is_ok()
    };
    for name in ["accept", "AUTHORIZATION", "user-agent"] {
        assert!(with("GET", name, "x"), "{name}");
    }
    assert!(with("GET", "Accept-Encoding", "identity") && !with("GET", "Accept-Encoding", "gzip, identity"));
    assert!(with("GET", "host", "api.example.com") && !with("GET", "host", "evil.example"));
    for name in [
        "x-http-method-override",
        "x-http-method",
        "x-method-override",
        "cookie",
        "x-forwarded-for",
        "x-forwarded-host",
        "x-original-url",
        "x-rewrite-url",
        "forwarded",
        "via",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "upgrade",
        "connection",
        "transfer-encoding",
        "expect",
        "range",
        "content-length",
        "content-type",
        "x-anything",
    ] {
        assert!(!with("GET", name, "1"), "{name}");
    }
    assert!(with("POST", "content-type", "text/plain") && !with("POST", "cookie", "x"));
}

#[test]
fn a_policy_allows_further_headers_where_its_rule_holds_and_never_some() {
    let asks = |headers: &[&str], url: &str, name: &str| {
        let headers = headers.iter().map(ToString::to_string).collect();
        let granted = vec![Rule { headers, ..rule(true, &["/v1/logs"]) }, rule(true, &["/v1"])];
        let mut request = request("GET", url);
        request.headers_mut().append(HeaderName::from_bytes(name.as_bytes()).unwrap(), "canary".parse().unwrap());
        Policy { granted, ..policy() }.check(&request).map_err(|why| assert!(!why.contains("canary"), "{why}"))
    };
    let logs = "https://api.example.com/v1/logs/events";
    assert!(asks(&["dd-api-key"], logs, "DD-API-KEY").is_ok());
    assert!(asks(&["dd-api-key"], logs, "dd-application-key").is_err());
    assert!(asks(&["dd-api-key"], "https://api.example.com/v1/users", "dd-api-key").is_err(), "of another rule");
    for never in ["cookie", "x-http-method-override", "x-forwarded-host", "proxy-authorization", "host", "te", "range"]
    {
        assert!(asks(&[never], logs, never).is_err(), "{never}");
    }
}

#[test]
fn a_get_has_no_body() {
    let url = "https://api.example.com/v1/users";
    let full = |text: &'static str| Request::get(url).body(Full::new(Bytes::from_static(text.as_bytes()))).unwrap();
    assert!(policy().check(&full("")).is_ok());
    assert!(policy().check(&full("x")).is_err());
    assert!(policy().check(&Request::get(url).body(Open).unwrap()).is_err());
}

/// A stream that may or may not have something in it.
struct Open;

impl Body for Open {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        Poll::Pending
    }
}

#[test]
fn credentials_go_only_where_the_policy_lets_them() {
    let granted = vec![rule(false, &["/v1"]), rule(true, &["/v1/private"])];
    let policy = Policy { granted, ..policy() };
    let mut public = request("GET", "https://api.example.com/v1/public");
    let mut private = request("GET", "https://api.example.com/v1/private/x");
    assert_eq!((policy.check(&public), policy.check(&private)), (Ok(false), Ok(true)));
    for request in [&mut public, &mut private] {
        request.headers_mut().insert(AUTHORIZATION, "Basic canary".parse().unwrap());
    }
    assert!(policy.check(&public).is_err_and(|why| !why.contains("canary")));
    assert_eq!(policy.check(&private), Ok(true));
}

/// Servers read an encoded dot or slash as the character itself, so a prefix would mean nothing.
#[test]
fn no_path_leaves_its_prefix_in_disguise() {
    for path in [
        "/v1/../x",
        "/v1/./x",
        "/v1/.",
        "/v1/..",
        "/v1/%2e%2E/x",
        "/v1/.%2e/x",
        "/v1/%2e./x",
        "/v1/%2e/x",
        "/v1/a%2Eb",
        "/v1/a%2f..%2f..%2fx",
        "/v1/a%2Fb",
        "/v1/a%5cb",
        "/v1/a%5C..%5cx",
        "/v1/a\\x",
        "/v1//x",
        "//v1/x",
        "/v1/%00",
        "/v1/%0d%0ax",
        "/v1/%7f",
        "/v1/..;/x",
        "/v1/a;b=c/d",
        "/v1/a%3Bb",
        "/v1/..%3b/x",
        "/v1/%252e%252e/x",
        "/v1/%25",
        "/v1/%25252f",
        "/v1/%c0%ae%c0%ae/x",
        "/v1/%ff",
        "/v1/%",
        "/v1/%2",
        "/v1/%zz",
        "/v1/%u002e",
        "v1/x",
        "",
    ] {
        assert!(!is_plain(path), "{path}");
    }
    for path in ["/", "/v1", "/v1/", "/v1/things", "/v1/a.b/c..d", "/v1/...", "/v1/a%20b", "/v1/%C3%A4", "/v1/a:b@c+d"]
    {
        assert!(is_plain(path), "{path}");
    }
}

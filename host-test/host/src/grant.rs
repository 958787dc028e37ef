//! What the host lets a source send: its own policy, which no component has a say in.
//!
//! A policy is a JSON object. What it does not name is refused:
//!
//! ```
//! let policy = source_host::grant::Grant::parse(r#"{
//!     "source": "acme",
//!     "rules": [
//!         {"host": "api.acme.example", "methods": ["GET"], "path_prefixes": ["/v1"], "secret": true},
//!         {"host": {"setting": "/host", "suffixes": ["snow.example.com"]}, "methods": ["GET"], "path_prefixes": ["/"], "secret": false}
//!     ]
//! }"#);
//! assert_eq!(policy.unwrap().rules.len(), 2);
//! ```
//!
//! | field | means |
//! |---|---|
//! | `source` | the id of the source that it is for |
//! | `host` | a host name, or the setting that names it (a JSON pointer) and what the name has to end in |
//! | `port` | 443 where it is left out |
//! | `methods` | upper-case HTTP methods |
//! | `path_prefixes` | whole segments: `/v1` grants `/v1` and `/v1/users`, not `/v1-x`; `/` grants all |
//! | `headers` | names of headers, in lower case, that these requests may have besides the usual ones; none where it is left out, and only with `secret`: any header can carry one |
//! | `secret` | whether the credentials may go with these requests |
//!
//! The scheme is always `https`.

use crate::bindings::exports::compliance::source::catalog::{
    AuthenticationScheme, Capability, HostPattern, SourceDescription,
};
use crate::egress::{Rule, is_below, is_grantable, is_name, is_plain};
use crate::error::{Error, Result};
use http::HeaderName;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::path::Path;

/// What the host lets one source send.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Grant {
    /// The id of the source that it is for.
    pub source: String,
    /// What may be sent; nothing else may.
    pub rules: Vec<GrantRule>,
    /// Whether it is the one built into the program for that source: no file can say so.
    #[serde(skip)]
    pub built_in: bool,
}

/// One kind of request that may be sent, over https.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GrantRule {
    /// Where to.
    pub host: HostName,
    /// The port.
    #[serde(default = "https_port", skip_serializing_if = "is_https_port")]
    pub port: u16,
    /// Upper-case HTTP methods.
    pub methods: Vec<String>,
    /// Prefixes of paths, by whole segments.
    pub path_prefixes: Vec<String>,
    /// Headers that it may have besides [`crate::egress::HEADERS`], in lower case.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub headers: Vec<String>,
    /// Whether the credentials may go with it.
    pub secret: bool,
}

/// A host, or where its name is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum HostName {
    /// This one.
    Exact(String),
    /// The one that a setting names.
    Setting(SettingHost),
}

/// A host that a setting names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SettingHost {
    /// JSON pointer to the setting.
    #[serde(rename = "setting")]
    pub pointer: String,
    /// What the name has to end in, at the border of a label.
    pub suffixes: Vec<String>,
}

fn https_port() -> u16 {
    443
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_https_port(port: &u16) -> bool {
    *port == https_port()
}

impl fmt::Display for HostName {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exact(host) => out.write_str(host),
            Self::Setting(setting) => {
                write!(out, "(setting {}, ending in {})", setting.pointer, setting.suffixes.join(" or "))
            }
        }
    }
}

impl From<&HostPattern> for HostName {
    fn from(pattern: &HostPattern) -> Self {
        match pattern {
            HostPattern::Exact(host) => Self::Exact(host.clone()),
            HostPattern::Setting(setting) => {
                Self::Setting(SettingHost { pointer: setting.pointer.clone(), suffixes: setting.suffixes.clone() })
            }
        }
    }
}

impl Grant {
    /// Reads a policy.
    ///
    /// # Errors
    /// What is wrong with it, without its text.
    pub fn parse(text: &str) -> Result<Self, String> {
        let grant: Self = serde_json::from_str(text).map_err(|error| {
            let field = ["source", "rules", "host", "port", "methods", "path_prefixes", "headers", "secret"]
                .into_iter()
                .find(|field| error.to_string().starts_with(&format!("missing field `{field}`")));
            let what = field.map_or("this is not a policy".into(), |field| format!("{field} is missing"));
            format!("{what}, at line {} column {}", error.line(), error.column())
        })?;
        grant.rules.iter().enumerate().try_for_each(|(number, rule)| {
            rule.fault().map_or(Ok(()), |what| Err(format!("/rules/{number}/{what}")))
        })?;
        Ok(grant)
    }

    /// Reads the policy in a file.
    ///
    /// # Errors
    /// When it cannot be read, or is none.
    pub fn read(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path).map_err(Error::file("read", path))?;
        Self::parse(&text).map_err(|what| {
            Error::usage(
                format!("{}: {what}", path.display()),
                "write it as docs/security.md shows, or use the policy that describe prints for a source that has none",
            )
        })
    }

    /// The policy that grants exactly what a component asks for: to be read by a person before it is used.
    /// What is not https cannot be granted, and is left out.
    #[must_use]
    pub fn asked_for(description: &SourceDescription) -> Self {
        let secret = description.authentication.scheme != AuthenticationScheme::None;
        let is_https = |capability: &&Capability| capability.scheme == "https";
        let rules = description.capabilities.iter().filter(is_https).map(|capability| GrantRule {
            host: (&capability.host).into(),
            port: capability.port,
            methods: capability.methods.clone(),
            path_prefixes: capability.path_prefixes.clone(),
            headers: Vec::new(),
            secret,
        });
        Self { source: description.id.clone(), rules: rules.collect(), built_in: false }
    }

    /// The text of its file.
    #[must_use]
    pub fn text(&self) -> String {
        serde_json::to_string_pretty(self).unwrap_or_default()
    }

    /// Its rules with hosts as they are written, whether or not a setting has to be looked up: to be shown and
    /// compared before there are settings.
    #[must_use]
    pub fn unpinned(&self) -> Vec<Rule> {
        self.rules.iter().map(|rule| rule.with_host(rule.host.to_string())).collect()
    }
}

impl GrantRule {
    /// The rule for one host.
    pub(crate) fn with_host(&self, host: String) -> Rule {
        Rule {
            scheme: "https".into(),
            host,
            port: self.port,
            methods: self.methods.clone(),
            path_prefixes: self.path_prefixes.clone(),
            headers: self.headers.clone(),
            secret: self.secret,
        }
    }

    /// What makes it mean something else than it says.
    fn fault(&self) -> Option<&'static str> {
        let is_method = |method: &String| !method.is_empty() && method.bytes().all(|byte| byte.is_ascii_uppercase());
        if self.methods.is_empty() || !self.methods.iter().all(is_method) {
            return Some("methods: give upper-case HTTP methods");
        }
        if self.path_prefixes.is_empty() || !self.path_prefixes.iter().all(|prefix| is_plain(prefix)) {
            return Some("path_prefixes: give paths that begin with a slash, without dots, `%` and `;`");
        }
        let is_header = |text: &String| {
            let lower = text.bytes().all(|byte| !byte.is_ascii_uppercase());
            lower && HeaderName::try_from(text).is_ok_and(|name| is_grantable(&name))
        };
        if !self.headers.iter().all(is_header) {
            return Some("headers: give names in lower case, and none that means something to servers on the way");
        }
        if !self.headers.is_empty() && !self.secret {
            return Some("headers: give them only where secret is true, for any header can carry one");
        }
        match &self.host {
            HostName::Exact(host) if !is_name(host) => Some("host: give a plain host name in lower case"),
            HostName::Setting(setting) if setting.suffixes.is_empty() => Some("host: give suffixes"),
            _ => None,
        }
    }
}

/// What is asked for and not granted, a line for each.
#[must_use]
pub fn beyond(asked: &[Rule], granted: &[Rule]) -> Vec<String> {
    let mut lines = Vec::new();
    for rule in asked {
        for (method, prefix) in rule.each() {
            let covers = |grant: &Rule| {
                (&grant.scheme, grant.port) == (&rule.scheme, rule.port)
                    && grant.host.eq_ignore_ascii_case(&rule.host)
                    && grant.methods.contains(method)
                    && is_plain(prefix)
                    && grant.path_prefixes.iter().any(|wider| is_below(prefix, wider))
            };
            if !granted.iter().any(covers) {
                lines.push(rule.line(method, prefix));
            }
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(rule: &str) -> Result<Grant, String> {
        Grant::parse(&format!("{{\"source\": \"acme\", \"rules\": [{rule}]}}"))
    }

    fn rules(host: &str, methods: &[&str], prefixes: &[&str]) -> Vec<Rule> {
        let strings = |texts: &[&str]| texts.iter().map(ToString::to_string).collect();
        vec![Rule {
            scheme: "https".into(),
            host: host.into(),
            port: 443,
            methods: strings(methods),
            path_prefixes: strings(prefixes),
            headers: Vec::new(),
            secret: true,
        }]
    }

    #[test]
    fn a_policy_that_could_mean_something_else_is_refused_without_its_text() {
        let good = r#"{"host": "a.example", "methods": ["GET"], "path_prefixes": ["/v1"], "secret": true}"#;
        assert_eq!(policy(good).unwrap().rules[0].port, 443);
        for (from, to) in [
            ("\"GET\"", "\"get\""),
            ("\"GET\"", ""),
            ("/v1", "v1"),
            ("/v1", "/v1/../v2"),
            ("/v1", "/v1;x"),
            ("\"/v1\"", ""),
            ("a.example", "*.example"),
            ("a.example", "10.0.0.1"),
            ("a.example", "a.example:8080"),
            ("a.example", "https://a.example"),
            (", \"secret\": true", ""),
            ("\"secret\": true", "\"secret\": true, \"scheme\": \"http\""),
            ("\"secret\"", "\"CANARY\""),
            ("\"a.example\"", r#"{"setting": "/host", "suffixes": []}"#),
        ] {
            let text = good.replace(from, to);
            let why = policy(&text).expect_err(&text);
            assert!(!why.contains("CANARY"), "{why}");
        }
    }

    #[test]
    fn headers_are_named_in_lower_case_go_with_credentials_and_are_never_some() {
        let with = |headers: &str, secret: bool| {
            let text = r#"{"host": "a.example", "methods": ["POST"], "path_prefixes": ["/v1"], "headers": HEADERS, "secret": SECRET}"#;
            policy(&text.replace("HEADERS", headers).replace("SECRET", &secret.to_string()))
        };
        let good = r#"["x-snowflake-authorization-token-type", "dd-api-key", "dd-application-key"]"#;
        assert_eq!(with(good, true).unwrap().rules[0].headers.len(), 3);
        assert!(with("[]", false).is_ok() && with(good, false).unwrap_err().contains("secret is true"));
        let never = "cookie x-http-method-override x-method-override x-forwarded-for x-forwarded-x forwarded via te \
            proxy-authorization proxy-x host connection upgrade transfer-encoding content-length content-type expect \
            authorization accept-encoding accept user-agent x-original-url x-rewrite-url range DD-API-KEY Dd-api-key a:b";
        for name in never.split_whitespace().chain(["", " ", "a b", "CANARY\\n"]) {
            let why = with(&format!("[\"{name}\"]"), true).expect_err(name);
            assert!(why.contains("/rules/0/headers") && !why.contains("CANARY"), "{why}");
        }
        assert!(with("\"dd-api-key\"", true).is_err());
    }

    #[test]
    fn a_policy_without_headers_has_the_text_that_it_had_before_there_were_any() {
        let text = policy(r#"{"host": "a.example", "methods": ["GET"], "path_prefixes": ["/v1"], "secret": true}"#);
        assert!(!text.unwrap().text().contains("headers"));
    }

    #[test]
    fn more_is_beyond_and_less_is_not() {
        let granted = rules("a.example", &["GET"], &["/v1", "/v2/things/"]);
        for (host, method, prefix) in [
            ("a.example", "GET", "/v1"),
            ("A.example", "GET", "/v1/"),
            ("a.example", "GET", "/v1/users"),
            ("a.example", "GET", "/v2/things"),
        ] {
            assert_eq!(beyond(&rules(host, &[method], &[prefix]), &granted), [""; 0], "{method} {host} {prefix}");
        }
        for (host, method, prefix) in [
            ("b.example", "GET", "/v1"),
            ("x.a.example", "GET", "/v1"),
            ("a.example", "POST", "/v1"),
            ("a.example", "GET", "/"),
            ("a.example", "GET", ""),
            ("a.example", "GET", "/v1-x"),
            ("a.example", "GET", "/v2"),
            ("a.example", "GET", "/v1/../v3"),
        ] {
            let lines = beyond(&rules(host, &["GET", method], &["/v1", prefix]), &granted);
            assert!(lines.contains(&format!("{method} https://{host}:443 {prefix}")), "{lines:?}");
        }
        let http = vec![Rule { scheme: "http".into(), ..rules("a.example", &["GET"], &["/v1"]).remove(0) }];
        assert_eq!(beyond(&http, &granted).len(), 1);
        let port = vec![Rule { port: 8443, ..rules("a.example", &["GET"], &["/v1"]).remove(0) }];
        assert_eq!(beyond(&port, &granted), ["GET https://a.example:8443 /v1"]);
    }
}

//! What `configure` accepts: credentials judged by their form, settings by their schema. Nothing is
//! asked of Fivetran.

use crate::canonical::to_canonical;
use crate::collect::spread;
use crate::digest::{hex, sha256_hex};
use crate::evidence::privacy::Privacy;
use crate::fivetran::quota;
use crate::model::{Diagnostic, Severity};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac};
use serde::Serialize;
use serde_json::{Map, Value};
use sha2::Sha256;

/// JSON Schema (2020-12) of the settings.
pub const SETTINGS_SCHEMA: &str = include_str!("schemas/settings.json");

/// Shortest key for hashing personal data: with a shorter one, names could be tried out.
const MIN_HASH_KEY: usize = 16;
/// Settings texts beyond this are refused unread.
const MAX_SETTINGS_BYTES: usize = 64 * 1024;

/// Who authenticates.
#[derive(Clone, PartialEq, Eq)]
pub enum Credentials {
    /// The source sends this pair.
    Basic {
        /// Fivetran's API key.
        username: String,
        /// Fivetran's API secret.
        password: String,
    },
    /// The host adds `Authorization`.
    HostManaged,
}

/// Settings in force.
#[derive(Clone, PartialEq, Eq)]
pub struct Settings {
    /// What happens to e-mail addresses and names of people.
    pub privacy: Privacy,
    /// Whether each connection's details are read: one call per connection.
    pub connection_details: bool,
    /// Requests in an hour, at most: the share of the account's quota. No record depends on it.
    pub requests_per_hour: u32,
    /// Days over which the costly calls for items are spread; 1 for none.
    pub spread_days: u32,
}

/// A configuration that was accepted.
#[derive(Clone)]
pub struct Config {
    /// Value of the `Authorization` header; absent when the host adds it.
    pub authorization: Option<String>,
    /// Settings in force.
    pub settings: Settings,
    /// The settings in force as canonical JSON, without secrets.
    pub effective: String,
    /// SHA-256 of `effective` without what only sets the pace: a share of the quota that was changed
    /// changes no record, and a collection may be gone on with under another one.
    pub settings_digest: String,
}

/// The settings as they may be shown. Fields in canonical order.
#[derive(Serialize)]
struct Effective {
    connection_details: bool,
    personal_data: &'static str,
    personal_data_key: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    requests_per_hour: Option<u32>,
    spread_days: u32,
}

/// Judges a configuration.
///
/// # Errors
/// Every finding of severity `error`, each with the pointer of its field.
pub fn configure(credentials: &Credentials, settings: &str) -> Result<Config, Vec<Diagnostic>> {
    let mut findings = Vec::new();
    if let Credentials::Basic { username, password } = credentials {
        check_pair(username, password, &mut findings);
    }
    let settings = read_settings(settings, &mut findings);
    if !findings.is_empty() {
        return Err(findings);
    }
    let authorization = match credentials {
        Credentials::Basic { username, password } => {
            Some(format!("Basic {}", STANDARD.encode(format!("{username}:{password}"))))
        }
        Credentials::HostManaged => None,
    };
    let shapes_evidence = effective(&settings);
    let settings_digest = sha256_hex(to_canonical(&shapes_evidence).as_bytes());
    let effective = to_canonical(&Effective { requests_per_hour: Some(settings.requests_per_hour), ..shapes_evidence });
    Ok(Config { authorization, settings, effective, settings_digest })
}

/// What shapes the evidence. The hashing key itself is never shown; a short keyed mark of it makes another key another digest.
fn effective(settings: &Settings) -> Effective {
    let (personal_data, personal_data_key) = match &settings.privacy {
        Privacy::Full => ("full", None),
        Privacy::Hashed(key) => {
            let mark = Hmac::<Sha256>::new_from_slice(key.as_bytes()).map(|mut mac| {
                mac.update(b"compliance:source personal_data_key");
                mac.finalize().into_bytes()
            });
            let mark = mark.map(|mark| hex(&mark)).unwrap_or_default();
            ("hashed", Some(format!("set:{}", mark.get(..16).unwrap_or_default())))
        }
    };
    let Settings { connection_details, spread_days, .. } = *settings;
    Effective { connection_details, personal_data, personal_data_key, requests_per_hour: None, spread_days }
}

fn check_pair(username: &str, password: &str, findings: &mut Vec<Diagnostic>) {
    const COPY: &str = "Copy it again from Fivetran (Settings > API Configuration), without anything around it.";
    for (pointer, what, text) in
        [("/credentials/username", "API key", username), ("/credentials/password", "API secret", password)]
    {
        if text.is_empty() {
            error(findings, "credential-empty", pointer, format!("the {what} is empty"), COPY);
        } else if text.trim() != text {
            error(findings, "credential-padded", pointer, format!("the {what} begins or ends with white space"), COPY);
        } else if text.contains(|c: char| c.is_control() || c.is_whitespace()) {
            error(
                findings,
                "credential-malformed",
                pointer,
                format!("the {what} contains white space or control characters"),
                COPY,
            );
        }
    }
    if !findings.is_empty() {
        // What is empty or padded cannot be told to be joined or swapped.
        if !joined(username) && !joined(password) {
            return;
        }
    }
    for (pointer, text) in [("/credentials/username", username), ("/credentials/password", password)] {
        if joined(text) {
            let message = "this looks like key and secret joined into one (key:secret, or its base64 form)";
            error(
                findings,
                "credential-joined",
                pointer,
                message.into(),
                "Give the API key and the API secret apart, each as Fivetran shows it.",
            );
        }
    }
    if findings.is_empty() && swapped(username, password) {
        let message = "API key and API secret look swapped";
        error(
            findings,
            "credential-swapped",
            "/credentials",
            message.into(),
            "The API key is the user name, the API secret the password. The key is the shorter of the two.",
        );
    }
}

/// `key:secret`, with or without the `Basic` in front, plain or in base64.
fn joined(text: &str) -> bool {
    let text = text.trim();
    let text = text.strip_prefix("Basic ").unwrap_or(text);
    if text.contains(':') {
        return true;
    }
    let decoded = STANDARD.decode(text).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    decoded.is_some_and(|pair| {
        pair.bytes().all(|byte| byte.is_ascii_graphic())
            && pair.split_once(':').is_some_and(|(key, secret)| key.len() >= 4 && secret.len() >= 4)
    })
}

/// A user's key has 16 characters and its secret 32; a system key's public part starts with `ft_`.
fn swapped(username: &str, password: &str) -> bool {
    if username.starts_with("ft_") {
        return false;
    }
    password.starts_with("ft_") || (password.len() <= 20 && username.len() * 2 >= password.len() * 3)
}

fn read_settings(text: &str, findings: &mut Vec<Diagnostic>) -> Settings {
    let mut settings = Settings {
        privacy: Privacy::Full,
        connection_details: true,
        requests_per_hour: quota::DEFAULT_PER_HOUR,
        spread_days: 1,
    };
    let remedy = "Give a JSON object, such as {}.";
    if text.len() > MAX_SETTINGS_BYTES {
        error(findings, "settings-too-large", "/settings", "the settings are larger than 64 KiB".into(), remedy);
        return settings;
    }
    let map = match serde_json::from_str::<Value>(text) {
        Ok(Value::Object(map)) => map,
        Ok(_) => {
            error(findings, "settings-not-an-object", "/settings", "the settings are not a JSON object".into(), remedy);
            return settings;
        }
        Err(problem) => {
            let message = format!("the settings are not JSON (line {}, column {})", problem.line(), problem.column());
            error(findings, "settings-not-json", "/settings", message, remedy);
            return settings;
        }
    };
    for (name, value) in &map {
        match (name.as_str(), value) {
            ("connection_details", Value::Bool(value)) => settings.connection_details = *value,
            ("connection_details", _) => wrong(findings, name, "true or false"),
            ("personal_data", Value::String(mode)) if mode == "full" || mode == "hashed" => {}
            ("personal_data", _) => wrong(findings, name, "\"full\" or \"hashed\""),
            ("personal_data_key", Value::String(key)) if key.chars().count() >= MIN_HASH_KEY => {}
            ("personal_data_key", _) => wrong(findings, name, "a string of at least 16 characters"),
            ("requests_per_hour", value) => match whole(value) {
                Some(share) if (1..=quota::MAX_PER_HOUR).contains(&share) => settings.requests_per_hour = share,
                _ => wrong(findings, name, "a whole number from 1 to 20000"),
            },
            ("spread_days", value) => match whole(value) {
                Some(days) if (1..=spread::MAX_DAYS).contains(&days) => settings.spread_days = days,
                _ => wrong(findings, name, "a whole number from 1 to 31"),
            },
            _ => unknown(findings, name),
        }
    }
    settings.privacy = privacy(&map, findings);
    settings
}

/// A number without fraction: JSON Schema calls 5000.0 an integer too.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "compared afterwards")]
fn whole(value: &Value) -> Option<u32> {
    let number = value.as_f64()?;
    let whole = number as u32;
    (f64::from(whole) == number).then_some(whole)
}

fn privacy(map: &Map<String, Value>, findings: &mut Vec<Diagnostic>) -> Privacy {
    let hashed = map.get("personal_data").and_then(Value::as_str) == Some("hashed");
    match (hashed, map.get("personal_data_key").and_then(Value::as_str)) {
        (true, Some(key)) => Privacy::Hashed(key.into()),
        (true, None) => {
            if !map.contains_key("personal_data_key") {
                let message = "personal_data is \"hashed\" and there is no key to hash with".into();
                error(
                    findings,
                    "setting-missing",
                    "/settings/personal_data_key",
                    message,
                    "Give a random string of at least 16 characters, and keep it: the same key gives the same hashes.",
                );
            }
            Privacy::Full
        }
        (false, Some(_)) => {
            let message = "a personal_data_key has no use unless personal_data is \"hashed\"".into();
            error(
                findings,
                "setting-conflict",
                "/settings/personal_data_key",
                message,
                "Set personal_data to \"hashed\", or leave the key out.",
            );
            Privacy::Full
        }
        (false, None) => Privacy::Full,
    }
}

fn unknown(findings: &mut Vec<Diagnostic>, name: &str) {
    let shown: String = name.chars().filter(|c| !c.is_control()).take(64).collect();
    let pointer = format!("/settings/{}", shown.replace('~', "~0").replace('/', "~1"));
    let message = format!("there is no setting {shown:?}");
    error(
        findings,
        "setting-unknown",
        &pointer,
        message,
        "Leave it out. Known settings: connection_details, personal_data, personal_data_key, requests_per_hour, spread_days.",
    );
}

fn wrong(findings: &mut Vec<Diagnostic>, name: &str, expected: &str) {
    let message = format!("{name} is not {expected}");
    let remedy = format!("Set it to {expected}, or leave it out.");
    error(findings, "setting-invalid", &format!("/settings/{name}"), message, &remedy);
}

fn error(findings: &mut Vec<Diagnostic>, code: &'static str, pointer: &str, message: String, remedy: &str) {
    findings.push(Diagnostic {
        severity: Severity::Error,
        code,
        pointer: pointer.into(),
        message,
        remedy: remedy.into(),
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "AbCdEfGhIjKlMnOp";
    const SECRET: &str = "0123456789abcdef0123456789ABCDEF";

    fn basic(username: &str, password: &str) -> Credentials {
        Credentials::Basic { username: username.into(), password: password.into() }
    }

    fn check(credentials: &Credentials, settings: &str, want: &[(&str, &str)]) {
        let got = configure(credentials, settings).err().unwrap_or_default();
        let got: Vec<_> = got.iter().map(|d| (d.code, d.pointer.as_str())).collect();
        assert_eq!(got, want, "{settings}");
        for finding in configure(credentials, settings).err().unwrap_or_default() {
            let text = format!("{finding:?}");
            assert!(!text.contains(SECRET) && !text.contains(KEY), "{text}");
        }
    }

    #[test]
    fn accepts_a_pair_and_defaults() {
        check(&basic(KEY, SECRET), "{}", &[]);
        check(&Credentials::HostManaged, "{}", &[]);
        check(&basic("ft_0123456789012345678901234567", "short_secret"), "{}", &[]);
    }

    #[test]
    fn refuses_malformed_credentials() {
        let (key, secret) = ("/credentials/username", "/credentials/password");
        check(&basic("", SECRET), "{}", &[("credential-empty", key)]);
        check(&basic(KEY, ""), "{}", &[("credential-empty", secret)]);
        check(&basic(" AbCdEfGhIjKlMnOp", SECRET), "{}", &[("credential-padded", key)]);
        check(&basic(KEY, "0123456789abcdef0123456789ABCDEF\n"), "{}", &[("credential-padded", secret)]);
        check(&basic("AbCd\tEfGh", SECRET), "{}", &[("credential-malformed", key)]);
        check(&basic(SECRET, KEY), "{}", &[("credential-swapped", "/credentials")]);
        let joined = format!("{KEY}:{SECRET}");
        check(&basic(&joined, SECRET), "{}", &[("credential-joined", key)]);
        check(&basic(KEY, &STANDARD.encode(&joined)), "{}", &[("credential-joined", secret)]);
        check(&basic(&STANDARD.encode(&joined), ""), "{}", &[("credential-empty", secret), ("credential-joined", key)]);
    }

    #[test]
    fn refuses_malformed_settings() {
        let pair = basic(KEY, SECRET);
        for (settings, code, pointer) in [
            ("", "settings-not-json", "/settings"),
            ("{", "settings-not-json", "/settings"),
            ("[]", "settings-not-an-object", "/settings"),
            ("null", "settings-not-an-object", "/settings"),
            (r#"{"kinds": []}"#, "setting-unknown", "/settings/kinds"),
            (r#"{"a/b~": 1}"#, "setting-unknown", "/settings/a~1b~0"),
            (r#"{"connection_details": "yes"}"#, "setting-invalid", "/settings/connection_details"),
            (r#"{"requests_per_hour": 0}"#, "setting-invalid", "/settings/requests_per_hour"),
            (r#"{"requests_per_hour": 20001}"#, "setting-invalid", "/settings/requests_per_hour"),
            (r#"{"requests_per_hour": -1}"#, "setting-invalid", "/settings/requests_per_hour"),
            (r#"{"requests_per_hour": 1.5}"#, "setting-invalid", "/settings/requests_per_hour"),
            (r#"{"requests_per_hour": 1e300}"#, "setting-invalid", "/settings/requests_per_hour"),
            (r#"{"requests_per_hour": "125"}"#, "setting-invalid", "/settings/requests_per_hour"),
            (r#"{"requests_per_hour": null}"#, "setting-invalid", "/settings/requests_per_hour"),
            (r#"{"spread_days": 0}"#, "setting-invalid", "/settings/spread_days"),
            (r#"{"spread_days": 32}"#, "setting-invalid", "/settings/spread_days"),
            (r#"{"spread_days": "7"}"#, "setting-invalid", "/settings/spread_days"),
            (r#"{"personal_data": "masked"}"#, "setting-invalid", "/settings/personal_data"),
            (r#"{"personal_data": "hashed"}"#, "setting-missing", "/settings/personal_data_key"),
            (r#"{"personal_data_key": "0123456789abcdef"}"#, "setting-conflict", "/settings/personal_data_key"),
            (
                r#"{"personal_data": "hashed", "personal_data_key": "short"}"#,
                "setting-invalid",
                "/settings/personal_data_key",
            ),
            (
                r#"{"personal_data": "hashed", "personal_data_key": "eight: éééééé"}"#,
                "setting-invalid",
                "/settings/personal_data_key",
            ),
        ] {
            let want: &[_] = &[(code, pointer)];
            let got = configure(&pair, settings).err().unwrap_or_default();
            assert_eq!(got.first().map(|d| (d.code, d.pointer.as_str())), want.first().copied(), "{settings}");
        }
        let two = configure(&pair, r#"{"a": 1, "connection_details": 2}"#).err().unwrap_or_default();
        assert_eq!(two.len(), 2, "every finding at once");
    }

    #[test]
    fn the_digest_tells_settings_apart_and_shows_no_secret() {
        let digest = |settings: &str| {
            let config = configure(&basic(KEY, SECRET), settings).ok();
            config.map(|config| (config.settings_digest, config.effective)).unwrap_or_default()
        };
        let (full, _) = digest("{}");
        let (one, shown) = digest(r#"{"personal_data": "hashed", "personal_data_key": "canary-0123456789"}"#);
        let (other, _) = digest(r#"{"personal_data": "hashed", "personal_data_key": "canary-9876543210"}"#);
        assert!(full != one && one != other && full.len() == 64);
        assert!(!shown.contains("canary"), "{shown}");
        assert_eq!(digest(r#"{"connection_details": true}"#).0, full);
        let (slow, shown) = digest(r#"{"requests_per_hour": 125.0}"#);
        assert_eq!(slow, full, "the pace shapes no evidence");
        assert!(shown.contains(r#""requests_per_hour":125,"#), "{shown}");
        let (spread, shown) = digest(r#"{"spread_days": 7}"#);
        assert!(spread != full && shown.contains(r#""spread_days":7}"#), "{shown}");
        assert_eq!(digest(r#"{"spread_days": 1}"#).0, full);
    }
}

//! What `configure` accepts: credentials judged by their form, settings by their schema. Nothing is
//! asked of the vendor.

use super::own;
use super::privacy::{FreeText, Privacy};
use super::source::{Setting, Source};
use super::turn::MAX_DAYS;
use crate::base::canonical::to_canonical;
use crate::base::digest::sha256_hex;
use crate::base::model::{Diagnostic, Severity};
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};

/// Shortest key for hashing personal data: with a shorter one, names could be tried out.
const MIN_HASH_KEY: usize = 16;
/// Settings texts beyond this are refused unread.
const MAX_SETTINGS_BYTES: usize = 64 * 1024;

/// The credentials given.
#[derive(Clone, PartialEq, Eq)]
pub enum Credentials {
    /// None.
    None,
    /// The source sends this pair.
    Basic {
        /// The key.
        username: String,
        /// Its secret.
        password: String,
    },
    /// The host adds `Authorization`.
    HostManaged,
    /// A form that no source of this kit takes; its name.
    Other(&'static str),
}

/// Settings in force.
#[derive(Clone)]
pub struct Settings<S: Source> {
    /// What happens to e-mail addresses and names of people.
    pub privacy: Privacy,
    /// What happens to texts that people write.
    pub free_text: FreeText,
    /// Requests in an hour, at most: the share of the account's quota. No record depends on it.
    pub requests_per_hour: u32,
    /// Days over which the costly calls for items are spread; 1 for none.
    pub spread_days: u32,
    /// Kinds that may be short: coverage says so still, and that it is accepted.
    pub accepted_gaps: BTreeSet<&'static str>,
    /// The source's own.
    pub own: S::Settings,
}

/// A configuration that was accepted.
#[derive(Clone)]
pub struct Config<S: Source> {
    /// Value of the `Authorization` header; absent when the host adds it or none is needed.
    pub authorization: Option<String>,
    /// The secret in it, in every form in which it may stand in a record.
    pub own_secrets: Vec<String>,
    /// Settings in force.
    pub settings: Settings<S>,
    /// The settings in force as canonical JSON, without secrets.
    pub effective: String,
    /// Those of them that shape the evidence, but for the mark of the key: for the manifest.
    pub shown: BTreeMap<&'static str, Value>,
    /// SHA-256 of `effective` without what only sets the pace: another share of the quota changes no
    /// record, and a collection can be resumed with it.
    pub settings_digest: String,
    /// What looks wrong about it, and may be right.
    pub warnings: Vec<Diagnostic>,
}

/// Judges a configuration.
///
/// # Errors
/// Every finding of severity `error`, each with the pointer of its field.
pub fn configure<S: Source>(credentials: &Credentials, settings: &str) -> Result<Config<S>, Vec<Diagnostic>> {
    let mut findings = Vec::new();
    let authorization = check_credentials::<S>(credentials, &mut findings);
    let settings = read_settings::<S>(settings, &mut findings);
    let (errors, warnings): (Vec<_>, Vec<_>) =
        findings.into_iter().partition(|finding| finding.severity == Severity::Error);
    if !errors.is_empty() {
        return Err(errors);
    }
    let mut shown: BTreeMap<&'static str, Value> = S::show(&settings.own).into_iter().collect();
    let (mode, mark) = show_privacy(&settings.privacy);
    shown.insert("free_text", settings.free_text.word().into());
    shown.insert("personal_data", mode.into());
    shown.insert("spread_days", settings.spread_days.into());
    shown.insert("accepted_gaps", settings.accepted_gaps.iter().copied().collect());
    let mut effective = shown.clone();
    effective.insert("personal_data_key", mark.map_or(Value::Null, Value::from));
    let settings_digest = sha256_hex(to_canonical(&effective).as_bytes());
    effective.insert("requests_per_hour", settings.requests_per_hour.into());
    let own_secrets = match credentials {
        Credentials::Basic { username, password } => own::forms(username, password),
        _ => Vec::new(),
    };
    Ok(Config {
        authorization,
        own_secrets,
        settings,
        effective: to_canonical(&effective),
        shown,
        settings_digest,
        warnings,
    })
}

/// The mode, and a mark of the key. The key itself is never shown; a short keyed mark of it makes
/// another key another digest.
fn show_privacy(privacy: &Privacy) -> (&'static str, Option<String>) {
    let Privacy::Hashed(hashing) = privacy else { return ("full", None) };
    let mark = hashing.mark();
    ("hashed", Some(format!("set:{}", mark.get(..16).unwrap_or_default())))
}

/// Answers the value of `Authorization`.
fn check_credentials<S: Source>(credentials: &Credentials, findings: &mut Vec<Diagnostic>) -> Option<String> {
    match (credentials, S::ABOUT.pair) {
        (Credentials::Basic { username, password }, Some(_)) => {
            check_pair::<S>(username, password, findings);
            return Some(format!("Basic {}", STANDARD.encode(format!("{username}:{password}"))));
        }
        (Credentials::HostManaged, _) | (Credentials::None, None) => {}
        (given, Some(pair)) => {
            let message = format!("{} authenticates by HTTP Basic, and the credentials are {}", S::VENDOR, name(given));
            let remedy = format!("Give basic credentials ({} and {}), or host-managed.", pair.username, pair.password);
            error(findings, "credential-scheme", "/credentials", message, &remedy);
        }
        (given, None) => {
            let message = format!("{} needs no credentials, and {} are given", S::VENDOR, name(given));
            error(findings, "credential-scheme", "/credentials", message, "Give none.");
        }
    }
    None
}

fn name(credentials: &Credentials) -> &'static str {
    match credentials {
        Credentials::None => "none",
        Credentials::Basic { .. } => "basic",
        Credentials::HostManaged => "host-managed",
        Credentials::Other(name) => name,
    }
}

fn check_pair<S: Source>(username: &str, password: &str, findings: &mut Vec<Diagnostic>) {
    let Some(pair) = S::ABOUT.pair else { return };
    let copy = format!("Copy it again as {} shows it, without anything around it.", S::VENDOR);
    let fields =
        [("/credentials/username", pair.username, username), ("/credentials/password", pair.password, password)];
    for (pointer, what, text) in fields {
        let (code, problem) = if text.is_empty() {
            ("credential-empty", "is empty")
        } else if text.trim() != text {
            ("credential-padded", "begins or ends with white space")
        } else if text.contains(|c: char| c.is_control() || c.is_whitespace()) {
            ("credential-malformed", "contains white space or control characters")
        } else {
            continue;
        };
        error(findings, code, pointer, format!("the {what} {problem}"), &copy);
    }
    // Of what is empty or padded it cannot be said whether it is joined or swapped.
    if !findings.is_empty() && !joined(username) && !joined(password) {
        return;
    }
    for (pointer, ..) in fields.iter().filter(|(_, _, text)| joined(text)) {
        let message = "this looks like key and secret joined into one (key:secret, or its base64 form)".into();
        let remedy =
            format!("Give the {} and the {} separately, as {} shows them.", pair.username, pair.password, S::VENDOR);
        error(findings, "credential-joined", pointer, message, &remedy);
    }
    if findings.is_empty() {
        findings.extend(S::doubt(username, password));
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

fn read_settings<S: Source>(text: &str, findings: &mut Vec<Diagnostic>) -> Settings<S> {
    let mut settings = Settings {
        privacy: Privacy::Full,
        free_text: FreeText::Withheld,
        requests_per_hour: S::DEFAULT_REQUESTS_PER_HOUR,
        spread_days: 1,
        accepted_gaps: BTreeSet::new(),
        own: S::default_settings(),
    };
    let Some(map) = parse(text, findings) else { return settings };
    for (name, value) in &map {
        match set(&mut settings, name, value) {
            Setting::Taken => {}
            Setting::Not(expected) => wrong(findings, name, expected),
            Setting::Unknown => unknown::<S>(findings, name),
        }
    }
    settings.privacy = privacy(&map, findings);
    settings
}

/// The settings as an object.
fn parse(text: &str, findings: &mut Vec<Diagnostic>) -> Option<Map<String, Value>> {
    let (code, message) = if text.len() > MAX_SETTINGS_BYTES {
        ("settings-too-large", "the settings are larger than 64 KiB".into())
    } else {
        match serde_json::from_str::<Value>(text) {
            Ok(Value::Object(map)) => return Some(map),
            Ok(_) => ("settings-not-an-object", "the settings are not a JSON object".into()),
            Err(problem) => (
                "settings-not-json",
                format!("the settings are not JSON (line {}, column {})", problem.line(), problem.column()),
            ),
        }
    };
    error(findings, code, "/settings", message, "Give a JSON object, such as {}.");
    None
}

/// Takes one setting, but for those of personal data, which have to be seen together.
fn set<S: Source>(settings: &mut Settings<S>, name: &str, value: &Value) -> Setting {
    match (name, value) {
        ("free_text", Value::String(word)) if word == FreeText::Kept.word() => settings.free_text = FreeText::Kept,
        ("free_text", Value::String(word)) if word == FreeText::Withheld.word() => {
            settings.free_text = FreeText::Withheld;
        }
        ("free_text", _) => return Setting::Not("\"withheld\" or \"kept\""),
        ("personal_data", Value::String(mode)) if mode == "full" || mode == "hashed" => {}
        ("personal_data", _) => return Setting::Not("\"full\" or \"hashed\""),
        ("personal_data_key", Value::String(key)) if key.chars().count() >= MIN_HASH_KEY => {}
        ("personal_data_key", _) => return Setting::Not("a string of at least 16 characters"),
        ("requests_per_hour", value) => match whole(value) {
            Some(share) if (1..=S::QUOTA_PER_HOUR).contains(&share) => settings.requests_per_hour = share,
            _ => return Setting::Not(S::QUOTA_RANGE),
        },
        ("spread_days", value) => match whole(value) {
            Some(days) if (1..=MAX_DAYS).contains(&days) => settings.spread_days = days,
            _ => return Setting::Not("a whole number from 1 to 31"),
        },
        ("accepted_gaps", value) => match known_kinds::<S>(value) {
            Some(kinds) => settings.accepted_gaps = kinds,
            None => return Setting::Not("a list of ids of kinds, such as [\"api_key\"]"),
        },
        _ => return S::set(&mut settings.own, name, value),
    }
    Setting::Taken
}

/// Kinds that the source has, by their ids; `None` where one is none of them.
fn known_kinds<S: Source>(value: &Value) -> Option<BTreeSet<&'static str>> {
    let known = |id: &Value| S::KINDS.iter().map(|kind| kind.id).find(|known| id.as_str() == Some(known));
    value.as_array()?.iter().map(known).collect()
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
    let (code, message, remedy) = match (hashed, map.get("personal_data_key").and_then(Value::as_str)) {
        (true, Some(key)) => return Privacy::hashed(key),
        (true, None) if !map.contains_key("personal_data_key") => (
            "setting-missing",
            "personal_data is \"hashed\" and there is no key to hash with",
            "Give a random string of at least 16 characters, and keep it: the same key gives the same hashes.",
        ),
        (false, Some(_)) => (
            "setting-conflict",
            "a personal_data_key has no use unless personal_data is \"hashed\"",
            "Set personal_data to \"hashed\", or leave the key out.",
        ),
        (true | false, None) => return Privacy::Full,
    };
    error(findings, code, "/settings/personal_data_key", message.into(), remedy);
    Privacy::Full
}

fn unknown<S: Source>(findings: &mut Vec<Diagnostic>, name: &str) {
    let shown: String = name.chars().filter(|c| !c.is_control()).take(64).collect();
    let pointer = format!("/settings/{}", shown.replace('~', "~0").replace('/', "~1"));
    let remedy = format!("Leave it out. Known settings: {}.", S::ABOUT.settings);
    error(findings, "setting-unknown", &pointer, format!("there is no setting {shown:?}"), &remedy);
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

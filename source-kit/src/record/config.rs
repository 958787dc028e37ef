//! What `configure` accepts: credentials judged by their form, settings by their schema. Nothing is
//! asked of the vendor.

use super::credentials::{self, Credentials, refuse};
use super::privacy::{FreeText, Privacy};
use super::source::{Setting, Source};
use super::turn::MAX_DAYS;
use crate::base::canonical::to_canonical;
use crate::base::digest::sha256_hex;
use crate::base::model::{Diagnostic, Severity};
use crate::base::world::CredentialHeaders;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use serde_json::{Map, Value};

/// Shortest key for hashing personal data: with a shorter one, names could be tried out.
const MIN_HASH_KEY: usize = 16;
/// Settings texts beyond this are refused unread.
const MAX_SETTINGS_BYTES: usize = 64 * 1024;

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
    /// The headers that carry the credentials; none when the host adds them or none are needed.
    pub credentials: CredentialHeaders,
    /// The secrets in them, in every form in which they may stand in a record.
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
    let mut about_settings = Vec::new();
    let settings = read_settings::<S>(settings, &mut about_settings);
    let mut findings = Vec::new();
    let headers = credentials::check::<S>(credentials, &settings.own, &mut findings);
    findings.append(&mut about_settings);
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
    Ok(Config {
        credentials: headers.into(),
        own_secrets: credentials.secrets(),
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
    if let Some(lack) = S::lack(&settings.own).filter(|_| findings.is_empty()) {
        refuse(findings, "setting-missing", lack.pointer, lack.message.into(), lack.remedy);
    }
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
    refuse(findings, code, "/settings", message, "Give a JSON object, such as {}.");
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
    refuse(findings, code, "/settings/personal_data_key", message.into(), remedy);
    Privacy::Full
}

fn unknown<S: Source>(findings: &mut Vec<Diagnostic>, name: &str) {
    let shown: String = name.chars().filter(|c| !c.is_control()).take(64).collect();
    let pointer = format!("/settings/{}", shown.replace('~', "~0").replace('/', "~1"));
    let remedy = format!("Leave it out. Known settings: {}.", S::ABOUT.settings);
    refuse(findings, "setting-unknown", &pointer, format!("there is no setting {shown:?}"), &remedy);
}

fn wrong(findings: &mut Vec<Diagnostic>, name: &str, expected: &str) {
    let message = format!("{name} is not {expected}");
    let remedy = format!("Set it to {expected}, or leave it out.");
    refuse(findings, "setting-invalid", &format!("/settings/{name}"), message, &remedy);
}

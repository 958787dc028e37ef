//! What is wrong with the tenants of a fleet as far as it can be known before anything is sent.
//!
//! Pointers are those of the tenants file. No message repeats a value, since a value may be a secret
//! in the wrong place. What many tenants have in common, such as the kinds of a command line, is told
//! for the first of them. Whether values of settings make sense, and whether the vendor takes a key,
//! only a turn can tell.

use super::finding::finding;
use super::options::Options;
use super::spec::{NAME, SETTINGS_FILE, SettingsRef, Spec, is_name};
use serde_json::{Map, Value};
use source_evidence::folder::{FolderState, state};
use source_host::bindings::compliance::source::types::Diagnostic;
use source_host::plugin::Plugin;
use std::collections::BTreeSet;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// Every finding.
pub(super) fn findings(tenants: &[(Spec, Plugin)], options: &Options) -> Vec<Diagnostic> {
    let mut names = BTreeSet::new();
    let mut check = Check::default();
    for (index, (spec, plugin)) in tenants.iter().enumerate() {
        check.at = format!("/{index}");
        if !is_name(&spec.name) {
            check.wrong("/name", "name-unusable", "a name must be the name of a folder", &format!("Give {NAME}."));
        }
        // Some file systems do not tell letter cases apart.
        if !names.insert(spec.name.to_ascii_lowercase()) {
            let message = format!("there are two tenants {:?}", spec.name);
            check.wrong("/name", "name-taken", &message, "Give each a name of its own.");
        }
        // What is finished needs none of this any more.
        if !(options.resume && state(&options.out.join(&spec.name)) == FolderState::Finished) {
            check.secrets(spec);
            check.settings(spec, plugin);
            check.request(spec, plugin);
        }
    }
    if tenants.is_empty() {
        check.wrong("", "no-tenants", "there is no tenant", "Name at least one.");
    }
    check.findings
}

#[derive(Default)]
struct Check<'t> {
    findings: Vec<Diagnostic>,
    /// The tenant that is looked at.
    at: String,
    /// Values that have been told.
    told: BTreeSet<&'t str>,
}

impl<'t> Check<'t> {
    fn wrong(&mut self, field: &str, code: &str, message: &str, remedy: &str) {
        self.findings.push(finding(format!("{}{field}", self.at), code, message.into(), remedy));
    }

    /// Secrets are where they are said to be; what they are is forgotten at once.
    fn secrets(&mut self, spec: &Spec) {
        for found in spec.credentials.read(spec.host_managed).err().into_iter().flatten() {
            self.findings.push(Diagnostic { pointer: format!("{}{}", self.at, found.pointer), ..found });
        }
    }

    fn settings(&mut self, spec: &'t Spec, plugin: &Plugin) {
        let is_object = |text: &str| serde_json::from_str::<Map<String, Value>>(text).is_ok();
        match (&spec.settings, spec.settings.read()) {
            (SettingsRef::Given(text), _) => {
                for name in secrets_in(text, &plugin.description().settings_schema) {
                    let message = "a secret must not stand among the settings here";
                    let remedy = "Put the settings into a file of their own, and name it in settings_file.";
                    self.wrong(&format!("/settings/{name}"), "secret-in-file", message, remedy);
                }
            }
            (SettingsRef::File(path), text) if text.as_ref().map_or(true, |text| !is_object(text)) => {
                if path.to_str().is_none_or(|path| self.told.insert(path)) {
                    let message = text.map_or_else(|found| found.message, |_| "this is not a JSON object".into());
                    self.wrong("/settings_file", "settings-unreadable", &message, SETTINGS_FILE);
                }
            }
            (SettingsRef::File(_), _) => {}
        }
    }

    fn request(&mut self, spec: &'t Spec, plugin: &Plugin) {
        let known: Vec<&str> = plugin.description().kinds.iter().map(|kind| kind.id.as_str()).collect();
        for (number, kind) in spec.kinds.iter().enumerate() {
            if !known.contains(&kind.as_str()) && self.told.insert(kind) {
                let remedy = format!("Known kinds: {}.", known.join(", "));
                self.wrong(&format!("/kinds/{number}"), "kind-unknown", "there is no such kind", &remedy);
            }
        }
        let Some(since) = spec.since.as_ref().filter(|since| !self.told.contains(since.as_str())) else { return };
        let Some(Wrong { code, message, remedy }) = wrong_since(since, spec.clock.now()) else { return };
        self.told.insert(since);
        self.wrong("/since", code, message, remedy);
    }
}

/// What is wrong with something in a tenants file.
#[derive(Clone, Copy, Debug)]
pub struct Wrong {
    /// Machine-readable.
    pub code: &'static str,
    /// For people. It does not repeat the value.
    pub message: &'static str,
    /// What to do.
    pub remedy: &'static str,
}

/// What is wrong with a `since`, at a time in milliseconds since 1970; `None` where nothing is.
#[must_use]
pub fn wrong_since(since: &str, now: u64) -> Option<Wrong> {
    let now = i128::from(now) * 1_000_000;
    match OffsetDateTime::parse(since, &Rfc3339) {
        Ok(at) if at.unix_timestamp_nanos() <= now => None,
        Ok(_) => Some(Wrong {
            code: "since-in-future",
            message: "this is in the future, and no event can be",
            remedy: "Give a time that is past.",
        }),
        Err(_) => Some(Wrong {
            code: "since-unreadable",
            message: "this is not a timestamp",
            remedy: "Give an RFC 3339 timestamp, e.g. \"2026-01-31T00:00:00Z\".",
        }),
    }
}

/// Names of the settings that the source itself marks as secret, and that have a value here.
fn secrets_in(settings: &str, schema: &str) -> Vec<String> {
    let read = |text: &str| serde_json::from_str::<Value>(text).unwrap_or_default();
    let (settings, schema) = (read(settings), read(schema));
    let Some(properties) = schema.get("properties").and_then(Value::as_object) else { return Vec::new() };
    let is_secret = |property: &Value| property.get("writeOnly") == Some(&Value::Bool(true));
    let secret = properties.iter().filter(|(_, property)| is_secret(property)).map(|(name, _)| name.clone());
    secret.filter(|name| settings.get(name).is_some()).collect()
}

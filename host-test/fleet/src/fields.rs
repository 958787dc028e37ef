//! The fields of an object in the tenants file, and what is found about them.

use super::finding::finding;
use serde_json::{Map, Value};
use source_host::bindings::compliance::source::types::Diagnostic;
use std::collections::BTreeSet;

/// Reads the fields of one object and collects what is wrong with them.
pub(super) struct Fields<'f> {
    map: &'f Map<String, Value>,
    pub at: String,
    pub findings: &'f mut Vec<Diagnostic>,
}

impl<'f> Fields<'f> {
    pub fn of(value: &'f Value, at: String, findings: &'f mut Vec<Diagnostic>) -> Option<Self> {
        match value.as_object() {
            Some(map) => Some(Self { map, at, findings }),
            None => {
                findings.push(finding(at, "field-unusable", "this is no object".into(), "Write an object."));
                None
            }
        }
    }

    pub fn wrong(&mut self, name: &str, message: &str, remedy: &str) {
        self.findings.push(finding(format!("{}/{name}", self.at), "field-unusable", message.into(), remedy));
    }

    pub fn expected(&mut self, name: &str, what: &str) {
        self.wrong(name, &format!("this is not {what}"), &format!("Give {what}."));
    }

    pub fn missing(&mut self, name: &str, what: &str) {
        let at = format!("{}/{name}", self.at);
        self.findings.push(finding(at, "field-missing", "this is missing".into(), &format!("Give {what}.")));
    }

    /// Reports fields that there are not, and secrets by the names that people give them.
    pub fn check_names(&mut self, known: &str) {
        const SECRETS: &[&str] = &[
            "key",
            "secret",
            "api_key",
            "api_secret",
            "application_key",
            "username",
            "password",
            "token",
            "authorization",
        ];
        for name in self.map.keys().filter(|name| !known.split(", ").any(|known| known == *name)) {
            let at = format!("{}/{name}", self.at);
            if SECRETS.contains(&name.to_ascii_lowercase().as_str()) {
                let message = "this file must not contain a secret".into();
                let remedy = "Take it out, rotate it if others could read the file, and name an environment variable (key_env, secret_env, token_env …) or a file (key_file …) that holds it.";
                self.findings.push(finding(at, "secret-in-file", message, remedy));
            } else {
                let message = "there is no such field".into();
                self.findings.push(finding(at, "field-unknown", message, &format!("Known fields: {known}.")));
            }
        }
    }

    pub fn has(&self, name: &str) -> bool {
        self.map.contains_key(name)
    }

    /// What is named with `_env` or `_file` behind it.
    pub fn referred(&self) -> BTreeSet<String> {
        let id = |name: &String| name.strip_suffix("_env").or(name.strip_suffix("_file")).map(String::from);
        self.map.keys().filter_map(id).filter(|id| !id.is_empty()).collect()
    }

    pub fn get(&self, name: &str) -> Option<&'f Value> {
        self.map.get(name)
    }

    pub fn optional<T>(&mut self, name: &str, what: &str, read: impl FnOnce(&Value) -> Option<T>) -> Option<T> {
        let read = read(self.get(name)?);
        if read.is_none() {
            self.expected(name, what);
        }
        read
    }

    pub fn required<T>(&mut self, name: &str, what: &str, read: impl FnOnce(&Value) -> Option<T>) -> Option<T> {
        if self.get(name).is_none() {
            self.missing(name, what);
        }
        self.optional(name, what, read)
    }

    pub fn text(&mut self, name: &str) -> Option<String> {
        self.optional(name, "a text", |value| value.as_str().map(String::from))
    }

    pub fn texts(&mut self, name: &str) -> Option<Vec<String>> {
        self.optional(name, "an array of texts", texts)
    }

    pub fn number(&mut self, name: &str, most: u64) -> Option<u64> {
        let what = format!("a number from 1 to {most}");
        self.optional(name, &what, |value| value.as_u64().filter(|number| (1..=most).contains(number)))
    }

    pub fn object(&mut self, name: &str) -> Option<Fields<'_>> {
        let value = self.map.get(name)?;
        Fields::of(value, format!("{}/{name}", self.at), self.findings)
    }
}

/// An array of texts.
pub(super) fn texts(value: &Value) -> Option<Vec<String>> {
    value.as_array()?.iter().map(|text| text.as_str().map(String::from)).collect()
}

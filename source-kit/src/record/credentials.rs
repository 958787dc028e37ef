//! The credentials given: judged by their form, and turned into the headers that carry them.

use super::own;
use super::source::{Pair, SecretField, SignIn, Source};
use crate::base::model::{Diagnostic, Severity};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

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
    /// The source sends this token.
    Bearer(String),
    /// The source sends the value of each of these fields, by id.
    Fields(Vec<(String, String)>),
    /// The host adds `Authorization`.
    HostManaged,
}

impl Credentials {
    fn name(&self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Basic { .. } => "basic",
            Self::Bearer(_) => "bearer",
            Self::Fields(_) => "fields",
            Self::HostManaged => "host-managed",
        }
    }

    /// What is secret in them, in every form in which it may stand in a record.
    #[must_use]
    pub fn secrets(&self) -> Vec<String> {
        match self {
            Self::Basic { username, password } => own::forms_of_pair(username, password),
            Self::Bearer(token) => own::forms(&[token]),
            Self::Fields(fields) => fields.iter().flat_map(|(_, value)| own::forms(&[value])).collect(),
            Self::None | Self::HostManaged => Vec::new(),
        }
    }
}

/// Answers the headers that carry the credentials, by lower-case name.
pub fn check<S: Source>(
    credentials: &Credentials,
    settings: &S::Settings,
    findings: &mut Vec<Diagnostic>,
) -> Vec<(&'static str, String)> {
    let fields = S::fields(settings);
    match (credentials, S::ABOUT.sign_in) {
        (Credentials::Basic { username, password }, SignIn::Basic(pair)) => {
            check_pair::<S>(&pair, (username, password), findings);
            let authorization = format!("Basic {}", STANDARD.encode(format!("{username}:{password}")));
            return Vec::from([("authorization", authorization)]);
        }
        (Credentials::Bearer(token), SignIn::Bearer(about)) if fields.is_empty() => {
            check_text::<S>("/credentials/token", about.label, token, findings);
            return Vec::from([("authorization", format!("Bearer {token}"))]);
        }
        (Credentials::Fields(given), SignIn::Bearer(_)) if has_just(given, fields) => {
            let value = |field: &SecretField| given.iter().find(|(id, _)| id == field.id).map(|(_, value)| value);
            let with_values = || fields.iter().filter_map(|field| Some((field, value(field)?)));
            for (field, value) in with_values() {
                check_text::<S>(&format!("/credentials/{}", field.id), field.label, value, findings);
            }
            return with_values().map(|(field, value)| (field.header, value.clone())).collect();
        }
        (Credentials::HostManaged, SignIn::Bearer(_)) if !fields.is_empty() => {
            let message = format!("no host can add the credentials that {} needs under these settings", S::VENDOR);
            refuse(findings, "credential-scheme", "/credentials", message, &format!("Give {}.", listed(fields)));
        }
        (Credentials::HostManaged, _) | (Credentials::None, SignIn::None) => {}
        (given, sign_in) => refuse_form::<S>(given, &sign_in, fields, findings),
    }
    Vec::new()
}

/// Refuses credentials of the wrong form.
fn refuse_form<S: Source>(
    given: &Credentials,
    sign_in: &SignIn,
    fields: &[SecretField],
    findings: &mut Vec<Diagnostic>,
) {
    let (vendor, given) = (S::VENDOR, given.name());
    let (message, remedy) = match sign_in {
        SignIn::None => (format!("{vendor} needs no credentials, and {given} are given"), "Give none.".into()),
        SignIn::Basic(pair) => (
            format!("{vendor} authenticates by HTTP Basic, and the credentials are {given}"),
            format!("Give basic credentials ({} and {}), or host-managed.", pair.username, pair.password),
        ),
        SignIn::Bearer(token) if fields.is_empty() => (
            format!("{vendor} authenticates by a token under these settings, and the credentials are {given}"),
            format!("Give a bearer token ({}), or host-managed.", token.label),
        ),
        SignIn::Bearer(_) => (
            format!("{vendor} authenticates by fields under these settings, and the credentials are {given}"),
            format!("Give {}.", listed(fields)),
        ),
    };
    refuse(findings, "credential-scheme", "/credentials", message, &remedy);
}

fn listed(fields: &[SecretField]) -> String {
    let names: Vec<_> = fields.iter().map(|field| format!("{} ({})", field.id, field.label)).collect();
    format!("the fields {}", names.join(" and "))
}

/// Whether each field is given, and nothing else.
fn has_just(given: &[(String, String)], fields: &[SecretField]) -> bool {
    !fields.is_empty()
        && given.len() == fields.len()
        && fields.iter().all(|field| given.iter().any(|(id, _)| id == field.id))
}

/// Judges one text by its form. Answers whether it will do.
fn check_text<S: Source>(pointer: &str, what: &str, text: &str, findings: &mut Vec<Diagnostic>) -> bool {
    let (code, problem) = if text.is_empty() {
        ("credential-empty", "is empty")
    } else if text.trim() != text {
        ("credential-padded", "begins or ends with white space")
    } else if text.contains(|c: char| c.is_control() || c.is_whitespace()) {
        ("credential-malformed", "contains white space or control characters")
    } else {
        return true;
    };
    let copy = format!("Copy it again as {} shows it, without anything around it.", S::VENDOR);
    refuse(findings, code, pointer, format!("the {what} {problem}"), &copy);
    false
}

fn check_pair<S: Source>(pair: &Pair, (username, password): (&str, &str), findings: &mut Vec<Diagnostic>) {
    let fields =
        [("/credentials/username", pair.username, username), ("/credentials/password", pair.password, password)];
    for (pointer, what, text) in fields {
        check_text::<S>(pointer, what, text, findings);
    }
    // Of what is empty or padded it cannot be said whether it is joined or swapped.
    if !findings.is_empty() && !joined(username) && !joined(password) {
        return;
    }
    for (pointer, ..) in fields.iter().filter(|(_, _, text)| joined(text)) {
        let message = "this looks like key and secret joined into one (key:secret, or its base64 form)".into();
        let remedy =
            format!("Give the {} and the {} separately, as {} shows them.", pair.username, pair.password, S::VENDOR);
        refuse(findings, "credential-joined", pointer, message, &remedy);
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

/// Adds a finding that refuses the configuration.
pub fn refuse(findings: &mut Vec<Diagnostic>, code: &'static str, pointer: &str, message: String, remedy: &str) {
    let (pointer, remedy) = (pointer.into(), remedy.into());
    findings.push(Diagnostic { severity: Severity::Error, code, pointer, message, remedy });
}

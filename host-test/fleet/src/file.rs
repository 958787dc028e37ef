//! The tenants file: a JSON array with an object for each tenant.
//!
//! | field | means |
//! |---|---|
//! | `name` | its name and that of its folder |
//! | `credentials` | `key_env` or `key_file`, and `secret_env` or `secret_file`: the name of an environment variable, or a file that holds nothing else; or `token_env` or `token_file`; or `fields`, for a source with a form of its own: the id of each field with `_env` or `_file`. `host_managed` (default `false`) keeps a pair or a token out of the component |
//! | `account` | tenants of the same account share its quota; default: the name |
//! | `settings` or `settings_file` | the source's settings, or a file with them where they hold secrets |
//! | `kinds`, `since` | as for `collect` |
//! | `upstream` | another server that requests are sent to, after the egress check |
//! | `egress` | a file with the host's policy: see [`source_host::grant`]; default: the fleet's |
//! | `limits` | what the component may use: see [`Limits`]; times in `compute_ms` and `call_ms` |
//! | `component` | another component |
//!
//! Paths are relative to the file's own folder. The file must not contain a secret. No message repeats
//! a value, since a value may be a secret in the wrong place. Every finding is reported at once.

use super::credentials;
use super::fields::Fields;
use super::finding::finding;
use super::spec::{NAME, SettingsRef, Spec, is_name};
use http::Uri;
use serde_json::Value;
use source_host::error::{Error, Result};
use source_host::grant::Grant;
use source_host::limits::Limits;
use source_host::tenant::{Clock, Pair, Secret, upstream_fault};
use std::path::Path;
use std::time::Duration;

/// What holds for tenants that do not say otherwise.
#[derive(Clone, Debug)]
pub struct Defaults {
    /// The source's settings.
    pub settings: SettingsRef,
    /// Kind ids.
    pub kinds: Vec<String>,
    /// No event before this.
    pub since: Option<String>,
    /// Where requests are sent.
    pub upstream: Option<Uri>,
    /// Which account a simulator makes up.
    pub simulated: Option<String>,
    /// The wall clock.
    pub clock: Clock,
}

impl Defaults {
    /// A tenant for which they hold.
    #[must_use]
    pub fn spec(&self, name: &str, pair: Pair) -> Spec {
        Spec {
            settings: self.settings.clone(),
            kinds: self.kinds.clone(),
            since: self.since.clone(),
            upstream: self.upstream.clone(),
            simulated: self.simulated.clone(),
            clock: self.clock.fork(),
            ..Spec::new(name, pair)
        }
    }
}

/// Reads a tenants file.
///
/// # Errors
/// A file error as [`Error::Local`]; [`Error::Configuration`] with every finding.
pub fn read(path: &Path, defaults: &Defaults) -> Result<Vec<Spec>> {
    let text = std::fs::read_to_string(path).map_err(Error::file("read", path))?;
    parse(&text, path.parent().unwrap_or(Path::new("")), defaults)
}

/// Reads the text of one; paths in it are relative to `folder`.
///
/// # Errors
/// [`Error::Configuration`] with every finding.
pub fn parse(text: &str, folder: &Path, defaults: &Defaults) -> Result<Vec<Spec>> {
    let no_list = |what: String| {
        let remedy = "Write a JSON array with an object for each tenant.";
        Error::Configuration(vec![finding(String::new(), "tenants-unreadable", what, remedy)])
    };
    let value: Value = serde_json::from_str(text)
        .map_err(|error| no_list(format!("not JSON at line {} column {}", error.line(), error.column())))?;
    let items = value.as_array().ok_or_else(|| no_list("not a JSON array".into()))?;
    let mut findings = Vec::new();
    let mut specs = Vec::new();
    for (index, item) in items.iter().enumerate() {
        match Fields::of(item, format!("/{index}"), &mut findings) {
            Some(mut fields) => specs.extend(tenant(&mut fields, folder, defaults)),
            None => continue,
        }
    }
    if findings.is_empty() { Ok(specs) } else { Err(Error::Configuration(findings)) }
}

fn tenant(fields: &mut Fields<'_>, folder: &Path, defaults: &Defaults) -> Option<Spec> {
    let known =
        "name, account, credentials, settings, settings_file, kinds, since, upstream, egress, limits, component";
    fields.check_names(known);
    let name = fields.required("name", NAME, |value| value.as_str().filter(|name| is_name(name)).map(String::from));
    let nobody = Pair { username: Secret::new(""), password: Secret::new("") };
    let mut spec = defaults.spec(name.as_deref().unwrap_or_default(), nobody);
    if let Some(account) = fields.text("account") {
        spec.account = account;
    }
    let is_given = match fields.object("credentials") {
        Some(mut own) => match credentials::read(&mut own, folder) {
            Some(found) => {
                (spec.credentials, spec.host_managed) = found;
                true
            }
            None => false,
        },
        None => {
            fields.missing("credentials", credentials::WANTED);
            false
        }
    };
    match (fields.get("settings"), fields.text("settings_file")) {
        (Some(_), Some(_)) => fields.wrong("settings", "settings and settings_file exclude each other", "Keep one."),
        (Some(Value::Object(settings)), None) => {
            spec.settings = SettingsRef::Given(Value::Object(settings.clone()).to_string());
        }
        (Some(_), None) => fields.expected("settings", "an object"),
        (None, Some(file)) => spec.settings = SettingsRef::File(folder.join(file)),
        (None, None) => {}
    }
    if let Some(kinds) = fields.texts("kinds") {
        spec.kinds = kinds;
    }
    spec.since = fields.text("since").or(spec.since);
    if let Some(own) = upstream(fields) {
        (spec.upstream, spec.simulated) = (Some(own), None);
    }
    spec.component = fields.text("component").map(|file| folder.join(file));
    spec.granted = policy(fields, folder);
    if let Some(mut limits) = fields.object("limits") {
        spec.limits = read_limits(&mut limits);
    }
    (is_given && name.is_some()).then_some(spec)
}

fn upstream(fields: &mut Fields<'_>) -> Option<Uri> {
    let url = |value: &Value| value.as_str()?.parse::<Uri>().ok();
    let url = fields.optional("upstream", "the root of a server, e.g. \"http://127.0.0.1:8080\"", url)?;
    match upstream_fault(&url) {
        None => Some(url),
        Some((what, remedy)) => {
            fields.wrong("upstream", &format!("this {what}"), remedy);
            None
        }
    }
}

/// The policy in a file. Its path is not repeated in errors: somebody may have put something else there.
fn policy(fields: &mut Fields<'_>, folder: &Path) -> Option<Grant> {
    const FILE: &str = "a file with a policy, as docs/security.md shows";
    let file = fields.text("egress")?;
    let read = std::fs::read_to_string(folder.join(file)).map_err(|error| error.kind().to_string());
    let read = read.and_then(|text| Grant::parse(&text));
    read.map_err(|why| fields.wrong("egress", &format!("this is not {FILE}: {why}"), &format!("Name {FILE}."))).ok()
}

fn read_limits(fields: &mut Fields<'_>) -> Limits {
    fields.check_names(
        "memory_bytes, table_elements, compute_ms, call_ms, page_bytes, requests, in_flight, resources, header_bytes, url_bytes, body_bytes, evidence_bytes",
    );
    let Limits { memory_bytes, table_elements, compute, call, health, page_bytes, requests, .. } = Limits::default();
    let Limits { in_flight, resources, header_bytes, url_bytes, body_bytes, evidence_bytes, .. } = Limits::default();
    let size = |fields: &mut Fields<'_>, name: &str, or: usize, most: usize| {
        let most = u64::try_from(most).unwrap_or(u64::MAX);
        fields.number(name, most).and_then(|number| usize::try_from(number).ok()).unwrap_or(or)
    };
    let time = |fields: &mut Fields<'_>, name: &str, or: Duration| {
        fields.number(name, 24 * 3600 * 1000).map_or(or, Duration::from_millis)
    };
    Limits {
        memory_bytes: size(fields, "memory_bytes", memory_bytes, Limits::MAX_MEMORY_BYTES),
        table_elements: size(fields, "table_elements", table_elements, Limits::MAX_TABLE_ELEMENTS),
        compute: time(fields, "compute_ms", compute),
        call: time(fields, "call_ms", call),
        health,
        page_bytes: size(fields, "page_bytes", page_bytes, usize::MAX),
        requests: fields.number("requests", u64::MAX).unwrap_or(requests),
        in_flight: size(fields, "in_flight", in_flight, usize::MAX),
        resources: size(fields, "resources", resources, usize::MAX),
        header_bytes: size(fields, "header_bytes", header_bytes, usize::MAX),
        url_bytes: size(fields, "url_bytes", url_bytes, usize::MAX),
        body_bytes: size(fields, "body_bytes", body_bytes, usize::MAX),
        evidence_bytes: fields.number("evidence_bytes", u64::MAX).unwrap_or(evidence_bytes),
    }
}

//! What a tenant authenticates with, by reference only: each secret is in an environment variable or a file.

use super::fields::Fields;
use super::finding::{code, finding};
use serde_json::Value;
use source_host::bindings::compliance::source::types::Diagnostic;
use source_host::tenant::{Credentials, Managed, Pair, Secret};
use std::path::{Path, PathBuf};

/// Where a secret is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SecretRef {
    /// In this environment variable.
    Env(String),
    /// In this file, without the line break at its end.
    File(PathBuf),
    /// Here: for accounts that are made up.
    Given(Secret),
}

/// Where credentials are, by their form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CredentialsRef {
    /// A user name and a password, e.g. an API key and its secret.
    Pair(SecretRef, SecretRef),
    /// A bearer token.
    Token(SecretRef),
    /// One value for each field of the source's own form, by the field's id.
    Fields(Vec<(String, SecretRef)>),
}

/// The fields of `credentials` in the tenants file.
pub(super) const KNOWN: &str =
    "key_env, key_file, secret_env, secret_file, token_env, token_file, fields, host_managed";
/// What has to be in it.
pub(super) const WANTED: &str =
    "an object with key_env and secret_env, or token_env, or fields (each _env may be _file instead)";

impl CredentialsRef {
    /// The credentials themselves. `host_managed`: the component never sees them.
    ///
    /// # Errors
    /// Every secret that cannot be read, by its place.
    pub(super) fn read(&self, host_managed: bool) -> Result<Credentials, Vec<Diagnostic>> {
        let one = |secret: &SecretRef, which: &str| secret.read(which).map_err(|found| vec![found]);
        match self {
            Self::Pair(key, secret) => {
                let (username, password) = match (key.read("key"), secret.read("secret")) {
                    (Ok(key), Ok(secret)) => (key, secret),
                    (key, secret) => return Err([key.err(), secret.err()].into_iter().flatten().collect()),
                };
                let pair = Pair { username, password };
                Ok(if host_managed { Credentials::HostManaged(Managed::Basic(pair)) } else { Credentials::Basic(pair) })
            }
            Self::Token(token) => {
                let token = one(token, "token")?;
                Ok(match host_managed {
                    true => Credentials::HostManaged(Managed::Bearer(token)),
                    false => Credentials::Bearer(token),
                })
            }
            Self::Fields(fields) => {
                let (mut values, mut findings) = (Vec::new(), Vec::new());
                for (id, secret) in fields {
                    match secret.read(&format!("fields/{id}")) {
                        Ok(value) => values.push((id.clone(), value)),
                        Err(found) => findings.push(found),
                    }
                }
                if findings.is_empty() { Ok(Credentials::Fields(values)) } else { Err(findings) }
            }
        }
    }
}

impl SecretRef {
    /// Neither the name nor the path is repeated in errors: somebody may have put the secret there.
    fn read(&self, which: &str) -> Result<Secret, Diagnostic> {
        const MISSING: &str = "credential-missing";
        let missing = |field: &str, code: &str, message: String, remedy: &str| {
            finding(format!("/credentials/{which}_{field}"), code, message, remedy)
        };
        match self {
            Self::Given(secret) => Ok(secret.clone()),
            Self::Env(name) => std::env::var(name).map(Secret::new).map_err(|_| {
                let message = "there is no environment variable of this name".into();
                missing("env", MISSING, message, "Set it before the fleet is started, or correct the name.")
            }),
            Self::File(path) => match std::fs::read_to_string(path) {
                Ok(text) => Ok(Secret::new(text.trim_end_matches(['\r', '\n']))),
                Err(error) => Err(missing(
                    "file",
                    code(&error, MISSING),
                    format!("the file cannot be read: {}", error.kind()),
                    "Put the secret alone into a file that this program may read, or correct the path.",
                )),
            },
        }
    }
}

/// Reads `credentials` of the tenants file: where they are, and whether the harness keeps them to itself.
pub(super) fn read(fields: &mut Fields<'_>, folder: &Path) -> Option<(CredentialsRef, bool)> {
    fields.check_names(KNOWN);
    let host_managed = fields.optional("host_managed", "true or false", Value::as_bool).unwrap_or_default();
    let has = |fields: &Fields<'_>, which: &str| ["env", "file"].iter().any(|of| fields.has(&format!("{which}_{of}")));
    let forms = [has(fields, "key") || has(fields, "secret"), has(fields, "token"), fields.has("fields")];
    if forms.into_iter().filter(|form| *form).count() > 1 {
        let what = "a key with its secret, a token and fields exclude each other";
        fields.wrong("token_env", what, "Keep what the source asks for: describe shows it.");
        return None;
    }
    let [_, is_token, is_fields] = forms;
    let found = if is_fields {
        if host_managed {
            let what = "the harness cannot add fields to requests";
            fields.wrong(
                "host_managed",
                what,
                "Leave it out: only a key with its secret, or a token, can be kept here.",
            );
        }
        CredentialsRef::Fields(own_fields(fields, folder)?)
    } else if is_token {
        CredentialsRef::Token(secret_ref(fields, "token", folder)?)
    } else {
        let (key, secret) = (secret_ref(fields, "key", folder), secret_ref(fields, "secret", folder));
        CredentialsRef::Pair(key?, secret?)
    };
    Some((found, host_managed))
}

/// `fields`: for each field of the source's form its id with `_env` or `_file`.
fn own_fields(fields: &mut Fields<'_>, folder: &Path) -> Option<Vec<(String, SecretRef)>> {
    let mut own = fields.object("fields")?;
    let ids = own.referred();
    if ids.is_empty() {
        own.missing("", "the id of each field with _env or _file, e.g. {\"api_key_env\": \"DD_API_KEY\"}");
    }
    let known: Vec<String> = ids.iter().flat_map(|id| [format!("{id}_env"), format!("{id}_file")]).collect();
    own.check_names(&known.join(", "));
    let read: Vec<_> = ids.into_iter().map(|id| Some((id.clone(), secret_ref(&mut own, &id, folder)?))).collect();
    read.into_iter().collect::<Option<Vec<_>>>().filter(|found| !found.is_empty())
}

fn secret_ref(fields: &mut Fields<'_>, which: &str, folder: &Path) -> Option<SecretRef> {
    let (env_field, file_field) = (format!("{which}_env"), format!("{which}_file"));
    let variable = |value: &Value| value.as_str().filter(|name| is_variable(name)).map(String::from);
    let has_env = fields.has(&env_field);
    let env = fields.optional(&env_field, "the name of an environment variable, e.g. \"ACME_KEY\"", variable);
    match (env, fields.text(&file_field)) {
        (Some(name), None) => Some(SecretRef::Env(name)),
        (None, Some(file)) if !has_env => Some(SecretRef::File(folder.join(file))),
        (None, None) if !has_env => {
            fields.missing(&env_field, &format!("the name of an environment variable, or {file_field}"));
            None
        }
        (_, None) => None,
        (_, Some(_)) => {
            fields.wrong(&env_field, &format!("{env_field} and {file_field} exclude each other"), "Keep one.");
            None
        }
    }
}

/// Strict, so that a secret put here by mistake is not taken for a name.
fn is_variable(name: &str) -> bool {
    let fits = |letter: char| letter.is_ascii_uppercase() || letter.is_ascii_digit() || letter == '_';
    !name.is_empty() && name.chars().all(fits) && !name.starts_with(|first: char| first.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::file::{Defaults, parse};
    use crate::spec::SettingsRef;
    use serde_json::json;
    use source_host::error::Error;
    use source_host::tenant::Clock;

    /// The credentials of a tenant with this `credentials`, or the pointers of what is wrong with it.
    fn read(credentials: &Value) -> Result<Credentials, Vec<String>> {
        let defaults = Defaults {
            settings: SettingsRef::Given("{}".into()),
            kinds: Vec::new(),
            since: None,
            upstream: None,
            simulated: None,
            clock: Clock::System,
        };
        let text = json!([{"name": "a", "credentials": credentials}]).to_string();
        let at = |findings: Vec<Diagnostic>| {
            let shown = format!("{findings:?}");
            assert!(!shown.contains("CANARY"), "{shown}");
            findings.into_iter().map(|found| found.pointer).collect::<Vec<_>>()
        };
        match parse(&text, Path::new(env!("CARGO_MANIFEST_DIR")), &defaults) {
            Ok(specs) => specs[0].credentials.read(specs[0].host_managed).map_err(at),
            Err(Error::Configuration(findings)) => Err(at(findings)),
            Err(other) => panic!("{other}"),
        }
    }

    #[test]
    fn a_token_or_fields_are_read_where_they_are_said_to_be() {
        // Variables that cargo sets for every test, and a file that is there.
        let value = |name: &str| Secret::new(std::env::var(name).unwrap());
        let (one, two) = ("CARGO_PKG_NAME", "CARGO_PKG_VERSION");
        assert_eq!(read(&json!({"token_env": one})), Ok(Credentials::Bearer(value(one))));
        let managed = json!({"token_env": one, "host_managed": true});
        assert_eq!(read(&managed), Ok(Credentials::HostManaged(Managed::Bearer(value(one)))));
        let fields = vec![("api_key".to_string(), value(one)), ("application_key".to_string(), value(two))];
        let both = json!({"fields": {"application_key_env": two, "api_key_env": one}});
        assert_eq!(read(&both), Ok(Credentials::Fields(fields)));
        let Ok(Credentials::Bearer(token)) = read(&json!({"token_file": "src/lib.rs"})) else { panic!("no token") };
        assert!(token.expose().starts_with("//!") && !token.expose().ends_with('\n'));
    }

    #[test]
    fn what_is_wrong_with_a_token_or_fields_is_told_without_its_text() {
        for (credentials, at) in [
            (json!({"token_env": "NOT_SET_CANARY"}), "/credentials/token_env"),
            (json!({"token_file": "no-CANARY"}), "/credentials/token_file"),
            (json!({"token_env": "canary CANARY"}), "/0/credentials/token_env"),
            (json!({"token": "CANARY"}), "/0/credentials/token"),
            (json!({"token_env": "A", "token_file": "B"}), "/0/credentials/token_env"),
            (json!({"token_env": "A", "key_env": "B", "secret_env": "C"}), "/0/credentials/token_env"),
            (json!({"fields": {}}), "/0/credentials/fields/"),
            (json!({"fields": {"api_key": "CANARY"}}), "/0/credentials/fields/api_key"),
            (json!({"fields": {"api_key_env": "canary CANARY"}}), "/0/credentials/fields/api_key_env"),
            (json!({"fields": {"api_key_env": "NOT_SET_CANARY"}}), "/credentials/fields/api_key_env"),
            (json!({"fields": {"api_key_env": "A"}, "host_managed": true}), "/0/credentials/host_managed"),
            (json!({"fields": {"api_key_env": "A"}, "token_env": "B"}), "/0/credentials/token_env"),
        ] {
            let found = read(&credentials).expect_err(at);
            assert!(found.iter().any(|found| found == at), "{at} is not in {found:?}");
        }
    }
}

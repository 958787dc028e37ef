//! What makes Fivetran a source of the kit: catalogue texts, settings, and who the account is.

use crate::types::{Fivetran, Resource, Settings};
use crate::{account, audit_logging, controls, table, topics, user};
use alloc::string::String;
use alloc::vec::Vec;
use serde_json::Value;
use source_kit::base::model::{Diagnostic, Severity};
use source_kit::record::identity::Identity;
use source_kit::record::people::Person;
use source_kit::{About, Account, Capability, Kind, Pair, Protocol, Setting, SignIn, Source, Summary, Topic};

/// JSON Schema (2020-12) of the settings.
pub const SETTINGS_SCHEMA: &str = include_str!("schemas/settings.json");

impl Source for Fivetran {
    const ABOUT: About = About {
        id: "fivetran",
        name: "Fivetran",
        version: crate::VERSION,
        description: "Reads a Fivetran account over its REST API: users, teams, roles and grants, groups, destinations, connections, and what Fivetran stamps on them. Read-only.",
        category: "Analytics",
        sign_in: SignIn::Basic(Pair {
            username: "API key",
            password: "API secret",
            help: "In Fivetran: Account Settings > General > System Keys for a key of the account that may only READ, or your user name > API Key for your own. The secret is shown once.",
            help_url: "https://fivetran.com/docs/rest-api/getting-started",
            unaccepted: "Copy API key and API secret exactly as Fivetran shows them, and not the Base64 text below them. If the pair was regenerated elsewhere, the old one stopped working at once: enter the new one here. A lost secret cannot be shown again: regenerate the pair, and update it here and in every other tool.",
        }),
        settings_schema: SETTINGS_SCHEMA,
        settings: "accepted_gaps, connection_details, free_text, personal_data, personal_data_key, requests_per_hour, spread_days",
        capabilities: &[Capability::get(Fivetran::HOST, &["/v1/"])],
    };
    const KINDS: &'static [&'static Kind] = table::KINDS;
    const RESOURCES: &'static [&'static Resource] = table::RESOURCES;
    const ACCOUNT: Account<Self> = Account {
        path: account::PATH,
        kind: &account::KIND,
        resource: Resource { project: account::project, ..Resource::LIST },
    };
    const PEOPLE: Option<&'static str> = Some(user::RESOURCE.path);
    const TOPICS: &'static [Topic] = topics::TOPICS;
    const SUMMARIES: &'static [Summary<Self>] =
        &[Summary { kind: &audit_logging::KIND, emit: audit_logging::emit_groups }];
    // A quarter of what Fivetran allows: the customer's own tools need the rest.
    const DEFAULT_REQUESTS_PER_HOUR: u32 = 5_000;
    const QUOTA_RANGE: &'static str = "a whole number from 1 to 20000";

    fn controls(kind: &str) -> (&'static [&'static str], &'static [&'static str]) {
        controls::of(kind)
    }

    fn identify(data: &str) -> Option<Identity> {
        account::identify(data)
    }

    fn person(item: &str) -> Option<Person> {
        user::person(item)
    }

    fn role_request(identity: &Identity) -> Option<String> {
        user::role_request(identity)
    }

    fn role_of(data: &str) -> Option<String> {
        user::role_of(data)
    }

    fn default_settings() -> Settings {
        Settings { connection_details: true }
    }

    fn set(settings: &mut Settings, name: &str, value: &Value) -> Setting {
        match (name, value) {
            ("connection_details", Value::Bool(value)) => settings.connection_details = *value,
            ("connection_details", _) => return Setting::Not("true or false"),
            _ => return Setting::Unknown,
        }
        Setting::Taken
    }

    fn show(settings: &Settings) -> Vec<(&'static str, Value)> {
        alloc::vec![("connection_details", settings.connection_details.into())]
    }

    fn doubt(username: &str, password: &str) -> Option<Diagnostic> {
        is_swapped(username, password).then(|| Diagnostic {
            severity: Severity::Warning,
            code: "credential-swapped",
            pointer: "/credentials".into(),
            message: "API key and API secret look swapped".into(),
            remedy: "The API key is the user name, the API secret the password. The key is the shorter of the two."
                .into(),
        })
    }
}

/// A user's key has 16 characters and its secret 32; a system key's public part starts with `ft_`.
fn is_swapped(username: &str, password: &str) -> bool {
    if username.starts_with("ft_") {
        return false;
    }
    password.starts_with("ft_") || (password.len() <= 20 && username.len() * 2 >= password.len() * 3)
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    use source_kit::record::config::configure;
    use source_kit::record::credentials::Credentials;

    const KEY: &str = "AbCdEfGhIjKlMnOp";
    const SECRET: &str = "0123456789abcdef0123456789ABCDEF";

    fn basic(username: &str, password: &str) -> Credentials {
        Credentials::Basic { username: username.into(), password: password.into() }
    }

    fn check(credentials: &Credentials, settings: &str, want: &[(&str, &str)]) {
        let got = configure::<Fivetran>(credentials, settings).err().unwrap_or_default();
        let got: Vec<_> = got.iter().map(|d| (d.code, d.pointer.as_str())).collect();
        assert_eq!(got, want, "{settings}");
        for finding in configure::<Fivetran>(credentials, settings).err().unwrap_or_default() {
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
    fn doubts_a_pair_that_looks_swapped_and_takes_it() {
        let codes = |credentials| {
            let config = configure::<Fivetran>(&credentials, "{}").ok();
            config.map(|config| config.warnings.iter().map(|warning| warning.code).collect::<Vec<_>>())
        };
        assert_eq!(codes(basic(SECRET, KEY)), Some(alloc::vec!["credential-swapped"]));
        assert_eq!(codes(basic(KEY, SECRET)), Some(alloc::vec![]));
    }

    #[test]
    fn refuses_malformed_credentials() {
        let (key, secret) = ("/credentials/username", "/credentials/password");
        check(&basic("", SECRET), "{}", &[("credential-empty", key)]);
        check(&basic(KEY, ""), "{}", &[("credential-empty", secret)]);
        check(&basic(" AbCdEfGhIjKlMnOp", SECRET), "{}", &[("credential-padded", key)]);
        check(&basic(KEY, "0123456789abcdef0123456789ABCDEF\n"), "{}", &[("credential-padded", secret)]);
        check(&basic("AbCd\tEfGh", SECRET), "{}", &[("credential-malformed", key)]);
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
            (r#"{"free_text": true}"#, "setting-invalid", "/settings/free_text"),
            (r#"{"free_text": "full"}"#, "setting-invalid", "/settings/free_text"),
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
            let got = configure::<Fivetran>(&pair, settings).err().unwrap_or_default();
            assert_eq!(got.first().map(|d| (d.code, d.pointer.as_str())), want.first().copied(), "{settings}");
        }
        let two = configure::<Fivetran>(&pair, r#"{"a": 1, "connection_details": 2}"#).err().unwrap_or_default();
        assert_eq!(two.len(), 2, "every finding at once");
    }

    #[test]
    fn the_digest_tells_settings_apart_and_shows_no_secret() {
        let digest = |settings: &str| {
            let config = configure::<Fivetran>(&basic(KEY, SECRET), settings).ok();
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
        let (kept, shown) = digest(r#"{"free_text": "kept"}"#);
        assert!(kept != full && shown.contains(r#""free_text":"kept""#), "{shown}");
        assert_eq!(digest(r#"{"free_text": "withheld"}"#).0, full);
    }
}

//! A configuration is judged as a whole, each finding with its field and a remedy, before anything is sent.

use fivetran_source::Fivetran;
use serde_json::{Value, json};
use source_kit::base::model::Diagnostic;
use source_kit::record::config::{Config, configure};
use source_kit::record::credentials::Credentials;
use source_kit::record::privacy::FreeText;

const SECRET: &str = "s3cr3ts3cr3ts3cr3ts3cr3ts3cr3ts3";

fn pair(username: &str, password: &str) -> Credentials {
    Credentials::Basic { username: username.into(), password: password.into() }
}

fn judged(credentials: &Credentials, settings: &str) -> Result<Config<Fivetran>, Vec<Diagnostic>> {
    configure::<Fivetran>(credentials, settings)
}

fn with(settings: &Value) -> Config<Fivetran> {
    judged(&pair("KEYkeyKEYkey1234", SECRET), &settings.to_string()).unwrap_or_else(|found| panic!("{found:?}"))
}

/// Codes and pointers of what is wrong.
fn wrong(credentials: &Credentials, settings: &str) -> Vec<(&'static str, String)> {
    let Err(found) = judged(credentials, settings) else { return Vec::new() };
    assert!(found.iter().all(|one| !one.message.is_empty() && !one.remedy.is_empty()), "{found:?}");
    assert!(found.iter().all(|one| !format!("{one:?}").contains(SECRET)), "{found:?}");
    found.into_iter().map(|one| (one.code, one.pointer)).collect()
}

#[test]
fn each_setting_is_taken_as_it_is_said() {
    let plain = with(&json!({}));
    assert!(plain.settings.privacy.shows_people() && plain.settings.free_text == FreeText::Withheld);
    assert_eq!((plain.settings.spread_days, plain.settings.accepted_gaps.len()), (1, 0));
    let shown: Value = serde_json::from_str(&plain.effective).unwrap();
    assert_eq!((&shown["personal_data"], &shown["personal_data_key"]), (&json!("full"), &Value::Null));

    let all = with(&json!({
        "free_text": "kept", "personal_data": "hashed", "personal_data_key": "0123456789abcdef", "requests_per_hour": 7.0,
        "spread_days": 31, "accepted_gaps": ["api_key", "team"], "connection_details": false,
    }));
    assert!(!all.settings.privacy.shows_people() && all.settings.free_text == FreeText::Kept);
    assert_eq!((all.settings.requests_per_hour, all.settings.spread_days), (7, 31));
    assert_eq!(all.settings.accepted_gaps.iter().copied().collect::<Vec<_>>(), ["api_key", "team"]);
    let shown: Value = serde_json::from_str(&all.effective).unwrap();
    assert_eq!(shown["accepted_gaps"], json!(["api_key", "team"]));
    assert_eq!((&shown["free_text"], &shown["personal_data"]), (&json!("kept"), &json!("hashed")));
    assert_eq!((&shown["requests_per_hour"], &shown["connection_details"]), (&json!(7), &json!(false)));
    let mark = shown["personal_data_key"].as_str().unwrap();
    assert!(mark.len() == 4 + 16 && mark.starts_with("set:") && !all.effective.contains("0123456789abcdef"), "{mark}");
    assert_eq!(all.shown.get("personal_data_key"), None, "a mark of the key is in no record");
    for same in [json!({"free_text": "withheld"}), json!({"personal_data": "full"}), json!({"requests_per_hour": 9})] {
        assert_eq!(with(&same).settings_digest, plain.settings_digest, "{same}");
    }
    let key = |key: &str| with(&json!({"personal_data": "hashed", "personal_data_key": key})).settings_digest;
    assert_ne!(key("0123456789abcdef"), key("0123456789abcdeg"), "another key is another configuration");
}

#[test]
fn a_setting_that_is_none_is_refused_by_name() {
    let good = pair("KEYkeyKEYkey1234", SECRET);
    for (settings, field) in [
        (json!({"personal_data": "hashed", "personal_data_key": 1}), "personal_data_key"),
        (json!({"accepted_gaps": "api_key"}), "accepted_gaps"),
        (json!({"accepted_gaps": ["api_key", "nothing"]}), "accepted_gaps"),
    ] {
        let want = [("setting-invalid", format!("/settings/{field}"))];
        assert_eq!(wrong(&good, &settings.to_string()), want, "{settings}");
    }
    let large = format!("{{\"colour\": \"{}\"}}", "x".repeat(64 * 1024));
    assert_eq!(wrong(&good, &large), [("settings-too-large", "/settings".to_string())]);
    let found = judged(&good, "{\n \"a\" 1}").err().unwrap();
    assert_eq!(found[0].message, "the settings are not JSON (line 2, column 6)");
}

#[test]
fn a_pair_that_is_joined_is_told_from_one_that_is_not() {
    use base64::Engine;
    let joined = |text: &str| base64::engine::general_purpose::STANDARD.encode(text);
    let both = format!("KEYkeyKEYkey1234:{SECRET}");
    let basic = format!("Basic {}", joined(&both));
    for (username, password, found) in [
        ("KEYkey\u{1}KEYkey", SECRET, vec![("credential-malformed", "username")]),
        (&both, "", vec![("credential-empty", "password"), ("credential-joined", "username")]),
        ("", &both, vec![("credential-empty", "username"), ("credential-joined", "password")]),
        (&basic, SECRET, vec![("credential-malformed", "username"), ("credential-joined", "username")]),
        (&joined("abc:s"), SECRET, vec![]),
        (&joined("ab\u{1}c:secret"), SECRET, vec![]),
    ] {
        let found: Vec<_> = found.into_iter().map(|(code, field)| (code, format!("/credentials/{field}"))).collect();
        assert_eq!(wrong(&pair(username, password), "{}"), found, "{username:?} {password:?}");
    }
}

#[test]
fn other_credentials_are_taken_or_refused_by_name() {
    for (credentials, refused) in [
        (Credentials::HostManaged, None),
        (Credentials::None, Some("none")),
        (Credentials::Bearer("canary-token".into()), Some("bearer")),
        (Credentials::Fields(vec![("api_key".into(), "canary-key".into())]), Some("fields")),
    ] {
        match (judged(&credentials, "{}"), refused) {
            (Ok(config), None) => assert!(config.credentials.is_empty() && config.own_secrets.is_empty()),
            (Err(found), Some(name)) => {
                assert!(found.len() == 1 && found[0].pointer == "/credentials", "{found:?}");
                assert!(found[0].message.contains(name) && !format!("{found:?}").contains("canary"), "{found:?}");
            }
            (judged, refused) => panic!("{refused:?}: {:?}", judged.err()),
        }
    }
    let config = with(&json!({}));
    let [(name, value)] = &*config.credentials else { panic!("one header") };
    assert!(*name == "authorization" && value.starts_with("Basic "));
    assert!(config.own_secrets.iter().any(|form| form == SECRET));
}

/// One finding for one mistake: a key that is no text is there all the same.
#[test]
fn a_key_to_hash_with_that_is_no_text_is_not_said_to_be_missing() {
    let good = pair("KEYkeyKEYkey1234", SECRET);
    let codes = |settings: &Value| -> Vec<&'static str> {
        wrong(&good, &settings.to_string()).into_iter().map(|(code, _)| code).collect()
    };
    assert_eq!(codes(&json!({"personal_data": "hashed"})), ["setting-missing"]);
    let odd = codes(&json!({"personal_data": "hashed", "personal_data_key": 7}));
    assert!(odd.len() == 1 && odd[0] != "setting-missing", "{odd:?}");
}

//! Which host a capability opens for one tenant: where its name is in a setting, the host reads it there,
//! checks it and pins that one name before anything runs.

use crate::bindings::exports::compliance::source::catalog::Capability;
use crate::egress::{Rule, is_name};
use crate::error::{Error, Result};
use crate::grant::{Grant, HostName, SettingHost};
use serde_json::Value;

/// The rules of these capabilities under these settings. A capability whose setting is absent opens nothing: a source
/// may read from one of several places.
///
/// # Errors
/// A usage error that names the setting, when it is there and its host may not be reached.
pub fn rules(capabilities: &[Capability], settings: &str) -> Result<Vec<Rule>> {
    let settings = parsed(settings);
    let rule = |capability: &Capability| {
        let host = host(&(&capability.host).into(), &settings).transpose()?;
        Some(host.map(|host| declared(capability, host)))
    };
    capabilities.iter().filter_map(rule).collect()
}

/// The rules of these capabilities with hosts as they are written: see [`Grant::unpinned`].
#[must_use]
pub fn unpinned(capabilities: &[Capability]) -> Vec<Rule> {
    capabilities.iter().map(|capability| declared(capability, HostName::from(&capability.host).to_string())).collect()
}

/// The rules of a policy under these settings. A rule whose host the settings do not name, or name wrongly, grants
/// nothing.
#[must_use]
pub fn granted(grant: &Grant, settings: &str) -> Vec<Rule> {
    let settings = parsed(settings);
    grant.rules.iter().filter_map(|rule| Some(rule.with_host(host(&rule.host, &settings).ok()??))).collect()
}

fn parsed(settings: &str) -> Value {
    serde_json::from_str(settings).unwrap_or_default()
}

fn declared(capability: &Capability, host: String) -> Rule {
    Rule {
        scheme: capability.scheme.clone(),
        host,
        port: capability.port,
        methods: capability.methods.clone(),
        path_prefixes: capability.path_prefixes.clone(),
        headers: Vec::new(),
        secret: true,
    }
}

/// The host; `None` where it is in a setting that is absent.
fn host(name: &HostName, settings: &Value) -> Result<Option<String>> {
    match name {
        HostName::Exact(host) => Ok(Some(host.clone())),
        HostName::Setting(setting) => {
            settings.pointer(&setting.pointer).map(|value| host_in(setting, value)).transpose()
        }
    }
}

fn host_in(setting: &SettingHost, value: &Value) -> Result<String> {
    let Some(host) = value.as_str() else {
        let what = format!("the setting {} names no host", setting.pointer);
        return Err(Error::usage(what, "set it to the name of your host"));
    };
    if !is_name(host) {
        let what = format!("the setting {} is not a plain host name in lower case: {host:?}", setting.pointer);
        return Err(Error::usage(what, "give the name alone, without scheme, port, path or final dot"));
    }
    if !setting.suffixes.iter().any(|suffix| ends_in(host, suffix)) {
        let what = format!("the host in the setting {} may not be reached: {host:?}", setting.pointer);
        return Err(Error::usage(what, format!("its name has to end in {}", setting.suffixes.join(" or "))));
    }
    Ok(host.into())
}

/// Whether a host ends in a suffix at a label border, with something before it.
fn ends_in(host: &str, suffix: &str) -> bool {
    let suffix = suffix.strip_prefix('.').unwrap_or(suffix);
    is_name(suffix) && host.strip_suffix(suffix).is_some_and(|rest| rest.len() > 1 && rest.ends_with('.'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bindings::exports::compliance::source::catalog::{self, HostPattern};
    use crate::grant::GrantRule;
    use serde_json::json;

    fn host(name: &str) -> Result<String> {
        let setting =
            SettingHost { pointer: "/host".into(), suffixes: vec![".snow.example.com".into(), "lake.example".into()] };
        host_in(&setting, &json!(name))
    }

    #[test]
    fn a_name_below_a_suffix_is_pinned() {
        for name in ["acme.snow.example.com", "a.b-1.snow.example.com", "acme.lake.example"] {
            assert_eq!(host(name).ok().as_deref(), Some(name));
        }
    }

    #[test]
    fn everything_else_is_refused() {
        for name in [
            "",
            "snow.example.com",
            ".snow.example.com",
            "evilsnow.example.com",
            "acme.snow.example.com.evil.org",
            "acme.snow.example.com.",
            "Acme.snow.example.com",
            "acme.snow.example.com:443",
            "https://acme.snow.example.com",
            "acme.snow.example.com/x",
            "user@acme.snow.example.com",
            "a..snow.example.com",
            "-a.snow.example.com",
            "127.0.0.1",
            "[::1]",
            "0x7f.1",
            "1.2.3.4.snow.example.com\n",
            "ac me.snow.example.com",
            "äcme.snow.example.com",
            "lake.example",
            "xlake.example",
        ] {
            assert!(host(name).is_err(), "{name:?}");
        }
        let setting = SettingHost { pointer: "/host".into(), suffixes: vec![String::new(), ".".into(), ".com".into()] };
        assert!(host_in(&setting, &json!("acme.example.com")).is_err(), "a suffix has to be a name itself");
        for value in [json!(1), json!(null), json!({}), json!(["acme.snow.example.com"])] {
            assert!(host_in(&setting, &value).is_err(), "{value}");
        }
    }

    /// What the audit trail's policy grants, as its component asks for it.
    fn audit_trail() -> (Grant, Vec<Capability>) {
        let grant = Grant::parse(include_str!("../../policies/fivetran-audit-trail.json")).unwrap();
        let asked = |rule: &GrantRule| Capability {
            scheme: "https".into(),
            host: match &rule.host {
                HostName::Exact(host) => HostPattern::Exact(host.clone()),
                HostName::Setting(SettingHost { pointer, suffixes }) => {
                    HostPattern::Setting(catalog::SettingHost { pointer: pointer.clone(), suffixes: suffixes.clone() })
                }
            },
            port: rule.port,
            methods: rule.methods.clone(),
            path_prefixes: rule.path_prefixes.clone(),
        };
        let capabilities = grant.rules.iter().map(asked).collect();
        (grant, capabilities)
    }

    #[test]
    fn a_capability_whose_setting_is_absent_opens_nothing_and_one_that_is_wrong_is_an_error() {
        let (grant, capabilities) = audit_trail();
        let of = |settings: &str| {
            let (declared, granted) = (rules(&capabilities, settings).unwrap(), granted(&grant, settings));
            assert_eq!(crate::grant::beyond(&declared, &granted), [""; 0], "{settings}");
            assert_eq!(declared.len(), granted.len());
            let hosts = granted.into_iter().map(|rule| rule.host);
            hosts.filter(|host| !host.starts_with("api.") && !host.ends_with(".googleapis.com")).collect::<Vec<_>>()
        };
        assert_eq!(of("{}"), [""; 0]);
        assert_eq!(of(r#"{"snowflake": {"host": "xy1.snowflakecomputing.com"}}"#), ["xy1.snowflakecomputing.com"]);
        assert_eq!(of(r#"{"databricks": {"host": "dbc-1.cloud.databricks.com"}}"#), ["dbc-1.cloud.databricks.com"]);
        for wrong in [r#"{"snowflake": {"host": null}}"#, r#"{"snowflake": {"host": 7}}"#] {
            let error = rules(&capabilities, wrong).expect_err(wrong).to_string();
            assert!(error.contains("/snowflake/host names no host"), "{error}");
        }
    }

    #[test]
    fn no_other_host_is_reached_by_the_settings_of_the_audit_trail() {
        let (_, capabilities) = audit_trail();
        for (place, name, suffix) in [
            ("snowflake", "xy12345", "snowflakecomputing.com"),
            ("databricks", "dbc-1", "cloud.databricks.com"),
            ("databricks", "adb-1.2", "azuredatabricks.net"),
            ("databricks", "1.2", "gcp.databricks.com"),
        ] {
            let good = format!("{name}.{suffix}");
            let refused = |host: &str| {
                let settings = json!({place: {"host": host}}).to_string();
                let error = rules(&capabilities, &settings).err().map(|error| error.to_string());
                error.is_some_and(|error| error.contains(&format!("/{place}/host")))
            };
            assert!(!refused(&good), "{good}");
            for bad in [
                &format!("evil{suffix}"),
                &format!(".{suffix}"),
                suffix,
                &format!("{good}.evil.org"),
                &format!("{good}."),
                &format!("{good}:443"),
                &format!("{good}:8443"),
                &format!("{good}/api"),
                &format!("https://{good}"),
                &format!("user@{good}"),
                &good.to_ascii_uppercase(),
                "10.0.0.1",
                "[::1]",
                "169.254.169.254",
                "localhost",
                "",
            ] {
                assert!(refused(bad), "{bad}");
            }
        }
    }

    #[test]
    fn a_host_in_a_setting_has_to_suit_the_policy_too() {
        let policy = |suffix: &str, pointer: &str| {
            let host = format!(r#"{{"setting": "{pointer}", "suffixes": ["{suffix}"]}}"#);
            let rule = format!(r#"{{"host": {host}, "methods": ["GET"], "path_prefixes": ["/"], "secret": true}}"#);
            Grant::parse(&format!(r#"{{"source": "acme", "rules": [{rule}]}}"#)).unwrap()
        };
        let hosts = |grant: &Grant, settings: &str| -> Vec<String> {
            granted(grant, settings).into_iter().map(|rule| rule.host).collect()
        };
        let settings = r#"{"host": "acme.snow.example.com", "other": "evil.example.com"}"#;
        assert_eq!(hosts(&policy("snow.example.com", "/host"), settings), ["acme.snow.example.com"]);
        assert_eq!(hosts(&policy("snow.example.com", "/other"), settings), [""; 0]);
        assert_eq!(hosts(&policy("lake.example.com", "/host"), settings), [""; 0]);
        assert_eq!(hosts(&policy("snow.example.com", "/absent"), settings), [""; 0]);
        let declared = SettingHost { pointer: "/host".into(), suffixes: vec!["example.com".into()] };
        let asks = Rule {
            host: host_in(&declared, &parsed(settings)["host"]).unwrap(),
            ..rule_of(&policy("x.example", "/host"))
        };
        let beyond = |grant: &Grant| crate::grant::beyond(std::slice::from_ref(&asks), &granted(grant, settings));
        assert_eq!(beyond(&policy("snow.example.com", "/host")), [""; 0]);
        assert_eq!(beyond(&policy("lake.example.com", "/host")), ["GET https://acme.snow.example.com:443 /"]);
    }

    fn rule_of(grant: &Grant) -> Rule {
        grant.unpinned().remove(0)
    }
}

//! Which host a capability opens for one tenant: where its name is in a setting, the host reads it there,
//! checks it and pins that one name before anything runs.

use crate::bindings::exports::compliance::source::catalog::Capability;
use crate::egress::{Rule, is_name};
use crate::error::{Error, Result};
use crate::grant::{Grant, HostName, SettingHost};
use serde_json::Value;

/// The rules of these capabilities under these settings.
///
/// # Errors
/// A usage error that names the setting, when it is missing or its host may not be reached.
pub fn rules(capabilities: &[Capability], settings: &str) -> Result<Vec<Rule>> {
    let settings = parsed(settings);
    capabilities
        .iter()
        .map(|capability| Ok(declared(capability, host(&(&capability.host).into(), &settings)?)))
        .collect()
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
    grant.rules.iter().filter_map(|rule| Some(rule.with_host(host(&rule.host, &settings).ok()?))).collect()
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
        secret: true,
    }
}

fn host(name: &HostName, settings: &Value) -> Result<String> {
    match name {
        HostName::Exact(host) => Ok(host.clone()),
        HostName::Setting(setting) => host_in(setting, settings),
    }
}

fn host_in(setting: &SettingHost, settings: &Value) -> Result<String> {
    let Some(host) = settings.pointer(&setting.pointer).and_then(Value::as_str) else {
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
    use serde_json::json;

    fn host(name: &str) -> Result<String> {
        let setting =
            SettingHost { pointer: "/host".into(), suffixes: vec![".snow.example.com".into(), "lake.example".into()] };
        host_in(&setting, &json!({"host": name}))
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
        assert!(host_in(&setting, &json!({"host": "acme.example.com"})).is_err(), "a suffix has to be a name itself");
        assert!(host_in(&setting, &json!({})).is_err() && host_in(&setting, &json!({"host": 1})).is_err());
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
        let asks =
            Rule { host: host_in(&declared, &parsed(settings)).unwrap(), ..rule_of(&policy("x.example", "/host")) };
        let beyond = |grant: &Grant| crate::grant::beyond(std::slice::from_ref(&asks), &granted(grant, settings));
        assert_eq!(beyond(&policy("snow.example.com", "/host")), [""; 0]);
        assert_eq!(beyond(&policy("lake.example.com", "/host")), ["GET https://acme.snow.example.com:443 /"]);
    }

    fn rule_of(grant: &Grant) -> Rule {
        grant.unpinned().remove(0)
    }
}

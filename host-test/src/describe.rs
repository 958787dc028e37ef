//! `describe`: what the component is, before any configuration.

use super::args::DescribeArgs;
use super::output::Format;
use host_test::exit;
use host_test::text::{insist, plain, say, say_json, table, tell};
use serde_json::{Value, json};
use source_host::bindings::exports::compliance::source::catalog::{
    AuthenticationScheme, CostClass, CredentialField, HostPattern, KindDescription, Nature, SourceDescription,
};
use source_host::error::{Error, Result};
use source_host::grant::{Grant, HostName};

/// Shows it.
pub async fn run(args: &DescribeArgs) -> Result<u8> {
    let plugin = args.component.load().await?;
    let policy = args.egress.policy(&plugin)?;
    let beyond = plugin.beyond(policy.as_ref());
    match args.format {
        Format::Json => {
            let mut value = to_json(plugin.description())?;
            if let Some(object) = value.as_object_mut() {
                object.insert("component_sha256".into(), plugin.sha256().into());
                object.insert("not_granted".into(), json!(beyond));
            }
            say_json(&value);
        }
        Format::Table => {
            show(plugin.description(), plugin.sha256());
            let is_denied = args.egress.egress.is_some();
            let lines = beyond.iter().map(|line| format!("not granted: {}", plain(line)));
            lines.for_each(|line| if is_denied { insist(line) } else { tell(line) });
            if policy.is_none() && !beyond.is_empty() {
                let text = Grant::asked_for(plugin.description()).text();
                say("no policy is built in for this source; to grant all of it, save this text for --egress:");
                say(text.lines().map(plain).collect::<Vec<_>>().join("\n"));
            }
        }
    }
    // Without a policy that the user names, nothing is judged: this is where one begins.
    Ok(if args.egress.egress.is_some() && !beyond.is_empty() { exit::DENIED } else { exit::COMPLETE })
}

fn show(source: &SourceDescription, sha256: &str) {
    say(format!("{} {} ({})", plain(&source.name), plain(&source.version), plain(&source.category)));
    tell(plain(&source.description));
    for capability in &source.capabilities {
        let methods = capability.methods.join(", ");
        let paths = capability.path_prefixes.join(", ");
        tell(plain(&format!(
            "Calls: {methods} {}://{}:{} {paths}",
            capability.scheme,
            HostName::from(&capability.host),
            capability.port
        )));
    }
    say(format!("SHA-256: {sha256}"));
    let mut rows = table(&["Kind", "What it is", "Reads", "Permission", "Controls"]);
    for kind in &source.kinds {
        let controls: Vec<&str> = kind.controls.iter().map(|control| control.id.as_str()).collect();
        rows.add_row(vec![
            plain(&kind.id),
            plain(&kind.title),
            if kind.endpoints.is_empty() {
                "–".into()
            } else {
                plain(&kind.endpoints.join("\n")).replace('\u{fffd}', "\n")
            },
            if kind.permissions.is_empty() { "–".into() } else { plain(&kind.permissions.join(", ")) },
            plain(&controls.join(" ")),
        ]);
    }
    say(rows);
}

fn host_json(pattern: &HostPattern) -> Value {
    match pattern {
        HostPattern::Exact(host) => json!({"exact": host}),
        HostPattern::Setting(setting) => {
            json!({"setting": {"pointer": setting.pointer, "suffixes": setting.suffixes}})
        }
    }
}

fn embedded(what: &str, text: &str) -> Result<Value> {
    serde_json::from_str(text).map_err(|_| Error::BadAnswer(format!("{what} is not JSON")))
}

fn to_json(source: &SourceDescription) -> Result<Value> {
    let authentication = &source.authentication;
    let field = |field: &CredentialField| {
        let CredentialField { id, label, help, secret, multiline } = field;
        json!({"id": id, "label": label, "help": help, "secret": secret, "multiline": multiline})
    };
    let authentication = json!({
        "scheme": match authentication.scheme {
            AuthenticationScheme::None => "none",
            AuthenticationScheme::Basic => "basic",
            AuthenticationScheme::Bearer => "bearer",
            AuthenticationScheme::Other => "other",
        },
        "fields": authentication.fields.iter().map(field).collect::<Vec<_>>(),
        "help": authentication.help,
        "help_url": authentication.help_url,
    });
    let capabilities = source.capabilities.iter().map(|capability| {
        json!({
            "scheme": capability.scheme,
            "host": host_json(&capability.host),
            "port": capability.port,
            "methods": capability.methods,
            "path_prefixes": capability.path_prefixes,
        })
    });
    Ok(json!({
        "id": source.id,
        "name": source.name,
        "version": source.version,
        "description": source.description,
        "category": source.category,
        "authentication": authentication,
        "settings_schema": embedded("the settings schema", &source.settings_schema)?,
        "capabilities": capabilities.collect::<Vec<_>>(),
        "kinds": source.kinds.iter().map(kind_json).collect::<Result<Vec<_>>>()?,
    }))
}

fn kind_json(kind: &KindDescription) -> Result<Value> {
    let controls = kind.controls.iter().map(|control| json!({"framework": control.framework, "id": control.id}));
    Ok(json!({
        "id": kind.id,
        "title": kind.title,
        "description": kind.description,
        "keywords": kind.keywords,
        "nature": match kind.nature {
            Nature::Inventory => "inventory",
            Nature::Event => "event",
            Nature::Statement => "statement",
        },
        "personal_data": kind.personal_data,
        "schema_version": kind.schema_version,
        "content_schema": embedded("a content schema", &kind.content_schema)?,
        "endpoints": kind.endpoints,
        "permissions": kind.permissions,
        "plan_gate": kind.plan_gate,
        "controls": controls.collect::<Vec<_>>(),
        "cost": match kind.cost {
            CostClass::Free => "free",
            CostClass::PerPage => "per_page",
            CostClass::PerItem => "per_item",
        },
        "on_by_default": kind.on_by_default,
        "always": kind.always,
        "valid_for_seconds": kind.valid_for_seconds,
    }))
}

//! What is kept of the free-form `config` of connections and destinations.
//!
//! An allow-list, in three steps: a setting is kept by value only when its name is on the list, its
//! name does not sound like a secret, and its value is a plain short one that is not masked.
//! Everything else is listed as withheld, by name. An allow-listed name never overrules a mark of
//! secrecy, whoever made it.

use super::node::Node;
use super::wire::{Field, Free};
use crate::evidence::emit::Emit;
use crate::model::{Withheld, WithheldReason};
use alloc::borrow::Cow;
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

/// Settings that say how data is reached, protected, placed and limited. Names as in Fivetran's
/// configs, <https://fivetran.com/docs/rest-api/api-reference/connections/create-connection>.
const KEPT: &[&str] = &[
    "account_url",
    "always_encrypted",
    "api_type",
    "auth",
    "auth_method",
    "auth_mount_path",
    "auth_type",
    "authentication_method",
    "aws_account_id",
    "aws_bucket_auth_type",
    "aws_region_code",
    "bucket",
    "bucket_name",
    "bucket_region",
    "catalog",
    "cloud_provider",
    "cloud_storage_type",
    "cluster_id",
    "cluster_identifier",
    "cluster_region",
    "connection_method",
    "connection_service_id",
    "connection_service_name",
    "connection_type",
    "create_external_tables",
    "data_center",
    "data_set_location",
    "database",
    "database_name",
    "default_virtual_warehouse",
    "delete_capture_enabled",
    "enable_mtls_connection",
    "enable_ssl",
    "enable_tls",
    "environment",
    "environment_id",
    "external_location",
    "external_storage_cloud_provider",
    "external_storage_provider",
    "fivetran_role_arn",
    "host",
    "hosts",
    "http_path",
    "is_account_level_connector",
    "is_ftps",
    "is_keypair",
    "is_multi_entity_feature_enabled",
    "is_private_key_encrypted",
    "is_private_link_required",
    "is_public",
    "is_redshift_serverless",
    "is_secure",
    "is_single_table_mode",
    "is_vendor",
    "lakehouse_name",
    "log_group_name",
    "loki_url",
    "namespace",
    "networking_method",
    "package_id",
    "pls_id",
    "port",
    "prefix",
    "prefix_path",
    "private_connection_service_id",
    "private_link_id",
    "project_id",
    "proxy_agent_id",
    "publication_name",
    "python_version",
    "region",
    "replication_slot",
    "require_tls",
    "role",
    "s3_bucket",
    "s3_bucket_auth_type",
    "schema",
    "schema_prefix",
    "security_protocol",
    "server_host_name",
    "sftp_host",
    "sftp_port",
    "site_address",
    "snapshot_retention_period",
    "snapshot_type",
    "ssl_mode",
    "storage_account_name",
    "storage_provider",
    "sub_domain",
    "sub_resource_name",
    "subdomain",
    "sync_mode",
    "table",
    "tls",
    "tunnel_host",
    "tunnel_port",
    "tunnel_user",
    "update_method",
    "use_api_keys",
    "use_oauth",
    "use_ssl",
    "use_webhooks",
    "user",
    "vault_address",
    "vault_name",
    "vault_url",
    "vpce_id",
    "workspace_id",
    "workspace_name",
];

/// Allow-listed settings that name a person or a login.
const PERSONAL: &[&str] = &["user", "tunnel_user"];

/// A name that contains one of these is a secret, whatever list it is on.
const SECRET_WORDS: &[&str] = &[
    "access_key",
    "account_key",
    "api_key",
    "certificate",
    "credential",
    "jwt",
    "passphrase",
    "password",
    "passwd",
    "private_key",
    "pwd",
    "sas_url",
    "secret",
    "signature",
    "token",
];

/// Names that Fivetran itself marks as secret, one a line: the second net.
const MARKED_SECRET: &str = include_str!("sensitive_settings.txt");

/// Yes-or-no settings whose names sound like a secret and are none.
const NOT_SECRET: &[&str] = &["is_keypair", "is_private_key_encrypted", "use_api_keys"];

/// Values longer than this are not settings but contents.
const MAX_TEXT: usize = 512;

/// Settings kept by value, in canonical order.
pub type Kept<'a> = BTreeMap<&'a str, Node<'a>>;

/// Sifts a config. `None` when there is none. Withheld settings are added to `withheld` by name,
/// below `/config`.
pub fn sift<'a>(config: &'a Field<Free<'_>>, out: &Emit<'_>, withheld: &mut Vec<Withheld>) -> Option<Kept<'a>> {
    let mut kept = Kept::new();
    for (name, value) in &config.get()?.0 {
        match keep(name, value, out) {
            Ok(Some(value)) => {
                kept.insert(name, value);
            }
            Ok(None) => {}
            Err(reason) => withheld.push(Withheld { pointer: format!("/config/{}", escape(name)), reason }),
        }
    }
    Some(kept)
}

/// The value as it is kept; `Ok(None)` for null, which says nothing.
fn keep<'a>(name: &str, value: &'a Node<'_>, out: &Emit<'_>) -> Result<Option<Node<'a>>, WithheldReason> {
    if *value == Node::Null {
        return Ok(None);
    }
    let lower = name.to_ascii_lowercase();
    let sounds_secret = SECRET_WORDS.iter().any(|word| lower.contains(word)) || is_marked_secret(&lower);
    if is_masked(value) || (sounds_secret && !NOT_SECRET.contains(&lower.as_str())) {
        return Err(WithheldReason::Secret);
    }
    if !KEPT.contains(&lower.as_str()) {
        return Err(WithheldReason::UnknownSetting);
    }
    match value {
        Node::Array(items) => items
            .iter()
            .map(|item| keep_plain(&lower, item, out))
            .collect::<Result<Vec<_>, _>>()
            .map(|items| Some(Node::Array(items))),
        value => keep_plain(&lower, value, out).map(Some),
    }
}

fn keep_plain<'a>(name: &str, value: &'a Node<'_>, out: &Emit<'_>) -> Result<Node<'a>, WithheldReason> {
    match value {
        Node::Bool(value) => Ok(Node::Bool(*value)),
        Node::Int(value) => Ok(Node::Int(*value)),
        Node::Float(value) => Ok(Node::Float(*value)),
        Node::Text(text) if looks_secret(text) => Err(WithheldReason::Secret),
        Node::Text(text) if text.len() <= MAX_TEXT => {
            Ok(Node::Text(if PERSONAL.contains(&name) { out.person(text) } else { Cow::Borrowed(text) }))
        }
        _ => Err(WithheldReason::UnknownSetting),
    }
}

fn is_marked_secret(name: &str) -> bool {
    MARKED_SECRET.lines().any(|line| line == name)
}

/// Fivetran masks secrets as six stars.
fn is_masked(value: &Node<'_>) -> bool {
    value.text().is_some_and(|text| text.len() >= 3 && text.bytes().all(|byte| byte == b'*'))
}

/// Private keys, JSON web tokens, and URLs or connection strings that carry a credential.
fn looks_secret(text: &str) -> bool {
    let url_with_more = text
        .split_once("://")
        .is_some_and(|(_, rest)| rest.contains(['?', '#']) || rest.split('/').next().is_some_and(|a| a.contains('@')));
    let lower = text.to_ascii_lowercase();
    url_with_more
        || text.contains("-----BEGIN") && text.contains("PRIVATE KEY")
        || text.starts_with("eyJ") && text.contains('.')
        || ["password=", "pwd=", "accountkey=", "sharedaccess"].iter().any(|mark| lower.contains(mark))
}

/// RFC 6901.
fn escape(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::privacy::Privacy;
    use crate::instant::Instant;
    use serde_json::{Value, json};

    fn check(config: Value, want_kept: Value, want_withheld: &[(&str, WithheldReason)]) {
        let privacy = Privacy::Full;
        let out = Emit {
            account: "acc",
            wanted: &[],
            since: None,
            privacy: &privacy,
            spread_days: 1,
            now: Instant(0),
            records: Vec::new(),
        };
        let mut withheld = Vec::new();
        let text = config.to_string();
        let config = Field::from(Node::read(&text).unwrap());
        let kept = sift(&config, &out, &mut withheld);
        assert_eq!(serde_json::to_value(kept).ok(), Some(want_kept));
        withheld.sort();
        let want: Vec<_> =
            want_withheld.iter().map(|(p, reason)| Withheld { pointer: (*p).into(), reason: *reason }).collect();
        assert_eq!(withheld, want);
    }

    #[test]
    fn keeps_what_matters_and_lists_the_rest() {
        check(
            json!({"host": "db.example.com", "port": "5432", "password": "******", "fake": 1, "empty": null, "always_encrypted": false}),
            json!({"host": "db.example.com", "port": "5432", "always_encrypted": false}),
            &[("/config/fake", WithheldReason::UnknownSetting), ("/config/password", WithheldReason::Secret)],
        );
    }

    #[test]
    fn withholds_secrets_under_innocent_names() {
        for value in [
            "******",
            "-----BEGIN RSA PRIVATE KEY-----x",
            "eyJhbGciOiJIUzI1NiJ9.e30.x",
            "https://user:pw@example.com/",
            "https://example.com/?sig=abc",
            "Server=x;Password=y",
        ] {
            check(json!({"host": value}), json!({}), &[("/config/host", WithheldReason::Secret)]);
        }
    }

    #[test]
    fn withholds_by_name_even_what_is_not_masked() {
        for name in ["storage_account_key", "client_secret", "Api_Token", "sas_url"] {
            let pointer = format!("/config/{name}");
            check(json!({name: "in the clear"}), json!({}), &[(&pointer, WithheldReason::Secret)]);
        }
    }

    #[test]
    fn what_fivetran_marks_as_secret_is_on_no_list_of_ours() {
        assert!(is_marked_secret("client_secret") && is_marked_secret("tenant_id"));
        for name in KEPT.iter().chain(NOT_SECRET) {
            assert!(!is_marked_secret(name), "{name} is on both lists");
        }
    }

    #[test]
    fn never_keeps_nested_objects() {
        check(
            json!({"host": {"a": 1}, "hosts": ["a", {"b": 2}]}),
            json!({}),
            &[("/config/host", WithheldReason::UnknownSetting), ("/config/hosts", WithheldReason::UnknownSetting)],
        );
        check(json!({"hosts": ["a", "b"]}), json!({"hosts": ["a", "b"]}), &[]);
    }
}

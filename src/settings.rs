//! Which settings of connections, destinations and log services are kept by value: an allow-list of names. See
//! `source_kit::record::sift` for the rules.

use source_kit::record::sift::Lists;

/// All lists.
pub const LISTS: Lists = Lists {
    kept: KEPT,
    personal: PERSONAL,
    secret_words: SECRET_WORDS,
    not_secret: NOT_SECRET,
    marked_secret: MARKED_SECRET,
};

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

/// Kept settings that name a person or a login.
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

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;
    use serde_json::{Value, json};
    use source_kit::base::model::{Withheld, WithheldReason};
    use source_kit::base::timestamp::Timestamp;
    use source_kit::read::node::Node;
    use source_kit::record::privacy::Privacy;
    use source_kit::{Emit, Field};

    fn check(config: Value, want_kept: Value, want_withheld: &[(&str, WithheldReason)]) {
        let privacy = Privacy::Full;
        let out = Emit {
            source: "fivetran",
            account: "acc",
            wanted: &[],
            since: None,
            privacy: &privacy,
            spread_days: 1,
            now: Timestamp(0),
            records: Vec::new(),
        };
        let mut withheld = Vec::new();
        let text = config.to_string();
        let config = Field::from(Node::read(&text).unwrap());
        let kept = LISTS.sift(&config, &out, &mut withheld);
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
        assert!(LISTS.marks_secret("client_secret") && LISTS.marks_secret("tenant_id"));
        for name in KEPT.iter().chain(NOT_SECRET) {
            assert!(!LISTS.marks_secret(name), "{name} is on both lists");
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

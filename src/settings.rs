//! Which settings of connections, destinations and log services are kept by value: an allow-list of names,
//! each with the shape of its values. See `source_kit::record::sift` for the rules.

use source_kit::record::shape::Shape::{self, Arn, Flag, Host, Login, Name, Number, Origin, Path, Region, Word};
use source_kit::record::sift::Lists;

/// All lists.
pub const LISTS: Lists =
    Lists { kept: KEPT, secret_words: SECRET_WORDS, not_secret: NOT_SECRET, marked_secret: MARKED_SECRET };

/// Settings that say how data is reached, protected, placed and limited. Names as in Fivetran's
/// configs, <https://fivetran.com/docs/rest-api/api-reference/connections/create-connection>.
const KEPT: &[(&str, Shape)] = &[
    ("account_url", Origin),
    ("always_encrypted", Flag),
    ("api_type", Word),
    ("auth", Word),
    ("auth_method", Word),
    ("auth_mount_path", Path),
    ("auth_type", Word),
    ("authentication_method", Word),
    ("aws_account_id", Name),
    ("aws_bucket_auth_type", Word),
    ("aws_region_code", Region),
    ("bucket", Name),
    ("bucket_name", Name),
    ("bucket_region", Region),
    ("catalog", Name),
    ("cloud_provider", Word),
    ("cloud_storage_type", Word),
    ("cluster_id", Name),
    ("cluster_identifier", Name),
    ("cluster_region", Region),
    ("connection_method", Word),
    ("connection_service_id", Name),
    ("connection_service_name", Name),
    ("connection_type", Word),
    ("create_external_tables", Flag),
    ("data_center", Region),
    ("data_set_location", Region),
    ("database", Name),
    ("database_name", Name),
    ("default_virtual_warehouse", Name),
    ("delete_capture_enabled", Flag),
    ("enable_mtls_connection", Flag),
    ("enable_ssl", Flag),
    ("enable_tls", Flag),
    ("environment", Word),
    ("environment_id", Name),
    ("external_location", Origin),
    ("external_storage_cloud_provider", Word),
    ("external_storage_provider", Word),
    ("fivetran_role_arn", Arn),
    ("host", Host),
    ("hosts", Host),
    ("http_path", Path),
    ("is_account_level_connector", Flag),
    ("is_ftps", Flag),
    ("is_keypair", Flag),
    ("is_multi_entity_feature_enabled", Flag),
    ("is_private_key_encrypted", Flag),
    ("is_private_link_required", Flag),
    ("is_public", Flag),
    ("is_redshift_serverless", Flag),
    ("is_secure", Flag),
    ("is_single_table_mode", Flag),
    ("is_vendor", Flag),
    ("lakehouse_name", Name),
    ("log_group_name", Name),
    ("loki_url", Origin),
    ("namespace", Name),
    ("networking_method", Word),
    ("package_id", Name),
    ("pls_id", Name),
    ("port", Number),
    ("prefix", Path),
    ("prefix_path", Path),
    ("private_connection_service_id", Name),
    ("private_link_id", Name),
    ("project_id", Name),
    ("proxy_agent_id", Name),
    ("publication_name", Name),
    ("python_version", Word),
    ("region", Region),
    ("replication_slot", Name),
    ("require_tls", Flag),
    ("role", Name),
    ("s3_bucket", Name),
    ("s3_bucket_auth_type", Word),
    ("schema", Name),
    ("schema_prefix", Name),
    ("security_protocol", Word),
    ("server_host_name", Host),
    ("sftp_host", Host),
    ("sftp_port", Number),
    ("site_address", Origin),
    ("snapshot_retention_period", Word),
    ("snapshot_type", Word),
    ("ssl_mode", Word),
    ("storage_account_name", Name),
    ("storage_provider", Word),
    ("sub_domain", Origin),
    ("sub_resource_name", Name),
    ("subdomain", Origin),
    ("sync_mode", Word),
    ("table", Name),
    ("tls", Word),
    ("tunnel_host", Host),
    ("tunnel_port", Number),
    ("tunnel_user", Login),
    ("update_method", Word),
    ("use_api_keys", Flag),
    ("use_oauth", Flag),
    ("use_ssl", Flag),
    ("use_webhooks", Flag),
    ("user", Login),
    ("vault_address", Origin),
    ("vault_name", Name),
    ("vault_url", Origin),
    ("vpce_id", Name),
    ("workspace_id", Name),
    ("workspace_name", Name),
];

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
    use source_kit::record::privacy::{FreeText, Privacy};
    use source_kit::{Emit, Field};

    fn check(config: Value, want_kept: Value, want_withheld: &[(&str, WithheldReason)]) {
        let privacy = Privacy::Full;
        let out = Emit {
            urn: "fivetran",
            account: "acc",
            wanted: &[],
            since: None,
            privacy: &privacy,
            free_text: FreeText::Withheld,
            spread_days: 1,
            now: Timestamp(0),
            records: Vec::new(),
            unknown: Vec::new(),
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
        for name in KEPT.iter().map(|(name, _)| name).chain(NOT_SECRET) {
            assert!(!LISTS.marks_secret(name), "{name} is on both lists");
        }
    }

    #[test]
    fn never_keeps_nested_objects() {
        check(
            json!({"host": {"a": 1}, "hosts": ["a", {"b": 2}]}),
            json!({"hosts": ["a"]}),
            &[("/config/host", WithheldReason::UnknownSetting), ("/config/hosts/1", WithheldReason::UnknownSetting)],
        );
        check(json!({"hosts": [{"b": 2}]}), json!({}), &[("/config/hosts/0", WithheldReason::UnknownSetting)]);
        check(json!({"hosts": []}), json!({"hosts": []}), &[]);
        check(json!({"hosts": ["a", "b"]}), json!({"hosts": ["a", "b"]}), &[]);
    }

    /// What a review put into kept settings and found in the evidence.
    #[test]
    fn what_is_not_what_the_setting_holds_is_withheld() {
        use WithheldReason::{Secret, UnknownSetting};
        let config = json!({
            "host": "admin:s3cret@db", "hosts": ["db1:27017", "root:s3cret@db2"], "port": "s3cret",
            "site_address": "https://acme.example.com/s3cret", "use_api_keys": "sk-live-s3cret",
            "external_location": "https://acme.blob.example.net/raw?sv=1&sig=s3cret", "subdomain": "ghp_s3cretS3cretS3cretS3cret",
            "environment": "xoxb-2345678901-s3crets3cret", "region": "S3cret=", "vault_url": "vault.example.com:8200/v1/s3cret",
            "account_url": "https://user:pw/s3cret@acme.example.com/", "tunnel_user": "ada:s3cret",
            "database": "app;Pwd=s3cret", "http_path": "/sql?token=s3cret", "auth": "Bearer s3cret",
            "bucket": "s3://key:s3cret@bucket", "fivetran_role_arn": "s3cret", "is_public": "s3cret",
        });
        check(
            config,
            json!({
                "hosts": ["db1:27017"], "site_address": "https://acme.example.com",
                "external_location": "https://acme.blob.example.net", "vault_url": "vault.example.com:8200",
            }),
            &[
                ("/config/account_url", Secret),
                ("/config/auth", UnknownSetting),
                ("/config/bucket", Secret),
                ("/config/database", Secret),
                ("/config/environment", Secret),
                ("/config/external_location", Secret),
                ("/config/fivetran_role_arn", UnknownSetting),
                ("/config/host", Secret),
                ("/config/hosts/1", Secret),
                ("/config/http_path", Secret),
                ("/config/is_public", UnknownSetting),
                ("/config/port", UnknownSetting),
                ("/config/region", UnknownSetting),
                ("/config/site_address", Secret),
                ("/config/subdomain", Secret),
                ("/config/tunnel_user", UnknownSetting),
                ("/config/use_api_keys", UnknownSetting),
                ("/config/vault_url", Secret),
            ],
        );
    }

    #[test]
    fn booleans_and_numbers_may_come_as_texts() {
        let config =
            json!({"enable_ssl": "TRUE", "is_public": false, "port": "5432", "tunnel_port": 22, "aws_account_id": 123});
        check(config.clone(), config, &[]);
    }
}

//! What the config of a connection looks like, service by service: names and types as documented,
//! secrets masked with six stars.

use super::account::Account;
use super::code::packages;
use super::random::Dice;
use serde_json::{Value, json};

/// The config of connection `index`, which is of `service` and reached by `method`.
pub fn config(account: &Account, index: usize, service: &str, method: &str) -> Value {
    let dice = account.dice("connection", index);
    match service {
        "postgres" | "mysql_rds" | "sql_server_rds" => database(dice, index, service, method),
        "s3" if dice.chance("access-key", 30) => json!({
            "bucket": format!("landing-{index}"), "prefix": "in/", "auth_type": "ACCESS_KEY", "access_key_id": "AKIAEXAMPLE",
            "access_key_secret": "******", "is_public": false, "file_type": "json", "json_delivery_mode": "Packed", "on_error": "skip",
        }),
        "s3" => json!({
            "bucket": format!("landing-{index}"), "prefix": "in/", "auth_type": "IAM_ROLE", "role_arn": "******",
            "is_public": false, "file_type": "csv", "pattern": ".*", "append_file_option": "upsert_file", "external_id": "simulated",
        }),
        "salesforce" => json!({
            "authentication_method": "STANDARD", "base_url": "https://acme.my.example.com", "api_usage_limit": 75,
            "sync_formula_fields": false, "connecting_user_email": "sync@example.com", "organization_id": dice.hex("organization", 15),
        }),
        "github" => json!({
            "auth_mode": "PersonalAccessToken", "username": "acme-bot", "pats": ["******"], "sync_mode": "SpecificRepositories",
            "repositories": ["acme/app", "acme/infrastructure"], "use_webhooks": true,
        }),
        "google_analytics_4" => json!({
            "sync_mode": "SPECIFIC_ACCOUNTS", "accounts": [format!("accounts/{index}")], "properties": [format!("properties/{index}")],
            "timeframe_months": "TWELVE",
        }),
        "netsuite_suiteanalytics" => json!({
            "account": format!("{}_SB1", 1_000_000 + index), "host": "acme.connect.api.example.com", "port": "1708", "role": "57",
            "email": "sync@example.com", "consumer_key": "******", "consumer_secret": "******", "token_key": "******",
            "token_secret": "******", "datasource": "NetSuite2.com",
        }),
        "connector_sdk" => json!({
            "package_id": account.id_of("package", index % packages(account)), "python_version": "3.12", "secrets_list": [{"key": "API_TOKEN", "value": "******"}],
        }),
        "fivetran_log" => json!({"is_account_level_connector": dice.chance("account-level", 30)}),
        "google_sheets" => json!({
            "auth_type": "ServiceAccount", "sheet_id": "https://docs.example.com/spreadsheets/d/abc?usp=sharing", "named_range": "export",
        }),
        _ => {
            json!({"api_key": "******", "historical_sync_time_frame": "ALL_TIME", "support_connected_accounts_sync": false})
        }
    }
}

/// A database: how it is reached and protected depends on the method.
fn database(dice: Dice, index: usize, service: &str, method: &str) -> Value {
    let mut config = json!({
        "host": format!("db{index}.example.com"), "database": "app", "user": "replicator", "password": "******",
        "always_encrypted": dice.chance("tls", 80), "connection_type": method, "public_key": "ssh-rsa AAAAB3NzaC1yc2E fivetran user key\n",
    });
    let more = match service {
        "postgres" => json!({
            "port": 5432, "auth_method": dice.word("auth", &["PASSWORD", "AWS_IAM"]), "update_method": "WAL_PGOUTPUT",
            "replication_slot": "fivetran", "publication_name": "fivetran",
        }),
        "mysql_rds" => {
            json!({"port": 3306, "auth_method": "PASSWORD", "update_method": "BINLOG", "replica_id": 4_000_000 + index})
        }
        _ => json!({"port": 1433, "update_method": "TELEPORT"}),
    };
    let tunnel = json!({"tunnel_host": "bastion.example.com", "tunnel_port": 22, "tunnel_user": "fivetran"});
    for part in [Some(more), (method == "SshTunnel").then_some(tunnel)].into_iter().flatten() {
        if let (Some(config), Value::Object(part)) = (config.as_object_mut(), part) {
            config.extend(part);
        }
    }
    config
}

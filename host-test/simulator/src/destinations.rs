//! Destinations: one for each group but the last.

use super::account::Account;
use super::network::{AGENTS, LINKS};
use serde_json::{Value, json};

const SERVICES: &[&str] =
    &["snowflake", "big_query", "redshift", "databricks", "postgres_warehouse", "managed_data_lake"];
const REGIONS: &[&str] = &["GCP_US_EAST4", "AWS_EU_CENTRAL_1", "AZURE_UKSOUTH", "AWS_US_EAST_1", "GCP_EUROPE_WEST3"];

impl Account {
    /// A destination as the list shows it: without its config.
    pub fn destination(&self, index: usize) -> Value {
        let dice = self.dice("destination", index);
        let method =
            dice.pick("networking", &["Directly", "PrivateLink", "SshTunnel", ""]).filter(|method| !method.is_empty());
        json!({
            "id": self.group_id(index),
            "group_id": self.group_id(index),
            "service": dice.word("service", SERVICES),
            "region": dice.word("region", REGIONS),
            "time_zone_offset": dice.word("offset", &["-8", "-5", "0", "+3"]),
            "setup_status": dice.word("status", &["CONNECTED", "connected", "connected", "INCOMPLETE", "broken"]),
            "daylight_saving_time_enabled": dice.chance("dst", 60),
            "networking_method": method,
            "private_link_id": (method == Some("PrivateLink")).then(|| self.id_of("private-link", index % LINKS)),
            "hybrid_deployment_agent_id": dice.chance("agent", 10).then(|| self.id_of("agent", index % AGENTS)),
        })
    }

    /// A destination with its config and its last setup test.
    pub fn destination_details(&self, index: usize) -> Value {
        let dice = self.dice("destination", index);
        let mut details = self.destination(index);
        let tests = ["Host Connection", "Database Connection", "Permission Test"].map(|title| {
            let failed = dice.chance(title, 8);
            json!({"title": title, "status": if failed { "FAILED" } else { "PASSED" }, "message": if failed { "Connection refused" } else { "" }})
        });
        if let Some(details) = details.as_object_mut() {
            details.insert("setup_tests".into(), Value::from(tests.to_vec()));
            details.insert("config".into(), self.destination_config(index));
        }
        details
    }

    fn destination_config(&self, index: usize) -> Value {
        let dice = self.dice("destination", index);
        match dice.word("service", SERVICES) {
            "snowflake" => json!({
                "host": format!("acme-{index}.snowflakecomputing.example.com"), "port": 443, "database": "FIVETRAN",
                "auth": dice.word("auth", &["PASSWORD", "KEY_PAIR"]), "user": "FIVETRAN_USER", "role": "LOADER",
                "password": "******", "private_key": "******", "is_private_key_encrypted": "false",
                "connection_type": dice.word("type", &["Directly", "PRIVATE_LINK"]),
                "external_storage_cloud_provider": "AZURE", "storage_account_name": "acmelake",
                "storage_account_key": "in-the-clear-though-secret",
            }),
            "big_query" => json!({
                "project_id": format!("acme-{index}"), "data_set_location": "EU", "bucket": "acme-staging",
                "secret_key": "******", "support_json_type": false,
            }),
            "redshift" => json!({
                "host": format!("dw{index}.db.example.com"), "port": "5439", "database": "dw", "user": "loader",
                "password": "******", "auth_type": "PASSWORD", "connection_type": "SSH_TUNNEL", "always_encrypted": true,
                "tunnel_host": "bastion.example.com", "tunnel_port": "22", "tunnel_user": "fivetran",
            }),
            "postgres_warehouse" => json!({
                "host": format!("dw{index}.db.example.com"), "port": 5432, "database": "dw", "user": "loader",
                "password": "******", "auth_method": "PASSWORD", "connection_type": "Directly", "always_encrypted": false,
            }),
            "databricks" => json!({
                "server_host_name": format!("adb-{index}.azuredatabricks.example.net"), "port": 443, "http_path": "/sql/1.0/warehouses/abc",
                "catalog": "main", "auth_type": "OAUTH2", "oauth2_client_id": "client", "oauth2_secret": "******",
                "personal_access_token": "******", "create_external_tables": "false",
            }),
            _ => json!({
                "storage_provider": "AWS", "bucket": "acme-lake", "prefix_path": "raw/", "region": "eu-central-1",
                "fivetran_role_arn": "arn:aws:iam::111122223333:role/fivetran", "connection_type": "Directly",
                "snapshot_retention_period": "ONE_WEEK", "should_maintain_tables_in_glue": true,
            }),
        }
    }
}

//! Connections of many services, in every state that a real account shows.

use super::account::Account;
use super::random::Stamp;
use serde_json::{Value, json};

const SERVICES: &[&str] = &[
    "postgres", "mysql_rds", "salesforce", "google_analytics_4", "s3", "github", "stripe", "netsuite_suiteanalytics",
    "connector_sdk", "fivetran_log", "google_sheets", "sql_server_rds",
];

/// A stamp, null, or what some fields hold instead of null.
pub enum Moment {
    /// Null.
    Never,
    /// 1970.
    Placeholder,
    /// A real one.
    At(Stamp),
}

impl Moment {
    fn json(&self) -> Value {
        match self {
            Self::Never => Value::Null,
            Self::Placeholder => Value::from(Stamp::PLACEHOLDER),
            Self::At(at) => Value::from(at.text()),
        }
    }

    /// The instant, if it is a real one.
    pub fn instant(&self) -> Option<String> {
        match self {
            Self::At(at) => Some(at.normalised()),
            _ => None,
        }
    }
}

impl Account {
    /// When a connection came to be.
    pub fn connection_created_at(&self, index: usize) -> Stamp {
        self.dice("connection", index).stamp("created_at")
    }

    /// When a connection last synced well.
    pub fn connection_succeeded_at(&self, index: usize) -> Moment {
        let dice = self.dice("connection", index);
        match dice.below("succeeded", 20) {
            0..=2 => Moment::Never,
            3 => Moment::Placeholder,
            _ => Moment::At(dice.stamp("succeeded_at")),
        }
    }

    /// When a connection last failed to sync.
    pub fn connection_failed_at(&self, index: usize) -> Moment {
        let dice = self.dice("connection", index);
        match dice.below("failed", 10) {
            0..=2 => Moment::At(dice.stamp("failed_at")),
            _ => Moment::Never,
        }
    }

    /// A connection as the list shows it: without its config.
    pub fn connection(&self, index: usize) -> Value {
        let dice = self.dice("connection", index);
        let service = dice.word("service", SERVICES);
        let method = dice.word("networking", &["Directly", "Directly", "SshTunnel", "PrivateLink", "ProxyAgent"]);
        let daily = dice.chance("daily", 20);
        let mut connection = json!({
            "id": self.connection_id(index),
            "group_id": self.group_id(dice.below("group", self.spec.groups)),
            "service": service,
            "service_version": dice.below("version", 3),
            "schema": format!("{service}_{index}"),
            "paused": dice.chance("paused", 12),
            "pause_after_trial": dice.chance("trial", 5),
            "connected_by": self.connected_by(index),
            "created_at": self.connection_created_at(index).text(),
            "succeeded_at": self.connection_succeeded_at(index).json(),
            "failed_at": self.connection_failed_at(index).json(),
            "sync_frequency": if daily { 1440 } else { 360 },
            "schedule_type": dice.word("schedule", &["auto", "auto", "manual"]),
            "status": self.connection_status(index),
            "networking_method": method,
            "private_link_id": (method == "PrivateLink").then(|| format!("{}", 2000 + index)),
            "proxy_agent_id": (method == "ProxyAgent").then(|| format!("proxy_{index}")),
            "data_delay_sensitivity": dice.word("sensitivity", &["NORMAL", "LOW", "HIGH"]),
            "data_delay_threshold": 0,
            "hybrid_deployment_agent_id": dice.chance("agent", 5).then(|| format!("agent_{index}")),
            "source_sync_details": {},
        });
        if let Some(connection) = connection.as_object_mut() {
            if daily {
                connection.insert("daily_sync_time".into(), Value::from("03:00"));
            }
            if dice.chance("connect-card", 10) {
                let token = format!("eyJhbGciOiJIUzI1NiJ9.eyJjb25uIjoi{}In0.c2ln", dice.hex("token", 24));
                let uri = format!("https://connect.example.com/setup?auth={token}");
                connection.insert("connect_card".into(), json!({"token": token, "uri": uri}));
            }
        }
        connection
    }

    /// Most were connected by a user, some by a user deleted since, some by nobody.
    fn connected_by(&self, index: usize) -> Option<String> {
        let dice = self.dice("connection", index);
        match dice.below("connected-by", 20) {
            0 => None,
            1 | 2 => Some(self.user_id(self.spec.users + dice.below("deleted", 7))),
            _ => Some(self.user_id(dice.below("user", self.spec.users))),
        }
    }

    fn connection_status(&self, index: usize) -> Value {
        let dice = self.dice("connection", index);
        let setup = dice.word("setup", &["connected", "connected", "connected", "connected", "broken", "incomplete"]);
        let tasks = match setup {
            "broken" => json!([{"code": "reconnect", "message": "Reconnect: the password of db.example.com was rejected"}]),
            _ => json!([]),
        };
        let rescheduled = dice.chance("rescheduled", 5);
        json!({
            "setup_state": setup,
            "sync_state": if rescheduled { "rescheduled" } else { dice.word("sync", &["scheduled", "syncing", "paused"]) },
            "update_state": dice.word("update", &["on_schedule", "on_schedule", "delayed"]),
            "is_historical_sync": dice.chance("historical", 10),
            "rescheduled_for": rescheduled.then(|| dice.stamp("rescheduled_for").text()),
            "schema_status": dice.word("schema", &["ready", "ready", "blocked_on_capture"]),
            "tasks": tasks,
            "warnings": if dice.chance("warning", 10) { json!([{"code": "resync_table_warning", "message": "A table was resynced"}]) } else { json!([]) },
        })
    }

    /// A connection with its config and its last setup test.
    pub fn connection_details(&self, index: usize) -> Value {
        let dice = self.dice("connection", index);
        let mut details = self.connection(index);
        let failed = dice.chance("test-failed", 10);
        let test = json!({
            "title": "Connecting to the source",
            "status": if failed { "FAILED" } else { "PASSED" },
            "message": if failed { "Invalid login credentials" } else { "" },
        });
        if let Some(details) = details.as_object_mut() {
            details.insert("setup_tests".into(), Value::from(vec![test]));
            details.insert("config".into(), self.connection_config(index));
        }
        details
    }

    fn connection_config(&self, index: usize) -> Value {
        let dice = self.dice("connection", index);
        match dice.word("service", SERVICES) {
            "postgres" | "mysql_rds" | "sql_server_rds" => json!({
                "host": format!("db{index}.example.com"), "port": 5432, "database": "app", "user": "replicator",
                "password": "******", "auth_method": "PASSWORD", "always_encrypted": dice.chance("tls", 80),
                "update_method": "WAL", "replication_slot": "fivetran", "connection_type": "SshTunnel",
                "tunnel_host": "bastion.example.com", "tunnel_port": 22, "tunnel_user": "fivetran",
                "public_key": "ssh-rsa AAAAB3Nza fivetran",
            }),
            "s3" => json!({
                "bucket": format!("landing-{index}"), "prefix": "in/", "auth_type": "IAM_ROLE", "role_arn": "******",
                "is_public": false, "file_type": "csv", "pattern": ".*", "append_file_option": "upsert_file",
            }),
            "salesforce" => json!({"is_sandbox": false, "domain_host_name": "acme.my.example.com", "client_secret": "******", "auth_type": "OAuth"}),
            "github" => json!({"sync_mode": "AllRepositories", "use_webhooks": true, "personal_access_token": "******", "owner": "acme"}),
            "fivetran_log" => json!({"is_account_level_connector": index % 2 == 0, "schema": "fivetran_metadata"}),
            "connector_sdk" => json!({
                "package_id": format!("package_{index}"), "sync_method": "DIRECT",
                "secrets_list": [{"key": "API_TOKEN", "value": "******"}],
            }),
            "google_sheets" => json!({"sheet_id": "https://docs.example.com/spreadsheets/d/abc?usp=sharing", "named_range": "export", "auth_type": "ServiceAccount"}),
            _ => json!({"account_id": format!("acct_{index}"), "api_key": "******", "sync_mode": "AllAccounts", "secret_key": "******", "is_keypair": false}),
        }
    }
}

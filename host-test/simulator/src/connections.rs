//! Connections of many services, in every state that a real account shows.

use super::account::{Account, FORMER_USERS};
use super::connection_config::config;
use super::keys::MANAGERS;
use super::network::{AGENTS, LINKS, PROXIES};
use super::random::Stamp;
use super::services::SERVICES;
use serde_json::{Value, json};

/// How Fivetran reaches the source.
const METHODS: &[&str] = &["Directly", "Directly", "SshTunnel", "PrivateLink", "ProxyAgent"];

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
    /// What a connection reads.
    pub fn connection_service(&self, index: usize) -> &'static str {
        self.dice("connection", index).word("service", SERVICES)
    }

    /// When a connection came to be.
    pub fn connection_created_at(&self, index: usize) -> Stamp {
        self.dice("connection", index).stamp("created_at")
    }

    /// When a connection last synced well; one whose setup is incomplete never did.
    pub fn connection_succeeded_at(&self, index: usize) -> Moment {
        let dice = self.dice("connection", index);
        match dice.below("succeeded", 20) {
            0..=2 => Moment::Never,
            3 => Moment::Placeholder,
            _ if self.setup_state(index) == "incomplete" => Moment::Never,
            _ => {
                let at = dice.stamp_after("succeeded_at", self.connection_created_at(index));
                Moment::At(if self.has_synced_since(index) { at.later() } else { at })
            }
        }
    }

    /// When a connection last failed to sync.
    pub fn connection_failed_at(&self, index: usize) -> Moment {
        let dice = self.dice("connection", index);
        match dice.below("failed", 10) {
            0..=2 => Moment::At(dice.stamp_after("failed_at", self.connection_created_at(index))),
            _ => Moment::Never,
        }
    }

    /// A connection as the list shows it: without its config.
    pub fn connection(&self, index: usize) -> Value {
        let dice = self.dice("connection", index);
        let service = dice.word("service", SERVICES);
        let method = dice.word("networking", METHODS);
        let daily = dice.chance("daily", 20);
        let mut connection = json!({
            "id": self.connection_id(index),
            "group_id": self.group_id(dice.below("group", self.destinations())),
            "service": service,
            "service_version": dice.below("version", 3),
            "schema": format!("{service}_{index}"),
            "paused": self.is_paused(index),
            "pause_after_trial": dice.chance("trial", 5),
            "connected_by": self.connected_by(index),
            "created_at": self.connection_created_at(index).text(),
            "succeeded_at": self.connection_succeeded_at(index).json(),
            "failed_at": self.connection_failed_at(index).json(),
            "sync_frequency": if daily { 1440 } else { 360 },
            "schedule_type": dice.word("schedule", &["auto", "auto", "manual"]),
            "status": self.connection_status(index),
            "networking_method": method,
            "private_link_id": (method == "PrivateLink").then(|| self.id_of("private-link", index % (LINKS + 1))),
            "proxy_agent_id": (method == "ProxyAgent").then(|| self.id_of("proxy", index % (PROXIES + 1))),
            "data_delay_sensitivity": dice.word("sensitivity", &["NORMAL", "LOW", "HIGH"]),
            "data_delay_threshold": 0,
            // One more than there are: some ids lead nowhere.
            "hybrid_deployment_agent_id": dice.chance("agent", 5).then(|| self.id_of("agent", index % (AGENTS + 1))),
            "external_secrets_manager_id": dice.chance("vault", 8).then(|| self.id_of("esm", index % MANAGERS)),
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
            1 | 2 => Some(self.user_id(self.spec.users + dice.below("deleted", FORMER_USERS))),
            _ => Some(self.user_id(dice.below("user", self.spec.users))),
        }
    }

    fn is_paused(&self, index: usize) -> bool {
        self.dice("connection", index).chance("paused", 12) != self.is_switched(index)
    }

    fn setup_state(&self, index: usize) -> &'static str {
        let states = ["connected", "connected", "connected", "connected", "broken", "incomplete"];
        self.dice("connection", index).word("setup", &states)
    }

    fn connection_status(&self, index: usize) -> Value {
        let dice = self.dice("connection", index);
        let setup = self.setup_state(index);
        let tasks = match setup {
            "broken" => {
                json!([{"code": "reconnect", "message": "Reconnect: the password of db.example.com was rejected"}])
            }
            _ => json!([]),
        };
        let paused = self.is_paused(index);
        let rescheduled = !paused && dice.chance("rescheduled", 5);
        let sync = match (paused, rescheduled) {
            (true, _) => "paused",
            (_, true) => "rescheduled",
            _ => dice.word("sync", &["scheduled", "scheduled", "syncing"]),
        };
        json!({
            "setup_state": setup,
            "sync_state": sync,
            "update_state": dice.word("update", &["on_schedule", "on_schedule", "delayed"]),
            "is_historical_sync": dice.chance("historical", 10),
            "rescheduled_for": rescheduled.then(|| dice.stamp("rescheduled_for").text()),
            "schema_status": dice.word("schema", &["ready", "ready", "blocked_on_capture"]),
            "tasks": tasks,
            "warnings": if dice.chance("warning", 10) { json!([{"code": "resync_table_warning", "message": "A table was resynced"}]) } else { json!([]) },
        })
    }

    /// The active errors of a connection: one for each of its tasks and warnings.
    pub fn connection_errors(&self, index: usize) -> Vec<Value> {
        let status = self.connection_status(index);
        let of = |name: &str| status.get(name).and_then(Value::as_array).cloned().unwrap_or_default();
        let error = |alert: Value| {
            let kind = alert.get("code").and_then(Value::as_str).unwrap_or_default();
            json!({
                "type": kind,
                "title": kind.replace('_', " "),
                "reason": "The source refused the login of user admin",
                "message": alert.get("message"),
                "created_at": self.dice("connection-error", index).stamp(kind).text(),
            })
        };
        of("tasks").into_iter().chain(of("warnings")).map(error).collect()
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
            let (service, method) = (dice.word("service", SERVICES), dice.word("networking", METHODS));
            details.insert("config".into(), config(self, index, service, method));
        }
        details
    }
}

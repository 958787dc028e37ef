//! Code of the customer: connector packages, transformations and their projects; and the catalogue
//! of connector types.

use super::account::Account;
use super::random::{Dice, Stamp};
use super::services::SERVICES;
use serde_json::{Value, json};

/// How many transformation projects there are.
pub const PROJECTS: usize = 2;

/// How many packages there are.
pub fn packages(account: &Account) -> usize {
    1 + account.spec.connections / 20
}

/// A package of connector code.
pub fn package(account: &Account, index: usize) -> Value {
    let dice = account.dice("package", index);
    let created = dice.stamp("created_at");
    let connection = (account.spec.connections > 0 && index > 0)
        .then(|| account.connection_id(dice.below("connection", account.spec.connections)));
    json!({
        "id": account.id_of("package", index),
        "connection_ids": connection.iter().collect::<Vec<_>>(),
        "connection_id": connection,
        "created_by": account.someone(dice),
        "last_updated_by": account.someone(account.dice("package-update", index)),
        "created_at": created.text(),
        "updated_at": dice.stamp_after("updated_at", created).text(),
        "file_sha256_hash": dice.hex("hash", 64),
    })
}

/// A transformation: dbt or Quickstart.
pub fn transformation(account: &Account, index: usize) -> Value {
    let dice = account.dice("transformation", index);
    let created = dice.stamp("created_at");
    let started = dice.chance("run", 80).then(|| dice.stamp_after("last_started_at", created));
    let ended = started.map(|started| dice.stamp_after("last_ended_at", started));
    let quickstart = index.is_multiple_of(3);
    let config = if quickstart {
        json!({"package_name": "salesforce", "connection_ids": [], "excluded_models": [], "upgrade_available": false})
    } else {
        let command = "dbt run --vars '{token: in-the-clear-though-secret}'";
        json!({"project_id": account.id_of("project", 0), "name": "nightly", "steps": [{"name": "run", "command": command}]})
    };
    let schedule = match index % 4 {
        0 => json!({"schedule_type": "CRON", "cron": ["0 */2 * * *"]}),
        1 => json!({"schedule_type": "INTERVAL", "interval": "60"}),
        2 => json!({"schedule_type": "TIME_OF_DAY", "time_of_day": "04:00", "days_of_week": ["MONDAY", "FRIDAY"]}),
        _ => json!({"schedule_type": "INTEGRATED", "connection_ids": [], "smart_syncing": true}),
    };
    json!({
        "id": account.id_of("transformation", index),
        "type": if quickstart { "QUICKSTART" } else { "DBT_CORE" },
        "status": dice.word("status", &["SUCCEEDED", "SUCCEEDED", "FAILED", "PARTIALLY_SUCCEEDED"]),
        "paused": dice.chance("paused", 15),
        "schedule": schedule,
        "created_at": created.text(),
        "created_by_id": account.someone(dice),
        "last_started_at": started.map(Stamp::text),
        "last_ended_at": ended.map(Stamp::text),
        "output_model_names": ["orders", "customers"],
        "transformation_config": config,
    })
}

/// A transformation project as the list shows it.
pub fn project(account: &Account, index: usize) -> Value {
    let dice = account.dice("project", index);
    json!({
        "id": account.id_of("project", index),
        "type": if index == 0 { "DBT_CORE" } else { "DBT_GIT" },
        "created_at": dice.stamp("created_at").text(),
        "created_by_id": account.someone(dice),
        "group_id": account.group_id(0),
    })
}

/// A project with its settings: environment variables in the clear, as the API shows them.
pub fn project_details(account: &Account, index: usize) -> Value {
    let mut project = project(account, index);
    let remote = match index {
        0 => "git@git.example.com:acme/dbt.git",
        _ => "https://bot:in-the-clear-though-secret@git.example.com/acme/dbt.git",
    };
    if let Some(project) = project.as_object_mut() {
        project.insert("status".into(), if index == 0 { "READY" } else { "ERROR" }.into());
        project.insert("errors".into(), if index == 0 { json!([]) } else { json!(["dbt deps failed"]) });
        project.insert("setup_tests".into(), json!([{"title": "Cloning", "status": "PASSED", "message": ""}]));
        let config = json!({
            "dbt_version": "1.9.2", "default_schema": "marts", "git_remote_url": remote, "git_branch": "main", "folder_path": "/",
            "threads": 4, "target_name": "prod", "public_key": "ssh-rsa AAAAB3NzaC1yc2E simulated",
            "environment_vars": ["DBT_ENV=prod", "DBT_TOKEN=in-the-clear-though-secret"],
        });
        project.insert("project_config".into(), config);
    }
    project
}

/// Services beside those in use.
const MORE: usize = 40;

/// How many connector types there are.
pub fn connector_types() -> usize {
    SERVICES.len() + MORE
}

/// A connector type. Those in use come first.
pub fn connector_type(_: &Account, index: usize) -> Value {
    let dice = Dice::new(0, "connector-type", index);
    let id = SERVICES.get(index).map_or_else(|| format!("service_{index}"), ToString::to_string);
    json!({
        "id": id,
        "name": format!("Service {index}"),
        "type": dice.word("type", &["Database", "API", "Marketing", "Finance"]),
        "description": "Invented.",
        "icon_url": "https://example.com/icon.svg",
        "icons": ["https://example.com/icon.svg"],
        "link_to_docs": "https://example.com/docs",
        "link_to_erd": "https://example.com/erd",
        "connector_class": if dice.chance("lite", 30) { "lite" } else { "standard" },
        "supports_schema_reload": dice.chance("reload", 50),
        "supported_features": [{"id": "COLUMN_HASHING"}, {"id": "CAPTURE_DELETES", "notes": "All tables"}],
        "service_status": dice.word("status", &["general_availability", "beta", "sunset"]),
        "service_status_updated_at": "2025-03-01",
    })
}

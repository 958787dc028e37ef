//! Private links, proxy agents and hybrid deployment agents.

use super::account::Account;
use serde_json::{Value, json};

/// How many private links there are.
pub const LINKS: usize = 4;
/// How many proxy agents there are.
pub const PROXIES: usize = 3;
/// How many hybrid deployment agents there are.
pub const AGENTS: usize = 3;

/// A private link.
pub fn private_link(account: &Account, index: usize) -> Value {
    let dice = account.dice("private-link", index);
    let service = dice.word("service", &["SNOWFLAKE_AWS", "SOURCE_AWS", "REDSHIFT_AWS"]);
    let config = match service {
        "SNOWFLAKE_AWS" => json!({"account_url": "acme.privatelink.example.com", "vpce_id": "vpce-0a1b2c"}),
        "REDSHIFT_AWS" => json!({"aws_account_id": "111122223333", "cluster_identifier": "dw"}),
        _ => json!({"connection_service_name": "com.amazonaws.vpce.eu-central-1.vpce-svc-0a1b2c"}),
    };
    json!({
        "id": account.id_of("private-link", index),
        "name": format!("link_{index}"),
        "region": "AWS_EU_CENTRAL_1",
        "service": service,
        "state": if index == 1 { "FAIL" } else { "OK" },
        "state_summary": if index == 1 { "The endpoint service refused the connection" } else { "" },
        "cloud_provider": "AWS",
        "host": format!("link{index}.privatelink.example.com"),
        "account_id": account.id(),
        "created_at": dice.stamp("created_at").text(),
        "created_by": account.someone(dice),
        "config": config,
    })
}

/// A proxy agent as the list shows it.
pub fn proxy(account: &Account, index: usize) -> Value {
    let dice = account.dice("proxy", index);
    json!({
        "id": account.id_of("proxy", index),
        "account_id": account.id(),
        "display_name": format!("proxy {index}"),
        "region": "GCP_EUROPE_WEST3",
        "registered_at": dice.stamp("registered_at").text(),
        "created_by": account.someone(dice),
        "version": "1.4.2",
        "status": dice.word("status", &["CONNECTED", "CONNECTED", "NOT_CONNECTED"]),
        "connector_count": 1,
        "destination_count": usize::from(account.destinations() > 0),
    })
}

/// A proxy agent and who uses it: a connection, and a destination, which has no schema.
pub fn proxy_details(account: &Account, index: usize) -> Value {
    let dice = account.dice("proxy", index);
    let mut agent = proxy(account, index);
    let mut usage = Vec::new();
    if account.spec.connections > 0 {
        let used = account.connection(dice.below("connection", account.spec.connections));
        usage.push(json!({"id": used.get("id"), "schema": used.get("schema"), "service": used.get("service")}));
    }
    if account.destinations() > 0 {
        let used = account.destination(dice.below("destination", account.destinations()));
        usage.push(json!({"id": used.get("id"), "schema": null, "service": used.get("service")}));
    }
    if let Some(agent) = agent.as_object_mut() {
        agent.remove("connector_count");
        agent.remove("destination_count");
        agent.insert("usage".into(), usage.into());
    }
    agent
}

/// The connections of a proxy agent.
pub fn proxy_connections(account: &Account, index: usize) -> Vec<Value> {
    let dice = account.dice("proxy", index);
    let there = account.spec.connections > 0;
    let id = there.then(|| account.connection_id(dice.below("connection", account.spec.connections)));
    id.into_iter().map(|id| json!({"connection_id": id})).collect()
}

/// A hybrid deployment agent. One was never used.
pub fn hybrid_agent(account: &Account, index: usize) -> Value {
    let dice = account.dice("agent", index);
    let registered = dice.stamp("registered_at");
    let used = if index == 2 {
        super::random::Stamp::PLACEHOLDER.to_string()
    } else {
        dice.stamp_after("last_used_at", registered).text()
    };
    let usage = match account.spec.connections {
        0 => Vec::new(),
        count => vec![account.connection(dice.below("connection", count))],
    };
    let usage: Vec<Value> = usage
        .iter()
        .map(|used| json!({"connection_id": used.get("id"), "schema": used.get("schema"), "service": used.get("service")}))
        .collect();
    json!({
        "id": account.id_of("agent", index),
        "display_name": format!("agent {index}"),
        "group_id": account.group_id(0),
        "registered_at": registered.text(),
        "updated_at": dice.stamp_after("updated_at", registered).text(),
        "last_used_at": used,
        "created_by": account.someone(dice),
        "deployment_type": dice.word("type", &["DOCKER", "KUBERNETES", "PODMAN"]),
        "version": "2.3.0",
        "enabled": true,
        "online": index != 1,
        "usage": usage,
    })
}

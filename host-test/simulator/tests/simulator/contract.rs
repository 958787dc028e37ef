//! Would Fivetran's OpenAPI document pass what the simulator answers? Skipped where it is absent.

use crate::client::{Client, LISTS, serve};
use crate::openapi::Document;
use fivetran_simulator::{AccountSpec, Config, Principal};
use std::collections::{BTreeMap, BTreeSet};

/// Endpoints below an item, as the document writes them, and the list that the item is from.
const ITEMS: &[(&str, &str)] = &[
    ("/v1/users/{userId}", "/v1/users"),
    ("/v1/users/{userId}/groups", "/v1/users"),
    ("/v1/users/{userId}/connections", "/v1/users"),
    ("/v1/teams/{teamId}", "/v1/teams"),
    ("/v1/teams/{teamId}/users", "/v1/teams"),
    ("/v1/teams/{teamId}/groups", "/v1/teams"),
    ("/v1/teams/{teamId}/connections", "/v1/teams"),
    ("/v1/groups/{groupId}", "/v1/groups"),
    ("/v1/groups/{groupId}/public-key", "/v1/groups"),
    ("/v1/groups/{groupId}/service-account", "/v1/groups"),
    ("/v1/destinations/{destinationId}", "/v1/destinations"),
    ("/v1/connections/{connectionId}", "/v1/connections"),
    ("/v1/connections/{connectionId}/schemas", "/v1/connections"),
    ("/v1/connections/{connectionId}/certificates", "/v1/connections"),
    ("/v1/connections/{connectionId}/fingerprints", "/v1/connections"),
    ("/v1/destinations/{destinationId}/certificates", "/v1/destinations"),
    ("/v1/destinations/{destinationId}/fingerprints", "/v1/destinations"),
    ("/v1/external-logging/{logId}", "/v1/external-logging"),
    ("/v1/webhooks/{webhookId}", "/v1/webhooks"),
    ("/v1/system-keys/{keyId}", "/v1/system-keys"),
    ("/v1/external-secrets-managers/{esmId}", "/v1/external-secrets-managers"),
    ("/v1/external-secrets-managers/{esmId}/entities", "/v1/external-secrets-managers"),
    ("/v1/private-links/{privateLinkId}", "/v1/private-links"),
    ("/v1/proxy/{agentId}", "/v1/proxy"),
    ("/v1/proxy/{agentId}/connections", "/v1/proxy"),
    ("/v1/hybrid-deployment-agents/{agentId}", "/v1/hybrid-deployment-agents"),
    ("/v1/connector-sdk/packages/{package_id}", "/v1/connector-sdk/packages"),
    ("/v1/transformations/{transformationId}", "/v1/transformations"),
    ("/v1/transformation-projects/{projectId}", "/v1/transformation-projects"),
];

/// Where the live API differs from the document, and how that is known. The simulator does as the
/// live API does: endpoint, complaint, reason.
const LIVE: &[(&str, &str, &str)] = &[
    ("/v1/roles", "/data/items/*/is_deprecated required", "null in the official client's tests"),
    ("/v1/roles", "/data/items/*/replacement_role_name required", "null for a role that nothing replaces"),
    (
        "/v1/users",
        "/data/items/*/role required",
        "null for who has roles on destinations and connections only (docs example)",
    ),
    ("/v1/users", "/data/items/*/logged_in_at required", "null for who never logged in"),
    ("/v1/users", "/data/items/*/email required", "optional for service accounts (docs)"),
    ("/v1/users", "/data/items/*/user_type undocumented", "newer than the document (docs)"),
    ("/v1/users", "/data/items/*/has_api_key undocumented", "a field of Fivetran's CLI, newer than the document"),
    ("/v1/users/{userId}", "/data/has_api_key undocumented", "as in the list"),
    ("/v1/users/{userId}", "/data/role required", "as in the list"),
    ("/v1/users/{userId}", "/data/logged_in_at required", "as in the list"),
    ("/v1/users/{userId}", "/data/email required", "as in the list"),
    ("/v1/users/{userId}", "/data/user_type undocumented", "as in the list"),
    (
        "/v1/connector-sdk/packages",
        "/data/items/*/connection_ids undocumented",
        "a field of Fivetran's CLI, newer than the document",
    ),
    ("/v1/connector-sdk/packages/{package_id}", "/data/connection_ids undocumented", "as in the list"),
    (
        "/v1/metadata/connector-types",
        "/data/items/*/supports_schema_reload undocumented",
        "a field of Fivetran's CLI, newer than the document",
    ),
    ("/v1/teams", "/data/items/*/role required", "null for a team without an account role"),
    ("/v1/teams/{teamId}", "/data/role required", "as in the list"),
    ("/v1/teams/{teamId}/users", "/data/items/*/created_at required", "absent in the official client's tests"),
    (
        "/v1/connections",
        "/data/items/*/connected_by required",
        "null when no user connected it (docs); optional in the details",
    ),
    ("/v1/destinations", "/data/items/*/setup_status enum", "lower case in live end-to-end tests"),
    ("/v1/destinations/{destinationId}", "/data/setup_status enum", "as in the list"),
    (
        "/v1/destinations/{destinationId}",
        "/data/config/connection_type enum",
        "upper snake case for some services (provider changelog)",
    ),
    (
        "/v1/destinations/{destinationId}",
        "/data/config/port type",
        "numbers come as texts for some services (client tests)",
    ),
    ("/v1/destinations/{destinationId}", "/data/config/tunnel_port type", "as the port"),
    (
        "/v1/destinations/{destinationId}",
        "/data/config/is_private_key_encrypted type",
        "booleans come as texts for some (client tests)",
    ),
    ("/v1/destinations/{destinationId}", "/data/config/create_external_tables type", "as above"),
    (
        "/v1/connections/{connectionId}",
        "/data/config/port type",
        "numbers come as texts for some services (client tests)",
    ),
    (
        "/v1/connections/{connectionId}/schemas",
        "/data/schemas/public undocumented",
        "a map, which the document shows badly",
    ),
    (
        "/v1/external-secrets-managers",
        "/data/items/*/config/namespace type",
        "texts by the description, objects by the schema",
    ),
    (
        "/v1/external-secrets-managers",
        "/data/items/*/config/region type",
        "texts by the description, objects by the schema",
    ),
    (
        "/v1/external-secrets-managers",
        "/data/items/*/config/role_arn type",
        "texts by the description, objects by the schema",
    ),
    (
        "/v1/external-secrets-managers",
        "/data/items/*/config/secret_id type",
        "texts by the description, objects by the schema",
    ),
    (
        "/v1/external-secrets-managers",
        "/data/items/*/config/vault_address type",
        "texts by the description, objects by the schema",
    ),
    (
        "/v1/external-secrets-managers/{esmId}",
        "/data/config/namespace type",
        "texts by the description, objects by the schema",
    ),
    (
        "/v1/external-secrets-managers/{esmId}",
        "/data/config/region type",
        "texts by the description, objects by the schema",
    ),
    (
        "/v1/external-secrets-managers/{esmId}",
        "/data/config/role_arn type",
        "texts by the description, objects by the schema",
    ),
    (
        "/v1/external-secrets-managers/{esmId}",
        "/data/config/secret_id type",
        "texts by the description, objects by the schema",
    ),
    (
        "/v1/external-secrets-managers/{esmId}",
        "/data/config/vault_address type",
        "texts by the description, objects by the schema",
    ),
    ("/v1/metadata/connector-types", "/data/items/*/service_status_updated_at format", "a day (client tests)"),
    ("/v1/private-links", "/data/items/*/config undocumented", "in other schemas of the document"),
    ("/v1/system-keys/{keyId}", "/data/key_value undocumented", "in the document's own example"),
    ("/v1/transformation-projects", "/data/items/*/type enum", "DBT_GIT in the official client's tests"),
    ("/v1/transformation-projects/{projectId}", "/data/type enum", "as in the list"),
    (
        "/v1/transformation-projects/{projectId}",
        "/data/project_config undocumented",
        "in another schema of the document",
    ),
    ("/v1/transformations", "/data/items/*/schedule/interval type", "numbers come as texts for some (client tests)"),
    ("/v1/transformations", "/data/items/*/transformation_config undocumented", "in another schema of the document"),
    ("/v1/transformations/{transformationId}", "/data/schedule/interval type", "as in the list"),
    ("/v1/transformations/{transformationId}", "/data/transformation_config undocumented", "as in the list"),
];

type Complaints = BTreeSet<(String, String)>;

async fn check(document: &mut Document, client: &Client, endpoint: &str, path: &str, all: &mut Complaints) {
    let answer = client.get(path).await;
    if path.ends_with("/schemas") && answer.status == 404 {
        return; // Never loaded.
    }
    assert_eq!(answer.status, 200, "{path}");
    all.extend(
        document.complaints(endpoint, &answer.json()).into_iter().map(|complaint| (endpoint.to_string(), complaint)),
    );
}

/// Every complaint about every answer of an account.
async fn complaints(document: &mut Document, client: &Client) -> Complaints {
    let mut all = Complaints::new();
    check(document, client, "/v1/account/info", "/v1/account/info", &mut all).await;
    for single in ["/v1/external-logging/account", "/v1/external-secrets-managers-entities"] {
        check(document, client, single, single, &mut all).await;
    }
    for (list, _) in LISTS {
        // A page with a cursor, and one with all.
        for limit in [2, 1000] {
            check(document, client, list, &format!("{list}?limit={limit}"), &mut all).await;
        }
    }
    for (endpoint, list) in ITEMS {
        let (before, rest) = endpoint.split_once('{').unwrap();
        let (_, after) = rest.split_once('}').unwrap();
        for item in client.walk(list, 1000).await {
            let path = format!("{before}{}{after}", item["id"].as_str().unwrap());
            check(document, client, endpoint, &path, &mut all).await;
        }
    }
    all
}

#[tokio::test]
async fn answers_obey_the_openapi_document_but_where_the_live_api_does_not() {
    let Some(mut document) = Document::read() else { return };
    let account = AccountSpec { seed: 5, users: 60, teams: 12, groups: 40, connections: 150 };
    let (simulator, client) = serve(Config { account: account.clone(), ..Config::default() }).await;
    let got = complaints(&mut document, &client).await;
    let want: Complaints =
        LIVE.iter().map(|(endpoint, complaint, _)| (endpoint.to_string(), complaint.to_string())).collect();
    let unknown: Vec<_> = got.difference(&want).collect();
    assert!(unknown.is_empty(), "not as documented: {unknown:#?}");
    let stale: Vec<_> = want.difference(&got).collect();
    assert!(stale.is_empty(), "never seen, so no exception is needed: {stale:#?}");
    println!("{} answers, {} known differences", simulator.journal().len(), want.len());
    check_services(&client).await;
}

/// The answers judged were of every service.
async fn check_services(client: &Client) {
    for (list, least) in [("/v1/destinations", 6), ("/v1/connections", 12)] {
        let items = client.walk(list, 1000).await;
        let services: BTreeMap<&str, ()> = items.iter().map(|item| (item["service"].as_str().unwrap(), ())).collect();
        assert!(services.len() >= least, "{list} shows {} services", services.len());
    }
}

#[tokio::test]
async fn the_info_of_a_system_key_obeys_the_document_too() {
    let Some(mut document) = Document::read() else { return };
    let principal = Principal::SystemKey { scopes: ["USER".to_string()].into() };
    let (_simulator, client) = serve(Config { principal, ..Config::default() }).await;
    let mut all = Complaints::new();
    check(&mut document, &client, "/v1/account/info", "/v1/account/info", &mut all).await;
    assert_eq!(all, Complaints::new());
}

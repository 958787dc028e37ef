//! The JSON Schemas in `src/schemas` are written from the content types. When one of them changes:
//! `UPDATE_GOLDEN=1 cargo test --test core schemas`, and read the difference. A change that old readers
//! would stumble over needs a new `schema_version`.

use fivetran_source::table::KINDS;
use fivetran_source::{
    access_grant, account, api_key, audit_event, audit_logging, certificate, connection, connection_error,
    connection_schema, connector_sdk_package, connector_type, destination, external_secrets_manager, fingerprint,
    group, hybrid_deployment_agent, log_service, private_link, proxy_agent, role, sync_run, system_key, team,
    transformation, transformation_project, user, webhook,
};
use schemars::{JsonSchema, generate::SchemaSettings};
use source_kit::record::{coverage, manifest, not_observable};
use std::path::Path;

fn schema_of<T: JsonSchema>() -> String {
    let settings = SchemaSettings::draft2020_12().for_serialize().with(|settings| settings.inline_subschemas = true);
    let schema = settings.into_generator().into_root_schema_for::<T>().to_value();
    serde_json::to_string_pretty(&schema).unwrap() + "\n"
}

fn schemas() -> Vec<(&'static str, String)> {
    vec![
        ("account", schema_of::<account::AccountContent>()),
        ("role", schema_of::<role::RoleContent>()),
        ("user", schema_of::<user::UserContent>()),
        ("team", schema_of::<team::TeamContent>()),
        ("team_membership", schema_of::<team::TeamMembership>()),
        ("access_grant", schema_of::<access_grant::AccessGrant>()),
        ("group", schema_of::<group::GroupContent>()),
        ("destination", schema_of::<destination::DestinationContent>()),
        ("connection", schema_of::<connection::ConnectionContent>()),
        ("connection_schema", schema_of::<connection_schema::ConnectionSchemaContent>()),
        ("certificate", schema_of::<certificate::CertificateContent>()),
        ("fingerprint", schema_of::<fingerprint::FingerprintContent>()),
        ("sync_run", schema_of::<sync_run::SyncRunContent>()),
        ("connection_error", schema_of::<connection_error::ConnectionErrorContent>()),
        ("log_service", schema_of::<log_service::LogServiceContent>()),
        ("webhook", schema_of::<webhook::WebhookContent>()),
        ("system_key", schema_of::<system_key::SystemKeyContent>()),
        ("api_key", schema_of::<api_key::ApiKeyContent>()),
        ("external_secrets_manager", schema_of::<external_secrets_manager::ExternalSecretsManagerContent>()),
        ("private_link", schema_of::<private_link::PrivateLinkContent>()),
        ("proxy_agent", schema_of::<proxy_agent::ProxyAgentContent>()),
        ("hybrid_deployment_agent", schema_of::<hybrid_deployment_agent::HybridDeploymentAgentContent>()),
        ("connector_sdk_package", schema_of::<connector_sdk_package::ConnectorSdkPackageContent>()),
        ("transformation", schema_of::<transformation::TransformationContent>()),
        ("transformation_project", schema_of::<transformation_project::TransformationProjectContent>()),
        ("connector_type", schema_of::<connector_type::ConnectorTypeContent>()),
        ("audit_event", schema_of::<audit_event::AuditEvent>()),
        ("audit_logging", schema_of::<audit_logging::AuditLogging>()),
        ("not_observable", schema_of::<not_observable::Topic>()),
        ("coverage", schema_of::<coverage::CoverageContent>()),
        ("manifest", schema_of::<manifest::ManifestContent>()),
    ]
}

#[test]
fn schemas_are_those_of_the_content_types() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for (kind, schema) in schemas() {
        let is_kits = ["not_observable", "coverage", "manifest"].contains(&kind);
        let file =
            root.join(if is_kits { "source-kit/src/schemas" } else { "src/schemas" }).join(format!("{kind}.json"));
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            std::fs::write(&file, &schema).unwrap();
        }
        let golden = std::fs::read_to_string(&file).unwrap();
        assert_eq!(golden, schema, "{kind}: run with UPDATE_GOLDEN=1 and read the difference");
    }
}

#[test]
fn every_kind_has_its_schema_and_a_catalogue_entry_in_full() {
    let named: Vec<_> = schemas().into_iter().map(|(kind, _)| kind).collect();
    assert_eq!(named, KINDS.iter().map(|kind| kind.id).collect::<Vec<_>>());
    for kind in KINDS {
        assert!(!kind.title.is_empty() && !kind.description.is_empty() && !kind.keywords.is_empty(), "{}", kind.id);
        let (soc2, iso) = fivetran_source::controls::of(kind.id);
        assert!(!soc2.is_empty() && !iso.is_empty(), "{} has no controls", kind.id);
        assert!(kind.content_schema.contains("$schema"), "{} has an empty schema", kind.id);
    }
}

//! The table of resources and the catalogue of kinds. To add a resource: its file, and a line here.

use crate::types::Resource;
use crate::{
    access_grant, account, api_key, audit_event, audit_logging, certificate, connection, connection_error,
    connection_schema, connector_sdk_package, connector_type, destination, external_secrets_manager, fingerprint,
    group, hybrid_deployment_agent, log_service, private_link, proxy_agent, role, sync_run, system_key, team,
    transformation, transformation_project, user, webhook,
};
use source_kit::Kind;
use source_kit::record::{coverage, manifest, not_observable};

/// Every list that is walked, in the order of the evidence, with the parts that are in files of
/// their own. The account itself comes before them. Groups come before what tells which of them
/// export their audit trail, connections before the types of the services that they use.
pub const RESOURCES: &[&Resource] = &[
    &role::RESOURCE,
    &user::RESOURCE.with(&[user::GROUPS, user::CONNECTIONS, api_key::PART]),
    &team::RESOURCE,
    &group::RESOURCE,
    &destination::RESOURCE.with(&[destination::DETAILS, certificate::OF_DESTINATION, fingerprint::OF_DESTINATION]),
    &connection::RESOURCE
        .with(&[
            connection::DETAILS,
            connection_schema::PART,
            certificate::OF_CONNECTION,
            fingerprint::OF_CONNECTION,
            sync_run::PART,
            connection_error::PART,
        ])
        .informing(&[&connector_type::KIND]),
    &log_service::OF_ACCOUNT,
    &log_service::OF_GROUPS,
    &webhook::RESOURCE,
    &system_key::RESOURCE,
    &external_secrets_manager::RESOURCE,
    &private_link::RESOURCE,
    &proxy_agent::RESOURCE,
    &hybrid_deployment_agent::RESOURCE,
    &connector_sdk_package::RESOURCE,
    &transformation::RESOURCE,
    &transformation_project::RESOURCE,
    &connector_type::RESOURCE,
];

/// Every kind of evidence, in the order of the catalogue.
pub const KINDS: &[&Kind] = &[
    &account::KIND,
    &role::KIND,
    &user::KIND,
    &team::KIND,
    &team::MEMBERSHIP_KIND,
    &access_grant::KIND,
    &group::KIND,
    &destination::KIND,
    &connection::KIND,
    &connection_schema::KIND,
    &certificate::KIND,
    &fingerprint::KIND,
    &sync_run::KIND,
    &connection_error::KIND,
    &log_service::KIND,
    &webhook::KIND,
    &system_key::KIND,
    &api_key::KIND,
    &external_secrets_manager::KIND,
    &private_link::KIND,
    &proxy_agent::KIND,
    &hybrid_deployment_agent::KIND,
    &connector_sdk_package::KIND,
    &transformation::KIND,
    &transformation_project::KIND,
    &connector_type::KIND,
    &audit_event::KIND,
    &audit_logging::KIND,
    &not_observable::KIND,
    &coverage::KIND,
    &manifest::KIND,
];

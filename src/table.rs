//! All that knows Fivetran: its protocol (`client`, `retry`, `quota`, `wire`, `resource`) and its resources,
//! one file each. A resource's file never uses another resource's.

pub mod account;
pub mod api_key;
pub mod client;
pub mod connection;
pub mod connection_schema;
pub mod connector_sdk_package;
pub mod connector_type;
pub mod destination;
pub mod envelope;
pub mod external_secrets_manager;
pub mod group;
pub mod hybrid_deployment_agent;
pub mod log_service;
pub mod node;
pub mod notes;
pub mod platform_connector;
pub mod private_link;
pub mod proxy_agent;
pub mod quota;
pub mod resource;
pub mod retry;
pub mod role;
pub mod settings;
pub mod setup_test;
pub mod sync_run;
pub mod system_key;
pub mod team;
pub mod transformation;
pub mod transformation_project;
pub mod url;
pub mod user;
pub mod webhook;
pub mod wire;

use crate::evidence::kind::Kind;
use crate::evidence::{
    access_grant, audit_event, audit_logging, certificate, coverage, fingerprint, manifest, not_observable,
};
use resource::Resource;

/// The one host that is ever called.
pub const HOST: &str = "api.fivetran.com";

/// Every list that is walked, in the order of the evidence, with the parts that stand in files of
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

//! All that knows Fivetran: its protocol (`client`, `retry`, `wire`, `resource`) and its resources,
//! one file each. A resource's file never uses another resource's.

pub mod account;
pub mod client;
pub mod connection;
pub mod destination;
pub mod group;
pub mod resource;
pub mod retry;
pub mod role;
pub mod settings;
pub mod setup_test;
pub mod team;
pub mod user;
pub mod wire;

use crate::evidence::kind::Kind;
use crate::evidence::{access_grant, audit_event, coverage, manifest, not_observable};
use resource::Resource;

/// The one host that is ever called.
pub const HOST: &str = "api.fivetran.com";

/// Every list that is walked, in the order of the evidence. The account itself comes before them.
pub const RESOURCES: &[&Resource] = &[
    &role::RESOURCE,
    &user::RESOURCE,
    &team::RESOURCE,
    &group::RESOURCE,
    &destination::RESOURCE,
    &connection::RESOURCE,
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
    &audit_event::KIND,
    &not_observable::KIND,
    &coverage::KIND,
    &manifest::KIND,
];

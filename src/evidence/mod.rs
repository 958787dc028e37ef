//! What evidence is, whatever it was read from: kinds, records, and the kinds that are not one
//! Fivetran resource.

pub mod access_grant;
pub mod audit_event;
pub mod audit_logging;
pub mod certificate;
pub mod controls;
pub mod coverage;
pub mod emit;
pub mod fingerprint;
pub mod kind;
pub mod manifest;
pub mod not_observable;
pub mod privacy;
pub mod urn;

//! The simulator from outside, over HTTP: does it speak Fivetran's protocol (`protocol`), does it
//! serve the account that it says it does (`account`), and would Fivetran's own description of the
//! API pass its answers (`contract`)? And the places of its audit trail (`trail`): their protocols, and
//! whether it agrees with the account.

#![cfg(test)]

mod account;
mod client;
mod contract;
mod openapi;
mod protocol;
mod trail;

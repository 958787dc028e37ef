//! Collecting on many machines.
//!
//! Workers take turns of tenants from a queue in NATS JetStream; a turn is one page, the same as in a fleet
//! ([`source_fleet::Turn`]). Evidence goes to a [`place::Place`]: a folder, or an object store. Each page is an object
//! that is written once, if it is not there already: whoever comes second adopts what is there. Evidence rests on nothing
//! else: the queue and the state of each tenant, in a key-value bucket, only say where to look.

pub mod broker;
pub mod fetch;
pub mod health;
pub mod inline;
pub mod job;
pub mod ledger;
pub mod metrics;
pub mod nats;
mod next;
pub mod page;
pub mod place;
pub mod reach;
pub mod run;
pub mod seconds;
mod serve;
pub mod submit;
mod take_up;
mod task;
pub mod traces;
pub mod worker;

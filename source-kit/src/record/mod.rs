//! Evidence: kinds and records, what a source is, coverage, and the records every collection ends with.

pub mod answer;
pub mod config;
pub mod coverage;
pub mod emit;
pub mod failure;
pub mod findings;
mod fold;
pub mod identity;
pub mod kind;
pub mod manifest;
pub mod not_observable;
pub mod own;
pub mod part;
pub mod people;
mod people_words;
pub mod privacy;
pub mod problem;
pub mod redact;
pub mod resource;
pub mod secrets;
pub mod shape;
pub mod sift;
pub mod source;
pub mod tally;
pub mod tokens;
pub mod turn;
pub mod vendor;

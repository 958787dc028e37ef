//! What the command line shares with the benchmarks: finding the component, policies, exit codes, text for people.

pub mod component;
pub mod exit;
pub mod pair;
pub mod policies;
pub mod process;
pub mod table;
pub mod text;
pub mod trail;

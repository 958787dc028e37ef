//! What the command line shares with the benchmarks: finding the component, exit codes, text for people.

pub mod component;
pub mod exit;
pub mod pair;
pub mod process;
pub mod text;

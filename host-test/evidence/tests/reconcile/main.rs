//! An account held against its trail, and every way in which they can differ.
#![cfg(test)] // What clippy.toml gives to tests holds for helpers too.

mod checks;
mod collections;
mod gaps;
mod made;
mod since;

//! The core natively, against a fake world that cannot dial: breadth. One program, so that it links once.
#![cfg(test)] // All of it is test code: what clippy.toml gives to tests holds for helpers too.

mod canaries;
mod canonical;
mod changing;
mod collect;
mod config;
mod contract;
mod cursor;
mod docs;
mod drift;
mod estimate;
mod fake;
mod faults;
mod fuzz_corpus;
mod health;
mod histories;
mod kept;
mod layers;
mod lies;
mod meanwhile;
mod people;
mod properties;
mod quota;
mod schemas;
mod shapes;
mod spread;
mod templates;
mod truth;
mod words;

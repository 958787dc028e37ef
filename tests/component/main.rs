//! The built component in wasmtime, against the simulator over loopback: truth. One program, so that it links
//! once and compiles the component once.
#![cfg(test)] // All of it is test code: what clippy.toml gives to tests holds for helpers too.

mod acme;
mod artifact;
mod canary;
mod canary_fields;
mod end_to_end;
mod estimate;
#[path = "../core/fake.rs"]
mod fake;
mod fleet;
mod fleet_bounds;
mod health;
mod network;
mod proxy;
mod resume;
mod runs;
mod sandbox;
mod second_source;
mod support;
#[path = "../core/templates.rs"]
mod templates;
mod trail;
mod wire;
mod witness;

//! The program itself, as a user runs it. One test program, so that it links once.
#![cfg(test)] // All of it is test code: what clippy.toml gives to tests holds for helpers too.

mod bounds;
mod commands;
mod diff;
mod disk;
mod fleet;
mod kill;
mod pace;
mod support;
mod tenants_file;
mod verify;
mod waits;

//! The pure half, with invented rows. One program, so that it links once.
#![cfg(test)] // All of it is test code: what clippy.toml gives to tests holds for helpers too.

mod answers;
mod contents;
mod cursors;
mod docs;
mod remedies;
mod schemas;
mod settings;
mod statements;
mod support;
mod walk;

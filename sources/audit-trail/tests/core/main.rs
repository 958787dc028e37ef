//! The pure half, with invented rows.

mod answers;
mod contents;
mod cursors;
mod schemas;
mod settings;
mod statements;
mod support;
mod walk;

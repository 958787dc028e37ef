//! The pure half, with invented rows.

mod answers;
mod settings;
mod statements;
mod support;

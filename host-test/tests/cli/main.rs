//! The program itself, as a user runs it. One test program, so that it links once.
#![cfg(test)] // All of it is test code: what clippy.toml gives to tests holds for helpers too.

mod bounds;
mod commands;
mod controls;
mod diff;
mod diff_by_hand;
mod disk;
mod doubles;
mod exports;
mod fleet;
mod forgery;
mod init;
mod kill;
mod network;
mod output_folder;
mod outside;
mod pace;
mod pages;
mod policy;
mod reconcile;
mod report;
mod room;
mod said;
mod scale;
mod simulated;
mod support;
mod tenants_file;
mod terminal;
mod trail;
mod vendors;
mod verify;
mod waits;

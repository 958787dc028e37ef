//! `completions` and `man`: what shells and readers of manuals are given, made from the definition of the options.

use clap::{Args, Command};
use clap_complete::Shell;
use host_test::exit;
use host_test::text::{say, say_json};
use serde_json::json;
use source_host::error::{Error, Result};
use std::path::PathBuf;

/// Prints what a shell needs to complete commands and options.
#[derive(Args)]
#[command(after_help = "Examples:
  host-test completions bash > ~/.local/share/bash-completion/completions/host-test
  host-test completions zsh > ~/.zfunc/_host-test
  host-test completions fish > ~/.config/fish/completions/host-test.fish")]
pub struct CompletionsArgs {
    /// The shell.
    #[arg(value_name = "SHELL")]
    shell: Shell,
}

/// Writes a manual page for the program and one for each command.
#[derive(Args)]
#[command(after_help = "Examples:
  host-test man --out ~/.local/share/man/man1")]
pub struct ManArgs {
    /// Folder for the pages; created if it does not exist. Pages of an earlier version are replaced.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Output format.
    #[arg(long, value_enum, default_value_t = super::output::Format::Table)]
    format: super::output::Format,
}

/// Prints the completions.
pub fn completions(args: &CompletionsArgs, mut command: Command) -> Result<u8> {
    let mut script = Vec::new();
    let name = command.get_name().to_string();
    clap_complete::generate(args.shell, &mut command, name, &mut script);
    host_test::text::raw(String::from_utf8_lossy(&script).trim_end());
    Ok(exit::COMPLETE)
}

/// Writes the pages.
pub fn man(args: &ManArgs, command: Command) -> Result<u8> {
    std::fs::create_dir_all(&args.out).map_err(Error::file("create", &args.out))?;
    clap_mangen::generate_to(command, &args.out).map_err(Error::file("write to", &args.out))?;
    match args.format {
        super::output::Format::Json => say_json(&json!({"folder": args.out})),
        super::output::Format::Table => say(format!("read them with: man {}/host-test.1", args.out.display())),
    }
    Ok(exit::COMPLETE)
}

//! What `init` can be told beforehand.

use crate::output::Format;
use crate::target::AccountArgs;
use clap::Args;
use host_test::component::{FileArgs, NetworkArgs};
use std::path::PathBuf;

#[derive(Args)]
#[command(after_help = "Examples:
  host-test init
  host-test init --simulated
  host-test init --credentials-stdin --no-collect --save fivetran.env --units units < pair.txt")]
pub struct InitArgs {
    #[command(flatten)]
    pub file: FileArgs,
    #[command(flatten)]
    pub network: NetworkArgs,
    #[command(flatten)]
    pub account: AccountArgs,
    #[command(flatten)]
    pub answers: Answers,
    /// Output format: json asks nothing, and prints what was checked, collected and written as one document.
    #[arg(long, value_enum, default_value_t = Format::Table)]
    pub format: Format,
}

/// What the dialogue asks for, where no flag says it.
#[derive(Args)]
#[command(next_help_heading = "Answers")]
pub struct Answers {
    /// Read the key from the first line of standard input, and the secret from the second.
    #[arg(long)]
    pub credentials_stdin: bool,
    /// Collect now, into this folder.
    #[arg(long, value_name = "DIR", conflicts_with = "no_collect")]
    pub out: Option<PathBuf>,
    /// Do not collect now.
    #[arg(long)]
    pub no_collect: bool,
    /// Keep key and secret in this new file, which only you can read, for daily runs.
    #[arg(long, value_name = "FILE", conflicts_with = "env_file")]
    pub save: Option<PathBuf>,
    /// The file from which daily runs will have FIVETRAN_API_KEY and FIVETRAN_API_SECRET, where --save does not make it.
    #[arg(long, value_name = "FILE")]
    pub env_file: Option<PathBuf>,
    /// Folder in which each daily run makes one of its own, named by the date.
    #[arg(long, value_name = "DIR", default_value = "fivetran-evidence")]
    pub daily: PathBuf,
    /// Write a systemd service and timer for the daily run into this folder, instead of printing them.
    #[arg(long, value_name = "DIR")]
    pub units: Option<PathBuf>,
}

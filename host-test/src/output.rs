//! Options of every command: how much is printed, in which form, and whether in colours.

use clap::{Args, ColorChoice, ValueEnum};
use host_test::text::{self, Loudness};

#[derive(Args)]
pub struct OutputArgs {
    /// Print nothing but errors, what contradicts or is missing, that an account is simulated, and --format json.
    #[arg(help_heading = "Terminal", short, long, global = true, conflicts_with = "verbose")]
    quiet: bool,
    /// Print more about the run: the component, where requests go, every finding.
    #[arg(help_heading = "Terminal", short, long, global = true)]
    verbose: bool,
    /// When to use colours; auto: on a terminal, unless NO_COLOR is set.
    #[arg(help_heading = "Terminal", long, value_name = "WHEN", default_value_t, global = true)]
    color: ColorChoice,
}

impl OutputArgs {
    /// Lets it hold for all that is printed from now on.
    pub fn apply(&self) {
        let colours = match self.color {
            ColorChoice::Auto => None,
            ColorChoice::Always => Some(true),
            ColorChoice::Never => Some(false),
        };
        text::set(Loudness { quiet: self.quiet, verbose: self.verbose }, colours);
    }
}

/// In which form a result is printed.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// One JSON document on standard output, and nothing else there.
    Json,
    /// For people.
    Table,
}

//! Arguments that several commands share, and those of the plainest commands.

use super::output::Format;
use super::remaining::Expected;
use super::target::TargetArgs;
use clap::{Args, ValueEnum};
use host_test::component::{ComponentArgs, LocalArgs};
use host_test::policies::EgressArgs;
use std::path::PathBuf;

#[derive(Args)]
#[command(after_help = "Examples:
  host-test describe
  host-test describe --format json
  host-test describe --component my_source.wasm --egress policy.json")]
pub struct DescribeArgs {
    #[command(flatten)]
    pub component: LocalArgs,
    #[command(flatten)]
    pub egress: EgressArgs,
    /// Output format.
    #[arg(long, value_enum, default_value_t = Format::Table)]
    pub format: Format,
}

#[derive(Args)]
#[command(after_help = "Examples:
  host-test health
  host-test health --real --depth coverage
  host-test health --simulated --sim-scopes USER,ROLES --depth coverage")]
pub struct HealthArgs {
    #[command(flatten)]
    pub component: ComponentArgs,
    #[command(flatten)]
    pub target: TargetArgs,
    /// Check only the credentials, or every kind of evidence too and what a collection would cost.
    #[arg(long, value_enum, default_value_t = Depth::Credential)]
    pub depth: Depth,
    /// Output format.
    #[arg(long, value_enum, default_value_t = Format::Table)]
    pub format: Format,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Depth {
    Credential,
    Coverage,
}

#[derive(Args)]
#[command(after_help = "Examples:
  host-test collect --out evidence
  host-test collect --real --out evidence --since 2026-01-31T00:00:00Z
  host-test collect --real --out evidence --resume
  host-test collect --real --plan
  host-test collect --out users --kinds user,team,access_grant
  host-test collect --source audit-trail --out trail")]
pub struct CollectArgs {
    #[command(flatten)]
    pub component: ComponentArgs,
    #[command(flatten)]
    pub target: TargetArgs,
    /// Folder for the evidence; created if it does not exist.
    #[arg(
        long,
        value_name = "DIR",
        required = false,
        required_unless_present = "plan",
        default_value_if("plan", "true", ".")
    )]
    pub out: PathBuf,
    /// Say what the collection would cost (calls, share of the hourly quota, minutes), and collect
    /// nothing. Costs one call per list, and one more for each further 1,000 items.
    #[arg(long, conflicts_with_all = ["out", "resume", "check", "signing_key"])]
    pub plan: bool,
    /// Show about how much time is left. Costs the calls of --plan beforehand.
    #[arg(long, conflicts_with = "plan")]
    pub eta: bool,
    /// What it needs, where `init` has just found that out.
    #[arg(skip)]
    pub expected: Option<Expected>,
    /// Output format.
    #[arg(long, value_enum, default_value_t = Format::Table)]
    pub format: Format,
    /// Kinds of evidence to collect; default: all that are on by default (see describe).
    #[arg(long, value_delimiter = ',', value_name = "KIND,…")]
    pub kinds: Vec<String>,
    /// Leave out events before this time.
    #[arg(long, value_name = "RFC3339")]
    pub since: Option<String>,
    /// Requests in flight at once, 1 to 64; default: the source decides.
    #[arg(help_heading = "Budget", long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=64))]
    pub concurrency: Option<u32>,
    /// Records per page, at most; default: the source decides, which costs the fewest calls.
    #[arg(help_heading = "Budget", long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub max_records_per_page: Option<u32>,
    /// Requests per page, at most: nothing is begun that would need more. Retries and further pages of an item
    /// come on top.
    #[arg(help_heading = "Budget", long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub max_requests_per_page: Option<u32>,
    /// Milliseconds per page; work under way is finished.
    #[arg(help_heading = "Budget", long, value_name = "N", default_value_t = 60_000, value_parser = clap::value_parser!(u64).range(1..))]
    pub max_milliseconds_per_page: u64,
    /// Seconds for which a collection that comes no further is tried again. Begins anew with each page that comes
    /// further. Within that time, a wait that the vendor asks for is never cut short, up to one hour.
    #[arg(help_heading = "Budget", long, value_name = "N", default_value_t = 900)]
    pub retry_seconds: u64,
    /// Resume the interrupted collection in --out.
    #[arg(long)]
    pub resume: bool,
    /// Check every record against its kind's JSON Schema (needs a build with --features schema-check).
    #[arg(long)]
    pub check: bool,
    /// Make a page of it too, outside of --out: see report. Its path is the last line that is printed.
    #[arg(long, value_name = "FILE.html", conflicts_with = "plan")]
    pub report: Option<PathBuf>,
    /// Sign the seal with this Ed25519 key (PKCS #8 PEM; see keygen).
    #[arg(long, value_name = "FILE")]
    pub signing_key: Option<PathBuf>,
}

//! The command line: what can be asked for, and how a run ends.

mod bench;
mod collect;
mod describe;
mod diff;
mod exit;
mod fleet;
mod health;
mod plan;
mod process;
mod progress;
mod simulate;
mod target;
mod text;
mod verify;

use clap::{Args, Parser, Subcommand, ValueEnum};
use host_test::engine::{Engine, EngineOptions};
use host_test::error::{Error, Result};
use host_test::plugin::Plugin;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use target::TargetArgs;

/// Runs a compliance:source component: describes it, checks its health, collects evidence.
///
/// Exit codes: 0 complete (diff: compared, whatever was found) · 1 a defect · 2 usage, files or output folder · 3 configuration or
/// credentials · 4 upstream or network · 5 incomplete coverage · 6 denied by policy · 130 interrupted.
#[derive(Parser)]
#[command(name = "host-test", version, about, long_about, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// What the component is: its kinds, what it reads, which permissions it needs.
    Describe(DescribeArgs),
    /// Whether evidence can be collected, and what to do if not.
    Health(HealthArgs),
    /// Collects evidence into a folder, one record a line.
    Collect(Box<CollectArgs>),
    /// Checks a collection offline: digests, hash chain, counts, schemas, seal.
    Verify(verify::VerifyArgs),
    /// What changed between two collections of one account.
    Diff(diff::DiffArgs),
    /// Makes an Ed25519 key for sealing collections.
    Keygen(verify::KeygenArgs),
    /// Serves a made-up Fivetran account over HTTP.
    Simulate(simulate::SimulateArgs),
    /// Collects for many tenants at once, each into its own folder.
    Fleet(Box<fleet::FleetArgs>),
    /// Measures collections of a made-up account, as ratios to what is possible.
    Bench(bench::BenchArgs),
}

#[derive(Args)]
struct ComponentArgs {
    /// The component; default: the one built in this project.
    #[arg(long, env = "HOST_TEST_COMPONENT", value_name = "FILE")]
    component: Option<PathBuf>,
    /// Certificates (PEM) to be trusted besides Mozilla's.
    #[arg(long, value_name = "FILE")]
    ca_file: Option<PathBuf>,
    /// Compile anew instead of using the cache of compiled code.
    #[arg(long)]
    no_cache: bool,
}

#[derive(Args)]
struct DescribeArgs {
    #[command(flatten)]
    component: ComponentArgs,
    /// How to show it.
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Json,
    Table,
}

#[derive(Args)]
struct HealthArgs {
    #[command(flatten)]
    component: ComponentArgs,
    #[command(flatten)]
    target: TargetArgs,
    /// Only the credentials; or every kind of evidence too, and what a collection would cost.
    #[arg(long, value_enum, default_value_t = Depth::Credential)]
    depth: Depth,
    /// How to show it.
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Depth {
    Credential,
    Coverage,
}

#[derive(Args)]
struct CollectArgs {
    #[command(flatten)]
    component: ComponentArgs,
    #[command(flatten)]
    target: TargetArgs,
    /// Folder for the evidence; made if it is not there.
    #[arg(
        long,
        value_name = "DIR",
        required = false,
        required_unless_present = "plan",
        default_value_if("plan", "true", ".")
    )]
    out: PathBuf,
    /// Say what the collection would cost (calls, share of the hourly quota, minutes), and collect
    /// nothing. Costs a call for each list, and one more for each further 1,000 items of it.
    #[arg(long, conflicts_with_all = ["out", "resume", "check", "signing_key"])]
    plan: bool,
    /// How to show the plan.
    #[arg(long, value_enum, default_value_t = Format::Table, conflicts_with = "out")]
    format: Format,
    /// Kinds of evidence; default: all that are on by default (see describe).
    #[arg(long, value_delimiter = ',', value_name = "KIND,…")]
    kinds: Vec<String>,
    /// Leave out events before this instant.
    #[arg(long, value_name = "RFC3339")]
    since: Option<String>,
    /// Requests in flight at once, 1 to 64; default: the source's choice.
    #[arg(long, value_name = "N")]
    concurrency: Option<u32>,
    /// Records in a page at most; default: the source's choice, which costs the fewest calls.
    #[arg(long, value_name = "N")]
    max_records_per_page: Option<u32>,
    /// Requests of a page; the page ends with the item that reaches it.
    #[arg(long, value_name = "N")]
    max_requests_per_page: Option<u32>,
    /// Milliseconds of a page; what is begun is finished.
    #[arg(long, value_name = "N", default_value_t = 60_000)]
    max_milliseconds_per_page: u64,
    /// Go on with the collection in --out that was interrupted.
    #[arg(long)]
    resume: bool,
    /// Check every record against its kind's JSON Schema.
    #[arg(long)]
    check: bool,
    /// Sign the seal with this Ed25519 key (PKCS #8 PEM; see keygen).
    #[arg(long, value_name = "FILE")]
    signing_key: Option<PathBuf>,
}

impl ComponentArgs {
    /// Compiles the component that is meant.
    async fn load(&self) -> Result<Plugin> {
        let none = EngineOptions::default();
        self.engine(none.instances)?.load(&self.file()?).await
    }

    /// An engine with room for so many instances at once.
    fn engine(&self, instances: u32) -> Result<Engine> {
        Engine::new(&EngineOptions { cache: !self.no_cache, ca_file: self.ca_file.clone(), instances })
    }

    /// The component that is meant.
    fn file(&self) -> Result<PathBuf> {
        self.component.clone().map_or_else(built_component, Ok)
    }
}

/// The component that cargo built in the target folder this program lies in.
fn built_component() -> Result<PathBuf> {
    const FILE: &str = "wasm32-wasip2/release/fivetran_source.wasm";
    let program = std::env::current_exe().map_err(Error::file("find", "this program"))?;
    let found = program.ancestors().skip(1).map(|folder| folder.join(FILE)).find(|path| path.is_file());
    found.ok_or_else(|| Error::Usage {
        what: "the component is not built".into(),
        remedy: "run: rustup target add wasm32-wasip2 && cargo build --release --target wasm32-wasip2; or name a file with --component".into(),
    })
}

/// Reads a settings file.
fn read_settings(path: &Path) -> Result<String> {
    std::fs::read_to_string(path).map_err(Error::file("read", path))
}

/// Runs the program.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { exit::USAGE } else { exit::COMPLETE });
        }
    };
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            text::note(format!("error: cannot start: {error}"));
            return ExitCode::from(exit::BUG);
        }
    };
    let outcome = runtime.block_on(async {
        match cli.command {
            Command::Describe(args) => describe::run(&args).await,
            Command::Health(args) => health::run(&args).await,
            Command::Collect(args) if args.plan => plan::run(&args).await,
            Command::Collect(args) => collect::run(&args).await,
            Command::Verify(args) => verify::run(&args).await,
            Command::Diff(args) => diff::run(&args).await,
            Command::Keygen(args) => verify::keygen(&args),
            Command::Simulate(args) => simulate::run(&args).await,
            Command::Fleet(args) => fleet::run(&args).await,
            Command::Bench(args) => bench::run(&args).await,
        }
    });
    runtime.shutdown_background();
    match outcome {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            report(&error);
            ExitCode::from(exit::code(&error))
        }
    }
}

/// Says what went wrong, and what to do.
fn report(error: &Error) {
    match error {
        Error::Configuration(findings) => {
            text::note("error: the configuration was refused");
            for finding in findings {
                text::note(format!(
                    "  {}: {} [{}]",
                    text::plain(&finding.pointer),
                    text::plain(&finding.message),
                    finding.code
                ));
                text::note(format!("    → {}", text::plain(&finding.remedy)));
            }
        }
        Error::Source(failure) => {
            let pointer = failure.pointer.as_deref().map(|pointer| format!("{pointer}: ")).unwrap_or_default();
            text::note(format!("error: {}{}", text::plain(&pointer), text::plain(&failure.message)));
            text::note(format!("  → {}", text::plain(&failure.remedy)));
            if let Some(seconds) = failure.retry_after_seconds {
                text::note(format!("  → come back in {seconds} s"));
            }
            if let Some(id) = &failure.request_id {
                text::note(format!("  request id: {}", text::plain(id)));
            }
        }
        other => text::note(format!("error: {}", text::plain(&other.to_string()))),
    }
}

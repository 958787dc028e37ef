//! The command line: what can be asked for, and how a run ends. Only this program prints, and only it
//! knows exit codes.

mod args;
mod collect;
mod cost;
mod describe;
mod diff;
mod export;
mod fault;
mod files;
mod fleet;
mod folder;
mod health;
mod init;
mod kinds;
mod locate;
mod manual;
mod output;
mod plan;
mod progress;
mod reconcile;
mod remaining;
mod report;
#[cfg(feature = "scale")]
mod scale;
mod schemas;
mod signals;
mod sim_args;
mod simulate;
mod target;
mod verify;
mod warnings;

use args::{CollectArgs, DescribeArgs, HealthArgs};
use clap::{CommandFactory, Parser, Subcommand};
use host_test::exit;
use source_host::error::{Error, Result};
use std::process::ExitCode;

/// Collects compliance evidence with a component that only reads, verifies it, and shows it.
///
/// Exit codes: 0 complete (diff: compared, whatever was found) · 1 a defect · 2 usage, files, output
/// folder or no room · 3 configuration or credentials · 4 upstream or network · 5 incomplete coverage · 6 denied by
/// policy · 10 verify, report, export: contradicted · 11 verify: consistent, and no seal or key was given ·
/// 12 reconcile: the two do not agree · 130 interrupted.
#[derive(Parser)]
#[command(name = "host-test", version, about, long_about, max_term_width = 100, after_help = EXAMPLES)]
struct Cli {
    #[command(flatten)]
    output: output::OutputArgs,
    #[command(subcommand)]
    command: Command,
}

const EXAMPLES: &str = "Examples:
  host-test collect --out evidence
  host-test verify evidence
  host-test report evidence --out report.html
  host-test describe";

#[derive(Subcommand)]
enum Command {
    /// Show what the component is: its kinds, what it reads, which permissions it needs.
    Describe(DescribeArgs),
    /// Check whether evidence can be collected, and what to do if not.
    ///
    /// The key and secret of a real account are read from FIVETRAN_API_KEY and FIVETRAN_API_SECRET; for --source
    /// audit-trail, the token from AUDIT_TRAIL_TOKEN, or Datadog's keys from DD_API_KEY and DD_APPLICATION_KEY. Without
    /// them, a simulated account is read. Exit code 0 when every check passes, 5 when a part cannot be read, else that of
    /// the first check that fails: 3 the key, 4 Fivetran or the network, 6 the policy.
    Health(Box<HealthArgs>),
    /// Set up a first collection of a real account, step by step, and a daily one.
    ///
    /// Says which key to make, checks it, shows what can be read and what that costs, collects if you want it, and shows
    /// how to do so daily. Key and secret are asked for with hidden input, or come from FIVETRAN_API_KEY and
    /// FIVETRAN_API_SECRET or from standard input. They are kept nowhere, unless you ask for a file. Without a terminal,
    /// --out or --no-collect is needed. Exit codes are those of health where nothing is collected, else those of collect.
    Init(Box<init::InitArgs>),
    /// Collect evidence into a folder, one record per line.
    ///
    /// The key and secret of a real account are read from FIVETRAN_API_KEY and FIVETRAN_API_SECRET; for --source
    /// audit-trail, the token from AUDIT_TRAIL_TOKEN, or Datadog's keys from DD_API_KEY and DD_APPLICATION_KEY. Without
    /// them, a simulated account is read. Exit code 5 when not everything that was asked for could be read.
    Collect(Box<CollectArgs>),
    /// Check a collection offline: digests, hash chain, counts, seal.
    ///
    /// Exit code 0 when it is what the given seal or key says, 10 when something contradicts something, 11 when it is
    /// consistent with itself and no seal or key was given.
    Verify(verify::VerifyArgs),
    /// Make one HTML page of a collection, which needs no network: verdict, coverage, findings, access, every record.
    ///
    /// Exit code 10 when the collection contradicts itself or what was given; the page is made all the same, and says so.
    Report(report::ReportArgs),
    /// Show what changed between two collections of one account.
    ///
    /// Changes are found by comparing the two: none is an entry of the vendor's audit log. Exit code 0 whatever is found.
    Diff(diff::DiffArgs),
    /// Write a collection in a format that other tools read: CSV, OSCAL, OCSF or XLSX.
    ///
    /// docs/exports.md says what each holds. Exit code 5 when a kind was not read whole and --incomplete is not given, 10
    /// when the collection contradicts itself; nothing is written then.
    Export(export::ExportArgs),
    /// Find where an account's audit trail is: settings for its source, and the rights to grant.
    ///
    /// Exit code 0 when complete settings were found, 5 when some are missing or there is no audit trail.
    Locate(locate::LocateArgs),
    /// Compare an account with its audit trail: what agrees, what does not, and who changed what.
    ///
    /// Exit code 0 when the two finished collections agree wherever they could be compared, 12 when something does not
    /// agree, 5 when not all could be compared.
    Reconcile(reconcile::ReconcileArgs),
    /// Make an Ed25519 key for sealing collections.
    Keygen(verify::KeygenArgs),
    /// Serve a simulated Fivetran account over HTTP.
    Simulate(simulate::SimulateArgs),
    /// Collect for many tenants at once, each into its own folder.
    ///
    /// Exit code 0 when every tenant is complete; otherwise the most urgent code of any tenant, in the order 130, 1, 6, 3,
    /// 2, 4, 5.
    Fleet(Box<fleet::FleetArgs>),
    /// Take tenants from a queue in NATS, on this machine among others.
    ///
    /// Exit code 0 after a signal, once the pages under way are finished, whatever the tenants' results (see watch); 130
    /// when a second signal cut that short.
    #[cfg(feature = "scale")]
    Worker(Box<scale::worker::WorkerArgs>),
    /// Submit tenants to the NATS queue that workers read.
    #[cfg(feature = "scale")]
    Submit(Box<scale::submit::SubmitArgs>),
    /// Show the state of the tenants in the NATS queue.
    #[cfg(feature = "scale")]
    Watch(Box<scale::watch::WatchArgs>),
    /// Print what a shell needs to complete commands and options.
    Completions(manual::CompletionsArgs),
    /// Write manual pages into a folder.
    Man(manual::ManArgs),
}

/// Runs the program.
fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(mut error) => {
            fault::meant(&mut error);
            let code = if error.use_stderr() { exit::USAGE } else { exit::COMPLETE };
            return ExitCode::from(if fault::print(&error) { code } else { exit::USAGE });
        }
    };
    cli.output.apply();
    files::raise_limit();
    let code = run(cli.command).unwrap_or_else(|error| {
        fault::tell(&error);
        exit::code(&error)
    });
    ExitCode::from(if fault::is_said() { code } else { exit::of_lost_output(code) })
}

/// A thread that writes a page waits for one that the library of a store takes: with as many as there may be tenants at
/// once, none are left. They are made when they are needed.
const BLOCKING_THREADS: usize = 2 * 10_000 + 512;

/// Runs a command; its exit code.
fn run(command: Command) -> Result<u8> {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().max_blocking_threads(BLOCKING_THREADS).enable_all().build();
    let runtime = runtime.map_err(Error::file("start", "this program"))?;
    let outcome = runtime.block_on(done(command));
    runtime.shutdown_background();
    outcome
}

async fn done(command: Command) -> Result<u8> {
    match command {
        Command::Describe(args) => describe::run(&args).await,
        Command::Health(args) => health::run(&args).await,
        Command::Init(args) => init::run(*args).await,
        Command::Collect(args) if args.plan => plan::run(&args).await,
        Command::Collect(args) => collect::run(&args).await,
        Command::Verify(args) => verify::run(&args).await,
        Command::Report(args) => report::run(&args).await,
        Command::Diff(args) => diff::run(&args).await,
        Command::Export(args) => export::run(&args).await,
        Command::Locate(args) => locate::run(&args),
        Command::Reconcile(args) => reconcile::run(&args),
        Command::Keygen(args) => verify::keygen(&args),
        Command::Simulate(args) => simulate::run(&args).await,
        Command::Fleet(args) => fleet::run(&args).await,
        #[cfg(feature = "scale")]
        Command::Worker(args) => scale::worker::run(&args).await,
        #[cfg(feature = "scale")]
        Command::Submit(args) => scale::submit::run(&args).await,
        #[cfg(feature = "scale")]
        Command::Watch(args) => scale::watch::run(&args).await,
        Command::Completions(args) => manual::completions(&args, Cli::command()),
        Command::Man(args) => manual::man(&args, Cli::command()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    /// What is kept by hand: the task runner's two lists, and the table of the README.
    #[test]
    fn lists_of_commands_name_each_command_once() {
        let read = |name: &str| std::fs::read_to_string(format!("{}/../{name}", env!("CARGO_MANIFEST_DIR"))).unwrap();
        let program = Cli::command();
        // Those that are only there with workers have a document of their own.
        let all: BTreeSet<&str> = program
            .get_subcommands()
            .map(clap::Command::get_name)
            .filter(|name| !["worker", "submit", "watch"].contains(name))
            .collect();
        let (dev, readme) = (read("dev"), read("README.md"));
        let lists =
            dev.lines().filter(|line| line.contains(" | describe | ") || line.contains("collect | completions"));
        let lists: Vec<BTreeSet<&str>> = lists
            .map(|line| line.split('|').map(|word| word.trim().trim_end_matches([')', '…', ' '])).collect())
            .collect();
        assert_eq!(lists.len(), 2);
        for list in lists {
            // The help has a line of its own for this one.
            assert_eq!(list.into_iter().chain(["collect"]).collect::<BTreeSet<_>>(), all);
        }
        let table = readme.split_once("| command | what it does |").unwrap().1.split_once("\n\n").unwrap().0;
        let rows = table.lines().filter_map(|row| row.strip_prefix("| ")?.split(" | ").next());
        let told: BTreeSet<&str> = rows
            .flat_map(|cell| cell.split("`, `"))
            .filter_map(|name| name.trim_matches('`').split(' ').next())
            .collect();
        assert_eq!(told, all);
    }

    #[test]
    fn every_command_has_examples_and_all_of_them_are_understood() {
        let program = Cli::command();
        program.clone().debug_assert();
        let commands = program.get_subcommands().cloned().chain([program.clone()]);
        for command in commands {
            let examples = command.get_after_help().map(ToString::to_string).unwrap_or_default();
            let lines: Vec<&str> = examples.lines().filter_map(|line| line.strip_prefix("  ")).collect();
            assert!(!lines.is_empty(), "{} has no examples", command.get_name());
            for line in lines {
                let words = line.split(' ').take_while(|word| ![">", "<"].contains(word));
                let understood = Cli::try_parse_from(words).map(|_| ());
                assert!(understood.is_ok(), "{line}: {}", understood.unwrap_err());
            }
        }
    }
}

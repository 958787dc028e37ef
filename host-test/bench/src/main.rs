//! `bench`: how fast it is, as ratios measured side by side in one run. Absolute times mean little on
//! a shared machine. `docs/performance.md` holds results.

mod child;
mod fleet;
mod growth;
mod listing;
mod memory;
mod native;
mod plot;
mod secure;
mod start;
mod subject;
mod tenants;
mod walk;

use clap::{Parser, Subcommand};
use host_test::component::ComponentArgs;
use host_test::{exit, text};
use source_host::error::Result;
use std::process::ExitCode;

/// Measures collections of a simulated account, as ratios to what is possible.
#[derive(Parser)]
#[command(name = "source-bench", version, about, max_term_width = 100)]
struct Cli {
    #[command(flatten)]
    component: ComponentArgs,
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Many small calls, 50 ms each: against calls × latency / requests in flight.
    Walk(walk::WalkArgs),
    /// A long list: the component against the same core compiled natively, and a bare loop.
    Listing(listing::ListingArgs),
    /// A first health answer from a cold process, and what a tenant costs at its start.
    Start(start::StartArgs),
    /// A long list and one thirty times as long: whether memory grows with the account.
    Memory(memory::MemoryArgs),
    /// Calls, time and bytes of a whole collection, by users, teams, groups and connections.
    Growth(growth::GrowthArgs),
    /// Many tenants: the cost of each, the memory they hold, and what a bad one does to the others.
    Fleet(fleet::FleetArgs),
    /// Runs one of these once and prints a line of JSON: for `fleet`.
    Tenants(tenants::TenantsArgs),
    /// Runs one of these once and prints a line of JSON: for `listing` and for bench/peers.
    Subject(subject::SubjectArgs),
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(&Cli::parse()).await {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            text::note(format!("error: {error}"));
            ExitCode::from(exit::code(&error))
        }
    }
}

async fn run(cli: &Cli) -> Result<u8> {
    match &cli.what {
        What::Walk(walk) => walk::run(&cli.component.load().await?, walk).await,
        What::Listing(listing) => listing::run(&cli.component, listing).await,
        What::Start(start) => start::run(&cli.component, start).await,
        What::Memory(memory) => memory::run(&cli.component, memory).await,
        What::Growth(growth) => growth::run(&cli.component.load().await?, growth).await,
        What::Fleet(fleet) => fleet::run(&cli.component, fleet).await,
        What::Tenants(tenants) => tenants::run(&cli.component, tenants).await,
        What::Subject(subject) => subject::run(&cli.component, subject).await,
    }
}

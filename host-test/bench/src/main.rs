//! `bench`: how fast it is, as ratios measured side by side in one run. Absolute times mean little on
//! a shared machine. `docs/performance.md` holds results.

mod child;
mod fleet;
mod growth;
mod listing;
mod memory;
mod native;
mod plot;
mod start;
mod subject;
mod tenants;
mod walk;

use super::ComponentArgs;
use clap::{Args, Subcommand};
use host_test::error::Result;

#[derive(Args)]
pub struct BenchArgs {
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

/// Measures.
pub async fn run(args: &BenchArgs) -> Result<u8> {
    match &args.what {
        What::Walk(walk) => walk::run(&args.component.load().await?, walk).await,
        What::Listing(listing) => listing::run(&args.component, listing).await,
        What::Start(start) => start::run(&args.component, start).await,
        What::Memory(memory) => memory::run(&args.component, memory).await,
        What::Growth(growth) => growth::run(&args.component.load().await?, growth).await,
        What::Fleet(fleet) => fleet::run(&args.component, fleet).await,
        What::Tenants(tenants) => tenants::run(&args.component, tenants).await,
        What::Subject(subject) => subject::run(&args.component, subject).await,
    }
}

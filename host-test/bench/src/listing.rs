//! `bench listing`: a long list becomes evidence; the component against its own core compiled natively
//! and against a bare loop that only downloads and parses. Pair by pair, each in a process of its own,
//! against a simulator in another.

use super::child::{measure, median, simulator};
use super::subject::{Outcome, Subject};
use clap::Args;
use host_test::component::ComponentArgs;
use host_test::exit;
use host_test::text::{say, table};
use source_host::error::Result;

#[derive(Args)]
pub struct ListingArgs {
    /// Connections of the account.
    #[arg(long, value_name = "N", default_value_t = 100_000)]
    connections: usize,
    /// Rounds: in each, every subject once.
    #[arg(long, value_name = "N", default_value_t = 3)]
    rounds: usize,
}

/// Runs and shows it.
pub async fn run(component: &ComponentArgs, args: &ListingArgs) -> Result<u8> {
    // Fills the cache of compiled code, which is not what is measured here.
    component.load().await?;
    let (_simulator, url) = simulator(&["--sim-connections", &args.connections.to_string()]).await?;
    // Whoever came first would wait for the simulator to make the pages up.
    measure(component, Subject::Bare, &url).await?;
    let mut rows = table(&[
        "Subject",
        "Items",
        "Records",
        "Calls",
        "Seconds",
        "CPU s",
        "Ratio",
        "Records/CPU s",
        "Peak MiB",
        "Guest MiB",
    ]);
    let subjects = [Subject::Component, Subject::Native, Subject::Bare];
    let mut runs: Vec<Vec<Outcome>> = subjects.iter().map(|_| Vec::new()).collect();
    for _ in 0..args.rounds.max(1) {
        for (subject, runs) in subjects.iter().zip(&mut runs) {
            runs.push(measure(component, *subject, &url).await?);
        }
    }
    let of_component = runs.first().map_or(0.0, |runs| median(runs, |run| run.seconds));
    for runs in &runs {
        rows.add_row(row(runs, of_component));
    }
    say(rows);
    say("Ratio: how many times as long the component took.");
    Ok(exit::COMPLETE)
}

fn row(runs: &[Outcome], of_component: f64) -> Vec<String> {
    let Some(first) = runs.first() else { return Vec::new() };
    let (seconds, cpu) = (median(runs, |run| run.seconds), median(runs, |run| run.cpu_seconds));
    vec![
        first.peer.clone(),
        first.items.to_string(),
        first.records.to_string(),
        first.calls.to_string(),
        format!("{seconds:.2}"),
        format!("{cpu:.2}"),
        format!("{:.2}", of_component / seconds),
        format!("{:.0}", first.records as f64 / cpu),
        format!("{:.1}", median(runs, |run| run.peak_rss_kib as f64) / 1024.0),
        format!("{:.1}", median(runs, |run| run.guest_kib as f64) / 1024.0),
    ]
}

//! `bench memory`: whether what a collection needs grows with the account.

use super::child::{measure, median, simulator};
use super::subject::Subject;
use clap::Args;
use host_test::component::ComponentArgs;
use host_test::exit;
use host_test::text::{say, table};
use source_host::error::Result;

#[derive(Args)]
pub struct MemoryArgs {
    /// Connections of the smaller account.
    #[arg(long, value_name = "N", default_value_t = 10_000)]
    small: usize,
    /// Connections of the larger one.
    #[arg(long, value_name = "N", default_value_t = 300_000)]
    large: usize,
    /// Rounds.
    #[arg(long, value_name = "N", default_value_t = 3)]
    rounds: usize,
}

/// Runs and shows it. Each run is a process of its own; what it needs is the most that it ever had.
pub async fn run(component: &ComponentArgs, args: &MemoryArgs) -> Result<u8> {
    component.load().await?; // Fills the cache of compiled code.
    let mut rows = table(&["Connections", "Peak MiB of the process", "Guest's linear memory, MiB"]);
    let mut peaks = Vec::new();
    for connections in [args.small, args.large] {
        let (_simulator, url) = simulator(&["--sim-connections", &connections.to_string()]).await?;
        let mut runs = Vec::new();
        for _ in 0..args.rounds.max(1) {
            runs.push(measure(component, Subject::Component, &url).await?);
        }
        let peak = median(&runs, |run| run.peak_rss_kib as f64) / 1024.0;
        let guest = median(&runs, |run| run.guest_kib as f64) / 1024.0;
        rows.add_row(vec![connections.to_string(), format!("{peak:.1}"), format!("{guest:.1}")]);
        peaks.push(peak);
    }
    say(rows);
    if let [small, large] = peaks.as_slice() {
        say(format!("ratio {:.2} (aims: 1.15, below 64 MiB, guest below 12 MiB)", large / small));
    }
    Ok(exit::COMPLETE)
}

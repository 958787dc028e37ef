//! `bench-tenants`: what a tenant costs that has an instance, configured and idle.

use super::memory::resident_bytes;
use super::text::say;
use super::{ComponentArgs, exit};
use clap::Args;
use host_test::error::Result;
use host_test::instance::Instance;
use host_test::simulator::{default_pair, pair_of};
use host_test::tenant::{Credentials, Tenant};
use std::time::Instant;

#[derive(Args)]
pub struct BenchTenantsArgs {
    #[command(flatten)]
    component: ComponentArgs,
    /// Tenants, each with an instance, all at once.
    #[arg(long, value_name = "N", default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1..))]
    count: u32,
}

/// What was promised of 10,000: bytes of the whole process.
const AIM_BYTES: u64 = 1_288_490_188; // 1.2 GiB
/// And of one: microseconds to instantiate and configure.
const AIM_MICROSECONDS: f64 = 100.0;

/// Measures and shows it.
pub async fn run(args: &BenchTenantsArgs) -> Result<u8> {
    let count = args.count;
    let plugin = args.component.engine(count.saturating_add(1))?.load(&args.component.file()?).await?;
    let before = resident_bytes().unwrap_or_default();
    let begun = Instant::now();
    let mut alive = Vec::new();
    for number in 0..count {
        let tenant = Tenant::new(Credentials::Basic(pair_of(&default_pair(), number as usize)));
        alive.push(Instance::configured(&plugin, &tenant).await?.0);
    }
    let each = begun.elapsed().as_secs_f64() * 1e6 / f64::from(count);
    let after = resident_bytes().unwrap_or_default();
    let mappings = std::fs::read_to_string("/proc/self/maps").map_or(0, |maps| maps.lines().count());
    say(format!("{} tenants with an instance, configured: {} MiB in all", alive.len(), after / (1024 * 1024)));
    say(format!(
        "each: {} KiB, {each:.0} µs to instantiate and configure; {mappings} mappings of this process (ceiling: vm.max_map_count)",
        after.saturating_sub(before) / 1024 / u64::from(count)
    ));
    let verdict = |met: bool| if met { "met" } else { "missed" };
    say(format!(
        "aim at 10,000: at most 1.2 GiB: {}",
        verdict(after * 10_000 <= AIM_BYTES * u64::from(count.min(10_000)))
    ));
    say(format!("aim: at most {AIM_MICROSECONDS} µs each: {}", verdict(each <= AIM_MICROSECONDS)));
    Ok(exit::COMPLETE)
}

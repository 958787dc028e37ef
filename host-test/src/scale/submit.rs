//! `submit`: tenants into the queue.

use super::NatsArgs;
use clap::Args;
use host_test::exit;
use host_test::text::{plural, say};
use serde_json::Value;
use source_fleet::{Defaults, SettingsRef, is_name, parse};
use source_host::error::{Error, Result};
use source_host::tenant::Clock;
use source_scale::job::Job;
use source_scale::submit::submit;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

#[derive(Args)]
#[command(after_help = "Examples:
  host-test submit --nats nats://broker.example.com:4222 --tenants tenants.json
  host-test submit --nats nats://broker.example.com:4222 --tenants tenants.json --every-hours 24")]
pub struct SubmitArgs {
    #[command(flatten)]
    nats: NatsArgs,
    /// The tenants: a JSON array of objects, as for fleet. Paths in it are read by the workers, relative to the folder
    /// that each is given.
    #[arg(long, value_name = "FILE.json")]
    tenants: PathBuf,
    /// Name of the run, part of where its evidence goes; default: today's date. The same run is not collected twice.
    #[arg(long, value_name = "NAME")]
    run: Option<String>,
    /// Collect anew so many hours after each run began.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=8784))]
    every_hours: Option<u64>,
    /// The same in seconds: for tests, in which a day is short.
    #[arg(long, value_name = "N", hide = true, conflicts_with = "every_hours", value_parser = clap::value_parser!(u64).range(1..))]
    every_seconds: Option<u64>,
}

/// Submits.
pub async fn run(args: &SubmitArgs) -> Result<u8> {
    let run = args.run.clone().unwrap_or_else(today);
    if !is_name(&run) {
        return Err(Error::usage(format!("--run {run:?} is no name"), "use letters, digits, '-', '_' and '.'"));
    }
    let tenants = tenants(&args.tenants)?;
    let broker = args.nats.connect().await?;
    let every_seconds = args.every_seconds.or(args.every_hours.map(|hours| hours * 3600));
    let jobs = tenants.into_iter().map(|tenant| Job { run: run.clone(), every_seconds, tenant }).collect();
    let submitted = submit(&broker, jobs).await?;
    let (new, there) = (submitted.new, submitted.there);
    let kept = if there > 0 { ", which stay as they were submitted" } else { "" };
    say(format!("run {run}: {new} {} submitted, {there} in the queue before{kept}", plural(new, "tenant")));
    Ok(exit::COMPLETE)
}

/// The tenants of a file, all of which are as they have to be.
fn tenants(path: &Path) -> Result<Vec<Value>> {
    let text = std::fs::read_to_string(path).map_err(Error::file("read", path))?;
    let none = Defaults {
        settings: SettingsRef::Given("{}".into()),
        kinds: Vec::new(),
        since: None,
        upstream: None,
        simulated: None,
        clock: Clock::System,
    };
    let specs = parse(&text, path.parent().unwrap_or(Path::new("")), &none)?;
    let mut names = BTreeSet::new();
    for spec in &specs {
        let name = &spec.name;
        if !names.insert(name) {
            return Err(Error::usage(format!("two tenants are called {name:?}"), "give each a name of its own"));
        }
        if spec.component.is_some() {
            let what = format!("the tenant {name:?} names a component");
            return Err(Error::usage(what, "leave it out: each worker has one, see worker --component"));
        }
        // A name is part of a subject, whose words are between dots.
        if name.ends_with('.') || name.contains("..") {
            let what = format!("the tenant {name:?} cannot be queued under this name");
            return Err(Error::usage(what, "use no '.' at the end, and no two together"));
        }
    }
    Ok(serde_json::from_str(&text).unwrap_or_default())
}

fn today() -> String {
    source_evidence::summary::now().chars().take(10).collect()
}

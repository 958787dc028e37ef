//! `submit`: tenants into the queue.

use super::{NatsArgs, QueueArgs};
use clap::Args;
use host_test::exit;
use host_test::text::{plural, say};
use serde_json::Value;
use source_fleet::{Defaults, SettingsRef, is_name, parse, wrong_since};
use source_host::error::{Error, Result};
use source_host::tenant::Clock;
use source_scale::broker::{ACK_WAIT, Broker};
use source_scale::inline;
use source_scale::job::{AGAIN, Job, VERSION};
use source_scale::reach;
use source_scale::submit::{submit, withdraw};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

#[derive(Args)]
#[command(after_help = "Examples:
  host-test submit --nats nats://broker.example.com:4222 --tenants tenants.json
  host-test submit --nats nats://broker.example.com:4222 --tenants tenants.json --every-hours 24
  host-test submit --nats nats://broker.example.com:4222 --tenants tenants.json --tenant acme --withdraw")]
pub struct SubmitArgs {
    #[command(flatten)]
    nats: NatsArgs,
    #[command(flatten)]
    queue: QueueArgs,
    /// The tenants: a JSON array of objects, as for fleet. Paths in it are read by the workers, each in its
    /// --folder, and must not leave it.
    #[arg(long, value_name = "FILE.json")]
    tenants: PathBuf,
    /// Only this tenant of the file; may be repeated.
    #[arg(long = "tenant", value_name = "NAME")]
    only: Vec<String>,
    /// Name of the run, part of where its evidence goes; default: today's date. The same run is not collected twice.
    #[arg(long, value_name = "NAME")]
    run: Option<String>,
    /// Start a new run so many hours after each run started.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=8784))]
    every_hours: Option<u64>,
    /// Replace the jobs that these tenants have in the queue, e.g. to change a period or settings. A run under way goes
    /// on; with other settings, it begins anew after the workers' --leave-seconds.
    #[arg(long)]
    replace: bool,
    /// Take these tenants out of the queue instead: pages under way are finished, and no more are begun. What was
    /// collected stays where it is; if a tenant is submitted again with the same --run, its unfinished run goes on.
    #[arg(long, conflicts_with_all = ["replace", "run", "every_hours", "every_seconds"])]
    withdraw: bool,
    /// The same in seconds: for tests, in which a day is short.
    #[arg(long, value_name = "N", hide = true, conflicts_with = "every_hours", value_parser = clap::value_parser!(u64).range(1..))]
    every_seconds: Option<u64>,
}

/// Submits.
pub async fn run(args: &SubmitArgs) -> Result<u8> {
    let run = args.run.clone().unwrap_or_else(today);
    if !is_name(&run) || run.ends_with(AGAIN) {
        let remedy = format!("use letters, digits, '-', '_' and '.', and not {AGAIN:?} at the end");
        return Err(Error::usage(format!("--run {run:?} is not the name of a run"), remedy));
    }
    let tenants = only(&args.only, tenants(&args.tenants)?, &args.tenants)?;
    let broker = args.nats.connect(&args.queue, ACK_WAIT).await?;
    if args.withdraw {
        return withdrawn(&broker, &tenants).await;
    }
    let every_seconds = args.every_seconds.or(args.every_hours.map(|hours| hours * 3600));
    let jobs =
        tenants.into_iter().map(|tenant| Job { version: VERSION, run: run.clone(), every_seconds, tenant }).collect();
    let submitted = submit(&broker, jobs, args.replace).await?;
    let (new, there) = (submitted.new, submitted.there);
    let kept = if there > 0 { ", which stay as they were submitted (see --replace)" } else { "" };
    // A tenant that has had a run gets the next one when it is due.
    let later = every_seconds.map_or("", |_| ", or the next run when that is due");
    say(format!("run {run}{later}: {new} {} submitted, {there} in the queue before{kept}", plural(new, "tenant")));
    Ok(exit::COMPLETE)
}

/// The tenants of these names, or all where none is named.
fn only(names: &[String], tenants: Vec<Value>, file: &Path) -> Result<Vec<Value>> {
    let is_there = |name: &String| tenants.iter().any(|tenant| tenant["name"] == name.as_str());
    if let Some(missing) = names.iter().find(|name| !is_there(name)) {
        let what = format!("--tenant {missing:?}: there is no such tenant in {}", file.display());
        return Err(Error::usage(what, "name one as its \"name\" says"));
    }
    let is_wanted = |tenant: &Value| names.is_empty() || names.iter().any(|name| tenant["name"] == name.as_str());
    Ok(tenants.into_iter().filter(is_wanted).collect())
}

async fn withdrawn(broker: &Broker, tenants: &[Value]) -> Result<u8> {
    let names: Vec<String> = tenants.iter().filter_map(|tenant| tenant["name"].as_str().map(String::from)).collect();
    let all = names.len() as u64;
    let taken = withdraw(broker, names).await?;
    say(format!("{taken} {} taken out of the queue, {} not in it before", plural(taken, "tenant"), all - taken));
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
    // Files that it names are the workers', and a policy is all that would be read here.
    let mut without: Value = serde_json::from_str(&text).unwrap_or_default();
    for tenant in without.as_array_mut().into_iter().flatten().filter_map(Value::as_object_mut) {
        if tenant.get("egress").is_some_and(Value::is_string) {
            tenant.remove("egress");
        }
    }
    let checked = if without.is_array() { without.to_string() } else { text.clone() };
    let specs = parse(&checked, path.parent().unwrap_or(Path::new("")), &none)?;
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
        if let Some(wrong) = spec.since.as_ref().and_then(|since| wrong_since(since, spec.clock.now())) {
            return Err(Error::usage(format!("\"since\" of the tenant {name:?}: {}", wrong.message), wrong.remedy));
        }
        // A name is part of a subject, whose words are between dots.
        if name.ends_with('.') || name.contains("..") {
            let what = format!("the tenant {name:?} cannot be queued under this name");
            return Err(Error::usage(what, "use no '.' at the end, and no two together"));
        }
    }
    let tenants: Vec<Value> = serde_json::from_str(&text).unwrap_or_default();
    for tenant in &tenants {
        if let Some(at) = inline::secret(&tenant["settings"]) {
            let what = format!("the settings of the tenant {} look like a secret at {at}", tenant["name"]);
            return Err(Error::usage(what, "put them in a file that workers read, and name it as settings_file"));
        }
        if let Some(fault) = reach::fault(tenant) {
            let what = format!("the tenant {}: {fault}", tenant["name"]);
            return Err(Error::usage(what, "see docs/scale.md, Access to the broker"));
        }
    }
    Ok(tenants)
}

fn today() -> String {
    source_evidence::summary::now().chars().take(10).collect()
}

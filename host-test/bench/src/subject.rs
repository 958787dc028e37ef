//! `bench subject`: one way of reading the account, once, in a process of its own, so that its time
//! and its memory are its own too.

use super::native::{Sockets, collect_all};
use clap::{Args, ValueEnum};
use fivetran_simulator::default_pair;
use host_test::component::ComponentArgs;
use host_test::exit;
use host_test::pair::tenants_pair;
use host_test::policies::built_in;
use host_test::process::{cpu_seconds, peak_bytes};
use host_test::text::say;
use http::Uri;
use serde::{Deserialize, Serialize};
use source_host::collection::{Collection, CollectionOptions};
use source_host::error::{Error, Result};
use source_host::tenant::{Credentials, Tenant};
use std::time::Instant;

/// What is read: the connections alone, without a call for each.
const KINDS: [&str; 1] = ["connection"];
const SETTINGS: &str = r#"{"connection_details": false}"#;

#[derive(Args)]
pub struct SubjectArgs {
    /// Which.
    #[arg(value_enum)]
    pub subject: Subject,
    /// Root of the simulator.
    #[arg(value_name = "URL")]
    pub upstream: Uri,
}

/// Ways of reading a long list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Subject {
    /// The component in wasmtime.
    Component,
    /// The same core compiled natively.
    Native,
    /// Downloads and parses into typed structs; makes no evidence.
    Bare,
}

/// What one run gave.
#[derive(Debug, Serialize, Deserialize)]
pub struct Outcome {
    /// Which subject.
    pub peer: String,
    /// List items read.
    pub items: u64,
    /// Evidence records made.
    pub records: u64,
    /// Requests.
    pub calls: u64,
    /// From the first request to the last record.
    pub seconds: f64,
    /// From the start of the process, compiling or loading the component included.
    pub process_seconds: f64,
    /// Processor time of the process, all threads.
    pub cpu_seconds: f64,
    /// The most memory of the process.
    pub peak_rss_kib: u64,
    /// The most linear memory of the component.
    pub guest_kib: u64,
}

/// Runs it.
pub async fn run(component: &ComponentArgs, args: &SubjectArgs) -> Result<u8> {
    let started = Instant::now();
    let kinds = KINDS.map(String::from);
    let (mut begun, mut guest_kib) = (Instant::now(), 0);
    let (items, records, calls) = match args.subject {
        Subject::Component => {
            let plugin = component.load().await?;
            begun = Instant::now();
            let mut tenant = Tenant {
                granted: built_in("fivetran"),
                ..Tenant::new(Credentials::Basic(tenants_pair(default_pair())))
            };
            tenant.upstream = Some(args.upstream.clone());
            tenant.settings = SETTINGS.into();
            let order = CollectionOptions { kinds: kinds.to_vec(), ..CollectionOptions::default() };
            let mut collection = Collection::start(&plugin, &tenant, order).await?;
            let (mut items, mut records) = (0, 0);
            while let Some(page) = collection.next().await? {
                items = page.progress.items.max(items);
                records += page.records.len() as u64;
            }
            guest_kib = (collection.memory_bytes() / 1024) as u64;
            (items, records, tenant.meter.requests())
        }
        Subject::Native => {
            collect_all(&Sockets::new(args.upstream.clone())?, &default_pair(), &kinds, SETTINGS).await?
        }
        Subject::Bare => bare(&Sockets::new(args.upstream.clone())?).await?,
    };
    let outcome = Outcome {
        peer: format!("{:?}", args.subject).to_lowercase(),
        items,
        records,
        calls,
        seconds: begun.elapsed().as_secs_f64(),
        process_seconds: started.elapsed().as_secs_f64(),
        cpu_seconds: cpu_seconds(),
        peak_rss_kib: peak_bytes().unwrap_or_default() / 1024,
        guest_kib,
    };
    say(serde_json::to_string(&outcome).map_err(|error| Error::BadAnswer(error.to_string()))?);
    Ok(exit::COMPLETE)
}

/// A connection as a program would read it that only wants the list.
#[derive(Deserialize)]
#[expect(dead_code, reason = "reading them is what is measured")]
struct Connection {
    id: String,
    service: String,
    schema: String,
    group_id: String,
    paused: bool,
    connected_by: Option<String>,
    created_at: String,
    succeeded_at: Option<String>,
    failed_at: Option<String>,
    sync_frequency: i64,
    schedule_type: String,
    networking_method: Option<String>,
    status: Status,
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "reading them is what is measured")]
struct Status {
    setup_state: String,
    sync_state: String,
    update_state: String,
    is_historical_sync: bool,
}

#[derive(Deserialize)]
struct Envelope {
    data: Page,
}

#[derive(Deserialize)]
struct Page {
    items: Vec<Connection>,
    next_cursor: Option<String>,
}

async fn bare(world: &Sockets) -> Result<(u64, u64, u64)> {
    use base64::Engine as _;
    let pair = format!("{}:{}", fivetran_simulator::DEFAULT_KEY, fivetran_simulator::DEFAULT_SECRET);
    let authorization = format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(pair));
    let (mut items, mut calls, mut path) = (0, 0, String::from("/v1/connections?limit=1000"));
    loop {
        let wrong = |what: &str| Error::BadAnswer(what.to_string());
        let response = world.get(&path, Some(&authorization)).await.map_err(|_| wrong("no answer"))?;
        calls += 1;
        let Envelope { data } = serde_json::from_slice(&response.body).map_err(|_| wrong("no list of connections"))?;
        items += data.items.iter().filter(|connection| !connection.id.is_empty()).count() as u64;
        match data.next_cursor {
            Some(cursor) => path = format!("/v1/connections?limit=1000&cursor={cursor}"),
            None => return Ok((items, 0, calls)),
        }
    }
}

//! A collection that is cut anywhere and resumed is the one that was never cut: the same
//! records, to the byte, each once. The component in wasmtime, a fresh instance after each cut.
//! `host-test/tests/cli/kill.rs` does it to the program, with `kill -9`.

use crate::support::{account, block_on, collect, component_file, options, plugin, simulator, tenant};
use fivetran_simulator::Config;
use source_host::collection::{Collection, CollectionOptions};
use source_host::engine::{Engine, EngineOptions};
use source_host::error::Error;
use source_host::limits::{Limit, Limits};
use source_host::plugin::Plugin;
use source_host::records;
use source_host::tenant::Tenant;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::sync::Notify;

/// Small pages, so that most cuts fall into the middle of the collection.
const PAGE: u32 = 60;

fn config() -> Config {
    account(12, 3, 4, 100)
}

fn pages() -> CollectionOptions {
    options(Some(PAGE), Some(8))
}

/// What has been collected so far, and where to go on.
struct SoFar {
    lines: Vec<String>,
    options: CollectionOptions,
}

impl SoFar {
    fn new() -> Self {
        Self { lines: Vec::new(), options: pages() }
    }

    /// Collects on a fresh instance until the end (true), an error, or `enough` pages.
    async fn go_on(&mut self, plugin: &Plugin, tenant: &Tenant, enough: usize) -> Result<bool, Error> {
        let mut collection = Collection::start(plugin, tenant, self.options.clone()).await?;
        for _ in 0..enough {
            let Some(page) = collection.next().await? else { return Ok(true) };
            self.lines.extend(records::lines(&page).unwrap().into_iter().map(|line| line.text));
            self.options.cursor.clone_from(&page.cursor);
            if page.cursor.is_none() {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// The undisturbed lines, and how many requests they took.
async fn undisturbed(plugin: &Plugin) -> (Vec<String>, usize) {
    let simulator = simulator(config()).await;
    let lines = collect(plugin, &tenant(&simulator), pages()).await.unwrap().lines;
    (lines, simulator.journal().len())
}

#[test]
fn a_fresh_instance_for_each_page_changes_nothing() {
    block_on(async {
        let plugin = plugin().await;
        let (want, _) = undisturbed(&plugin).await;
        let simulator = simulator(config()).await;
        let (mut so_far, mut cuts) = (SoFar::new(), 0);
        while !so_far.go_on(&plugin, &tenant(&simulator), 1).await.unwrap() {
            cuts += 1;
        }
        assert!(so_far.lines == want);
        assert_eq!(cuts, want.len().div_ceil(PAGE as usize) - 1);
        println!("cut after each of {cuts} pages: {} records, the same", want.len());
    });
}

/// Drops the instance while request `cut` is being answered, and goes on. Answers the lines, and
/// whether there was such a request.
async fn cut_at(plugin: &Plugin, cut: usize) -> (Vec<String>, bool) {
    let reached = Arc::new(Notify::new());
    let signal = Arc::clone(&reached);
    let hook = move |info: &fivetran_simulator::RequestInfo, reply| {
        if info.number == cut {
            signal.notify_one();
        }
        reply
    };
    let simulator = simulator(Config { hook: Some(Arc::new(hook)), ..config() }).await;
    let tenant = tenant(&simulator);
    let mut so_far = SoFar::new();
    tokio::select! {
        biased;
        () = reached.notified() => {}
        // How much is read ahead at the end of a page varies by some requests.
        end = so_far.go_on(plugin, &tenant, usize::MAX) => return (so_far.lines, !end.unwrap()),
    }
    assert!(so_far.go_on(plugin, &tenant, usize::MAX).await.unwrap());
    (so_far.lines, true)
}

async fn cut_at_every(step: usize) {
    let plugin = plugin().await;
    let (want, requests) = undisturbed(&plugin).await;
    let mut cuts = 0;
    for cut in (1..=requests).step_by(step) {
        let (lines, was_cut) = cut_at(&plugin, cut).await;
        assert!(lines == want, "cut at request {cut} of {requests}");
        cuts += usize::from(was_cut);
    }
    assert!(cuts * step * 10 >= requests * 9, "{cuts} cuts");
    println!("cut at {cuts} of {requests} requests: {} records, the same", want.len());
}

#[test]
fn a_cut_at_some_requests_changes_nothing() {
    block_on(cut_at_every(29));
}

/// Every request, or each N-th with `CUT_EVERY=N`.
#[test]
#[ignore = "minutes; .ci/run runs it for every third request"]
fn a_cut_at_any_request_changes_nothing() {
    let every = std::env::var("CUT_EVERY").ok().and_then(|text| text.parse().ok()).unwrap_or(1);
    block_on(cut_at_every(every));
}

/// Resumes with these limits until they strike, then for one page without, until the end.
async fn with_limits(plugin: &Plugin, limits: Limits) -> (Vec<String>, Vec<Limit>) {
    let simulator = simulator(config()).await;
    let free = tenant(&simulator);
    let tight = Tenant { limits, ..free.clone() };
    let (mut so_far, mut struck) = (SoFar::new(), Vec::new());
    loop {
        match so_far.go_on(plugin, &tight, usize::MAX).await {
            Ok(_) => return (so_far.lines, struck),
            Err(Error::Limit(limit)) => struck.push(limit),
            Err(other) => panic!("{other}"),
        }
        if so_far.go_on(plugin, &free, 1).await.unwrap() {
            return (so_far.lines, struck);
        }
    }
}

#[test]
fn an_instance_that_is_trapped_by_a_limit_loses_nothing() {
    block_on(async {
        let plugin = plugin().await;
        let (want, _) = undisturbed(&plugin).await;
        let mut traps = 0;
        for kibibytes in (1_300..1_550).step_by(25) {
            let limits = Limits { memory_bytes: kibibytes * 1024, ..Limits::default() };
            let (lines, struck) = with_limits(&plugin, limits).await;
            assert!(lines == want, "{kibibytes} KiB");
            traps += struck.iter().filter(|limit| matches!(limit, Limit::Memory(_))).count();
        }
        assert!(traps > 3, "{traps} traps");
        let (lines, requests) = with_limits(&plugin, Limits { requests: 35, ..Limits::default() }).await;
        assert!(lines == want && requests.len() > 3, "requests");
        println!("{traps} traps by memory, {} by requests: the same", requests.len());
    });
}

#[test]
fn an_instance_that_is_trapped_by_an_epoch_loses_nothing() {
    block_on(async {
        // An engine of its own, whose epochs run fast: a trap may strike anywhere.
        let engine = Engine::new(&EngineOptions { cache: true, ..EngineOptions::default() }).unwrap();
        let plugin = Plugin::load(&engine, &component_file()).await.unwrap();
        let (want, _) = undisturbed(&plugin).await;
        let over = Arc::new(AtomicBool::new(false));
        let (stop, ticking) = (Arc::clone(&over), engine.wasmtime().clone());
        let ticker = std::thread::spawn(move || {
            while !stop.load(Ordering::Relaxed) {
                std::thread::sleep(Duration::from_micros(300));
                ticking.increment_epoch();
            }
        });
        let (lines, struck) = with_limits(&plugin, Limits { compute: Duration::ZERO, ..Limits::default() }).await;
        over.store(true, Ordering::Relaxed);
        ticker.join().unwrap();
        assert!(lines == want && struck.len() > 3, "{} traps", struck.len());
        println!("{} traps by epoch: the same", struck.len());
    });
}

//! `collect`: evidence into a folder, page by page, until the end or an interruption.

use super::progress::Progress;
use super::text::{note, plain, say, table};
use super::{CollectArgs, exit};
use host_test::bindings::compliance::source::types::{Coverage, CoverageState};
use host_test::bindings::exports::compliance::source::source::{Budget, Configured, Page};
use host_test::check::Schemas;
use host_test::collection::{Collection, Order};
use host_test::error::{Error, Result};
use host_test::evidence_dir::{ComponentSummary, CoverageSummary, EvidenceDir, Summary};
use host_test::plugin::Plugin;
use host_test::record_json;
use host_test::verify::seal::Signer;
use std::time::Instant;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// Collects.
pub async fn run(args: &CollectArgs) -> Result<u8> {
    let plugin = args.component.load().await?;
    let target = args.target.resolve().await?;
    let signer = args.signing_key.as_deref().map(Signer::read).transpose()?;
    let resumed = if args.resume { Some(EvidenceDir::resume(&args.out)?) } else { None };
    let order = order(args, resumed.as_ref())?;
    let mut collection = Collection::start(&plugin, &target.tenant, order).await?;
    let mut dir = match resumed {
        Some(dir) => dir,
        None => EvidenceDir::create(&args.out, summary(&plugin, args, collection.configured()))
            .inspect_err(|_| note("stopped before the first page: nothing was written"))?,
    };
    let schemas = if args.check { Some(Schemas::new(plugin.description())?) } else { None };
    let begun = Instant::now();
    if !dir.is_finished() {
        let progress = Progress::start(std::sync::Arc::clone(&target.tenant.meter));
        let outcome = tokio::select! {
            outcome = pages(&mut collection, &mut dir, schemas.as_ref(), &progress) => outcome.map(|()| true),
            () = interrupted() => Ok(false),
        };
        drop(progress);
        for why in target.tenant.meter.denied() {
            note(format!("denied: {}", plain(&why)));
        }
        if !matches!(outcome, Ok(true)) {
            return stopped(dir, args, outcome);
        }
    }
    let summary = dir.finish(signer.as_ref())?;
    show(&summary, args, share(collection.configured()), begun.elapsed());
    if target.simulator.is_some() {
        sample(args)?;
    }
    Ok(if summary.coverage.iter().all(is_enough) { exit::COMPLETE } else { exit::INCOMPLETE })
}

/// Ends a run that did not come to its end: an error, or `Ok(false)` for an interruption.
fn stopped(dir: EvidenceDir, args: &CollectArgs, outcome: Result<bool>) -> Result<u8> {
    let records = dir.summary().records;
    if dir.discard() {
        note("stopped before the first page: nothing was written");
    } else {
        note(format!("stopped after {records} records; go on with: --out {} --resume", args.out.display()));
    }
    outcome.map(|_| exit::INTERRUPTED)
}

/// What is asked for; on a resumed collection, what was.
pub fn order(args: &CollectArgs, resumed: Option<&EvidenceDir>) -> Result<Order> {
    let budget = Budget {
        max_records: args.max_records_per_page,
        max_bytes: None,
        max_requests: args.max_requests_per_page,
        max_milliseconds: Some(args.max_milliseconds_per_page),
        max_concurrency: args.concurrency,
    };
    let Some(dir) = resumed else {
        return Ok(Order { kinds: args.kinds.clone(), since: args.since.clone(), budget, cursor: None });
    };
    let before = dir.summary();
    let other =
        (!args.kinds.is_empty() && args.kinds != before.kinds) || (args.since.is_some() && args.since != before.since);
    if other {
        let what = "--kinds or --since differ from those the collection was started with".into();
        return Err(Error::Usage { what, remedy: "leave them out with --resume".into() });
    }
    let cursor = dir.cursor().map(Into::into);
    Ok(Order { kinds: before.kinds.clone(), since: before.since.clone(), budget, cursor })
}

/// Collects page after page; each is on disk before the next is asked for.
async fn pages(
    collection: &mut Collection,
    dir: &mut EvidenceDir,
    schemas: Option<&Schemas>,
    progress: &Progress,
) -> Result<()> {
    while let Some(page) = collection.next().await? {
        let mut lines = Vec::with_capacity(page.records.len());
        for record in &page.records {
            if let Some(schemas) = schemas {
                schemas.check(record)?;
            }
            lines.push(record_json::line(record)?);
        }
        let summary = add(dir.summary().clone(), &page);
        dir.append(&lines, page.cursor.clone(), summary)?;
        progress.page(&page, dir.summary().records, dir.summary().requests);
        if let Some(wait) = collection.wait() {
            progress.wait(wait, &page);
        }
    }
    Ok(())
}

fn now() -> String {
    OffsetDateTime::now_utc().format(&Rfc3339).unwrap_or_default()
}

fn summary(plugin: &Plugin, args: &CollectArgs, configured: &Configured) -> Summary {
    let description = plugin.description();
    Summary {
        component: ComponentSummary {
            id: description.id.clone(),
            version: description.version.clone(),
            sha256: plugin.sha256().into(),
        },
        kinds: args.kinds.clone(),
        since: args.since.clone(),
        settings: serde_json::from_str(&configured.settings).unwrap_or_default(),
        settings_digest: configured.settings_digest.clone(),
        started_at: now(),
        updated_at: now(),
        ..Summary::default()
    }
}

fn add(mut summary: Summary, page: &Page) -> Summary {
    for record in &page.records {
        *summary.records_per_kind.entry(record.kind.clone()).or_default() += 1;
    }
    summary.records += page.records.len() as u64;
    summary.pages += 1;
    summary.requests += u64::from(page.usage.requests);
    summary.retries += u64::from(page.usage.retries);
    summary.bytes_received += page.usage.bytes_received;
    summary.coverage = page.coverage.iter().map(coverage_summary).collect();
    summary.chain_head.clone_from(&page.chain_head);
    summary.updated_at = now();
    summary
}

fn coverage_summary(coverage: &Coverage) -> CoverageSummary {
    CoverageSummary {
        kind: coverage.kind.clone(),
        state: state_word(coverage.state).into(),
        records: coverage.records,
        items_failed: coverage.items_failed,
        reason: coverage.reason.clone(),
        missing_permission: coverage.missing_permission.clone(),
    }
}

/// A coverage state, as everywhere outside of the WIT.
pub fn state_word(state: CoverageState) -> &'static str {
    match state {
        CoverageState::Complete => "complete",
        CoverageState::Spread => "spread",
        CoverageState::Partial => "partial",
        CoverageState::Forbidden => "forbidden",
        CoverageState::NotAvailable => "not_available",
        CoverageState::NotExposed => "not_exposed",
        CoverageState::Disabled => "disabled",
        CoverageState::NotAttempted => "not_attempted",
    }
}

/// Whether a kind leaves nothing to be desired that could have been had, and was wanted.
fn is_enough(coverage: &CoverageSummary) -> bool {
    matches!(coverage.state.as_str(), "complete" | "spread" | "not_exposed" | "disabled" | "not_available")
}

/// Requests in an hour that the settings allow, where the source has such a setting.
fn share(configured: &Configured) -> Option<u64> {
    let settings: serde_json::Value = serde_json::from_str(&configured.settings).ok()?;
    settings.get("requests_per_hour")?.as_u64()
}

fn show(summary: &Summary, args: &CollectArgs, share: Option<u64>, took: std::time::Duration) {
    let mut rows = table(&["Kind", "Records", "Coverage", "What is missing"]);
    for coverage in &summary.coverage {
        rows.add_row(vec![
            plain(&coverage.kind),
            coverage.records.to_string(),
            coverage.state.replace('_', " "),
            plain(&coverage.reason),
        ]);
    }
    say(rows);
    let Summary { records, requests, retries, bytes_received, pages, .. } = summary;
    let share = share.map(|share| format!(" of at most {share} an hour")).unwrap_or_default();
    say(format!(
        "{records} records in {pages} pages from {requests} calls{share} ({retries} retries, {} KiB) in {:.1} s",
        bytes_received / 1024,
        took.as_secs_f64()
    ));
    say(format!("evidence: {}", args.out.join("evidence.jsonl").display()));
    say(format!("manifest: {}", args.out.join("manifest.json").display()));
    if let Some(head) = &summary.chain_head {
        say(format!("seal:     {head}"));
    }
}

/// Shows a newcomer what evidence looks like.
fn sample(args: &CollectArgs) -> Result<()> {
    let path = args.out.join("evidence.jsonl");
    let text = std::fs::read_to_string(&path).map_err(Error::file("read", path))?;
    let of = |kind: &str| text.lines().find(|line| line.contains(&format!("\"kind\":\"{kind}\",")));
    for line in ["user", "connection", "audit_event"].iter().filter_map(|kind| of(kind)) {
        let Ok(record) = serde_json::from_str::<serde_json::Value>(line) else { continue };
        let field = |name: &str| record.get(name).and_then(serde_json::Value::as_str).map(plain).unwrap_or_default();
        say(format!("\n{}\n  {}", field("title"), field("id")));
        let provenance = record.pointer("/provenance/0/request").and_then(serde_json::Value::as_str).map(plain);
        say(format!("  read {} from GET {}", field("observed_at"), provenance.unwrap_or_default()));
        say(format!("  {}", plain(&record.get("content").map(ToString::to_string).unwrap_or_default())));
    }
    Ok(())
}

/// Waits for Ctrl-C or SIGTERM.
pub async fn interrupted() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut term) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = term.recv() => {}
            }
            return;
        }
    }
    let _ = tokio::signal::ctrl_c().await;
}

//! `collect`: evidence into a folder, page by page, until the end or an interruption.

use super::args::CollectArgs;
use super::output::Format;
use super::progress::Progress;
use super::remaining::Expected;
use super::schemas::Check;
use super::target::{Target, check_since};
use super::{kinds, report, schemas, signals, warnings};
use host_test::exit;
use host_test::text::{self, Cell, count, note, plain, say, say_json, say_loudly, table, tell};
use serde_json::{Value, json};
use source_evidence::files::{EVIDENCE, MANIFEST};
use source_evidence::folder::EvidenceDir;
use source_evidence::seal::Signer;
use source_evidence::summary::Request;
use source_evidence::summary::{CoverageSummary, Summary};
use source_host::bindings::exports::compliance::source::source::{Budget, Configured};
use source_host::collection::{Collection, CollectionOptions, PAGE_BYTES};
use source_host::endurance::Endurance;
use source_host::error::{Error, Result};
use source_host::journal::JournalBuffer;
use source_host::plugin::Plugin;
use source_host::records;
use source_host::tenant::Tenant;
use source_report::names::Names;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Collects.
pub async fn run(args: &CollectArgs) -> Result<u8> {
    let (code, json) = to_end(args).await?;
    json.iter().for_each(say_json);
    Ok(code)
}

/// Collects, and shows people what came of it; the exit code, and what programs are told instead.
pub async fn to_end(args: &CollectArgs) -> Result<(u8, Option<Value>)> {
    if let Some(page) = &args.report {
        report::check_place(page, &args.out)?;
    }
    let signer = args.signing_key.as_deref().map(Signer::read).transpose()?;
    let (target, mut run) = begin(args).await?;
    let begun = Instant::now();
    if !run.dir.is_finished() {
        let outcome;
        (run, outcome) = run.through(args, &target.tenant).await;
        warnings::after(&target.tenant);
        if !matches!(outcome, Ok(true)) {
            run.collection.end();
            let noted = run.dir.witness(&run.journal.take_last().await);
            return Ok((stopped(run.dir, outcome.and_then(|done| Ok(noted.map(|()| done)?)))?, None));
        }
    }
    let share = share(run.collection.configured());
    let (summary, seal) = run.dir.finish(signer.as_ref())?;
    let code = if summary.missing().next().is_none() { exit::COMPLETE } else { exit::INCOMPLETE };
    if let Some(page) = &args.report {
        report::of_new(&args.out, page)?;
    }
    if is_json(args) {
        target.remind(true);
        return Ok((code, Some(to_json(&summary, args, &seal, code))));
    }
    text::reasons(false, summary.missing().map(missing));
    show(&summary, args, share, begun.elapsed());
    if target.simulator.is_some() {
        sample(args)?;
        say("");
    }
    tell(format!("seal: {seal} (keep it elsewhere: verify --seal shows any later change)"));
    let is_made_up = |line: &String| line.starts_with("SIMULATED");
    summary.caveats().filter(|line| !is_made_up(line)).for_each(tell);
    summary.caveats().filter(is_made_up).for_each(|line| say_loudly(&line, false));
    args.report.iter().for_each(|page| say(report::line(page)));
    Ok((code, None))
}

/// Whether standard output is for programs.
pub fn is_json(args: &CollectArgs) -> bool {
    args.format == Format::Json
}

/// What came of it, for programs: what `manifest.json` says that scripts ask for, and the seal.
fn to_json(summary: &Summary, args: &CollectArgs, seal: &str, exit_code: u8) -> Value {
    json!({
        "folder": args.out,
        "evidence": args.out.join(EVIDENCE),
        "manifest": args.out.join(MANIFEST),
        "seal": seal,
        "report": args.report,
        "exit_code": exit_code,
        "started_at": summary.started_at,
        "records": summary.records,
        "pages": summary.pages,
        "requests": summary.requests,
        "retries": summary.retries,
        "bytes_received": summary.bytes_received,
        "coverage": summary.coverage,
        "findings": summary.findings,
        "next_since": summary.next_since,
        "caveats": summary.caveats().collect::<Vec<_>>(),
    })
}

/// A collection under way, and where it goes.
struct Run {
    collection: Collection,
    dir: EvidenceDir,
    journal: Arc<JournalBuffer>,
    check: Option<Box<Check>>,
    expected: Option<Expected>,
}

/// Starts a collection, or resumes the one in the folder.
async fn begin(args: &CollectArgs) -> Result<(Target, Run)> {
    let plugin = args.component.load().await?;
    if args.eta && !plugin.is_planner() {
        let what = "this component cannot say what a collection would cost, nor how much time is left";
        return Err(Error::usage(what, "leave out --eta"));
    }
    kinds::check(&args.kinds, &plugin)?;
    let mut target = args.target.resolve(&plugin, is_json(args)).await?;
    check_since(args.since.as_deref(), &target.tenant.clock)?;
    let journal = Arc::new(JournalBuffer::default());
    target.tenant.journal = Some(Arc::clone(&journal));
    let resumed = if args.resume { Some(EvidenceDir::resume(&args.out)?) } else { None };
    let mut options = options(args);
    if let Some(dir) = &resumed {
        let Request { kinds, since } = dir.request(&Request { kinds: options.kinds, since: options.since })?;
        options = CollectionOptions { kinds, since, cursor: dir.cursor().map(Into::into), ..options };
    }
    let request = Request { kinds: options.kinds.clone(), since: options.since.clone() };
    let expected = expected(args, &plugin, &target.tenant, &options).await?;
    let collection = Collection::start(&plugin, &target.tenant, options).await?;
    warnings::show(collection.configured());
    let check = if args.check { Some(schemas::check_of(&plugin)?) } else { None };
    let summary = records::begin(&plugin, &target.tenant, request, collection.configured());
    let dir = match resumed {
        Some(dir) => dir.resumed(&summary)?,
        None => EvidenceDir::create(&args.out, summary)
            .inspect_err(|_| note("stopped before the first page: nothing was written"))?,
    };
    Ok((target, Run { collection, dir, journal, check, expected }))
}

impl Run {
    /// Collects to the end; `false` where a signal came before that.
    async fn through(mut self, args: &CollectArgs, tenant: &Tenant) -> (Self, Result<bool>) {
        let Summary { requests, retries, .. } = self.dir.summary();
        let expected = self.expected.map(|expected| (expected, requests.saturating_sub(*retries)));
        let progress = Progress::of_known(Arc::clone(&tenant.meter), tenant.clock.clone(), expected);
        let endurance = Endurance { horizon: Duration::from_secs(args.retry_seconds), ..Endurance::default() };
        self.collection = self.collection.enduring(endurance, Box::new(progress.on_wait()));
        let outcome = tokio::select! {
            outcome = self.pages(&progress) => outcome.map(|()| true),
            () = signals::interrupted() => Ok(false),
        };
        (self, outcome)
    }

    /// Collects page after page; each is on disk before the next is asked for.
    async fn pages(&mut self, progress: &Progress) -> Result<()> {
        while let Some(page) = self.collection.next().await? {
            if let Some(check) = &self.check {
                page.records.iter().try_for_each(check)?;
            }
            let lines = records::lines(&page)?;
            let is_last = page.cursor.is_none();
            let seen = if is_last { self.journal.take_last().await } else { self.journal.take() };
            let summary = self.dir.summary().clone().with(records::page_facts(&page), &lines, &seen);
            self.dir.append(&lines, &seen, page.cursor.clone(), summary)?;
            progress.page(&page, self.dir.summary().records, self.dir.summary().requests);
            if let Some(failure) = &page.stopped {
                progress.stopped(failure);
            }
        }
        Ok(())
    }
}

/// What the collection needs, if that is to be found out. Asked for apart from it: it leaves no trace in what is written.
async fn expected(
    args: &CollectArgs,
    plugin: &Plugin,
    tenant: &Tenant,
    options: &CollectionOptions,
) -> Result<Option<Expected>> {
    if !args.eta {
        return Ok(args.expected);
    }
    let tenant = Tenant { clock: tenant.clock.fork(), meter: Arc::default(), journal: None, ..tenant.clone() };
    // The whole of it, also where it is resumed.
    let request = CollectionOptions { cursor: None, ..options.clone() }.request();
    let progress = Progress::start(Arc::clone(&tenant.meter), tenant.clock.clone());
    let (mut instance, _) = plugin.configured(&tenant).await?;
    let cost = instance.estimate(&request).await;
    drop(progress);
    match cost {
        Ok(cost) => Ok(Some(Expected::from(&cost))),
        Err(error) => {
            note(format!("--eta: how much time is left cannot be told: {}", plain(&error.to_string())));
            Ok(None)
        }
    }
}

/// Ends a run that did not come to its end: an error, or `Ok(false)` for an interruption.
fn stopped(dir: EvidenceDir, outcome: Result<bool>) -> Result<u8> {
    let records = dir.summary().records;
    if dir.discard() {
        note("stopped before the first page: nothing was written");
    } else {
        note(format!("stopped after {}; to resume, repeat the command with --resume", count(records, "record")));
    }
    outcome.map(|_| exit::INTERRUPTED)
}

/// What is asked for.
pub fn options(args: &CollectArgs) -> CollectionOptions {
    let budget = Budget {
        max_records: args.max_records_per_page,
        max_bytes: Some(PAGE_BYTES),
        max_requests: args.max_requests_per_page,
        max_milliseconds: Some(args.max_milliseconds_per_page),
        max_concurrency: args.concurrency,
    };
    CollectionOptions { kinds: args.kinds.clone(), since: args.since.clone(), budget, cursor: None }
}

/// What is missing of a kind.
fn missing(of: &CoverageSummary) -> String {
    let reason = if of.reason.is_empty() { String::new() } else { format!(" ({})", of.reason) };
    plain(&format!("incomplete: {}: {}{reason}", of.kind, of.state.replace('_', " ")))
}

/// Requests in an hour that the settings allow, where the source has such a setting.
fn share(configured: &Configured) -> Option<u64> {
    let settings: Value = serde_json::from_str(&configured.settings).ok()?;
    settings.get("requests_per_hour")?.as_u64()
}

fn show(summary: &Summary, args: &CollectArgs, share: Option<u64>, took: std::time::Duration) {
    let mut rows = table(&["Kind", "Records", "Coverage", "What is missing"]);
    for coverage in &summary.coverage {
        let (kind, reason) = (plain(&coverage.kind), plain(&coverage.reason));
        rows.add_row([kind.into(), coverage.records.into(), text::state(&plain(&coverage.state)), Cell::new(reason)]);
    }
    say(rows);
    let Summary { records, requests, retries, bytes_received, pages, .. } = summary;
    let share = share.map(|share| format!(" of at most {share} an hour")).unwrap_or_default();
    tell(format!(
        "{} in {} from {}{share} ({}, {} KiB) in {:.1} s",
        count(*records, "record"),
        count(*pages, "page"),
        count(*requests, "call"),
        if *retries == 1 { "1 retry".into() } else { format!("{retries} retries") },
        bytes_received / 1024,
        took.as_secs_f64()
    ));
    show_findings(summary);
    say(format!("evidence: {}", args.out.join("evidence.jsonl").display()));
    say(format!("manifest: {}", args.out.join("manifest.json").display()));
    if let Some(since) = &summary.next_since {
        say(format!("next:     use --since {} so that no event is missed", plain(since)));
    }
}

/// The first of what the source found odd; all of it is in the manifest.
fn show_findings(summary: &Summary) {
    let all = &summary.findings;
    let shown = if text::is_verbose() { all.len() } else { 5 };
    if all.is_empty() {
        return;
    }
    let found = count(all.len() as u64, "finding");
    say(format!("{found} about the vendor's answers, all in manifest.json:"));
    for finding in all.iter().take(shown) {
        say(format!("  {}: {}", plain(&finding.code), plain(&finding.message)));
    }
    if all.len() > shown {
        say(format!("  and {} more", all.len() - shown));
    }
}

/// Shows a newcomer what evidence looks like.
fn sample(args: &CollectArgs) -> Result<()> {
    let path = args.out.join("evidence.jsonl");
    let text = std::fs::read_to_string(&path).map_err(Error::file("read", path))?;
    let names = Names::read(&args.out)?;
    let of = |kind: &str| {
        let records = text.lines().filter(|line| line.contains(&format!("\"kind\":\"{kind}\",")));
        let mut records = records.filter_map(|line| serde_json::from_str::<Value>(line).ok());
        // Records about a kind name it too.
        records.find(|record| record.get("kind").is_some_and(|of| of == kind))
    };
    let kinds = ["user", "connection", "audit_event", "audit_trail_entry", "user_action"];
    for record in kinds.iter().filter_map(|kind| of(kind)) {
        let field = |name: &str| record.get(name).and_then(Value::as_str).map(plain).unwrap_or_default();
        let title = names.readable(record.get("title").and_then(Value::as_str).unwrap_or_default());
        say(format!("\n{}\n  {}", plain(&title), field("id")));
        let provenance = record.pointer("/provenance/0/request").and_then(Value::as_str).map(plain);
        say(format!("  read {} from {}", field("observed_at"), provenance.unwrap_or_default()));
        say(format!("  {}", plain(&record.get("content").map(ToString::to_string).unwrap_or_default())));
    }
    Ok(())
}

//! `diff`: what changed between two collections, as lines for programs and a table for people.

use super::folder::folder;
use super::output::Format;
use super::report::refuse_inside;
use clap::Args;
use host_test::component::LocalArgs;
use host_test::exit;
use host_test::text::{count, marked, plain, plain_json, raw, say, table, tell};
use serde_json::Value;
use source_evidence::diff::change::{Change, Comparison, KindCounts, What, line};
use source_evidence::diff::edits::{Class, Edit};
use source_evidence::diff::meaning::Meanings;
use source_evidence::diff::{MAX_DROP_PERCENT, Options, Side, compare};
use source_evidence::line_file::LineFile;
use source_host::error::Result;
use source_host::records::kind_facts;
use source_report::names::Names;
use std::path::{Path, PathBuf};

#[derive(Args)]
#[command(after_help = "Examples:
  host-test diff evidence-monday evidence-tuesday
  host-test diff evidence-monday evidence-tuesday --config-only --out changes.jsonl
  host-test diff evidence-monday evidence-tuesday --format json")]
pub struct DiffArgs {
    #[command(flatten)]
    component: LocalArgs,
    /// Folder of the earlier collection.
    #[arg(value_name = "BEFORE")]
    before: PathBuf,
    /// Folder of the later one.
    #[arg(value_name = "AFTER")]
    after: PathBuf,
    /// Write the changes to this file, which must not exist yet, one per line, followed by a summary line.
    #[arg(long, value_name = "FILE.jsonl")]
    out: Option<PathBuf>,
    /// Output format: a table and the first changes, or all changes with the comparison.
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
    /// Leave out changes that come from use alone: last logins, syncs, runs.
    #[arg(long)]
    config_only: bool,
    /// Show kinds of which nothing changed too.
    #[arg(long)]
    all: bool,
    /// Largest share of a kind's records that may disappear before the deletions are doubted, for kinds of 10
    /// records or more; 100 doubts none.
    #[arg(long, value_name = "PERCENT", default_value_t = MAX_DROP_PERCENT, value_parser = clap::value_parser!(u8).range(0..=100))]
    max_drop: u8,
}

/// Changes shown in a table; the file has them all.
const SHOWN: usize = 20;
/// Letters of a value shown.
const SHOWN_LETTERS: usize = 60;

/// Compares and shows it.
pub async fn run(args: &DiffArgs) -> Result<u8> {
    if let Some(out) = &args.out {
        let parent = out.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        [&args.before, &args.after].iter().try_for_each(|folder| refuse_inside(out, parent, folder))?;
    }
    let folders = (folder(&args.before).await?, folder(&args.after).await?);
    let (before, after) = (Side::read(folders.0.path())?, Side::read(folders.1.path())?);
    let plugin = args.component.load().await?;
    let source = plugin.description();
    let meanings = Meanings::new(&source.id, &kind_facts(&source.kinds))?;
    let options = Options { configuration_only: args.config_only, max_drop_percent: args.max_drop };
    let mut out = args.out.as_deref().map(LineFile::create).transpose()?;
    let mut document = Document::default();
    let mut shown = Vec::new();
    let comparison = compare(&before, &after, &meanings, &options, &mut |change| {
        if let Some(out) = &mut out {
            out.write(&line(change)?)?;
        }
        match args.format {
            Format::Json => document.change(&line(change)?),
            Format::Table if shown.len() < SHOWN && change.class != Class::Activity => shown.push(change.clone()),
            Format::Table => {}
        }
        Ok(())
    })?;
    if let Some(mut out) = out {
        out.write(&line(&comparison)?)?;
        out.finish()?;
    }
    match args.format {
        Format::Json => document.end(&line(&comparison)?),
        Format::Table => show(&comparison, &shown, args)?,
    }
    Ok(exit::COMPLETE)
}

/// One JSON document, of which each change is written when it is found: there may be more than fit in memory.
#[derive(Default)]
struct Document {
    changes: u64,
}

impl Document {
    fn change(&mut self, change: &str) {
        let before = if self.changes == 0 { "{\"changes\":[\n" } else { "," };
        self.changes += 1;
        raw(&format!("{before}{}", plain_json(change)));
    }

    fn end(&self, comparison: &str) {
        let before = if self.changes == 0 { "{\"changes\":[" } else { "" };
        raw(&format!("{before}],\"comparison\":\n{}}}", plain_json(comparison)));
    }
}

fn show(comparison: &Comparison, shown: &[Change], args: &DiffArgs) -> Result<()> {
    let mut rows = table(&["Kind", "Records", "What changed"]);
    let kinds: Vec<&KindCounts> = comparison.kinds.iter().filter(|kind| args.all || is_telling(kind)).collect();
    for kind in &kinds {
        let KindCounts { before, after, .. } = kind;
        let records = if before == after { before.to_string() } else { format!("{before} → {after}") };
        rows.add_row([plain(&kind.kind), records, plain(&what_changed(kind))]);
    }
    if !kinds.is_empty() {
        say(rows);
    }
    tell(format!(
        "between {} and {}; derived by comparison, not read from an audit log",
        plain(&comparison.before.started_at),
        plain(&comparison.after.finished_at)
    ));
    for caveat in &comparison.caveats {
        tell(marked(format!("note: {}", plain(caveat))));
    }
    if !shown.is_empty() {
        let (before, after) = (Names::read(&args.before)?, Names::read(&args.after)?);
        shown.iter().for_each(|change| tell(sentence(change, &before, &after)));
    }
    let activity: u64 = comparison.kinds.iter().map(|kind| kind.activity).sum();
    let written = comparison.changes - if comparison.configuration_only { 0 } else { activity };
    let more = written.saturating_sub(shown.len() as u64);
    match &args.out {
        _ if comparison.changes == 0 => say("no changes"),
        Some(out) => say(format!("{}: {}", count(comparison.changes, "change"), out.display())),
        None if more > 0 => say(format!("… and {more} more; --out FILE.jsonl has all")),
        None => {}
    }
    Ok(())
}

/// Whether something of a kind changed, or it is not known whether something did.
fn is_telling(kind: &KindCounts) -> bool {
    let KindCounts { created, edited, deleted, activity, inconclusive, .. } = kind;
    created + edited + deleted + activity + inconclusive > 0 || kind.shrunk || kind.not_compared.is_some()
}

/// What was found of a kind, in words.
fn what_changed(kind: &KindCounts) -> String {
    if let Some(why) = &kind.not_compared {
        return format!("not compared: {why}");
    }
    let counts = [
        (kind.created, "created"),
        (kind.edited, "edited"),
        (kind.deleted, "deleted"),
        (kind.activity, "only used"),
        (kind.inconclusive, "inconclusive"),
    ];
    let counts = counts.into_iter().filter(|(number, _)| *number > 0);
    let mut parts: Vec<String> = counts.map(|(number, what)| format!("{number} {what}")).collect();
    if kind.shrunk {
        parts.push("shrunk: deletions are doubted".into());
    }
    if parts.is_empty() { "nothing".into() } else { parts.join(", ") }
}

/// A change in a line or two.
fn sentence(change: &Change, names_before: &Names, names_after: &Names) -> String {
    let what = match change.change {
        What::Created => "created ",
        What::Edited => "edited  ",
        What::Deleted => "deleted ",
        What::Appeared => "appeared",
        What::Absent => "absent  ",
        What::Shrunk => "shrunk  ",
    };
    let title = match (&change.after, &change.before) {
        (Some(record), _) => names_after.readable(&record.title),
        (None, Some(record)) => names_before.readable(&record.title),
        (None, None) => change.kind.clone(),
    };
    let mut text = format!("{what} {}", plain(&title));
    if let Some(reason) = &change.reason {
        text.push_str(&plain(&format!(" ({reason})")));
    }
    for edit in &change.edits {
        text.push_str(&format!("\n           {}", plain(&edit_sentence(edit))));
    }
    text
}

fn edit_sentence(edit: &Edit) -> String {
    let value = |value: &Option<Value>| match value.as_ref().map(ToString::to_string) {
        None => "absent".into(),
        Some(text) if text.chars().count() > SHOWN_LETTERS => {
            text.chars().take(SHOWN_LETTERS).chain("…".chars()).collect()
        }
        Some(text) => text,
    };
    format!("{}: {} → {}", edit.pointer, value(&edit.before), value(&edit.after))
}

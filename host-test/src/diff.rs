//! `diff`: what changed between two collections, as lines for programs and a table for people.

use super::args::Format;
use clap::Args;
use host_test::component::ComponentArgs;
use host_test::exit;
use host_test::text::{plain, plain_json, plural, say, table};
use serde_json::Value;
use source_evidence::diff::change::{Change, Comparison, KindCounts, What, line};
use source_evidence::diff::edits::{Class, Edit};
use source_evidence::diff::meaning::Meanings;
use source_evidence::diff::{MAX_DROP_PERCENT, Options, Side, compare};
use source_evidence::line_file::LineFile;
use source_host::error::Result;
use source_host::records::kind_facts;
use std::path::PathBuf;

/// What changed between two finished collections of one account. Found by comparing them: no change
/// is an entry of the vendor's audit log.
#[derive(Args)]
pub struct DiffArgs {
    #[command(flatten)]
    component: ComponentArgs,
    /// Folder of the earlier collection.
    #[arg(value_name = "BEFORE")]
    before: PathBuf,
    /// Folder of the later one.
    #[arg(value_name = "AFTER")]
    after: PathBuf,
    /// Write the changes to this file, which must not exist yet, one per line, followed by a summary line.
    #[arg(long, value_name = "FILE.jsonl")]
    out: Option<PathBuf>,
    /// Output format: a table of the first changes, or the lines that --out writes.
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
    /// Leave out changes that come from use alone: last logins, syncs, runs.
    #[arg(long)]
    config_only: bool,
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
    let (before, after) = (Side::read(&args.before)?, Side::read(&args.after)?);
    let plugin = args.component.load().await?;
    let source = plugin.description();
    let meanings = Meanings::new(&source.id, &kind_facts(&source.kinds))?;
    let options = Options { configuration_only: args.config_only, max_drop_percent: args.max_drop };
    let mut out = args.out.as_deref().map(LineFile::create).transpose()?;
    let mut shown = Vec::new();
    let comparison = compare(&before, &after, &meanings, &options, &mut |change| {
        if let Some(out) = &mut out {
            out.write(&line(change)?)?;
        }
        match args.format {
            Format::Json => say(plain_json(&line(change)?)),
            Format::Table if shown.len() < SHOWN && change.class != Class::Activity => shown.push(sentence(change)),
            Format::Table => {}
        }
        Ok(())
    })?;
    if let Some(mut out) = out {
        out.write(&line(&comparison)?)?;
        out.finish()?;
    }
    match args.format {
        Format::Json => say(plain_json(&line(&comparison)?)),
        Format::Table => show(&comparison, &shown, args),
    }
    Ok(exit::COMPLETE)
}

fn show(comparison: &Comparison, shown: &[String], args: &DiffArgs) {
    let headings = ["Kind", "Before", "After", "Created", "Edited", "Deleted", "Activity", "Inconclusive", "Remark"];
    let mut rows = table(&headings);
    for kind in &comparison.kinds {
        let found = |count: u64| if kind.not_compared.is_some() { "–".into() } else { count.to_string() };
        rows.add_row(vec![
            plain(&kind.kind),
            kind.before.to_string(),
            kind.after.to_string(),
            found(kind.created),
            found(kind.edited),
            found(kind.deleted),
            found(kind.activity),
            found(kind.inconclusive),
            plain(&remark(kind)),
        ]);
    }
    say(rows);
    say(format!(
        "between {} and {}; derived by comparison, not read from an audit log",
        plain(&comparison.before.started_at),
        plain(&comparison.after.finished_at)
    ));
    for caveat in &comparison.caveats {
        say(format!("note: {}", plain(caveat)));
    }
    shown.iter().for_each(say);
    let activity: u64 = comparison.kinds.iter().map(|kind| kind.activity).sum();
    let written = comparison.changes - if comparison.configuration_only { 0 } else { activity };
    let more = written.saturating_sub(shown.len() as u64);
    match &args.out {
        _ if comparison.changes == 0 => say("no changes"),
        Some(out) => say(format!("{} {}: {}", comparison.changes, plural(comparison.changes, "change"), out.display())),
        None if more > 0 => say(format!("… and {more} more; --out FILE.jsonl has all")),
        None => {}
    }
}

fn remark(kind: &KindCounts) -> String {
    match (&kind.not_compared, kind.shrunk) {
        (Some(why), _) => format!("not compared: {why}"),
        (None, true) => "shrunk: deletions are doubted".into(),
        (None, false) => String::new(),
    }
}

/// A change in a line or two.
fn sentence(change: &Change) -> String {
    let what = match change.change {
        What::Created => "created ",
        What::Edited => "edited  ",
        What::Deleted => "deleted ",
        What::Appeared => "appeared",
        What::Absent => "absent  ",
        What::Shrunk => "shrunk  ",
    };
    let title = change.after.as_ref().or(change.before.as_ref()).map_or(&change.kind, |record| &record.title);
    let mut text = format!("{what} {}", plain(title));
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

//! What changed since an earlier collection of the same account.

use super::table::Table;
use crate::Result;
use crate::collection::Collection;
use crate::names::Names;
use source_evidence::diff::change::{Change, Comparison, What};
use source_evidence::diff::edits::Edit;
use source_evidence::diff::meaning::Meanings;
use source_evidence::diff::{MAX_DROP_PERCENT, Options, Side, compare};
use source_evidence::digest::sha256_of_file;
use source_evidence::files::SEAL;
use source_evidence::text::plain;
use std::collections::BTreeMap;
use std::path::Path;

/// What a comparison found.
#[derive(Debug)]
pub struct Changes {
    comparison: Comparison,
    changes: Vec<Change>,
    /// What things were called in the earlier one.
    names: Names,
    /// Whether both are one and the same collection.
    same: bool,
}

impl Changes {
    /// Compares two finished collections of one account; activity, which comes from use alone, is counted only.
    ///
    /// # Errors
    /// When they cannot be compared, or not be read.
    pub fn between(before: &Path, after: &Path, meanings: &Meanings) -> Result<Self> {
        let options = Options { configuration_only: true, max_drop_percent: MAX_DROP_PERCENT };
        let mut changes = Vec::new();
        let names = Names::read(before)?;
        let [one, other] = [before, after].map(|folder| sha256_of_file(&folder.join(SEAL)).ok());
        let same = one.is_some() && one == other;
        let (before, after) = (Side::read(before)?, Side::read(after)?);
        let comparison = compare(&before, &after, meanings, &options, &mut |change| {
            changes.push(change.clone());
            Ok(())
        })?;
        Ok(Self { comparison, changes, names, same })
    }
}

/// What the page shows of it.
pub(super) struct View {
    pub between: String,
    pub caveats: Vec<String>,
    pub kinds: Vec<Kind>,
    pub table: Table,
}

/// What was found of one kind.
pub(super) struct Kind {
    pub kind: String,
    pub counts: [u64; 7],
    pub remark: String,
}

pub(super) fn view(changes: &Changes, collection: &Collection) -> View {
    let comparison = &changes.comparison;
    let columns = ["Change*", "Kind*", "Record", "What changed", "Between", "And", "Why no more can be said"];
    let mut table = Table::new("changes", "Changes", &columns).whole_in("what diff says: host-test diff OLD NEW");
    let ids: BTreeMap<&str, &crate::record::Record> =
        collection.records.iter().map(|record| (record.id.as_str(), record)).collect();
    for change in &changes.changes {
        let record = change.after.as_ref().and_then(|after| ids.get(after.record_id.as_str()).copied());
        let title = match (&change.after, &change.before) {
            (Some(after), _) => collection.names.readable_with_ids(&after.title),
            (None, Some(before)) => changes.names.readable_with_ids(&before.title),
            (None, None) => change.kind.clone(),
        };
        let edits: Vec<String> = change.edits.iter().map(edit).collect();
        let cells = [
            word(change.change).into(),
            change.kind.clone(),
            title,
            edits.join("; "),
            change.interval.after.clone(),
            change.interval.before.clone(),
            change.reason.clone().unwrap_or_default(),
        ];
        table.row(cells, record.as_slice());
    }
    let between = format!(
        "Between {} and {}. Derived by comparison, not read from an audit log.",
        plain(&comparison.before.started_at),
        plain(&comparison.after.finished_at)
    );
    let same = changes.same.then(|| "the two are one and the same collection: it was compared with itself".into());
    View {
        between,
        caveats: same.into_iter().chain(comparison.caveats.iter().map(|one| plain(one))).collect(),
        kinds: kinds(comparison),
        table,
    }
}

/// The kinds of which something changed, or that were not compared.
fn kinds(comparison: &Comparison) -> Vec<Kind> {
    let all = comparison.kinds.iter().map(|kind| Kind {
        kind: plain(&kind.kind),
        counts: [kind.before, kind.after, kind.created, kind.edited, kind.deleted, kind.activity, kind.inconclusive],
        remark: match (&kind.not_compared, kind.shrunk) {
            (Some(why), _) => plain(&format!("not compared: {why}")),
            (None, true) => "shrunk: deletions are doubted".into(),
            (None, false) => String::new(),
        },
    });
    all.filter(|kind| !kind.remark.is_empty() || kind.counts.iter().skip(2).any(|count| *count > 0)).collect()
}

fn word(what: What) -> &'static str {
    match what {
        What::Created => "created",
        What::Edited => "edited",
        What::Deleted => "deleted",
        What::Appeared => "appeared",
        What::Absent => "absent",
        What::Shrunk => "shrunk",
    }
}

fn edit(edit: &Edit) -> String {
    let value = |value: &Option<serde_json::Value>| value.as_ref().map_or("absent".into(), ToString::to_string);
    format!("{}: {} → {}", edit.pointer, value(&edit.before), value(&edit.after))
}

//! What a comparison says: one line for each change, and a last one that sums up.
//!
//! Every line is canonical JSON (RFC 8785). `basis` is always `derived`: it was found by comparing
//! two collections, and is no entry of any log of the vendor's.

use super::edits::{Class, Edit};
use super::options::Options;
use super::side::Side;
use crate::digest::{canonical, sha256_hex};
use crate::error::{Error, Result};
use serde::Serialize;
use serde_json::json;

/// Format of the lines.
const VERSION: u32 = 1;
/// Where every line comes from.
const DERIVED: &str = "derived";

/// What happened to a record, or what can be said about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// It is there after, and surely was not before.
    Created,
    /// It is there on both sides, with another content.
    Edited,
    /// It was there before, and surely is not after.
    Deleted,
    /// It is there after only, and may have been there before.
    Appeared,
    /// It was there before only, and may be there still.
    Absent,
    /// So much of the kind is gone at once that a mistake of reading is likelier than deletions.
    Shrunk,
}

/// A record as one side has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "fields of the record, see `wit/types.wit`")]
pub struct Observation {
    pub record_id: String,
    pub digest: String,
    pub observed_at: String,
    pub title: String,
}

/// When it happened: after the one and before the other, both RFC 3339 in UTC. Never more exact than
/// the collections.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "see the type")]
pub struct Interval {
    pub after: String,
    pub before: String,
}

/// One line about one record (or, for [`What::Shrunk`], about one kind).
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Change {
    /// Always `change`.
    #[serde(rename = "type")]
    pub line: &'static str,
    /// The same for the same comparison and record.
    pub id: String,
    /// Id of the comparison.
    pub comparison: String,
    /// Always `derived`.
    pub basis: &'static str,
    /// What happened.
    pub change: What,
    /// What it is a change of.
    pub class: Class,
    /// Kind of the record.
    pub kind: String,
    /// The record before; null when it was not there.
    pub before: Option<Observation>,
    /// The record after; null when it is not there.
    pub after: Option<Observation>,
    /// What differs, for an edited record.
    pub edits: Vec<Edit>,
    /// When it happened.
    pub interval: Interval,
    /// Who made the thing, for a created one that says so; else `unknown`.
    pub actor: String,
    /// JSON pointer, in the content, of the actor; null when unknown.
    pub actor_basis: Option<String>,
    /// Why no more can be concluded; null where all can.
    pub reason: Option<String>,
}

/// One of the two collections.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "as in the manifest")]
pub struct Compared {
    pub chain_head: String,
    pub component_version: String,
    pub started_at: String,
    pub finished_at: String,
    pub records: u64,
}

/// What was found of one kind.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct KindCounts {
    /// The kind.
    pub kind: String,
    /// Records before.
    pub before: u64,
    /// Records after.
    pub after: u64,
    /// Records created.
    pub created: u64,
    /// Records edited in their configuration.
    pub edited: u64,
    /// Records of which only activity changed.
    pub activity: u64,
    /// Records deleted.
    pub deleted: u64,
    /// Records of which nothing can be concluded: appeared, absent, or edited inconclusively only.
    pub inconclusive: u64,
    /// Whether so much is gone that deletions are not reported.
    pub shrunk: bool,
    /// Why it was not compared; null when it was.
    pub not_compared: Option<String>,
}

/// The last line: what was compared, and the result.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Comparison {
    /// Always `comparison`.
    #[serde(rename = "type")]
    pub line: &'static str,
    /// Format of the lines.
    pub version: u32,
    /// Follows from the two collections and the options.
    pub id: String,
    /// Always `derived`.
    pub basis: &'static str,
    /// The account both are of.
    pub account_id: String,
    /// The earlier collection.
    pub before: Compared,
    /// The later one.
    pub after: Compared,
    /// Lines about changes before this one.
    pub changes: u64,
    /// Whether activity was left out of them. It is counted all the same.
    pub configuration_only: bool,
    /// Percent of a kind that may be gone before deletions are doubted.
    pub max_drop_percent: u8,
    /// Kind by kind, in the order of the later collection.
    pub kinds: Vec<KindCounts>,
    /// What a reader has to keep in mind.
    pub caveats: Vec<String>,
}

impl Comparison {
    /// One of these two, with nothing found yet.
    pub(super) fn new(before: &Side, after: &Side, options: &Options) -> Self {
        let compared = |side: &Side| Compared {
            chain_head: side.summary.chain_head.clone(),
            component_version: side.summary.component.version.clone(),
            started_at: side.closing.started_at.clone(),
            finished_at: side.closing.finished_at.clone(),
            records: side.summary.records,
        };
        let (before_side, after_side) = (compared(before), compared(after));
        let Options { configuration_only, max_drop_percent } = *options;
        let options = format!("{configuration_only},{max_drop_percent}");
        let id = urn("comparison", &[&before_side.chain_head, &after_side.chain_head, &options]);
        Self {
            line: "comparison",
            version: VERSION,
            id,
            basis: DERIVED,
            account_id: after.closing.account_id.clone(),
            before: before_side,
            after: after_side,
            changes: 0,
            configuration_only,
            max_drop_percent,
            kinds: Vec::new(),
            caveats: Vec::new(),
        }
    }

    /// A change of `kind` that this comparison found; `about` tells it from others of the kind.
    pub(super) fn change(&self, kind: &str, what: What, about: &str, interval: Interval) -> Change {
        let class = match what {
            What::Created | What::Edited | What::Deleted => Class::Configuration,
            What::Appeared | What::Absent | What::Shrunk => Class::Inconclusive,
        };
        Change {
            line: "change",
            id: urn("change", &[&self.id, kind, about]),
            comparison: self.id.clone(),
            basis: DERIVED,
            change: what,
            class,
            kind: kind.into(),
            before: None,
            after: None,
            edits: Vec::new(),
            interval,
            actor: "unknown".into(),
            actor_basis: None,
            reason: None,
        }
    }
}

/// A name that follows from what it names. Not one of the vendor's: nothing here is the vendor's word.
fn urn(what: &str, parts: &[&str]) -> String {
    let text = canonical(&json!(parts)).unwrap_or_default();
    format!("urn:compliance:source:{what}:{}", sha256_hex(&text))
}

/// A change or comparison as its line, without line break.
///
/// # Errors
/// [`Error::Contract`] when a value has no JSON form.
pub fn line(of: &impl Serialize) -> Result<String> {
    let text = serde_json_canonicalizer::to_string(of);
    text.map_err(|error| Error::Contract(format!("a change has no canonical form: {error}")))
}

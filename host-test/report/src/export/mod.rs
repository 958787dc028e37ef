//! Exports in formats that exist: CSV and XLSX for people, OSCAL and OCSF for their tools.
//!
//! What goes out is first [`choose`]n: a collection that contradicts itself is never exported, and a kind that was not
//! read whole only when that is asked for; each format then says so where nobody can miss it. `docs/exports.md` tells
//! what each format holds.

mod access_table;
pub mod csv;
mod guard;
mod identifiers;
mod kind_table;
pub mod ocsf;
pub mod oscal;
mod overview_table;
mod table;
pub mod xlsx;

use crate::access;
use crate::collection::Collection;
use crate::finding::Rules;
use crate::unlisted::unlisted;
use source_evidence::text::plural;
use source_evidence::verify::Verdict;
use std::collections::BTreeSet;
use std::fmt::{self, Display, Formatter};

/// What is asked for.
#[derive(Clone, Debug, Default)]
pub struct Wish {
    /// Kinds; empty for every kind of the collection.
    pub kinds: Vec<String>,
    /// Whether kinds may be incomplete.
    pub incomplete: bool,
}

/// What goes out of a collection.
#[derive(Debug)]
pub struct Choice<'c> {
    collection: &'c Collection,
    kinds: Vec<Kind<'c>>,
    /// What a reader has to know before any number.
    all_caveats: Vec<String>,
    /// The same in a line.
    caveats: String,
}

/// A kind that goes out.
#[derive(Clone, Debug)]
struct Kind<'c> {
    id: &'c str,
    state: State,
}

/// How completely a kind was read.
#[derive(Clone, Debug, PartialEq, Eq)]
struct State {
    is_complete: bool,
    /// `complete`, or another state with the reason.
    words: String,
}

/// Why nothing goes out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refused {
    /// The files contradict each other: what `verify` found.
    Contradicted(Vec<String>),
    /// This kind was not asked for in the collection; those that were.
    NotCollected(String, Vec<String>),
    /// A kind whose name cannot be the name of a file.
    NoName(String),
    /// Kinds that were not read whole, each with its state and reason; and those that were.
    Incomplete(Vec<(String, String)>, Vec<String>),
}

/// Chooses what goes out.
///
/// # Errors
/// When it must not.
pub fn choose<'c>(collection: &'c Collection, wish: &Wish) -> Result<Choice<'c>, Refused> {
    if collection.report.verdict() == Verdict::Contradicted {
        return Err(Refused::Contradicted(collection.report.findings.clone()));
    }
    let all = kinds(collection);
    if let Some(odd) = all.iter().find(|kind| !is_name(kind)) {
        return Err(Refused::NoName((*odd).into()));
    }
    if let Some(unknown) = wish.kinds.iter().find(|kind| !all.contains(kind.as_str())) {
        return Err(Refused::NotCollected(unknown.clone(), all.into_iter().map(String::from).collect()));
    }
    let is_wanted = |kind: &&str| wish.kinds.is_empty() || wish.kinds.iter().any(|wanted| wanted == kind);
    let kinds: Vec<Kind<'_>> =
        all.into_iter().filter(is_wanted).map(|id| Kind { id, state: state(collection, id) }).collect();
    let (whole, short): (Vec<&Kind<'_>>, Vec<&Kind<'_>>) = kinds.iter().partition(|kind| kind.state.is_complete);
    if !short.is_empty() && !wish.incomplete {
        let short = short.iter().map(|kind| (kind.id.into(), kind.state.words.clone())).collect();
        return Err(Refused::Incomplete(short, whole.iter().map(|kind| kind.id.into()).collect()));
    }
    let all_caveats = collection.summary().caveats().chain(unlisted(collection).proof()).collect();
    Ok(Choice { collection, kinds, all_caveats, caveats: String::new() }.with(std::iter::empty()))
}

/// Every kind that was asked for or has records.
fn kinds(collection: &Collection) -> BTreeSet<&str> {
    let asked = collection.summary().coverage.iter().map(|coverage| coverage.kind.as_str());
    asked.chain(collection.kinds()).collect()
}

/// Whether it can be part of a file's name on every system.
fn is_name(kind: &str) -> bool {
    let letters = |letter: u8| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == b'_';
    (1..=64).contains(&kind.len()) && kind.bytes().all(letters)
}

fn state(collection: &Collection, kind: &str) -> State {
    let is_complete = collection.is_complete(kind);
    let words = match collection.coverage(kind) {
        // What the source says of itself has no population that could be missed.
        None if collection.summary().statements.iter().any(|statement| statement == kind) => {
            return State { is_complete: true, words: "complete".into() };
        }
        None => "unknown: the collection does not say how completely it was read".into(),
        Some(coverage) if coverage.reason.is_empty() => coverage.state.clone(),
        Some(coverage) => format!("{}: {}", coverage.state, coverage.reason),
    };
    State { is_complete, words }
}

impl<'c> Choice<'c> {
    /// The same, made with rules that a user's own file has changed.
    #[must_use]
    pub fn ruled_by(self, rules: &Rules) -> Self {
        self.with(rules.changed())
    }

    fn with(mut self, more: impl Iterator<Item = String>) -> Self {
        self.all_caveats.extend(more);
        self.caveats = self.all_caveats.join("; ");
        self
    }

    /// What a reader has to know before any number.
    #[must_use]
    pub fn caveats(&self) -> &[String] {
        &self.all_caveats
    }

    /// Kinds that go out and were not read whole, each with its state and reason.
    pub fn incomplete(&self) -> impl Iterator<Item = (&'c str, &str)> {
        let short = self.kinds.iter().filter(|kind| !kind.state.is_complete);
        short.map(|kind| (kind.id, kind.state.words.as_str()))
    }

    fn has(&self, kind: &str) -> bool {
        self.kinds.iter().any(|chosen| chosen.id == kind)
    }

    /// How completely all kinds of the access review were read; `None` where not all of them go out.
    fn access_review(&self) -> Option<State> {
        if !access::KINDS.iter().all(|kind| self.has(kind)) {
            return None;
        }
        let short = self.incomplete().filter(|(kind, _)| access::KINDS.contains(kind));
        let words: Vec<String> = short.map(|(kind, words)| format!("{kind}: {words}")).collect();
        let is_complete = words.is_empty();
        Some(State { is_complete, words: if is_complete { "complete".into() } else { words.join("; ") } })
    }
}

impl Display for Refused {
    fn fmt(&self, to: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Contradicted(findings) => {
                writeln!(to, "the collection contradicts itself: it is not exported")?;
                findings.iter().try_for_each(|finding| writeln!(to, "  {finding}"))?;
                write!(to, "  → collect again, or fetch the files anew from where they were kept; see: verify DIR")
            }
            Self::NotCollected(kind, all) => {
                writeln!(to, "the collection has no kind {kind:?}")?;
                write!(to, "  → choose from: {}", all.join(", "))
            }
            Self::NoName(kind) => {
                writeln!(to, "a kind of the collection is called {kind:?}, which cannot be the name of a file")?;
                write!(to, "  → use a component whose kinds are written in a-z, 0-9 and _")
            }
            Self::Incomplete(short, whole) => {
                let count = short.len() as u64;
                let was = if count == 1 { "was" } else { "were" };
                writeln!(to, "{count} {} {was} not read whole, so that nothing was exported", plural(count, "kind"))?;
                short.iter().try_for_each(|(kind, words)| writeln!(to, "  {kind}: {words}"))?;
                writeln!(
                    to,
                    "  → collect again once what is missing can be read, or without the setting that omits it;"
                )?;
                if !whole.is_empty() {
                    writeln!(to, "  → or export what is whole: --kinds {}", whole.join(","))?;
                }
                write!(to, "  → or export all of it with --incomplete: the export then says what is missing")
            }
        }
    }
}

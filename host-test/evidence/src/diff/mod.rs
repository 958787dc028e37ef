//! What changed between two finished collections of one account, found by comparing them.
//!
//! Contents are compared, by digest and then member by member; what is new in every run (instants of
//! reading, provenance, what is said about the collection itself) is not. Nothing found here is an
//! entry of the vendor's audit log: each change is `derived`, and lies between two readings.
//!
//! What an auditor can rely on:
//!
//! - **Created** is what is there after, where the kind was complete before. **Deleted** is what was
//!   there before, where the kind was complete on both sides. All else **appeared** or is **absent**,
//!   with the reason why no more can be concluded.
//! - A kind of [`GUARDED_POPULATION`] or more records that loses more than
//!   [`Options::max_drop_percent`] of them has **shrunk**: its missing records are absent, not deleted.
//! - What was read through a thing whose deletion is so doubted is absent too.
//! - A value that the source always tells and that is absent on one side was not told there: that is inconclusive.
//! - A value that is null where not all was read is inconclusive, not edited.
//! - Activity (what changes by use, as the source's schemas mark it) is told apart, and can be left out.
//! - Of a kind that a setting spreads over days, the same part of the items has to have been read on both
//!   sides: then that part is compared like a whole kind, else the kind is not compared.
//! - Events are not compared: they do not change, and a stamp that moved is an edit of its resource.
//!
//! The same two collections give the same lines, in the order of kinds and then ids.

pub mod change;
mod comparable;
pub mod edits;
pub mod meaning;
mod options;
mod pointer;
mod side;

pub use options::{GUARDED_POPULATION, MAX_DROP_PERCENT, Options};
pub use side::Side;

use change::{Change, Comparison, Interval, KindCounts, Observation, What};
use comparable::KindTerms;
use edits::{Class, Ground};
use meaning::Meanings;
use side::{Entry, Record};

use crate::digest::hex;
use crate::error::Result;
use std::cmp::Ordering;
use std::collections::BTreeMap;

/// Compares, and hands out each change as it is found.
///
/// # Errors
/// [`crate::error::Error::Usage`] when the two cannot be compared, and what `each` answers.
pub fn compare(
    before: &Side,
    after: &Side,
    meanings: &Meanings,
    options: &Options,
    each: &mut dyn FnMut(&Change) -> Result<()>,
) -> Result<Comparison> {
    let terms = comparable::terms(before, after, meanings)?;
    let comparison = Comparison { caveats: terms.caveats, ..Comparison::new(before, after, options) };
    let doubted = doubted(before, after, &terms.kinds, options);
    let mut walk = Walk { before, after, options, comparison, doubted, each };
    for kind in terms.kinds {
        walk.kind(kind)?;
    }
    Ok(walk.comparison)
}

struct Walk<'w> {
    before: &'w Side,
    after: &'w Side,
    options: &'w Options,
    comparison: Comparison,
    /// Ids of the things whose deletion is doubted, each with its kind: what was read through one is no less doubtful.
    doubted: BTreeMap<String, String>,
    each: &'w mut dyn FnMut(&Change) -> Result<()>,
}

impl Walk<'_> {
    fn kind(&mut self, mut terms: KindTerms) -> Result<()> {
        let entries = |side: &'_ Side| side.population(&terms.kind).map_or(0, |population| population.entries.len());
        let mut counts = KindCounts {
            kind: terms.kind.clone(),
            before: entries(self.before) as u64,
            after: entries(self.after) as u64,
            not_compared: terms.not_compared.clone(),
            ..KindCounts::default()
        };
        let (before, after) = (self.before, self.after);
        if let (None, Some(one), Some(other)) =
            (&terms.not_compared, before.population(&terms.kind), after.population(&terms.kind))
        {
            self.guard(&mut terms, &mut counts, gone(&one.entries, &other.entries))?;
            for pair in pairs(&one.entries, &other.entries) {
                match pair {
                    (Some(one), Some(other)) if one.digest == other.digest => {}
                    (Some(one), Some(other)) => self.edited(&terms, &mut counts, one, other)?,
                    (Some(one), None) => self.gone(&terms, &mut counts, one)?,
                    (None, Some(other)) => self.come(&terms, &mut counts, other)?,
                    (None, None) => {}
                }
            }
        }
        self.comparison.kinds.push(counts);
        Ok(())
    }

    /// Doubts deletions when there are too many at once.
    fn guard(&mut self, terms: &mut KindTerms, counts: &mut KindCounts, gone: usize) -> Result<()> {
        let there = usize::try_from(counts.before).unwrap_or(usize::MAX);
        if !is_shrunk(terms, there, gone, self.options) {
            return Ok(());
        }
        counts.shrunk = true;
        let reason = format!("{gone} of {there} are gone at once, more than {} %", self.options.max_drop_percent);
        terms.no_deletion = Some(reason.clone());
        let (after, before) = (&self.before.closing.started_at, &self.after.closing.finished_at);
        let interval = Interval { after: after.clone(), before: before.clone() };
        let change = self.comparison.change(&terms.kind, What::Shrunk, "", interval);
        self.say(&Change { reason: Some(reason), ..change })
    }

    fn edited(&mut self, terms: &KindTerms, counts: &mut KindCounts, one: &Entry, other: &Entry) -> Result<()> {
        let (before, after) = (self.before.record(one)?, self.after.record(other)?);
        let ground = Ground { meaning: &terms.meaning, complete: terms.complete };
        let mut edits = edits::edits(&before.content, &after.content, &ground);
        let Some(class) = edits.iter().map(|edit| edit.class).max() else { return Ok(()) };
        match class {
            Class::Configuration => counts.edited += 1,
            Class::Activity => counts.activity += 1,
            Class::Inconclusive => counts.inconclusive += 1,
        }
        if self.options.configuration_only {
            edits.retain(|edit| edit.class != Class::Activity);
        }
        if edits.is_empty() {
            return Ok(());
        }
        let interval = Interval { after: before.first_read_at.clone(), before: after.observed_at.clone() };
        let unread = edits.iter().any(|edit| edit.class == Class::Inconclusive);
        let change = Change {
            class,
            edits,
            before: Some(observation(one, before)),
            after: Some(observation(other, after)),
            reason: unread.then(|| "not everything about it was read on both sides".into()),
            ..self.comparison.change(&terms.kind, What::Edited, &one.id, interval)
        };
        self.say(&change)
    }

    fn gone(&mut self, terms: &KindTerms, counts: &mut KindCounts, one: &Entry) -> Result<()> {
        let record = self.before.record(one)?;
        let read = self.after.population(&terms.kind).and_then(|population| population.read.as_ref());
        let by = read.map_or(&self.after.closing.finished_at, |read| &read.1);
        let interval = Interval { after: record.first_read_at.clone(), before: by.clone() };
        let reason = terms.no_deletion.clone().or_else(|| self.through_doubted(&record));
        let what = if reason.is_none() { What::Deleted } else { What::Absent };
        *(if what == What::Deleted { &mut counts.deleted } else { &mut counts.inconclusive }) += 1;
        let change = Change {
            before: Some(observation(one, record)),
            reason,
            ..self.comparison.change(&terms.kind, what, &one.id, interval)
        };
        self.say(&change)
    }

    fn come(&mut self, terms: &KindTerms, counts: &mut KindCounts, other: &Entry) -> Result<()> {
        let record = self.after.record(other)?;
        let read = self.before.population(&terms.kind).and_then(|population| population.read.as_ref());
        let since = read.map_or(&self.before.closing.started_at, |read| &read.0);
        let interval = Interval { after: since.clone(), before: record.observed_at.clone() };
        let what = if terms.no_creation.is_none() { What::Created } else { What::Appeared };
        *(if what == What::Created { &mut counts.created } else { &mut counts.inconclusive }) += 1;
        let basis = terms.meaning.actor.as_ref().filter(|_| what == What::Created);
        let actor = basis.and_then(|basis| Some((record.content.pointer(basis)?.as_str()?.to_string(), basis)));
        let mut change = self.comparison.change(&terms.kind, what, &other.id, interval);
        if let Some((actor, basis)) = actor {
            change = Change { actor, actor_basis: Some(basis.clone()), ..change };
        }
        self.say(&Change { after: Some(observation(other, record)), reason: terms.no_creation.clone(), ..change })
    }

    /// Why a record that was read through something is not known to be deleted.
    fn through_doubted(&self, record: &Record) -> Option<String> {
        let mut parts = record.requests.iter().flat_map(|request| request.split(['/', '?']));
        let (id, kind) = parts.find_map(|part| self.doubted.get_key_value(part))?;
        Some(format!("it was read through the {kind} {id}, whose deletion is doubted"))
    }

    fn say(&mut self, change: &Change) -> Result<()> {
        self.comparison.changes += 1;
        (self.each)(change)
    }
}

/// Whether so much of a kind is gone at once that deletions are doubted.
fn is_shrunk(terms: &KindTerms, there: usize, gone: usize, options: &Options) -> bool {
    let too_many = gone.saturating_mul(100) > there.saturating_mul(options.max_drop_percent.into());
    terms.not_compared.is_none() && terms.no_deletion.is_none() && there >= GUARDED_POPULATION && too_many
}

/// The things of all kinds that have shrunk and are gone: their ids, each with its kind.
fn doubted(before: &Side, after: &Side, kinds: &[KindTerms], options: &Options) -> BTreeMap<String, String> {
    let mut doubted = BTreeMap::new();
    for terms in kinds {
        let (Some(one), Some(other)) = (before.population(&terms.kind), after.population(&terms.kind)) else {
            continue;
        };
        if !is_shrunk(terms, one.entries.len(), gone(&one.entries, &other.entries), options) {
            continue;
        }
        for (entry, _) in pairs(&one.entries, &other.entries).filter(|pair| pair.1.is_none()) {
            let id = entry.and_then(|entry| own_id(&entry.id, &terms.kind));
            doubted.extend(id.map(|id| (id.to_string(), terms.kind.clone())));
        }
    }
    doubted
}

/// The vendor's id in `urn:SOURCE:ACCOUNT:KIND:ID`; `None` for what has the ids of several things, as a grant has.
fn own_id<'i>(id: &'i str, kind: &str) -> Option<&'i str> {
    let (_, own) = id.split_once(&format!(":{kind}:"))?;
    (!own.contains(':')).then_some(own)
}

fn observation(entry: &Entry, record: Record) -> Observation {
    Observation {
        record_id: entry.id.to_string(),
        digest: hex(&entry.digest),
        observed_at: record.observed_at,
        title: record.title,
    }
}

/// How many of the one are not in the other.
fn gone(one: &[Entry], other: &[Entry]) -> usize {
    pairs(one, other).filter(|pair| matches!(pair, (Some(_), None))).count()
}

/// The records of both sides, which are in the order of their ids, side by side.
fn pairs<'e>(
    mut one: &'e [Entry],
    mut other: &'e [Entry],
) -> impl Iterator<Item = (Option<&'e Entry>, Option<&'e Entry>)> {
    std::iter::from_fn(move || {
        let order = match (one.first(), other.first()) {
            (None, None) => return None,
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some(one), Some(other)) => one.id.cmp(&other.id),
        };
        let left = if order == Ordering::Greater { None } else { one.split_off_first() };
        let right = if order == Ordering::Less { None } else { other.split_off_first() };
        Some((left, right))
    })
}

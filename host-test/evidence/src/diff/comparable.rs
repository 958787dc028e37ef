//! Whether two collections can be compared, and what follows from how they were read.
//!
//! | the two differ in | then |
//! |---|---|
//! | account, source, interface, settings | refused: any difference could come from that |
//! | order (the second began before the first) | refused: before and after would be swapped |
//! | kinds asked for, schema version of a kind | that kind is not compared |
//! | the part of a kind's items whose turn it was | that kind is not compared: no item was read in both |
//! | principal | nothing is called created or deleted: each may see other things |
//! | version or file of the component | said |
//! | time, in that they overlap | said |

use super::meaning::{Meaning, Meanings};
use super::side::{Population, Side, Spread};
use crate::error::{Error, Result};
use serde_json::Value;
use std::collections::BTreeSet;

/// How the two may be compared.
#[derive(Debug)]
pub struct Terms {
    /// Kind by kind, in the order of the later collection.
    pub kinds: Vec<KindTerms>,
    /// What a reader has to keep in mind.
    pub caveats: Vec<String>,
}

/// How one kind may be.
#[derive(Debug)]
pub struct KindTerms {
    /// The kind.
    pub kind: String,
    /// What its fields mean.
    pub meaning: Meaning,
    /// Why it is not compared.
    pub not_compared: Option<String>,
    /// Why a record that is there after only is not called created.
    pub no_creation: Option<String>,
    /// Why a record that was there before only is not called deleted.
    pub no_deletion: Option<String>,
    /// Whether it was read completely before, and after.
    pub complete: (bool, bool),
}

/// Judges the two.
///
/// # Errors
/// [`Error::Usage`] when they cannot be compared.
pub fn terms(before: &Side, after: &Side, meanings: &Meanings) -> Result<Terms> {
    refuse(before, after, meanings)?;
    let mut terms = Terms { kinds: Vec::new(), caveats: caveats(before, after) };
    let hidden = principals_differ(before, after);
    if let Some(why) = &hidden {
        terms.caveats.push(format!("{why}: nothing is called created or deleted"));
    }
    for kind in kinds(before, after) {
        let meaning = meanings.of(kind).cloned().unwrap_or_default();
        if meaning.always {
            continue;
        }
        let one = kind_terms(kind, (before.population(kind), after.population(kind)), meaning, hidden.as_ref());
        terms.caveats.extend(one.not_compared.is_none().then(|| unmarked(&one, after)).flatten());
        terms.kinds.push(one);
    }
    if terms.kinds.iter().all(|kind| kind.not_compared.is_some()) {
        return Err(refusal("the collections have no kind in common that can be compared", "collect the same kinds"));
    }
    Ok(terms)
}

fn refusal(what: impl Into<String>, remedy: &str) -> Error {
    Error::Usage { what: what.into(), remedy: remedy.into() }
}

fn refuse(before: &Side, after: &Side, meanings: &Meanings) -> Result<()> {
    let (one, other) = (&before.closing, &after.closing);
    if one.account_id != other.account_id {
        let what =
            format!("the collections are of different accounts, {:?} and {:?}", one.account_id, other.account_id);
        return Err(refusal(what, "compare two collections of one account"));
    }
    let (source, source_after) = (&before.summary.component.id, &after.summary.component.id);
    if source != source_after || one.interface != other.interface {
        let what = format!(
            "the collections were made by different sources, {source} over {} and {source_after} over {}",
            one.interface, other.interface
        );
        return Err(refusal(what, "compare two collections of one source"));
    }
    if *source != meanings.source {
        let what = format!("the collections were made by {source}, and the component at hand is {}", meanings.source);
        return Err(refusal(what, "name the component that made them with --source or --component"));
    }
    if before.summary.settings_digest != after.summary.settings_digest {
        let differ = differing(&before.summary.settings, &after.summary.settings);
        let what = format!("the collections were made with different settings: {differ}");
        return Err(refusal(what, "collect again with the settings of the other one"));
    }
    if other.started_at < one.started_at {
        let what =
            format!("the second collection, of {}, is older than the first, of {}", other.started_at, one.started_at);
        return Err(refusal(what, "name the older one first"));
    }
    Ok(())
}

/// Names of the settings that differ.
fn differing(before: &Value, after: &Value) -> String {
    let members = |value: &Value| value.as_object().cloned().unwrap_or_default();
    let (before, after) = (members(before), members(after));
    let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let differ: Vec<&str> =
        names.into_iter().filter(|name| before.get(*name) != after.get(*name)).map(String::as_str).collect();
    differ.join(", ")
}

fn caveats(before: &Side, after: &Side) -> Vec<String> {
    let made = |name: &'static str, side: &Side| side.summary.caveats().map(move |caveat| format!("{name}: {caveat}"));
    let mut caveats: Vec<String> = made("before", before).collect();
    caveats.extend(made("after", after));
    let (one, other) = (&before.summary.component, &after.summary.component);
    let versions = (&one.version, &other.version);
    if versions.0 != versions.1 {
        caveats
            .push(format!("the component was version {}, then {}: an edit may come from that", versions.0, versions.1));
    } else if one != other {
        caveats.push(format!("another build of the component's version {}: an edit may come from that", one.version));
    }
    if after.closing.started_at < before.closing.finished_at {
        caveats.push("the second collection began before the first was finished".into());
    }
    caveats
}

/// A list shows what its principal may see. A role that is not known is no difference.
fn principals_differ(before: &Side, after: &Side) -> Option<String> {
    let (one, other) = (&before.closing.principal, &after.closing.principal);
    let roles_differ = one.role.is_some() && other.role.is_some() && one.role != other.role;
    let differ = one.id != other.id || one.kind != other.kind || roles_differ;
    let name = |principal: &super::side::Principal| {
        let role = principal.role.as_deref().map(|role| format!(" ({role})")).unwrap_or_default();
        format!("{} {}{role}", principal.kind, principal.id.as_deref().unwrap_or("unknown"))
    };
    differ.then(|| format!("read as {}, then as {}, which may see different things", name(one), name(other)))
}

/// Every kind of either side, in the order of the later one.
fn kinds<'s>(before: &'s Side, after: &'s Side) -> Vec<&'s str> {
    let of = |side: &'s Side| side.summary.coverage.iter().map(|coverage| coverage.kind.as_str());
    let earlier_only = of(before).filter(|kind| after.population(kind).is_none());
    of(after).chain(earlier_only).collect()
}

fn kind_terms(
    kind: &str,
    sides: (Option<&Population>, Option<&Population>),
    meaning: Meaning,
    hidden: Option<&String>,
) -> KindTerms {
    let version = |side: Option<&Population>| side.and_then(|population| population.schema_version);
    let not_compared = match sides {
        (None, _) => Some("not asked for before".into()),
        (_, None) => Some("not asked for after".into()),
        _ if meaning.events => Some("events do not change: each says when it happened".into()),
        (Some(one), Some(other)) if one.spread != other.spread => Some(other_turn(one.spread, other.spread)),
        _ => match (version(sides.0), version(sides.1)) {
            (Some(one), Some(other)) if one != other => {
                Some(format!("schema version {one} before, {other} after: collect again"))
            }
            _ => None,
        },
    };
    let state = |side: Option<&Population>| side.map_or("not_attempted", |population| &population.state).to_string();
    let (one, other) = (state(sides.0), state(sides.1));
    // Of a spread kind, the same part was read on both sides: it is compared as if it were all.
    let says_part = sides.1.is_some_and(|population| population.spread.is_some());
    let is_whole = |state: &str| state == "complete" || (state == "spread" && says_part);
    let complete = (is_whole(&one), is_whole(&other));
    let short = |state: &str, when: &str| format!("coverage was {} {when}", state.replace('_', " "));
    let before_short = (!complete.0).then(|| short(&one, "before"));
    let after_short = (!complete.1).then(|| short(&other, "after"));
    KindTerms {
        kind: kind.into(),
        meaning,
        not_compared,
        no_creation: before_short.clone().or_else(|| hidden.cloned()),
        no_deletion: after_short.or(before_short).or_else(|| hidden.cloned()),
        complete,
    }
}

fn other_turn(before: Option<Spread>, after: Option<Spread>) -> String {
    let part =
        |spread: Option<Spread>| spread.map_or("all".into(), |Spread { turn, of }| format!("part {turn} of {of}"));
    let days = after.or(before).map_or(1, |spread| spread.of);
    format!(
        "spread over days, {} before and {} after: compare collections that are {days} days apart",
        part(before),
        part(after)
    )
}

/// Marks are of one schema version; those of another say nothing.
fn unmarked(terms: &KindTerms, after: &Side) -> Option<String> {
    let version = after.population(&terms.kind)?.schema_version?;
    (version != terms.meaning.schema_version).then(|| {
        format!(
            "{}: the component at hand does not know schema version {version}: activity may not be told apart",
            terms.kind
        )
    })
}

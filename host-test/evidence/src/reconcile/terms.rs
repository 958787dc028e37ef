//! Whether two collections can be compared, and what can then be said.

use super::report::{Check, NotCompared};
use super::things::{Counts, Things, instant, shown};
use super::types::TYPES;
use crate::checked::Checked;
use crate::error::{Error, Result};
use serde_json::Value;
use std::collections::BTreeSet;

/// The two sources, by their ids.
const ACCOUNT: &str = "fivetran";
const TRAIL: &str = "fivetran-audit-trail";
const ENTRIES: &str = "audit_trail_entry";

/// What the trail's collection says of the table that its entries are from.
#[derive(Debug, Default)]
pub(super) struct Table {
    /// First and last entry, in milliseconds since 1970.
    pub window: Option<(i64, i64)>,
    /// `account` or `destination`; `None` where it could not be determined.
    pub scope: Option<String>,
    /// Whether the last sync is recent.
    pub is_fresh: Option<bool>,
    /// The last sync, in milliseconds since 1970; at the latest when its collection ended.
    pub synced: Option<i64>,
    /// Whether it is said to have been synced later than that.
    pub is_ahead: bool,
}

/// Refuses what cannot be compared.
pub(super) fn refuse(account: &Checked, trail: &Checked) -> Result<()> {
    for (side, want, which) in [(account, ACCOUNT, "first"), (trail, TRAIL, "second")] {
        let source = &side.summary().component.id;
        if source != want {
            let what = format!("{} is a collection of the source {source:?}", side.folder().display());
            return Err(Error::Usage { what, remedy: format!("name one of {want:?} {which}") });
        }
    }
    let (one, other) = (&account.closing().account_id, &trail.closing().account_id);
    if one != other {
        let what = format!("these are two accounts: {one:?}, and the trail of {other:?}");
        return Err(Error::Usage { what, remedy: "name two collections of one account".into() });
    }
    Ok(())
}

/// Finds the record of the table that the entries are from.
pub(super) fn table(trail: &Checked) -> Result<Table> {
    let mut found = None;
    let end = instant(&trail.closing().finished_at).unwrap_or(i64::MIN);
    trail.each(&["audit_trail_source"], &mut |record| {
        let text = |name: &str| record.content.get(name).and_then(Value::as_str);
        if text("table").is_some_and(|table| table.eq_ignore_ascii_case("audit_trail")) {
            let at = |name: &str| text(name).and_then(instant);
            found = Some(Table {
                window: at("first_captured_at").zip(at("last_captured_at")),
                scope: text("scope").map(String::from),
                is_fresh: record.content.get("fresh").and_then(Value::as_bool),
                synced: at("last_synced_at").map(|synced| synced.min(end)),
                is_ahead: at("last_synced_at").is_some_and(|synced| synced > end),
            });
        }
        Ok(())
    })?;
    found.ok_or_else(|| {
        let why = trail.coverage(ENTRIES).map(|coverage| coverage.reason.clone()).filter(|why| !why.is_empty());
        let why = why.map(|why| format!(" ({why})")).unwrap_or_default();
        let what = format!("{} has no record of the table AUDIT_TRAIL{why}", trail.folder().display());
        Error::Usage {
            what,
            remedy: "collect audit_trail_entry and audit_trail_source, where the table can be read".into(),
        }
    })
}

/// Why something may be in the trail and not in its collection.
pub(super) fn doubt(trail: &Checked) -> Option<String> {
    match trail.coverage(ENTRIES) {
        None => Some(format!("the kind {ENTRIES} was not asked for")),
        Some(coverage) if coverage.state != "complete" => {
            Some(format!("the trail was not collected completely ({}): {}", coverage.state, coverage.reason))
        }
        Some(_) => None,
    }
}

/// Why the entry of a stamp may be elsewhere. The tables do not say whether they are of the whole account; it does
/// where all of its Platform Connectors are of the account, and so do entries of more than one destination.
pub(super) fn stamp_doubt(account: &Checked, table: &Table, things: &Things) -> Result<Option<String>> {
    if table.window.is_none() {
        return Ok(Some("the trail has no entries".into()));
    }
    if table.scope.as_deref() == Some("account") || destinations(things).nth(1).is_some() {
        return Ok(None);
    }
    let mut scopes = Vec::new();
    account.each(&["audit_logging"], &mut |record| {
        let text = |name: &str| record.content.get(name).and_then(Value::as_str);
        if text("mechanism") == Some("platform_connector") {
            scopes.push(text("scope").map(String::from));
        }
        Ok(())
    })?;
    let is_account = !scopes.is_empty() && scopes.iter().all(|scope| scope.as_deref() == Some("account"));
    Ok((!is_account).then(|| {
        "the trail tells of one destination at most, so it may be that of one destination, which has no entries of others".into()
    }))
}

/// The destinations that the trail tells of, each once.
fn destinations(things: &Things) -> impl Iterator<Item = String> {
    let told = things.iter().filter(|(_, thing)| thing.is_told());
    let found = told.filter_map(|((word, id), thing)| match *word {
        "DESTINATION" => Some(id.clone()),
        "CONNECTION" => thing.group.clone(),
        _ => None,
    });
    found.collect::<BTreeSet<_>>().into_iter()
}

/// Whether the two have anything in common: a stamp that has its entry, or a thing that is there and that an entry is
/// about. What the account never had is absent from it
/// whatever trail it is held against.
pub(super) fn is_linked(stamps: &Check, things: &Things) -> bool {
    stamps.agreed > 0 || things.values().any(|thing| thing.there.is_some() && thing.is_told())
}

/// A type, as what is not compared is named.
pub(super) fn type_name(word: &str) -> String {
    format!("type {word}")
}

/// Types and actions that are not compared.
pub(super) fn not_compared(account: &Checked, table: &Table, things: &Things, counts: &Counts) -> Vec<NotCompared> {
    let mut out: Vec<NotCompared> = TYPES.iter().filter_map(|one| left_out(one, account, things, counts)).collect();
    out.extend(unread_stamps(account, table).map(|why| NotCompared {
        what: "stamps that were not read".into(),
        entries: 0,
        stamps: 0,
        why,
        is_gap: true,
    }));
    let entries = &counts.entry_types;
    let words = entries.keys().chain(counts.stamp_types.keys().filter(|word| !entries.contains_key(*word)));
    out.extend(words.map(|word| NotCompared {
        what: type_name(word),
        entries: entries.get(word).copied().unwrap_or_default(),
        stamps: counts.stamp_types.get(word).copied().unwrap_or_default(),
        why: "not known which kind of the account's collection holds such things by this id".into(),
        is_gap: false,
    }));
    out.extend(counts.actions.iter().map(|(action, entries)| NotCompared {
        what: if action.is_empty() { "entries without an action".into() } else { format!("action {action:?}") },
        entries: *entries,
        stamps: 0,
        why: "none of CREATE, EDIT and DELETE: what was done is not known".into(),
        is_gap: true,
    }));
    out.extend((counts.unreadable > 0).then(|| NotCompared {
        what: "entries without an instant, an id or a type".into(),
        entries: counts.unreadable,
        stamps: 0,
        why: "they name no thing, or no time".into(),
        is_gap: true,
    }));
    out
}

/// What may have happened after the trail's last sync, and that nothing links the two.
pub(super) fn gaps(table: &Table, after_sync: u64, is_linked: bool) -> Vec<NotCompared> {
    let gap = |what: &str, entries, why| NotCompared { what: what.into(), entries, stamps: 0, why, is_gap: true };
    let synced = table.synced.map_or("a sync that nothing dates".into(), |at| format!("its sync of {}", shown(at)));
    let late = (after_sync > 0).then(|| {
        let why = format!(
            "the trail ends with {synced}, and the account was read later: collect the trail again after its next sync"
        );
        gap("what may be due to something that happened after the trail's last sync", after_sync, why)
    });
    let apart = (!is_linked).then(|| {
        let why = "no creation stamp meets an entry, and no entry is about anything that is there".into();
        gap("the two as a whole: nothing links them", 0, why)
    });
    late.into_iter().chain(apart).collect()
}

/// Why there may be stamps in the trail's window that the account's collection does not have.
fn unread_stamps(account: &Checked, table: &Table) -> Option<String> {
    let since = account.summary().since.as_ref();
    let is_late = |since: &&String| instant(since).zip(table.window).is_none_or(|(since, (first, _))| since > first);
    match account.coverage("audit_event") {
        None => Some("the account was read without the kind audit_event".into()),
        Some(coverage) if !matches!(coverage.state.as_str(), "complete" | "spread") => {
            Some(format!("the account's kind audit_event is not complete ({}): {}", coverage.state, coverage.reason))
        }
        Some(_) => {
            since.filter(is_late).map(|since| format!("the account was read without what is older than {since}"))
        }
    }
}

/// Why a known type is not compared, if it has anything to compare.
fn left_out(one: &super::types::Type, account: &Checked, things: &Things, counts: &Counts) -> Option<NotCompared> {
    let entries = counts.known.get(one.word).copied().unwrap_or_default();
    let of_type = things.range((one.word, String::new())..).take_while(|((word, _), _)| *word == one.word);
    let stamps: u64 = of_type.map(|(_, thing)| thing.stamps.len() as u64).sum();
    let coverage: Vec<_> = one.kinds.iter().filter_map(|kind| account.coverage(kind)).collect();
    let is_whole = coverage.iter().any(|coverage| matches!(coverage.state.as_str(), "complete" | "spread"));
    let (why, is_gap) = if entries + stamps == 0 {
        return None;
    } else if coverage.is_empty() {
        (format!("the account was read without the kind {}", one.kinds.join(" and ")), true)
    } else if !is_whole {
        (format!("the account's kind {} is not complete", one.kinds.join(" and ")), true)
    } else if entries == 0 && !one.is_documented {
        ("the trail has no entry of this type at all, and Fivetran does not say that it has any".into(), false)
    } else {
        return None;
    };
    Some(NotCompared { what: type_name(one.word), entries, stamps, why, is_gap })
}

/// What a reader has to know.
pub(super) fn caveats(account: &Checked, trail: &Checked, table: &Table) -> Vec<String> {
    let mut out = Vec::new();
    for (side, which) in [(account, "account"), (trail, "trail")] {
        out.extend(side.summary().caveats().map(|caveat| format!("{which}: {caveat}")));
    }
    if table.scope.is_none() {
        out.push("trail: it is not known whether it is of the whole account; the trail of one destination has no entries of others".into());
    }
    if table.is_ahead {
        out.push("trail: its last sync is in the future of its collection: a clock is wrong, and what it has is taken to end with its collection".into());
    } else if table.is_fresh == Some(false) {
        out.push("trail: its newest row is older than two syncs: either nothing happened since, or the Platform Connector has stopped (audit_logging of the account tells)".into());
    }
    out.push("neither was compared with a kept seal: verify --seal shows whether they are what was collected".into());
    out
}

//! The three checks, thing by thing.

use super::report::{Changed, ChangedBy, Check, Finding};
use super::things::{Entry, Thing, shown};

/// What decides about all things alike.
pub(super) struct Judge {
    /// First and last entry of the trail.
    pub window: Option<(i64, i64)>,
    /// How far a stamp and its entry may lie apart, in milliseconds.
    pub tolerance: i64,
    /// When the reading of the account began, and when it ended.
    pub account: (i64, i64),
    /// The last sync that the trail is known to have: of what happened later it says nothing.
    pub synced: i64,
}

/// A thing, by the word of its type and its id.
pub(super) type Name<'n> = (&'n str, &'n str);

impl Judge {
    /// Each stamp meets an entry.
    pub fn stamps(&self, name: Name<'_>, thing: &Thing, check: &mut Check) {
        for at in &thing.stamps {
            let nearest = thing.created.iter().map(|entry| entry.at).min_by_key(|entry| entry.abs_diff(*at));
            let is_met = nearest.is_some_and(|entry| entry.abs_diff(*at) <= self.tolerance.unsigned_abs());
            if is_met {
                check.agreed += 1;
            } else if self.is_well_inside(*at) {
                let what = match nearest {
                    None => "its own stamp says that it was created then, and no entry of the trail does".to_string(),
                    Some(entry) => {
                        format!(
                            "its own stamp says that it was created then; the nearest entry of the trail says {}",
                            shown(entry)
                        )
                    }
                };
                check.disagreed.push(finding(name, *at, None, what));
            } else {
                check.not_judged += 1;
            }
        }
    }

    /// Near the ends, the entry of a stamp may lie outside.
    fn is_well_inside(&self, at: i64) -> bool {
        self.window.is_some_and(|(first, last)| first + self.tolerance <= at && at <= last - self.tolerance)
    }

    /// What was deleted last is not there, and what was created last is.
    pub fn presence(&self, name: Name<'_>, thing: &Thing, deletions: &mut Check, creations: &mut Check) {
        let last = |entries: &'_ [Entry]| entries.iter().map(|entry| entry.micros).max();
        let (created, deleted) = (last(&thing.created), last(&thing.deleted));
        let (entries, check) = if deleted > created {
            (&thing.deleted, deletions)
        } else if created == deleted {
            // Both at once: which came last is not known.
            deletions.not_judged += u64::from(deleted.is_some());
            return;
        } else {
            (&thing.created, creations)
        };
        let Some(entry) = entries.iter().max_by_key(|entry| entry.micros) else { return };
        if thing.there.is_some() != (deleted > created) {
            check.agreed += 1;
        } else if let Some(what) = self.absence(entry, thing, check) {
            check.disagreed.push(finding(name, entry.at, entry.user_id.clone(), what));
        }
    }

    /// What does not agree about a last entry, in words; `None` where something may have happened since that the trail
    /// cannot tell.
    fn absence(&self, entry: &Entry, thing: &Thing, check: &mut Check) -> Option<String> {
        let (from, to) = self.account;
        let (read, is_told, what) = match &thing.there {
            // Made again after the last sync, unless its own stamp says that it is older.
            Some((seen, _)) => (
                *seen,
                *seen <= self.synced || thing.stamps.iter().any(|stamp| *stamp <= self.synced),
                format!(
                    "the trail says it was deleted, but it was there when the account was read at {}",
                    shown(*seen)
                ),
            ),
            None => (
                from,
                to <= self.synced,
                "the trail says it was created and not deleted, but it was not there when the account was read".into(),
            ),
        };
        let is_since = entry.at.saturating_add(self.tolerance) >= read;
        check.not_judged += u64::from(is_since || !is_told);
        check.after_sync += u64::from(!is_since && !is_told);
        (!is_since && is_told).then_some(what)
    }
}

/// Who changed a thing that is there.
pub(super) fn changed((resource_type, resource_id): Name<'_>, thing: &Thing) -> Option<Changed> {
    let (_, title) = thing.there.as_ref()?;
    let by = thing.changed.iter().map(|(user_id, (times, first, last))| ChangedBy {
        user_id: user_id.clone(),
        times: *times,
        first_at: shown(*first),
        last_at: shown(*last),
    });
    let by: Vec<ChangedBy> = by.collect();
    let (resource_type, resource_id) = (resource_type.into(), resource_id.into());
    (!by.is_empty()).then(|| Changed { resource_type, resource_id, title: title.clone(), by })
}

fn finding((resource_type, resource_id): Name<'_>, at: i64, user_id: Option<String>, what: String) -> Finding {
    Finding { resource_type: resource_type.into(), resource_id: resource_id.into(), at: shown(at), user_id, what }
}

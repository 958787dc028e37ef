//! The three checks, thing by thing.

use super::report::{Changed, ChangedBy, Check, Finding};
use super::things::{Entry, Thing, shown};

/// What decides about all things alike.
pub(super) struct Judge {
    /// First and last entry of the trail.
    pub window: Option<(i64, i64)>,
    /// How far a stamp and its entry may lie apart, in milliseconds.
    pub tolerance: i64,
    /// When the reading of the account began.
    pub account_from: i64,
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
        let last = |entries: &'_ [Entry]| entries.iter().map(|entry| entry.at).max();
        let (created, deleted) = (last(&thing.created), last(&thing.deleted));
        if deleted.is_some() && deleted >= created {
            let Some(entry) = thing.deleted.iter().max_by_key(|entry| entry.at) else { return };
            match &thing.there {
                None => deletions.agreed += 1,
                Some((seen, _)) if entry.at.saturating_add(self.tolerance) >= *seen => deletions.not_judged += 1,
                Some((seen, _)) => {
                    let what = format!(
                        "the trail says it was deleted, but it was there when the account was read at {}",
                        shown(*seen)
                    );
                    deletions.disagreed.push(finding(name, entry.at, entry.user_id.clone(), what));
                }
            }
        } else if let Some(entry) = thing.created.iter().max_by_key(|entry| entry.at) {
            match &thing.there {
                Some(_) => creations.agreed += 1,
                None if entry.at.saturating_add(self.tolerance) >= self.account_from => creations.not_judged += 1,
                None => {
                    let what =
                        "the trail says it was created and not deleted, but it was not there when the account was read"
                            .into();
                    creations.disagreed.push(finding(name, entry.at, entry.user_id.clone(), what));
                }
            }
        }
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

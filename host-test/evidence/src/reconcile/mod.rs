//! Two sources compared: an account, read over Fivetran's REST API, and its audit trail, read where
//! the Fivetran Platform Connector writes it.
//!
//! | check | agrees when |
//! |---|---|
//! | stamps | each thing whose creation stamp lies in the trail's window has an entry for its creation within the tolerance |
//! | deletions | what the trail says was deleted last is not in the account |
//! | creations | what the trail says was created last is in the account |
//!
//! Agreement shows that the two say the same of these things; both come from Fivetran, and neither shows what Fivetran
//! itself does not tell. What was collected in part, happened after the account was read, or may be due to something
//! that happened after the trail's last sync, is reported but not judged, and so is every type that is not compared.

mod judge;
mod report;
mod terms;
mod things;
mod types;

pub use report::{Changed, ChangedBy, Check, Finding, NotCompared, Reconciliation, Verdict};

use crate::checked::Checked;
use crate::error::Result;
use judge::Judge;
use std::path::Path;
use things::{Counts, Things, read_account, read_trail, shown};

/// How far a stamp and its entry may lie apart where nothing else is said: what one change writes in two places.
pub const TOLERANCE_SECONDS: u64 = 5;

/// Fivetran's words for the types of things that are compared.
pub fn compared() -> impl Iterator<Item = &'static str> {
    types::TYPES.iter().map(|one| one.word)
}

/// Compares the collection of an account with that of its audit trail.
///
/// # Errors
/// [`crate::Error::Output`] when one of them is not finished or contradicts itself; [`crate::Error::Usage`] when they are not
/// of the same account, or not of these two sources.
pub fn reconcile(account: &Path, trail: &Path, tolerance_seconds: u64) -> Result<Reconciliation> {
    let (account, trail) = (Checked::open(account)?, Checked::open(trail)?);
    terms::refuse(&account, &trail)?;
    let table = terms::table(&trail)?;
    let (mut things, mut counts) = (Things::new(), Counts::default());
    read_account(&account, &mut things, &mut counts)?;
    read_trail(&trail, &mut things, &mut counts)?;
    let judge = Judge {
        window: table.window,
        tolerance: i64::try_from(tolerance_seconds.saturating_mul(1000)).unwrap_or(i64::MAX),
        account: (
            things::instant(&account.closing().started_at).unwrap_or(i64::MIN),
            things::instant(&account.closing().finished_at).unwrap_or(i64::MAX),
        ),
        synced: table.synced.unwrap_or(i64::MIN),
    };
    let doubt = terms::doubt(&trail);
    let mut out = Reconciliation {
        account_id: account.closing().account_id.clone(),
        verdict: Verdict::Match,
        window: table.window.map(|(first, last)| (shown(first), shown(last))),
        synced: table.synced.map(shown),
        tolerance_seconds,
        stamps: Check { doubt: doubt.clone(), ..Check::default() },
        deletions: Check { doubt: doubt.clone(), ..Check::default() },
        creations: Check { doubt, ..Check::default() },
        changed: Vec::new(),
        not_compared: terms::not_compared(&account, &table, &things, &counts),
        caveats: terms::caveats(&account, &trail, &table),
    };
    let left_out: Vec<String> = out.not_compared.iter().map(|one| one.what.clone()).collect();
    for ((word, id), thing) in &things {
        if !left_out.contains(&terms::type_name(word)) {
            judge.stamps((word, id), thing, &mut out.stamps);
            judge.presence((word, id), thing, &mut out.deletions, &mut out.creations);
        }
        out.changed.extend(judge::changed((word, id), thing));
    }
    if out.stamps.doubt.is_none() && (!out.stamps.disagreed.is_empty() || table.window.is_none()) {
        out.stamps.doubt = terms::stamp_doubt(&account, &table, &things)?;
    }
    let after_sync = out.deletions.after_sync + out.creations.after_sync;
    out.not_compared.extend(terms::gaps(&table, after_sync, terms::is_linked(&out.stamps, &things)));
    out.verdict = verdict(&out);
    Ok(out)
}

fn verdict(out: &Reconciliation) -> Verdict {
    let checks = [&out.stamps, &out.deletions, &out.creations];
    if checks.iter().any(|check| check.doubt.is_none() && !check.disagreed.is_empty()) {
        Verdict::Mismatch
    } else {
        // Where nothing was compared, nothing agrees.
        let is_nothing = checks.iter().all(|check| check.agreed == 0);
        let is_short =
            checks.iter().any(|check| check.doubt.is_some()) || out.not_compared.iter().any(|one| one.is_gap);
        if is_nothing || is_short { Verdict::Incomplete } else { Verdict::Match }
    }
}

//! The page that a call answers with, but for its records.

use super::call::Call;
use super::cursor::State;
use super::listing::{closing_stage, resource_at};
use crate::base::model::{Page, Progress};
use crate::base::timestamp::Timestamp;
use crate::base::world::World;
use crate::record::source::Source;
use alloc::vec::Vec;

/// A page without records that only says when to come back.
pub fn waiting<S: Source, W: World>(call: &Call<'_, S, W>, state: &State<S>, until: Timestamp) -> Page {
    Page { not_before: Some(until.to_rfc3339()), ..outline(call, state, false) }
}

/// A page without records.
pub fn outline<S: Source, W: World>(call: &Call<'_, S, W>, state: &State<S>, finished: bool) -> Page {
    let stage = state.position.stage;
    let name = match stage {
        0 => "account",
        _ => resource_at::<S>(stage).map_or("closing", |resource| resource.stage),
    };
    let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    let total = closing_stage::<S>() + 1;
    Page {
        records: Vec::new(),
        coverage: call.plan.wanted.iter().zip(&state.tallies).map(|(kind, tally)| tally.coverage(kind)).collect(),
        diagnostics: Vec::new(),
        usage: call.client.usage(),
        progress: Progress {
            stage: name,
            stages_done: count(if finished { total } else { stage }),
            stages_total: count(total),
            items: state.items,
        },
        cursor: (!finished)
            .then(|| State { window: call.client.window.get(), ..state.clone() }.encode(call.own_secrets)),
        not_before: None,
        stopped: None,
        next_since: None,
    }
}

//! The page that a call answers with, but for its records.

use super::Context;
use super::assembly::CLOSING;
use super::cursor::State;
use crate::instant::Instant;
use crate::model::{Page, Progress};
use crate::world::World;
use alloc::vec::Vec;

/// A page without records that only says when to come back.
pub fn waiting<W: World>(context: &Context<'_, W>, state: &State, until: Instant) -> Page {
    Page { not_before: Some(until.to_rfc3339()), ..outline(context, state, false) }
}

/// A page without records.
pub fn outline<W: World>(context: &Context<'_, W>, state: &State, finished: bool) -> Page {
    let stage = state.position.stage;
    let name = match stage {
        0 => "account",
        _ => super::resource_at(stage).map_or("closing", |resource| resource.stage),
    };
    let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    let total = CLOSING + 1;
    Page {
        records: Vec::new(),
        coverage: context.plan.wanted.iter().zip(&state.tallies).map(|(kind, tally)| tally.coverage(kind)).collect(),
        diagnostics: Vec::new(),
        usage: context.client.usage(),
        progress: Progress {
            stage: name,
            stages_done: count(if finished { total } else { stage }),
            stages_total: count(total),
            items: state.items,
        },
        cursor: (!finished).then(|| State { window: context.client.window.get(), ..state.clone() }.encode()),
        not_before: None,
        chain_head: Some(state.chain.clone()),
    }
}

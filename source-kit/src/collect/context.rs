//! What reading needs to know, and what may be begun.
//!
//! Nothing is begun that budget and quota share do not cover to its end: calls that items under way may
//! still make count as sent. So the share is exceeded only by what cannot be known beforehand (retries,
//! further pages of an item's part) and by the first list and item of a call, which are read in any
//! case, so that the smallest share makes progress. A call that fails hands out no cursor, so its
//! requests are not counted.

use super::call::Call;
use super::cursor::Position;
use super::listing::{ListedItem, Listing, resource_at};
use super::progress::Progress;
use crate::base::timestamp::Timestamp;
use crate::base::world::World;
use crate::record::resource::Part;
use crate::record::source::Source;
use crate::record::turn::{Turn, weeks};
use alloc::rc::Rc;
use alloc::vec::Vec;

/// What is shared by everything that reads within one call.
pub struct Context<'c, 'w, S: Source, W> {
    /// What the call has from the start.
    pub call: &'c Call<'w, S, W>,
    /// When the collection began.
    pub started: Timestamp,
    /// How far the call has come.
    pub progress: Rc<Progress>,
}

impl<S: Source, W: World> Context<'_, '_, S, W> {
    /// Whether budget and share cover what is to be begun next, to its end: a list, or an item after
    /// `begun` others, that needs so many `calls`. The first list and the first item of a call are not
    /// asked about, so that every call makes progress.
    pub fn may_begin(&self, begun: u32, calls: u32) -> bool {
        let (budget, progress) = (&self.call.plan.budget, &self.progress);
        let ahead = begun.saturating_sub(progress.items());
        let records = progress.records().saturating_add(ahead);
        let sent = self.call.client.usage().requests;
        let requests = sent.saturating_add(progress.reserved()).saturating_add(calls);
        budget.max_records.is_none_or(|max| records < max)
            && budget.max_bytes.is_none_or(|max| progress.bytes() < max)
            && budget.max_requests.is_none_or(|max| calls == 0 || requests <= max)
            && self.call.client.world().monotonic_ms() < self.call.deadline_ms
            && self.share_allows(calls)
    }

    /// Whether the share covers so many calls more. Once it does not, nothing that costs a call is
    /// begun until the hour is over.
    fn share_allows(&self, calls: u32) -> bool {
        if calls == 0 {
            return true;
        }
        let (window, share) = (self.call.window(), self.call.settings.requests_per_hour);
        let sum = window.sent.saturating_add(self.progress.reserved()).saturating_add(calls);
        let allowed = window.full_for < share && sum <= share;
        if !allowed {
            self.call.client.window.set(window.filled(share));
        }
        allowed
    }

    /// The first position from here on whose list is wanted; `None` at the end of the lists.
    pub fn skip_unwanted(&self, position: Position) -> Option<Position> {
        let here = position.stage;
        let is_wanted = |stage: &usize| resource_at::<S>(*stage).is_some_and(|r| self.call.plan.walks(r));
        let stage = (here..=S::RESOURCES.len()).find(is_wanted)?;
        Some(if stage == here { position } else { Position { stage, ..Position::default() } })
    }

    /// The list position after a page.
    pub fn after(&self, listing: &Listing) -> Option<Position> {
        match &listing.next {
            Some(next) => Some(next.clone()),
            None => self.skip_unwanted(Position { stage: listing.stage + 1, ..Position::default() }),
        }
    }

    /// Calls that an item of a list needs, if each of its parts has one page.
    pub fn calls_of_item(&self, listing: &Listing, index: usize) -> u32 {
        let parts = resource_at::<S>(listing.stage).map_or(&[][..], |resource| resource.parts);
        let Some(item) = listing.items.get(index) else { return 0 };
        parts.iter().fold(0, |sum, part| self.calls_of_part(part, listing, item).saturating_add(sum))
    }

    /// Calls that a part of an item needs, if it has one page; 0 where it is not called: no kind or
    /// setting wants it, it is another day's turn, or the item has no id to ask with.
    pub fn calls_of_part(&self, part: &Part<S>, listing: &Listing, item: &ListedItem) -> u32 {
        let Some(key) = item.key.as_deref() else { return 0 };
        let is_due = || !part.spread || self.turn().is_none_or(|turn| turn.is_of(key));
        if !self.call.plan.needs(part) || !is_due() || !(part.enabled)(&self.call.settings.own, listing.json(item)) {
            return 0;
        }
        if part.window_query.is_some() { u32::try_from(self.weeks().len()).unwrap_or(u32::MAX) } else { 1 }
    }

    /// The spans of time that parts of events are called for.
    pub fn weeks(&self) -> Vec<(Timestamp, Timestamp)> {
        weeks(self.call.settings.spread_days, self.call.plan.since, self.started)
    }

    /// The part of the items that is read, where the settings spread the calls for them.
    pub fn turn(&self) -> Option<Turn> {
        Turn::of_day(self.call.settings.spread_days, self.started)
    }
}

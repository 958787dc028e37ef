//! What reading needs to know, and what may be begun.
//!
//! Nothing is begun that budget and quota share do not cover to its end: calls that items under way may
//! still make count as sent. So the share is exceeded only by what cannot be known beforehand (retries,
//! whether an item is gone) and by the first list and answer of a call, which are read in any case, so that
//! the smallest share makes progress. A call that fails hands out no cursor, so its
//! requests are not counted.

use super::call::Call;
use super::listing::{ListedItem, Listing, resource_at};
use super::position::{Position, Step};
use super::progress::Progress;
use crate::base::timestamp::Timestamp;
use crate::base::world::World;
use crate::record::answer::Why;
use crate::record::part::{Need, Part, Windows};
use crate::record::source::Source;
use crate::record::turn::{Turn, weeks};
use alloc::borrow::Cow;
use alloc::format;
use alloc::rc::Rc;
use alloc::vec::Vec;

/// Records after which nothing new is begun when the request bounds none: what is under way still comes into the
/// page, so that no call is made in vain.
const SOFT_RECORDS: u32 = 5_000;
/// The same for the bytes of the records.
const SOFT_BYTES: u64 = 8 * 1024 * 1024;
const WEEK_MS: i64 = 7 * 24 * 3600 * 1000;

/// What is shared by everything that reads within one call.
pub struct Context<'c, 'w, S: Source, W> {
    /// What the call has from the start.
    pub call: &'c Call<'w, S, W>,
    /// How far the call has come.
    pub progress: Rc<Progress>,
    /// The part of the items that is read, where the settings spread the calls for them.
    pub turn: Option<Turn>,
    /// The spans of time that parts of events are called for.
    weeks: Vec<(Timestamp, Timestamp)>,
}

impl<'c, 'w, S: Source, W: World> Context<'c, 'w, S, W> {
    /// Of a collection that began at `started`.
    pub fn new(call: &'c Call<'w, S, W>, started: Timestamp) -> Self {
        let days = call.settings.spread_days;
        Self {
            call,
            progress: Rc::new(Progress::default()),
            turn: Turn::of_day(days, started),
            weeks: weeks(days, call.plan.since, started),
        }
    }

    /// Whether no further record fits into the page that the request bounds.
    pub fn is_full(&self) -> bool {
        let (budget, progress) = (&self.call.plan.budget, &self.progress);
        budget.max_records.is_some_and(|max| progress.records() >= max)
            || budget.max_bytes.is_some_and(|max| progress.bytes() >= max)
    }

    /// Whether budget and share cover what is to be begun next: something that needs so many `calls`, after
    /// `waiting` records that are expected of what comes before. The first list and the first answer of a call
    /// are not asked about, so that every call makes progress.
    pub fn may_begin(&self, waiting: u32, calls: u32) -> bool {
        let (budget, progress) = (&self.call.plan.budget, &self.progress);
        let records = progress.records().saturating_add(progress.expected()).saturating_add(waiting);
        let sent = self.call.client.usage().requests;
        let requests = sent.saturating_add(progress.reserved()).saturating_add(calls);
        records < budget.max_records.unwrap_or(SOFT_RECORDS)
            && progress.bytes() < budget.max_bytes.unwrap_or(SOFT_BYTES)
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

    /// Why a part is not called for an item; `None` when it is.
    pub fn why_not(&self, part: &Part<S>, number: usize, listing: &Listing, item: &ListedItem) -> Option<Why> {
        self.not_due(part, listing, item).or_else(|| self.progress.closed(listing.stage, number))
    }

    /// The same, but for what was found out on the way.
    fn not_due(&self, part: &Part<S>, listing: &Listing, item: &ListedItem) -> Option<Why> {
        if !self.call.plan.needs(part) {
            return Some(Why::NotWanted);
        }
        let Some(key) = item.key.as_deref() else { return Some(Why::NoId) };
        if part.spread && self.turn.is_some_and(|turn| !turn.is_of(key)) {
            return Some(Why::OtherTurn);
        }
        match (part.need)(&self.call.settings.own, listing.json(item)) {
            Need::Called => None,
            Need::Nothing => Some(Why::NotNeeded),
            Need::Off(setting) => Some(Why::Off(setting)),
            Need::Unknown => Some(Why::Unknown),
        }
    }

    /// Calls for what is held for an item's own records, if each is one page.
    pub fn calls_of_item(&self, listing: &Listing, item: &ListedItem) -> u32 {
        let parts = resource_at::<S>(listing.stage).map_or(&[][..], |resource| resource.parts);
        let held = parts.iter().filter(|part| part.project.is_none());
        held.fold(0, |sum, part| self.calls_of_part(part, listing, item).saturating_add(sum))
    }

    /// Calls that a part of an item needs, as far as one can tell; 0 where it is not called.
    pub fn calls_of_part(&self, part: &Part<S>, listing: &Listing, item: &ListedItem) -> u32 {
        match part.windows {
            _ if self.not_due(part, listing, item).is_some() => 0,
            None => 1,
            Some(_) => (0..self.weeks.len()).fold(0, |sum, week| self.pages(part, listing.json(item), week) + sum),
        }
    }

    /// Calls that a step needs, as far as one can tell.
    pub fn calls_of_step(&self, listing: &Listing, item: &ListedItem, step: &Step) -> u32 {
        let part = self.part_of(listing, step);
        part.filter(|part| self.not_due(part, listing, item).is_none())
            .map_or(0, |part| self.pages(part, listing.json(item), step.week))
    }

    /// Records that a step is expected to make.
    pub fn expected_of(&self, listing: &Listing, item: &ListedItem, step: &Step) -> u32 {
        let windows = self.part_of(listing, step).and_then(|part| part.windows);
        windows.map_or(1, |windows| self.expected(windows, listing.json(item), step.week))
    }

    fn part_of(&self, listing: &Listing, step: &Step) -> Option<&'static Part<S>> {
        resource_at::<S>(listing.stage)?.parts.get(step.part?)
    }

    fn pages(&self, part: &Part<S>, json: &str, week: usize) -> u32 {
        let limit = part.page_limit.unwrap_or(u32::MAX).max(1);
        part.windows.map_or(1, |windows| self.expected(windows, json, week).div_ceil(limit).max(1))
    }

    /// Items that a week is expected to have: the last one is rarely whole.
    fn expected(&self, windows: Windows, json: &str, week: usize) -> u32 {
        let span = self.weeks.get(week).map_or(0, |(from, to)| to.0 - from.0);
        let items = i64::from((windows.expected)(json)).saturating_mul(span) / WEEK_MS;
        u32::try_from(items).unwrap_or(u32::MAX)
    }

    /// The path of a part, with the query of its week.
    pub fn path_of(&self, part: &Part<S>, week: usize) -> Cow<'static, str> {
        match (part.windows, self.weeks.get(week)) {
            (Some(windows), Some((from, to))) => {
                Cow::Owned(format!("{}?{}", part.path, (windows.query)(&from.to_rfc3339(), &to.to_rfc3339())))
            }
            _ => Cow::Borrowed(part.path),
        }
    }

    /// The step after one: the next week of the part, or the next part that makes records by itself.
    pub fn next_step(&self, listing: &Listing, item: &ListedItem, step: &Step) -> Option<Step> {
        let parts = resource_at::<S>(listing.stage)?.parts;
        let weeks = |part: &Part<S>| match part.windows {
            Some(_) if self.not_due(part, listing, item).is_none() => self.weeks.len(),
            _ => 1,
        };
        if self.part_of(listing, step).is_some_and(|part| step.week + 1 < weeks(part)) {
            return Some(Step { part: step.part, week: step.week + 1, ..Step::default() });
        }
        let from = step.part.map_or(0, |part| part + 1);
        let is_step = |part: &Part<S>| part.project.is_some() && self.call.plan.needs(part) && weeks(part) > 0;
        let (part, _) = parts.iter().enumerate().skip(from).find(|(_, part)| is_step(part))?;
        Some(Step { part: Some(part), ..Step::default() })
    }
}

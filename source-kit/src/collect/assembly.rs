//! Turns what was read into records, one after the other, and knows at each moment where the next call
//! would have to resume.

use super::closing;
use super::context::Context;
use super::counts;
use super::cursor::{Position, State};
use super::halt::Halt;
use super::listing::{Listing, closing_stage, resource_at};
use super::page::outline;
use super::pipeline::Done;
use super::plan::Plan;
use crate::base::model::{CoverageState, Diagnostic, Failure, Page, Record};
use crate::base::timestamp::Timestamp;
use crate::base::world::World;
use crate::read::body::Body;
use crate::record::config::Config;
use crate::record::emit::Emit;
use crate::record::identity::fits;
use crate::record::kind::Nature;
use crate::record::resource::{Findings, Item, PartAnswer, Resource};
use crate::record::source::Source;
use crate::record::tally::{Cause, Problem, Tally};
use crate::record::turn::next_since;
use alloc::rc::Rc;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

/// A page in the making.
pub struct Assembly<'c, 'w, S: Source, W> {
    context: &'c Context<'c, 'w, S, W>,
    config: &'c Config<S>,
    state: State<S>,
    start: Position,
    records: Vec<Record>,
    diagnostics: Vec<Diagnostic>,
    halt: Option<Halt>,
    finished: bool,
}

impl<'c, 'w, S: Source, W: World> Assembly<'c, 'w, S, W> {
    /// Resumes from `state`.
    pub fn new(context: &'c Context<'c, 'w, S, W>, config: &'c Config<S>, state: State<S>) -> Self {
        for (part, refusals) in state.refusals.iter().enumerate() {
            if counts::is_closed(refusals) {
                context.progress.close(state.position.stage, part);
            }
        }
        Self {
            context,
            config,
            start: state.position.clone(),
            state,
            records: Vec::new(),
            diagnostics: Vec::new(),
            halt: None,
            finished: false,
        }
    }

    /// Where the next call would resume.
    pub fn position(&self) -> Position {
        self.state.position.clone()
    }

    /// The stage of that.
    pub fn stage(&self) -> usize {
        self.state.position.stage
    }

    /// Whether no further record fits.
    pub fn is_full(&self) -> bool {
        let budget = &self.plan().budget;
        budget.max_records.is_some_and(|max| self.records.len() >= max as usize)
            || budget.max_bytes.is_some_and(|max| self.context.progress.bytes() >= max)
    }

    /// Whether nothing more can be taken.
    pub fn is_over(&self) -> bool {
        self.halt.is_some() || self.is_full()
    }

    fn plan(&self) -> &'c Plan {
        self.context.call.plan
    }

    /// Takes the answer that named the account.
    pub fn account(&mut self, body: &Body) {
        if self.stage() > 0 {
            return;
        }
        let account = S::ACCOUNT;
        let item = Listed { list: body, page: None, index: 0, json: body.data(), id: "" };
        let (records, findings) = self.project(&account.resource, &item, &[]);
        self.diagnostics.extend(counts::drift(&mut self.state, &findings));
        for record in records {
            self.deliver(record);
        }
        counts::kinds(&mut self.state, self.context.call.plan, &[account.kind], |tally| {
            tally.items += 1;
            tally.open = 0;
            tally.response(body.seen.read_at);
        });
        self.advance(1);
    }

    /// Takes what the pipeline gave.
    pub fn take(&mut self, done: Done) {
        match done {
            Done::Item(listing, index, parts) => self.item(&listing, index, parts),
            Done::EmptyPage(listing) => self.page_end(&listing),
            Done::Lost(stage, problem) => {
                if let Some(resource) = resource_at::<S>(stage) {
                    counts::list(&mut self.state, self.context.call.plan, resource, |tally| tally.problem(&problem));
                    self.walk_end(resource, stage);
                }
            }
            Done::Halt(halt) => self.halt = Some(halt),
        }
    }

    fn item(&mut self, listing: &Rc<Listing>, index: usize, mut parts: Vec<PartAnswer>) {
        let (Some(resource), Some(listed)) = (resource_at::<S>(listing.stage), listing.items.get(index)) else {
            return;
        };
        counts::refuse(&mut self.state, &self.context.progress, resource, &mut parts);
        let item = Listed {
            list: &listing.body,
            page: listing.number,
            index: listed.index,
            json: listing.json(listed),
            id: listed.key.as_deref().unwrap_or_default(),
        };
        let (records, mut findings) = self.project(resource, &item, &parts);
        let skip = if index == 0 { self.state.position.skip } else { 0 };
        for (number, record) in records.into_iter().enumerate().skip(skip) {
            if self.is_full() {
                Listing::move_to(&mut self.state.position, listed, number);
                return;
            }
            self.deliver(record);
        }
        counts::item(&mut self.state, self.context.call.plan, resource, &parts, &mut findings);
        self.diagnostics.extend(counts::drift(&mut self.state, &findings));
        self.context.progress.item();
        match listing.items.get(index + 1) {
            Some(next) => Listing::move_to(&mut self.state.position, next, 0),
            None => self.page_end(listing),
        }
    }

    fn project(
        &mut self,
        resource: &Resource<S>,
        listed: &Listed<'_>,
        answers: &[PartAnswer],
    ) -> (Vec<Record>, Findings<S>) {
        let (call, identity) = (self.context.call, &self.state.identity);
        let mut findings = Findings { principal: identity.user.clone(), ..Findings::default() };
        let mut emit = Emit {
            source: S::ABOUT.id,
            account: &identity.account,
            wanted: &call.plan.wanted,
            since: call.plan.since,
            privacy: &call.settings.privacy,
            free_text: call.settings.free_text,
            spread_days: call.settings.spread_days,
            now: call.now(),
            records: Vec::new(),
        };
        let Listed { list, page, index, json, id } = *listed;
        let item = Item { list, page, index, json, id, parts: resource.parts, answers, notes: &self.state.notes };
        (resource.project)(&item, &mut emit, &mut findings);
        for (part, answer) in resource.parts.iter().zip(answers) {
            if let Some(project) = part.project {
                project(&item, answer, &mut emit, &mut findings);
            }
        }
        let records = emit.records;
        if let Some(role) = findings.principal_role.take().filter(|role| fits(role)) {
            self.state.role = Some(role);
        }
        (records, findings)
    }

    fn page_end(&mut self, listing: &Listing) {
        let Some(resource) = resource_at::<S>(listing.stage) else { return };
        let problem = |cause, whole_list| Problem {
            cause,
            at: resource.path.to_string(),
            permission: None,
            count: 1,
            whole_list,
        };
        counts::list(&mut self.state, self.context.call.plan, resource, |tally| {
            tally.pages += 1;
            tally.repeats += listing.repeats;
            if listing.changed {
                tally.problem(&problem(Cause::ListChanged, false));
            }
            if let Some(cause) = listing.broken_end {
                tally.problem(&problem(cause, true));
            }
        });
        let read_at = listing.body.seen.read_at;
        counts::kinds(&mut self.state, self.context.call.plan, resource.feeds, |tally| tally.response(read_at));
        match &listing.next {
            Some(next) => self.state.position = next.clone(),
            None => self.walk_end(resource, listing.stage),
        }
    }

    fn walk_end(&mut self, resource: &Resource<S>, stage: usize) {
        let close = |tally: &mut Tally| tally.open = tally.open.saturating_sub(1);
        counts::list(&mut self.state, self.context.call.plan, resource, close);
        self.state.refusals.clear();
        self.advance(stage + 1);
    }

    fn advance(&mut self, stage: usize) {
        let next = self.context.skip_unwanted(Position { stage, ..Position::default() });
        let closing = Position { stage: closing_stage::<S>(), ..Position::default() };
        self.state.position = next.unwrap_or(closing);
    }

    fn deliver(&mut self, record: Record) {
        self.context.progress.record(&record, self.plan().budget.max_bytes.is_some());
        let position = self.plan().wanted.iter().position(|kind| kind.id == record.kind);
        if let Some(tally) = position.and_then(|at| self.state.tallies.get_mut(at)) {
            tally.records += 1;
        }
        self.records.push(record);
    }

    /// Ends the call.
    ///
    /// # Errors
    /// A failure that struck before anything was achieved; otherwise the page says why it stopped.
    pub fn finish(mut self) -> Result<Page, Failure> {
        if self.halt.is_none() {
            self.close();
        }
        let achieved = !self.records.is_empty() || self.state.position != self.start;
        let (mut not_before, mut stopped) = (None, None);
        match self.halt.take() {
            Some(Halt::Fail(failure)) if !achieved => return Err(*failure),
            Some(Halt::Fail(failure)) => stopped = Some(*failure),
            Some(Halt::Wait(until)) => not_before = Some(until),
            None => {}
        }
        // One wait at a time: the vendor's is the whole account's, this one is ours, and when both
        // strike the next call meets ours without sending anything.
        if !self.finished && self.stage() < closing_stage::<S>() && not_before.is_none() {
            self.diagnostics.extend(self.context.call.share_finding());
            not_before = self.context.call.share_ends();
        }
        let (not_before, next_since) = (not_before.map(Timestamp::to_rfc3339), self.next_since());
        let (records, diagnostics) = (core::mem::take(&mut self.records), core::mem::take(&mut self.diagnostics));
        let outline = outline(self.context.call, &self.state, self.finished);
        Ok(Page { records, diagnostics, not_before, stopped, next_since, ..outline })
    }

    /// Where the next collection's events begin. When events could not all be read, that is where
    /// those of this one began.
    fn next_since(&self) -> Option<String> {
        if !self.finished {
            return None;
        }
        let events =
            self.plan().wanted.iter().zip(&self.state.tallies).filter(|(kind, _)| kind.nature == Nature::Event);
        let is_whole = |state| matches!(state, CoverageState::Complete | CoverageState::Spread);
        let all_read = events.clone().all(|(kind, tally)| is_whole(tally.coverage(kind).state));
        let since = match all_read {
            true if events.count() > 0 => {
                Some(next_since(self.context.call.settings.spread_days, self.context.started))
            }
            _ => self.plan().since,
        };
        since.map(Timestamp::to_rfc3339)
    }

    /// Makes the records at the end, as many as fit.
    fn close(&mut self) {
        while self.stage() == closing_stage::<S>() && !self.finished && !self.is_full() {
            let index = self.state.position.index;
            let now = self.context.call.now();
            if let Some(record) = closing::record(index, &self.state, self.config, self.plan(), now) {
                self.deliver(record);
                self.state.position.index += 1;
            }
            self.finished = closing::is_end::<S>(self.state.position.index, self.plan());
        }
        if self.finished {
            counts::kinds(&mut self.state, self.context.call.plan, closing::KINDS, |tally| tally.open = 0);
        }
    }
}

/// An item as it is in its list.
struct Listed<'a> {
    list: &'a Body,
    page: Option<u32>,
    index: usize,
    json: &'a str,
    id: &'a str,
}

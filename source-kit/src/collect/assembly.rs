//! Turns what was read into records, one after the other, and knows at each moment where a next
//! call would have to go on.

mod counts;

use super::closing;
use super::cursor::{Position, State};
use super::listing::Listing;
use super::page::outline;
use super::pipeline::Done;
use super::plan::Plan;
use super::tally::{Problem, Trouble};
use super::{Context, Halt};
use crate::config::Config;
use crate::digest::{Chain, fingerprint};
use crate::evidence::emit::Emit;
use crate::evidence::kind::{Kind, When};
use crate::fivetran::envelope::Body;
use crate::fivetran::resource::{Findings, Item, PartAnswer, Resource};
use crate::fivetran::{RESOURCES, account};
use crate::instant::Instant;
use crate::model::{Diagnostic, Failure, Page, Record, Severity};
use crate::world::World;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use counts::is_closed;

/// The stage after all lists: the source's own records.
pub const CLOSING: usize = RESOURCES.len() + 1;
/// Findings about responses that are reported in a collection; they travel in the cursor.
const MAX_DRIFT: usize = 200;

/// The account is no walk, but its record is made like any other.
const ACCOUNT: Resource = Resource { project: account::project, ..Resource::LIST };

/// How many walks have to end before a kind is complete. The account and the closing records
/// count as one.
pub fn walks_of(plan: &Plan, kind: &Kind) -> u32 {
    if kind.id == account::KIND.id || kind.when == When::Always { 1 } else { plan.walks_of(kind) }
}

/// A page in the making.
pub struct Assembly<'c, 'w, W> {
    context: &'c Context<'w, W>,
    config: &'c Config,
    state: State,
    chain: Chain,
    start: Position,
    records: Vec<Record>,
    /// How many of these are in the chain.
    chained: usize,
    diagnostics: Vec<Diagnostic>,
    halt: Option<Halt>,
    finished: bool,
}

impl<'c, 'w, W: World> Assembly<'c, 'w, W> {
    /// Goes on from `state`.
    ///
    /// # Errors
    /// When the state's chain head is none, which a cursor of ours never has.
    pub fn new(context: &'c Context<'w, W>, config: &'c Config, state: State) -> Result<Self, Failure> {
        let chain = Chain::resume(&state.chain).ok_or_else(|| super::cursor::invalid("it has no chain head"))?;
        for (part, refusals) in state.refusals.iter().enumerate() {
            if is_closed(refusals) {
                context.closed.borrow_mut().insert((state.position.stage, part));
            }
        }
        let start = state.position.clone();
        Ok(Self {
            context,
            config,
            state,
            chain,
            start,
            records: Vec::new(),
            chained: 0,
            diagnostics: Vec::new(),
            halt: None,
            finished: false,
        })
    }

    /// Where a next call would go on.
    pub fn position(&self) -> Position {
        self.state.position.clone()
    }

    /// The stage of that.
    pub fn stage(&self) -> usize {
        self.state.position.stage
    }

    /// Whether no further record fits.
    pub fn is_full(&self) -> bool {
        self.room() == 0
    }

    /// Whether nothing more can be taken.
    pub fn is_over(&self) -> bool {
        self.halt.is_some() || self.is_full()
    }

    fn room(&self) -> usize {
        let made = self.records.len();
        self.context.plan.budget.max_records.map_or(usize::MAX, |max| (max as usize).saturating_sub(made))
    }

    /// Takes the answer that named the account.
    pub fn account(&mut self, body: Body) {
        if self.stage() > 0 {
            return;
        }
        let notes = core::mem::take(&mut self.state.notes);
        let item = Item {
            list: &body,
            page: None,
            index: 0,
            json: body.data(),
            id: "",
            parts: &[],
            settings: self.context.settings,
            notes: &notes,
        };
        let (records, findings) = self.project(&ACCOUNT, &item);
        self.state.notes = notes;
        self.report(&findings);
        for record in records {
            self.deliver(record);
        }
        self.tally(&[&account::KIND], |tally| {
            tally.items += 1;
            tally.open = 0;
            tally.response(body.read_at);
        });
        self.advance(1);
    }

    /// Takes what the pipeline gave.
    pub fn take(&mut self, done: Done) {
        match done {
            Done::Item(listing, index, parts) => self.item(&listing, index, parts),
            Done::EmptyPage(listing) => self.page_end(&listing),
            Done::Lost(stage, problem) => {
                if let Some(resource) = super::resource_at(stage) {
                    self.tally_list(resource, |tally| tally.problem(&problem));
                    self.walk_end(resource, stage);
                }
            }
            Done::Halt(halt) => self.halt = Some(halt),
        }
    }

    fn item(&mut self, listing: &Listing, index: usize, mut parts: Vec<PartAnswer>) {
        let (Some(resource), Some(listed)) = (listing.resource(), listing.items.get(index)) else { return };
        self.refuse(resource, listing.stage, &mut parts);
        let notes = core::mem::take(&mut self.state.notes);
        let item = Item {
            list: &listing.body,
            page: listing.number,
            index: listed.index,
            json: listing.json(listed),
            id: listed.key.as_deref().unwrap_or_default(),
            parts: &parts,
            settings: self.context.settings,
            notes: &notes,
        };
        let (records, findings) = self.project(resource, &item);
        self.state.notes = notes;
        let skip = if index == 0 { self.state.position.skip } else { 0 };
        let room = self.room();
        let left = records.len().saturating_sub(skip);
        for record in records.into_iter().skip(skip).take(room) {
            self.deliver(record);
        }
        if left > room {
            Listing::move_to(&mut self.state.position, listed, skip + room);
            return;
        }
        self.count_item(resource, &parts, findings);
        self.context.assembled.set(self.context.assembled.get() + 1);
        match listing.items.get(index + 1) {
            Some(next) => Listing::move_to(&mut self.state.position, next, 0),
            None => self.page_end(listing),
        }
    }

    fn project(&mut self, resource: &Resource, item: &Item<'_>) -> (Vec<Record>, Findings) {
        let identity = &self.state.identity;
        let mut findings = Findings { principal: identity.user.clone(), ..Findings::default() };
        let mut emit = Emit {
            account: &identity.account,
            wanted: &self.context.plan.wanted,
            since: self.context.plan.since,
            privacy: &self.context.settings.privacy,
            spread_days: self.context.settings.spread_days,
            now: self.context.client.world().now(),
            records: Vec::new(),
        };
        (resource.project)(item, &mut emit, &mut findings);
        for (part, answer) in resource.parts.iter().zip(item.parts) {
            if let Some(project) = part.project {
                project(item, answer, &mut emit, &mut findings);
            }
        }
        let records = emit.records;
        if let Some(role) = findings.principal_role.take() {
            self.state.role = Some(role);
        }
        (records, findings)
    }

    fn page_end(&mut self, listing: &Listing) {
        let Some(resource) = listing.resource() else { return };
        let read_at = listing.body.read_at;
        let whole = |trouble, whole_list| Problem {
            trouble,
            at: resource.path.to_string(),
            permission: None,
            count: 1,
            whole_list,
        };
        self.tally_list(resource, |tally| {
            tally.pages += 1;
            tally.repeats += listing.repeats;
            if listing.changed {
                tally.problem(&whole(Trouble::ListChanged, false));
            }
            if let Some(trouble) = listing.broken_end {
                tally.problem(&whole(trouble, true));
            }
        });
        self.tally(resource.feeds, |tally| tally.response(read_at));
        match &listing.next {
            Some(next) => self.state.position = next.clone(),
            None => self.walk_end(resource, listing.stage),
        }
    }

    fn walk_end(&mut self, resource: &Resource, stage: usize) {
        self.tally_list(resource, |tally| tally.open = tally.open.saturating_sub(1));
        self.state.refusals.clear();
        self.advance(stage + 1);
    }

    fn advance(&mut self, stage: usize) {
        let next = self.context.skip_unwanted(Position { stage, ..Position::default() });
        self.state.position = next.unwrap_or(Position { stage: CLOSING, ..Position::default() });
    }

    fn deliver(&mut self, record: Record) {
        self.context.made_records.set(self.context.made_records.get() + 1);
        self.context.made_bytes.set(self.context.made_bytes.get() + record.content.len() as u64);
        let position = self.context.plan.wanted.iter().position(|kind| kind.id == record.kind);
        if let Some(tally) = position.and_then(|at| self.state.tallies.get_mut(at)) {
            tally.records += 1;
        }
        self.records.push(record);
    }

    /// Brings the chain up to the last record.
    fn chain_up(&mut self) {
        self.chain.extend(self.records.get_mut(self.chained..).unwrap_or_default());
        self.chained = self.records.len();
        self.state.chain = self.chain.head();
    }

    /// Reports fields that are not as documented, each of them once in a collection.
    fn report(&mut self, findings: &Findings) {
        let all = findings.drift.iter().flat_map(|(endpoint, drift)| drift.iter().map(move |found| (*endpoint, found)));
        for (endpoint, (pointer, what)) in all {
            let message = format!("GET {endpoint}: {pointer} is {what}");
            let print = fingerprint(&message);
            if self.state.drift.contains(&print) || self.state.drift.len() >= MAX_DRIFT {
                continue;
            }
            self.state.drift.push(print);
            self.diagnostics.push(Diagnostic {
                severity: Severity::Info,
                code: "drift",
                pointer: pointer.clone(),
                message,
                remedy: "What could be read is kept. A newer version of this component may know more.".into(),
            });
        }
    }

    /// Ends the call.
    ///
    /// # Errors
    /// A failure that struck before anything was achieved; otherwise the next call will meet it.
    pub fn finish(mut self) -> Result<Page, Failure> {
        if self.halt.is_none() {
            self.close();
        }
        self.chain_up();
        let achieved = !self.records.is_empty() || self.state.position != self.start;
        let mut not_before = None;
        match self.halt.take() {
            Some(Halt::Fail(failure)) if !achieved => return Err(*failure),
            Some(Halt::Fail(failure)) => self.diagnostics.push(Diagnostic {
                severity: Severity::Warning,
                code: "stopped-early",
                pointer: String::new(),
                message: failure.message,
                remedy: failure.remedy,
            }),
            Some(Halt::Wait(until)) => not_before = Some(until),
            None => {}
        }
        // One wait at a time: the vendor's is the whole account's, this one is ours, and when both
        // strike the next call meets ours without sending anything.
        if !self.finished && self.stage() < CLOSING && not_before.is_none() {
            self.diagnostics.extend(self.context.share_finding());
            not_before = self.context.share_ends();
        }
        let not_before = not_before.map(Instant::to_rfc3339);
        let (records, diagnostics) = (core::mem::take(&mut self.records), core::mem::take(&mut self.diagnostics));
        Ok(Page { records, diagnostics, not_before, ..outline(self.context, &self.state, self.finished) })
    }

    /// Makes the records at the end, as many as fit.
    fn close(&mut self) {
        while self.stage() == CLOSING && !self.finished && !self.is_full() {
            let index = self.state.position.index;
            let now = self.context.client.world().now();
            self.chain_up();
            if let Some(record) = closing::record(index, &self.state, self.config, self.context.plan, now) {
                self.deliver(record);
                self.state.position.index += 1;
            }
            self.finished = closing::is_end(self.state.position.index, self.context.plan);
        }
        if self.finished {
            self.tally(closing::KINDS, |tally| tally.open = 0);
        }
    }
}

//! Keeps requests in flight, and hands out what they gave in fixed order.
//!
//! Items of a list page run side by side, up to the budget's number; the next list page is fetched
//! meanwhile, one ahead. Results come out in the order of the lists whatever the order of arrival,
//! so that nothing downstream can depend on timing.

use super::context::Context;
use super::cursor::Position;
use super::fetch::fetch_parts;
use super::halt::Halt;
use super::listing::{self, Listing, NoListing};
use crate::base::world::World;
use crate::record::resource::PartAnswer;
use crate::record::source::Source;
use crate::record::tally::Problem;
use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::rc::Rc;
use alloc::vec::Vec;
use core::cell::Cell;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context as Task, Poll};
use futures_util::stream::{FuturesOrdered, Stream};

/// Items listed in one call, when the request bounds no records: then a page ends with the list
/// page that reaches it, where resuming repeats no call.
const SOFT_ITEMS: usize = 1000;
/// Results that may wait for an earlier one, per request in flight: enough to bridge a slow answer.
const REORDER: usize = 4;

/// Something that has been read, in order.
pub enum Done {
    /// An item with its parts.
    Item(Rc<Listing>, usize, Vec<PartAnswer>),
    /// A list page without items.
    EmptyPage(Rc<Listing>),
    /// A list is lost.
    Lost(usize, Problem),
    /// The call has to end here.
    Halt(Halt),
}

type Local<'c, T> = Pin<Box<dyn Future<Output = T> + 'c>>;

/// Reads ahead, within concurrency and budget, and yields results in the order of the lists.
pub struct Pipeline<'c, 'w, S: Source, W> {
    context: &'c Context<'c, 'w, S, W>,
    /// The list page to be fetched next.
    next_list: Option<Position>,
    fetching: Option<Local<'c, (usize, Result<Listing, NoListing>)>>,
    queue: VecDeque<Job>,
    running: FuturesOrdered<Local<'c, Done>>,
    /// What comes before all that runs.
    ready: Option<Done>,
    in_flight: Rc<Cell<u32>>,
    lists_started: u32,
    items_listed: usize,
    items_started: u32,
    closing: bool,
}

enum Job {
    Item(Rc<Listing>, usize),
    Ready(Box<Done>),
}

impl<'c, 'w, S: Source, W: World> Pipeline<'c, 'w, S, W> {
    /// Starts at a list position.
    pub fn new(context: &'c Context<'c, 'w, S, W>, position: Position) -> Self {
        Self {
            context,
            next_list: context.skip_unwanted(position),
            fetching: None,
            queue: VecDeque::new(),
            running: FuturesOrdered::new(),
            ready: None,
            in_flight: Rc::new(Cell::new(0)),
            lists_started: 0,
            items_listed: 0,
            items_started: 0,
            closing: false,
        }
    }

    fn free_slot(&self) -> bool {
        let fetching = u32::from(self.fetching.is_some());
        self.in_flight.get() + fetching < self.context.call.plan.concurrency
    }

    /// Asks for the next list page, when there is one and room for its items.
    fn start_list(&mut self) {
        if self.closing || self.fetching.is_some() || !self.free_slot() {
            return;
        }
        // Lists come before items, or they would be asked for one after the other when all items are
        // through; but not before they are soon needed, as a page may end before.
        let soon = (self.context.call.plan.concurrency as usize).saturating_mul(REORDER);
        let waiting = u32::try_from(self.queue.len()).unwrap_or(u32::MAX);
        let first_item_waits = self.items_started == 0 && !self.queue.is_empty();
        if first_item_waits || self.queue.len() > soon || self.next_list.is_none() {
            return;
        }
        let context = self.context;
        // The first list, and the first item below, are read in any case: every call makes progress.
        if self.lists_started > 0 && !context.may_begin(self.items_started.saturating_add(waiting), 1) {
            return;
        }
        let Some(position) = self.next_list.take() else { return };
        self.lists_started += 1;
        self.fetching = Some(Box::pin(async move {
            let stage = position.stage;
            (stage, listing::fetch(context.call, position).await)
        }));
    }

    fn take_list(&mut self, stage: usize, fetched: Result<Listing, NoListing>) {
        match fetched {
            Ok(listing) => {
                let listing = Rc::new(listing);
                self.items_listed += listing.items.len();
                let jobs = (0..listing.items.len()).map(|index| Job::Item(Rc::clone(&listing), index));
                self.queue.extend(jobs);
                self.next_list = self.context.after(&listing);
                if self.items_listed >= SOFT_ITEMS && self.context.call.plan.budget.max_records.is_none() {
                    self.next_list = None;
                }
                if listing.items.is_empty() {
                    self.queue.push_back(Job::Ready(Box::new(Done::EmptyPage(listing))));
                }
            }
            Err(NoListing::Lost(problem)) => {
                self.next_list = self.context.skip_unwanted(Position { stage: stage + 1, ..Position::default() });
                self.queue.push_back(Job::Ready(Box::new(Done::Lost(stage, problem))));
            }
            Err(NoListing::Halt(halt)) => {
                self.queue.push_back(Job::Ready(Box::new(Done::Halt(halt))));
            }
        }
    }

    /// Polls the list that is being fetched. Answers whether it has come.
    fn poll_list(&mut self, task: &mut Task<'_>) -> bool {
        let polled = self.fetching.as_mut().map(|fetching| fetching.as_mut().poll(task));
        let Some(Poll::Ready((stage, fetched))) = polled else { return false };
        self.fetching = None;
        self.take_list(stage, fetched);
        true
    }

    /// Starts what may be started.
    fn start_jobs(&mut self) {
        let room = (self.context.call.plan.concurrency as usize).saturating_mul(REORDER);
        while !self.closing && self.running.len() < room {
            let is_item = matches!(self.queue.front(), Some(Job::Item(..)));
            if is_item && !self.free_slot() {
                return;
            }
            let calls = match self.queue.front() {
                Some(Job::Item(listing, index)) => self.context.calls_of_item(listing, *index),
                _ => 0,
            };
            if is_item && self.items_started > 0 && !self.context.may_begin(self.items_started, calls) {
                self.closing = true;
                return;
            }
            match self.queue.pop_front() {
                None => return,
                Some(Job::Ready(done)) => self.running.push_back(Box::pin(core::future::ready(*done))),
                Some(Job::Item(listing, index)) => {
                    self.items_started += 1;
                    // What needs no call, and waits for nobody, needs no task either.
                    if calls == 0 && self.running.is_empty() {
                        self.ready = Some(Done::Item(listing, index, Vec::new()));
                        return;
                    }
                    let context = self.context;
                    let slot = Slot::take(&self.in_flight);
                    let reservation = context.progress.reserve(calls);
                    self.running.push_back(Box::pin(async move {
                        let parts = fetch_parts(context, &listing, index, &reservation).await;
                        drop((slot, reservation));
                        match parts {
                            Ok(parts) => Done::Item(listing, index, parts),
                            Err(halt) => Done::Halt(halt),
                        }
                    }));
                }
            }
        }
    }
}

impl<S: Source, W: World> Stream for Pipeline<'_, '_, S, W> {
    type Item = Done;

    fn poll_next(self: Pin<&mut Self>, task: &mut Task<'_>) -> Poll<Option<Done>> {
        let this = self.get_mut();
        loop {
            // A list's call is sent, and so counted, before it is judged what else may begin.
            let starts = this.fetching.is_none();
            this.start_list();
            let mut moved = starts && this.poll_list(task);
            this.start_jobs();
            if let Some(done) = this.ready.take() {
                return Poll::Ready(Some(done));
            }
            moved |= !starts && this.poll_list(task);
            match Pin::new(&mut this.running).poll_next(task) {
                Poll::Ready(Some(done)) => return Poll::Ready(Some(done)),
                Poll::Ready(None) if !moved && (this.fetching.is_none() || this.closing) => return Poll::Ready(None),
                Poll::Ready(None) | Poll::Pending if !moved => return Poll::Pending,
                _ => {}
            }
        }
    }
}

/// A request slot, given back when dropped.
struct Slot(Rc<Cell<u32>>);

impl Slot {
    fn take(count: &Rc<Cell<u32>>) -> Self {
        count.set(count.get() + 1);
        Self(Rc::clone(count))
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.0.set(self.0.get().saturating_sub(1));
    }
}

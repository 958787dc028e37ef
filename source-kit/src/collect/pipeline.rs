//! Keeps requests in flight, and hands out what they gave in fixed order.
//!
//! Items of a list page run side by side, up to the budget's number; the next list page is fetched
//! meanwhile, one ahead. Results come out in the order of the lists whatever the order of arrival,
//! so that nothing downstream can depend on timing.

use super::context::Context;
use super::fetch::{Taken, fetch_item, fetch_step, without_calls};
use super::halt::Halt;
use super::listing::{self, Listing, NoListing};
use super::position::{Position, Step};
use super::progress::Reservation;
use crate::base::world::World;
use crate::record::answer::PartAnswer;
use crate::record::problem::Problem;
use crate::record::source::Source;
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
    /// An item, with what is held for its own records.
    Item(Rc<Listing>, usize, Vec<PartAnswer>),
    /// One answer of a part of the item that came last.
    Step(Rc<Listing>, usize, Step, Box<Taken>),
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
    fetching: Option<Local<'c, (Position, Result<Listing, NoListing>)>>,
    queue: VecDeque<Job>,
    running: FuturesOrdered<Local<'c, Ended>>,
    /// What comes before all that runs.
    ready: Option<Done>,
    in_flight: Rc<Cell<u32>>,
    lists_started: u32,
    items_listed: usize,
    jobs_started: u32,
    closing: bool,
}

/// What is to be done, in order.
enum Job {
    Item(Rc<Listing>, usize),
    Step(Rc<Listing>, usize, Step, IsNew),
    Ready(Box<Done>),
}

/// Whether nothing was delivered of the page of a step.
type IsNew = bool;

/// A job's end.
struct Ended {
    done: Done,
    /// Records that were expected of it, and of the pages that follow it.
    expected: u32,
    /// Calls that were reserved for what may follow it.
    reservation: Option<Reservation>,
}

impl Ended {
    fn of(done: Done, expected: u32) -> Self {
        Self { done, expected, reservation: None }
    }
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
            jobs_started: 0,
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
        let first_item_waits = self.jobs_started == 0 && !self.queue.is_empty();
        if first_item_waits || self.queue.len() > soon || self.next_list.is_none() {
            return;
        }
        let context = self.context;
        // The first list, and the first item below, are read in any case: every call makes progress.
        let Some(position) = self.next_list.take() else { return };
        // A further page is followed by another look at the one before.
        let calls = 1 + u32::from(position.list.page > 0);
        if self.lists_started > 0 && !context.may_begin(waiting, calls) {
            self.next_list = Some(position);
            return;
        }
        self.lists_started += 1;
        self.fetching =
            Some(Box::pin(async move { (position.clone(), listing::fetch_surely(context.call, position).await) }));
    }

    fn take_list(&mut self, position: &Position, fetched: Result<Listing, NoListing>) {
        match fetched {
            Ok(listing) => {
                let listing = Rc::new(listing);
                self.items_listed += listing.items.len();
                self.queue_items(position, &listing);
                self.next_list = self.context.after(&listing);
                if self.items_listed >= SOFT_ITEMS && self.context.call.plan.budget.max_records.is_none() {
                    self.next_list = None;
                }
                if listing.items.is_empty() {
                    self.queue.push_back(Job::Ready(Box::new(Done::EmptyPage(listing))));
                }
            }
            Err(NoListing::Lost(problem)) => {
                let stage = position.stage;
                self.next_list = self.context.skip_unwanted(Position { stage: stage + 1, ..Position::default() });
                self.queue.push_back(Job::Ready(Box::new(Done::Lost(stage, problem))));
            }
            Err(NoListing::Halt(halt)) => {
                self.queue.push_back(Job::Ready(Box::new(Done::Halt(halt))));
            }
        }
    }

    /// Queues the items of a page; the first one from where the position stands in it.
    fn queue_items(&mut self, position: &Position, listing: &Rc<Listing>) {
        let mut jobs: VecDeque<Job> =
            (0..listing.items.len()).map(|index| Job::Item(Rc::clone(listing), index)).collect();
        let is_same = listing.items.first().is_some_and(|item| Some(item.hash()) == position.anchor);
        if let Some(inside) = position.inside.as_ref().filter(|inside| is_same && inside.step.part.is_some()) {
            jobs.pop_front();
            jobs.push_front(Job::Step(Rc::clone(listing), 0, inside.step.clone(), inside.read.sum == 0));
            self.queue.append(&mut jobs);
            return;
        }
        self.queue.append(&mut jobs);
    }

    /// Polls the list that is being fetched. Answers whether it has come.
    fn poll_list(&mut self, task: &mut Task<'_>) -> bool {
        let polled = self.fetching.as_mut().map(|fetching| fetching.as_mut().poll(task));
        let Some(Poll::Ready((position, fetched))) = polled else { return false };
        self.fetching = None;
        self.take_list(&position, fetched);
        true
    }

    /// Starts what may be started.
    fn start_jobs(&mut self) {
        let room = (self.context.call.plan.concurrency as usize).saturating_mul(REORDER);
        while !self.closing && self.running.len() < room && self.ready.is_none() {
            let (calls, records) = match self.queue.front() {
                None => return,
                Some(Job::Ready(_)) => (0, None),
                Some(Job::Item(listing, index)) => {
                    (listing.items.get(*index).map_or(0, |item| self.context.calls_of_item(listing, item)), Some(1))
                }
                Some(Job::Step(listing, index, step, _)) => listing.items.get(*index).map_or((0, Some(1)), |item| {
                    let calls = self.context.calls_of_step(listing, item, step);
                    (calls, Some(self.context.expected_of(listing, item, step)))
                }),
            };
            if let Some(records) = records {
                if !self.free_slot() {
                    return;
                }
                if self.jobs_started > 0 && !self.context.may_begin(0, calls) {
                    self.closing = true;
                    return;
                }
                self.jobs_started += 1;
                self.context.progress.expect(records);
            }
            self.start_job(calls, records.unwrap_or_default());
        }
    }

    fn start_job(&mut self, calls: u32, expected: u32) {
        let context = self.context;
        match self.queue.pop_front() {
            None => {}
            Some(Job::Ready(done)) => self.running.push_back(Box::pin(core::future::ready(Ended::of(*done, 0)))),
            Some(Job::Item(listing, index)) => {
                self.queue_step(&listing, index, &Step::default());
                // What needs no call, and waits for nobody, needs no task either.
                if calls == 0 && self.running.is_empty() {
                    context.progress.meet(expected);
                    let answers = without_calls(context, &listing, index);
                    self.ready = Some(Done::Item(listing, index, answers));
                    return;
                }
                let slot = Slot::take(&self.in_flight);
                let reservation = context.progress.reserve(calls);
                self.running.push_back(Box::pin(async move {
                    let parts = fetch_item(context, &listing, index, &reservation).await;
                    drop((slot, reservation));
                    Ended::of(parts.map_or_else(Done::Halt, |parts| Done::Item(listing, index, parts)), expected)
                }));
            }
            Some(Job::Step(listing, index, step, is_new)) => {
                self.queue_step(&listing, index, &step);
                let reservation = context.progress.reserve(calls);
                let job = self.step(listing, index, (step, is_new), (reservation, expected));
                self.running.push_back(job);
            }
        }
    }

    /// Puts the step after `step` in front of everything else that is still to be started.
    fn queue_step(&mut self, listing: &Rc<Listing>, index: usize, step: &Step) {
        let item = listing.items.get(index);
        if let Some(next) = item.and_then(|item| self.context.next_step(listing, item, step)) {
            self.queue.push_front(Job::Step(Rc::clone(listing), index, next, true));
        }
    }

    fn step(
        &self,
        listing: Rc<Listing>,
        index: usize,
        (step, is_new): (Step, IsNew),
        (reservation, expected): (Reservation, u32),
    ) -> Local<'c, Ended> {
        let context = self.context;
        let slot = Slot::take(&self.in_flight);
        Box::pin(async move {
            let taken = fetch_step(context, &listing, index, (&step, is_new), &reservation).await;
            drop(slot);
            match taken {
                Ok(taken) => Ended {
                    done: Done::Step(listing, index, step, Box::new(taken)),
                    expected,
                    reservation: Some(reservation),
                },
                Err(halt) => Ended::of(Done::Halt(halt), expected),
            }
        })
    }

    /// Hands out what has ended. The page after it, if there is one, comes before anything else that runs.
    fn hand_out(&mut self, ended: Ended) -> Done {
        let Ended { done, expected, reservation } = ended;
        self.context.progress.meet(expected);
        let (Done::Step(listing, index, step, taken), Some(reservation)) = (&done, reservation) else { return done };
        let Some(list) = taken.next.clone() else { return done };
        // A page more than was expected has to fit into the budget by itself.
        if reservation.is_used_up() && !self.context.may_begin(0, 1) {
            self.queue.clear();
            self.running = FuturesOrdered::new();
            (self.closing, self.fetching) = (true, None);
            return done;
        }
        let next = Step { list, ..step.clone() };
        let expected = expected.saturating_sub(taken.items()).max(1);
        self.context.progress.expect(expected);
        let job = self.step(Rc::clone(listing), *index, (next, true), (reservation, expected));
        self.running.push_front(job);
        done
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
                Poll::Ready(Some(ended)) => return Poll::Ready(Some(this.hand_out(ended))),
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

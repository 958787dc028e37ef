//! Collecting: from a request to a page of records.
//!
//! `plan` judges the request, `cursor` says where to start, `pipeline` (with `listing` and `fetch`)
//! reads side by side and hands out in order, `assembly` turns what was read into records, `tally`
//! counts, `pace` keeps to the quota share, `spread` knows whose turn it is, `closing` makes the
//! records at the end; `estimate` says beforehand what all of it will cost. Reading never
//! depends on what was assembled but through the budget, and assembling never depends on timing:
//! that is why the records are always the same.

mod assembly;
mod closing;
pub mod cursor;
pub mod estimate;
mod fetch;
mod halt;
mod listing;
mod pace;
mod page;
mod pipeline;
pub mod plan;
pub mod spread;
pub mod tally;

pub use halt::{Halt, failure_of, halt_of};

use crate::config::{Config, Settings};
use crate::digest::Chain;
use crate::evidence::kind::Kind;
use crate::fivetran::RESOURCES;
use crate::fivetran::account::{self, Identity};
use crate::fivetran::client::{Client, Limits};
use crate::fivetran::envelope::{Body, Shape};
use crate::fivetran::notes::Notes;
use crate::fivetran::quota::Window;
use crate::instant::Instant;
use crate::model::{CollectRequest, Failure, FailureKind, Page};
use crate::world::World;
use alloc::collections::BTreeSet;
use alloc::string::String;
use alloc::vec::Vec;
use assembly::Assembly;
use core::cell::{Cell, RefCell};
use cursor::{Position, State};
use futures_util::StreamExt;
use listing::{Listing, resource_at};
use pace::Promises;
use pipeline::Pipeline;
use plan::Plan;
use tally::Tally;

/// The longest wait inside a call that has no time budget: longer ones belong to the host.
const DEFAULT_MAX_MS: u64 = 60_000;

/// What reading needs to know.
pub struct Context<'w, W> {
    /// Sends requests.
    pub client: Client<'w, W>,
    /// What is asked for.
    pub plan: &'w Plan,
    /// Settings in force.
    pub settings: &'w Settings,
    deadline_ms: u64,
    /// When the collection began.
    started: Cell<Instant>,
    /// Records and bytes made in this call; assembly writes them, `may_begin` reads them.
    made_records: Cell<u32>,
    made_bytes: Cell<u64>,
    /// Items whose records are made.
    assembled: Cell<u32>,
    /// Calls that items under way may still make.
    promises: Promises,
    /// Parts that are refused: no further calls.
    closed: RefCell<BTreeSet<(usize, usize)>>,
}

impl<'w, W: World> Context<'w, W> {
    /// Of one call that begins now. `limits` are for its requests, `deadline_ms` (by the monotonic
    /// clock) for what may still be begun.
    fn new(world: &'w W, config: &'w Config, plan: &'w Plan, limits: Limits, deadline_ms: u64) -> Self {
        Self {
            client: Client::new(world, config.authorization.clone(), limits),
            plan,
            settings: &config.settings,
            deadline_ms,
            started: Cell::new(world.now()),
            made_records: Cell::new(0),
            made_bytes: Cell::new(0),
            assembled: Cell::new(0),
            promises: Promises::default(),
            closed: RefCell::new(BTreeSet::new()),
        }
    }

    /// Whether the budget and the share cover what is to be begun next, to its end: a list, or an
    /// item after `begun` others, that needs so many `calls`. The first list and the first item of a
    /// call are not asked about, so that every call makes progress.
    fn may_begin(&self, begun: u32, calls: u32) -> bool {
        let budget = &self.plan.budget;
        let ahead = begun.saturating_sub(self.assembled.get());
        let records = self.made_records.get().saturating_add(ahead);
        let requests = self.client.usage().requests.saturating_add(self.promises.calls()).saturating_add(calls);
        budget.max_records.is_none_or(|max| records < max)
            && budget.max_bytes.is_none_or(|max| self.made_bytes.get() < max)
            && budget.max_requests.is_none_or(|max| calls == 0 || requests <= max)
            && self.client.world().monotonic_ms() < self.deadline_ms
            && self.share_allows(calls)
    }

    fn is_closed(&self, stage: usize, part: usize) -> bool {
        self.closed.borrow().contains(&(stage, part))
    }

    /// The first position from here on whose list is wanted; `None` at the end of the lists.
    fn skip_unwanted(&self, position: Position) -> Option<Position> {
        let here = position.stage;
        let stage = (here..=RESOURCES.len()).find(|stage| resource_at(*stage).is_some_and(|r| self.plan.walks(r)))?;
        Some(if stage == here { position } else { Position { stage, ..Position::default() } })
    }

    /// The list position after a page.
    fn after(&self, listing: &Listing) -> Option<Position> {
        match &listing.next {
            Some(next) => Some(next.clone()),
            None => self.skip_unwanted(Position { stage: listing.stage + 1, ..Position::default() }),
        }
    }
}

/// What an instance remembers: a configuration, and whether it is known to open the account that a
/// cursor names. The latter only saves a call; no record depends on it.
pub struct Session {
    /// The configuration in force.
    pub config: Config,
    verified: RefCell<Option<String>>,
}

impl Session {
    /// A session of a new configuration.
    #[must_use]
    pub fn new(config: Config) -> Self {
        Self { config, verified: RefCell::new(None) }
    }

    /// Whether going on needs no call to find out whose account it is.
    fn knows(&self, state: &State) -> bool {
        state.position.stage > 0 && self.verified.borrow().as_ref() == Some(&state.identity.account)
    }
}

/// Does a bounded amount of work.
///
/// # Errors
/// See [`FailureKind`]. Nothing is lost by a failure: the cursor given stays valid.
pub async fn collect<W: World>(world: &W, session: &Session, request: &CollectRequest) -> Result<Page, Failure> {
    let plan = Plan::new(request)?;
    let resumed = match &request.cursor {
        Some(text) => Some(State::decode(text, &session.config.settings_digest, &plan)?),
        None => None,
    };
    let bound = plan.budget.max_milliseconds;
    let deadline_ms = world.monotonic_ms().saturating_add(bound.unwrap_or(u64::MAX));
    let wait_until_ms = world.monotonic_ms().saturating_add(bound.unwrap_or(DEFAULT_MAX_MS));
    let limits = Limits { deadline_ms: wait_until_ms, wait_for_rate_limit: true };
    let context = Context::new(world, &session.config, &plan, limits, deadline_ms);
    if let Some(state) = &resumed {
        context.resume_window(state.window);
        let sends_nothing = session.knows(state) && state.position.stage == assembly::CLOSING;
        if let Some(until) = context.share_ends().filter(|_| !sends_nothing) {
            let diagnostics = context.share_finding().into_iter().collect();
            return Ok(Page { diagnostics, ..page::waiting(&context, state, until) });
        }
    }
    match identify(&context, session, resumed).await {
        Ok((state, account_body)) => run(&context, session, state, account_body).await,
        Err(Begin::Wait(page)) => Ok(*page),
        Err(Begin::Fail(failure)) => Err(*failure),
    }
}

/// How a call may end before it knows the account.
enum Begin {
    Wait(alloc::boxed::Box<Page>),
    Fail(alloc::boxed::Box<Failure>),
}

/// Finds out whose account it is: for a new collection, or on an instance that has not seen the
/// cursor's account yet.
async fn identify<W: World>(
    context: &Context<'_, W>,
    session: &Session,
    resumed: Option<State>,
) -> Result<(State, Option<Body>), Begin> {
    if let Some(state) = &resumed
        && session.knows(state)
    {
        return Ok((state.clone(), None));
    }
    let body = match context.client.get(account::PATH, Shape::Enveloped).await {
        Ok(body) => body,
        Err(error) => {
            return Err(match (halt_of(&error, account::PATH), resumed) {
                (Halt::Fail(failure), _) => Begin::Fail(failure),
                (Halt::Wait(until), Some(state)) => {
                    Begin::Wait(alloc::boxed::Box::new(page::waiting(context, &state, until)))
                }
                (Halt::Wait(until), None) => Begin::Fail(alloc::boxed::Box::new(rate_limited(&error, context, until))),
            });
        }
    };
    let Some(identity) = Identity::read(body.data()) else {
        let message = "Fivetran's answer names no account";
        return Err(Begin::Fail(alloc::boxed::Box::new(Failure::new(
            FailureKind::ContractDrift,
            message,
            "Check that api.fivetran.com is what answers; if so, update this component.",
        ))));
    };
    let account = identity.account.clone();
    let state = match resumed {
        Some(state) if state.identity.account != account => {
            return Err(Begin::Fail(alloc::boxed::Box::new(cursor::invalid("it belongs to another account"))));
        }
        Some(state) => state,
        None => begin(context, &session.config, identity),
    };
    *session.verified.borrow_mut() = Some(account);
    Ok((state, Some(body)))
}

/// Before the account is known there is no cursor to wait with, so the wait is a failure.
fn rate_limited<W: World>(
    error: &crate::fivetran::client::GetError,
    context: &Context<'_, W>,
    until: Instant,
) -> Failure {
    let mut failure = failure_of(error, account::PATH);
    let wait_ms = until.0.saturating_sub(context.client.world().now().0);
    failure.retry_after_seconds = u64::try_from(wait_ms).ok().map(|ms| ms.div_ceil(1000));
    failure
}

fn begin<W: World>(context: &Context<'_, W>, config: &Config, identity: Identity) -> State {
    let plan = context.plan;
    // The day is that of the instant which the cursor holds.
    context.started.set(context.client.world().now());
    let turn_of = |kind: &Kind| context.turn().filter(|_| spread::concerns(kind));
    let tally = |kind: &Kind| Tally { open: assembly::walks_of(plan, kind), turn: turn_of(kind), ..Tally::default() };
    State {
        component: crate::VERSION.into(),
        settings_digest: config.settings_digest.clone(),
        kinds: plan.wanted.iter().map(|kind| String::from(kind.id)).collect(),
        since_ms: plan.since.map(|since| since.0),
        chain: Chain::start(&identity.account, &config.settings_digest).head(),
        identity,
        role: None,
        started_ms: context.started.get().0,
        position: Position::default(),
        items: 0,
        tallies: plan.wanted.iter().map(|kind| tally(kind)).collect(),
        refusals: Vec::new(),
        notes: Notes::default(),
        drift: Vec::new(),
        window: Window::default(),
    }
}

async fn run<W: World>(
    context: &Context<'_, W>,
    session: &Session,
    state: State,
    account_body: Option<Body>,
) -> Result<Page, Failure> {
    context.started.set(state.started_at());
    let mut assembly = Assembly::new(context, &session.config, state)?;
    if let Some(body) = account_body {
        assembly.account(body);
    }
    let in_lists = (1..=RESOURCES.len()).contains(&assembly.stage());
    if in_lists && !assembly.is_full() {
        let mut pipeline = Pipeline::new(context, assembly.position());
        while !assembly.is_over() {
            match pipeline.next().await {
                Some(done) => assembly.take(done),
                None => break,
            }
        }
    }
    assembly.finish()
}

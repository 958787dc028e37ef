//! Collecting: from a request to a page of records.
//!
//! `plan` judges the request, `cursor` says where to start, `pipeline` (with `listing` and `fetch`)
//! reads side by side and hands out in order, `assembly` turns what was read into records, `counts`
//! adds up, `closing` makes the records at the end; `estimate` says beforehand what all of it will
//! cost. Reading never depends on what was assembled except through budget and quota share
//! (`context`), and assembling never depends on timing: that is why the records are always the same.

mod assembly;
mod call;
mod closing;
mod context;
mod counts;
pub mod cursor;
pub mod estimate;
mod fetch;
mod halt;
mod listing;
mod making;
mod page;
pub mod paging;
mod people;
mod pipeline;
pub mod plan;
pub mod position;
mod progress;

use crate::base::model::{CollectRequest, Failure, Page};
use crate::base::timestamp::Timestamp;
use crate::base::world::World;
use crate::read::body::Body;
use crate::read::client::Limits;
use crate::read::data::Shape;
use crate::read::quota::Window;
use crate::record::config::Config;
use crate::record::failure::{no_account, other_account};
use crate::record::identity::Identity;
use crate::record::kind::Kind;
use crate::record::problem::{Cause, Problem};
use crate::record::source::Source;
use crate::record::tally::Tally;
use crate::record::turn::{Turn, reach};
use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use assembly::Assembly;
use call::Call;
use context::Context;
use core::cell::{Cell, RefCell};
use cursor::State;
use futures_util::StreamExt;
use halt::{Halt, halt_of};
use listing::closing_stage;
use pipeline::Pipeline;
use plan::Plan;
use position::Position;

/// What an instance remembers: a configuration, and whether it is known to open the account that a
/// cursor names. The latter only saves a call; no record depends on it.
pub struct Session<S: Source> {
    /// The configuration in force.
    pub config: Config<S>,
    verified: RefCell<Option<String>>,
    /// Whether the people whose names must not show were asked for.
    people_known: Cell<bool>,
}

impl<S: Source> Session<S> {
    /// A session of a new configuration.
    #[must_use]
    pub fn new(config: Config<S>) -> Self {
        Self { config, verified: RefCell::new(None), people_known: Cell::new(false) }
    }

    /// Whether resuming needs no call to find out whose account it is.
    fn knows(&self, state: &State<S>) -> bool {
        state.position.stage > 0 && self.verified.borrow().as_ref() == Some(&state.identity.account)
    }
}

/// Does a bounded amount of work.
///
/// # Errors
/// See [`crate::base::model::FailureKind`]. Nothing is lost by a failure: the cursor given stays valid.
pub async fn collect<S: Source, W: World>(
    world: &W,
    session: &Session<S>,
    request: &CollectRequest,
) -> Result<Page, Failure> {
    let mut plan = Plan::new::<S>(request)?;
    plan.accepted_gaps.clone_from(&session.config.settings.accepted_gaps);
    let resumed = match &request.cursor {
        Some(text) => Some(State::decode(text, &session.config.settings_digest, &plan)?),
        None => None,
    };
    let bound = plan.budget.max_milliseconds;
    let deadline_ms = world.monotonic_ms().saturating_add(bound.unwrap_or(u64::MAX));
    let wait_until_ms = world.monotonic_ms().saturating_add(bound.unwrap_or(call::DEFAULT_MAX_MS));
    let limits = Limits { deadline_ms: wait_until_ms, wait_for_rate_limit: true };
    let call = Call::new(world, &session.config, &plan, limits, deadline_ms);
    if let Some(state) = &resumed {
        call.client.window.set(state.window.at(call.now()));
        let sends_nothing = session.knows(state) && state.position.stage == closing_stage::<S>();
        if let Some(until) = call.share_ends().filter(|_| !sends_nothing) {
            let diagnostics = call.share_finding().into_iter().collect();
            return Ok(Page { diagnostics, ..page::waiting(&call, state, until) });
        }
    }
    match identify(&call, session, resumed).await {
        Ok((mut state, account_body)) => {
            let privacy = &session.config.settings.privacy;
            match people::learn(&call, privacy, &session.people_known).await {
                Ok(finding) => {
                    state.identity.hide_people(privacy);
                    run(&call, session, state, account_body).await.map(|mut page| {
                        page.diagnostics.extend(finding);
                        page
                    })
                }
                Err(Halt::Wait(until)) => {
                    // Whose name is in the account's is not known yet; it is read again.
                    state.identity.name.take_if(|_| state.position.stage == 0);
                    Ok(page::waiting(&call, &state, until))
                }
                Err(Halt::Fail(failure)) => Err(*failure),
            }
        }
        Err(Begin::Wait(page)) => Ok(*page),
        Err(Begin::Fail(failure)) => Err(*failure),
    }
}

/// How a call may end before it knows the account.
enum Begin {
    Wait(Box<Page>),
    Fail(Box<Failure>),
}

/// Finds out whose account it is: for a new collection, or on an instance that has not seen the
/// cursor's account yet.
async fn identify<S: Source, W: World>(
    call: &Call<'_, S, W>,
    session: &Session<S>,
    resumed: Option<State<S>>,
) -> Result<(State<S>, Option<Body>), Begin> {
    if let Some(state) = &resumed
        && session.knows(state)
    {
        return Ok((state.clone(), None));
    }
    let path = S::ACCOUNT.path;
    let body = match call.client.get(path, Shape::Object).await {
        Ok(body) => body,
        Err(error) => {
            return Err(match (halt_of::<S>(&error, path), resumed) {
                (Halt::Fail(failure), _) => Begin::Fail(failure),
                (Halt::Wait(until), Some(state)) => Begin::Wait(Box::new(page::waiting(call, &state, until))),
                (Halt::Wait(until), None) => Begin::Fail(Box::new(call.rate_limited(until))),
            });
        }
    };
    let Some(identity) = S::identify(body.data()).and_then(Identity::kept) else {
        return Err(Begin::Fail(Box::new(no_account::<S>())));
    };
    if let Some(failure) = other_account::<S>(&session.config.settings.own, &identity) {
        return Err(Begin::Fail(Box::new(failure)));
    }
    let identity = identity.without_secrets(&session.config.own_secrets);
    let account = identity.account.clone();
    let state = match resumed {
        Some(state) if state.identity.account != account => {
            return Err(Begin::Fail(Box::new(cursor::invalid("it belongs to another account"))));
        }
        Some(state) if state.position.stage == 0 => State { identity, ..state },
        Some(state) => state,
        None => begin(call, &session.config, identity),
    };
    *session.verified.borrow_mut() = Some(account);
    Ok((state, Some(body)))
}

fn begin<S: Source, W: World>(call: &Call<'_, S, W>, config: &Config<S>, identity: Identity) -> State<S> {
    let (plan, started) = (call.plan, call.now());
    let turn = Turn::of_day(config.settings.spread_days, started);
    let tally = |kind: &Kind| {
        let accepted = config.settings.accepted_gaps.contains(kind.id);
        let (open, turn) = (plan.walks_of::<S>(kind), turn.filter(|_| kind.spread));
        let mut tally = Tally { open, turn, accepted, ..Tally::default() };
        out_of_reach::<S>(plan, kind, started).into_iter().for_each(|problem| tally.problem(&problem));
        tally
    };
    State {
        component: S::ABOUT.version.into(),
        settings_digest: config.settings_digest.clone(),
        kinds: plan.wanted.iter().map(|kind| String::from(kind.id)).collect(),
        since_ms: plan.since.map(|since| since.0),
        identity,
        role: None,
        started_ms: started.0,
        position: Position::default(),
        items: 0,
        tallies: plan.wanted.iter().map(|kind| tally(kind)).collect(),
        refusals: Vec::new(),
        notes: S::Notes::default(),
        drift: Vec::new(),
        window: Window::default(),
    }
}

/// What a kind is short of when the request's `since` lies before all that may be asked for week by week.
fn out_of_reach<S: Source>(plan: &Plan, kind: &Kind, started: Timestamp) -> Option<Problem> {
    let reach = plan.since.and_then(|since| Some(reach(started)).filter(|reach| since < *reach))?;
    let parts = S::RESOURCES.iter().flat_map(|resource| resource.parts);
    let mut by_week = parts.filter(|part| part.windows.is_some() && part.feeds.iter().any(|fed| fed.id == kind.id));
    let part = by_week.next()?;
    let problem = Problem { count: 0, ..Problem::of_list(Cause::OutOfReach, part.path) };
    Some(problem.with(Some(reach.to_rfc3339())))
}

async fn run<S: Source, W: World>(
    call: &Call<'_, S, W>,
    session: &Session<S>,
    state: State<S>,
    account_body: Option<Body>,
) -> Result<Page, Failure> {
    let context = Context::new(call, state.started_at());
    let mut assembly = Assembly::new(&context, &session.config, state);
    if let Some(body) = &account_body {
        assembly.account(body);
    }
    // At the end of the lists there is nothing in it.
    let mut pipeline = Pipeline::new(&context, assembly.position());
    while !assembly.is_over() {
        match pipeline.next().await {
            Some(done) => assembly.take(done),
            None => break,
        }
    }
    drop(pipeline);
    assembly.finish()
}

//! Taking up a job: whether there is something to do for it now, and whether this worker is the one to do it.

use crate::job::{AGAIN, Done, GIVEN_UP, Job, State, VERSION, now};
use crate::ledger::{self, Read};
use crate::next::{Next, due as due_at, next, until_due};
use crate::reach;
use crate::run::Run;
use crate::worker::Worker;
use serde_json::json;
use source_fleet::{Spec, parse};
use source_host::error::Error;
use std::fmt::Display;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// A job that is taken up so often without a word of what came of it kills whoever takes it, and is given up.
const MAX_TAKEN: u32 = 50;

/// Before a job that this worker cannot do is delivered again.
pub(crate) const LEFT: Duration = Duration::from_secs(2);

/// What becomes of a job.
#[derive(Debug)]
pub enum After {
    /// It is done.
    Done,
    /// It is to be delivered again after a while.
    Again(Duration),
    /// Somebody else has it.
    Lost,
    /// Something of this worker failed, and not the tenant: why, and when it is to be delivered again.
    Trouble(String, Duration),
    /// It cannot be done at all.
    Dead(String),
}

impl From<source_evidence::Error> for After {
    fn from(error: source_evidence::Error) -> Self {
        Self::trouble(&error)
    }
}

impl After {
    /// Trouble that is tried again soon.
    pub(crate) fn trouble(error: &dyn Display) -> Self {
        Self::Trouble(error.to_string(), Duration::from_secs(1))
    }
}

/// A job as it came from the queue.
pub(crate) struct Delivered<'j> {
    pub job: &'j Job,
    pub name: &'j str,
    /// The queue: see [`crate::job::Withdrawn`].
    pub queue: i64,
    /// Its place there.
    pub sequence: u64,
}

/// A job that this worker has.
pub(crate) struct TakenUp {
    pub spec: Arc<Spec>,
    pub run: Run,
    pub state: State,
    pub revision: u64,
}

/// Why a worker cannot do a job that another may.
enum Unfit {
    /// Its component is not the one that the run was begun with.
    Component,
    /// It cannot read what the tenant names.
    Lacks(String),
}

/// Takes a job up; `None` where it is done already.
///
/// # Errors
/// What becomes of it where it cannot be taken up now.
pub(crate) async fn take_up(worker: &Worker, delivered: &Delivered<'_>) -> Result<Option<TakenUp>, After> {
    let spec = spec(worker, delivered.job)?;
    let Some((mut state, revision)) = due(worker, delivered).await? else { return Ok(None) };
    state.is_recurring = delivered.job.every_seconds.is_some();
    let mut is_anew = false;
    if let Some(unfit) = unfit(worker, spec.as_ref(), &state) {
        (state, is_anew) = (leave(worker, delivered, state, revision, unfit).await?, true);
    }
    let Ok(spec) = spec else { return Ok(None) };
    (state.worker, state.since, state.taken) = (Some(worker.options.name.clone()), now(), state.taken + 1);
    let revision = write(worker, delivered.name, &state, revision).await?;
    if is_anew {
        tell_anew(worker, delivered.name, &state.run).await;
    }
    let place = worker.place.of(delivered.name, &state.run);
    match Run::open(place, state.standing(), worker.options.signer.clone()).await {
        Ok(run) => Ok(Some(TakenUp { spec, run, state, revision })),
        // No worker can go on with it.
        Err(error @ source_evidence::Error::Usage { .. }) => {
            Err(fail(worker, delivered, state, revision, error.to_string()).await?)
        }
        Err(error) => {
            (state.taken, state.worker) = (0, None);
            write(worker, delivered.name, &state, revision).await?;
            Err(error.into())
        }
    }
}

/// The tenant that a job describes, or what of it cannot be read here.
fn spec(worker: &Worker, job: &Job) -> Result<Result<Arc<Spec>, String>, After> {
    let is_elsewhere = || if worker.options.upstreams { None } else { reach::upstream(&job.tenant) };
    if let Some(fault) = reach::fault(&job.tenant).or_else(is_elsewhere) {
        return Err(After::Dead(fault));
    }
    let text = serde_json::Value::Array(vec![job.tenant.clone()]).to_string();
    let specs = parse(&text, &worker.options.folder, &worker.options.defaults);
    let mut specs = match specs {
        Ok(specs) => specs,
        // A policy is in a file, as secrets are.
        Err(Error::Configuration(findings)) if findings.iter().all(|found| found.pointer.ends_with("/egress")) => {
            return Ok(Err(Error::Configuration(findings).to_string()));
        }
        Err(error) => return Err(After::Dead(error.to_string())),
    };
    let Some(mut spec) = specs.pop() else { return Err(After::Dead("no tenant in it".into())) };
    if spec.component.is_some() {
        return Err(After::Dead("a job must not name a component: the workers have one".into()));
    }
    if spec.granted.is_none() {
        spec.granted = worker.options.granted.clone();
    }
    Ok(Ok(Arc::new(spec)))
}

/// Where the tenant stands, if there is something to do for it now, with the revision of that.
async fn due(worker: &Worker, delivered: &Delivered<'_>) -> Result<Option<(State, u64)>, After> {
    let Delivered { job, name, queue, sequence } = *delivered;
    let known = worker.counters.broker_time.timed(ledger::state(&worker.broker.tenants, name)).await;
    let Read { value, revision } = known.map_err(|error| match error {
        // No worker can read it, however often.
        error @ source_evidence::Error::Usage { .. } => After::Dead(error.to_string()),
        error => error.into(),
    })?;
    if value.version > VERSION {
        return Err(After::Again(LEFT));
    }
    if value.taken_out.is_some_and(|withdrawn| withdrawn.queue == queue && sequence <= withdrawn.last) {
        return Ok(None);
    }
    let mut state = match next(value, job) {
        Next::Run(state) => *state,
        Next::Rest(rest) => return Err(After::Again(rest)),
        Next::Done => return Ok(None),
    };
    if let Some(rest) = state.rest() {
        return Err(After::Again(rest));
    }
    if state.taken >= MAX_TAKEN {
        let why = format!("it was taken up {MAX_TAKEN} times without a word: it kills workers");
        // When it is submitted again, it gets another chance.
        state.taken = 0;
        state.done = Some(Done { outcome: GIVEN_UP.into(), detail: why.clone(), records: 0, at: now() });
        write(worker, name, &state, revision).await?;
        return Err(After::Dead(why));
    }
    Ok(Some((state, revision)))
}

fn unfit(worker: &Worker, spec: Result<&Arc<Spec>, &String>, state: &State) -> Option<Unfit> {
    let begun = state.checkpoint.as_ref().map(|checkpoint| checkpoint.summary.component.sha256.as_str());
    if begun.is_some_and(|begun| begun != worker.plugin.sha256()) {
        return Some(Unfit::Component);
    }
    let lacks = match spec {
        Ok(spec) => spec.lacks(),
        Err(why) => return Some(Unfit::Lacks(why.clone())),
    };
    (!lacks.is_empty()).then(|| Unfit::Lacks(Error::Configuration(lacks).to_string()))
}

/// Leaves a job to other workers for a while. After that, its run begins anew with this worker's component, or fails for
/// what is lacking.
async fn leave(
    worker: &Worker,
    delivered: &Delivered<'_>,
    mut state: State,
    revision: u64,
    unfit: Unfit,
) -> Result<State, After> {
    let (is_new, name) = (state.unfit_since.is_none(), delivered.name);
    let since = *state.unfit_since.get_or_insert_with(now);
    let is_over = Duration::from_millis(now().saturating_sub(since)) >= worker.options.leave;
    if !is_over {
        if is_new {
            state.worker = None;
            write(worker, name, &state, revision).await?;
            let what = match unfit {
                Unfit::Component => "left to a worker with the version that it began with",
                Unfit::Lacks(_) => "left to a worker that can read its files and variables",
            };
            worker.tell(name, json!({"what": what})).await;
        }
        return Err(After::Again(LEFT));
    }
    match unfit {
        Unfit::Component => Ok(anew(&state)),
        Unfit::Lacks(why) => Err(fail(worker, delivered, state, revision, why).await?),
    }
}

/// The run that begins in place of one that nobody goes on with.
pub(crate) fn anew(state: &State) -> State {
    let run = format!("{}{AGAIN}", state.run);
    State { is_recurring: state.is_recurring, ..state.followed_by(&run) }
}

/// Tells that it did.
pub(crate) async fn tell_anew(worker: &Worker, name: &str, run: &str) {
    worker.tell(name, json!({"what": "begins anew with another version or other settings", "run": run})).await;
}

/// Ends a run as failed.
async fn fail(
    worker: &Worker,
    delivered: &Delivered<'_>,
    mut state: State,
    revision: u64,
    detail: String,
) -> Result<After, After> {
    let told = json!({"what": "done", "outcome": "failed", "why": detail});
    (state.taken, state.worker, state.unfit_since) = (0, None, None);
    state.done = Some(Done { outcome: "failed".into(), detail, records: 0, at: now() });
    state.due = delivered.job.every_seconds.map(|every| due_at(&state, every));
    write(worker, delivered.name, &state, revision).await?;
    worker.tell(delivered.name, told).await;
    worker.counters.done.fetch_add(1, Ordering::SeqCst);
    worker.counters.failed.fetch_add(1, Ordering::SeqCst);
    Ok(delivered.job.every_seconds.map_or(After::Done, |every| After::Again(until_due(&state, every))))
}

/// Writes down where a tenant stands; whoever was overtaken says nothing more to the queue.
async fn write(worker: &Worker, name: &str, state: &State, revision: u64) -> Result<u64, After> {
    let written = ledger::write(&worker.broker.tenants, name, state, revision);
    worker.counters.broker_time.timed(written).await?.ok_or(After::Lost)
}

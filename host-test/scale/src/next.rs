//! What is next for a tenant: its job, compared with where it stands.

use crate::job::{GIVEN_UP, Job, State, WITHDRAWN, is_of, now};
use std::time::Duration;

/// What there is to do for a job.
pub(crate) enum Next {
    /// Goes on with, or begins, this.
    Run(Box<State>),
    /// Nothing yet.
    Rest(Duration),
    /// Nothing any more.
    Done,
}

/// Compares a job with what is known of its tenant.
pub(crate) fn next(state: State, job: &Job) -> Next {
    if state.run.is_empty() {
        return Next::Run(Box::new(state.followed_by(&job.run)));
    }
    let is_of_job = is_of(&state.run, &job.run);
    let ended = state.done.as_ref().filter(|done| ![WITHDRAWN, GIVEN_UP].contains(&done.outcome.as_str()));
    let Some(done) = ended else {
        // Whoever took the job of an unfinished run out of the queue, and submits another run, wants that.
        let is_wanted = is_of_job || job.every_seconds.is_some();
        let begins = state.followed_by(&job.run);
        return Next::Run(Box::new(if is_wanted { State { done: None, ..state } } else { begins }));
    };
    if let Some(every) = job.every_seconds {
        let rest = until_due(&state, every);
        if !rest.is_zero() {
            return Next::Rest(rest);
        }
        let run = source_evidence::summary::now();
        let run: String = run.chars().filter(char::is_ascii_alphanumeric).take(15).collect();
        return Next::Run(Box::new(state.followed_by(&run)));
    }
    // The same run again after a failure goes on where it stands.
    match is_of_job {
        true if matches!(done.outcome.as_str(), "complete" | "incomplete") => Next::Done,
        true => {
            Next::Run(Box::new(State { done: None, taken: 0, not_before: None, pace: Default::default(), ..state }))
        }
        false => Next::Run(Box::new(state.followed_by(&job.run))),
    }
}

/// When the next run is due: milliseconds since 1970.
pub(crate) fn due(state: &State, every_seconds: u64) -> u64 {
    state.began.saturating_add(every_seconds.saturating_mul(1000))
}

/// How long until the next run is due.
pub(crate) fn until_due(state: &State, every_seconds: u64) -> Duration {
    Duration::from_millis(due(state, every_seconds).saturating_sub(now()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::job::Done;
    use serde_json::json;

    fn job(run: &str, every_seconds: Option<u64>) -> Job {
        Job { version: 1, run: run.into(), every_seconds, tenant: json!({"name": "a"}) }
    }

    /// A state of a run that ended so, or did not.
    fn state(run: &str, outcome: Option<&str>) -> State {
        let done = outcome.map(|outcome| Done { outcome: outcome.into(), ..Done::default() });
        State { page: 3, done, ..State::begin(run) }
    }

    /// The run that comes, and whether it begins.
    fn told(state: State, job: &Job) -> (String, bool) {
        match next(state, job) {
            Next::Run(state) => (state.run.clone(), state.page == 0 && state.done.is_none()),
            Next::Rest(_) => ("rest".into(), false),
            Next::Done => ("done".into(), false),
        }
    }

    #[test]
    fn a_run_goes_on_another_one_begins_and_what_is_done_stays_done() {
        for (state, job, want) in [
            (State::default(), job("r1", None), ("r1", true)),
            (state("r1", None), job("r1", None), ("r1", false)),
            (state("r1-again", None), job("r1", None), ("r1-again", false)),
            (state("r1", None), job("r2", None), ("r2", true)),
            (state("r1", Some("complete")), job("r1", None), ("done", false)),
            (state("r1-again", Some("incomplete")), job("r1", None), ("done", false)),
            (state("r1", Some("failed")), job("r1", None), ("r1", false)),
            (state("r1", Some("withdrawn")), job("r1", None), ("r1", false)),
            (state("r1", Some("withdrawn")), job("r2", None), ("r2", true)),
            (state("r1", Some("withdrawn")), job("r2", Some(9)), ("r1", false)),
            (state("r1", Some("given up")), job("r2", Some(9)), ("r1", false)),
            (state("r1-again-too", Some("complete")), job("r1", None), ("r1", true)),
            (state("r1", Some("complete")), job("r2", None), ("r2", true)),
            (state("20260101T000000", None), job("r1", Some(9)), ("20260101T000000", false)),
            (state("r1", Some("failed")), job("r1", Some(9)), ("rest", false)),
            (state("r1", Some("complete")), job("r1", Some(u64::MAX)), ("rest", false)),
        ] {
            let case = format!("{state:?} {job:?}");
            assert_eq!(told(state, &job), (want.0.to_string(), want.1), "{case}");
        }
        let due = State { began: 0, ..state("r1", Some("complete")) };
        let (run, begins) = told(due, &job("r1", Some(9)));
        assert!(begins && run.len() == 15 && run.contains('T'), "{run}");
    }
}

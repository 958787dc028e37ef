//! How an error is shown: `error: ` with what is wrong, what more there is to know on lines of its own, and each next
//! step after an arrow.

use clap::error::{ContextKind, ContextValue};
use host_test::text::{error, keep, lost, plain, raw_error};
use source_host::bindings::compliance::source::types::{Diagnostic, Failure};
use source_host::error::Error;
use source_host::limits::Limit;

/// What is shown of an error.
struct Fault {
    what: String,
    /// In their order.
    lines: Vec<Line>,
}

enum Line {
    /// What more there is to know.
    More(String),
    /// What to do.
    Step(String),
    /// A text to be copied as it is.
    Text(String),
}

use Line::{More, Step, Text};

/// Says what went wrong, and what to do.
pub fn tell(fault: &Error) {
    let Fault { what, lines } = of(fault);
    error(format!("error: {}", plain(&what)));
    for line in lines {
        match line {
            More(more) => error(format!("  {}", plain(&more))),
            Step(step) => error(format!("  → {}", plain(&step))),
            Text(text) => text.lines().for_each(|line| raw_error(plain(line))),
        }
    }
}

/// Whether all of standard output was written; says why, where it was not.
pub fn is_said() -> bool {
    let lost = lost().map(Error::file("write to", "standard output"));
    lost.iter().for_each(tell);
    lost.is_none()
}

/// Of several commands that may be meant, only the likeliest is shown: it comes last.
pub fn meant(answer: &mut clap::Error) {
    let last = match answer.get(ContextKind::SuggestedSubcommand) {
        Some(ContextValue::Strings(all)) => all.last().cloned(),
        _ => None,
    };
    if let Some(last) = last {
        answer.insert(ContextKind::SuggestedSubcommand, ContextValue::String(last));
    }
}

/// Prints what the command line answers by itself: help, versions, and what is wrong with the options. Whether it was
/// written.
pub fn print(answer: &clap::Error) -> bool {
    keep(answer.print());
    is_said()
}

fn of(error: &Error) -> Fault {
    let fault = |what: String, lines| Fault { what, lines };
    match error {
        Error::Configuration(findings) => {
            fault("the configuration was refused".into(), findings.iter().flat_map(refused).collect())
        }
        Error::Source(failure) => source(failure),
        Error::NotGranted { id, asks, policy } => {
            let step = "read that; to grant it, save this text in a file and name it with --egress:";
            let asks = asks.iter().cloned().map(More);
            let lines = asks.chain([Step(step.into()), Text(policy.clone())]);
            fault(format!("no policy says what the source {id:?} may send; it asks for"), lines.collect())
        }
        Error::BeyondGrant { id, asks, granted } => {
            let step = "use the component that the policy was made for, or grant more with --egress FILE";
            let asks = asks.iter().map(|ask| More(format!("asked for, not granted: {ask}")));
            let granted = granted.iter().map(|grant| More(format!("granted:                {grant}")));
            let lines = asks.chain(granted).chain([Step(step.into())]);
            fault(format!("the source {id:?} asks for more than its policy grants"), lines.collect())
        }
        Error::Limit(limit @ (Limit::Time(_) | Limit::Pages(_))) => {
            let step = match limit {
                Limit::Pages(_) => "resume it with --resume, and larger pages: see --max-records-per-page",
                _ => "resume it with --resume; to need less time, see --kinds, spread_days and requests_per_hour",
            };
            fault(format!("the collection was stopped by the limit of its {limit}"), vec![Step(step.into())])
        }
        other => {
            let (what, known) = other.parts();
            let step = known.or_else(|| next_step(other).map(String::from));
            fault(what, step.into_iter().map(Step).collect())
        }
    }
}

/// A finding about the configuration.
fn refused(finding: &Diagnostic) -> [Line; 2] {
    let place = if finding.pointer.is_empty() { String::new() } else { format!("{}: ", finding.pointer) };
    [More(format!("{place}{} [{}]", finding.message, finding.code)), Step(finding.remedy.clone())]
}

fn source(failure: &Failure) -> Fault {
    let place = failure.pointer.as_deref().map(|pointer| format!("{}: ", flag(pointer))).unwrap_or_default();
    let request = failure.request_id.iter().map(|id| More(format!("request id: {id}")));
    let again = failure.retry_after_seconds.map(|seconds| Step(format!("try again in {seconds} s")));
    let lines = request.chain([Step(failure.remedy.clone())]).chain(again).collect();
    Fault { what: format!("{place}{}", failure.message), lines }
}

/// What to do about an error whose own text does not say it.
fn next_step(error: &Error) -> Option<&'static str> {
    match error {
        Error::ImportsDenied(_) => Some("build it without these: a source needs HTTP and clocks, and nothing else"),
        Error::OtherComponent { .. } => Some("name the file that you meant, or review this one and give its SHA-256"),
        Error::Trap(_) | Error::BadAnswer(_) => {
            Some("this is a defect: report it to whoever made the component, with the command and this text")
        }
        _ => None,
    }
}

/// The flag that sets what a source calls by its place in the request.
fn flag(pointer: &str) -> &str {
    match pointer {
        "/since" => "--since",
        "/budget/max_records" => "--max-records-per-page",
        "/budget/max_requests" => "--max-requests-per-page",
        "/budget/max_milliseconds" => "--max-milliseconds-per-page",
        "/budget/max_concurrency" => "--concurrency",
        _ if pointer.starts_with("/kinds/") => "--kinds",
        _ => pointer,
    }
}

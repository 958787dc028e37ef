//! What a collection would cost, in words and for scripts.

use host_test::text::count;
use serde_json::json;
use source_host::bindings::compliance::source::types::Usage;
use source_host::bindings::exports::compliance::source::planner::{Cost, EndpointCost};
use std::time::Duration;

/// Whether everything could be counted.
pub fn is_whole(cost: &Cost) -> bool {
    !cost.endpoints.iter().any(|endpoint| endpoint.is_least)
}

/// Calls of some endpoints.
pub fn calls<'c>(endpoints: impl IntoIterator<Item = &'c EndpointCost>) -> u64 {
    endpoints.into_iter().map(|endpoint| endpoint.calls).sum()
}

/// What stands before a number that may be larger.
pub fn least(is_whole: bool) -> &'static str {
    if is_whole { "" } else { "at least " }
}

/// The endpoints of each kind, in the order of the collection.
pub fn by_kind(cost: &Cost) -> Vec<(&str, Vec<&EndpointCost>)> {
    let mut kinds: Vec<(&str, Vec<&EndpointCost>)> = Vec::new();
    for endpoint in &cost.endpoints {
        match kinds.iter_mut().find(|(kind, _)| *kind == endpoint.kind) {
            Some((_, endpoints)) => endpoints.push(endpoint),
            None => kinds.push((&endpoint.kind, vec![endpoint])),
        }
    }
    kinds
}

/// How many calls, and what that is of what is allowed.
pub fn amount(cost: &Cost) -> String {
    let calls = calls(&cost.endpoints);
    let of = |most: Option<u32>, whose: &str| {
        most.map(|most| format!(", {} {most} an hour that {whose}", share(calls, most))).unwrap_or_default()
    };
    format!(
        "{}{}{}{}",
        least(is_whole(cost)),
        count(calls, "call"),
        of(cost.requests_per_hour, "the settings allow"),
        of(cost.quota_per_hour, "the vendor allows"),
    )
}

/// How long they take.
#[expect(clippy::cast_precision_loss, reason = "milliseconds of a call")]
pub fn time(cost: &Cost) -> String {
    format!(
        "{}{} with {} in flight, at {:.1} ms a call as in the {} that this estimate took",
        least(is_whole(cost)),
        duration(Duration::from_millis(cost.milliseconds)),
        cost.concurrency,
        cost.usage.milliseconds as f64 / f64::from(cost.usage.requests.max(1)),
        count(cost.usage.requests.into(), "call"),
    )
}

/// Percent, or how many times when that is easier to read.
fn share(calls: u64, most: u32) -> String {
    let percent = calls.saturating_mul(100).div_ceil(u64::from(most.max(1)));
    if percent < 1_000 { format!("{percent} % of the") } else { format!("{} times the", percent / 100) }
}

/// A time as people read it.
pub fn duration(time: Duration) -> String {
    let (seconds, minutes) = (time.as_secs(), time.as_secs().div_ceil(60));
    match minutes {
        ..=1 => format!("{} s", seconds.max(1)),
        2..=120 => format!("{minutes} min"),
        _ => format!("{} h {} min", minutes / 60, minutes % 60),
    }
}

/// The cost for scripts.
pub fn to_json(cost: &Cost) -> serde_json::Value {
    let endpoints = cost.endpoints.iter().map(|endpoint| {
        json!({
            "endpoint": endpoint.endpoint,
            "kind": endpoint.kind,
            "calls": endpoint.calls,
            "is_least": endpoint.is_least,
        })
    });
    let kinds = by_kind(cost).into_iter().map(|(kind, endpoints)| (kind.to_string(), json!(calls(endpoints))));
    json!({
        "calls": calls(&cost.endpoints),
        "kinds": kinds.collect::<serde_json::Map<_, _>>(),
        "milliseconds": cost.milliseconds,
        "concurrency": cost.concurrency,
        "requests_per_hour": cost.requests_per_hour,
        "quota_per_hour": cost.quota_per_hour,
        "endpoints": endpoints.collect::<Vec<_>>(),
        "diagnostics": cost.diagnostics.iter().map(|finding| json!({"code": finding.code, "message": finding.message})).collect::<Vec<_>>(),
        "usage": usage_json(&cost.usage),
    })
}

/// What a call has spent, for scripts.
pub fn usage_json(usage: &Usage) -> serde_json::Value {
    let Usage { requests, retries, bytes_received, milliseconds } = usage;
    json!({"requests": requests, "retries": retries, "bytes_received": bytes_received, "milliseconds": milliseconds})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_and_times_are_said_as_people_read_them() {
        assert_eq!(
            [share(1, 5_000), share(14_316, 20_000), share(14_316, 125)],
            ["1 % of the", "72 % of the", "114 times the"]
        );
        let said = [0, 59, 61, 7_200, 7_260].map(|seconds| duration(Duration::from_secs(seconds)));
        assert_eq!(said, ["1 s", "59 s", "2 min", "120 min", "2 h 1 min"]);
    }
}

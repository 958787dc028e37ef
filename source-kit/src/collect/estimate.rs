//! What a collection will cost, before it is made: every list is counted, and nothing is asked about
//! its items.
//!
//! Fivetran tells no totals, so lists are paged to their end: one call for each thousand items. What
//! an item costs is not reckoned here: [`Context::calls_of_part`] says it, which decides what is
//! called too.

use super::cursor::Position;
use super::listing::{self, NoListing};
use super::plan::{self, Plan};
use super::tally::Trouble;
use super::{Context, DEFAULT_MAX_MS, Halt, halt_of, rate_limited};
use crate::config::Config;
use crate::evidence::kind::Kind;
use crate::fivetran::client::{GetError, Limits};
use crate::fivetran::envelope::Shape;
use crate::fivetran::resource::{Part, Resource};
use crate::fivetran::{RESOURCES, account, quota};
use crate::model::{CollectRequest, Cost, Diagnostic, EndpointCost, Failure, Severity};
use crate::world::World;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

const HOUR_MS: u64 = 3_600_000;

/// Counts the calls that a collection would make if it began now.
///
/// # Errors
/// As of `collect`. A rate limit is never waited out.
pub async fn estimate<W: World>(world: &W, config: &Config, request: &CollectRequest) -> Result<Cost, Failure> {
    let plan = Plan::new(request)?;
    if request.cursor.is_some() {
        let message = "what is estimated is a whole collection, and a cursor is in the middle of one".into();
        return Err(plan::invalid("/cursor", message, "Leave it out."));
    }
    let longest_ms = plan.budget.max_milliseconds.unwrap_or(DEFAULT_MAX_MS);
    let deadline_ms = world.monotonic_ms().saturating_add(longest_ms);
    let context = Context::new(world, config, &plan, Limits { deadline_ms, wait_for_rate_limit: false }, deadline_ms);
    if let Err(error) = context.client.get(account::PATH, Shape::Enveloped).await {
        return Err(failure_of_halt(&context, halt_of(&error, account::PATH)));
    }
    let mut endpoints = alloc::vec![EndpointCost { calls: 1, ..endpoint(account::PATH, account::KIND.id) }];
    for (stage, resource) in (1..).zip(RESOURCES).filter(|(_, resource)| plan.walks(resource)) {
        endpoints.extend(count(&context, stage, resource).await?);
    }
    Ok(cost(&context, endpoints))
}

fn endpoint(path: &str, kind: &'static str) -> EndpointCost {
    EndpointCost { endpoint: format!("GET {path}"), kind, calls: 0, is_least: false }
}

/// Counts the pages of a list, and the calls that its items will need.
async fn count<W: World>(
    context: &Context<'_, W>,
    stage: usize,
    resource: &'static Resource,
) -> Result<Vec<EndpointCost>, Failure> {
    let parts: Vec<&Part> = resource.parts.iter().filter(|part| context.plan.needs(part)).collect();
    let fed = resource.feeds.iter().chain(resource.informs).chain(parts.iter().flat_map(|part| part.feeds));
    let mut list = endpoint(resource.path, first_wanted(context.plan, fed));
    let of_part = |part: &&Part| endpoint(part.path, first_wanted(context.plan, part.feeds.iter()));
    let mut of_items: Vec<EndpointCost> = parts.iter().map(of_part).collect();
    let mut next = Some(Position { stage, ..Position::default() });
    let mut is_whole = true;
    while let Some(position) = next.take() {
        list.calls += 1;
        if !may_go_on(context) {
            is_whole = false;
            break;
        }
        match listing::fetch(context, position).await {
            Ok(listing) => {
                for item in &listing.items {
                    for (part, cost) in parts.iter().zip(&mut of_items) {
                        cost.calls += u64::from(context.calls_of_part(part, &listing, item));
                    }
                }
                is_whole = listing.broken_end.is_none();
                next = listing.next;
            }
            // What is refused or not offered now costs a collection this one call as well.
            Err(NoListing::Lost(problem)) => is_whole = problem.trouble != Trouble::Upstream,
            Err(NoListing::Halt(halt)) => return Err(failure_of_halt(context, halt)),
        }
    }
    // A single object is one call, whatever comes of it.
    let is_least = !is_whole && resource.page_limit.is_some();
    Ok(core::iter::once(list).chain(of_items).map(|cost| EndpointCost { is_least, ..cost }).collect())
}

/// The kind that a call counts for. It may serve others too, and is made once.
fn first_wanted<'k>(plan: &Plan, mut fed: impl Iterator<Item = &'k &'static Kind>) -> &'static str {
    fed.find(|kind| plan.wants(kind)).map_or(account::KIND.id, |kind| kind.id)
}

/// Counting has to keep to the budget and to the quota share itself.
fn may_go_on<W: World>(context: &Context<'_, W>) -> bool {
    let most = context.plan.budget.max_requests.unwrap_or(u32::MAX).min(context.settings.requests_per_hour);
    context.client.usage().requests < most && context.client.world().monotonic_ms() < context.deadline_ms
}

fn failure_of_halt<W: World>(context: &Context<'_, W>, halt: Halt) -> Failure {
    match halt {
        Halt::Fail(failure) => *failure,
        Halt::Wait(until) => rate_limited(&GetError::Wait(until), context, until),
    }
}

fn cost<W: World>(context: &Context<'_, W>, endpoints: Vec<EndpointCost>) -> Cost {
    let usage = context.client.usage();
    let (share, concurrency) = (context.settings.requests_per_hour, context.plan.concurrency);
    let calls = endpoints.iter().map(|cost| cost.calls).sum();
    // Measured on what was just called, one call after the other.
    let side_by_side = u64::from(usage.requests.max(1)) * u64::from(concurrency);
    Cost {
        milliseconds: duration_ms(calls, (usage.milliseconds, side_by_side), share),
        concurrency,
        requests_per_hour: Some(share),
        quota_per_hour: Some(quota::MAX_PER_HOUR),
        diagnostics: findings(context, &endpoints),
        endpoints,
        usage,
    }
}

/// How long so many calls take when `pace.1` of them take `pace.0` milliseconds, and no more than
/// `share` may be begun in an hour.
fn duration_ms(calls: u64, pace: (u64, u64), share: u32) -> u64 {
    let share = u64::from(share.max(1));
    let busy_ms = |calls: u64| calls.saturating_mul(pace.0) / pace.1.max(1);
    if busy_ms(share) >= HOUR_MS {
        return busy_ms(calls);
    }
    let hours = calls.saturating_sub(1) / share;
    hours.saturating_mul(HOUR_MS).saturating_add(busy_ms(calls - hours * share))
}

/// What the numbers do not say.
fn findings<W: World>(context: &Context<'_, W>, endpoints: &[EndpointCost]) -> Vec<Diagnostic> {
    let finding = |severity, code, pointer: &str, message: String, remedy: &str| Diagnostic {
        severity,
        code,
        pointer: pointer.into(),
        message,
        remedy: remedy.into(),
    };
    let short = endpoints.iter().filter(|cost| cost.is_least && !cost.endpoint.contains("{id}"));
    let short: Vec<&str> = short.map(|cost| cost.endpoint.as_str()).collect();
    let mut all = Vec::new();
    if !short.is_empty() {
        let message = format!("not counted to the end, so that there may be more calls: {}", short.join(", "));
        let remedy = "Try again later; where it was stopped by the budget or by requests_per_hour, with more.";
        all.push(finding(Severity::Warning, "counted-in-part", "", message, remedy));
    }
    if let Some(turn) = context.turn() {
        let message =
            format!("spread {} of {}: the calls of this day; other days have other items", turn.number, turn.of);
        all.push(finding(Severity::Info, "spread", "/settings/spread_days", message, "Nothing to do."));
    }
    let message = "not counted, as no list tells it: attempts repeated after a failure, and a call more for each further 1,000 grants, members, certificates, fingerprints, entities or syncs of one item. Counted all the same: calls that Fivetran will refuse, which are given up after three items";
    all.push(finding(Severity::Info, "one-page-each", "", message.into(), "Nothing to do."));
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_exceeds_the_share_waits_for_the_next_hour() {
        let (hour, pace) = (HOUR_MS, (400, 8));
        assert_eq!(duration_ms(0, pace, 5_000), 0);
        assert_eq!(duration_ms(5_000, pace, 5_000), 250_000);
        assert_eq!(duration_ms(5_001, pace, 5_000), hour + 50);
        assert_eq!(duration_ms(14_316, pace, 5_000), 2 * hour + 4_316 * 50);
        assert_eq!(duration_ms(3, pace, 1), 2 * hour + 50);
    }

    #[test]
    fn a_share_that_is_not_used_up_in_an_hour_makes_nobody_wait() {
        assert_eq!(duration_ms(10_000, (1_000, 1), 5_000), 10_000_000);
        assert_eq!(duration_ms(u64::MAX, (u64::MAX, 0), 0), u64::MAX);
    }
}

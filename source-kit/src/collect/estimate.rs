//! What a collection will cost, before it is made: every list is counted, and nothing is asked about
//! its items.
//!
//! Lists are paged to their end, as vendors tell no totals. What an item costs is not worked out here:
//! `Context::calls_of_part` says it, which also decides what is called.

use super::call::{Call, DEFAULT_MAX_MS};
use super::context::Context;
use super::halt::{Halt, halt_of};
use super::listing::{self, NoListing};
use super::people;
use super::plan::{self, Plan};
use super::position::Position;
use crate::base::model::{CollectRequest, Cost, Diagnostic, EndpointCost, Failure, Severity};
use crate::base::world::World;
use crate::read::client::Limits;
use crate::read::data::Shape;
use crate::record::config::Config;
use crate::record::kind::Kind;
use crate::record::part::Part;
use crate::record::problem::{Cause, reading};
use crate::record::resource::Resource;
use crate::record::source::Source;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

const HOUR_MS: u64 = 3_600_000;

/// Counts the calls that a collection would make if it began now.
///
/// # Errors
/// As of `collect`. A rate limit is never waited out.
pub async fn estimate<S: Source, W: World>(
    world: &W,
    config: &Config<S>,
    request: &CollectRequest,
) -> Result<Cost, Failure> {
    let plan = Plan::new::<S>(request)?;
    if request.cursor.is_some() {
        let message = "what is estimated is a whole collection, and a cursor is in the middle of one".into();
        return Err(plan::invalid("/cursor", message, "Leave it out."));
    }
    let longest_ms = plan.budget.max_milliseconds.unwrap_or(DEFAULT_MAX_MS);
    let deadline_ms = world.monotonic_ms().saturating_add(longest_ms);
    let limits = Limits { deadline_ms, wait_for_rate_limit: false };
    let call = Call::new(world, config, &plan, limits, deadline_ms);
    let context = Context::new(&call, world.now());
    let account = S::ACCOUNT;
    if let Err(error) = call.client.get(account.path, Shape::Object).await {
        return Err(failure_of_halt(&call, halt_of::<S>(&error, account.path)));
    }
    let mut endpoints = alloc::vec![EndpointCost { calls: 1, ..endpoint(account.path, account.kind.id) }];
    for (stage, resource) in (1..).zip(S::RESOURCES.iter().copied()).filter(|(_, resource)| plan.walks(resource)) {
        endpoints.extend(count(&context, stage, resource).await?);
    }
    count_people(&context, &mut endpoints).await?;
    Ok(cost(&context, endpoints))
}

/// Counts the calls that tell whose names must not show: the same pages once more where the list is walked anyway.
async fn count_people<S: Source, W: World>(
    context: &Context<'_, '_, S, W>,
    endpoints: &mut Vec<EndpointCost>,
) -> Result<(), Failure> {
    let Some((stage, resource)) = people::list::<S>(&context.call.settings.privacy) else { return Ok(()) };
    let name = endpoint(resource.path, "").endpoint;
    match endpoints.iter_mut().find(|cost| cost.endpoint == name) {
        Some(walked) => walked.calls += walked.calls,
        None => endpoints.extend(count(context, stage, resource).await?.into_iter().take(1)),
    }
    Ok(())
}

fn endpoint(path: &str, kind: &'static str) -> EndpointCost {
    EndpointCost { endpoint: reading(path), kind, calls: 0, is_least: false }
}

/// Counts the pages of a list, and the calls that its items will need.
async fn count<S: Source, W: World>(
    context: &Context<'_, '_, S, W>,
    stage: usize,
    resource: &'static Resource<S>,
) -> Result<Vec<EndpointCost>, Failure> {
    let plan = context.call.plan;
    let parts: Vec<&Part<S>> = resource.parts.iter().filter(|part| plan.needs(part)).collect();
    let fed = resource
        .feeds
        .iter()
        .chain(resource.informs)
        .chain(parts.iter().flat_map(|part| part.feeds.iter().chain(part.informs)));
    let mut list = endpoint(resource.path, first_wanted::<S>(plan, fed));
    let of_part = |part: &&Part<S>| endpoint(part.path, first_wanted::<S>(plan, part.feeds.iter().chain(part.informs)));
    let mut of_items: Vec<EndpointCost> = parts.iter().map(of_part).collect();
    let mut next = Some(Position { stage, ..Position::default() });
    let mut is_whole = true;
    while let Some(position) = next.take() {
        list.calls += 1;
        if !may_count_on(context.call) {
            is_whole = false;
            break;
        }
        match listing::fetch(context.call, position).await {
            Ok(listing) => {
                // The page before is asked for again: see `listing::fetch_surely`.
                list.calls += u64::from(resource.by_offset && listing.paging.page > 0);
                for item in &listing.items {
                    for (part, cost) in parts.iter().zip(&mut of_items) {
                        cost.calls += u64::from(context.calls_of_part(part, &listing, item));
                    }
                }
                is_whole = !listing.problems.iter().any(|problem| problem.whole_list);
                next = listing.next;
            }
            // What is refused or not offered now costs a collection this one call as well.
            Err(NoListing::Lost(problem)) => is_whole = problem.cause != Cause::Upstream,
            Err(NoListing::Halt(halt)) => return Err(failure_of_halt(context.call, halt)),
        }
    }
    // A single object is one call, whatever comes of it.
    let is_least = !is_whole && resource.page_limit.is_some();
    Ok(core::iter::once(list).chain(of_items).map(|cost| EndpointCost { is_least, ..cost }).collect())
}

/// The kind that a call counts for. It may serve others too, and is made once.
fn first_wanted<'k, S: Source>(plan: &Plan, mut fed: impl Iterator<Item = &'k &'static Kind>) -> &'static str {
    fed.find(|kind| plan.wants(kind)).map_or(S::ACCOUNT.kind.id, |kind| kind.id)
}

/// Counting has to keep to the budget and to the quota share itself.
fn may_count_on<S: Source, W: World>(call: &Call<'_, S, W>) -> bool {
    let most = call.plan.budget.max_requests.unwrap_or(u32::MAX).min(call.settings.requests_per_hour);
    call.client.usage().requests < most && call.client.world().monotonic_ms() < call.deadline_ms
}

fn failure_of_halt<S: Source, W: World>(call: &Call<'_, S, W>, halt: Halt) -> Failure {
    match halt {
        Halt::Fail(failure) => *failure,
        Halt::Wait(until) => call.rate_limited(until),
    }
}

fn cost<S: Source, W: World>(context: &Context<'_, '_, S, W>, endpoints: Vec<EndpointCost>) -> Cost {
    let usage = context.call.client.usage();
    let (share, concurrency) = (context.call.settings.requests_per_hour, context.call.plan.concurrency);
    let calls = endpoints.iter().map(|cost| cost.calls).sum();
    // Measured on what was just called, one call after the other.
    let side_by_side = u64::from(usage.requests.max(1)) * u64::from(concurrency);
    Cost {
        milliseconds: duration_ms(calls, (usage.milliseconds, side_by_side), share),
        concurrency,
        requests_per_hour: Some(share),
        quota_per_hour: Some(S::QUOTA_PER_HOUR),
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
fn findings<S: Source, W: World>(context: &Context<'_, '_, S, W>, endpoints: &[EndpointCost]) -> Vec<Diagnostic> {
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
        let message = format!("not counted to the end, so there may be more calls: {}", short.join(", "));
        let remedy = "Try again later; if the budget or requests_per_hour stopped it, allow more.";
        all.push(finding(Severity::Warning, "counted-in-part", "", message, remedy));
    }
    if let Some(turn) = context.turn {
        let message =
            format!("spread {} of {}: the calls of this day; other days have other items", turn.number, turn.of);
        all.push(finding(Severity::Info, "spread", "/settings/spread_days", message, "Nothing to do."));
    }
    let message = "not counted, because no list shows it: retries; two more calls for each further 1,000 entries of one item's part; one call for each 404, to see whether the item still exists. Counted although they may not be made: calls that the vendor refuses, which stop after three items";
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

//! The further calls for one item.

use super::listing::Listing;
use super::pace::Promise;
use super::{Context, Halt, halt_of};
use crate::digest::fingerprint;
use crate::fivetran::client::GetError;
use crate::fivetran::envelope::Body;
use crate::fivetran::resource::{Missing, Part, PartAnswer, page_request};
use crate::world::World;
use alloc::collections::BTreeSet;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

/// Pages of one part, at most: a million grants of one user.
const MAX_PART_PAGES: usize = 1000;

/// Calls the parts of an item, one after the other.
///
/// # Errors
/// What ends the whole call.
pub async fn fetch_parts<W: World>(
    context: &Context<'_, W>,
    listing: &Listing,
    index: usize,
    promise: &Promise,
) -> Result<Vec<PartAnswer>, Halt> {
    let mut answers = Vec::new();
    let (Some(resource), Some(item)) = (listing.resource(), listing.items.get(index)) else { return Ok(answers) };
    for (number, part) in resource.parts.iter().enumerate() {
        let wanted = context.calls_of_part(part, listing, item) > 0;
        answers.push(match (&item.key, wanted) {
            (Some(_), true) if context.is_closed(listing.stage, number) => PartAnswer::Forbidden(None),
            (Some(key), true) if part.by_week => fetch_weeks(context, part, key, promise).await?,
            (Some(key), true) => fetch_part(context, part, part.path, key, promise).await?,
            _ => PartAnswer::NotCalled,
        });
    }
    Ok(answers)
}

/// Calls a part once for each week since the collection's `since`; what one week's call gives other
/// than a list stands for all.
async fn fetch_weeks<W: World>(
    context: &Context<'_, W>,
    part: &Part,
    key: &str,
    promise: &Promise,
) -> Result<PartAnswer, Halt> {
    let mut pages = Vec::new();
    for (from, to) in context.weeks() {
        let path = format!("{}?start_time={}&end_time={}", part.path, from.to_rfc3339(), to.to_rfc3339());
        match fetch_part(context, part, &path, key, promise).await? {
            PartAnswer::Pages(more) => pages.extend(more),
            other => return Ok(other),
        }
    }
    Ok(PartAnswer::Pages(pages))
}

async fn fetch_part<W: World>(
    context: &Context<'_, W>,
    part: &Part,
    path: &str,
    key: &str,
    promise: &Promise,
) -> Result<PartAnswer, Halt> {
    promise.keep_one();
    let mut pages: Vec<Body> = Vec::new();
    let mut cursor: Option<String> = None;
    // What each page began with: one that was there before means a list that turns in circles.
    let mut begun = BTreeSet::new();
    loop {
        let request = page_request(path, key, part.page_limit, cursor.as_deref());
        let body = match context.client.get(&request, part.shape).await {
            Ok(body) => body,
            Err(GetError::NotFound(_, body)) if part.missing == Missing::None => return Ok(PartAnswer::None(*body)),
            Err(GetError::NotFound(..)) => return Ok(PartAnswer::Gone),
            Err(GetError::Forbidden(named)) => return Ok(PartAnswer::Forbidden(named)),
            Err(GetError::Broken(_, _, what)) => return Ok(PartAnswer::Broken(what)),
            Err(error) => return Err(halt_of(&error, part.path)),
        };
        if part.page_limit.is_none() {
            pages.push(body);
            return Ok(PartAnswer::Pages(pages));
        }
        let Some(page) = body.page() else {
            return Ok(PartAnswer::Broken("not a list".into()));
        };
        let next = page.next.clone();
        let is_new = page.items.first().is_none_or(|first| begun.insert(fingerprint(body.item(first))));
        pages.push(body);
        match next {
            None => return Ok(PartAnswer::Pages(pages)),
            Some(next) if !is_new || cursor.as_ref() == Some(&next) || pages.len() >= MAX_PART_PAGES => {
                return Ok(PartAnswer::Broken("a list without an end".into()));
            }
            Some(next) => cursor = Some(next),
        }
    }
}

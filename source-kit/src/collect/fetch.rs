//! The further calls for one item.

use super::context::Context;
use super::halt::{Halt, halt_of};
use super::listing::Listing;
use super::listing::resource_at;
use super::progress::Reservation;
use crate::base::digest::short_hash;
use crate::base::world::World;
use crate::read::body::Body;
use crate::read::error::GetError;
use crate::read::request::page_request;
use crate::record::resource::{Missing, Part, PartAnswer, WindowQuery};
use crate::record::source::Source;
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
pub async fn fetch_parts<S: Source, W: World>(
    context: &Context<'_, '_, S, W>,
    listing: &Listing,
    index: usize,
    reservation: &Reservation,
) -> Result<Vec<PartAnswer>, Halt> {
    let mut answers = Vec::new();
    let (Some(resource), Some(item)) = (resource_at::<S>(listing.stage), listing.items.get(index)) else {
        return Ok(answers);
    };
    for (number, part) in resource.parts.iter().enumerate() {
        let wanted = context.calls_of_part(part, listing, item) > 0;
        answers.push(match (&item.key, part.window_query) {
            _ if !wanted => PartAnswer::NotCalled,
            (Some(_), _) if context.progress.is_closed(listing.stage, number) => PartAnswer::Forbidden(None),
            (Some(key), Some(query)) => fetch_weeks(context, (part, query), key, reservation).await?,
            (Some(key), None) => fetch_part(context, part, part.path, key, reservation).await?,
            (None, _) => PartAnswer::NotCalled,
        });
    }
    Ok(answers)
}

/// Calls a part once for each week since the collection's `since`; what one week's call gives other
/// than a list stands for all.
async fn fetch_weeks<S: Source, W: World>(
    context: &Context<'_, '_, S, W>,
    (part, query): (&Part<S>, WindowQuery),
    key: &str,
    reservation: &Reservation,
) -> Result<PartAnswer, Halt> {
    let mut pages = Vec::new();
    for (from, to) in context.weeks() {
        let path = format!("{}?{}", part.path, query(&from.to_rfc3339(), &to.to_rfc3339()));
        match fetch_part(context, part, &path, key, reservation).await? {
            PartAnswer::Pages(more) => pages.extend(more),
            other => return Ok(other),
        }
    }
    Ok(PartAnswer::Pages(pages))
}

async fn fetch_part<S: Source, W: World>(
    context: &Context<'_, '_, S, W>,
    part: &Part<S>,
    path: &str,
    key: &str,
    reservation: &Reservation,
) -> Result<PartAnswer, Halt> {
    reservation.use_one();
    let mut pages: Vec<Body> = Vec::new();
    let mut cursor: Option<String> = None;
    // What each page began with: one seen before means that the list goes in circles.
    let mut begun = BTreeSet::new();
    loop {
        let request = page_request::<S>(path, key, part.page_limit, cursor.as_deref());
        let body = match context.call.client.get(&request, part.shape).await {
            Ok(body) => body,
            Err(GetError::NotFound(_, body)) if part.missing == Missing::None => return Ok(PartAnswer::None(*body)),
            Err(GetError::NotFound(..)) => return Ok(PartAnswer::Gone),
            Err(GetError::Forbidden(named)) => return Ok(PartAnswer::Forbidden(named)),
            Err(GetError::Broken(_, _, what)) => return Ok(PartAnswer::Broken(what)),
            Err(error) => return Err(halt_of::<S>(&error, part.path)),
        };
        if part.page_limit.is_none() {
            pages.push(body);
            return Ok(PartAnswer::Pages(pages));
        }
        let Some(page) = body.page() else {
            return Ok(PartAnswer::Broken("not a list".into()));
        };
        let next = page.next.clone();
        let is_new = page.items.first().is_none_or(|first| begun.insert(short_hash(body.item(first))));
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

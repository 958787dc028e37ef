//! The further calls for one item.

use super::context::Context;
use super::halt::{Halt, halt_of};
use super::listing::{Listing, is_unmoved, resource_at};
use super::paging::{After, Paging};
use super::position::Step;
use super::progress::Reservation;
use crate::base::digest::short_hash;
use crate::base::world::World;
use crate::read::body::Body;
use crate::read::data::Shape;
use crate::read::error::GetError;
use crate::read::request::{key_of, request_for};
use crate::record::answer::{Pages, PartAnswer, Why};
use crate::record::part::Part;
use crate::record::problem::Cause;
use crate::record::resource::Resource;
use crate::record::source::Source;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;

/// Pages of one part that is held whole, at most.
const MAX_HELD_PAGES: u32 = 1000;

/// What a step gave.
pub struct Taken {
    /// The answer; of a list, one page.
    pub answer: PartAnswer,
    /// What is wrong with the page.
    pub trouble: Option<Cause>,
    /// The page that follows.
    pub next: Option<Paging>,
}

impl Taken {
    /// Items of the page.
    pub fn items(&self) -> u32 {
        let page = self.answer.single().and_then(Body::page);
        page.map_or(0, |page| u32::try_from(page.items.len()).unwrap_or(u32::MAX))
    }
}

impl From<PartAnswer> for Taken {
    fn from(answer: PartAnswer) -> Self {
        Self { answer, trouble: None, next: None }
    }
}

/// Calls what is held for an item's own records. Parts that make records by themselves are steps of their own.
///
/// # Errors
/// What ends the whole call.
pub async fn fetch_item<S: Source, W: World>(
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
        answers.push(match (context.why_not(part, number, listing, item), &item.key) {
            _ if part.project.is_some() => PartAnswer::NotAsked(Why::NotWanted),
            (Some(why), _) => PartAnswer::NotAsked(why),
            (None, None) => PartAnswer::NotAsked(Why::NoId),
            (None, Some(key)) => {
                reservation.use_one();
                hold(context, resource, part, key).await?
            }
        });
    }
    Ok(answers)
}

/// The same for an item for which nothing has to be called.
pub fn without_calls<S: Source, W: World>(
    context: &Context<'_, '_, S, W>,
    listing: &Listing,
    index: usize,
) -> Vec<PartAnswer> {
    let (Some(resource), Some(item)) = (resource_at::<S>(listing.stage), listing.items.get(index)) else {
        return Vec::new();
    };
    let why = |(number, part): (usize, &Part<S>)| {
        let why = if part.project.is_some() { None } else { context.why_not(part, number, listing, item) };
        PartAnswer::NotAsked(why.unwrap_or(Why::NotWanted))
    };
    resource.parts.iter().enumerate().map(why).collect()
}

/// Takes one step: calls a part, or a page of it.
///
/// # Errors
/// What ends the whole call.
pub async fn fetch_step<S: Source, W: World>(
    context: &Context<'_, '_, S, W>,
    listing: &Listing,
    index: usize,
    (step, is_new): (&Step, bool),
    reservation: &Reservation,
) -> Result<Taken, Halt> {
    let (Some(resource), Some(item)) = (resource_at::<S>(listing.stage), listing.items.get(index)) else {
        return Ok(PartAnswer::NotAsked(Why::NotWanted).into());
    };
    let Some((number, part)) = step.part.and_then(|number| Some((number, resource.parts.get(number)?))) else {
        return Ok(PartAnswer::NotAsked(Why::NotWanted).into());
    };
    if let Some(why) = context.why_not(part, number, listing, item) {
        return Ok(PartAnswer::NotAsked(why).into());
    }
    let key = item.key.as_deref().unwrap_or_default();
    reservation.use_one();
    let path = context.path_of(part, step.week);
    let body = match get(context, resource, (part, &path), key, &step.list).await? {
        Ok(body) => body,
        Err(answer) => return Ok(answer.into()),
    };
    let mut taken = turn(part, &step.list, body);
    let is_further = is_new && step.list.page > 0 && part.windows.is_none();
    let list = (&*path, key, part.key);
    if is_further && !is_unmoved(context.call, list, part.page_limit, &step.list).await? {
        taken.trouble = taken.trouble.or(Some(Cause::ListChanged));
    }
    Ok(taken)
}

/// What a page of a part is, and what follows it.
fn turn<S: Source>(part: &Part<S>, paging: &Paging, body: Body) -> Taken {
    let Some(page) = body.page() else { return PartAnswer::of(body, 1).into() };
    let keys: Vec<u64> =
        page.items.iter().map(|range| short_hash(&key_of(body.item(range), part.key).unwrap_or_default())).collect();
    let is_odd = page.unknown_paging;
    let is_shuffled = paging.is_shuffled(&keys);
    let (trouble, next) = match paging.after(&keys, page.next.as_deref(), S::LONGEST_CURSOR) {
        After::Circle => {
            return Taken { trouble: Some(Cause::EndlessList), ..PartAnswer::Read(Pages::default()).into() };
        }
        After::Endless => (Some(Cause::EndlessList), None),
        After::Page(next) => (is_shuffled.then_some(Cause::ListChanged), Some(next)),
        After::End if is_odd => (Some(Cause::UnknownPaging), None),
        After::End => (is_shuffled.then_some(Cause::ListChanged), None),
    };
    Taken { answer: PartAnswer::of(body, paging.page + 1), trouble, next }
}

/// Calls a part whose whole answer is held.
async fn hold<S: Source, W: World>(
    context: &Context<'_, '_, S, W>,
    resource: &Resource<S>,
    part: &Part<S>,
    key: &str,
) -> Result<PartAnswer, Halt> {
    let mut pages = Pages { first: 1, ..Pages::default() };
    let mut paging = Paging::default();
    loop {
        let body = match get(context, resource, (part, part.path), key, &paging).await? {
            Ok(body) => body,
            Err(answer) if paging.page == 0 => return Ok(answer),
            Err(answer) => {
                pages.cut_short = Some(cause_of(&answer));
                return Ok(PartAnswer::Read(counted(pages, part)));
            }
        };
        let Taken { answer, trouble, next } = turn(part, &paging, body);
        if let PartAnswer::Read(more) = answer {
            pages.bodies.extend(more.bodies);
        }
        let unmoved =
            paging.page == 0 || is_unmoved(context.call, (part.path, key, part.key), part.page_limit, &paging).await?;
        let trouble = trouble.or((!unmoved).then_some(Cause::ListChanged));
        pages.cut_short = pages.cut_short.or(trouble);
        match next {
            Some(next) if next.page < MAX_HELD_PAGES => paging = next,
            Some(_) => {
                pages.cut_short = Some(Cause::EndlessList);
                return Ok(PartAnswer::Read(counted(pages, part)));
            }
            None => return Ok(PartAnswer::Read(counted(pages, part))),
        }
    }
}

/// Why a list is cut short whose next page got this answer.
fn cause_of(answer: &PartAnswer) -> Cause {
    match answer {
        PartAnswer::Gone => Cause::ListChanged,
        PartAnswer::NotOffered => Cause::NotAvailable,
        PartAnswer::Forbidden(_) => Cause::Forbidden,
        _ => Cause::Upstream,
    }
}

/// Counts what is odd about the items of all pages.
fn counted<S: Source>(pages: Pages, part: &Part<S>) -> Pages {
    let mut seen = BTreeMap::new();
    let (mut conflicts, mut unreadable) = (0, 0);
    for body in &pages.bodies {
        for range in body.page().map_or(&[][..], |page| &page.items) {
            let json = body.item(range);
            match key_of(json, part.key) {
                Some(key) => conflicts += u64::from(*seen.entry(key).or_insert(json) != json),
                None => unreadable += 1,
            }
        }
    }
    Pages { conflicts, unreadable, ..pages }
}

/// One call of a part: its body, or what came of it instead.
async fn get<S: Source, W: World>(
    context: &Context<'_, '_, S, W>,
    resource: &Resource<S>,
    (part, path): (&Part<S>, &str),
    key: &str,
    paging: &Paging,
) -> Result<Result<Body, PartAnswer>, Halt> {
    let request = request_for::<S>(path, key, context.call.page(part.page_limit, paging.cursor.as_deref()));
    match context.call.client.get(&request, part.shape).await {
        Ok(body) => Ok(match part.doubt(key, &body) {
            None => Ok(body),
            Some(what) => Err(PartAnswer::Broken(what)),
        }),
        Err(GetError::NotFound(code, body)) if part.missing.is_none(&code) => Ok(Err(PartAnswer::None(*body))),
        Err(GetError::NotFound(..)) => Ok(Err(match gone_or_not(context, resource, part, key).await? {
            // Its first page was offered.
            PartAnswer::NotOffered if paging.page > 0 => PartAnswer::Broken("a further page is not there".into()),
            answer => answer,
        })),
        Err(GetError::Forbidden(named)) => Ok(Err(PartAnswer::Forbidden(named))),
        Err(GetError::Broken(_, _, what)) => Ok(Err(PartAnswer::Broken(what))),
        Err(error) => Err(halt_of::<S>(&error, part.path)),
    }
}

/// A part answered 404: because its item is gone, or though it is there.
async fn gone_or_not<S: Source, W: World>(
    context: &Context<'_, '_, S, W>,
    resource: &Resource<S>,
    part: &Part<S>,
    key: &str,
) -> Result<PartAnswer, Halt> {
    if resource.item_path.is_empty() {
        return Ok(PartAnswer::NotOffered);
    }
    if part.path == resource.item_path {
        return Ok(PartAnswer::Gone);
    }
    let request = request_for::<S>(resource.item_path, key, None);
    match context.call.client.get(&request, Shape::Object).await {
        Err(GetError::NotFound(..)) => Ok(PartAnswer::Gone),
        Ok(_) | Err(GetError::Forbidden(_) | GetError::Broken(..)) => Ok(PartAnswer::NotOffered),
        Err(error) => Err(halt_of::<S>(&error, resource.item_path)),
    }
}

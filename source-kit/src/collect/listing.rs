//! One page of a list: fetched, cut into items, freed of repeats, and with the place where the next one begins.

use super::call::Call;
use super::halt::{Halt, halt_of};
use super::paging::{After, Paging};
use super::position::Position;
use crate::base::digest::short_hash;
use crate::base::world::World;
use crate::read::body::Body;
use crate::read::data::{ListPage, Shape};
use crate::read::error::GetError;
use crate::read::request::{key_of, request_for};
use crate::record::problem::{Cause, Problem};
use crate::record::resource::Resource;
use crate::record::source::Source;
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::ops::Range;

/// A page of a list.
pub struct Listing {
    /// The resource's stage.
    pub stage: usize,
    /// The response.
    pub body: Body,
    /// Which page it is.
    pub paging: Paging,
    /// Page number from 1; absent for a single object.
    pub number: Option<u32>,
    /// Every item that is still to be read, repeats left out.
    pub items: Vec<ListedItem>,
    /// Repeats left out.
    pub repeats: u64,
    /// What is wrong with the page.
    pub problems: Vec<Problem>,
    /// The page that follows; absent when the list ends here.
    pub next: Option<Position>,
}

/// An item of a page.
pub struct ListedItem {
    /// Its place in the page.
    pub index: usize,
    /// Place of its JSON in the body.
    pub range: Range<usize>,
    /// What identifies it.
    pub key: Option<String>,
    /// Short hash of the key.
    hash: Option<u64>,
}

impl ListedItem {
    /// What finds it again; absent without a key.
    #[must_use]
    pub fn anchor(&self) -> Option<u64> {
        self.hash
    }

    /// What tells it from the items beside it, with or without a key.
    #[must_use]
    pub fn mark(&self) -> u64 {
        self.hash.unwrap_or((self.index as u64 + 1) << 32)
    }

    /// Short hash of its key; 0 without one.
    #[must_use]
    pub fn hash(&self) -> u64 {
        self.hash.unwrap_or_default()
    }
}

impl Listing {
    /// JSON text of an item.
    #[must_use]
    pub fn json(&self, item: &ListedItem) -> &str {
        self.body.item(&item.range)
    }

    /// Whether the list was seen to change.
    #[must_use]
    pub fn is_changed(&self) -> bool {
        self.problems.iter().any(|problem| problem.cause == Cause::ListChanged)
    }
}

/// The resource of a stage: 0 is the account, then the resources in order.
#[must_use]
pub fn resource_at<S: Source>(stage: usize) -> Option<&'static Resource<S>> {
    S::RESOURCES.get(stage.checked_sub(1)?).copied()
}

/// The stage after all lists: the records about the collection.
#[must_use]
pub fn closing_stage<S: Source>() -> usize {
    S::RESOURCES.len() + 1
}

/// Why there is no page.
pub enum NoListing {
    /// The list is lost; the rest goes on.
    Lost(Problem),
    /// The call has to end.
    Halt(Halt),
}

/// Fetches the page at `position`, with the items from `position.index` on, and makes sure that none slipped out of
/// sight between it and the page before.
///
/// # Errors
/// See [`NoListing`].
pub async fn fetch_surely<S: Source, W: World>(
    call: &Call<'_, S, W>,
    position: Position,
) -> Result<Listing, NoListing> {
    let is_new = position.index == 0 && position.inside.is_none();
    let mut listing = fetch(call, position).await?;
    let Some(resource) = resource_at::<S>(listing.stage) else { return Ok(listing) };
    if is_new && resource.by_offset && listing.paging.page > 0 {
        let list = (resource.path, "", resource.key);
        let unmoved = is_unmoved(call, list, resource.page_limit, &listing.paging).await.map_err(NoListing::Halt)?;
        if !unmoved && !listing.is_changed() {
            listing.problems.push(Problem::of_items(Cause::ListChanged, resource.path, 1));
        }
    }
    Ok(listing)
}

/// Fetches the page at `position`, with the items from `position.index` on.
///
/// # Errors
/// See [`NoListing`].
pub async fn fetch<S: Source, W: World>(call: &Call<'_, S, W>, position: Position) -> Result<Listing, NoListing> {
    let Some(resource) = resource_at::<S>(position.stage) else {
        return Err(NoListing::Lost(Problem::of_list(Cause::Upstream, "")));
    };
    let page = position.list.page;
    let from = (page > 0).then(|| format!("page {}", page + 1));
    let broken = || NoListing::Lost(Problem::of_list(Cause::Upstream, resource.path).with(from));
    let request = request_for::<S>(resource.path, "", call.page(resource.page_limit, position.list.cursor.as_deref()));
    match call.client.get(&request, resource.shape()).await {
        Ok(body) => read(resource, &position, body).ok_or_else(broken),
        Err(GetError::Forbidden(named)) => {
            let permission = resource.permission.map(String::from).or(named);
            Err(NoListing::Lost(Problem::of_list(Cause::Forbidden, resource.path).with(permission)))
        }
        Err(GetError::NotFound(code, body)) if resource.missing.is_none(&code) => Ok(none(&position, *body)),
        Err(GetError::NotFound(..)) if page == 0 => {
            let why = resource.absent.map(String::from);
            Err(NoListing::Lost(Problem::of_list(Cause::NotAvailable, resource.path).with(why)))
        }
        Err(GetError::NotFound(..) | GetError::Broken(..)) => Err(broken()),
        Err(error) => Err(NoListing::Halt(halt_of::<S>(&error, resource.path))),
    }
}

/// Whether the page before still ends with the same key, now that the page after it was read: offset paging hides
/// an item whenever one before it goes away in between. When one came in, that may be one that moved there from a
/// page that is still to be read, where it will not be found. Two changes that undo each other at the end of the
/// page before it is looked at again are not noticed.
///
/// # Errors
/// What ends the whole call.
pub async fn is_unmoved<S: Source, W: World>(
    call: &Call<'_, S, W>,
    (path, id, key): (&str, &str, &str),
    limit: Option<u32>,
    paging: &Paging,
) -> Result<bool, Halt> {
    let request = request_for::<S>(path, id, call.page(limit, paging.before.as_deref()));
    match call.client.get(&request, Shape::List).await {
        Ok(body) => {
            let last = body.page().and_then(|page| page.items.last()).and_then(|range| key_of(body.item(range), key));
            Ok(last.is_some_and(|last| paging.tail.first() == Some(&short_hash(&last))))
        }
        Err(GetError::Forbidden(_) | GetError::NotFound(..) | GetError::Broken(..)) => Ok(false),
        Err(error) => Err(halt_of::<S>(&error, path)),
    }
}

/// The listing of an object that is not there.
fn none(position: &Position, body: Body) -> Listing {
    Listing {
        stage: position.stage,
        body,
        paging: position.list.clone(),
        number: None,
        items: Vec::new(),
        repeats: 0,
        problems: Vec::new(),
        next: None,
    }
}

fn read<S: Source>(resource: &Resource<S>, position: &Position, body: Body) -> Option<Listing> {
    let ListPage { items: ranges, next, unknown_paging, changed: told } = match (resource.page_limit, body.page()) {
        (Some(_), None) => return None,
        (_, Some(page)) => page.clone(),
        (None, None) => ListPage::new(alloc::vec![body.data_range()], None),
    };
    let read = |(index, range)| item(resource.key, &body, index, range);
    let mut items: Vec<ListedItem> = ranges.into_iter().enumerate().map(read).collect();
    let keys: Vec<u64> = items.iter().filter_map(|item| item.hash).collect();
    let after = position.list.after(&keys, next.as_deref(), S::LONGEST_CURSOR);
    let problem = |cause| Problem::of_items(cause, resource.path, 1);
    let mut problems = Vec::new();
    let mut changed = position.changed || position.list.is_shuffled(&keys);
    let before = items.len();
    if after == After::Circle {
        items.clear();
    }
    let conflicts = drop_repeats(&mut items, &position.list.tail, &body);
    let repeats = (before - items.len()) as u64;
    changed |= seek(&mut items, position);
    if changed && after != After::Circle {
        problems.push(problem(Cause::ListChanged));
    }
    if repeats > 0 && !resource.by_offset {
        let what = format!("{repeats} of its items came twice");
        problems.push(problem(Cause::ListChanged).with(Some(what)));
    }
    if conflicts > 0 {
        problems.push(Problem::of_items(Cause::Conflict, resource.path, conflicts));
    }
    problems.extend(told.map(|what| problem(Cause::ListChanged).with(Some(what))));
    if unknown_paging {
        problems.push(Problem::of_list(Cause::UnknownPaging, resource.path));
    }
    let next = match after {
        After::Page(list) => Some(Position { stage: position.stage, list, ..Position::default() }),
        After::Endless | After::Circle => {
            problems.push(Problem::of_list(Cause::EndlessList, resource.path));
            None
        }
        After::End => None,
    };
    let number = resource.page_limit.map(|_| position.list.page + 1);
    let (stage, paging) = (position.stage, position.list.clone());
    Some(Listing { stage, body, paging, number, items, repeats, problems, next })
}

fn item(key: &str, body: &Body, index: usize, range: Range<usize>) -> ListedItem {
    let key = key_of(body.item(&range), key);
    let hash = key.as_deref().map(short_hash);
    ListedItem { index, range, key, hash }
}

/// Keeps the first of each key, and none that the page before ended with. Items without a key stay:
/// they are reported as unreadable. Answers how many had the key of another and said something else.
fn drop_repeats(items: &mut Vec<ListedItem>, tail: &[u64], body: &Body) -> u64 {
    // Whole keys: some are names that people choose, who must not be able to make two look alike.
    let mut seen: BTreeMap<&str, &str> = BTreeMap::new();
    let mut conflicts = 0;
    let mut is_new = |item: &'_ ListedItem, key: &str, seen: &BTreeMap<&str, &str>| {
        let json = body.item(&item.range);
        let first = seen.get(key);
        conflicts += u64::from(first.is_some_and(|first| *first != json));
        first.is_none() && !item.hash.is_some_and(|hash| tail.contains(&hash))
    };
    let mut keep = Vec::with_capacity(items.len());
    for item in &*items {
        let Some(key) = item.key.as_deref() else {
            keep.push(true);
            continue;
        };
        keep.push(is_new(item, key, &seen));
        seen.entry(key).or_insert_with(|| body.item(&item.range));
    }
    let mut keep = keep.into_iter();
    items.retain(|_| keep.next().unwrap_or(true));
    conflicts
}

/// Leaves the items from the position on. Answers whether what stands before it is not what was read there: then
/// it resumes at the same item wherever that stands now, or else after the last one that was read.
fn seek(items: &mut Vec<ListedItem>, position: &Position) -> bool {
    if position.index == 0 && position.inside.is_none() {
        return false;
    }
    let hashes: Vec<u64> = items.iter().map(ListedItem::hash).collect();
    let anchor = match position.anchor {
        Some(anchor) => hashes.iter().position(|hash| *hash == anchor),
        None => items.iter().position(|item| item.index >= position.index),
    };
    let start = anchor.unwrap_or_else(|| position.read.after_last(&hashes));
    let is_other = !position.read.is_of(hashes.get(..start).unwrap_or_default())
        || items.get(start).is_some_and(|item| item.index != position.index);
    items.drain(..start.min(items.len()));
    anchor.is_none() || is_other
}

//! One page of a list: fetched, cut into items, freed of repeats, and with the place where the next one begins.

use super::call::Call;
use super::cursor::{Mark, Position};
use super::halt::{Halt, halt_of};
use crate::base::digest::short_hash;
use crate::base::world::World;
use crate::read::body::Body;
use crate::read::error::GetError;
use crate::read::request::{key_of, page_request};
use crate::record::identity::is_at_most;
use crate::record::resource::{Missing, Resource};
use crate::record::source::Source;
use crate::record::tally::{Cause, Problem};
use alloc::collections::BTreeSet;
use alloc::string::String;
use alloc::vec::Vec;
use core::ops::Range;

/// Pages of one list, at most: 100 million items. A list beyond it would never end.
const MAX_PAGES: u32 = 100_000;
/// Keys remembered of the page before. Offset paging repeats as many items as were inserted between
/// two calls, which are few.
const TAIL: usize = 32;
/// A cursor longer than this does not fit into ours.
const MAX_LIST_CURSOR: usize = 1024;

/// A page of a list.
pub struct Listing {
    /// The resource's stage.
    pub stage: usize,
    /// The response.
    pub body: Body,
    /// Page number from 1; absent for a single object.
    pub number: Option<u32>,
    /// Every item, repeats left out.
    pub items: Vec<ListedItem>,
    /// Repeats left out.
    pub repeats: u64,
    /// Set when the page, or the order of the list, has changed while it was read.
    pub changed: bool,
    /// Set when the list does not end properly after this page.
    pub broken_end: Option<Cause>,
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

impl Listing {
    /// JSON text of an item.
    #[must_use]
    pub fn json(&self, item: &ListedItem) -> &str {
        self.body.item(&item.range)
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

/// Fetches the page at `position`, with the items from `position.index` on.
///
/// # Errors
/// See [`NoListing`].
pub async fn fetch<S: Source, W: World>(call: &Call<'_, S, W>, position: Position) -> Result<Listing, NoListing> {
    let Some(resource) = resource_at::<S>(position.stage) else {
        return Err(NoListing::Lost(lost("", Cause::Upstream)));
    };
    let request = page_request::<S>(resource.path, "", resource.page_limit, position.cursor.as_deref());
    match call.client.get(&request, resource.shape()).await {
        Ok(body) => {
            read(resource, &position, body).ok_or_else(|| NoListing::Lost(lost(resource.path, Cause::Upstream)))
        }
        Err(GetError::Forbidden(named)) => {
            let mut problem = lost(resource.path, Cause::Forbidden);
            problem.permission = resource.permission.map(String::from).or(named);
            Err(NoListing::Lost(problem))
        }
        Err(GetError::NotFound(_, body)) if resource.missing == Missing::None => Ok(none(&position, *body)),
        Err(GetError::NotFound(..)) => Err(NoListing::Lost(lost(resource.path, Cause::NotAvailable))),
        Err(GetError::Broken(..)) => Err(NoListing::Lost(lost(resource.path, Cause::Upstream))),
        Err(error) => Err(NoListing::Halt(halt_of::<S>(&error, resource.path))),
    }
}

/// The listing of an object that is not there.
fn none(position: &Position, body: Body) -> Listing {
    Listing {
        stage: position.stage,
        body,
        number: None,
        items: Vec::new(),
        repeats: 0,
        changed: false,
        broken_end: None,
        next: None,
    }
}

fn lost(path: &str, cause: Cause) -> Problem {
    Problem { cause, at: path.into(), permission: None, count: 1, whole_list: true }
}

fn read<S: Source>(resource: &Resource<S>, position: &Position, body: Body) -> Option<Listing> {
    let (ranges, next_cursor) = match (resource.page_limit, body.page()) {
        (Some(_), None) => return None,
        (_, Some(page)) => (page.items.clone(), page.next.clone()),
        (None, None) => (alloc::vec![body.data_range()], None),
    };
    let read = |(index, range)| item(resource.key, &body, index, range);
    let mut items: Vec<ListedItem> = ranges.into_iter().enumerate().map(read).collect();
    let tail: Vec<u64> = hashes(&items).rev().take(TAIL).collect();
    let of_empty = short_hash(position.cursor.as_deref().unwrap_or(""));
    let first = hashes(&items).next().unwrap_or(of_empty);
    let mark = position.mark.after(position.page, first, tail.first().copied().unwrap_or(of_empty));
    // The page was there before: the list turns in circles, and this one tells nothing new.
    let circles = position.page > 0 && first == position.mark.first;
    let shuffled = is_shuffled(&items, position);
    let before = items.len();
    if circles {
        items.clear();
    }
    drop_repeats(&mut items, &position.tail);
    let repeats = (before - items.len()) as u64;
    let changed = !circles && (seek(&mut items, position) || shuffled);
    let (next, broken_end) = match next_cursor {
        _ if circles => (None, Some(Cause::EndlessList)),
        None => (None, None),
        Some(cursor) => match follow(position, cursor, tail, mark) {
            Some(next) => (Some(next), None),
            None => (None, Some(Cause::EndlessList)),
        },
    };
    let number = resource.page_limit.map(|_| position.page + 1);
    Some(Listing { stage: position.stage, body, number, items, repeats, changed, broken_end, next })
}

fn item(key: &str, body: &Body, index: usize, range: Range<usize>) -> ListedItem {
    let key = key_of(body.item(&range), key);
    let hash = key.as_deref().map(short_hash);
    ListedItem { index, range, key, hash }
}

fn hashes(items: &[ListedItem]) -> impl DoubleEndedIterator<Item = u64> + '_ {
    items.iter().filter_map(|item| item.hash)
}

/// Whether items stand where the order of the list cannot put them: what the page before ended with
/// further on than items added meanwhile explain, or the end of a page read long ago.
fn is_shuffled(items: &[ListedItem], position: &Position) -> bool {
    let after_tail = items.iter().skip(TAIL).any(|item| is_in(item, &position.tail));
    let old = position.mark.steps > 1 && items.iter().any(|item| is_in(item, &[position.mark.last]));
    after_tail || old
}

fn is_in(item: &ListedItem, tail: &[u64]) -> bool {
    item.hash.is_some_and(|hash| tail.contains(&hash))
}

/// Keeps the first of each key, and none that the page before ended with. Items without a key stay:
/// they are reported as unreadable.
fn drop_repeats(items: &mut Vec<ListedItem>, tail: &[u64]) {
    // Whole keys: some are names that people choose, who must not be able to make two look alike.
    let mut seen: BTreeSet<&str> = BTreeSet::new();
    let keep: Vec<bool> =
        items.iter().map(|item| item.key.as_deref().is_none_or(|key| !is_in(item, tail) && seen.insert(key))).collect();
    let mut keep = keep.into_iter();
    items.retain(|_| keep.next().unwrap_or(true));
}

/// Leaves the items from the position on. Answers whether the page has changed since it was read
/// before: then it goes on at the same item wherever that stands now, or else from the start.
fn seek(items: &mut Vec<ListedItem>, position: &Position) -> bool {
    let Some(anchor) = position.anchor else {
        items.retain(|item| item.index >= position.index);
        return false;
    };
    let found = items.iter().position(|item| item.hash == Some(anchor));
    match found {
        Some(at) => {
            let same_place = items.get(at).is_some_and(|item| item.index == position.index);
            items.drain(..at);
            !same_place
        }
        None => true,
    }
}

/// The position of the next page; `None` when the list names the page itself, or goes on for ever.
fn follow(position: &Position, cursor: String, tail: Vec<u64>, mark: Mark) -> Option<Position> {
    let page = position.page + 1;
    let fits = is_at_most(&cursor, MAX_LIST_CURSOR);
    if position.cursor.as_deref() == Some(cursor.as_str()) || page >= MAX_PAGES || !fits {
        return None;
    }
    Some(Position { stage: position.stage, cursor: Some(cursor), page, tail, mark, ..Position::default() })
}

impl Listing {
    /// Moves a position in this page to one of its items, of which `skip` records were delivered.
    pub fn move_to(position: &mut Position, item: &ListedItem, skip: usize) {
        position.index = item.index;
        position.skip = skip;
        position.anchor = item.hash;
    }
}

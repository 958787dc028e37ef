//! What can be the case with a list, or with a part of items, and how the vendor answers then.

use super::account::{Asked, entries, error, item, page, part};
use crate::fake::{Answer, account_info, success};
use crate::templates::template;
use fivetran_source::table::RESOURCES;
use fivetran_source::types::{Part, Resource, Settings};
use serde_json::{Value, json};
use source_kit::record::part::{Missing, Need, Proof};
use std::cell::Cell;

/// A list or a part.
#[derive(Clone, Copy)]
pub struct Place {
    pub list: &'static Resource,
    pub part: Option<&'static Part>,
}

impl Place {
    /// Every list of the table, each with its parts after it.
    pub fn all() -> impl Iterator<Item = Self> {
        RESOURCES.iter().flat_map(|list| {
            let parts = list.parts.iter().map(|part| Self { list, part: Some(part) });
            std::iter::once(Self { list, part: None }).chain(parts)
        })
    }

    pub fn path(&self) -> &'static str {
        self.part.map_or(self.list.path, |part| part.path)
    }

    fn key(&self) -> &'static str {
        self.part.map_or(self.list.key, |part| part.key)
    }

    fn is_list(&self) -> bool {
        self.part.map_or(self.list.page_limit, |part| part.page_limit).is_some()
    }

    /// The answer of the vendor's that says "none".
    fn none_code(&self) -> Option<&'static str> {
        match self.part.map_or(self.list.missing, |part| part.missing) {
            Missing::None(codes) => Some(codes.first().copied().unwrap_or("NotFound")),
            Missing::NotOffered => None,
        }
    }

    /// What it usually holds, where it is a list.
    fn entries(&self, items: usize) -> Vec<Value> {
        match self.part {
            None => entries(self.list.path, items),
            Some(part_) => part(&template(part_.path), "a").as_array().cloned().unwrap_or_default(),
        }
    }
}

/// The situations, and all of them in the order of the table.
macro_rules! situations {
    ($($name:ident,)*) => {
        /// What is the case.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Situation { $($name,)* }
        /// All of them.
        pub const ALL: &[Situation] = &[$(Situation::$name,)*];
    };
}

situations! {
    Fine,
    CutBefore,
    TwoPages,
    Empty,
    NoneCode,
    OneGone,
    // Nothing below may be called complete.
    NotFound,
    NotFoundForOne,
    AllGone,
    Forbidden,
    ForbiddenForOne,
    ForbiddenForAllOfFive,
    Broken,
    BrokenForOne,
    DataIsList,
    DataIsText,
    NoItems,
    ItemsAreNull,
    OtherId,
    Off,
    NotTold,
    OtherTurn,
    UnknownCursor,
    Loop,
    DeletionBetweenPages,
    SecondPageBroken,
    SecondPageForbidden,
    SecondPageNotFound,
    WithoutId,
    DotDotId,
    SameId,
}

use Situation::*;

impl Situation {
    /// In words.
    pub fn words(self) -> &'static str {
        match self {
            Fine => "fine",
            CutBefore => "fine, and a record a page",
            TwoPages => "fine, on two pages",
            Empty => "an empty list",
            NoneCode => "404 with the code that says \"none\"",
            OneGone => "404 for one item, which is gone",
            NotFound => "404",
            NotFoundForOne => "404 for one item, which is there",
            AllGone => "404 for every item, and they are gone",
            Forbidden => "403",
            ForbiddenForOne => "403 for one item",
            ForbiddenForAllOfFive => "403 for each of five items",
            Broken => "500",
            BrokenForOne => "500 for one item",
            DataIsList => "200, and the data are a list",
            DataIsText => "200, and the data are a text",
            NoItems => "200, and the object is empty",
            ItemsAreNull => "200, and the items are null",
            OtherId => "the answer is about another item",
            Off => "switched off by a setting",
            NotTold => "of one item it is not told whether it is needed",
            OtherTurn => "spread over two days",
            UnknownCursor => "a cursor of another name",
            Loop => "pages that turn in circles",
            DeletionBetweenPages => "an item deleted between two pages",
            SecondPageBroken => "500 for the second page",
            SecondPageForbidden => "403 for the second page",
            SecondPageNotFound => "404 for the second page",
            WithoutId => "an item without id",
            DotDotId => "an item whose id is ..",
            SameId => "two items of one id and other content",
        }
    }

    /// Whether everything was read, or provably not needed, so that a kind is complete; `None` where it may be or not.
    pub fn may_be_complete(self, place: &Place, kind: &str) -> Option<bool> {
        let is_whole = matches!(self, Fine | CutBefore | TwoPages | Empty | NoneCode | OneGone);
        let feeds = |part: &Part| part.feeds.iter().any(|fed| fed.id == kind);
        match place.part {
            // A part that only informs of some items is missed by those only.
            Some(part) if !is_whole && !feeds(part) => None,
            // The item is in the list; only what is asked for by its id, or looked up by it, is missing.
            None if self == DotDotId => {
                Some(!place.list.parts.iter().any(feeds) && place.list.path != "/v1/metadata/connector-types")
            }
            _ => Some(is_whole),
        }
    }

    /// Items in each list.
    pub fn items(self) -> usize {
        if self == ForbiddenForAllOfFive { 5 } else { 3 }
    }

    pub fn settings(self) -> &'static str {
        match self {
            Off => r#"{"connection_details": false}"#,
            OtherTurn => r#"{"spread_days": 2}"#,
            _ => "{}",
        }
    }

    /// Whether it can be the case.
    pub fn applies(self, place: &Place) -> bool {
        let own_path = place.part.is_some_and(|part| part.path == place.list.item_path);
        let need = |settings: bool, item: &str| {
            place.part.map(|part| (part.need)(&Settings { connection_details: settings }, item))
        };
        match self {
            Fine | CutBefore | NotFound if place.part.is_none() => self != NotFound || place.none_code().is_none(),
            Fine | CutBefore | Broken | Forbidden | DataIsText => true,
            NotFound | NotFoundForOne => place.part.is_some() && !own_path,
            NoneCode => place.none_code().is_some(),
            NoItems => true,
            TwoPages | Empty | DataIsList | ItemsAreNull | UnknownCursor | Loop | SecondPageBroken
            | SecondPageForbidden | SecondPageNotFound | WithoutId | SameId => place.is_list(),
            // A history does not lose what has happened, and its weeks are no pages.
            DeletionBetweenPages => place.is_list() && place.part.is_none_or(|part| part.windows.is_none()),
            DotDotId => place.is_list() && place.part.is_none(),
            OneGone | AllGone | ForbiddenForOne | ForbiddenForAllOfFive | BrokenForOne => place.part.is_some(),
            OtherId => place.part.is_some_and(|part| matches!(part.proof, Proof::Id(_))),
            Off => matches!(need(false, "{}"), Some(Need::Off(_))),
            NotTold => need(true, "{}") == Some(Need::Unknown),
            OtherTurn => place.part.is_some_and(|part| part.spread),
        }
    }

    /// How much of what comes from the place is lost, in halves of an item.
    pub fn lost(self, place: &Place) -> usize {
        let all = 2 * self.items();
        match self {
            Empty | NoneCode if place.part.is_none() => all,
            Fine | CutBefore | TwoPages | UnknownCursor | Loop | SameId | Off | DotDotId | OtherTurn => 0,
            Empty
            | NotFound
            | AllGone
            | Forbidden
            | ForbiddenForAllOfFive
            | Broken
            | DataIsList
            | DataIsText
            | NoItems
            | ItemsAreNull => all,
            NoneCode => 0,
            OneGone | NotFoundForOne | ForbiddenForOne | BrokenForOne | OtherId | NotTold => 2,
            DeletionBetweenPages | SecondPageBroken | SecondPageForbidden | SecondPageNotFound | WithoutId
                if place.part.is_some() =>
            {
                1
            }
            DeletionBetweenPages | SecondPageBroken | SecondPageForbidden | SecondPageNotFound | WithoutId => 2,
        }
    }

    /// What the vendor answers in it, where that is not the usual.
    pub fn twist(self, place: Place) -> impl Fn(&Asked<'_>) -> Option<Answer> {
        let (at, own) = (template(place.path()), template(place.list.item_path));
        let deleted = Cell::new(false);
        move |asked: &Asked<'_>| {
            let is_here = asked.at == at;
            match self {
                NotTold if asked.at == place.list.path => {
                    let mut all = entries(place.list.path, self.items());
                    all[0] = untold(&place, all[0].clone());
                    Some(page(&all, None))
                }
                OneGone if asked.id == "a" && (is_here || asked.at == own) => Some(error(404, "NotFound")),
                AllGone if is_here || asked.at == own => Some(error(404, "NotFound")),
                _ if !is_here => None,
                _ if place.part.is_some() && self.is_of_one() && asked.id != "a" => None,
                _ => self.answer(&place, asked, &deleted),
            }
        }
    }

    /// Whether it strikes the part of one item only.
    pub fn is_of_one(self) -> bool {
        matches!(
            self,
            NotFoundForOne
                | ForbiddenForOne
                | BrokenForOne
                | OtherId
                | DeletionBetweenPages
                | SecondPageBroken
                | SecondPageForbidden
                | SecondPageNotFound
                | WithoutId
                | UnknownCursor
                | Loop
                | SameId
        )
    }

    fn answer(self, place: &Place, asked: &Asked<'_>, deleted: &Cell<bool>) -> Option<Answer> {
        let all = place.entries(self.items());
        let half = all.len() - usize::from(!all.is_empty());
        match self {
            Fine | CutBefore | Off | NotTold | OtherTurn | OneGone | AllGone => None,
            NoneCode => Some(error(404, place.none_code().unwrap())),
            NotFound | NotFoundForOne => Some(error(404, "NotFound")),
            Forbidden | ForbiddenForOne | ForbiddenForAllOfFive => Some(error(403, "Forbidden")),
            Broken | BrokenForOne => Some(error(500, "Oops")),
            DataIsList => Some(success(&all.into())),
            DataIsText => Some(success(&json!("text"))),
            NoItems => Some(success(&json!({}))),
            ItemsAreNull => Some(success(&json!({"items": null}))),
            Empty => Some(page(&[], None)),
            OtherId => {
                let mut other = part(&asked.at, "z");
                other.as_object_mut().unwrap().insert("id".into(), "z".into());
                Some(success(&other))
            }
            UnknownCursor => Some(success(&json!({"items": all, "nextCursor": "2"}))),
            TwoPages | SecondPageBroken | SecondPageForbidden | SecondPageNotFound | Loop => Some(match asked.cursor {
                None => page(&all[..half], Some("2")),
                Some(_) if self == SecondPageBroken => error(500, "Oops"),
                Some(_) if self == SecondPageForbidden => error(403, "Forbidden"),
                Some(_) if self == SecondPageNotFound => error(404, "NotFound"),
                Some("3") => page(&all[..half], Some("2")),
                Some(_) => page(&all[half..], (self == Loop).then_some("3")),
            }),
            DeletionBetweenPages => {
                let left = if deleted.replace(true) { &all[1..] } else { &all[..] };
                let from = if asked.cursor.is_some() { half } else { 0 };
                let items = &left[from.min(left.len())..];
                Some(page(&items[..half.min(items.len())], asked.cursor.is_none().then_some("2")))
            }
            WithoutId => {
                let mut all = all;
                all[0].as_object_mut().unwrap().remove(place.key());
                Some(page(&all, None))
            }
            DotDotId => {
                let mut all = all;
                all[0] = item(&asked.at, "..");
                Some(page(&all, None))
            }
            SameId => {
                let mut other = all[0].clone();
                let fields = [
                    "role",
                    "status",
                    "is_custom",
                    "name",
                    "public_key",
                    "region",
                    "service",
                    "paused",
                    "type",
                    "online",
                    "connection_ids",
                    "created_at",
                ];
                let field = fields.iter().find(|field| **field != place.key() && other.get(**field).is_some());
                other[*field.expect("something that can differ")] = "other".into();
                Some(page(&[&all[..], &[other]].concat(), None))
            }
        }
    }
}

/// The item without the field that tells whether the part is needed.
fn untold(place: &Place, item: Value) -> Value {
    let names: Vec<String> = item.as_object().unwrap().keys().cloned().collect();
    let without = names.into_iter().map(|name| {
        let mut item = item.clone();
        item.as_object_mut().unwrap().remove(&name);
        item
    });
    let need = place.part.unwrap().need;
    let is_unknown = |item: &Value| need(&Settings { connection_details: true }, &item.to_string()) == Need::Unknown;
    without.into_iter().find(is_unknown).expect("one field tells it")
}

/// Answers as if there were nothing at a place.
pub fn nothing(place: Place) -> impl Fn(&Asked<'_>) -> Option<Answer> {
    let at = template(place.path());
    move |asked| {
        (asked.at == at).then(|| match place.part {
            None if place.is_list() => page(&[], None),
            None => error(404, "NotFound"),
            Some(_) => error(500, "Oops"),
        })
    }
}

/// The situations of the call that names the account.
pub fn of_account() -> Vec<(&'static str, Answer)> {
    vec![
        ("fine", account_info()),
        ("401", error(401, "Unauthorized")),
        ("403", error(403, "Forbidden")),
        ("404", error(404, "NotFound")),
        ("500", error(500, "Oops")),
        ("200, and the data are a list", success(&json!([]))),
        ("200, and the data are a text", success(&json!("text"))),
        ("200, and the object is empty", success(&json!({}))),
        ("200, and the id is null", success(&json!({"account_id": null}))),
    ]
}

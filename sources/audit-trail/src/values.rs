//! What is kept of a thing's old and new values: the names of what changed, and the values of those few settings that
//! the Fivetran source keeps too, each with its shape. Everything else is withheld, with its place.

use alloc::borrow::Cow;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use source_kit::read::node::Node;
use source_kit::record::secrets::{WITHHELD, is_secret};
use source_kit::record::shape::Shape::{self, Flag, Name, Number, Region, Time, Word};
use source_kit::record::sift::{Kept, Lists};
use source_kit::{Emit, Field, FreeForm, Withheld, WithheldReason};

/// Names as in Fivetran's API. Each is a field of a record of the Fivetran source: a test compares them.
pub const KEPT: &[(&str, Shape)] = &[
    ("active", Flag),
    ("daily_sync_time", Time),
    ("data_delay_sensitivity", Word),
    ("data_delay_threshold", Number),
    ("daylight_saving_time_enabled", Flag),
    ("enabled", Flag),
    ("group_id", Name),
    ("hybrid_deployment_agent_id", Name),
    ("invited", Flag),
    ("networking_method", Word),
    ("pause_after_trial", Flag),
    ("paused", Flag),
    ("private_link_id", Name),
    ("proxy_agent_id", Name),
    ("region", Region),
    ("role", Name),
    ("schedule_type", Word),
    ("service", Word),
    ("service_version", Number),
    ("setup_state", Word),
    ("setup_status", Word),
    ("sync_frequency", Number),
    ("sync_state", Word),
    ("time_zone_offset", Number),
    ("user_type", Word),
    ("verified", Flag),
];

const LISTS: Lists = Lists {
    kept: KEPT,
    secret_words: &["credential", "key", "passphrase", "password", "passwd", "pwd", "secret", "signature", "token"],
    not_secret: &[],
    marked_secret: "",
};

/// Longest name of a setting.
const MAX_NAME: usize = 64;

/// Values of a thing at one time.
#[derive(Debug)]
pub enum Side<'a> {
    /// There are none.
    None,
    /// An object of settings.
    Object(Field<FreeForm<'a>>),
    /// Something else, which is not looked into.
    Other,
}

impl<'a> Side<'a> {
    /// From the text of a cell.
    #[must_use]
    pub fn of(text: Option<&'a str>) -> Self {
        match text.map(Node::read) {
            None | Some(Some(Node::Null)) => Self::None,
            Some(Some(Node::Object(entries))) => Self::Object(Field::Is(FreeForm(entries))),
            Some(_) => Self::Other,
        }
    }

    fn entries(&self) -> Option<&[(Cow<'a, str>, Node<'a>)]> {
        match self {
            Self::None => Some(&[]),
            Self::Object(object) => object.get().map(|object| object.0.as_slice()),
            Self::Other => None,
        }
    }

    /// The values that may be kept; the others are added to `withheld`, below `/column`.
    pub fn kept(&self, column: &str, out: &Emit<'_>, withheld: &mut Vec<Withheld>) -> Option<Kept<'_>> {
        match self {
            Self::None => None,
            Self::Other => {
                withheld.push(Withheld { pointer: format!("/{column}"), reason: WithheldReason::UnknownSetting });
                None
            }
            Self::Object(object) => {
                let mut sifted = Vec::new();
                let kept = LISTS.sift(object, out, &mut sifted);
                withheld.extend(sifted.into_iter().map(|one| Withheld { pointer: moved(&one.pointer, column), ..one }));
                kept
            }
        }
    }
}

/// Names of settings that differ, sorted. `None` where there is nothing to compare, or what cannot be compared.
#[must_use]
pub fn changed(old: &Side<'_>, new: &Side<'_>) -> Option<Vec<String>> {
    let (old_values, new_values) = (by_name(old.entries()?), by_name(new.entries()?));
    if matches!((old, new), (Side::None, Side::None)) {
        return None;
    }
    let names: BTreeSet<&str> = old_values.keys().chain(new_values.keys()).copied().collect();
    // Null says the same as none.
    let differs = |name: &&str| {
        let none = &Node::Null;
        !is_same(old_values.get(name).unwrap_or(&none), new_values.get(name).unwrap_or(&none))
    };
    let changed: BTreeSet<&str> = names.into_iter().filter(differs).map(shown).collect();
    Some(changed.into_iter().map(Into::into).collect())
}

/// A name as it may be shown: anything may be the name of a setting.
fn shown(name: &str) -> &str {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    let is_name = (1..=MAX_NAME).contains(&name.len()) && name.bytes().all(is_plain) && !is_secret(name);
    if is_name { name } else { WITHHELD }
}

/// The pointer of a sifted setting, which begins with `/config`, below a column.
fn moved(pointer: &str, column: &str) -> String {
    let rest = pointer.strip_prefix("/config/").unwrap_or_default();
    let (name, index) = rest.split_once('/').map_or((rest, None), |(name, index)| (name, Some(index)));
    let name = shown(name);
    index.map_or_else(|| format!("/{column}/{name}"), |index| format!("/{column}/{name}/{index}"))
}

type ByName<'n, 'a> = BTreeMap<&'n str, &'n Node<'a>>;

/// The first value of each name.
fn by_name<'n, 'a>(entries: &'n [(Cow<'a, str>, Node<'a>)]) -> ByName<'n, 'a> {
    entries.iter().rev().map(|(name, value)| (name.as_ref(), value)).collect()
}

/// Whether two values say the same, in whatever order their keys stand.
fn is_same(one: &Node<'_>, other: &Node<'_>) -> bool {
    match (one, other) {
        (Node::Object(one), Node::Object(other)) => {
            let (one, other) = (by_name(one), by_name(other));
            let is_pair = |(left, right): ((&&str, &&Node<'_>), (&&str, &&Node<'_>))| {
                left.0 == right.0 && is_same(left.1, right.1)
            };
            one.len() == other.len() && one.iter().zip(&other).all(is_pair)
        }
        (Node::Array(one), Node::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| is_same(one, other))
        }
        _ => one == other,
    }
}

//! Values that the vendor documents: what a rule says of another one is not known.

use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::OnceLock;

/// By kind and place, the values that there are. In a place, `*` stands for the number of an item.
type Known = BTreeMap<String, BTreeMap<String, Vec<String>>>;

/// Whether a value is one that the vendor documents at this place, in any letter case; also where it documents none.
pub(super) fn is_known(kind: &str, place: &str, value: &Value) -> bool {
    static KNOWN: OnceLock<Known> = OnceLock::new();
    let known = KNOWN.get_or_init(|| serde_json::from_str(include_str!("../../data/known.json")).unwrap_or_default());
    let Some(text) = value.as_str() else { return true };
    let mut places = known.get(kind).into_iter().flatten();
    let told = places.find(|(pattern, _)| is_at(place, pattern));
    told.is_none_or(|(_, values)| values.iter().any(|one| one.eq_ignore_ascii_case(text)))
}

fn is_at(place: &str, pattern: &str) -> bool {
    let is_part = |(part, wanted): (&str, &str)| part == wanted || (wanted == "*" && part.parse::<usize>().is_ok());
    place.split('/').count() == pattern.split('/').count() && place.split('/').zip(pattern.split('/')).all(is_part)
}

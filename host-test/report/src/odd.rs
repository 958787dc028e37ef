//! What the source found odd in the vendor's answers, by the kinds whose records come from these answers.

use crate::collection::Collection;
use std::collections::{BTreeMap, BTreeSet};

/// An endpoint with what was odd there, in the source's words.
type Odd<'c> = (&'c str, &'c str);

/// What was odd, by kind. What names no endpoint, or one that no record comes from, is of no kind.
#[must_use]
pub fn by_kind(collection: &Collection) -> BTreeMap<&str, Vec<&str>> {
    let all: Vec<Odd<'_>> = collection
        .summary()
        .findings
        .iter()
        .filter_map(|finding| Some((endpoint(&finding.message)?, finding.message.as_str())))
        .collect();
    let endpoints: BTreeSet<&str> = all.iter().map(|(endpoint, _)| *endpoint).collect();
    let mut met: BTreeSet<(&str, &str)> = BTreeSet::new();
    for record in collection.records.iter().filter(|_| !endpoints.is_empty()) {
        let paths = record.provenance.iter().map(|origin| path(&origin.request));
        let fits = |path| endpoints.iter().filter(move |endpoint| is_of(path, endpoint));
        met.extend(paths.flat_map(fits).map(|endpoint| (record.kind.as_str(), *endpoint)));
    }
    let mut kinds: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (kind, endpoint) in met {
        let here = all.iter().filter(|(place, _)| *place == endpoint).map(|(_, message)| *message);
        kinds.entry(kind).or_default().extend(here);
    }
    kinds
}

/// The path that a message begins with, as in `GET /v1/teams/{id}: /role is odd`.
fn endpoint(message: &str) -> Option<&str> {
    let (method, rest) = message.split_once(' ')?;
    let path = rest.split(' ').next()?.trim_end_matches([':', ',']);
    (method.chars().all(|letter| letter.is_ascii_uppercase()) && path.starts_with('/')).then_some(path)
}

fn path(request: &str) -> &str {
    request.split('?').next().unwrap_or_default()
}

/// Whether a path is one of an endpoint, in which `{…}` stands for an id.
fn is_of(path: &str, endpoint: &str) -> bool {
    let fits = |(part, wanted): (&str, &str)| part == wanted || wanted.starts_with('{');
    path.split('/').count() == endpoint.split('/').count() && path.split('/').zip(endpoint.split('/')).all(fits)
}

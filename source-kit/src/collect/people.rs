//! Who must not show: in the hashed mode, the list of people is read to its end before anything else, once an
//! instance. Their names stay in the instance's memory and are in no cursor, so another instance reads them again.

use super::call::Call;
use super::halt::Halt;
use super::listing::{self, NoListing};
use super::position::Position;
use crate::base::model::{Diagnostic, Severity};
use crate::base::world::World;
use crate::record::people::People;
use crate::record::privacy::Privacy;
use crate::record::resource::Resource;
use crate::record::source::Source;
use alloc::format;
use core::cell::Cell;

/// The list that names people, and its stage, where the settings need it read.
pub fn list<S: Source>(privacy: &Privacy) -> Option<(usize, &'static Resource<S>)> {
    let path = S::PEOPLE.filter(|_| !privacy.shows_people())?;
    (1..).zip(S::RESOURCES.iter().copied()).find(|(_, resource)| resource.path == path)
}

/// Reads who there is, unless `known` says that this instance has done so. Answers what has to be said about it.
///
/// # Errors
/// The call has to end: without the names nothing may be made. A list that is refused, missing or broken is another
/// matter: no later call would read it either.
pub async fn learn<S: Source, W: World>(
    call: &Call<'_, S, W>,
    privacy: &Privacy,
    known: &Cell<bool>,
) -> Result<Option<Diagnostic>, Halt> {
    let Some((stage, resource)) = list::<S>(privacy).filter(|_| !known.get()) else { return Ok(None) };
    let mut people = People::default();
    let mut next = Some(Position { stage, ..Position::default() });
    let mut is_whole = true;
    while let Some(position) = next.take() {
        match listing::fetch_surely(call, position).await {
            Ok(listing) => {
                // Of the page as it came: what a list repeats tells names too.
                for item in listing.body.page().iter().flat_map(|page| &page.items) {
                    match S::person(listing.body.item(item)) {
                        Some(person) => people.add(&person),
                        None => is_whole = false,
                    }
                }
                is_whole &= listing.problems.is_empty();
                next = listing.next;
            }
            Err(NoListing::Lost(_)) => is_whole = false,
            Err(NoListing::Halt(halt)) => return Err(halt),
        }
    }
    privacy.learn(people);
    known.set(true);
    Ok((!is_whole).then(|| unknown(resource.path, resource.permission)))
}

fn unknown(path: &str, permission: Option<&str>) -> Diagnostic {
    let scope = permission.map_or_else(|| "access to it".into(), |permission| format!("the scope {permission}"));
    Diagnostic {
        severity: Severity::Warning,
        code: "people-unknown",
        pointer: "/settings/personal_data".into(),
        message: format!(
            "{path} could not be read to its end, so names of people in free texts are not all known; e-mail addresses and fields that hold people are hashed all the same"
        ),
        remedy: format!("Give the key {scope}, or wait until the list can be read, and collect again."),
    }
}

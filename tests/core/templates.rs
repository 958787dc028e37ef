//! Every path that is called, as templates: `/v1/users/{}/groups`.
#![allow(dead_code, reason = "each test uses its part of it")]

use fivetran_source::account;
use fivetran_source::table::RESOURCES;

/// `/v1/users/{userId}/groups` as `/v1/users/{}/groups`.
pub fn template(operation: &str) -> String {
    let parts = operation.split('/').map(|part| if part.starts_with('{') { "{}" } else { part });
    parts.collect::<Vec<_>>().join("/")
}

/// Every path that is ever called, with the kind that it feeds first.
pub fn collected() -> Vec<(String, &'static str)> {
    let mut all = vec![(account::PATH.to_string(), "account")];
    for resource in RESOURCES {
        all.push((resource.path.to_string(), resource.feeds.first().unwrap().id));
        all.extend(resource.parts.iter().map(|part| (template(part.path), part.feeds.first().unwrap().id)));
    }
    all
}

/// The template of a request.
pub fn asked(request: &str) -> String {
    let path = request.split('?').next().unwrap();
    let fits = |template: &str| {
        let (ours, theirs): (Vec<_>, Vec<_>) = (template.split('/').collect(), path.split('/').collect());
        ours.len() == theirs.len() && ours.iter().zip(theirs).all(|(a, b)| *a == "{}" || *a == b)
    };
    let all = collected();
    let exact = all.iter().find(|(template, _)| template == path);
    let found = exact.or_else(|| all.iter().find(|(template, _)| fits(template))).map(|(template, _)| template.clone());
    // An item's own path is asked only to tell whether the item is gone.
    let mut own = RESOURCES.iter().map(|resource| template(resource.item_path));
    found.or_else(|| own.find(|template| fits(template))).unwrap()
}

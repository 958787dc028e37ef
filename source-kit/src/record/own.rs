//! The source's own credentials: should the vendor's answers repeat them, they do not leave all the same.

use super::secrets::WITHHELD;
use crate::base::canonical::to_canonical;
use crate::base::model::{Record, Withheld, WithheldReason};
use crate::base::urn::encoded;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// A shorter secret would be found in ordinary words; no vendor hands one out.
const SHORTEST: usize = 8;

/// A pair's secret in every form in which it may stand in a record.
#[must_use]
pub fn forms(username: &str, password: &str) -> Vec<String> {
    if password.len() < SHORTEST {
        return Vec::new();
    }
    let plain = [password.to_string(), STANDARD.encode(format!("{username}:{password}")), STANDARD.encode(password)];
    let in_json = |text: &String| to_canonical(text).trim_matches('"').to_string();
    let mut all: Vec<String> = plain.iter().flat_map(|text| [text.clone(), in_json(text), encoded(text)]).collect();
    all.sort();
    all.dedup();
    all
}

/// Puts `withheld` in their place, wherever they stand.
pub fn mask(record: &mut Record, forms: &[String]) {
    for form in forms {
        if record.content.contains(form) {
            // Of the whole record: where in it is no matter.
            record.withheld.push(Withheld { pointer: String::new(), reason: WithheldReason::Secret });
        }
        let withheld = record.withheld.iter_mut().map(|withheld| &mut withheld.pointer);
        let origins = record.provenance.iter_mut();
        let origins = origins.flat_map(|origin| core::iter::once(&mut origin.request).chain(&mut origin.request_id));
        let subject = core::iter::once(&mut record.subject.id).chain(&mut record.subject.name);
        let texts = [&mut record.id, &mut record.title, &mut record.content];
        for text in texts.into_iter().chain(subject).chain(origins).chain(withheld) {
            if text.contains(form) {
                *text = text.replace(form, WITHHELD);
            }
        }
    }
    record.withheld.sort();
    record.withheld.dedup();
}

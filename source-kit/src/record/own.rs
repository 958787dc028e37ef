//! The source's own credentials: should the vendor's answers repeat them, they do not leave all the same.

use super::redact::masked_sentence;
use super::secrets::WITHHELD;
use crate::base::canonical::to_canonical;
use crate::base::model::{Record, Withheld, WithheldReason};
use crate::base::urn::encoded;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

/// A shorter secret would be found in ordinary words; no vendor hands one out.
const SHORTEST: usize = 8;

/// A pair's secret in every form in which it may stand in a record.
#[must_use]
pub fn forms_of_pair(username: &str, password: &str) -> Vec<String> {
    if password.len() < SHORTEST {
        return Vec::new();
    }
    forms(&[password, &STANDARD.encode(format!("{username}:{password}")), &STANDARD.encode(password)])
}

/// Secrets in every form in which they may stand in a record.
#[must_use]
pub fn forms(secrets: &[&str]) -> Vec<String> {
    let plain = secrets.iter().filter(|secret| secret.len() >= SHORTEST).map(ToString::to_string);
    let in_json = |text: &String| to_canonical(text).trim_matches('"').to_string();
    let mut all: Vec<String> = plain.flat_map(|text| [in_json(&text), encoded(&text), text]).collect();
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
            mask_text(text, form);
        }
    }
    record.withheld.sort();
    record.withheld.dedup();
}

fn mask_text(text: &mut String, form: &str) {
    if text.contains(form) {
        *text = text.replace(form, WITHHELD);
    }
}

/// The text with `withheld` in their place.
#[must_use]
pub fn masked(mut text: String, forms: &[String]) -> String {
    forms.iter().for_each(|form| mask_text(&mut text, form));
    text
}

/// A name without them, and without what is a secret by its looks.
#[must_use]
pub fn without_secrets(text: String, forms: &[String]) -> String {
    masked_sentence(&masked(text, forms))
}

/// The same as [`masked`], in every text of a JSON value.
pub fn mask_all(value: &mut Value, forms: &[String]) {
    match value {
        Value::String(text) => *text = masked(core::mem::take(text), forms),
        Value::Array(items) => items.iter_mut().for_each(|item| mask_all(item, forms)),
        Value::Object(members) => members.values_mut().for_each(|member| mask_all(member, forms)),
        _ => {}
    }
}

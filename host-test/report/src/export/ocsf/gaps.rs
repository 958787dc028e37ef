//! Kinds that were not read whole: a compliance finding of status `Unknown` for each, so that a file without any record
//! of a kind is not taken for an account without any.

use super::event::{Class, event, unmapped};
use crate::export::Choice;
use crate::export::identifiers::uuid;
use serde_json::{Value, json};

/// Activity 1: a finding was created.
const CLASS: Class = Class { uid: 2003, activity: 1 };
const MEDIUM: u32 = 3;
/// The name of the check, and what the ids of its findings begin with.
const CHECK: &str = "read-whole";

/// An event for each of them.
pub fn events(choice: &Choice<'_>) -> Vec<Value> {
    choice.incomplete().map(|(kind, words)| gap(choice, kind, words)).collect()
}

fn gap(choice: &Choice<'_>, kind: &str, words: &str) -> Value {
    let title = format!("INCOMPLETE: not every record of {kind} was read");
    let own = json!({
        "finding_info": {
            "uid": uuid(&["finding", &choice.collection.account.0, CHECK, kind]),
            "title": title,
            "desc": "Where records are missing, nothing follows from there being none.",
        },
        "compliance": {
            "control": CHECK,
            "desc": "Every record of a kind was read.",
            "standards": [],
            "requirements": [],
            "status": "Unknown",
            "status_id": 0,
            "status_detail": words,
            "checks": [{"uid": CHECK, "name": format!("{kind} was read whole"), "status": "Unknown", "status_id": 0}],
        },
        "message": format!("{title}: {words}"),
        "unmapped": unmapped(choice, None),
    });
    event(choice, CLASS, &["finding", CHECK, kind], MEDIUM, &choice.collection.summary().updated_at, own)
}

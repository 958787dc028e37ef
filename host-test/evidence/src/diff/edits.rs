//! What differs between two contents, as JSON pointers (RFC 6901) with before and after.
//!
//! Objects are compared member by member; a list is one value, since its items have no names by
//! which to tell an edit from a shift.

use super::meaning::Meaning;
use super::pointer::child;
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeSet;

/// What a change is one of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// Use: nobody decided anything.
    Activity,
    /// It cannot be told from not having been read.
    Inconclusive,
    /// Anything else.
    Configuration,
}

/// One value that differs.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Edit {
    /// JSON pointer of the place that differs.
    pub pointer: String,
    /// What it was; absent when there was no such member.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<Value>,
    /// What it became; absent when there is no such member any more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<Value>,
    /// What kind of change it is.
    pub class: Class,
}

/// What the two contents are judged by.
#[derive(Clone, Copy, Debug)]
pub struct Ground<'g> {
    /// What the kind's fields mean.
    pub meaning: &'g Meaning,
    /// Whether the kind was read completely before, and after.
    pub complete: (bool, bool),
}

/// Every difference, in the order of the pointers' names.
pub fn edits(before: &Value, after: &Value, ground: &Ground<'_>) -> Vec<Edit> {
    let mut found = Vec::new();
    differ("", Some(before), Some(after), &mut found);
    let reading = &ground.meaning.reading;
    let read_alike = reading.iter().all(|pointer| before.pointer(pointer) == after.pointer(pointer));
    for edit in &mut found {
        edit.class = class(edit, ground, read_alike);
    }
    found
}

fn differ(pointer: &str, before: Option<&Value>, after: Option<&Value>, found: &mut Vec<Edit>) {
    match (before, after) {
        (Some(Value::Object(before)), Some(Value::Object(after))) => {
            let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
            for name in names {
                differ(&child(pointer, name), before.get(name), after.get(name), found);
            }
        }
        _ if before == after => {}
        _ => found.push(Edit {
            pointer: pointer.into(),
            before: before.cloned(),
            after: after.cloned(),
            class: Class::Configuration,
        }),
    }
}

fn class(edit: &Edit, ground: &Ground<'_>, read_alike: bool) -> Class {
    let Ground { meaning, complete } = ground;
    let marked = |marks: &[String]| marks.iter().any(|mark| is_at_or_below(&edit.pointer, mark));
    // Null says "none" where all was read, and else perhaps "not read".
    let unread = |value: &Option<Value>, complete: bool| *value == Some(Value::Null) && !(complete && read_alike);
    // What a source always tells is absent where the vendor did not tell it.
    let untold = |value: &Option<Value>| value.is_none() && meaning.told.contains(&edit.pointer);
    if untold(&edit.before) || untold(&edit.after) {
        return Class::Inconclusive;
    }
    if marked(&meaning.reading) || unread(&edit.before, complete.0) || unread(&edit.after, complete.1) {
        Class::Inconclusive
    } else if marked(&meaning.activity) {
        Class::Activity
    } else {
        Class::Configuration
    }
}

fn is_at_or_below(pointer: &str, ancestor: &str) -> bool {
    pointer.strip_prefix(ancestor).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn check(before: Value, after: Value, complete: (bool, bool), want: &[(&str, Class)]) {
        let meaning = Meaning {
            activity: vec!["/used_at".into(), "/status/sync".into()],
            reading: vec!["/details".into()],
            told: vec!["/role".into(), "/settings".into()],
            ..Meaning::default()
        };
        let found = edits(&before, &after, &Ground { meaning: &meaning, complete });
        let found: Vec<_> = found.iter().map(|edit| (edit.pointer.as_str(), edit.class)).collect();
        assert_eq!(found, want);
    }

    #[test]
    fn members_are_named_and_lists_are_one_value() {
        let before = json!({"a": {"x/y": 1, "z~": 1, "same": [1]}, "list": [1, 2], "was": 1});
        let after = json!({"a": {"x/y": 2, "z~": 2, "same": [1]}, "list": [2], "is": null});
        let all = ["/a/x~1y", "/a/z~0", "/is", "/list", "/was"].map(|pointer| (pointer, Class::Configuration));
        check(before, after, (true, true), &all);
    }

    #[test]
    fn use_is_told_from_configuration() {
        let before = json!({"used_at": 1, "used_at_all": 1, "status": {"sync": 1, "setup": 1}});
        let after = json!({"used_at": 2, "used_at_all": 2, "status": {"sync": 2, "setup": 2}});
        let want = [
            ("/status/setup", Class::Configuration),
            ("/status/sync", Class::Activity),
            ("/used_at", Class::Activity),
            ("/used_at_all", Class::Configuration),
        ];
        check(before, after, (true, true), &want);
    }

    #[test]
    fn what_was_not_read_is_not_taken_for_a_change() {
        let (full, bare) = (json!({"role": "r", "used_at": 1}), json!({"role": null, "used_at": null}));
        let sure = [("/role", Class::Configuration), ("/used_at", Class::Activity)];
        let unsure = [("/role", Class::Inconclusive), ("/used_at", Class::Inconclusive)];
        check(full.clone(), bare.clone(), (false, true), &sure);
        check(full.clone(), bare.clone(), (true, false), &unsure);
        check(bare.clone(), full.clone(), (false, true), &unsure);
        check(bare, full, (true, false), &sure);
        let (told, untold) = (json!({"role": "r", "settings": {"a": 1}}), json!({"settings": {}}));
        let want = [("/role", Class::Inconclusive), ("/settings/a", Class::Configuration)];
        check(told.clone(), untold.clone(), (true, true), &want);
        check(untold, told, (true, true), &want);
        let before = json!({"details": "read", "settings": {"host": "h"}, "name": "a"});
        let after = json!({"details": "gone", "settings": null, "name": "b"});
        let want =
            [("/details", Class::Inconclusive), ("/name", Class::Configuration), ("/settings", Class::Inconclusive)];
        check(before, after, (true, true), &want);
    }
}

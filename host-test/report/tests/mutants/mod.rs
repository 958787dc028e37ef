//! Rules with something changed, to see whether anybody notices.

use crate::support::records::merged;
use serde_json::{Value, json};

/// Every predicate that is this one with one clause less, a `null`, `never` or `happened` flipped or a number of days moved.
pub fn mutants(value: &Value) -> Vec<(String, Value)> {
    let mut all = Vec::new();
    match value {
        Value::Object(map) => {
            for (name, inner) in map {
                if name == "older_than_days" {
                    let days = inner.as_u64().unwrap();
                    for days in [Some(days + 1), days.checked_sub(1)].into_iter().flatten() {
                        all.push((format!("{days} days"), merged(value.clone(), &json!({name: days}))));
                    }
                }
                if ["null", "never", "happened"].contains(&name.as_str()) {
                    all.push((
                        format!("{name} flipped"),
                        merged(value.clone(), &json!({name: !inner.as_bool().unwrap()})),
                    ));
                }
                if name == "not" {
                    all.push(("not dropped".into(), inner.clone()));
                }
                if name == "related" && inner.get("when").is_some() {
                    let mut join = inner.clone();
                    join.as_object_mut().unwrap().remove("when");
                    all.push(("when dropped".into(), json!({"related": join})));
                }
                for (what, mutant) in mutants(inner) {
                    all.push((format!("{name}/{what}"), merged(value.clone(), &json!({name: mutant}))));
                }
            }
        }
        Value::Array(items) => {
            for at in 0..items.len() {
                if items.len() > 1 {
                    let mut less = items.clone();
                    let gone = less.remove(at);
                    if gone.is_object() {
                        all.push((format!("without {gone}"), json!(less)));
                    }
                }
                for (what, mutant) in mutants(&items[at]) {
                    let mut other = items.clone();
                    other[at] = mutant;
                    all.push((format!("{at}/{what}"), json!(other)));
                }
            }
        }
        _ => {}
    }
    all
}

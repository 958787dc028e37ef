//! Rules as they are written: every field named, none unknown, and errors that say where and what to write instead.

use super::outcome::{Rule, Weight};
use super::predicate::{Join, Predicate, Test};
use crate::controls::controls;
use serde_json::{Map, Value};

/// A century.
const MAX_DAYS: u32 = 36_500;

/// What is wrong with a rule.
pub(super) struct Bad {
    /// Where, e.g. `when/all/1/is`.
    pub field: String,
    pub what: String,
    pub remedy: String,
}

fn bad<T>(field: &str, what: impl Into<String>, remedy: impl Into<String>) -> Result<T, Bad> {
    Err(Bad { field: field.into(), what: what.into(), remedy: remedy.into() })
}

/// The fields of an object, each to be taken once.
struct Fields {
    map: Map<String, Value>,
    place: String,
}

impl Fields {
    fn of(value: Value, place: &str) -> Result<Self, Bad> {
        match value {
            Value::Object(map) => Ok(Self { map, place: place.into() }),
            other => bad(place, format!("{other} is no object"), "write {…}"),
        }
    }

    fn name(&self, field: &str) -> String {
        if self.place.is_empty() { field.into() } else { format!("{}/{field}", self.place) }
    }

    fn take(&mut self, field: &str) -> Result<Value, Bad> {
        self.map.remove(field).map_or_else(|| bad(&self.name(field), "is missing", "write it"), Ok)
    }

    fn text(&mut self, field: &str) -> Result<String, Bad> {
        match self.take(field)? {
            Value::String(text) if !text.trim().is_empty() => Ok(text),
            other => bad(&self.name(field), format!("{other} is no text"), "write a text in quotes"),
        }
    }

    /// A JSON pointer; empty for the value itself.
    fn pointer(&mut self, field: &str) -> Result<String, Bad> {
        match self.take(field)? {
            Value::String(text) if text.is_empty() || text.starts_with('/') => Ok(text),
            other => {
                bad(&self.name(field), format!("{other} is no JSON pointer"), "write it as \"/status/setup_state\"")
            }
        }
    }

    /// That nothing is left.
    fn end(self, known: &str) -> Result<(), Bad> {
        match self.map.keys().next() {
            None => Ok(()),
            Some(field) => bad(&self.name(field), "is not known", format!("remove it, or use one of {known}")),
        }
    }
}

/// Reads a rule.
pub(super) fn rule(value: Value) -> Result<Rule, Bad> {
    let mut fields = Fields::of(value, "")?;
    let id = fields.text("id")?;
    if !id.chars().all(|sign| matches!(sign, 'a'..='z' | '0'..='9' | '-')) {
        return bad("id", format!("`{id}` is not in kebab-case"), "use a-z, 0-9 and -");
    }
    let about = fields.map.remove("about").map(|about| predicate(about, "about")).transpose()?;
    let rule = Rule {
        is_own: false,
        id,
        title: fields.text("title")?,
        why: fields.text("why")?,
        refuted_by: fields.text("refuted_by")?,
        weight: weight(&fields.text("weight")?)?,
        kind: fields.text("kind")?,
        controls: list(fields.take("controls")?, "controls")?.into_iter().map(control).collect::<Result<_, _>>()?,
        about,
        when: predicate(fields.take("when")?, "when")?,
    };
    fields.end("id, title, why, refuted_by, weight, kind, controls, about, when")?;
    Ok(rule)
}

fn weight(text: &str) -> Result<Weight, Bad> {
    match text {
        "high" => Ok(Weight::High),
        "medium" => Ok(Weight::Medium),
        "low" => Ok(Weight::Low),
        other => bad("weight", format!("`{other}` is no weight"), "write high, medium or low"),
    }
}

fn control(value: Value) -> Result<String, Bad> {
    match value {
        Value::String(id) if controls().iter().any(|control| control.id == id) => Ok(id),
        other => bad("controls", format!("{other} is no control"), "write ids such as \"CC6.1\" or \"A.5.15\", or []"),
    }
}

fn list(value: Value, place: &str) -> Result<Vec<Value>, Bad> {
    match value {
        Value::Array(items) => Ok(items),
        other => bad(place, format!("{other} is no list"), "write […]"),
    }
}

/// A list that is not empty.
fn filled(value: Value, place: &str) -> Result<Vec<Value>, Bad> {
    let items = list(value, place)?;
    if items.is_empty() { bad(place, "is empty", "write at least one") } else { Ok(items) }
}

/// Reads a predicate: one of `all`, `any`, `not`, `related` alone, or `at` with one test.
fn predicate(value: Value, place: &str) -> Result<Predicate, Bad> {
    let mut fields = Fields::of(value, place)?;
    if fields.map.contains_key("at") {
        return test(fields);
    }
    let known = "all, any, not, related; or \"at\" with a test";
    let Some(name) = fields.map.keys().next().cloned() else {
        return bad(place, "asks nothing", format!("use one of {known}"));
    };
    let (value, place) = (fields.take(&name)?, fields.name(&name));
    let found = match name.as_str() {
        "all" => Predicate::All(predicates(value, &place)?),
        "any" => Predicate::Any(predicates(value, &place)?),
        "not" => Predicate::Not(Box::new(predicate(value, &place)?)),
        "related" => Predicate::Related(Box::new(join(value, &place)?)),
        _ => return bad(&place, "is not known", format!("use one of {known}")),
    };
    fields.end("these, alone")?;
    Ok(found)
}

fn predicates(value: Value, place: &str) -> Result<Vec<Predicate>, Bad> {
    filled(value, place)?
        .into_iter()
        .enumerate()
        .map(|(number, item)| predicate(item, &format!("{place}/{number}")))
        .collect()
}

fn join(value: Value, place: &str) -> Result<Join, Bad> {
    let mut fields = Fields::of(value, place)?;
    let when = fields.map.remove("when").map(|when| predicate(when, &fields.name("when"))).transpose()?;
    let join = Join { kind: fields.text("kind")?, at: fields.pointer("at")?, equals: fields.pointer("equals")?, when };
    fields.end("kind, at, equals, when")?;
    Ok(join)
}

fn test(mut fields: Fields) -> Result<Predicate, Bad> {
    const KNOWN: &str = "is, in, null, never, happened, older_than_days, later_than, some, below_newest";
    let at = fields.pointer("at")?;
    let Some(name) = fields.map.keys().next().cloned() else {
        return bad(&fields.place, "asks nothing of the value", format!("add one of {KNOWN}"));
    };
    let place = fields.name(&name);
    let test = match name.as_str() {
        "later_than" => Test::LaterThan(fields.pointer(&name)?),
        "is" => Test::In(vec![literal(fields.take(&name)?, &place)?]),
        "in" => {
            let options = filled(fields.take(&name)?, &place)?;
            Test::In(options.into_iter().map(|option| literal(option, &place)).collect::<Result<_, _>>()?)
        }
        "null" => Test::Null(truth(&fields.take(&name)?, &place)?),
        "never" => Test::Never(truth(&fields.take(&name)?, &place)?),
        "happened" => Test::Happened(truth(&fields.take(&name)?, &place)?),
        "older_than_days" => Test::OlderThanDays(days(&fields.take(&name)?, &place)?),
        "some" => Test::Some(Box::new(predicate(fields.take(&name)?, &place)?)),
        "below_newest" => match fields.take(&name)? {
            Value::Bool(true) => Test::BelowNewest,
            other => return bad(&place, format!("{other} is not true"), "write true, or remove it"),
        },
        _ => return bad(&place, "is not known", format!("use one of {KNOWN}")),
    };
    fields.end("these, one at a time")?;
    Ok(Predicate::At(at, test))
}

fn literal(value: Value, place: &str) -> Result<Value, Bad> {
    if value.is_string() || value.is_boolean() || value.is_number() {
        return Ok(value);
    }
    if let Some(name) = value.get("list") {
        return bad(place, format!("there is no list {name}"), "write it under `lists` of the same file");
    }
    bad(place, format!("{value} is no text, number or truth value"), "ask for null with \"null\": true")
}

fn truth(value: &Value, place: &str) -> Result<bool, Bad> {
    value.as_bool().map_or_else(|| bad(place, format!("{value} is not true or false"), "write true or false"), Ok)
}

fn days(value: &Value, place: &str) -> Result<u32, Bad> {
    let wanted = "a whole number of days";
    let Some(days) = value.as_u64() else {
        return bad(place, format!("{value} is not {wanted}"), format!("write {wanted}"));
    };
    match u32::try_from(days) {
        Ok(days) if days <= MAX_DAYS => Ok(days),
        _ => bad(place, format!("{value} days are more than a century"), format!("write {MAX_DAYS} at most")),
    }
}

//! The rules: those of this project, and a user's own.

use super::facts::Facts;
use super::fit;
use super::form::{self, Bad};
use super::outcome::{Outcome, Rule};
use super::own::Own;
use super::predicate::Predicate;
use super::truth::Truth;
use super::unique::Unique;
use super::value::Scope;
use crate::collection::Collection;
use serde::Deserialize;
use serde_json::{Map, Value};
use source_evidence::{Error, Result};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// Rules, in the order in which they were written.
#[derive(Clone, Debug, Default)]
pub struct Rules {
    rules: Vec<Rule>,
    own: Vec<Own>,
}

/// A file of rules.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    /// Values by the name of their list, for `{"list": NAME}` where a rule of this file says `in`.
    #[serde(default)]
    lists: BTreeMap<String, Vec<Value>>,
    /// Rules that are added, or take the place of one of the same id.
    #[serde(default)]
    rules: Vec<Value>,
    /// Ids of rules to leave out.
    #[serde(default)]
    disable: Vec<String>,
}

impl Rules {
    /// The rules of this project. A test reads each of them.
    #[must_use]
    pub fn built_in() -> Self {
        let text = include_str!("../../data/rules.json");
        Self::default().with(text, Path::new("rules.json"), false).unwrap_or_default()
    }

    /// These, and those of a user's own file, which may replace or disable one of the same id. It has the form of
    /// `data/rules.json`, and may list ids to leave out under `disable`.
    ///
    /// # Errors
    /// When the file cannot be read, or something in it is no rule: the error names the rule and the field.
    pub fn extended(self, path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path).map_err(Error::file("read", path))?;
        let before: BTreeSet<String> = self.rules.iter().map(|rule| rule.id.clone()).collect();
        let mut rules = self.with(&text, path, true)?;
        rules.own.push(Own::of(path, &text, &before, &rules.rules));
        Ok(rules)
    }

    /// What a user's own files have changed, in a sentence for each: what a reader has to know before any finding.
    pub fn changed(&self) -> impl Iterator<Item = String> {
        self.own.iter().map(Own::words)
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &Rule> {
        self.rules.iter()
    }

    fn with(mut self, text: &str, path: &Path, is_own: bool) -> Result<Self> {
        let usage = |what: String, remedy: String| Error::Usage { what: format!("{}: {what}", path.display()), remedy };
        let form = "write {\"rules\": […], \"disable\": […], \"lists\": {…}}";
        let no_file = |error: serde_json::Error| usage(format!("no file of rules: {error}"), form.into());
        let Unique(value) = serde_json::from_str(text).map_err(no_file)?;
        // A list would do for the fields of a `File` in their order.
        let map: Map<String, Value> = serde_json::from_value(value).map_err(no_file)?;
        let file: File = serde_json::from_value(map.into()).map_err(no_file)?;
        for id in &file.disable {
            if !self.rules.iter().any(|rule| rule.id == *id) {
                let known: Vec<&str> = self.rules.iter().map(|rule| rule.id.as_str()).collect();
                let remedy = format!("use one of {}", known.join(", "));
                return Err(usage(format!("rule `{id}`, field `disable`: there is no such rule"), remedy));
            }
        }
        self.rules.retain(|rule| !file.disable.contains(&rule.id));
        let mut ids = BTreeSet::new();
        for (number, mut value) in (1..).zip(file.rules) {
            splice(&mut value, &file.lists);
            let name =
                value.get("id").and_then(Value::as_str).map_or(format!("number {number}"), |id| format!("`{id}`"));
            let wrong = |Bad { field, what, remedy }| usage(format!("rule {name}, field `{field}`: {what}"), remedy);
            let rule = Rule { is_own, ..form::rule(value).map_err(wrong)? };
            if file.disable.contains(&rule.id) {
                let what = format!("rule {name}, field `disable`: it is also under `rules`");
                return Err(usage(what, "write it in one of the two".into()));
            }
            if !ids.insert(rule.id.clone()) {
                return Err(usage(format!("rule {name}, field `id`: comes twice"), "remove one of the two".into()));
            }
            match self.rules.iter_mut().find(|known| known.id == rule.id) {
                Some(known) => *known = rule,
                None => self.rules.push(rule),
            }
        }
        Ok(self)
    }

    /// What comes of each rule, by weight, then in the order of the file.
    ///
    /// # Errors
    /// When a rule is about a kind that neither a source of ours nor the collection has.
    pub fn judge<'c>(&'c self, collection: &'c Collection) -> Result<Vec<Outcome<'c>>> {
        self.rules.iter().try_for_each(|rule| fit::check(rule, collection))?;
        let facts = Facts::of(collection);
        let mut outcomes: Vec<Outcome<'c>> = self.rules.iter().map(|rule| judge(rule, &facts)).collect();
        outcomes.sort_by_key(|outcome| outcome.rule.weight);
        Ok(outcomes)
    }
}

/// Puts the values of a list in the place of its name, wherever a rule says `in`. A name that there is not stays, and is
/// refused as no value.
fn splice(value: &mut Value, lists: &BTreeMap<String, Vec<Value>>) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| splice(item, lists)),
        Value::Object(fields) => {
            if let Some(Value::Array(options)) = fields.get_mut("in") {
                let named = |option: &Value| lists.get(option.get("list")?.as_str()?).cloned();
                let options_now = std::mem::take(options).into_iter();
                *options = options_now.flat_map(|option| named(&option).unwrap_or_else(|| vec![option])).collect();
            }
            fields.values_mut().for_each(|field| splice(field, lists));
        }
        _ => {}
    }
}

fn judge<'c>(rule: &'c Rule, facts: &Facts<'c>) -> Outcome<'c> {
    let asked = rule.about.iter().chain([&rule.when]);
    let kinds: BTreeSet<&str> = std::iter::once(rule.kind.as_str()).chain(asked.flat_map(Predicate::kinds)).collect();
    let gaps = kinds.iter().filter_map(|kind| facts.gap(kind)).collect();
    let odd: BTreeSet<&str> = kinds.iter().filter_map(|kind| facts.odd.get(kind)).flatten().copied().collect();
    let odd = odd.into_iter().map(String::from).collect();
    let doubts = if rule.is_own { fit::doubts(rule, facts.collection) } else { Vec::new() };
    let mut outcome =
        Outcome { rule, found: Vec::new(), unknown: Vec::new(), not_matched: 0, not_applicable: 0, gaps, odd, doubts };
    for record in facts.collection.of_kind(&rule.kind) {
        let scope = Scope::of(record);
        let about = rule.about.as_ref().map_or(Truth::True, |about| about.of(&scope, facts));
        if about == Truth::False {
            outcome.not_applicable += 1;
            continue;
        }
        match about.and(|| rule.when.of(&scope, facts)) {
            Truth::True => outcome.found.push(record),
            Truth::False => outcome.not_matched += 1,
            Truth::Unknown(why) => outcome.unknown.push((record, why)),
        }
    }
    outcome
}

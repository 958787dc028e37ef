//! What things are called: the names that other records of the same collection tell for an id.

use crate::record::Record;
use source_evidence::{Result, records};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// Names of things, by their type and id.
#[derive(Debug, Default)]
pub struct Names {
    by_type: BTreeMap<(&'static str, String), String>,
    /// Things of which there is a record, with a name or without.
    known: BTreeSet<(&'static str, String)>,
    /// How many things of a type have a name.
    bearers: BTreeMap<(&'static str, String), usize>,
}

/// The kinds whose records are things, with the word that other records use for their type, and the place of the name
/// in their content.
const THINGS: [(&str, &str, &str); 9] = [
    ("account", "account", "/account_name"),
    ("user", "user", ""),
    ("team", "team", "/name"),
    ("group", "group", "/name"),
    ("connection", "connection", "/schema"),
    ("system_key", "system_key", "/name"),
    ("proxy_agent", "proxy_agent", "/display_name"),
    ("hybrid_deployment_agent", "hybrid_deployment_agent", "/display_name"),
    ("private_link", "private_link", "/name"),
];

impl Names {
    /// The names in these records.
    #[must_use]
    pub fn of(records: &[Record]) -> Self {
        let mut names = Self::default();
        records.iter().for_each(|record| names.learn(record));
        names
    }

    /// The names in a folder's evidence, which is read for nothing else.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn read(folder: &Path) -> Result<Self> {
        let mut names = Self::default();
        records::each(folder, &mut |line, record| {
            let named = record.filter(|record| THINGS.iter().any(|(kind, _, _)| *kind == record.kind));
            named.into_iter().for_each(|record| names.learn(&Record::of(line, record)));
            Ok(())
        })?;
        Ok(names)
    }

    fn learn(&mut self, record: &Record) {
        let Some((_, word, place)) = THINGS.iter().find(|(kind, _, _)| *kind == record.kind) else { return };
        self.known.insert((word, record.subject.id.clone()));
        let told = if *word == "user" {
            record.subject.name.as_deref().or_else(|| record.text("/email"))
        } else {
            record.text(place)
        };
        let Some(name) = told.filter(|name| !name.is_empty()) else { return };
        if self.by_type.insert((word, record.subject.id.clone()), name.into()).is_none() {
            *self.bearers.entry((word, name.into())).or_default() += 1;
        }
    }

    /// The name of a thing. A destination is called as its group, whose id it has.
    #[must_use]
    pub fn get(&self, kind: &str, id: &str) -> Option<&str> {
        self.by_type.get(&(type_of(kind)?, id.into())).map(String::as_str)
    }

    /// Whether there is a record of a thing.
    #[must_use]
    pub fn knows(&self, kind: &str, id: &str) -> bool {
        type_of(kind).is_some_and(|word| self.known.contains(&(word, id.into())))
    }

    /// The name of a thing, with the id behind it where several things of the type are called so.
    #[must_use]
    pub fn called(&self, kind: &str, id: &str) -> Option<String> {
        let name = self.get(kind, id)?;
        let bearers = self.bearers.get(&(type_of(kind)?, name.into()));
        Some(if bearers.is_some_and(|bearers| *bearers > 1) { self.shown(kind, id) } else { name.into() })
    }

    /// The name with the id behind it, or the id alone where no name is known.
    #[must_use]
    pub fn shown(&self, kind: &str, id: &str) -> String {
        self.get(kind, id).map_or_else(|| id.into(), |name| format!("{name} ({id})"))
    }

    /// A title with names in place of the ids that follow the word for their type, as in `user jovial_pebble_0`. A
    /// name that several things of the type have keeps its id.
    #[must_use]
    pub fn readable(&self, title: &str) -> String {
        Self::replaced(title, |kind, id| self.called(kind, id))
    }

    /// The same with the id behind each name: for a reader who will look for it elsewhere.
    #[must_use]
    pub fn readable_with_ids(&self, title: &str) -> String {
        Self::replaced(title, |kind, id| self.get(kind, id).map(|_| self.shown(kind, id)))
    }

    fn replaced(title: &str, name: impl Fn(&str, &str) -> Option<String>) -> String {
        let mut out: Vec<String> = Vec::new();
        let mut before: [String; 2] = Default::default();
        for word in title.split(' ') {
            let id = word.trim_end_matches([':', ',']);
            let end = word.strip_prefix(id).unwrap_or_default();
            let [one, two] = &before;
            let types = [two.clone(), format!("{one}_{two}")];
            let known = types.iter().find_map(|kind| name(kind, id));
            out.push(known.map_or_else(|| word.into(), |name| name + end));
            let [_, last] = before;
            before = [last, word.into()];
        }
        out.join(" ")
    }
}

/// The word for a type under which its names are kept.
fn type_of(kind: &str) -> Option<&'static str> {
    let kind = kind.to_ascii_lowercase();
    let word = if kind == "destination" { "group" } else { &kind };
    THINGS.iter().map(|(_, known, _)| *known).find(|known| *known == word)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(kind: &str, id: &str, content: &str) -> Record {
        let text = format!(
            r#"{{"id":"urn:fivetran:a:{kind}:{id}","kind":"{kind}","schema_version":1,"title":"","subject":{{"type":"{kind}","id":"{id}","name":null}},"observed_at":"","effective_at":null,"content":{content},"digest":"","provenance":[],"withheld":[],"valid_until":""}}"#
        );
        Record::of(1, source_evidence::record::Record::read(&text).unwrap())
    }

    #[test]
    fn a_title_has_names_where_ids_stood_and_keeps_the_ids_that_a_name_does_not_tell_apart() {
        let names = Names::of(&[
            record("user", "one", r#"{"email":"greta@example.org"}"#),
            record("group", "two", r#"{"name":"Finance"}"#),
            record("team", "three", r#"{"name":"Growth"}"#),
            record("team", "four", r#"{"name":"Growth"}"#),
            record("system_key", "five", r#"{"name":"nightly"}"#),
        ]);
        for (title, want) in [
            ("User one holds Reviewer on group two", "User greta@example.org holds Reviewer on group Finance"),
            ("SSH key is trusted for destination two: yes", "SSH key is trusted for destination Finance: yes"),
            ("Team three: no role", "Team Growth (three): no role"),
            ("System key five: never expires", "System key nightly: never expires"),
            // The id of another type, no id, and nothing that says of what it is the id.
            ("User two holds one", "User two holds one"),
            ("User six, two  spaces", "User six, two  spaces"),
            ("", ""),
        ] {
            assert_eq!(names.readable(title), want);
        }
        for (title, want) in [
            (
                "User one holds Reviewer on group two",
                "User greta@example.org (one) holds Reviewer on group Finance (two)",
            ),
            ("Team three: no role", "Team Growth (three): no role"),
            ("User six, two  spaces", "User six, two  spaces"),
        ] {
            assert_eq!(names.readable_with_ids(title), want);
        }
    }
}

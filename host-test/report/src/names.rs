//! What things are called: the names that other records of the same collection tell for an id.

use crate::record::Record;
use std::collections::BTreeMap;

/// Names of things, by their type and id.
#[derive(Debug, Default)]
pub struct Names {
    by_type: BTreeMap<(&'static str, String), String>,
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
        for record in records {
            let Some((_, word, place)) = THINGS.iter().find(|(kind, _, _)| *kind == record.kind) else { continue };
            let told = if *word == "user" {
                record.subject.name.as_deref().or_else(|| record.text("/email"))
            } else {
                record.text(place)
            };
            if let Some(name) = told.filter(|name| !name.is_empty()) {
                names.by_type.insert((word, record.subject.id.clone()), name.into());
            }
        }
        names
    }

    /// The name of a thing. A destination is called as its group, whose id it has.
    #[must_use]
    pub fn get(&self, kind: &str, id: &str) -> Option<&str> {
        let kind = kind.to_ascii_lowercase();
        let word = if kind == "destination" { "group" } else { &kind };
        let word = THINGS.iter().map(|(_, known, _)| *known).find(|known| *known == word)?;
        self.by_type.get(&(word, id.into())).map(String::as_str)
    }

    /// The name with the id behind it, or the id alone where no name is known.
    #[must_use]
    pub fn shown(&self, kind: &str, id: &str) -> String {
        self.get(kind, id).map_or_else(|| id.into(), |name| format!("{name} ({id})"))
    }
}

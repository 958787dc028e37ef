//! What goes wrong, in words: for the command line.

use super::spec::{AccountRows, Change, Meanwhile, Trail};
use super::table::Table;
use std::str::FromStr;

/// Something that is wrong with a trail, or its size, by one word: see [`Knob::from_str`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Knob {
    word: &'static str,
    number: usize,
    after: usize,
    name: String,
}

/// What a word takes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Takes {
    Nothing,
    Number,
    /// A number, and the requests before it happens: `added=100@5`.
    NumberAfter,
    Name,
}

const WORDS: &[(&str, Takes)] = &[
    ("pending", Takes::Number),
    ("endless", Takes::Nothing),
    ("lost", Takes::Number),
    ("expires", Takes::Number),
    ("no-table", Takes::Name),
    ("no-permission", Takes::Name),
    ("no-column", Takes::Name),
    ("resynced", Takes::NumberAfter),
    ("added", Takes::NumberAfter),
    ("added-late", Takes::NumberAfter),
    ("deleted", Takes::NumberAfter),
    ("other-account", Takes::Nothing),
    ("two-accounts", Takes::Nothing),
    ("no-account", Takes::Nothing),
    ("text", Takes::Nothing),
    ("gzip", Takes::Nothing),
    ("partition", Takes::Number),
    ("burst", Takes::Number),
    ("hours", Takes::Number),
    ("days", Takes::Number),
    ("logs", Takes::Number),
    ("plants", Takes::Number),
];

fn table(name: &str) -> Option<Table> {
    Table::ALL.into_iter().find(|table| table.name() == name)
}

impl FromStr for Knob {
    type Err = String;

    /// `WORD`, `WORD=NUMBER`, `WORD=NUMBER@REQUESTS` or `WORD=NAME`.
    fn from_str(text: &str) -> Result<Self, String> {
        let (word, value) = text.split_once('=').unwrap_or((text, ""));
        let Some((word, takes)) = WORDS.iter().find(|(known, _)| *known == word) else {
            let known: Vec<&str> = WORDS.iter().map(|(word, _)| *word).collect();
            return Err(format!("there is no {word:?} for a trail; known are {}", known.join(", ")));
        };
        let number = |text: &str| text.parse().map_err(|_| format!("{word}: {text:?} is no number"));
        let mut knob = Self { word, number: 0, after: 0, name: value.into() };
        match takes {
            Takes::Nothing if value.is_empty() => {}
            Takes::Nothing => return Err(format!("{word} takes no value")),
            Takes::Number => knob.number = number(value)?,
            Takes::NumberAfter => {
                let (count, after) = value.split_once('@').unwrap_or((value, "3"));
                (knob.number, knob.after) = (number(count)?, number(after)?);
            }
            Takes::Name if word.ends_with("column") && !value.is_empty() => {}
            Takes::Name if table(value).is_some() => {}
            Takes::Name => {
                return Err(format!("{word}: write the name of a table (account, audit_trail, log) or column"));
            }
        }
        Ok(knob)
    }
}

impl Knob {
    /// Makes a trail like this.
    pub fn turn(&self, trail: &mut Trail) {
        let Self { word, number, after, name } = self;
        let small = u32::try_from(*number).unwrap_or(u32::MAX);
        let mut meanwhile = |change| trail.meanwhile = Some(Meanwhile { after: *after, change });
        match *word {
            "pending" => trail.pending = *number,
            "endless" => trail.pending = usize::MAX,
            "lost" => trail.lost_from = Some(*number),
            "expires" => trail.expires_after = Some(*number),
            "no-table" => trail.no_table.extend(table(name)),
            "no-permission" => trail.no_permission.extend(table(name)),
            "no-column" => trail.no_column.push(name.clone()),
            "resynced" => meanwhile(Change::Resynced(*number)),
            "added" => meanwhile(Change::Added(*number)),
            "added-late" => meanwhile(Change::AddedLate(*number)),
            "deleted" => meanwhile(Change::Deleted(*number)),
            "other-account" => trail.account_rows = AccountRows::Other,
            "two-accounts" => trail.account_rows = AccountRows::Two,
            "no-account" => trail.account_rows = AccountRows::None,
            "text" => trail.json_values = false,
            "gzip" => trail.gzip_partitions = true,
            "partition" => trail.partition_rows = *number,
            "burst" => trail.burst = *number,
            "hours" => trail.sync_hours = small,
            "days" => trail.window_days = small,
            "logs" => trail.logs = *number,
            _ => trail.plants = *number,
        }
    }
}

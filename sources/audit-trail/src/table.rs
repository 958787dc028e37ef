//! The tables that the Platform Connector writes, and their columns.

use alloc::string::String;
use alloc::vec::Vec;

/// A table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Table {
    /// One row: whose tables these are.
    Account,
    /// The audit trail.
    AuditTrail,
    /// Every log event; user actions on connections are among them.
    Log,
}

impl Table {
    /// Its name, in lower case.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Account => "account",
            Self::AuditTrail => "audit_trail",
            Self::Log => "log",
        }
    }

    /// The columns that are read, in the order of a row.
    #[must_use]
    pub fn columns(self) -> &'static [&'static str] {
        match self {
            Self::Account => &["id", "name"],
            Self::AuditTrail => &[
                "id",
                "captured_at",
                "user_id",
                "action",
                "interaction_method",
                "primary_resource_type",
                "primary_resource_id",
                "secondary_resource_type",
                "secondary_resource_id",
                "old_values",
                "new_values",
                SYNCED,
            ],
            Self::Log => &["id", "time_stamp", "connection_id", "event", "message_event", MESSAGE_DATA, SYNCED],
        }
    }

    /// The instant of a row.
    #[must_use]
    pub fn instant(self) -> &'static str {
        self.columns().get(AT).copied().unwrap_or_default()
    }

    /// Columns without which the table cannot be read.
    fn needed(self) -> &'static [&'static str] {
        match self {
            Self::Account => &["id"],
            Self::AuditTrail => &["id", "captured_at", SYNCED],
            Self::Log => &["id", "time_stamp", MESSAGE_DATA, SYNCED],
        }
    }
}

/// What a log event says, as JSON.
pub const MESSAGE_DATA: &str = "message_data";
/// The word without which a log event is no user action.
pub const ACTOR: &str = "actor";
/// When Fivetran wrote a row.
pub const SYNCED: &str = "_fivetran_synced";
/// Place of the instant in a row.
pub const AT: usize = 1;

/// The columns that a table was found to have, of those that are read: in the order of the table, and whether
/// their type is JSON.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Columns {
    found: Vec<(u8, bool)>,
}

impl Columns {
    /// From names and types. Names of other columns are left out.
    ///
    /// # Errors
    /// What is short, in words.
    pub fn of(table: Table, columns: &[(String, String)]) -> Result<Self, &'static str> {
        let mut found: Vec<(u8, bool)> = Vec::new();
        for (name, kind) in columns {
            let known = (0u8..).zip(table.columns()).find(|(_, known)| name.eq_ignore_ascii_case(known));
            if let Some((number, _)) = known.filter(|(number, _)| found.iter().all(|(other, _)| other != number)) {
                found.push((number, kind.eq_ignore_ascii_case("json")));
            }
        }
        let columns = Self { found };
        let is_there = |name: &&&str| columns.has(table, name);
        match table.needed().iter().find(|name| !is_there(name)) {
            None => Ok(columns),
            Some(&"id") => Err("the table has no column id"),
            Some(&MESSAGE_DATA) => Err("the table has no column message_data"),
            Some(&SYNCED) => Err("the table has no column _fivetran_synced"),
            Some(_) => Err("the table has no column that says when something happened"),
        }
    }

    /// Whether a column is there.
    #[must_use]
    pub fn has(&self, table: Table, name: &str) -> bool {
        self.names(table).any(|known| known == name)
    }

    /// Whether a column is there, and of type JSON.
    #[must_use]
    pub fn is_json(&self, table: Table, name: &str) -> bool {
        let number = (0u8..).zip(table.columns()).find(|(_, known)| **known == name).map(|(number, _)| number);
        self.found.iter().any(|(found, is_json)| Some(*found) == number && *is_json)
    }

    /// Names, in the order of the table.
    pub fn names(&self, table: Table) -> impl Iterator<Item = &'static str> {
        self.places().filter_map(move |place| table.columns().get(place).copied())
    }

    /// For each column in the order of the table, its place in a row.
    pub fn places(&self) -> impl Iterator<Item = usize> {
        self.found.iter().map(|(number, _)| usize::from(*number))
    }

    /// One letter for each: a capital one for JSON.
    #[must_use]
    pub fn to_letters(&self) -> String {
        let letter = |(number, is_json): &(u8, bool)| char::from(if *is_json { b'A' } else { b'a' } + number);
        self.found.iter().map(letter).collect()
    }

    /// Reads what [`Self::to_letters`] wrote. `None` for anything else.
    #[must_use]
    pub fn from_letters(table: Table, letters: &str) -> Option<Self> {
        let mut found: Vec<(u8, bool)> = Vec::new();
        for letter in letters.bytes() {
            let number = letter.to_ascii_lowercase().checked_sub(b'a')?;
            let is_new = found.iter().all(|(other, _)| *other != number);
            if usize::from(number) >= table.columns().len() || !is_new {
                return None;
            }
            found.push((number, letter.is_ascii_uppercase()));
        }
        Some(Self { found })
    }
}

//! The three tables: their columns, and the cells of a row.

/// A table of the Platform Connector.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Table {
    /// `account`.
    Account,
    /// `audit_trail`.
    AuditTrail,
    /// `log`.
    Log,
}

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Type {
    /// Text.
    Text,
    /// An instant.
    Instant,
    /// JSON, in a column of that type or of text.
    Json,
}

/// Name and type of a column.
pub type Column = (&'static str, Type);

/// What stands in a row: null, a text, or an instant in microseconds since 1970.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cell {
    /// Nothing.
    Null,
    /// Text, or JSON as text.
    Text(String),
    /// Microseconds since 1970.
    Instant(i64),
}

impl Cell {
    /// As statements ask for it: everything is text, instants are microseconds.
    pub fn text(self) -> Option<String> {
        match self {
            Self::Null => None,
            Self::Text(text) => Some(text),
            Self::Instant(micros) => Some(micros.to_string()),
        }
    }
}

impl<T: Into<String>> From<Option<T>> for Cell {
    fn from(text: Option<T>) -> Self {
        text.map_or(Self::Null, |text| Self::Text(text.into()))
    }
}

const ACCOUNT: &[Column] = &[
    ("id", Type::Text),
    ("country", Type::Text),
    ("created_at", Type::Instant),
    ("name", Type::Text),
    ("status", Type::Text),
    ("_fivetran_synced", Type::Instant),
];

const AUDIT_TRAIL: &[Column] = &[
    ("id", Type::Text),
    ("captured_at", Type::Instant),
    ("user_id", Type::Text),
    ("action", Type::Text),
    ("interaction_method", Type::Text),
    ("primary_resource_type", Type::Text),
    ("primary_resource_id", Type::Text),
    ("secondary_resource_type", Type::Text),
    ("secondary_resource_id", Type::Text),
    ("old_values", Type::Json),
    ("new_values", Type::Json),
    ("_fivetran_synced", Type::Instant),
];

const LOG: &[Column] = &[
    ("id", Type::Text),
    ("time_stamp", Type::Instant),
    ("connection_id", Type::Text),
    ("event", Type::Text),
    ("message_event", Type::Text),
    ("message_data", Type::Json),
    ("_fivetran_synced", Type::Instant),
    ("sync_id", Type::Text),
];

/// How many columns of AUDIT_TRAIL are read.
const AUDIT_TRAIL_READ: usize = 12;
/// The same for LOG, which has a column that nobody reads.
const LOG_READ: usize = 7;

impl Table {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Account, Self::AuditTrail, Self::Log];

    /// Its name in lower case.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Account => "account",
            Self::AuditTrail => "audit_trail",
            Self::Log => "log",
        }
    }

    /// All columns that Fivetran documents for it.
    pub fn columns(self) -> &'static [Column] {
        match self {
            Self::Account => ACCOUNT,
            Self::AuditTrail => AUDIT_TRAIL,
            Self::Log => LOG,
        }
    }

    /// The columns that the statement for rows names, in that order.
    pub fn read(self) -> &'static [Column] {
        let most = match self {
            Self::Account => 0,
            Self::AuditTrail => AUDIT_TRAIL_READ,
            Self::Log => LOG_READ,
        };
        self.columns().get(..most).unwrap_or_default()
    }

    /// The column that says when.
    pub fn instant(self) -> &'static str {
        if self == Self::Log { "time_stamp" } else { "captured_at" }
    }

    /// Positions of the columns that are there, when these are not.
    pub fn present(self, no_column: &[String]) -> Vec<usize> {
        let there = |name: &str| !no_column.iter().any(|missing| missing == name);
        let columns = self.columns().iter().enumerate();
        columns.filter(|(_, (name, _))| there(name)).map(|(at, _)| at).collect()
    }
}

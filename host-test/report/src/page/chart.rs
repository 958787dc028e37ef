//! A picture: bars, each of which picks its rows in the table below.

/// Bars of one column of a table.
pub(super) struct Chart {
    pub title: &'static str,
    /// Id of the table.
    pub table: &'static str,
    /// Name of its column.
    pub column: String,
    pub bars: Vec<Bar>,
    /// What is not drawn; empty where all is.
    pub more: String,
}

/// How many rows have a value.
pub(super) struct Bar {
    pub label: String,
    pub value: String,
    pub count: u64,
    /// Percent of the longest bar.
    pub width: u64,
}

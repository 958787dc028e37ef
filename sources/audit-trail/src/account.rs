//! Whose tables they are: the one row of the table ACCOUNT.

use crate::ask::{Cell, Rows};
use alloc::string::String;

/// Whose tables they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Whose {
    /// Those of the account with this id, and this name.
    Of(String, Option<String>),
    /// It cannot be told; why, in words.
    Unclear(&'static str),
}

/// Why it cannot be told.
pub const NO_ROW: &str = "the table ACCOUNT has no row";
/// See above.
pub const NO_ID: &str = "the row of the table ACCOUNT has no id";
/// See above.
pub const MANY_ROWS: &str = "the table ACCOUNT has more than one row";

/// Reads the answer to the first request.
#[must_use]
pub fn whose(rows: &Rows<'_>) -> Whose {
    let text = |cell: Option<&Cell<'_>>| cell.and_then(Option::as_deref).map(String::from);
    match rows.rows.as_slice() {
        [] => Whose::Unclear(NO_ROW),
        [row] => match text(row.first()) {
            Some(id) => Whose::Of(id, text(row.get(1))),
            None => Whose::Unclear(NO_ID),
        },
        _ => Whose::Unclear(MANY_ROWS),
    }
}

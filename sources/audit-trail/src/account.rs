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

/// Reads the answer to the first request.
#[must_use]
pub fn whose(rows: &Rows<'_>) -> Whose {
    let text = |cell: Option<&Cell<'_>>| cell.and_then(Option::as_deref).map(String::from);
    match rows.rows.as_slice() {
        [] => Whose::Unclear("the table ACCOUNT has no row"),
        [row] => match text(row.first()) {
            Some(id) => Whose::Of(id, text(row.get(1))),
            None => Whose::Unclear("the row of the table ACCOUNT has no id"),
        },
        _ => Whose::Unclear("the table ACCOUNT has more than one row"),
    }
}

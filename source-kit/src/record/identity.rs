//! Whose account it is, and under whose authority it is read.

use alloc::string::String;
use serde::{Deserialize, Serialize};

/// What a collection has to remember of the answer that named the account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// The account's id.
    pub account: String,
    /// The account's name.
    pub name: Option<String>,
    /// The user whose key is used.
    pub user: Option<String>,
    /// The key of the account that is used, where keys need not belong to a user.
    pub system_key: Option<String>,
}

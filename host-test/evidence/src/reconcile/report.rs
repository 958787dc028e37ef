//! What a reconciliation came to.

use serde::Serialize;

/// Two collections, compared.
#[derive(Debug, Serialize)]
pub struct Reconciliation {
    /// The account that both are of.
    pub account_id: String,
    /// What follows from all of it.
    pub verdict: Verdict,
    /// The first and the last entry of the trail's table: RFC 3339. Null where it is empty.
    pub window: Option<(String, String)>,
    /// The last sync that the trail is known to have: RFC 3339. Null where nothing says.
    pub synced: Option<String>,
    /// How far a stamp and its entry may lie apart.
    pub tolerance_seconds: u64,
    /// Each creation stamp of the account meets an entry.
    pub stamps: Check,
    /// What was last deleted in the trail is not in the account.
    pub deletions: Check,
    /// What was last created in the trail is in the account.
    pub creations: Check,
    /// What is in the account and was changed in the trail.
    pub changed: Vec<Changed>,
    /// What could not be compared, and why.
    pub not_compared: Vec<NotCompared>,
    /// What a reader has to know.
    pub caveats: Vec<String>,
}

/// What follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// All that could be compared agrees, and all that is known to be in the trail could be.
    Match,
    /// Something does not agree.
    Mismatch,
    /// Nothing is known to disagree, and not all could be compared.
    Incomplete,
}

/// One check over all things.
#[derive(Debug, Default, Serialize)]
pub struct Check {
    /// Pairs that agree.
    pub agreed: u64,
    /// Left out: outside of the window or within the tolerance of its ends; after the account was read; or what may be
    /// due to something that happened after the trail's last sync.
    pub not_judged: u64,
    /// Of these, what may be due to something that happened after the trail's last sync.
    pub after_sync: u64,
    /// Why a disagreement may be due to something that was not read; null where everything was.
    pub doubt: Option<String>,
    /// What disagrees.
    pub disagreed: Vec<Finding>,
}

/// Something that disagrees.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Type of the thing, in the trail's word.
    pub resource_type: String,
    /// Its id.
    pub resource_id: String,
    /// When it was created according to its stamp, or created or deleted according to its entry: RFC 3339.
    pub at: String,
    /// Who did it, according to the entry.
    pub user_id: Option<String>,
    /// In plain words.
    pub what: String,
}

/// A thing that is there and was changed.
#[derive(Debug, Serialize)]
pub struct Changed {
    /// Type of the thing, in the trail's word.
    pub resource_type: String,
    /// Its id.
    pub resource_id: String,
    /// The title of its record in the account's collection.
    pub title: String,
    /// Who changed it, each once.
    pub by: Vec<ChangedBy>,
}

/// Someone who changed a thing.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct ChangedBy {
    /// Who; null where the trail does not say.
    pub user_id: Option<String>,
    /// How many entries there are.
    pub times: u64,
    /// The first and the last of them: RFC 3339.
    pub first_at: String,
    /// See above.
    pub last_at: String,
}

/// What was not compared.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct NotCompared {
    /// A type or an action.
    pub what: String,
    /// Entries of the trail.
    pub entries: u64,
    /// Creation stamps of the account.
    pub stamps: u64,
    /// Why.
    pub why: String,
    /// Whether collecting more, or again, would let it be compared.
    pub is_gap: bool,
}

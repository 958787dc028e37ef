//! The access review: who may do what, on which resource, in which role, and by which path.
//!
//! One row for each user, resource and path, so that every grant is reviewed once. A role on a group is one row: it
//! reaches every connection of the group, which are not listed again. A user without any grant has one row too, and so
//! has a grant of which nobody is known to hold it: see [`Row::nobody`].

use crate::collection::Collection;
use crate::record::{Record, Stamp};
use std::collections::BTreeMap;

/// The kinds that a review is made of.
pub const KINDS: [&str; 4] = ["user", "team", "team_membership", "access_grant"];

/// How a user comes to a role.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Path {
    /// The role that the user has in the account.
    AccountRole,
    /// Granted to the user.
    Direct,
    /// Granted to a team in which the user is: its id.
    Team(String),
    /// The role that the user has within a team.
    Membership,
    /// There is no grant: the user can do nothing that a role is needed for.
    None,
}

/// A row of the review.
#[derive(Clone, Debug)]
pub struct Row<'c> {
    /// The vendor's id of the user; empty where nobody is known to hold the grant.
    pub user_id: &'c str,
    /// The user's record; `None` where it was not read.
    pub user: Option<&'c Record>,
    /// `account`, `group`, `connection` or `team`; empty without a grant.
    pub resource_type: &'c str,
    /// The vendor's id of the resource.
    pub resource_id: &'c str,
    /// The role.
    pub role: &'c str,
    /// How the user comes to it.
    pub path: Path,
    /// When it was granted, or the user joined the team; `None` where the vendor does not say.
    pub granted_at: Option<&'c str>,
    /// The records that say so: the grant, and the membership where there is one.
    pub because: Vec<&'c Record>,
}

impl Path {
    /// In words. Without a grant, `is_whole` says whether all of the kinds that could tell of one were read whole.
    #[must_use]
    pub fn words(&self, is_whole: bool) -> &'static str {
        match self {
            Self::AccountRole => "account role",
            Self::Direct => "direct",
            Self::Team(_) => "through a team",
            Self::Membership => "member of the team",
            Self::None if is_whole => "no grant",
            Self::None => "no grant was read",
        }
    }

    /// The vendor's id of the team that it leads through.
    #[must_use]
    pub fn team(&self) -> Option<&str> {
        if let Self::Team(id) = self { Some(id) } else { None }
    }
}

impl Row<'_> {
    /// See [`state`]; empty where the row is about no user.
    #[must_use]
    pub fn account_state(&self, collection: &Collection) -> &'static str {
        if self.user_id.is_empty() { "" } else { state(collection, self.user) }
    }

    /// See [`last_login`]; empty where the row is about no user.
    #[must_use]
    pub fn last_login(&self, collection: &Collection) -> &'static str {
        if self.user_id.is_empty() { "" } else { last_login(collection, self.user) }
    }

    /// Why nobody is known to hold the grant; `None` where a user is.
    #[must_use]
    pub fn nobody(&self, collection: &Collection) -> Option<&'static str> {
        match self.path {
            _ if !self.user_id.is_empty() => None,
            Path::Team(_) if self.because.len() > 1 => Some("(member not told)"),
            Path::Team(_) if collection.is_complete("team_membership") => Some("(the team has no member)"),
            Path::Team(_) => Some("(no member was read)"),
            Path::Membership => Some("(member not told)"),
            _ => Some("(grantee not told)"),
        }
    }
}

/// When a user logged in last: `told`, `never`, `not told`, `after the collection` for what cannot be, and `not read`
/// where the user was not read, or `not in the list` where all users were.
#[must_use]
pub fn last_login(collection: &Collection, user: Option<&Record>) -> &'static str {
    match user.map(|user| user.stamp("/logged_in_at")) {
        None => unread(collection),
        Some(Stamp::At(then)) if collection.is_to_come(then) => "after the collection",
        Some(Stamp::At(_)) => "told",
        Some(Stamp::Never) => "never",
        Some(Stamp::NotTold) => "not told",
    }
}

/// Of whom there is no record.
fn unread(collection: &Collection) -> &'static str {
    if collection.is_complete("user") { "not in the list" } else { "not read" }
}

/// What the vendor says of a user, in words; nobody is taken for active where it says nothing.
#[must_use]
pub fn state(collection: &Collection, user: Option<&Record>) -> &'static str {
    let Some(user) = user else { return unread(collection) };
    match (user.flag("/active"), user.flag("/invited"), user.flag("/verified")) {
        (Some(false), ..) => "suspended",
        (Some(true), Some(true), _) => "invited",
        (Some(true), _, Some(false)) => "active, activation not finished",
        (Some(true), None, None) => "active, activation not told",
        (Some(true), ..) => "active",
        (None, ..) => "unknown",
    }
}

/// All rows, by user, then type and id of the resource, then path.
#[must_use]
pub fn review(collection: &Collection) -> Vec<Row<'_>> {
    let users: BTreeMap<&str, &Record> =
        collection.of_kind("user").map(|record| (record.subject.id.as_str(), record)).collect();
    let mut members: BTreeMap<&str, Vec<&Record>> = BTreeMap::new();
    let mut rows = Vec::new();
    for record in collection.of_kind("team_membership") {
        let [team, user] = ["/team_id", "/user_id"].map(|place| record.text(place).unwrap_or_default());
        members.entry(team).or_default().push(record);
        rows.push(Row { path: Path::Membership, ..row(user, ("team", team), record) });
    }
    for grant in collection.of_kind("access_grant") {
        let grantee = grant.text("/grantee_id").unwrap_or_default();
        let resource =
            (grant.text("/resource_type").unwrap_or_default(), grant.text("/resource_id").unwrap_or_default());
        if grant.text("/grantee_type") != Some("team") {
            let path = if resource.0 == "account" { Path::AccountRole } else { Path::Direct };
            rows.push(Row { path, ..row(grantee, resource, grant) });
            continue;
        }
        let team = || Path::Team(grantee.into());
        let members = members.get(grantee).filter(|_| !grantee.is_empty());
        for member in members.into_iter().flatten() {
            let user = member.text("/user_id").unwrap_or_default();
            rows.push(Row { path: team(), because: vec![grant, *member], ..row(user, resource, grant) });
        }
        if members.is_none() {
            rows.push(Row { path: team(), ..row("", resource, grant) });
        }
    }
    let granted: std::collections::BTreeSet<&str> = rows.iter().map(|row| row.user_id).collect();
    for (id, record) in &users {
        if !granted.contains(id) {
            let none = Row { role: "", granted_at: None, ..row(id, ("", ""), record) };
            rows.push(Row { path: Path::None, ..none });
        }
    }
    for row in &mut rows {
        row.user = users.get(row.user_id).copied();
    }
    rows.sort_by(|one, other| key(one).cmp(&key(other)));
    rows
}

fn row<'c>(user_id: &'c str, resource: (&'c str, &'c str), record: &'c Record) -> Row<'c> {
    Row {
        user_id,
        user: None,
        resource_type: resource.0,
        resource_id: resource.1,
        role: role(record),
        path: Path::None,
        granted_at: record.time("/created_at"),
        because: vec![record],
    }
}

/// A role: `not told` where the record has none, and empty where the vendor says that there is none.
#[must_use]
pub fn role(record: &Record) -> &str {
    match record.content.get("role") {
        None => "not told",
        Some(role) => role.as_str().unwrap_or_default(),
    }
}

fn key<'r>(row: &'r Row<'_>) -> (&'r str, &'r str, &'r str, &'r Path) {
    (row.user_id, row.resource_type, row.resource_id, &row.path)
}

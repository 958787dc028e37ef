//! Users, and who may do what.

use super::cell::{AGES, age, day, name_of};
use super::group::Group;
use super::table::Table;
use crate::access::{self, Row};
use crate::collection::Collection;
use crate::record::Record;
use std::collections::BTreeMap;

/// Every user.
pub(super) fn users(collection: &Collection) -> (Table, Vec<super::chart::Chart>) {
    let columns = ["User", "E-mail", "Account role*", "State*", "Type*", "Last login", "Age of last login*", "Created"];
    let mut table = Table::new("users", "Users", &columns);
    for record in collection.of_kind("user") {
        let text = |pointer| record.text(pointer).unwrap_or_default().to_string();
        let login = record.text("/logged_in_at");
        let cells = [
            name_of(collection, "user", &record.subject.id),
            text("/email"),
            text("/role"),
            access::state(Some(record)).into(),
            text("/user_type"),
            day(login),
            age(collection, login).into(),
            day(record.text("/created_at")),
        ];
        table.row(cells, &[record]);
    }
    let charts = vec![
        table.chart("Users by account role", "Account role", &[]),
        table.chart("Users by age of last login", "Age of last login", &AGES),
        table.chart("Users by state", "State", &[]),
    ];
    (table, charts)
}

/// The access review; `None` where grants were not asked for, so that nobody seems to have none.
pub(super) fn access(collection: &Collection, titles: &BTreeMap<String, String>) -> Option<Group> {
    collection.coverage("access_grant")?;
    let is_whole = access::KINDS.iter().all(|kind| collection.is_complete(kind));
    let columns = [
        "User",
        "E-mail",
        "State*",
        "Last login",
        "Type of resource*",
        "Resource",
        "Role*",
        "Path*",
        "Team",
        "Granted",
        "Reviewed, signed off",
    ];
    let mut table = Table::new("access", "Access review", &columns);
    let mut rows = access::review(collection);
    rows.sort_by_cached_key(|row| name_of(collection, "user", row.user_id));
    for row in rows {
        let because: Vec<&Record> = row.because.iter().copied().chain(row.user).collect();
        table.row(cells(collection, &row, is_whole), &because);
    }
    let charts = vec![
        table.chart("Access by role", "Role", &[]),
        table.chart("Access by type of resource", "Type of resource", &[]),
        table.chart("Access by path", "Path", &[]),
    ];
    let about = "One row for each user, resource and path to it. A role on a group reaches all of its connections. \
                 Rows are joined from the records of users, teams, memberships and grants.";
    Some(Group::new("access", "Access review", about, table, charts, (&access::KINDS, collection, titles)))
}

fn cells(collection: &Collection, row: &Row<'_>, is_whole: bool) -> [String; 10] {
    let resource = match row.resource_id {
        "" => String::new(),
        id => name_of(collection, row.resource_type, id),
    };
    [
        name_of(collection, "user", row.user_id),
        row.user.and_then(|user| user.text("/email")).unwrap_or_default().into(),
        access::state(row.user).into(),
        day(row.user.and_then(|user| user.text("/logged_in_at"))),
        row.resource_type.into(),
        resource,
        row.role.into(),
        row.path.words(is_whole).into(),
        row.path.team().map(|team| name_of(collection, "team", team)).unwrap_or_default(),
        day(row.granted_at),
    ]
}

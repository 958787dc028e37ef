//! Users, and who may do what.

use super::cell::{AGES, age, day, day_of, name_of};
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
        let cells = [
            name_of(collection, "user", &record.subject.id),
            text("/email"),
            access::role(record).into(),
            access::state(collection, Some(record)).into(),
            text("/user_type"),
            day(record, "/logged_in_at"),
            age(collection, record, "/logged_in_at").into(),
            day_of(record.time("/created_at")),
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
    rows.sort_by_cached_key(|row| who(collection, row));
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

/// Who holds the grant, or why nobody is known to.
fn who(collection: &Collection, row: &Row<'_>) -> String {
    row.nobody(collection).map_or_else(|| name_of(collection, "user", row.user_id), Into::into)
}

fn cells(collection: &Collection, row: &Row<'_>, is_whole: bool) -> [String; 10] {
    let resource = match row.resource_id {
        "" => String::new(),
        id => name_of(collection, row.resource_type, id),
    };
    [
        who(collection, row),
        row.user.and_then(|user| user.text("/email")).unwrap_or_default().into(),
        row.account_state(collection).into(),
        row.user.map(|user| day(user, "/logged_in_at")).unwrap_or_default(),
        row.resource_type.into(),
        resource,
        row.role.into(),
        row.path.words(is_whole).into(),
        row.path.team().map(|team| name_of(collection, "team", team)).unwrap_or_default(),
        day_of(row.granted_at),
    ]
}

//! The table of the access review.

use super::table::{Cell, Table, coverage_header, headers};
use super::{Choice, State};
use crate::access::{Row, review};
use crate::record::Record;

const COLUMNS: [&str; 21] = [
    "caveats",
    "user_name",
    "user_email",
    "user_id",
    "account_state",
    "resource_name",
    "resource_id",
    "resource_type",
    "role",
    "path",
    "team_name",
    "team_id",
    "granted_at",
    "last_login",
    "last_login_state",
    "observed_at",
    "effective_at",
    "valid_until",
    "records",
    "reviewed_by",
    "sign_off",
];

/// The table.
pub fn table(choice: &Choice<'_>, state: &State) -> Table {
    let mut all = vec![coverage_header(state).to_string()];
    all.extend(headers(&COLUMNS));
    let rows = review(choice.collection).iter().map(|row| cells(choice, state, row)).collect();
    Table { name: "access-review".into(), is_complete: state.is_complete, headers: all, rows }
}

fn cells(choice: &Choice<'_>, state: &State, row: &Row<'_>) -> Vec<Cell> {
    let names = &choice.collection.names;
    let team = row.path.team();
    let last_login = row.user.and_then(|user| user.time("/logged_in_at"));
    let ids: Vec<&str> = row.because.iter().map(|record| record.id.as_str()).collect();
    // What is said by two records is as old as the older, and good for as long as the shorter.
    let first = |of: fn(&Record) -> &str| Cell::maybe(row.because.iter().map(|record| of(record)).min());
    vec![
        Cell::text(&state.words),
        Cell::text(&choice.caveats),
        Cell::maybe(row.nobody(choice.collection).or_else(|| names.get("user", row.user_id))),
        Cell::maybe(row.user.and_then(|user| user.text("/email"))),
        Cell::text(row.user_id),
        Cell::text(row.account_state(choice.collection)),
        Cell::maybe(names.get(row.resource_type, row.resource_id)),
        Cell::text(row.resource_id),
        Cell::text(row.resource_type),
        Cell::text(row.role),
        Cell::text(row.path.words(state.is_complete)),
        Cell::maybe(team.and_then(|id| names.get("team", id))),
        Cell::maybe(team),
        Cell::maybe(row.granted_at),
        Cell::maybe(last_login),
        Cell::text(row.last_login(choice.collection)),
        first(|record| &record.observed_at),
        Cell::maybe(row.because.first().and_then(|record| record.effective_at.as_deref())),
        first(|record| &record.valid_until),
        Cell::text(&ids.join("; ")),
        Cell::Empty,
        Cell::Empty,
    ]
}

//! What could not be compared never agrees and is never called wrong.

use crate::made::*;
use serde_json::{Value, json};
use source_evidence::reconcile::Verdict;

#[test]
fn what_is_not_known_is_named_and_never_dropped() {
    let mut trail = trail();
    trail.rows.push(entry("CREATE", "SPACESHIP", "x", &day(9), None));
    trail.rows.push(entry("EDIT", "ACCOUNT", "acme", &day(9), None));
    let mut account = account();
    account.rows.extend(thing("certificate", "CERTIFICATE", "sha", &day(9)));
    let found = compare(&account, &trail).unwrap();
    let names: Vec<_> = found.not_compared.iter().map(|one| (one.what.as_str(), one.entries, one.stamps)).collect();
    let want = [("type WEBHOOK", 0, 1), ("type ACCOUNT", 1, 0), ("type SPACESHIP", 1, 0), ("type CERTIFICATE", 0, 1)];
    assert_eq!((names.as_slice(), found.verdict), (want.as_slice(), Verdict::Match));
    // One entry of a type that nothing is said about makes its stamps count.
    trail.rows.push(entry("EDIT", "WEBHOOK", "web_z", &day(9), None));
    assert_eq!(disagreed(&compare(&account, &trail).unwrap()), ["stamp WEBHOOK web_a"]);
    // What names no time or no thing is a gap.
    trail.rows.push(entry("CREATE", "USER", "", "yesterday", None));
    let found = compare(&self::account(), &trail).unwrap();
    assert!(found.not_compared.iter().any(|one| one.what.contains("without an instant") && one.is_gap), "{found:?}");
}

#[test]
fn what_was_collected_in_part_never_matches_and_is_never_called_wrong() {
    let planted = |mut trail: Collection| {
        trail.rows.retain(|row| !is_entry(row, "CREATE", "con_b"));
        trail
    };
    for state in ["partial", "forbidden", "not_available"] {
        let mut trail = planted(trail());
        trail.states.insert("audit_trail_entry", state);
        let found = compare(&account(), &trail).unwrap();
        assert_eq!(found.verdict, Verdict::Incomplete, "{state}");
        assert!(found.stamps.doubt.as_ref().is_some_and(|why| why.contains(state) && why.contains("for a test")));
    }
    // A kind of the account that is not complete, or was not asked for.
    for is_asked in [true, false] {
        let (mut account, mut trail) = (account(), trail());
        trail.rows.push(entry("CREATE", "CONNECTION", "con_lost", &day(9), None));
        account.rows.retain(|row| is_asked || row.0 != "connection");
        account.states.insert("connection", "partial");
        let found = compare(&account, &trail).unwrap();
        assert_eq!((disagreed(&found), found.verdict), (vec![], Verdict::Incomplete));
        assert!(found.not_compared.iter().any(|one| one.what == "type CONNECTION" && one.is_gap), "{found:?}");
    }
    // No stamps, or not all of them.
    for state in [None, Some("partial")] {
        let mut account = account();
        match state {
            None => account.rows.retain(|row| row.0 != "audit_event"),
            Some(state) => drop(account.states.insert("audit_event", state)),
        }
        assert_eq!(compare(&account, &trail()).unwrap().verdict, Verdict::Incomplete, "{state:?}");
    }
}

/// The tables do not say whether they are of the whole account. The account's own record of its Platform Connectors may,
/// and entries of two destinations do.
#[test]
fn the_trail_of_one_destination_is_not_held_against_others() {
    let connector = |id: &str, scope: Value| -> Row {
        ("audit_logging", id.into(), json!({"mechanism": "platform_connector", "scope": scope}))
    };
    let service =
        || -> Row { ("audit_logging", "log".into(), json!({"mechanism": "log_service", "scope": "account"})) };
    // Entries of the destination grp_b and of its connection alone.
    let mut one = trail();
    one.rows
        .retain(|row| row.0 != "audit_trail_entry" || row.2["primary_resource_id"].as_str().unwrap().ends_with("_b"));
    one.rows.extend([entry("EDIT", "USER", "usr_b", &day(2), None), entry("EDIT", "USER", "usr_b", &day(29), None)]);
    for (connectors, is_doubt) in [
        (vec![], true),
        (vec![service()], true),
        (vec![connector("con_x", json!("group"))], true),
        (vec![connector("con_x", json!("account")), connector("con_y", json!("group"))], true),
        (vec![connector("con_x", json!("account")), connector("con_y", Value::Null)], true),
        (vec![connector("con_x", json!("account")), service()], false),
    ] {
        let mut account = account();
        account.rows.extend(connectors.clone());
        let found = compare(&account, &one).unwrap();
        let want = if is_doubt { Verdict::Incomplete } else { Verdict::Mismatch };
        assert_eq!(found.verdict, want, "{connectors:?}: {found:?}");
        assert_eq!(found.stamps.doubt.is_some_and(|why| why.contains("one destination")), is_doubt);
        // What does agree needs no doubt, and two destinations are more than one.
        assert_eq!(compare(&account, &trail()).unwrap().verdict, Verdict::Match, "{connectors:?}");
        let two = one.clone().with(entry("EDIT", "CONNECTION", "con_c", &day(12), None));
        assert_eq!(compare(&account, &two).unwrap().verdict, Verdict::Mismatch, "{connectors:?}");
    }
}

/// An action that cannot be read may have been a deletion.
#[test]
fn an_entry_whose_action_is_not_known_is_a_gap_that_is_named() {
    for (action, name) in [
        (Value::Null, "entries without an action"),
        (json!(""), "entries without an action"),
        (json!("LOGIN"), "action \"LOGIN\""),
        (json!("DELETE CONNECTION"), "action \"DELETE CONNECTION\""),
        (json!("DELETE "), "action \"DELETE \""),
    ] {
        let mut row = entry("DELETE", "CONNECTION", "con_b", &day(27), None);
        row.2["action"] = action;
        let found = compare(&account(), &trail().with(row)).unwrap();
        assert_eq!((gaps(&found), found.verdict), (vec![name], Verdict::Incomplete), "{found:?}");
    }
}

/// That the account does not have what it never had shows nothing.
#[test]
fn what_nothing_links_does_not_agree() {
    let old = |action: &str, id: &str, day: u32| {
        entry(action, "CONNECTION", id, &format!("2001-06-{day:02}T08:00:00Z"), None)
    };
    let mut trail = trail().with_table("first_captured_at", json!("2001-06-01T08:00:00Z"));
    trail = trail.with_table("last_captured_at", json!("2001-06-20T08:00:00Z"));
    trail.rows.retain(|row| row.0 != "audit_trail_entry");
    trail.rows.extend([old("CREATE", "x", 1), old("DELETE", "x", 2), old("DELETE", "y", 20)]);
    let found = compare(&account(), &trail).unwrap();
    assert_eq!((found.deletions.agreed, found.stamps.agreed, found.verdict), (2, 0, Verdict::Incomplete), "{found:?}");
    assert!(gaps(&found)[0].contains("nothing links them"), "{found:?}");
    let linked = trail.with(old("EDIT", "con_a", 3));
    assert_eq!(compare(&account(), &linked).unwrap().verdict, Verdict::Match);
}

#[test]
fn a_table_without_entries_shows_nothing() {
    let mut trail = trail();
    trail.rows.retain(|row| row.0 != "audit_trail_entry");
    trail.empty.push("audit_trail_entry");
    for row in &mut trail.rows {
        (row.2["first_captured_at"], row.2["last_captured_at"]) = (Value::Null, Value::Null);
    }
    let found = compare(&account(), &trail).unwrap();
    assert_eq!((found.window, found.verdict), (None, Verdict::Incomplete));
}

/// A trail from which nothing follows: changes alone, or words that are not Fivetran's.
#[test]
fn where_nothing_was_compared_nothing_agrees() {
    type Makes = fn(&mut Row);
    let makes: [Makes; 3] = [
        |row| row.2["action"] = "EDIT".into(),
        |row| row.2["action"] = "CREATED".into(),
        |row| row.2["primary_resource_type"] = "CONNECTOR".into(),
    ];
    let old = || {
        let mut account = account();
        account.rows.retain(|row| row.0 != "audit_event");
        account
    };
    for make in makes {
        let mut trail = trail();
        trail.rows.iter_mut().filter(|row| row.0 == "audit_trail_entry").for_each(make);
        let found = compare(&old(), &trail).unwrap();
        assert_eq!((disagreed(&found), found.verdict), (vec![], Verdict::Incomplete), "{found:?}");
    }
    // Letter case is no other word; without a type it is not known of what an entry tells.
    let mut small = trail();
    small.rows.iter_mut().filter(|row| row.0 == "audit_trail_entry").for_each(|row| {
        row.2["action"] = row.2["action"].as_str().unwrap().to_lowercase().into();
    });
    assert_eq!(compare(&account(), &small).unwrap().verdict, Verdict::Match);
    let mut nameless = trail();
    nameless.rows.push(entry("EDIT", "", "x", &day(12), None));
    let found = compare(&account(), &nameless).unwrap();
    assert_eq!(found.verdict, Verdict::Incomplete, "{found:?}");
}

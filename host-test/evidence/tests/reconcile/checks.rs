//! The three checks: what agrees, what does not, and by how little.

use crate::made::*;
use serde_json::json;
use source_evidence::reconcile::Verdict;

#[test]
fn what_agrees_matches_and_who_changed_what_is_named() {
    let found = compare(&account(), &trail()).unwrap();
    assert_eq!((disagreed(&found), found.verdict), (vec![], Verdict::Match), "{found:?}");
    let counts = [&found.stamps, &found.deletions, &found.creations].map(|check| (check.agreed, check.not_judged));
    // Stamps of the three first things lie before the window.
    assert_eq!(counts, [(16, 3), (2, 0), (16, 0)]);
    let changed = serde_json::to_value(&found.changed).unwrap();
    let by = |user: Option<&str>, times: u32, first: u32, last: u32| {
        let shown = |number| day(number).replace(".000Z", "Z");
        json!({"user_id": user, "times": times, "first_at": shown(first), "last_at": shown(last)})
    };
    let by = [by(None, 1, 29, 29), by(Some("usr_a"), 2, 2, 28)];
    let title = "The connection con_a";
    assert_eq!(changed, json!([{"resource_type": "CONNECTION", "resource_id": "con_a", "title": title, "by": by}]));
    let left_out = &found.not_compared;
    assert!(left_out.len() == 1 && left_out[0].what == "type WEBHOOK" && left_out[0].stamps == 1, "{left_out:?}");
}

/// Fifty things that are wrong, of three kinds: each is named, and nothing else is.
#[test]
fn each_planted_discrepancy_is_named_and_no_other() {
    let (mut account, mut trail) = (account(), trail());
    let mut want = Vec::new();
    for name in ["b", "c", "d", "e", "f"] {
        // An entry is missing.
        trail.rows.retain(|row| !is_entry(row, "CREATE", &format!("con_{name}")));
        want.push(format!("stamp CONNECTION con_{name}"));
        // An entry for the deletion of a thing that is there.
        trail.rows.push(entry("DELETE", "USER", &format!("usr_{name}"), &day(27), Some("usr_a")));
        want.push(format!("deletion USER usr_{name}"));
    }
    for number in 0..20 {
        // A stamp without an entry.
        let id = format!("new_{number:02}");
        account.rows.extend(thing("connection", "CONNECTION", &id, &day(15)));
        want.push(format!("stamp CONNECTION {id}"));
        // An entry for a thing that is not there.
        trail.rows.push(entry("CREATE", "DESTINATION", &format!("lost_{number:02}"), &day(16), Some("usr_c")));
        want.push(format!("creation DESTINATION lost_{number:02}"));
    }
    let found = compare(&account, &trail).unwrap();
    let mut names = disagreed(&found);
    names.sort();
    want.sort();
    assert_eq!((want.len(), &names), (50, &want));
    assert_eq!(found.verdict, Verdict::Mismatch);
    let lost = &found.creations.disagreed[0];
    assert_eq!((lost.user_id.as_deref(), lost.at.as_str()), (Some("usr_c"), "2026-06-16T08:00:00Z"));
}

#[test]
fn the_tolerance_is_exact_and_the_nearest_entry_is_told() {
    for (at, is_match) in [
        ("2026-06-11T08:00:05.000Z", true),
        ("2026-06-11T07:59:55.000Z", true),
        ("2026-06-11T08:00:05.001Z", false),
        ("2026-06-11T07:59:54.999Z", false),
    ] {
        let mut trail = trail();
        trail.rows.retain(|row| !is_entry(row, "CREATE", "con_b"));
        trail.rows.push(entry("CREATE", "CONNECTION", "con_b", at, None));
        let found = compare(&account(), &trail).unwrap();
        assert_eq!(disagreed(&found).is_empty(), is_match, "{at}: {found:?}");
        assert!(is_match || found.stamps.disagreed[0].what.contains("nearest entry"), "{found:?}");
    }
}

#[test]
fn what_is_made_again_deleted_again_or_happened_since_is_judged_by_its_last_entry() {
    for (entries, want) in [
        (vec![("DELETE", "2026-06-25T08:00:00Z"), ("CREATE", "2026-06-26T08:00:00Z")], vec![]),
        (vec![("CREATE", "2026-06-25T08:00:00Z"), ("DELETE", "2026-06-26T08:00:00Z")], vec!["deletion USER usr_a"]),
        // After the account was read, or so shortly before that it may be.
        (vec![("DELETE", "2026-06-30T12:00:01Z")], vec![]),
        (vec![("DELETE", "2026-06-30T11:59:55Z")], vec![]),
        (vec![("DELETE", "2026-06-30T11:59:54.999Z")], vec!["deletion USER usr_a"]),
    ] {
        let mut trail = trail();
        trail.rows.extend(entries.iter().map(|(action, at)| entry(action, "USER", "usr_a", at, None)));
        assert_eq!(disagreed(&compare(&account(), &trail).unwrap()), want, "{entries:?}");
    }
    for (at, want) in [("2026-06-30T11:59:55Z", vec![]), ("2026-06-30T11:59:54Z", vec!["creation USER usr_new"])] {
        let mut trail = trail();
        trail.rows.push(entry("CREATE", "USER", "usr_new", at, None));
        assert_eq!(disagreed(&compare(&account(), &trail).unwrap()), want, "{at}");
    }
}

#[test]
fn near_the_ends_of_the_window_and_outside_no_stamp_is_held_against_the_trail() {
    for (at, want) in [
        ("2026-06-02T08:00:04.999Z", 0),
        ("2026-06-02T08:00:05.000Z", 1),
        ("2026-06-29T07:59:55.000Z", 1),
        ("2026-06-29T07:59:55.001Z", 0),
        ("2026-06-29T23:00:00.000Z", 0),
        ("2020-01-01T00:00:00.000Z", 0),
    ] {
        let mut account = account();
        account.rows.extend(thing("team", "TEAM", "tea_x", at));
        assert_eq!(compare(&account, &trail()).unwrap().stamps.disagreed.len(), want, "{at}");
    }
}

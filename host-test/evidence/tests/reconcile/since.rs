//! What may have happened after the trail's last sync, and what happened at the same moment.

use crate::made::*;
use serde_json::{Value, json};
use source_evidence::reconcile::Verdict;

/// Gone between the last sync and the reading of the account.
#[test]
fn what_went_away_after_the_last_sync_is_not_judged() {
    let account = account().without("con_b");
    for synced in [json!(day(30)), json!("2026-06-30T11:59:59.999Z"), Value::Null] {
        let trail = trail().with_table("last_synced_at", synced.clone());
        let found = compare(&account, &trail).unwrap();
        assert_eq!((disagreed(&found), found.verdict), (vec![], Verdict::Incomplete), "{synced}: {found:?}");
        assert_eq!((found.creations.not_judged, found.creations.after_sync), (1, 1), "{synced}");
        assert!(gaps(&found)[0].contains("after the trail's last sync"), "{found:?}");
        // All that is there needs no sync.
        assert_eq!(compare(&self::account(), &trail).unwrap().verdict, Verdict::Match, "{synced}");
    }
    let found = compare(&account, &trail()).unwrap();
    assert_eq!((disagreed(&found), found.verdict), (vec!["creation CONNECTION con_b".into()], Verdict::Mismatch));
}

/// An id that is used again after the last sync; its own stamp tells whether it is.
#[test]
fn what_may_have_come_back_after_the_last_sync_is_not_judged() {
    let trail = || trail().with(entry("DELETE", "USER", "usr_b", &day(27), None));
    let late = || trail().with_table("last_synced_at", json!(day(29)));
    let mut unstamped = account();
    unstamped.rows.retain(|row| !(row.0 == "audit_event" && row.1 == "usr_b"));
    let mut new = unstamped.clone();
    new.rows.extend(thing("user", "USER", "usr_b", "2026-06-30T09:00:00.000Z").into_iter().skip(1));
    for (account, trail, is_wrong) in [
        (account(), late(), true),
        (unstamped.clone(), late(), false),
        (new, late(), false),
        (unstamped, trail(), true),
    ] {
        let found = compare(&account, &trail).unwrap();
        let want = if is_wrong { vec!["deletion USER usr_b"] } else { vec![] };
        assert_eq!(disagreed(&found), want, "{found:?}");
        assert_eq!(found.verdict, if is_wrong { Verdict::Mismatch } else { Verdict::Incomplete });
    }
}

/// A clock that is wrong does not make the trail newer than its collection.
#[test]
fn a_sync_in_the_future_is_said_to_be_that_and_proves_nothing_more() {
    let trail = trail().with_table("last_synced_at", json!("2036-01-01T00:00:00Z")).with_table("fresh", json!(false));
    let mut account = account().without("con_b");
    account.read = "2026-07-02T12:00:00.000Z";
    let found = compare(&account, &trail).unwrap();
    assert_eq!((disagreed(&found), found.verdict), (vec![], Verdict::Incomplete), "{found:?}");
    let about: Vec<_> = found.caveats.iter().filter(|caveat| caveat.contains("trail: its")).collect();
    assert!(about.len() == 1 && about[0].contains("in the future"), "{about:?}");
}

#[test]
fn of_what_happened_within_a_millisecond_the_later_counts() {
    let at = |micros: u32| format!("2026-06-25T08:00:00.000{micros:03}Z");
    for (deleted, created, want, verdict) in [
        (1, 2, vec![], Verdict::Match),
        (2, 1, vec!["deletion USER usr_b"], Verdict::Mismatch),
        // At once: which came last is not known.
        (1, 1, vec![], Verdict::Match),
    ] {
        let trail = trail().with(entry("DELETE", "USER", "usr_b", &at(deleted), None)).with(entry(
            "CREATE",
            "USER",
            "usr_b",
            &at(created),
            None,
        ));
        let found = compare(&account(), &trail).unwrap();
        assert_eq!((disagreed(&found), found.verdict), (want.iter().map(ToString::to_string).collect(), verdict));
        assert_eq!(found.deletions.not_judged, u64::from(deleted == created));
    }
}

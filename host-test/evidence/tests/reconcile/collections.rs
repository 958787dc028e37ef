//! Which two collections can be compared.

use crate::made::*;
use source_evidence::reconcile::reconcile;

#[test]
fn other_sources_and_other_accounts_are_refused() {
    let refused = |account: &Collection, trail: &Collection, what: &str| {
        let why = compare(account, trail).expect_err(what);
        assert!(why.contains(what), "{why}");
    };
    refused(&trail(), &account(), "is a collection of the source \"fivetran-audit-trail\"");
    refused(&account(), &account(), "is a collection of the source \"fivetran\"");
    refused(
        &Collection { account: "other", ..account() },
        &trail(),
        "two accounts: \"other\", and the trail of \"acme\"",
    );
    let mut without = trail();
    without.rows.retain(|row| row.0 == "audit_trail_entry");
    refused(&account(), &without, "has no record of the table AUDIT_TRAIL");
}

#[test]
fn a_collection_that_contradicts_itself_or_is_not_finished_is_refused() {
    let scratch = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let (one, other) = (scratch.path().join("account"), scratch.path().join("trail"));
    account().write(&one);
    trail().write(&other);
    let file = other.join("evidence.jsonl");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, text.replace("con_gone", "con_nope")).unwrap();
    let why = reconcile(&one, &other, 5).unwrap_err().to_string();
    assert!(why.contains("contradicts itself") && why.contains("verify"), "{why}");
    std::fs::write(&file, text).unwrap();
    assert!(reconcile(&one, &other, 5).is_ok());
    std::fs::write(other.join("cursor"), "{}").unwrap();
    let why = reconcile(&one, &other, 5).unwrap_err().to_string();
    assert!(why.contains("not finished"), "{why}");
}

#[test]
fn simulated_evidence_is_said_to_be_that() {
    let found = compare(&account(), &Collection { simulated: true, ..trail() }).unwrap();
    assert!(found.caveats.iter().any(|caveat| caveat.starts_with("trail: SIMULATED")), "{found:?}");
    assert!(!found.caveats.iter().any(|caveat| caveat.starts_with("account: SIMULATED")), "{found:?}");
}

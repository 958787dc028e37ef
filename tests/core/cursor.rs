//! The cursor and the sizes that the interface promises: never longer than allowed whatever the vendor
//! writes, refused when it is not this collection's, and pages that end where they should.

use crate::collect::{account, budget};
use crate::fake::{Answer, FakeWorld, collect_all, run, session, success};
use fivetran_source::Fivetran;
use fivetran_source::notes::Fact;
use serde_json::json;
use source_kit::Protocol;
use source_kit::base::model::{Budget, CollectRequest, CoverageState, FailureKind};
use source_kit::collect::collect;
use source_kit::collect::cursor::{MAX_CURSOR_BYTES, Refusals, State};
use source_kit::collect::paging::{Mark, Paging, TAIL};
use source_kit::collect::plan::Plan;
use source_kit::collect::position::{Inside, Step};
use source_kit::record::identity::Identity;
use source_kit::record::problem::{Cause, Problem};
use source_kit::record::turn::Turn;

#[test]
fn a_cursor_is_never_longer_than_allowed_and_says_what_it_forgot() {
    let settings = session("{}");
    let page = run(collect(&FakeWorld::new(account), &settings, &budget(Some(1), None))).unwrap();
    let plan = Plan::new::<Fivetran>(&budget(None, None)).unwrap();
    let decode = |text: &str| State::<Fivetran>::decode(text, &settings.config.settings_digest, &plan).unwrap();
    let mut state = decode(&page.cursor.unwrap());
    state.drift = (0..200).collect();
    assert_eq!(decode(&state.encode(&[])).drift.len(), 200, "what fits is kept");
    for number in 0..10_000 {
        state.notes.take(Fact::Group(format!("group_with_a_long_name_{number}")));
        state.notes.take(Fact::Service(format!("service_{number}")));
    }
    // All that may stand in it, as costly to write as it may be.
    let cursor = Some("\"".repeat(Fivetran::LONGEST_CURSOR / 2));
    let list = Paging {
        cursor: cursor.clone(),
        before: cursor,
        page: u32::MAX,
        tail: vec![u64::MAX; TAIL],
        mark: Mark { first: u64::MAX, last: u64::MAX, steps: u32::MAX, limit: u32::MAX },
    };
    let mut inside = Inside::at(Step { part: Some(9), week: 52, list: list.clone() });
    (0..100).for_each(|number| inside.add(u64::MAX - number));
    inside.edge = vec![u64::MAX; 8];
    state.position.read = inside.read.clone();
    (state.position.list, state.position.inside) = (list, Some(inside));
    state.position.anchor = Some(u64::MAX);
    state.refusals =
        vec![
            Refusals { refused: u32::MAX, missing: u32::MAX, last: u32::MAX, broken: true, granted: true, gone: true };
            8
        ];
    let name = "\"".repeat(128);
    let some = Some(name.clone());
    state.identity = Identity { account: name, name: some.clone(), user: some.clone(), system_key: None };
    state.role = some;
    for tally in &mut state.tallies {
        let many = 1_000_000_000;
        (tally.records, tally.items, tally.pages, tally.responses) = (many, many, many, many);
        (tally.repeats, tally.gone, tally.failed, tally.open) = (many, many, many, 100);
        (tally.first_ms, tally.last_ms) = (Some(1_769_860_800_000), Some(1_769_860_800_000));
        tally.last_gone = u32::MAX;
        tally.turn = Some(Turn { number: 31, of: 31 });
        for number in 0..40 {
            let at = format!("/v1/some/long/path/of/an/endpoint/{number}");
            let permission = Some("SOME_PERMISSION:READ".to_string());
            tally.problem(&Problem::of_items(Cause::Forbidden, &at, 1_000_000).with(permission));
        }
    }
    let text = state.encode(&[]);
    assert!(text.len() <= MAX_CURSOR_BYTES, "{}", text.len());
    let again = decode(&text);
    for (kind, tally) in plan.wanted.iter().zip(&again.tallies) {
        let coverage = tally.coverage(kind);
        assert_ne!(coverage.state, CoverageState::Complete, "{}", kind.id);
        assert!(coverage.items_failed >= 40_000_000, "counts are kept");
    }
    let said = |id: &str| {
        let at = plan.wanted.iter().position(|kind| kind.id == id).unwrap();
        again.tallies[at].coverage(plan.wanted[at]).reason
    };
    for kind in ["audit_logging", "connector_type"] {
        assert!(said(kind).contains("into the cursor"), "{}", said(kind));
    }
}

/// Texts of the vendor that travel in the cursor, each as long and as costly to write as it may be.
#[test]
fn no_text_of_the_vendor_makes_a_cursor_too_long() {
    for text in ["n".repeat(20_000), "n".repeat(256), "\"".repeat(128), "\u{1}".repeat(256), "ü".repeat(128)] {
        for list_cursor in ["c".repeat(1024), "\u{1}".repeat(1024), "\"".repeat(1024), "c".repeat(20_000)] {
            let hostile = |path: &str| -> Answer {
                let is_first = !path.contains("cursor=");
                match path.split('?').next().unwrap() {
                    "/v1/account/info" => success(&json!({"account_id": "acc", "account_name": text, "user_id": "me"})),
                    "/v1/users" if is_first => {
                        let me = json!({"id": "me", "email": "a@example.com", "role": text});
                        success(&json!({"items": [me, {"id": "u2"}], "next_cursor": list_cursor}))
                    }
                    _ => account(path),
                }
            };
            let world = FakeWorld::new(hostile);
            let pages = collect_all(&world, &session("{}"), budget(Some(1), None)).unwrap();
            for page in &pages {
                let length = page.cursor.as_ref().map_or(0, String::len);
                assert!(length <= MAX_CURSOR_BYTES, "{length} bytes");
            }
            assert!(pages.len() > 10);
        }
    }
}

#[test]
fn a_budget_of_bytes_counts_whole_records() {
    let page = |max_bytes| {
        let request =
            CollectRequest { budget: Budget { max_bytes: Some(max_bytes), ..Budget::default() }, ..budget(None, None) };
        run(collect(&FakeWorld::new(account), &session("{}"), &request)).unwrap()
    };
    let first = page(1).records.len();
    let size = |record: &source_kit::base::model::Record| {
        let mut value = serde_json::to_value(record).unwrap();
        value["content"] = serde_json::from_str(&record.content).unwrap();
        source_evidence::digest::canonical(&value).unwrap().len() as u64
    };
    for record in &page(u64::MAX).records {
        assert_eq!(record.size(), size(record), "{}", record.id);
    }
    let bytes: u64 = page(1).records.iter().map(size).sum();
    assert!(page(bytes).records.len() == first && page(bytes + 1).records.len() > first);
    // Inside an item with many records too: each page ends with the first record that reaches the bound.
    for bound in [1, 2_000, 5_000] {
        let request =
            CollectRequest { budget: Budget { max_bytes: Some(bound), ..Budget::default() }, ..budget(None, None) };
        for page in collect_all(&FakeWorld::new(account), &session("{}"), request).unwrap() {
            let before: u64 = page.records.iter().rev().skip(1).map(size).sum();
            assert!(before < bound, "{} records of {before} bytes before the last, {bound} asked", page.records.len());
        }
    }
}

#[test]
fn altered_foreign_and_stale_cursors_are_refused() {
    let page = run(collect(&FakeWorld::new(account), &session("{}"), &budget(Some(9), None))).unwrap();
    let cursor = page.cursor.unwrap();
    assert!(cursor.len() < 6000, "{} bytes", cursor.len());
    let check = |cursor: String, settings: &str, kinds: Vec<String>, account_id: &str| {
        let name = account_id.to_string();
        let world = FakeWorld::new(move |path: &str| match path {
            "/v1/account/info" => success(&json!({"account_id": name})),
            path => account(path),
        });
        let request = CollectRequest { cursor: Some(cursor), kinds, ..budget(Some(9), None) };
        let failure = run(collect(&world, &session(settings), &request)).unwrap_err();
        assert_eq!((failure.kind, failure.pointer.as_deref()), (FailureKind::InvalidCursor, Some("/cursor")));
    };
    for bit in 0..cursor.len() * 8 {
        let mut bytes = cursor.clone().into_bytes();
        bytes[bit / 8] ^= 1 << (bit % 8);
        if let Ok(altered) = String::from_utf8(bytes) {
            check(altered, "{}", vec![], "acc");
        }
    }
    for malformed in ["", "1", "1..", "x".repeat(100_000).as_str(), "1.e30.0000"] {
        check(malformed.into(), "{}", vec![], "acc");
    }
    check(cursor.clone(), r#"{"connection_details": false}"#, vec![], "acc");
    check(cursor.clone(), "{}", vec!["user".into()], "acc");
    check(cursor.clone(), "{}", vec![], "another");
}

//! What is wrong with the further pages of a part, and what its items have in common: one test each, in few calls.

use super::account::{Asked, Slow, error, page, world};
use super::{Row, request, row};
use crate::fake::{Answer, FakeWorld, collect_all, records, run, session, success};
use fivetran_source::table::KINDS;
use serde_json::{Value, json};
use source_kit::Kind;
use source_kit::base::model::{CollectRequest, Coverage, CoverageState};
use source_kit::collect::collect;
use std::cell::Cell;

const ENTITIES: &str = "/v1/external-secrets-managers/{}/entities";
const GRANTS: &str = "/v1/users/{}/groups";

fn read(kind: &str, items: usize, settings: &str, twist: impl Fn(&Asked<'_>) -> Option<Answer>) -> Coverage {
    let wanted: Vec<&Kind> = KINDS.iter().copied().filter(|one| one.id == kind).collect();
    let Row { coverage, .. } = row(&world(items, twist), settings, request(&wanted, None, Some(1)));
    coverage.into_iter().next().unwrap()
}

fn entity(id: &str, name: &str) -> Value {
    json!({"id": id, "name": name, "type": "SOURCE", "enabled": true})
}

fn grant(id: &str) -> Value {
    json!({"id": id, "role": "R", "created_at": "2026-01-30T10:00:00Z"})
}

#[test]
fn why_a_part_that_is_held_was_cut_short_is_said() {
    for (last, code) in [
        (error(403, "Forbidden"), "refused"),
        (error(404, "NotFound"), "no-usable-answer"),
        (error(500, "Oops"), "no-usable-answer"),
        (page(&[entity("x", "x")], Some("2")), "endless-list"),
    ] {
        let coverage = read("external_secrets_manager", 1, "{}", |asked| match (asked.at.as_str(), asked.cursor) {
            (ENTITIES, None) => Some(page(&[entity("x", "x")], Some("2"))),
            (ENTITIES, Some(_)) => Some(last.clone()),
            _ => None,
        });
        assert_eq!((coverage.state, coverage.code), (CoverageState::Partial, code), "{}", coverage.reason);
    }
}

#[test]
fn entries_of_one_id_that_say_something_else_are_counted() {
    for (second, code) in [(entity("x", "other"), "conflicting-items"), (entity("x", "x"), "complete")] {
        let coverage = read("external_secrets_manager", 1, "{}", |asked| {
            (asked.at == ENTITIES).then(|| page(&[entity("x", "x"), second.clone(), entity("y", "y")], None))
        });
        assert_eq!(coverage.code, code, "{}", coverage.reason);
    }
    let coverage = read("external_secrets_manager", 1, "{}", |asked| {
        (asked.at == ENTITIES).then(|| page(&[entity("x", "1"), entity("x", "2"), entity("x", "3")], None))
    });
    assert!(coverage.reason.contains("gave 2 items under the id of another"), "{}", coverage.reason);
    let coverage = read("external_secrets_manager", 1, "{}", |asked| {
        (asked.at == ENTITIES).then(|| page(&[entity("x", "1"), json!({"name": "without id"})], None))
    });
    assert_eq!(coverage.code, "unreadable-items", "{}", coverage.reason);
}

#[test]
fn a_page_of_a_part_that_names_its_next_one_otherwise_is_noticed() {
    for (at, kind) in [(ENTITIES, "external_secrets_manager"), (GRANTS, "access_grant")] {
        let coverage = read(kind, 1, "{}", |asked| {
            (asked.at == at).then(|| success(&json!({"items": [grant("g")], "nextCursor": "abc"})))
        });
        assert_eq!((coverage.state, coverage.code), (CoverageState::Partial, "unknown-paging"), "{at}");
    }
}

/// Grants on two pages, of which one goes away before the second is read.
fn revoked() -> FakeWorld<impl Fn(&str) -> Answer> {
    let served = Cell::new(0);
    world(1, move |asked| {
        if asked.at != GRANTS {
            return None;
        }
        served.set(served.get() + 1);
        let all: Vec<Value> = ["g0", "g1", "g2", "g3"].map(grant).to_vec();
        let all = if served.get() > 1 { &all[1..] } else { &all[..] };
        let skip: usize = asked.cursor.map_or(0, |skip| skip.parse().unwrap());
        let next = (skip + 2 < all.len()).then(|| (skip + 2).to_string());
        let page_of: Vec<Value> = all.iter().skip(skip).take(2).cloned().collect();
        Some(page(&page_of, next.as_deref()))
    })
}

#[test]
fn a_grant_that_slips_out_of_sight_between_two_pages_is_said_to_be_missing() {
    let wanted: Vec<&Kind> = KINDS.iter().copied().filter(|one| one.id == "access_grant").collect();
    for max_records in [None, Some(1), Some(2), Some(3)] {
        let order = request(&wanted, max_records, Some(1));
        let pages = collect_all(&revoked(), &session("{}"), order).unwrap();
        let coverage = pages.last().unwrap().coverage.iter().find(|one| one.kind == "access_grant").unwrap();
        assert_eq!((coverage.state, coverage.code), (CoverageState::Partial, "list-changed"), "{max_records:?}");
    }
}

/// Certificates of three connections: of `a` as `first` says, of `b` as `second`; `c` is usual unless it is said.
fn certificates(kind: &str, settings: &str, answers: [Option<u16>; 3]) -> Coverage {
    read(kind, 3, settings, |asked| {
        let at = ["a", "b", "c"].iter().position(|id| *id == asked.id)?;
        match (asked.at.as_str(), answers[at]) {
            ("/v1/destinations/{}/certificates", _) => None,
            // Gone: the connection's own path answers 404 too.
            ("/v1/connections/{}/certificates" | "/v1/connections/{}", Some(410)) => Some(error(404, "NotFound")),
            ("/v1/connections/{}/certificates", Some(status)) => Some(error(status, "No")),
            _ => None,
        }
    })
}

#[test]
fn all_are_gone_only_where_no_other_answer_came() {
    let gone = Some(410);
    for (answers, all_gone) in [
        ([gone, gone, gone], true),
        ([gone, gone, None], false),
        ([gone, gone, Some(403)], false),
        ([gone, gone, Some(404)], false),
        ([gone, gone, Some(500)], false),
    ] {
        let coverage = certificates("certificate", "{}", answers);
        let said = coverage.reason.contains("every item");
        assert_eq!(said, all_gone, "{answers:?}: {}", coverage.reason);
        assert_eq!(coverage.state == CoverageState::Complete, answers == [gone, gone, None], "{}", coverage.reason);
    }
}

const ERRORS: &str = "/v1/connections/{}/errors";

#[test]
fn a_preview_that_is_off_costs_three_calls_and_nothing_is_missing() {
    let wanted: Vec<&Kind> = KINDS.iter().copied().filter(|one| one.id == "connection_error").collect();
    for status in [403, 404] {
        let world = world(5, |asked| (asked.at == ERRORS).then(|| error(status, "No")));
        let Row { coverage, journal, .. } = row(&world, "{}", request(&wanted, None, Some(1)));
        let asked = journal.iter().filter(|request| Asked::of(request).at == ERRORS).count();
        assert_eq!(asked, 3, "{status}");
        let of_errors = &coverage[0];
        let said = (of_errors.state, of_errors.code, of_errors.accepted, &of_errors.missing_permission);
        assert_eq!(said, (CoverageState::NotAvailable, "not-offered", true, &None), "{status}");
        let want = format!(
            "GET /v1/connections/{{id}}/errors answered {status} for 3 items that exist; it was then not called for 2 more items"
        );
        assert_eq!(of_errors.reason, want);
    }
    // Where it is on, a refusal is a gap; and so is a list that may not be read, whatever is below it.
    let of_one = |asked: &Asked<'_>| (asked.at == ERRORS && asked.id == "b").then(|| error(403, "No"));
    let coverage = read("connection_error", 3, "{}", of_one);
    assert_eq!((coverage.state, coverage.accepted), (CoverageState::Partial, false), "{}", coverage.reason);
    let of_list = |asked: &Asked<'_>| (asked.at == "/v1/connections").then(|| error(403, "No"));
    let coverage = read("connection_error", 3, "{}", of_list);
    assert_eq!((coverage.state, coverage.accepted), (CoverageState::Forbidden, false), "{}", coverage.reason);
}

#[test]
fn what_a_setting_accepts_stays_accepted_though_some_items_have_it() {
    let refused = [None, Some(403), Some(403)];
    // The events of what is accepted are accepted with it.
    for kind in ["certificate", "audit_event"] {
        let coverage = certificates(kind, r#"{"accepted_gaps": ["certificate"]}"#, refused);
        assert!(coverage.accepted, "{kind}: {}", coverage.reason);
        assert!(!certificates(kind, "{}", refused).accepted, "{kind}");
    }
}

#[test]
fn answers_that_come_late_and_at_once_make_the_same_records() {
    let wanted = |max_records| request(KINDS, max_records, None);
    let want = collect_all(&world(3, |_| None), &session("{}"), wanted(None)).unwrap();
    for max_records in [None, Some(25)] {
        let (slow, session) = (Slow(world(3, |_| None)), session("{}"));
        let (mut order, mut got) = (wanted(max_records), Vec::new());
        loop {
            let page = run(collect(&slow, &session, &order)).unwrap();
            got.extend(page.records);
            order.cursor = page.cursor;
            if order.cursor.is_none() {
                break;
            }
        }
        assert!(got.len() > 100 && got.iter().eq(records(&want)), "{max_records:?}");
    }
}

#[test]
fn the_runs_of_weeks_that_do_not_fit_are_not_asked_for_in_vain() {
    let sync =
        |at: usize| json!({"sync_id": format!("s{at}"), "start_time": "2026-01-02T00:00:00Z", "status": "SUCCESSFUL"});
    let slow = Slow(world(1, |asked| match asked.at.as_str() {
        "/v1/connections" => Some(page(&[json!({"id": "a", "service": "s3", "sync_frequency": 15})], None)),
        "/v1/connections/{}/sync-history" => Some(page(&(0..300).map(sync).collect::<Vec<_>>(), None)),
        _ => None,
    }));
    let runs: Vec<&Kind> = KINDS.iter().copied().filter(|one| one.id == "sync_run").collect();
    let order = CollectRequest { since: Some("2026-01-01T00:00:00Z".into()), ..request(&runs, Some(100), None) };
    run(collect(&slow, &session("{}"), &order)).unwrap();
    let asked = slow.0.journal.borrow();
    assert_eq!(asked.len(), 3, "the account, the list, and the first week: {asked:?}");
}

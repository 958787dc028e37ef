//! What was seen to be false once, one test each: what is short is said, and how it is said.

use super::account::{entries, error, item, page, world};
use super::{Row, request, row, summary};
use crate::fake::{Answer, collect_all, reply, run, session, success};
use fivetran_source::Fivetran;
use fivetran_source::table::KINDS;
use serde_json::{Value, json};
use source_kit::Kind;
use source_kit::base::model::{Budget, CollectRequest, Coverage, CoverageState, FailureKind, Severity};
use source_kit::base::world::Response;
use source_kit::collect::collect;
use source_kit::record::config::configure;
use source_kit::record::credentials::Credentials;
use std::cell::Cell;

fn kinds(ids: &[&str]) -> Vec<&'static Kind> {
    KINDS.iter().copied().filter(|kind| ids.contains(&kind.id)).collect()
}

fn of<'r>(row: &'r Row, kind: &str) -> &'r Coverage {
    row.coverage.iter().find(|coverage| coverage.kind == kind).unwrap()
}

#[test]
fn a_since_beyond_what_the_history_reaches_is_said() {
    for (since, state) in [
        ("2024-01-01T00:00:00Z", CoverageState::Partial),
        ("2025-01-25T11:59:59Z", CoverageState::Partial),
        ("2025-01-25T12:00:00Z", CoverageState::Complete),
    ] {
        let order =
            CollectRequest { since: Some(since.into()), ..request(&kinds(&["sync_run", "connection"]), None, None) };
        let row = row(&world(1, |_| None), "{}", order);
        assert_eq!((of(&row, "sync_run").state, of(&row, "connection").state), (state, CoverageState::Complete));
        if state == CoverageState::Partial {
            assert_eq!(of(&row, "sync_run").code, "out-of-reach");
            // 53 weeks before the collection began.
            let want = "GET /v1/connections/{id}/sync-history was not read before 2025-01-25T12:00:00.000Z";
            assert!(of(&row, "sync_run").reason.starts_with(want), "{}", of(&row, "sync_run").reason);
        }
    }
}

#[test]
fn the_weeks_of_a_history_are_not_counted_as_items() {
    for (status, want) in [
        (403, "was refused (9 times): CONNECTOR:READ is missing; it was then not called for 2 more items"),
        (404, "answered 404 for 3 items that exist; it was then not called for 2 more items"),
    ] {
        let world = world(5, |asked| (asked.at == "/v1/connections/{}/sync-history").then(|| error(status, "No")));
        let since = Some("2026-01-05T00:00:00Z".into());
        let row = row(&world, "{}", CollectRequest { since, ..request(&kinds(&["sync_run"]), None, Some(1)) });
        let coverage = of(&row, "sync_run");
        assert!(coverage.reason.ends_with(want), "{}", coverage.reason);
        assert_eq!(coverage.items_failed, 5, "{}", coverage.reason);
    }
}

#[test]
fn an_accepted_gap_stays_a_gap_and_is_accepted() {
    let gated = |status: u16| {
        move |asked: &super::account::Asked<'_>| (asked.at == "/v1/private-links").then(|| error(status, "No"))
    };
    let wanted = kinds(&["private_link", "audit_event", "role"]);
    for (status, settings, state, accepted, of_events) in [
        // Not in the plan: expected, and said.
        (404, "{}", CoverageState::NotAvailable, true, true),
        // Refused: a permission may be missing, and nobody has said that this is right.
        (403, "{}", CoverageState::Forbidden, false, false),
        (500, "{}", CoverageState::Partial, false, false),
        (403, r#"{"accepted_gaps": ["private_link"]}"#, CoverageState::Forbidden, true, true),
        (500, r#"{"accepted_gaps": ["private_link"]}"#, CoverageState::Partial, true, true),
        (403, r#"{"accepted_gaps": ["audit_event"]}"#, CoverageState::Forbidden, false, true),
        (403, r#"{"accepted_gaps": ["role"]}"#, CoverageState::Forbidden, false, false),
    ] {
        let row = row(&world(2, gated(status)), settings, request(&wanted, None, None));
        let (link, event, role) = (of(&row, "private_link"), of(&row, "audit_event"), of(&row, "role"));
        assert_eq!((link.state, link.accepted), (state, accepted), "{status} {settings}");
        assert_eq!((event.state, event.accepted), (CoverageState::Partial, of_events), "{status} {settings}");
        assert_eq!((role.state, role.accepted), (CoverageState::Complete, false), "{status} {settings}");
        assert!(link.reason.contains("GET /v1/private-links"), "{}", link.reason);
    }
}

#[test]
fn another_gap_beside_an_accepted_one_is_not_accepted() {
    let world = world(2, |asked| match asked.at.as_str() {
        "/v1/private-links" => Some(error(404, "No")),
        "/v1/webhooks" => Some(error(500, "No")),
        _ => None,
    });
    let row = row(&world, "{}", request(&kinds(&["audit_event"]), None, None));
    assert!(!of(&row, "audit_event").accepted && of(&row, "audit_event").state == CoverageState::Partial);
}

#[test]
fn the_log_service_of_the_account_counts_though_only_the_list_shows_it() {
    let world = world(2, |asked| match asked.at.as_str() {
        "/v1/external-logging/account" => Some(error(404, "NotFound")),
        "/v1/external-logging" => Some(page(&[item("/v1/external-logging", "acc")], None)),
        _ => None,
    });
    let row = row(&world, "{}", request(&kinds(&["log_service", "audit_logging"]), None, None));
    assert!(row.coverage.iter().all(|coverage| coverage.state == CoverageState::Complete), "{:?}", row.coverage);
    assert_eq!(of(&row, "log_service").records, 1);
    assert_eq!(summary(&row), Some("2 of 2 groups have no audit-trail export of their own in force; the account has"));
}

/// The connections of an account of which one is a Platform Connector of the account, as its details say.
fn with_connector(asked: &super::account::Asked<'_>) -> Option<Answer> {
    let mut connector = item("/v1/connections", "a");
    connector["service"] = "fivetran_log".into();
    match asked.at.as_str() {
        "/v1/external-logging/account" => Some(error(404, "NotFound")),
        "/v1/external-logging" => Some(page(&[], None)),
        "/v1/connections" => Some(page(&[connector, item("/v1/connections", "b")], None)),
        "/v1/connections/{}" if asked.id == "a" => {
            connector["config"] = json!({"is_account_level_connector": true});
            Some(success(&connector))
        }
        _ => None,
    }
}

#[test]
fn a_platform_connector_that_never_succeeded_exports_nothing() {
    let world = world(2, |asked| {
        let answer = with_connector(asked)?;
        if asked.at != "/v1/connections/{}" {
            return Some(answer);
        }
        let mut connector = item("/v1/connections", "a");
        connector["service"] = "fivetran_log".into();
        connector["config"] = json!({"is_account_level_connector": true});
        connector["succeeded_at"] = "1970-01-01T00:00:00Z".into();
        Some(success(&connector))
    });
    let row = row(&world, "{}", request(&kinds(&["connection", "audit_logging"]), None, None));
    assert_eq!(summary(&row), Some("2 of 2 groups have no audit-trail export in force, and neither has the account"));
    let title =
        row.titles.iter().find(|(kind, title)| *kind == "audit_logging" && title.contains("platform connector"));
    assert!(title.is_some_and(|(_, title)| title.ends_with(", without a recent success")), "{title:?}");
}

#[test]
fn nothing_is_said_of_a_platform_connector_whose_details_are_switched_off() {
    let wanted = kinds(&["connection", "audit_logging"]);
    let on = row(&world(2, with_connector), "{}", request(&wanted, None, None));
    assert_eq!(summary(&on), Some("2 of 2 groups have no audit-trail export of their own in force; the account has"));
    assert!(on.coverage.iter().all(|coverage| coverage.state == CoverageState::Complete), "{:?}", on.coverage);
    let off = row(&world(2, with_connector), r#"{"connection_details": false}"#, request(&wanted, None, None));
    assert_eq!(summary(&off), Some("It could not be determined which groups have no audit-trail export"));
    assert_eq!(of(&off, "connection").state, CoverageState::Disabled);
    assert_eq!(of(&off, "audit_logging").state, CoverageState::Partial);
    assert_eq!(of(&off, "audit_logging").code, "not-told");
}

#[test]
fn what_uses_a_secrets_manager_is_read_to_the_last_page() {
    let entity = |id: &str| json!({"id": id, "name": id, "type": "SOURCE", "enabled": true});
    let collect = |last: Answer| {
        let world = world(1, move |asked| match (asked.at.as_str(), asked.cursor) {
            ("/v1/external-secrets-managers/{}/entities", None) => Some(page(&[entity("x")], Some("2"))),
            ("/v1/external-secrets-managers/{}/entities", Some(_)) => Some(last.clone()),
            _ => None,
        });
        let order = request(&kinds(&["external_secrets_manager"]), None, None);
        let pages = collect_all(&world, &session("{}"), order).unwrap();
        let record = pages[0].records.iter().find(|record| record.kind == "external_secrets_manager").unwrap();
        let state = pages[0].coverage.iter().find(|one| one.kind == record.kind).unwrap().state;
        (state, serde_json::from_str::<Value>(&record.content).unwrap()["entities"].clone())
    };
    let (state, entities) = collect(page(&[entity("y")], None));
    assert_eq!((state, entities.as_array().map(Vec::len)), (CoverageState::Complete, Some(2)));
    let (state, entities) = collect(error(500, "Oops"));
    assert_eq!((state, entities), (CoverageState::Partial, Value::Null), "half a list is not the list");
}

#[test]
fn credentials_that_look_swapped_are_doubted_and_taken() {
    let pair =
        Credentials::Basic { username: "0123456789abcdef0123456789ABCDEF".into(), password: "AbCdEfGhIjKlMnOp".into() };
    let config = configure::<Fivetran>(&pair, "{}").unwrap_or_else(|findings| panic!("{findings:?}"));
    let [warning] = &config.warnings[..] else { panic!("{:?}", config.warnings) };
    assert_eq!((warning.code, warning.severity), ("credential-swapped", Severity::Warning));
}

/// A world whose list of roles answers with this status so many times, and then as usual.
fn busy(status: u16, after: &'static str, times: u32) -> crate::fake::FakeWorld<impl Fn(&str) -> Answer> {
    let left = Cell::new(times);
    world(2, move |asked| {
        if asked.at != "/v1/roles" || left.get() == 0 {
            return None;
        }
        left.set(left.get() - 1);
        let answer = reply(status, "{}").unwrap();
        Some(Ok(Response { retry_after: Some(after.into()), ..answer }))
    })
}

fn patient() -> CollectRequest {
    let order = request(&kinds(&["role"]), None, Some(1));
    CollectRequest { budget: Budget { max_milliseconds: Some(3_600_000), ..order.budget }, ..order }
}

#[test]
fn a_rate_limit_is_a_retry_and_has_a_ceiling() {
    let world = busy(429, "7", 4);
    let page = run(collect(&world, &session("{}"), &patient())).unwrap();
    assert_eq!((page.usage.requests, page.usage.retries), (6, 4), "the account, four refusals, the list");
    assert!(page.cursor.is_none() && page.stopped.is_none());
    assert!((28_000..31_000).contains(&world.waited_ms.get()), "{}", world.waited_ms.get());

    let world = busy(429, "7", u32::MAX);
    let page = run(collect(&world, &session("{}"), &patient())).unwrap();
    assert_eq!((page.usage.requests, page.usage.retries), (6, 4), "given up after five refusals");
    let stopped = page.stopped.unwrap();
    assert_eq!((stopped.kind, stopped.http_status, stopped.retryable), (FailureKind::RateLimited, Some(429), true));
    assert!(page.not_before.is_some() && page.cursor.is_some());
}

#[test]
fn the_wait_that_an_overloaded_server_asks_for_is_kept() {
    let world = busy(503, "42", 1);
    let page = run(collect(&world, &session("{}"), &patient())).unwrap();
    assert!(page.cursor.is_none() && (42_000..45_000).contains(&world.waited_ms.get()), "{}", world.waited_ms.get());
}

#[test]
fn the_first_page_of_a_part_stays_when_the_second_is_lost() {
    let teams = |status: u16| {
        let world = world(1, move |asked| match (asked.at.as_str(), asked.cursor) {
            ("/v1/teams/{}/users", None) => Some(page(&[json!({"user_id": "x", "role": "R"})], Some("2"))),
            ("/v1/teams/{}/users", Some(_)) => Some(error(status, "No")),
            _ => None,
        });
        row(&world, "{}", request(&kinds(&["team_membership"]), None, None))
    };
    for status in [403, 404, 500] {
        let row = teams(status);
        let coverage = of(&row, "team_membership");
        assert_eq!((coverage.records, coverage.state), (1, CoverageState::Partial), "{status}: {}", coverage.reason);
    }
}

#[test]
fn a_whole_family_of_paths_that_is_gone_is_not_complete() {
    // Teams, destinations and whatever else feeds the same kinds still answer.
    for (family, wanted) in [
        ("/v1/users/", &["access_grant", "api_key", "audit_event"][..]),
        (
            "/v1/connections/",
            &["connection", "connection_schema", "certificate", "fingerprint", "sync_run", "audit_event"],
        ),
    ] {
        let world = world(2, |asked| (asked.at.starts_with(family)).then(|| error(404, "NotFound")));
        let row = row(&world, "{}", request(&kinds(wanted), None, None));
        for kind in wanted {
            assert_ne!(of(&row, kind).state, CoverageState::Complete, "{family}: {kind}");
        }
    }
    assert_eq!(entries("/v1/users", 2).len(), 2);
}
